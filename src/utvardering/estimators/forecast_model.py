"""How does a unit go on from its own past: what is forecast, how wrong is a forecast, and in which way over time?

After unit and period effects a unit wanders (random walk), swings back (autoregression) and is counted with noise:

    Cov(x_i) = κ s_i² (h R + diag(1/m) · μ̄/μ_i),   R = (1 − a) ρ^|s−t| + a min(s, t).

Shares a, persistence ρ and ratio h are averaged over a grid with their restricted likelihood as weights, κ follows for each;
s_i² says how much noisier a unit is than its size predicts, drawn towards one (Smyth 2004). All of it is learned from the
periods before the first start, by a rule that treats every unit alike: it knows neither who was treated nor what came after.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from utvardering.inference.noise import moderated

Array = NDArray[np.float64]

PERSISTENCE = (0.0, 0.4, 0.7)
WALK = (0.0, 0.05, 0.12, 0.25, 0.45, 0.7, 1.0)
RATIO = (0.0, *(10.0 ** np.arange(-2.5, 3.6, 0.5)).tolist())
"""Grid of ρ, a and h."""


PRIOR = 0.2
"""Standard deviation, in those of a unit's changes, that a shift common to units of a trait is expected to have."""

_UNITS_A_TRAIT = 10
_NOISELESS = 1e-12  # relative: changes that differ between units by rounding only teach nothing


@dataclass(frozen=True)
class Wander:
    """Covariance over T periods: κ (walk (T, T) + diag(noise (T,)) ÷ size_i) for a unit of relative size_i, times s_i²."""

    walk: Array
    noise: Array
    size: Array
    scale: Array

    def covariance(self) -> Array:
        """(N, T, T) covariance of every unit."""
        noise = self.noise[None, :] / self.size[:, None]
        out = np.repeat(self.walk[None], len(self.size), axis=0)
        steps = np.arange(len(self.noise))
        out[:, steps, steps] += noise
        return out * self.scale[:, None, None]


def learn(past: Array, size: Array, shape: Array, traits: Array) -> Wander:
    """The covariance over all periods, learned from the past.

    past (N, T₀): values before the first start, complete; size (N,): relative precision of a value, such as expected counts
    of each unit over their mean; shape (T,): relative precision of each period, the first T₀ of them those of the past;
    traits (N, Q): what may tell noisier units from calmer ones, beside what counting explains.
    """
    count, before = past.shape
    steps = np.arange(len(shape))
    contrasts = linalg.helmert(before)
    changes = past @ contrasts.T
    if np.abs(changes - changes.mean(axis=0)).max() <= _NOISELESS * max(np.abs(past).max(), 1e-300):
        return Wander(np.zeros((len(shape), len(shape))), 1 / shape, size, np.ones(count))
    white = contrasts @ np.diag(1 / shape[:before]) @ contrasts.T
    found, covariances = [], []
    for rho, share in itertools.product(PERSISTENCE, WALK):
        path = (1 - share) * rho ** np.abs(np.subtract.outer(steps, steps)) + share * np.minimum.outer(steps, steps)
        values, vectors = linalg.eigh(contrasts @ path[:before, :before] @ contrasts.T, white)
        turned = changes @ vectors
        for ratio in RATIO:
            likelihood, kappa = _likelihood(turned, ratio * values[None, :] + 1 / size[:, None])
            found.append(likelihood)
            covariances.append((kappa * ratio, path, kappa))
    weight = np.exp(np.array(found) - max(found))
    weight /= weight.sum()
    walk = sum(w * scaled * path for w, (scaled, path, _) in zip(weight, covariances, strict=True))
    noise = float(sum(w * kappa for w, (_, _, kappa) in zip(weight, covariances, strict=True))) / shape
    plain = Wander(np.asarray(walk), noise, size, np.ones(count))
    return Wander(plain.walk, plain.noise, size, _scale(past, plain, before, traits))


def _likelihood(turned: Array, variance: Array) -> tuple[float, float]:
    """Restricted log-likelihood with κ at its maximum, and that κ; columns are independent, each with a mean of its own."""
    precision = 1 / variance
    total = precision.sum(axis=0)
    residual = turned - (precision * turned).sum(axis=0) / total
    freedom = (turned.shape[0] - 1) * turned.shape[1]
    kappa = float(np.sum(precision * residual**2)) / freedom
    if kappa <= 0:
        return 0.0, 0.0
    return -0.5 * (float(np.log(variance).sum()) + float(np.log(total).sum()) + freedom * np.log(kappa)), kappa


def _scale(past: Array, plain: Wander, before: int, traits: Array) -> Array:
    """(N,) s_i² from each unit's own past, drawn towards what its traits predict: as many of them as units can carry."""
    covariance = plain.covariance()[:, :before, :before]
    precision = within(covariance)
    residual = less_common(past, precision, np.zeros(before), np.zeros((len(past), 0)))
    own = np.einsum("ni,nij,nj->n", residual, precision, residual) / (before - 1)
    return moderated(own, np.full(len(past), float(before - 1)), traits[:, : len(past) // _UNITS_A_TRAIT])


def within(covariance: Array) -> Array:
    """(N, T, T) precision after a free level of each unit is taken out."""
    precision = np.linalg.inv(covariance)
    row = precision.sum(axis=2)
    return precision - row[:, :, None] * row[:, None, :] / row.sum(axis=1)[:, None, None]


def less_common(values: Array, precision: Array, step: Array, traits: Array) -> Array:
    """(N, T) values less what all units have in common, by generalised least squares from all of them.

    In common are a path over time and a shift after the start that is linear in traits: step (T,) is 1 from the first start
    on, traits (N, Q) such as size and level. Large or heavily burdened areas may move together, measure or not. The shift is
    drawn towards none, so that few units are not used up on it.
    """
    count = values.shape[1]
    whole = precision.sum(axis=0)
    shifted = precision @ step
    cross = shifted.T @ traits
    square = traits.T @ (traits * (shifted @ step)[:, None]) + np.eye(traits.shape[1]) / PRIOR**2
    level = np.ones((count, count)) * np.trace(whole) / count**2
    bread = np.block([[whole + level, cross], [cross.T, square]])
    to = np.concatenate([np.einsum("nij,nj->i", precision, values), traits.T @ np.einsum("nj,nj->n", shifted, values)])
    found = np.linalg.lstsq(bread, to, rcond=None)[0]
    return values - found[:count] - (traits @ found[count:])[:, None] * step
