"""Several secondary outcomes within an aim: how probable is it that any of them shows as much?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def westfall_young(statistics: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) step-down adjusted p-values from (R, m) statistics of m outcomes over the same re-assignments, row 0 the actual.

    Statistics are first brought to ranks within their outcome, so that outcomes of other spread weigh alike
    (Westfall & Young 1993, algorithm 2.8, on p-values).
    """
    size = np.abs(statistics) * (1 + 1e-9 * (np.arange(len(statistics)) > 0)[:, None])  # ties count against the actual one
    order = np.sort(size, axis=0)
    count = len(size)
    pointwise = np.column_stack(
        [(count - np.searchsorted(order[:, j], size[:, j], side="left")) / count for j in range(size.shape[1])]
    )
    ranks = np.argsort(pointwise[0], kind="stable")
    adjusted = np.empty(size.shape[1])
    floor = 0.0
    for position, outcome in enumerate(ranks):
        smallest = pointwise[:, ranks[position:]].min(axis=1)
        floor = max(floor, float(np.mean(smallest <= pointwise[0, outcome] * (1 + 1e-12))))
        adjusted[outcome] = floor
    return adjusted


def holm(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(m,) Holm's step-down p-values, for outcomes without a joint re-assignment (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    count = len(p_values)
    stepped = np.maximum.accumulate(p_values[order] * (count - np.arange(count)))
    adjusted = np.empty(count)
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted
