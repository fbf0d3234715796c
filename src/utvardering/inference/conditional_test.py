"""Is the largest of several moments more than chance? A test conditional on which one is the largest.

The moments are normal with known covariance, and under the null hypothesis none has a mean above 0. The hybrid of Andrews,
Roth & Pakes (2023, Review of Economic Studies 90:2763, section 4) rejects where the largest moment exceeds its least favourable
critical value of size κ, or else where it is improbable at size (α − κ) ÷ (1 − κ) given which moment is largest and given
all that is independent of it: it is then a normal variable cut off on both sides.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

FIRST_STAGE = 0.1
"""κ ÷ α, as the article and its authors' program have it."""

_SAME = 1e-9  # of a variance: moments that move as one but for rounding say nothing of each other


def second_size(alpha: float) -> float:
    """Size of the conditional stage of a hybrid test of size alpha."""
    kappa = FIRST_STAGE * alpha
    return (alpha - kappa) / (1 - kappa)


def hybrid_rejects(
    moments: NDArray[np.float64], covariance: NDArray[np.float64], cutoff: NDArray[np.float64], size: float
) -> NDArray[np.bool_]:
    """(S, G) whether each of G sets of K moments is rejected, in each of S designs.

    moments (S, G, K); covariance (S, K, K); cutoff (S,) least favourable critical value; size of the conditional stage.
    A moment without variance is a constant. A largest moment of 0 or less is never rejected.
    """
    which = moments.argmax(axis=2)
    design = np.arange(len(moments))[:, None]
    largest = np.take_along_axis(moments, which[:, :, None], axis=2)
    shared = covariance[design, which]
    variance = np.take_along_axis(shared, which[:, :, None], axis=2)
    own = variance > 0
    slope = np.divide(shared, variance, out=np.ones_like(shared), where=own)  # a constant largest moment is cut off nowhere
    rest = moments - slope * largest
    room = 1 - slope
    edge = np.divide(rest, room, out=np.zeros_like(rest), where=np.abs(room) > _SAME)
    low = np.where(room > _SAME, edge, -np.inf).max(axis=2)
    high = np.minimum(np.where(room < -_SAME, edge, np.inf).min(axis=2), cutoff[:, None])
    value, spread = largest[:, :, 0], np.sqrt(variance[:, :, 0])
    spread = np.where(own[:, :, 0], spread, np.inf)
    improbable = upper_tail(value / spread, low / spread, high / spread) < size
    return (value > 0) & ((value > cutoff[:, None]) | (own[:, :, 0] & improbable))


def upper_tail(z: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(Z ≥ z | low ≤ Z ≤ high) of a standard normal, also far out; z is taken to the nearer edge where it lies outside."""
    z = np.clip(z, low, np.maximum(low, high))
    above, whole, beyond = (log_ndtr(-edge) for edge in (z, low, high))
    with np.errstate(invalid="ignore", divide="ignore"):
        cut = np.expm1(np.minimum(beyond - above, 0)) / np.expm1(np.minimum(beyond - whole, 0))
        tail = np.exp(above - whole) * cut
    return np.where(high > low, tail, 1.0)
