"""How far may trends part after the start, measured by how far they parted before? Bounds on relative magnitudes.

δ is allowed every course whose change from one period to the next, after the reference, is at most M̄ times the largest such
change before it (Rambachan & Roth 2023, section 2.4.1, Δ^RM). That set is a union of polyhedra, one per place s of the largest
change and sign of it, and a value of l'τ stands if it stands in one of them. In each, the moments are

    ±(δ_t − δ_{t−1}) − M̄ v_s ≤ 0,  t after the reference,  v_s = ±(δ_{s+1} − δ_s),

with τ profiled out subject to l'τ = θ: a linear programme, whose dual has only as many corners as there are periods after the
reference, and two. Its value is the largest of

    (x − θ − M̄ |L| v) ÷ Σ_t |L_t| σ_t⁺,   (θ − x − M̄ |L| v) ÷ Σ_t |L_t| σ_t⁻,   −2 M̄ v ÷ (σ_t⁺ + σ_t⁻) for each t,

where x = l'β̂, L_t = Σ_{r≥t} l_r, |L| = Σ |L_t|, and σ_t^± are the standard deviations of the moments (changing places where
L_t < 0). So no programme is solved: the test is one on q + 2 moments of two normal variables, x and v, and its least
favourable critical value is an integral in one dimension. Moments before the reference only are left out, as the authors'
program leaves them out where there are several periods after it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from utvardering.inference.conditional_test import FIRST_STAGE, hybrid_rejects, second_size
from utvardering.inference.honest import HonestInterval, PeriodEffects
from utvardering.inference.randomization import BROKEN

_GRID = 128  # points between the estimate and the outermost value: parts of the set further apart are seen
_FINE = 1e-5  # of a standard error, to which a limit is found
_NODES, _MASS = np.polynomial.legendre.leggauss(128)
_FAR = 9.0  # standard deviations: beyond lies less than 1e-18


def magnitudes_interval(found: PeriodEffects, m_bar: float, level: float) -> HonestInterval:
    """Interval for l'τ where trends part by at most m_bar times their largest change from period to period before.

    The estimate under parallel trends always lies in it. Where the values that stand are not connected, it is their hull.
    """
    test = _Test(found, m_bar, 1 - level)
    x = found.estimate
    (low, whole_low), (high, whole_high) = (_end(test, x, side) for side in (-1.0, 1.0))
    return HonestInterval(low, high, "" if whole_low and whole_high else BROKEN)


@dataclass(frozen=True)
class _Test:
    """The test of one value of l'τ in S = 2 n_before polyhedra with K = q + 2 moments each."""

    found: PeriodEffects
    m_bar: float
    alpha: float

    @cached_property
    def _changes(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(S, ·) v of each polyhedron and (q, ·) changes after the reference, as weights of the estimates."""
        steps = np.diff(self.found.path, axis=0)
        before = steps[: self.found.n_before]
        return np.concatenate([before, -before]), steps[self.found.n_before :]

    @cached_property
    def _sums(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
        """(S,) denominators of the first two moments, (S, q) of the others, and |L|."""
        size, after = self._changes
        cov = self.found.covariance
        variance_v = np.sum((size @ cov) * size, axis=1)[:, None]
        variance_d = np.sum((after @ cov) * after, axis=1)
        both = variance_d + self.m_bar**2 * variance_v
        twice = 2 * self.m_bar * (size @ cov @ after.T)
        plus, minus = np.sqrt(np.maximum(both - twice, 0)), np.sqrt(np.maximum(both + twice, 0))
        reach = np.cumsum(self.found.weights[::-1])[::-1]
        own, other = np.where(reach >= 0, plus, minus), np.where(reach >= 0, minus, plus)
        heavy = np.abs(reach)
        return own @ heavy, other @ heavy, plus + minus, float(heavy.sum())

    @cached_property
    def _moments(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """(S, K) moments at θ = 0, (S, K) what θ adds, and (S, K, K) their covariance."""
        size, _ = self._changes
        above, below, middle, reach = self._sums
        on_x = np.zeros((len(size), middle.shape[1] + 2))
        on_x[:, 0], on_x[:, 1] = 1 / above, -1 / below
        of_v = self.m_bar * np.column_stack([-reach / above, -reach / below, -2 / middle])
        weights = on_x[:, :, None] * self.found.target + of_v[:, :, None] * size[:, None, :]
        covariance = weights @ self.found.covariance @ weights.transpose(0, 2, 1)
        return weights @ self.found.effects, -on_x, covariance

    @cached_property
    def cutoff(self) -> NDArray[np.float64]:
        """(S,) value that the largest moment exceeds with probability κ where all means are 0."""
        size, _ = self._changes
        above, below, middle, reach = self._sums
        cov, target = self.found.covariance, self.found.target
        spread_v = np.sqrt(np.sum((size @ cov) * size, axis=1))
        per_v = (size @ cov @ target) / spread_v  # slope of x on v in standard deviations
        left = np.sqrt(np.maximum(self.found.std_error**2 - per_v**2, 1e-12 * self.found.std_error**2))
        widen = self.m_bar * reach * spread_v
        # −v may not exceed c × the least sum of two standard deviations ÷ 2 M̄
        floor = np.divide(middle.min(axis=1), 2 * self.m_bar * spread_v, out=np.full(len(size), np.inf), where=self.m_bar > 0)

        def held(c: NDArray[np.float64]) -> NDArray[np.float64]:
            start = np.maximum(-_FAR, -c * floor)
            half = ((_FAR - start) / 2)[:, None]
            u = start[:, None] + half * (_NODES + 1)
            top = (widen[:, None] * u + (c * above)[:, None] - per_v[:, None] * u) / left[:, None]
            bottom = (-widen[:, None] * u - (c * below)[:, None] - per_v[:, None] * u) / left[:, None]
            density = np.exp(-(u**2) / 2) / np.sqrt(2 * np.pi)
            return np.sum(_MASS * half * density * (ndtr(top) - ndtr(bottom)), axis=1)

        low, high = np.zeros(len(size)), np.full(len(size), _FAR)
        for _ in range(24):  # 9 ÷ 2²⁴ is less than 1e-6
            middle_c = (low + high) / 2
            enough = held(middle_c) >= 1 - FIRST_STAGE * self.alpha
            low, high = np.where(enough, low, middle_c), np.where(enough, middle_c, high)
        return high

    def stands(self, theta: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(G,) whether each value of l'τ stands in at least one polyhedron."""
        at_zero, per_theta, covariance = self._moments
        possible = self.reach(-1.0) <= theta.max(initial=-np.inf)
        possible &= self.reach(1.0) >= theta.min(initial=np.inf)
        if not possible.any():
            return np.zeros(len(theta), dtype=bool)
        moments = at_zero[possible, None, :] + theta[:, None] * per_theta[possible, None, :]
        rejected = hybrid_rejects(moments, covariance[possible], self.cutoff[possible], second_size(self.alpha))
        standing: NDArray[np.bool_] = np.any(~rejected, axis=0)
        return standing

    def reach(self, side: float) -> NDArray[np.float64]:
        """(S,) value of l'τ beyond which the first stage rejects, on one side."""
        size, _ = self._changes
        above, below, _, reach = self._sums
        denominator = below if side > 0 else above
        return self.found.estimate + side * (self.m_bar * reach * (size @ self.found.effects) + self.cutoff * denominator)


def _end(test: _Test, x: float, side: float) -> tuple[float, bool]:
    """Outermost value that stands on one side of the estimate, and whether all before it stand."""
    reach = test.reach(side)
    outermost = float(reach.max() if side > 0 else reach.min())
    tried = np.linspace(x, outermost + side * _FINE * test.found.std_error, _GRID + 1)
    stands = test.stands(tried)
    stands[0] = True  # some v is at least 0, and there no moment is above 0
    last = int(np.flatnonzero(stands)[-1])
    whole = bool(stands[: last + 1].all())
    inside, outside = tried[last], tried[min(last + 1, _GRID)]
    while abs(outside - inside) > _FINE * test.found.std_error:
        tried = np.linspace(inside, outside, 18)[1:-1]
        held = np.flatnonzero(test.stands(tried))
        edges = np.concatenate([[inside], tried, [outside]])
        place = int(held[-1]) + 1 if len(held) else 0
        inside, outside = edges[place], edges[place + 1]
    return float(inside), whole
