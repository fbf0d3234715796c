"""How fast may the slope of the difference in trends change? The fixed-length interval under smoothness.

δ is allowed every course whose slope changes by at most M from one period to the next (Rambachan & Roth 2023, section 2.4.2,
Δ^SD): M = 0 continues a line. Among the estimators l'β̂_after + v'β̂_before the interval takes the one whose half-length

    s · cv(b ÷ s),  s² its variance, b its largest bias over Δ^SD(M), cv(t) the level's quantile of |N(t, 1)|

is least (section 4.1; Armstrong & Kolesár 2018). The bias is finite only if lines cancel, Σ_t t l_t = Σ_t t v_{−t}. With
z_j = Σ_{t>j} (t − j) v_{−t}, which determine v by v_{−t} = z_{t−1} − 2 z_t + z_{t+1},

    b = M (Σ_j |z_j| + Σ_{j≥1} |Σ_{t>j} (t − j) l_t|),  z_0 = Σ_t t l_t,

so the least variance for each bias is a lasso in z₁, z₂, …: its solutions are piecewise linear in the penalty and are followed
from corner to corner (Osborne, Presnell & Turlach 2000), once for all M. On that path the half-length has one minimum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr, ndtri

from utvardering.inference.honest import HonestInterval, PeriodEffects
from utvardering.inference.lasso_path import lasso_path


@dataclass(frozen=True)
class Smoothness:
    """Fixed-length intervals for l'τ under Δ^SD(M), for every M from one path."""

    found: PeriodEffects
    level: float

    def interval(self, m: float) -> HonestInterval:
        """The interval where the slope changes by at most m from period to period."""
        weights, half = self.estimator(m)
        centre = float(weights @ self.found.effects)
        return HonestInterval(centre - half, centre + half)

    def estimator(self, m: float) -> tuple[NDArray[np.float64], float]:
        """(K,) weights of the estimates in the optimal estimator, and its half-length."""
        z = self._solution(self._penalty(m))
        base, moves = self._parts
        weights = base + moves @ z
        spread = self._spread(z)
        return weights, spread * folded_quantile(self._bias(z, m) / spread, self.level)

    @cached_property
    def _parts(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(K,) weights with every free z at 0, and (K, p − 1) what each free z adds."""
        p = self.found.n_before
        second = np.zeros((p, p))  # row t − 1: v_{−t} from z_0 … z_{p−1}
        for t in range(1, p + 1):
            for place, by in ((t - 1, 1.0), (t, -2.0), (t + 1, 1.0)):
                if place < p:
                    second[t - 1, place] = by
        moves = np.zeros((len(self.found.effects), p))
        moves[:p] = second[::-1]  # oldest first
        return self.found.target + moves[:, 0] * self._slope, moves[:, 1:]

    @property
    def _slope(self) -> float:
        """Σ t l_t: how much of a line lies in l'β̂."""
        return float(np.arange(1, len(self.found.weights) + 1) @ self.found.weights)

    @cached_property
    def _fixed(self) -> float:
        """The part of b ÷ M that no estimator avoids."""
        kinks = np.cumsum(np.cumsum(self.found.weights[::-1]))[::-1][1:]  # Σ_{t>j} (t − j) l_t, j = 1, 2, …
        return abs(self._slope) + float(np.abs(kinks).sum())

    @cached_property
    def _path(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Penalties in falling order and the (·, p − 1) solutions at them."""
        base, moves = self._parts
        cov = self.found.covariance
        return lasso_path(moves.T @ cov @ moves, moves.T @ cov @ base)

    def _solution(self, penalty: float) -> NDArray[np.float64]:
        penalties, solutions = self._path
        if not solutions.shape[1]:
            return solutions[0]
        above = min(int(np.searchsorted(-penalties, -penalty)), len(penalties) - 1)
        below = max(above - 1, 0)
        width = penalties[below] - penalties[above]
        share = (penalties[below] - penalty) / width if width > 0 else 1.0
        return (1 - share) * solutions[below] + share * solutions[above]

    def _spread(self, z: NDArray[np.float64]) -> float:
        base, moves = self._parts
        weights = base + moves @ z
        return float(np.sqrt(weights @ self.found.covariance @ weights))

    def _bias(self, z: NDArray[np.float64], m: float) -> float:
        return m * (self._fixed + float(np.abs(z).sum()))

    def _penalty(self, m: float) -> float:
        """The penalty whose solution has the least half-length: there its derivative along the path is 0."""
        highest = float(self._path[0][0])
        if m == 0 or highest == 0:
            return 0.0

        def excess(penalty: float) -> float:
            z = self._solution(penalty)
            spread = self._spread(z)
            t = self._bias(z, m) / spread
            c = folded_quantile(t, self.level)
            slope = math.tanh(c * t)  # of the quantile in t: (φ(c − t) − φ(c + t)) ÷ (φ(c − t) + φ(c + t))
            return penalty * (c - t * slope) - m * slope * spread

        if excess(highest) <= 0:
            return highest
        return float(brentq(excess, 0.0, highest, xtol=1e-14 * highest, rtol=1e-12))


def folded_quantile(t: float, level: float) -> float:
    """The quantile of |N(t, 1)|, t ≥ 0."""
    low, high = t + ndtri(level), t + ndtri((1 + level) / 2)

    def short(c: float) -> float:
        return float(ndtr(t - c) + ndtr(-t - c) - (1 - level))

    if short(low) <= 0:
        return float(low)
    if short(high) >= 0:
        return float(high)
    return float(brentq(short, low, high, xtol=1e-13))
