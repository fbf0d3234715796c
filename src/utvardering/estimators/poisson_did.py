"""Poisson pseudo-likelihood with unit and period effects: by what factor did the treated change more than the comparison?

E[y_it] = exposure_it · exp(α_i + λ_t + τ D_it). With a balanced panel, one common start and an exposure that is a product of
unit and period, τ is the log cross-product ratio of four totals, ln[(A₁/A₀) ÷ (C₁/C₀)]: the relative effect size of
criminology is exp(−τ). The panel is then folded to two columns, before and after, without changing the answer. Counts are
overdispersed, so the Poisson variance is never used: inference is by placebo scores or cluster-robust.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

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
from utvardering.estimators.count_scores import FAR, CountTable, ScoreFit, Statistics, count_table, placebo_statistics
from utvardering.inference.cluster import cluster_covariance, cluster_test
from utvardering.inference.noise import count_dispersion, seen_mean
from utvardering.inference.randomization import BROKEN, INNER, PlaceboTest, p_value, with_zero
from utvardering.inference.reassignment import Reassignments, reassign

_FINE = 2e-5  # of a standard error, to which a limit is found: p-values are step functions
_SHORT = 1e-8  # log points: the least step, where counts without noise leave no standard error
_GRID = 8  # standard errors searched for parts of the interval beyond a gap


def poisson_did(job: Job) -> Result:
    """Estimate the log ratio of the treated units' counts to what they would have been.

    Units without a single event say nothing about a ratio: they are left out of fit, variance and re-assignments, and named.
    Raises DesignError where a total of the four is zero (the ratio is then 0 or infinite) or covariates are asked for.
    """
    require_periods(job.sample, job.outcome)
    if job.estimation.covariates:
        msg = f"{job.outcome.id}: poisson_did takes no covariates; use did with a log or give them as exposure"
        raise DesignError(msg)
    whole = without_anticipation(job.sample)
    silent = np.nansum(whole.y, axis=1) == 0
    sample = whole.only(~silent)
    if silent[whole.treated].all() or silent[~whole.treated].all():
        which = "treated" if silent[whole.treated].all() else "comparison"
        msg = f"{job.outcome.id}: the {which} units have no events at all, so no ratio exists; take another outcome"
        raise DesignError(msg)
    table = count_table(sample)
    refuse_separation(table, job.outcome.id)
    fitter = ScoreFit(table)
    if np.abs(_weighted_within(table.treatment, table.exposure, table.groups)).max() < 1e-9:  # noqa: PLR2004 -- rounding
        msg = f"{job.outcome.id}: treatment does not differ between units within periods, so no effect can be told apart"
        raise DesignError(msg)
    estimate = fitter.estimate()
    n_obs = int(np.isfinite(sample.y).sum())
    rows = []
    for inference in job.inferences:
        if inference in RANDOMIZED:
            draws = reassign(profiles(table.treatment)[0], job.rng(), strata=sample.strata, draws=job.draws)
            statistics = placebo_statistics(fitter, dispersion(sample), draws)
            test = placebo_test(statistics, draws, estimate, job.estimation.level, intervals=job.intervals)
            rows.append(from_placebo(test, job, estimand="att", scale="log_ratio", estimate=estimate))
        else:
            variance = _cluster_variance(sample, fitter, estimate, n_obs)
            clusters = len(np.unique(sample.cluster))
            cluster = cluster_test(estimate, variance, clusters, job.estimation.level)
            rows.append(from_cluster(cluster, estimand="att", scale="log_ratio", estimate=estimate))
    return Result(tuple(rows), n_obs, silent=tuple(np.array(whole.units)[silent].tolist()))


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
        among = " and ".join(empty)
        msg = f"{outcome}: no events at all among {among}, so no ratio exists; use longer periods or another outcome"
        raise DesignError(msg)


def dispersion(sample: Sample) -> tuple[float, float]:
    """(φ, ψ) of `count_dispersion` from the periods before the first start, in blocks as long as the follow-up allows."""
    first = max(int(sample.start[sample.treated].min()), 1)
    past = sample.y[:, :first]
    if sample.grid.exposure is not None:
        level = seen_mean(sample.grid.exposure, 1)
        past = past * level / sample.grid.exposure[:, :first]
    return count_dispersion(past, max(min(sample.n_periods_after, first // 2), 1))


def placebo_test(
    statistics: Statistics, draws: Reassignments, estimate: float, level: float, *, intervals: bool = True
) -> PlaceboTest:
    """Score test of no effect over the re-assignments, and the hulls of the effects that are not rejected.

    intervals: False leaves the limits NaN, which take a hundred times as long as the test.
    """
    at_zero, at_estimate = statistics(0.0), statistics(estimate)
    step = 1e-4  # log points, for the slope of a smooth function
    slope = (statistics(estimate - step)[0] - statistics(estimate + step)[0]) / (2 * step)
    std_error = float(np.sqrt(np.mean(at_estimate[1:] ** 2)) / slope) if len(at_estimate) > 1 else float("nan")
    if not intervals:
        no = float("nan")
        return PlaceboTest(p_value(at_zero), no, no, no, no, std_error, draws.p_smallest, at_zero)
    seen: dict[float, float] = {}

    def p_at(effect: float) -> float:
        if effect not in seen:
            seen[effect] = p_value(statistics(effect))
        return seen[effect]

    reach = max(std_error if np.isfinite(std_error) else 1 / slope, _SHORT)
    limits = [_limit(p_at, alpha, estimate, side) for alpha in (1 - level, 1 - INNER) for side in (-reach, reach)]
    (low, gap_low), (high, gap_high), (inner_low, _), (inner_high, _) = limits
    note = BROKEN if gap_low or gap_high else ""
    p = p_value(at_zero)
    low, high = with_zero(low, high, p, 1 - level)
    inner_low, inner_high = with_zero(inner_low, inner_high, p, 1 - INNER)
    return PlaceboTest(p, low, high, inner_low, inner_high, std_error, draws.p_smallest, at_zero, note)


def _limit(p_at: Callable[[float], float], alpha: float, estimate: float, step: float) -> tuple[float, bool]:
    """Outermost effect on one side whose p-value exceeds alpha, and whether rejected ones lie before it."""

    def held(effect: float) -> bool:
        return p_at(effect) > alpha * (1 + 1e-9)  # a p-value equal to alpha rejects

    reached = [k for k in range(1, _GRID + 1) if held(estimate + k * step)]
    last = max(reached, default=0)
    gap = last > len(reached)
    inside, outside = estimate + last * step, estimate + (last + 1) * step
    while last == _GRID and held(outside):
        if abs(outside - estimate) >= FAR:
            return float(np.copysign(np.inf, step)), gap
        further = min(3 * abs(outside - estimate), FAR)
        inside, outside = outside, estimate + float(np.copysign(further, step))
    while abs(outside - inside) > _FINE * abs(step):
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if held(middle) else (inside, middle)
    return inside, gap


def _cluster_variance(sample: Sample, fitter: ScoreFit, estimate: float, n_obs: int) -> float:
    """Cluster-robust variance of the pseudo-likelihood: scores of the treatment with its effects taken out."""
    table = fitter.table
    means = fitter.means(estimate)
    residual_treatment = _weighted_within(table.treatment, means, table.groups)
    information = np.sum(means * residual_treatment**2)
    influence = np.sum((table.y - means) * residual_treatment, axis=1)[:, None] / information
    n_parameters = 1 + len(np.unique(table.groups)) * sample.y.shape[1]
    return float(cluster_covariance(influence, sample.cluster, n_obs, n_parameters)[0, 0])


def _weighted_within(
    value: NDArray[np.float64], weights: NDArray[np.float64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Take unit and group × period means, weighted by (N, K) weights, out of a variable by alternating projections."""
    out = value.copy()
    tiny = np.finfo(float).tiny
    for code in np.unique(groups):
        rows = groups == code
        w, part = weights[rows], out[rows]
        by_unit, by_period = np.maximum(w.sum(axis=1), tiny)[:, None], np.maximum(w.sum(axis=0), tiny)
        for _ in range(10_000):
            part = part - np.sum(w * part, axis=1, keepdims=True) / by_unit
            shift = np.sum(w * part, axis=0) / by_period
            part = part - shift
            if np.abs(shift).max() < 1e-13:  # noqa: PLR2004 -- absolute: the variable lies in 0..1
                break
        out[rows] = part
    return out
