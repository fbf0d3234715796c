"""Effect per period from the start: was there a difference already before, and how does it grow after?

y_it = α_i + λ_t + Σ_{k≠r} β_k 1(t − start_i = k) + ε_it with reference r = −1 (−1−k with anticipation k). On a balanced panel
with a common start β_k is a difference of mean changes from the reference period, and its covariance follows from the units'
own changes, so that nothing has to be inverted. With staggered starts the regression is run as it stands, and mixes effects of
other periods into each β_k (Sun & Abraham 2021): the check `staggered` then stops it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.absorb import without_effects
from utvardering.estimators.base import (
    RANDOMIZED,
    EventEffect,
    Job,
    Result,
    additive_values,
    from_cluster,
    from_placebo,
    require_periods,
    take_periods,
)
from utvardering.estimators.did import unit_noise
from utvardering.estimators.period_effects import clustered_events, joint_note, placebo_events
from utvardering.inference.cluster import cluster_covariance, cluster_test
from utvardering.inference.randomization import LinearScores, PlaceboTest, linear_placebo_test
from utvardering.inference.reassignment import reassign

NOTE = "mean of the effects per period from the start, against a single reference period"


@dataclass(frozen=True)
class Path:
    """Effects of K periods from the start and what is needed to judge them.

    influence (N, K) of each unit on each effect; n_parameters as in `inference.cluster`; changes (N, K) of each unit from the
    reference period, None where starts are staggered or cells are missing.
    """

    periods: NDArray[np.int64]
    effects: NDArray[np.float64]
    influence: NDArray[np.float64]
    n_obs: int
    n_parameters: int
    changes: NDArray[np.float64] | None
    weight: NDArray[np.float64]


def event_study(job: Job) -> Result:
    """Estimate the effect in each period from the start, and its mean over the periods after (`att_dynamic`).

    Raises DesignError where the reference period is missing, or where a placebo test is planned with staggered starts.
    """
    require_periods(job.sample, job.outcome)
    sample = _without_unseen_periods(job.sample)
    values, scale = additive_values(sample, job.outcome)
    path = _path(sample, values, job)
    after = path.periods >= 0
    mean = float(path.effects[after].mean())
    estimates, events = [], []
    for inference in job.inferences:
        if inference in RANDOMIZED:
            if path.changes is None:
                continue
            test, rows, joint = _placebo(job, sample, values, path, scale, inference)
            note = "; ".join(part for part in (NOTE, joint) if part)
            estimates.append(from_placebo(test, job, estimand="att_dynamic", scale=scale, estimate=mean, note=note))
        else:
            covariance = cluster_covariance(path.influence, sample.cluster, path.n_obs, path.n_parameters)
            clusters = len(np.unique(sample.cluster))
            average = after / after.sum()
            test_c = cluster_test(mean, float(average @ covariance @ average), clusters, job.estimation.level)
            estimates.append(from_cluster(test_c, estimand="att_dynamic", scale=scale, estimate=mean, note=NOTE))
            rows = (
                clustered_events(
                    path.periods, path.effects, covariance, clusters, scale=scale, level=job.estimation.level, rng=job.rng()
                )
                if job.intervals
                else []
            )
        events.extend(rows)
    if not estimates:
        msg = (
            f"{job.outcome.id}: an event study has a placebo test only with one common start, no missing cell, no covariates, "
            'no period_effects_by and constant weights; write inference = "cluster", or estimator = "sun_abraham"'
        )
        raise DesignError(msg)
    return Result(tuple(estimates), path.n_obs, tuple(events))


def _without_unseen_periods(sample: Sample) -> Sample:
    """Without the periods in which no treated unit has a value, such as a dropped one in which the measure began midway."""
    start = sample.common_start
    seen: NDArray[np.bool_] = np.any(np.isfinite(sample.y[sample.treated]), axis=0)
    if start is None or seen.all():
        return sample
    return replace(sample, grid=take_periods(sample.grid, seen, shift=int((~seen[:start]).sum())))


def _path(sample: Sample, values: NDArray[np.float64], job: Job) -> Path:
    reference = -1 - sample.anticipation
    weight = np.ones(len(values)) if sample.grid.weights is None else sample.grid.weights[:, 0]
    constant = sample.grid.weights is None or np.ptp(sample.grid.weights, axis=1).max() == 0
    plain = not np.isnan(values).any() and sample.groups is None and not job.estimation.covariates and constant
    if sample.common_start is not None and plain:
        return _closed_path(sample, values, weight, reference)
    return _regression_path(sample, values, job, reference)


def _closed_path(sample: Sample, values: NDArray[np.float64], weight: NDArray[np.float64], reference: int) -> Path:
    start = sample.common_start or 0
    if start + reference < 0:
        msg = f"the reference period {reference} lies before the first period; lower [period] anticipation"
        raise DesignError(msg)
    n_periods = values.shape[1]
    keep = np.arange(n_periods) != start + reference
    changes = (values - values[:, [start + reference]])[:, keep]
    influence = np.empty_like(changes)
    effects = np.zeros(changes.shape[1])
    for group, sign in ((sample.treated, 1.0), (~sample.treated, -1.0)):
        share = (weight[group] / weight[group].sum())[:, None]
        mean = (share * changes[group]).sum(axis=0)
        effects += sign * mean
        influence[group] = sign * share * (changes[group] - mean)
    n_parameters = 2 * (n_periods - 1) + 1
    return Path(np.arange(n_periods)[keep] - start, effects, influence, values.size, n_parameters, changes, weight)


def _regression_path(sample: Sample, values: NDArray[np.float64], job: Job, reference: int) -> Path:
    covariates = [sample.grid.covariates[name] for name in job.estimation.covariates]
    missing = np.any([np.isnan(value) for value in (values, *covariates)], axis=0)
    unit, period = np.nonzero(~missing)
    weights = np.ones_like(values) if sample.grid.weights is None else sample.grid.weights
    groups = np.zeros(len(values), dtype=np.int64) if sample.groups is None else sample.groups
    treated = sample.treated[unit]
    from_start = np.where(treated, period - np.where(treated, sample.start[unit], 0), NEVER)
    periods = np.array([k for k in np.unique(from_start[treated]) if k != reference])
    if reference not in from_start:
        msg = f"no treated unit has a value in the reference period {reference} from its start"
        raise DesignError(msg)
    dummies = (from_start[:, None] == periods).astype(float)
    exog = np.column_stack([dummies, *(value[unit, period] for value in covariates)])
    dependent, exog = without_effects(
        values[unit, period],
        np.column_stack([dummies, *(value[unit, period] for value in covariates)]),
        unit,
        groups[unit] * values.shape[1] + period,
        weights[unit, period],
    )
    weight = weights[unit, period][:, None]
    cross = (exog * weight).T @ exog
    if np.linalg.matrix_rank(cross) < len(cross):
        msg = "some periods from the start cannot be told apart from unit and period effects; shorten [period]"
        raise DesignError(msg)
    bread = np.linalg.inv(cross)
    effects = bread @ (exog * weight).T @ dependent
    scores = np.zeros((len(values), len(cross)))
    np.add.at(scores, unit, exog * weight * (dependent - exog @ effects)[:, None])
    count = len(periods)
    n_parameters = len(cross) + len(np.unique(groups[unit] * values.shape[1] + period))
    mean_weight = weights.mean(axis=1)
    return Path(periods, effects[:count], (scores @ bread)[:, :count], len(unit), n_parameters, None, mean_weight)


def _placebo(
    job: Job, sample: Sample, values: NDArray[np.float64], path: Path, scale: str, inference: str
) -> tuple[PlaceboTest, list[EventEffect], str]:
    if path.changes is None:
        raise AssertionError
    draws = reassign(np.where(sample.treated, 0, -1).astype(np.intp), job.rng(), strata=sample.strata, draws=job.draws)
    noise = unit_noise(sample, values)
    after = path.periods >= 0

    def test(change: NDArray[np.float64]) -> PlaceboTest:
        return linear_placebo_test(_change_scores(sample, path.weight, change, noise), draws, job.estimation.level)

    mean = test(path.changes[:, after].mean(axis=1))
    if not job.intervals:
        return mean, [], ""
    tests = [test(change) for change in path.changes.T]
    rows = placebo_events(path.periods, path.effects, tests, scale=scale, inference=inference, level=job.estimation.level)
    return mean, rows, joint_note(path.periods, tests)


def _change_scores(
    sample: Sample, weight: NDArray[np.float64], change: NDArray[np.float64], noise: NDArray[np.float64]
) -> LinearScores:
    mass = weight / weight.sum()
    treated = sample.treated.astype(float)
    return LinearScores(
        score=(weight * (change - mass @ change))[:, None],
        slope=(weight * (treated - mass @ treated))[:, None],
        spread=(weight**2 * noise)[:, None],
        mass=mass,
    )
