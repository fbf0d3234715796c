"""Which pairs are nearest when no unit may be taken twice? Optimal assignment."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

_DIGITS = 10  # of distances in standard deviations: what is smaller is rounding, and must not decide between equals


def optimal_match(distance: NDArray[np.float64], each: int) -> NDArray[np.int64]:
    """(J, each) columns of (J, N) distances, `each` for every row and none twice, with the smallest sum.

    NaN may not be taken. Equally good matches go by the order of the columns as far as one row decides; a row's own columns
    come in the order of their distance. Raises ValueError where fewer than J × each columns can be taken. Kuhn's problem,
    solved by the algorithm of Crouse (2016) in scipy.
    """
    free = ~np.isnan(distance).any(axis=0)
    count = len(distance) * each
    if free.sum() < count:
        msg = f"{count} units are asked for, and {int(free.sum())} can be taken"
        raise ValueError(msg)
    columns = np.flatnonzero(free)
    cost = np.round(distance[:, columns], _DIGITS)
    if len(cost) == 1:
        taken = np.argsort(cost[0], kind="stable")[None, :each]
    else:
        _, taken = linear_sum_assignment(np.repeat(cost, each, axis=0))
        taken = taken.reshape(len(cost), each)
    order = np.lexsort((taken, np.take_along_axis(cost, taken, axis=1)), axis=1)
    found: NDArray[np.int64] = columns[np.take_along_axis(taken, order, axis=1)].astype(np.int64)
    return found
