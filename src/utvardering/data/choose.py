"""Which units were most like the treated before the start? `[comparison] choose`, from data before the start only.

A choice by groups that others drew up is in `alike.py`.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.faults import Faults
from utvardering.data.matching import optimal_match
from utvardering.data.sheet import Sheet
from utvardering.study.model import Choose


@dataclass(frozen=True)
class Nearest:
    """The chosen places, and the distance of every candidate; NaN where a candidate has no data before the start."""

    chosen: frozenset[int]
    distance: NDArray[np.float64]
    n: int


def nearest_units(sheet: Sheet, rule: Choose, candidates: NDArray[np.bool_], treated: NDArray[np.bool_], until: int) -> Nearest:
    """The `n` candidates with the smallest distance to the treated units, averaged over these.

    The distance is Euclidean over the columns' means before period number `until`, each in standard deviations over treated
    units and candidates. Equal distances go by the order of the units.
    """
    apart = _apart(sheet, rule, candidates, treated, until)
    distance = np.where(candidates, _mean(apart), np.nan)
    order = np.argsort(distance, kind="stable")  # NaN last
    chosen = [int(place) for place in order[: rule.n] if not np.isnan(distance[place])]
    return Nearest(frozenset(chosen), distance, rule.n or 0)


def matched_units(sheet: Sheet, rule: Choose, candidates: NDArray[np.bool_], treated: NDArray[np.bool_], until: int) -> Nearest:
    """`each` candidates for every treated unit, none of them twice, with the smallest sum of distances; `n` counts them all.

    Distances as in `nearest_units`; `distance` holds that to the nearest treated unit. Raises ValueError where candidates with
    data before the start are too few.
    """
    apart = _apart(sheet, rule, candidates, treated, until)
    apart[~candidates] = np.nan
    taken = optimal_match(apart.T, rule.each or 0)
    seen = ~np.isnan(apart).any(axis=1)
    distance = np.full(len(apart), np.nan)
    distance[seen] = apart[seen].min(axis=1)
    return Nearest(frozenset(taken.ravel().tolist()), distance, taken.size)


def _apart(
    sheet: Sheet, rule: Choose, candidates: NDArray[np.bool_], treated: NDArray[np.bool_], until: int
) -> NDArray[np.float64]:
    """(N, J) distances to the J treated units."""
    faults = Faults(sheet.table.name, sheet.table.rows)
    length = max(until - sheet.first, 0)
    means = np.column_stack([_mean(sheet.numbers(column, faults)[:, :length]) for column in rule.on])
    faults.raise_any()
    spread = np.nanstd(means[candidates | treated], axis=0)
    scaled = means / np.where(spread > 0, spread, np.inf)  # a column in which all are alike tells nothing
    distance: NDArray[np.float64] = np.sqrt(((scaled[:, None, :] - scaled[None, treated, :]) ** 2).sum(axis=2))
    return distance


def _mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # the mean of nothing is NaN, which is meant
        return np.nanmean(values, axis=1) if values.shape[1] else np.full(len(values), np.nan)
