"""Counts with staggered starts: by what factor do the treated cells differ from what they would have been?

E[y_it(0)] = exposure_it · exp(α_i + λ_t) is fitted to the untreated cells, and the effect is the log of the events seen in the
treated cells over those expected. With unit and period effects and the canonical link this is the extended two-way
fixed-effects Poisson regression of Wooldridge (2023), its effect taken over all treated cells; with one common start and a
complete panel it is `poisson_did`. Counts are overdispersed, so the Poisson variance is never used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import NDArray
from scipy.optimize import brentq

from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import (
    RANDOMIZED,
    EffectSize,
    Estimate,
    EventEffect,
    Job,
    Result,
    from_cluster,
    from_placebo,
    require_periods,
)
from utvardering.estimators.cell_weights import Array, able_strata, courses_of, lone_cohorts
from utvardering.estimators.count_scores import FAR, Statistics
from utvardering.estimators.counterfactual_counts import Counts, counts_of, fitted_means, placebo_statistics
from utvardering.estimators.effects import effect_size
from utvardering.estimators.imputation import imputable
from utvardering.estimators.period_effects import clustered_events
from utvardering.estimators.poisson_did import dispersion, placebo_test
from utvardering.estimators.saturated import Saturated
from utvardering.inference.cluster import cluster_covariance, cluster_test
from utvardering.inference.randomization import PlaceboTest
from utvardering.inference.reassignment import reassign

_NODES = 15  # of the polynomial that stands for statistics which need a fit for each re-assignment
_REACH = 9.5  # standard errors on either side that it covers


def poisson_staggered(job: Job) -> Result:
    """Estimate the log ratio of the treated cells' counts to what they would have been.

    Units without a single event say nothing about a ratio: they are left out and named, as are treated units without an
    untreated value. Raises DesignError where either total is zero or covariates are asked for.
    """
    require_periods(job.sample, job.outcome, alone=job.estimation.comparison_group == "not_yet")
    if job.estimation.covariates:
        msg = f"{job.outcome.id}: poisson_staggered takes no covariates; use imputation with a log or give them as exposure"
        raise DesignError(msg)
    whole = job.sample
    silent = np.nansum(whole.y, axis=1) == 0
    if silent[whole.treated].all():
        msg = f"{job.outcome.id}: the treated units have no events at all, so no ratio exists; take another outcome"
        raise DesignError(msg)
    sample = whole.only(~silent)
    counts = counts_of(sample)
    found = _Found(job, sample, counts, Imputed.of(counts, 0, job.outcome.id))
    rows: list[Estimate] = []
    events: list[EventEffect] = []
    for inference in job.inferences:
        if inference in RANDOMIZED:
            rows.append(found.by_placebo())
        else:
            row, events = found.by_cluster()
            rows.append(row)
    quiet = set(np.array(whole.units)[silent].tolist())
    quiet |= set(np.array(sample.units)[sample.treated & ~found.main.used.any(axis=1)].tolist())
    named = tuple(unit for unit in whole.units if unit in quiet)
    return Result(tuple(replace(row, size=found.size()) for row in rows), found.n_obs, tuple(events), named)


@dataclass(frozen=True)
class Imputed:
    """Means fitted `leads` periods before the start and earlier, and the treated cells whose mean they identify.

    open (N, T) says where the means are identified; model holds the information of the fit, with (N, T) means of the untreated
    cells as weights.
    """

    counts: Counts
    means: Array
    used: NDArray[np.bool_]
    open: NDArray[np.bool_]
    model: Saturated

    @classmethod
    def of(cls, counts: Counts, leads: int, outcome: str) -> Imputed:
        """Fit and check that there is anything to be compared."""
        cells = counts.cells
        chosen = cells.before(leads) & (cells.weights > 0)
        can = imputable(cells, leads)
        used = can & cells.under
        if leads == 0 and not used.any():
            msg = (
                f"{outcome}: no cell under the measure has anyone to be compared with who had not got it yet; "
                "name units in [comparison] that never get the measure"
            )
            raise DesignError(msg)
        try:
            means = fitted_means(counts.y, counts.exposure, cells.groups, chosen)
        except DesignError as fault:
            msg = f"{outcome}: {fault.message}; use longer periods or another outcome"
            raise DesignError(msg) from fault
        none = np.zeros((1, means.shape[1]), dtype=bool)
        held = np.where(chosen, means, 0.0)
        return cls(
            counts,
            means,
            used if leads == 0 else can,
            can,
            Saturated(held, cells.groups, np.zeros(len(means), dtype=np.int64), none),
        )

    def effect(self, chosen: NDArray[np.bool_], share: Array) -> float:
        """τ at which Σ share · (y exp(−τ · share) − μ) over the chosen cells is zero; infinite where a total is."""
        y, means, part = self.counts.y[chosen], self.means[chosen], share[chosen]
        seen, expected = float(part @ y), float(part @ means)
        if seen <= 0 or expected <= 0:
            return float("nan") if seen <= 0 and expected <= 0 else float(np.copysign(np.inf, seen - expected))
        if np.all(part == 1):
            return float(np.log(seen) - np.log(expected))

        def excess(effect: float) -> float:
            return float(part @ (y * np.exp(-effect * part) - means))

        if excess(-FAR) < 0 or excess(FAR) > 0:
            return float(np.copysign(np.inf, seen - expected))
        return float(brentq(excess, -FAR, FAR, xtol=1e-13, rtol=8.9e-16))

    @cached_property
    def fitted(self) -> Array:
        """(N, T) means of the regression on all cohort-by-period effects: each cohort's ratio, and the unit's own level."""
        cells, y = self.counts.cells, self.counts.y
        treated = self.open & (cells.under | (cells.from_start < 0))
        found = self.means.copy()
        for one in np.unique(cells.start[cells.start < NEVER]):
            rows = cells.start == one
            seen, expected = (np.where(treated[rows], table[rows], 0.0).sum(axis=0) for table in (y, self.means))
            ratio = np.divide(seen, expected, out=np.zeros_like(seen), where=expected > 0)
            found[rows] *= np.where(treated[rows], ratio, 1.0)
        fitted = treated | (self.model.weights > 0)
        total, mass = np.where(fitted, y, 0.0).sum(axis=1), np.where(fitted, found, 0.0).sum(axis=1)
        return found * np.divide(total, mass, out=np.ones_like(total), where=mass > 0)[:, None]

    def influence(self, chosen: NDArray[np.bool_], share: Array, effect: float) -> Array:
        """(N,) influence of each unit: of its treated cells about their cohort's ratio in the period, and of others.

        Delta method on Σ share · y exp(−τ share) = Σ share · μ, where the fitted μ moves with the untreated cells.
        """
        y, means = self.counts.y, self.means
        part = np.where(chosen, share, 0.0)
        shrunk = part * np.exp(-effect * part)
        error = y - self.fitted
        treated = (shrunk * error).sum(axis=1)
        v = self.model.weights_of_fit((part * means)[None])[0]
        slope = np.divide(v, self.model.weights, out=np.zeros_like(v), where=self.model.weights > 0)
        untreated = (slope * np.where(self.model.weights > 0, error, 0.0)).sum(axis=1)
        return np.asarray((treated - untreated) / np.sum(part * shrunk * y))


@dataclass(frozen=True)
class _Found:
    job: Job
    sample: Sample
    counts: Counts
    main: Imputed

    @property
    def n_obs(self) -> int:
        return int((self.main.used | (self.counts.cells.before(0) & (self.counts.cells.weights > 0))).sum())

    @property
    def estimate(self) -> float:
        """The effect; refused where counts are separated."""
        value = self.main.effect(self.main.used, self.counts.cells.treatment)
        if np.isfinite(value):
            return value
        y, means, used = self.counts.y, self.main.means, self.main.used
        nobody = "the treated units after the start" if y[used].sum() == 0 else ""
        never = "those that tell what would have been: the treated before, or the untreated after"
        among = " and ".join(part for part in (nobody, never if means[used].sum() == 0 else "") if part)
        msg = (
            f"{self.job.outcome.id}: no events at all among {among}, so no ratio exists; use longer periods or another outcome"
        )
        raise DesignError(msg)

    @property
    def note(self) -> str:
        under = self.counts.cells.under
        missed = int((under & ~self.main.used).sum())
        all_told = int(under.sum())
        return (
            f"{missed} of {all_told} cells under the measure have nothing to be compared with and are left out"
            if missed
            else ""
        )

    def size(self) -> EffectSize:
        missed = self.counts.cells.under & ~self.main.used
        grid = replace(self.sample.grid, y=np.where(missed, np.nan, self.sample.y))
        return effect_size(replace(self.sample, grid=grid), self.job.outcome, self.estimate, "log_ratio")

    def by_placebo(self) -> Estimate:
        """Placebo test of the effect."""
        counts, job = self.counts, self.job
        courses = courses_of(counts.cells)
        strata, draws = self.sample.strata, job.draws
        if not counts.separable:
            strata, draws = able_strata(counts.cells, courses, strata), job.refits
            found = reassign(courses.profile, job.rng(), strata=strata, draws=draws, enumerate_up_to=draws)
        else:
            found = reassign(courses.profile, job.rng(), strata=strata, draws=draws)
        statistics = placebo_statistics(counts, found, courses, dispersion(self.sample))
        if not counts.separable and job.intervals:
            statistics = smooth(statistics, self.estimate)
        test = placebo_test(statistics, found, self.estimate, job.estimation.level, intervals=job.intervals)
        return self._row(test)

    def _row(self, test: PlaceboTest) -> Estimate:
        return from_placebo(test, self.job, estimand="att", scale="log_ratio", estimate=self.estimate, note=self.note)

    def by_cluster(self) -> tuple[Estimate, list[EventEffect]]:
        """Clustered test of the effect and of each period."""
        cells = self.counts.cells
        level, cluster = self.job.estimation.level, self.sample.cluster
        ones, since = np.ones_like(self.main.means), cells.from_start
        leads = (int(cells.start.min()) - cells.anticipation) // 2
        early = Imputed.of(self.counts, leads, self.job.outcome.id) if leads and self.job.intervals else None
        later = imputable(cells, 0) & (cells.under | (since < 0))
        values, influences, periods = [self.estimate], [self.main.influence(self.main.used, cells.treatment, self.estimate)], []
        for k in np.unique(since[cells.start < NEVER]) if self.job.intervals else []:
            fit, open_cells = (self.main, later) if k >= -cells.anticipation else (early, None)
            if fit is None:
                continue
            chosen = (fit.used if open_cells is None else open_cells) & (since == k)
            value = fit.effect(chosen, ones)
            if np.isfinite(value):
                periods.append(int(k))
                values.append(value)
                influences.append(fit.influence(chosen, ones, value))
        n_parameters = 1 + len(np.unique(cells.groups)) * cells.weights.shape[1]
        covariance = cluster_covariance(np.column_stack(influences), cluster, self.n_obs, n_parameters)
        clusters = len(np.unique(cluster))
        test = cluster_test(self.estimate, float(covariance[0, 0]), clusters, level)
        events = clustered_events(
            np.array(periods, dtype=np.int64),
            np.array(values[1:]),
            covariance[1:, 1:],
            clusters,
            scale="log_ratio",
            level=level,
            rng=self.job.rng(),
        )
        note = "; ".join(part for part in (self.note, lone_cohorts(cells.start)) if part)
        return from_cluster(test, estimand="att", scale="log_ratio", estimate=self.estimate, note=note), events


def smooth(statistics: Statistics, estimate: float) -> Statistics:
    """The same function, near the estimate by a polynomial through a few of its values; exact at 0 and far away."""
    step = 1e-3  # log points, for a first idea of the standard error
    slope = (statistics(estimate - step)[0] - statistics(estimate + step)[0]) / (2 * step)
    at_estimate = statistics(estimate)
    reach = _REACH * float(np.sqrt(np.mean(at_estimate[1:] ** 2)) / slope) if len(at_estimate) > 1 else 1.0
    reach = min(max(reach, 1e-6), FAR)
    angle = np.cos(np.pi * (np.arange(_NODES) + 0.5) / _NODES)
    basis = chebvander(angle, _NODES - 1)
    coefficients = np.linalg.solve(basis, np.array([statistics(estimate + reach * x) for x in angle]))
    zero = statistics(0.0)

    def near(effect: float) -> Array:
        x = (effect - estimate) / reach
        if effect == 0:
            return zero
        if abs(x) > 1:
            return statistics(effect)
        return np.asarray(chebvander(np.array([x]), _NODES - 1)[0] @ coefficients)

    return near
