"""What would it take? Effects per period, restrictions on how far the trends may part, and the breakdown value.

The estimates are normal around β = δ + τ: δ is what treated and comparison would have differed by anyway, relative to a
reference period where both δ and τ are 0, and τ is 0 before it. Parallel trends say δ = 0. Rambachan & Roth (2023, Review of
Economic Studies 90:2555) allow a set of δ instead and give intervals for θ = l'τ that hold for every δ in it:
`honest_magnitudes` bounds δ by what is seen before, `honest_smoothness` by how far its slope may change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError

_GROWTH = 1.25
_SMALLEST_EIGENVALUE = 1e-9  # of the largest, after scaling to correlations: below it is rounding


@dataclass(frozen=True)
class PeriodEffects:
    """Estimated effects in periods of equal length, the reference period left out, and what is asked of them.

    effects     (K,) estimates, oldest first
    covariance  (K, K) of the estimates
    n_before    how many of them lie before the reference period
    weights     (K − n_before,) l: the effect in question is l'τ over the periods after the reference

    Raises DesignError where there is nothing before or after, the shapes differ, or the covariance is singular.
    """

    effects: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n_before: int
    weights: NDArray[np.float64]

    def __post_init__(self) -> None:
        count = len(self.effects)
        if not 0 < self.n_before < count or self.covariance.shape != (count, count):
            msg = f"{self.n_before} of {count} effects before the reference and a covariance of shape {self.covariance.shape}"
            raise DesignError(msg)
        if self.weights.shape != (count - self.n_before,) or not self.weights.any():
            msg = f"{count - self.n_before} periods after the reference need as many weights, not all 0; found {self.weights}"
            raise DesignError(msg)
        if not (np.isfinite(self.effects).all() and np.isfinite(self.covariance).all()):
            msg = "an effect or a variance is missing"
            raise DesignError(msg)
        errors = np.sqrt(np.maximum(np.diag(self.covariance), 0))
        if not errors.all():
            msg = "an effect has no variance"
            raise DesignError(msg)
        values = np.linalg.eigvalsh(self.covariance / np.outer(errors, errors))
        if values[0] < _SMALLEST_EIGENVALUE * values[-1]:
            msg = f"the covariance of the {count} effects is singular"
            raise DesignError(msg)

    @cached_property
    def path(self) -> NDArray[np.float64]:
        """(K + 1, K) matrix that puts the reference period, where the effect is 0, back among the effects."""
        whole = np.eye(len(self.effects))
        return np.insert(whole, self.n_before, 0.0, axis=0)

    @cached_property
    def target(self) -> NDArray[np.float64]:
        """(K,) weights of all effects in the estimate under parallel trends: 0 before the reference, l after it."""
        return np.concatenate([np.zeros(self.n_before), self.weights])

    @property
    def estimate(self) -> float:
        """The effect in question under parallel trends, l'β̂."""
        return float(self.target @ self.effects)

    @property
    def std_error(self) -> float:
        """Its standard error."""
        return float(np.sqrt(self.target @ self.covariance @ self.target))


@dataclass(frozen=True)
class HonestInterval:
    """An interval for l'τ that holds at its level for every trend within the restriction; a note where it is a hull."""

    low: float
    high: float
    note: str = ""

    def excludes_zero(self, side: float) -> bool:
        """Whether the whole interval lies on the side of 0 that a number of that sign lies on."""
        return self.low > 0 if side > 0 else self.high < 0


def breakdown(stands: Callable[[float], bool], *, first: float, most: float, tolerance: float) -> float | None:
    """The largest deviation under which a conclusion stands; None where it does not stand without any.

    Deviations from `first` on are tried in steps of a quarter until it falls, then the last step is halved until it is no
    longer than `tolerance`; infinity where it stands even at `most`. Between those tried it is taken to fall once.
    """
    if not stands(0.0):
        return None
    inside, outside = 0.0, first
    while stands(outside):
        if outside >= most:
            return float("inf")
        inside, outside = outside, min(outside * _GROWTH, most)
    while outside - inside > tolerance:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if stands(middle) else (inside, middle)
    return inside
