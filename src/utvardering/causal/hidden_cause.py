"""How strong would a hidden common cause have to be, and what would one as strong as a measured one do to the estimate?

dowhy's own simulation of a hidden cause flips treatments at random by numpy's global generator: with few treated areas that
changes how many there are, and no seed can be passed. A hidden cause that is linear needs no simulation: its bias follows from
two partial R² (Cinelli & Hazlett 2020, J. R. Stat. Soc. B 82:39: omitted-variable bias, robustness value, and the bounds by
a measured cause with k = 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_ROUNDING = 1e-9  # of a cause's size: what is left of one that follows from the others


@dataclass(frozen=True)
class LikeThis:
    """The estimate were there a hidden cause as strong as a measured one, and the partial R² that this amounts to.

    effect is NaN where so strong a cause would explain the treatment or the outcome wholly. All are NaN where the measured
    cause cannot be told from the others: then it has no strength of its own.
    """

    name: str
    of_treatment: float
    of_outcome: float
    effect: float


def robustness_value(estimate: float, std_error: float, freedom: int) -> float:
    """Share of what is left of both treatment and outcome that a hidden cause must explain to bring the estimate to 0."""
    f2 = (estimate / std_error) ** 2 / freedom
    return float((np.sqrt(f2**2 + 4 * f2) - f2) / 2)


def bias(std_error: float, freedom: int, of_treatment: float, of_outcome: float) -> float:
    """Largest bias of a hidden cause with these partial R² given what is adjusted for (of_outcome: given treatment too)."""
    return float(std_error * np.sqrt(of_outcome * of_treatment / (1 - of_treatment) * freedom))


def plain_fit(
    outcome: NDArray[np.float64], treatment: NDArray[np.float64], others: NDArray[np.float64]
) -> tuple[float, float, int]:
    """Estimate, its homoskedastic standard error and degrees of freedom, with an intercept."""
    y, d = (left_over(values, others) for values in (outcome, treatment))
    estimate = float(d @ y / (d @ d))
    freedom = len(y) - 1 - int(np.linalg.matrix_rank(_with_intercept(others)))
    return estimate, float(np.sqrt(np.sum((y - estimate * d) ** 2) / freedom / (d @ d))), freedom


def as_strong_as(
    outcome: NDArray[np.float64], treatment: NDArray[np.float64], others: NDArray[np.float64], names: tuple[str, ...]
) -> tuple[LikeThis, ...]:
    """For each measured cause the estimate were there a hidden one as strong, to the worse side.

    others (N, K): what is adjusted for, the named causes first.
    """
    estimate, std_error, freedom = plain_fit(outcome, treatment, others)
    found = []
    for k, name in enumerate(names):
        rest = np.delete(others, k, axis=1)
        x, d = (left_over(values, rest) for values in (others[:, k], treatment))
        if not np.std(x) > _ROUNDING * np.abs(others[:, k]).max():
            found.append(LikeThis(name, *(float("nan"),) * 3))
            continue
        of_d = _r2(x, d)
        beside = np.column_stack([rest, treatment])
        of_y = _r2(*(left_over(values, beside) for values in (others[:, k], outcome)))
        found.append(_like(name, estimate, (std_error, freedom), of_d, of_y))
    return tuple(found)


def _like(name: str, estimate: float, fit: tuple[float, int], of_d: float, of_y: float) -> LikeThis:
    treatment = of_d / (1 - of_d) if of_d < 1 else np.inf
    between = of_d**2 / ((1 - of_d) * (1 - of_d)) if of_d < 1 else np.inf
    if treatment >= 1 or between >= 1 or of_y >= 1:
        return LikeThis(name, min(treatment, 1.0), 1.0, float("nan"))
    eta = (1 + np.sqrt(between)) / np.sqrt(1 - between)
    explained = min(float(eta**2 * of_y / (1 - of_y)), 1.0)
    moved = estimate - np.sign(estimate) * bias(*fit, treatment, explained)
    return LikeThis(name, float(treatment), explained, float(moved))


def left_over(values: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) residuals of values on an intercept and (N, K) others."""
    design = _with_intercept(others)
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


def _with_intercept(others: NDArray[np.float64]) -> NDArray[np.float64]:
    scale = np.where(np.std(others, axis=0) > 0, np.std(others, axis=0), 1.0)
    return np.column_stack([np.ones(len(others)), (others - others.mean(axis=0)) / scale])


def _r2(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    size = float((one @ one) * (other @ other))
    return float((one @ other) ** 2 / size) if size > 0 else 0.0
