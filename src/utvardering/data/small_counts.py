"""Which counts of persons may be shown? None under the limit, and the others rounded, so that no difference tells of a few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
    commonest = int(np.unique(known, return_counts=True)[1].max())
    return commonest == len(known) or len(known) - commonest >= smallest
