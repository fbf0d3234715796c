"""Poisson pseudo-likelihood with unit and period effects: by what factor did the treated change more than the comparison?

E[y_it] = exposure_it · exp(α_i + λ_t + τ D_it). With a balanced panel, one common start and an exposure that is a product of
unit and period, τ is the log cross-product ratio of four totals, ln[(A₁/A₀) ÷ (C₁/C₀)]: the relative effect size of
criminology is exp(−τ). The panel is then folded to two columns, before and after, without changing the answer. Counts are
overdispersed, so the Poisson variance is never used: inference is by placebo scores or cluster-robust.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import (
    RANDOMIZED,
    Job,
    Result,
    from_cluster,
    from_placebo,
    profiles,
    require_periods,
    without_anticipation,
)
from utvardering.estimators.rank_one import Margins
from utvardering.inference.cluster import cluster_covariance, cluster_test
from utvardering.inference.noise import count_dispersion, count_spread
from utvardering.inference.randomization import INNER, PlaceboTest, deviations, p_value, studentised
from utvardering.inference.reassignment import Reassignments, reassign

_SEPARABLE = 1e-9  # relative: an exposure that differs from a product by less than rounding of a population
_FAR = 20.0  # log points beyond which an interval is called unbounded
_FINE = 1e-6  # log points to which a limit is found; p-values are step functions


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

    @property
    def folded(self) -> bool:
        """Whether the estimate is the closed form of four totals."""
        return self.y.shape[1] == 2  # noqa: PLR2004 -- before and after


def poisson_did(job: Job) -> Result:
    """Estimate the log ratio of the treated units' counts to what they would have been.

    Raises DesignError where a total of the four is zero (the ratio is then 0 or infinite) or covariates are asked for.
    """
    require_periods(job.sample, job.outcome)
    if job.estimation.covariates:
        msg = f"{job.outcome.id}: poisson_did takes no covariates; use did with a log or give them as exposure"
        raise DesignError(msg)
    sample, dropped = _without_empty_units(without_anticipation(job.sample), job.outcome.id)
    table = count_table(sample)
    refuse_separation(table, job.outcome.id)
    fitter = ScoreFit(table)
    estimate = fitter.estimate()
    n_obs = int(np.isfinite(sample.y).sum())
    rows = []
    for inference in job.inferences:
        if inference in RANDOMIZED:
            draws = reassign(profiles(table.treatment)[0], job.rng(), strata=sample.strata)
            test = placebo_test(fitter, dispersion(sample), draws, estimate, job.estimation.level)
            rows.append(from_placebo(test, job, estimand="att", scale="log_ratio", estimate=estimate))
        else:
            variance = _cluster_variance(sample, estimate, n_obs)
            clusters = len(np.unique(sample.cluster))
            cluster = cluster_test(estimate, variance, clusters, job.estimation.level)
            rows.append(from_cluster(cluster, estimand="att", scale="log_ratio", estimate=estimate))
    return Result(tuple(rows), n_obs, dropped=dropped)


def count_table(sample: Sample) -> CountTable:
    """Weighted counts and exposure, folded to before and after where that leaves the estimate unchanged."""
    grid = sample.grid
    missing = np.isnan(grid.y)
    weights = np.ones_like(grid.y) if grid.weights is None else grid.weights
    exposure = np.ones_like(grid.y) if grid.exposure is None else grid.exposure
    y = np.where(missing, 0.0, grid.y) * weights
    exposed = np.where(missing, 0.0, exposure) * weights
    groups = np.zeros(len(grid.y), dtype=np.int64) if sample.groups is None else sample.groups
    treatment = grid.treatment
    start = sample.common_start
    on_off = start is not None and set(np.unique(treatment)) <= {0.0, 1.0}
    if on_off and not missing.any() and _is_product(exposed) and _is_product(weights):
        fold = np.array([0, start])
        y = np.add.reduceat(y, fold, axis=1)
        exposed = np.add.reduceat(np.ones_like(exposed) * weights, fold, axis=1)
        treatment = treatment[:, [0, -1]]
    return CountTable(y, exposed, treatment, groups, weights.mean(axis=1))


def refuse_separation(table: CountTable, outcome: str) -> None:
    """A zero total of the four leaves no finite ratio: say which."""
    treated = table.treatment.any(axis=1)
    on = table.treatment > 0
    ever = on.any(axis=0)
    totals = {
        "the treated units after the start": table.y[on].sum(),
        "the treated units before the start": table.y[treated][~on[treated]].sum(),
        "the comparison units after the start": table.y[~treated][:, ever].sum(),
        "the comparison units before the start": table.y[~treated][:, ~ever].sum() if (~ever).any() else 1.0,
    }
    empty = [name for name, total in totals.items() if total == 0]
    if empty:
        msg = f"{outcome}: no events at all among {' and '.join(empty)}, so no ratio exists; use longer periods or another outcome"
        raise DesignError(msg)


class ScoreFit:
    """Fits the model with a given effect and keeps the last fit as the start of the next."""

    def __init__(self, table: CountTable) -> None:
        self.table = table
        self._parts = [
            (rows, Margins.of(table.y[rows])) for rows in (table.groups == code for code in np.unique(table.groups))
        ]

    def means(self, effect: float) -> NDArray[np.float64]:
        """(N, K) fitted means when the effect is `effect`."""
        table = self.table
        exposure = table.exposure * np.exp(effect * table.treatment)
        fitted = np.empty_like(table.y)
        for rows, margins in self._parts:
            unit, period = margins.fit(exposure[rows])
            fitted[rows] = unit[:, None] * exposure[rows] * period
        return fitted

    def score(self, effect: float) -> float:
        """Σ D (y − μ): zero at the estimate."""
        return float(np.sum(self.table.treatment * (self.table.y - self.means(effect))))

    def estimate(self) -> float:
        """The effect at which the score of the treated is zero."""
        table = self.table
        if table.folded and len(self._parts) == 1:
            treated = table.treatment.any(axis=1)
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
    if abs(effect) > _FAR:
        msg = "the counts are separated: no finite ratio fits them; use longer periods or another outcome"
        raise DesignError(msg)


def dispersion(sample: Sample) -> tuple[float, float]:
    """(φ, ψ) of `count_dispersion` from the periods before the first start, in blocks as long as the follow-up allows."""
    first = max(int(sample.start[sample.treated].min()), 1)
    past = sample.y[:, :first]
    if sample.grid.exposure is not None:
        level = np.nanmean(sample.grid.exposure, axis=1, keepdims=True)
        past = past * level / sample.grid.exposure[:, :first]
    return count_dispersion(past, max(min(sample.n_periods_after, first // 2), 1))


def placebo_test(
    fitter: ScoreFit, noise: tuple[float, float], draws: Reassignments, estimate: float, level: float
) -> PlaceboTest:
    """Score test of each hypothesised effect over the re-assignments, and the hull of those not rejected.

    The score of unit i carrying profile g is Σ_t D_gt (y − μ)_it, its predicted variance φh + ψh² with h the binomial spread of
    the count under the profile given the unit's total; both are evaluated at the hypothesised effect.
    """
    table = fitter.table
    _, courses = profiles(table.treatment)
    phi, psi = noise
    mass = table.y.sum(axis=1) / table.y.sum()

    def parts(effect: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        means = fitter.means(effect)
        per_weight = means / table.weight[:, None]
        total = per_weight.sum(axis=1)
        spread = np.column_stack([count_spread(per_weight @ course, total) for course in courses])
        variance = (phi * spread + psi * spread**2) * table.weight[:, None] ** 2
        return (table.y - means) @ courses.T, variance

    def statistics(effect: float) -> NDArray[np.float64]:
        score, variance = parts(effect)
        return studentised(score, deviations(variance, mass, draws), draws)

    at_zero = statistics(0.0)
    at_estimate = statistics(estimate)
    step = 1e-4
    slope = (statistics(estimate - step)[0] - statistics(estimate + step)[0]) / (2 * step)
    std_error = float(np.sqrt(np.mean(at_estimate[1:] ** 2)) / slope)
    seen: dict[float, float] = {}

    def p_at(effect: float) -> float:
        if effect not in seen:
            seen[effect] = p_value(statistics(effect))
        return seen[effect]

    limits = [_limit(p_at, alpha, estimate, side) for alpha in (1 - level, 1 - INNER) for side in (-std_error, std_error)]
    (low, gap_low), (high, gap_high), (inner_low, _), (inner_high, _) = limits
    note = "the set is not connected; its hull is shown" if gap_low or gap_high else ""
    return PlaceboTest(
        p_value(at_zero), low, high, inner_low, inner_high, std_error, draws.p_smallest, at_zero, note
    )


def _limit(p_at: Callable[[float], float], alpha: float, estimate: float, step: float) -> tuple[float, bool]:
    """Outermost effect on one side whose p-value exceeds alpha, and whether rejected ones lie before it."""

    def held(effect: float) -> bool:
        return p_at(effect) > alpha * (1 + 1e-9)  # a p-value equal to alpha rejects

    reached = [k for k in range(1, 17) if held(estimate + k * step / 2)]
    last = max(reached, default=0)
    gap = last > len(reached)
    inside = estimate + last * step / 2
    outside = estimate + (last + 1) * step / 2
    if last == 16:  # noqa: PLR2004 -- eight standard errors out and still not rejected
        while held(outside):
            inside, outside = outside, outside + 2 * (outside - estimate)
            if abs(outside - estimate) > _FAR:
                return float(np.copysign(np.inf, step)), gap
    while abs(outside - inside) > _FINE:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if held(middle) else (inside, middle)
    return inside, gap


def _cluster_variance(sample: Sample, estimate: float, n_obs: int) -> float:
    """Cluster-robust variance of the pseudo-likelihood: scores of the treatment with its effects taken out."""
    table = count_table(sample)
    fitter = ScoreFit(table)
    means = fitter.means(estimate)
    residual_treatment = _weighted_within(table.treatment, means, table.groups)
    information = np.sum(means * residual_treatment**2)
    influence = np.sum((table.y - means) * residual_treatment, axis=1)[:, None] / information
    groups = len(np.unique(table.groups))
    n_parameters = 1 + groups * sample.y.shape[1]
    return float(cluster_covariance(influence, sample.cluster, n_obs, n_parameters)[0, 0])


def _weighted_within(
    value: NDArray[np.float64], weights: NDArray[np.float64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Take unit and group × period means, weighted by (N, K) weights, out of a variable by alternating projections."""
    out = value.copy()
    for code in np.unique(groups):
        rows = groups == code
        w = weights[rows]
        part = out[rows]
        for _ in range(10_000):
            part = part - (np.sum(w * part, axis=1) / np.maximum(w.sum(axis=1), np.finfo(float).tiny))[:, None]
            shift = np.sum(w * part, axis=0) / np.maximum(w.sum(axis=0), np.finfo(float).tiny)
            part = part - shift
            if np.abs(shift).max() < 1e-13:  # noqa: PLR2004 -- absolute: the variable lies in 0..1
                break
        out[rows] = part
    return out


def _is_product(values: NDArray[np.float64]) -> bool:
    if np.any(values <= 0):
        return False
    product = np.outer(values.sum(axis=1), values.sum(axis=0)) / values.sum()
    return bool(np.allclose(values, product, rtol=_SEPARABLE, atol=0))


def _without_empty_units(sample: Sample, outcome: str) -> tuple[Sample, tuple[tuple[str, str], ...]]:
    """Units without a single event say nothing about a ratio: the likelihood drops them, and so it is said."""
    empty = np.nansum(sample.y, axis=1) == 0
    if not empty.any():
        return sample, ()
    if empty[sample.treated].all():
        msg = f"{outcome}: the treated units have no events at all, so no ratio exists; use longer periods or another outcome"
        raise DesignError(msg)
    return sample, tuple((unit, "no events in any period: says nothing about a ratio") for unit in np.array(sample.units)[empty])
