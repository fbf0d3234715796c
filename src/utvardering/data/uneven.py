"""Do values lack where a zero could be, or for other areas in some years than in others? Gaps that are no accident, told."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from utvardering.wording import say

FEWER = 0.9  # of the units that have values in the fullest period
SMALL = 5  # a count under which a zero is to be expected somewhere among as many units
FEWEST_UNITS = 10


def uneven_notes(outcome: str, y: NDArray[np.float64], labels: tuple[str, ...], *, count: bool, language: str) -> Iterator[str]:
    """Sentences on the (N, T) values of an outcome: units that have values in some periods only, and zeros that may be missing.

    labels   of the T periods
    """
    known = (~np.isnan(y)).sum(axis=0)
    if y.shape[0] < FEWEST_UNITS or not known.any():
        return
    held = np.flatnonzero(known > 0)
    low, high = held[np.argmin(known[held])], held[np.argmax(known[held])]
    if known[low] < FEWER * known[high]:
        facts = {"low": int(known[low]), "least": labels[low], "high": int(known[high]), "most": labels[high]}
        yield say(language, "declared", "uneven", outcome=outcome, **facts)
    if not count:
        return
    gaps = np.isnan(y).any(axis=0) & (known > 0)
    with_gaps, without = y[:, gaps], y[:, ~gaps]
    small = np.nanmin(with_gaps) <= SMALL if gaps.any() else False
    if small and not (with_gaps == 0).any() and (without == 0).any():
        first, last = labels[np.flatnonzero(gaps)[0]], labels[np.flatnonzero(gaps)[-1]]
        cells = int(np.isnan(with_gaps).sum())
        yield say(language, "declared", "no_zeros", outcome=outcome, cells=cells, first=first, last=last)
