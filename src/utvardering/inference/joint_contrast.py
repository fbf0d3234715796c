"""Do two outcomes of the same units differ in their effect? Over the same re-assignments of the measure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class JointContrast:
    """Difference of two effects, its interval and p-value."""

    difference: float
    ci_low: float
    ci_high: float
    p_value: float


def joint_contrast(
    effects: tuple[float, float], statistics: tuple[NDArray[np.float64], NDArray[np.float64]], level: float
) -> JointContrast:
    """Effect of one outcome less that of another, on one scale, held against the same difference of every re-assignment.

    statistics: two (R,) arrays of studentised scores under no effect over the same re-assignments, row 0 the actual one; each
    is brought to the scale of its effect by the actual row. What units have in common in both outcomes so cancels or adds as
    it does in the estimate. The interval is the difference ± the quantile of its placebos.
    Raises ValueError where an actual score is zero: then it has no scale.
    """
    if not (statistics[0][0] and statistics[1][0]):
        msg = "an effect of exactly zero has no scale"
        raise ValueError(msg)
    one, other = (score * (effect / score[0]) for effect, score in zip(effects, statistics, strict=True))
    drawn = one - other
    size = np.abs(drawn)
    reach = float(np.quantile(size[1:], level, method="higher"))
    difference = float(drawn[0])
    p = float(np.mean(size >= size[0] * (1 - 1e-9)))
    return JointContrast(difference, difference - reach, difference + reach, p)
