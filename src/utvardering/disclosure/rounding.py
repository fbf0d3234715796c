"""Which counts and means of persons may be shown? None of too few; the others rounded, so that no difference tells of a few.

A mean of whole numbers is a fraction with the number of persons below: 22.1525… is 1307 ÷ 59 and nothing else near it. Means
are therefore rounded too, so coarsely that every number of persons that rounds to the one shown fits.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

FINEST = 1000
"""A mean is never told finer than by so many steps from the smallest value to the largest, divided by the persons."""


def rounded(count: int, smallest: int) -> int | None:
    """The count rounded to the nearest multiple of `smallest`, 0 as it is, None from 1 to `smallest` − 1."""
    if 0 < count < smallest:
        return None
    return (2 * count + smallest) // (2 * smallest) * smallest


def is_tellable(values: NDArray[np.float64], smallest: int) -> bool:
    """Whether a mean of persons may be shown: there are enough of them, and it does not count a few who differ.

    The mean of 0 and 1 times the number of persons is the number of those with 1. So are persons who differ from the commonest
    value counted: none, or at least `smallest`. NaN is left out.
    """
    known = values[np.isfinite(values)]
    if len(known) < smallest:
        return False
    return not few_differ(known, smallest)


def few_differ(values: NDArray[np.float64], smallest: int) -> bool:
    """Whether those who differ from the commonest value are some, and fewer than `smallest`; NaN is left out."""
    known = values[np.isfinite(values)]
    commonest = int(np.unique(known, return_counts=True)[1].max(initial=0))
    return 0 < len(known) - commonest < smallest


def mean_step(values: NDArray[np.float64], smallest: int) -> float:
    """What a mean of the values is rounded to: 1, 2 or 5 times a power of ten, at least the step between means of so many.

    The step between means is the least difference between two values, divided by the fewest persons there may be.
    """
    known = np.unique(values[np.isfinite(values)])
    if len(known) < 2:  # noqa: PLR2004 -- two values differ, one does not
        return 0.0
    gap = max(float(np.diff(known).min()), float(known[-1] - known[0]) / FINEST)
    return step_above(gap / max(int(np.isfinite(values).sum()) - smallest, 1))


def step_above(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `least`; 0 where there is none."""
    if not (math.isfinite(least) and least > 0):
        return 0.0
    power = math.floor(math.log10(least))
    found = next(m for m in (1, 2, 5, 10, 20) if m * 10.0**power >= least * (1 - 1e-12))  # 1e-12: of rounding
    return float(f"{found}e{power}")


def blunted(value: float, step: float) -> float:
    """The value to the nearest multiple of `step`; as it is where either is not finite or the step is 0."""
    if not (math.isfinite(value) and step > 0):
        return value
    return round(round(value / step) * step, max(-math.floor(math.log10(step)), 0)) + 0.0
