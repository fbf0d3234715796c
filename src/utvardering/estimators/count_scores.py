"""Scores of counts under a hypothesised effect: how many more events than a fit without singled-out units expects?

The score of unit i carrying treatment profile g is Σ_t D_gt (y − μ)_it, where μ has the margins of the data and the
hypothesised effect in the cells that were treated. Its predicted variance is φh + ψh², with h the binomial spread of the count
under the profile given the unit's total (`inference.noise`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import profiles
from utvardering.estimators.rank_one import Margins
from utvardering.inference.noise import count_spread, seen_mean
from utvardering.inference.randomization import deviation, deviations
from utvardering.inference.reassignment import Reassignments

_SEPARABLE = 1e-9  # relative: an exposure that differs from a product by less than rounding of a population
FAR = 20.0
"""Log points beyond which counts are called separated and an interval unbounded."""

Vector = NDArray[np.float64]
Statistics = Callable[[float], NDArray[np.float64]]
"""From a hypothesised effect to the (R,) studentised scores of all re-assignments."""


@dataclass(frozen=True)
class CountTable:
    """The data in the form that is fitted: weighted counts and exposure (N, K), treatment (N, K), groups of period effects.

    K is 2 where the panel can be folded to before and after, else T. `weight` (N,) is the unit's mean analysis weight.
    """

    y: NDArray[np.float64]
    exposure: NDArray[np.float64]
    treatment: NDArray[np.float64]
    groups: NDArray[np.int64]
    weight: NDArray[np.float64]
    folded: bool

    @property
    def closed(self) -> bool:
        """Whether the estimate is the closed form of four totals."""
        return self.folded and len(np.unique(self.groups)) == 1


def count_table(sample: Sample) -> CountTable:
    """Weighted counts and exposure, folded to before and after where that leaves the estimate unchanged."""
    grid = sample.grid
    missing = np.isnan(grid.y)
    weights = np.ones_like(grid.y) if grid.weights is None else grid.weights
    exposure = np.ones_like(grid.y) if grid.exposure is None else grid.exposure
    y = np.where(missing, 0.0, grid.y * weights)
    exposed = np.where(missing, 0.0, exposure * weights)
    groups = np.zeros(len(grid.y), dtype=np.int64) if sample.groups is None else sample.groups
    weight = seen_mean(np.where(missing, np.nan, weights), 1)[:, 0]
    start = sample.common_start
    ended = bool(np.any(grid.treatment[sample.treated][:, start:] != 1)) if start is not None else True
    if start and not ended and not missing.any() and is_product(exposed) and is_product(weights):
        fold = np.array([0, start])
        held = np.add.reduceat(weights, fold, axis=1)
        return CountTable(np.add.reduceat(y, fold, axis=1), held, grid.treatment[:, [0, -1]], groups, weight, folded=True)
    return CountTable(y, exposed, grid.treatment, groups, weight, folded=False)


def is_product(values: NDArray[np.float64]) -> bool:
    """Whether a table is a product of unit and period."""
    if np.any(values <= 0):
        return False
    product = np.outer(values.sum(axis=1), values.sum(axis=0)) / values.sum()
    return bool(np.allclose(values, product, rtol=_SEPARABLE, atol=0))


class ScoreFit:
    """Fits the model with a given effect and keeps the last fit as the start of the next."""

    def __init__(self, table: CountTable) -> None:
        self.table = table
        self.courses = profiles(table.treatment)[1]
        self._treated: NDArray[np.bool_] = np.any(table.treatment != 0, axis=1)
        self._parts = []
        for code in np.unique(table.groups):
            rows = np.flatnonzero(table.groups == code)
            tilted = table.exposure[rows].copy()
            self._parts.append((rows, self._treated[rows], tilted, Margins.of(table.y[rows])))

    def means(self, effect: float) -> NDArray[np.float64]:
        """(N, K) fitted means when the effect is `effect`."""
        fitted = np.empty_like(self.table.y)
        for rows, unit, period, tilted in self._fits(effect):
            fitted[rows] = unit[:, None] * tilted * period
        return fitted

    def expected(self, effect: float) -> NDArray[np.float64]:
        """(N, G) fitted counts in the cells that each treatment profile would cover, Σ_t D_gt μ_it."""
        found = np.empty((len(self.table.y), len(self.courses)))
        for rows, unit, period, tilted in self._fits(effect):
            found[rows] = unit[:, None] * (tilted @ (period * self.courses).T)
        return found

    def _fits(self, effect: float) -> Iterator[tuple[NDArray[np.intp], Vector, Vector, NDArray[np.float64]]]:
        """Rows of each group with their unit effects, period effects, and exposure under the effect."""
        table = self.table
        for rows, treated, tilted, margins in self._parts:
            on = rows[treated]
            tilted[treated] = table.exposure[on] * np.exp(effect * table.treatment[on])
            unit, period = margins.fit(tilted)
            yield rows, unit, period, tilted

    def score(self, effect: float) -> float:
        """Σ D (y − μ): zero at the estimate."""
        table = self.table
        total = float(np.sum(table.treatment * table.y))
        for rows, unit, period, tilted in self._fits(effect):
            on = table.treatment[rows].any(axis=1)
            total -= float(np.sum(table.treatment[rows][on] * unit[on, None] * tilted[on] * period))
        return total

    def estimate(self) -> float:
        """The effect at which the score of the treated is zero."""
        table = self.table
        if table.closed:
            treated = self._treated
            (t0, t1), (c0, c1) = table.y[treated].sum(axis=0), table.y[~treated].sum(axis=0)
            return float(np.log(t1 / t0) - np.log(c1 / c0))
        low, high = -0.5, 0.5
        while self.score(low) < 0:
            low *= 2
            _refuse_far(low)
        while self.score(high) > 0:
            high *= 2
            _refuse_far(high)
        return float(brentq(self.score, low, high, xtol=1e-12, rtol=8.9e-16))


def _refuse_far(effect: float) -> None:
    if abs(effect) > FAR:
        msg = "the counts are separated: no finite ratio fits them; use longer periods or another outcome"
        raise DesignError(msg)


def placebo_statistics(fitter: ScoreFit, noise: tuple[float, float], draws: Reassignments) -> Statistics:
    """Studentised scores of all re-assignments as a function of the hypothesised effect; noise is (φ, ψ)."""
    return _closed_statistics(fitter.table, noise, draws) if fitter.table.closed else _fitted_statistics(fitter, noise, draws)


def _fitted_statistics(fitter: ScoreFit, noise: tuple[float, float], draws: Reassignments) -> Statistics:
    table, (phi, psi) = fitter.table, noise
    total = table.y.sum(axis=1)
    mass = total / total.sum()
    observed = table.y @ fitter.courses.T
    weight = table.weight[:, None]

    def statistics(effect: float) -> NDArray[np.float64]:
        expected = fitter.expected(effect)
        spread = count_spread(expected / weight, total[:, None] / weight)
        variance = (phi * spread + psi * spread**2) * weight**2
        return draws.total(observed - expected) / deviations(variance, mass, draws)

    return statistics


def _closed_statistics(table: CountTable, noise: tuple[float, float], draws: Reassignments) -> Statistics:
    """The same on four totals, where the sums over each re-assignment are taken once for all effects.

    Unit i's expected count after is N_i π, with one share π for the untreated and one for the treated.
    """
    phi, psi = noise
    treated = table.treatment.any(axis=1)
    after, both = table.y[:, 1], table.y.sum(axis=1)
    held_after = draws.total(after)
    held = [draws.total(both * group) for group in (~treated, treated)]
    linear = [draws.total(table.weight * both * group) for group in (~treated, treated)]
    square = [draws.total(both**2 * group) for group in (~treated, treated)]
    whole_linear = [float(np.sum(table.weight * both * group)) for group in (~treated, treated)]
    whole_square = [float(np.sum(both**2 * group)) for group in (~treated, treated)]
    mass_held = (held[0] + held[1]) / both.sum()
    n_comparison, n_treated = float(both[~treated].sum()), float(both[treated].sum())
    odds_base = float(after.sum())

    def shares(effect: float) -> tuple[float, float]:
        """π of the untreated and the treated: odds differ by exp(effect) and expected counts after add up to those seen."""
        factor = np.exp(effect)

        def excess(logit: float) -> float:
            odds = np.exp(logit)
            return n_comparison * odds / (1 + odds) + n_treated * factor * odds / (1 + factor * odds) - odds_base

        odds = np.exp(brentq(excess, -60.0, 60.0, xtol=1e-14, rtol=8.9e-16))
        return odds / (1 + odds), factor * odds / (1 + factor * odds)

    def statistics(effect: float) -> NDArray[np.float64]:
        share = shares(effect)
        spread = [one * (1 - one) for one in share]
        score = held_after - share[0] * held[0] - share[1] * held[1]
        variance, whole = np.zeros(len(score)), 0.0
        for g in (0, 1):
            variance += phi * spread[g] * linear[g] + psi * spread[g] ** 2 * square[g]
            whole += phi * spread[g] * whole_linear[g] + psi * spread[g] ** 2 * whole_square[g]
        return score / deviation(variance, mass_held, whole)

    return statistics
