"""What would the estimate be if it is as biased as estimates of effects that cannot exist?

Negative-control outcomes are touched by what disturbs the study (reporting, other measures, unlike areas) and not by the
measure. Where each of them shows "an effect", their mean is the bias and their spread its uncertainty. Kin to the empirical
calibration of Schuemie et al. (2014, Statistics in Medicine 33:209; 2018, PNAS 115:2571), but with few controls: the unknown
mean and spread are integrated out, which gives a t distribution instead of a normal one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

FEWEST = 10
"""Controls: with nine or fewer the spread of the bias is not known well enough to lean on."""


@dataclass(frozen=True)
class Calibrated:
    """An estimate less the mean of the controls, with interval and p-value from their spread.

    bias, spread: mean and standard deviation of the controls, on the scale of the estimate
    """

    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    bias: float
    spread: float


def calibrate(
    estimate: float, std_error: float, controls: NDArray[np.float64], control_errors: NDArray[np.float64], level: float
) -> Calibrated:
    """The estimate held against K controls on the same scale; std_error and control_errors (K,) are their standard errors.

    Were the error of the estimate drawn like those of the controls, (b₀ − b̄) ÷ (S √(1 + 1/K)) would follow t(K − 1), also
    where all errors share a common part (Geisser 1993, ch. 3, the normal predictive distribution). S holds the bias and the
    controls' own noise. An estimate noisier than they are has the difference of the variances added; one that is less noisy
    the square of the difference of the errors, which is left of a common part that does not cancel.
    Raises ValueError with fewer than FEWEST controls.
    """
    count = len(controls)
    if count < FEWEST:
        msg = f"calibration needs {FEWEST} controls, found {count}"
        raise ValueError(msg)
    bias, variance = float(controls.mean()), float(controls.var(ddof=1))
    typical = float(np.sqrt(np.mean(control_errors**2)))
    other = max(std_error**2 - typical**2, (std_error - typical) ** 2)
    error = float(np.sqrt(variance * (1 + 1 / count) + other))
    moved = estimate - bias
    reach = float(stats.t.ppf((1 + level) / 2, count - 1)) * error
    p = float(2 * stats.t.sf(abs(moved) / error, count - 1)) if error > 0 else float(moved == 0)
    return Calibrated(moved, moved - reach, moved + reach, p, bias, float(np.sqrt(variance)))
