"""Is there a comparison unit of a treated unit's size? A placebo test takes them for exchangeable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utvardering.data.panel import Sample
from utvardering.inference.noise import seen_mean

OF_PLACEBOS = ("randomization", "permutation", "placebo")
"""Inferences that hold a treated unit against others taken as treated."""

REACH = 1.5
"""A treated unit may be so many times larger than the largest comparison unit, or smaller than the smallest."""


@dataclass(frozen=True)
class Alone:
    """A treated unit outside the range of sizes of the comparison: its name, its size, and the range."""

    unit: str
    size: float
    smallest: float
    largest: float

    def reason(self) -> str:
        """What is wrong and what to do instead."""
        return (
            f'"{self.unit}" has no comparable unit: its size before the start is {self.size:,.0f}, and the comparison units '
            f"reach from {self.smallest:,.0f} to {self.largest:,.0f}; a placebo test would hold it against units that vary in "
            "another way. Name comparison units of its size"
        )


def without_comparable(sample: Sample, *, counts: bool) -> tuple[Alone, ...]:
    """Treated units whose size before the first start lies outside that of the comparison (of its stratum) by more than REACH.

    Size is the mean exposure, or the mean count where there is none; an outcome without either has no size.
    """
    first = max(int(sample.start[sample.treated].min()), 1)
    values = sample.grid.exposure
    if values is None:
        if not counts:
            return ()
        values = sample.y
    size = seen_mean(values[:, :first], 1)[:, 0]
    strata = np.zeros(len(size), dtype=np.int64) if sample.strata is None else sample.strata
    found = []
    for k in np.flatnonzero(sample.treated):
        others = size[~sample.treated & (strata == strata[k]) & np.isfinite(size)]
        if len(others) and (size[k] > REACH * others.max() or size[k] * REACH < others.min()):
            found.append(Alone(str(sample.units[k]), float(size[k]), float(others.min()), float(others.max())))
    return tuple(found)
