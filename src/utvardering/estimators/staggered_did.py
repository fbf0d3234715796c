"""Difference in differences where starts differ: what was the effect on each cohort in each period, and on the whole?

ATT(g, t) compares the change of those who began in period g with the change of units that never begin, or that have not begun
yet, over the same periods; no unit under the measure is ever a comparison (Callaway & Sant'Anna 2021). The means over cohorts
and periods are `att` (every treated unit and period alike), `att_dynamic` (over periods from the start), `att_group` (over
cohorts) and `att_calendar` (over calendar periods).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.aggregation import OVERALL, Aggregates, aggregate, influence
from utvardering.estimators.base import (
    RANDOMIZED,
    Estimate,
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
from utvardering.estimators.doubly_robust import NoOverlapError
from utvardering.estimators.effects import effect_size
from utvardering.estimators.group_time import Cohorts, GroupTime, Material, base_period, group_time
from utvardering.estimators.period_effects import clustered_events, placebo_events
from utvardering.estimators.staggered_placebo import Statistics, by_refits, by_table, cohort_mass, has_effects, unit_weight
from utvardering.inference.cluster import cluster_test
from utvardering.inference.multiplier import cluster_sums, largest_deviation
from utvardering.inference.reassignment import reassign


@dataclass(frozen=True)
class Fit:
    """The sample that was used, on what scale, and all that was found on it."""

    sample: Sample
    values: NDArray[np.float64]
    scale: str
    material: Material
    cohorts: Cohorts
    found: GroupTime
    means: Aggregates
    note: str


def staggered_did(job: Job) -> Result:
    """Estimate ATT(g, t) and its means.

    Units under the measure from the first period on are left out. Raises DesignError where nobody is left to compare with,
    a cohort has no value before its start, or covariates leave no comparison.
    """
    always = _always(job.sample)
    if always.all() or not (job.sample.treated & ~always).any():
        always[:] = False  # `require_periods` says what is wrong
    used = _without_unseen_periods(job.sample.only(~always) if always.any() else job.sample)
    fit = _fit(job, used, _left_out(np.array(job.sample.units)[always].tolist()))
    rows: list[Estimate] = []
    events: list[EventEffect] = []
    for inference in job.inferences:
        found, per_period = _randomized(job, fit, inference) if inference in RANDOMIZED else _clustered(job, fit)
        rows += found
        events += per_period
    silent = set(np.array(job.sample.units)[always].tolist())
    silent |= set(np.array(used.units)[~fit.found.used.any(axis=1)].tolist())
    names = tuple(unit for unit in job.sample.units if unit in silent)
    return Result(tuple(rows), int(fit.found.used.sum()), tuple(events), silent=names)


def _fit(job: Job, sample: Sample, note: str) -> Fit:
    not_yet = job.estimation.comparison_group == "not_yet"
    require_periods(sample, job.outcome, alone=not_yet)
    _require_whole(sample, job)
    values, scale = additive_values(sample, job.outcome)
    cohorts = _cohorts(sample)
    if base_period(cohorts, sample.anticipation).min() < 0:
        msg = f"{job.outcome.id}: a treated unit has no period before its start; move [period] first, or the start"
        raise DesignError(msg)
    material = _material(job, sample, values, not_yet=not_yet)
    try:
        found = group_time(material, cohorts)
    except NoOverlapError as fault:
        msg = f"{job.outcome.id}: {fault}"
        raise DesignError(msg) from fault
    _require_effects(job, sample, cohorts, found)
    wanted = OVERALL if job.intervals else OVERALL[:1]
    means = aggregate(found, cohorts, cohort_mass(material, cohorts), wanted)
    lost = [t for g, t in found.lost if t >= cohorts.first[g]]
    if lost:
        labels = sample.grid.labels
        span = labels[min(lost)] if min(lost) == max(lost) else f"{labels[min(lost)]} to {labels[max(lost)]}"
        note = "; ".join(part for part in (note, f"{span}: effects with no comparison left are not counted") if part)
    return Fit(sample, values, scale, material, cohorts, found, means, note)


def _always(sample: Sample) -> NDArray[np.bool_]:
    """(N,) whether a unit was under the measure from the first period on."""
    return sample.treated & (sample.start <= 0)


def _left_out(names: list[str]) -> str:
    return f"under the measure from the first period on and left out: {', '.join(names)}" if names else ""


def _without_unseen_periods(sample: Sample) -> Sample:
    """Without the periods that no treated unit has a value in, where all start at once: they take part in no effect."""
    start = sample.common_start
    seen: NDArray[np.bool_] = np.any(np.isfinite(sample.y[sample.treated]), axis=0)
    if start is None or seen.all() or not seen.any():
        return sample
    return replace(sample, grid=take_periods(sample.grid, seen, shift=int((~seen[:start]).sum())))


def _require_whole(sample: Sample, job: Job) -> None:
    """Refuse shares of a period: an effect of a part of a period is another number than one of a whole period."""
    share = sample.grid.treatment[np.isfinite(sample.y)]
    if np.any((share > 0) & (share < 1)):
        msg = (
            f"{job.outcome.id}: staggered_did knows a period as under the measure or not, and some are so in part; "
            'write partial_first = "drop", or estimator = "did"'
        )
        raise DesignError(msg)


def _cohorts(sample: Sample) -> Cohorts:
    """Units with the same first period under the measure, and the same period in which it began."""
    exposed = sample.grid.treatment > 0
    began = np.where(exposed.any(axis=1), np.minimum(exposed.argmax(axis=1), sample.start), sample.start)
    kinds, code = np.unique(np.column_stack([sample.start, began])[sample.treated], axis=0, return_inverse=True)
    codes = np.full(len(sample.start), -1, dtype=np.intp)
    codes[sample.treated] = code.ravel()
    return Cohorts(codes, kinds[:, 0], kinds[:, 1])


def _material(job: Job, sample: Sample, values: NDArray[np.float64], *, not_yet: bool) -> Material:
    names = job.estimation.covariates
    weights = sample.grid.weights
    if weights is not None:
        weights = _filled(weights)
        weights = None if np.ptp(weights) == 0 else weights
    return Material(
        values=values,
        not_yet=not_yet,
        anticipation=sample.anticipation,
        weights=weights,
        covariates=np.stack([sample.grid.covariates[name] for name in names], axis=2) if names else None,
        groups=sample.groups,
    )


def _filled(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights with the last known one where there is none, or the first known one before it: a missing cell has none."""
    known = np.isfinite(weights)
    place = np.where(known, np.arange(weights.shape[1]), -1)
    last = np.maximum.accumulate(place, axis=1)
    last = np.where(last < 0, known.argmax(axis=1)[:, None], last)
    return np.take_along_axis(weights, last, axis=1)


def _require_effects(job: Job, sample: Sample, cohorts: Cohorts, found: GroupTime) -> None:
    if has_effects(found, cohorts):
        base = base_period(cohorts, sample.anticipation)
        for g in np.setdiff1d(np.arange(len(cohorts.first)), np.append(found.cohort, [pair[0] for pair in found.lost])):
            msg = (
                f"{job.outcome.id}: those who began in {sample.grid.labels[cohorts.first[g]]} have no value in "
                f"{sample.grid.labels[base[g]]}, the last period before; fill it in or move [period] anticipation"
            )
            raise DesignError(msg)
        return
    if any(t >= cohorts.first[g] for g, t in found.lost):
        msg = (
            f"{job.outcome.id}: no comparison is left in any period from a start on; name units in [comparison] that never get "
            'the measure, or write comparison_group = "not_yet" where starts differ'
        )
    else:
        msg = f"{job.outcome.id}: no treated unit has values both before and after its start; fill them in"
    raise DesignError(msg)


def _finished(job: Job, fit: Fit, row: Estimate) -> Estimate:
    """With what the estimate means in percent and units on the cells that it was found on."""
    lost = np.zeros(fit.sample.y.shape, dtype=bool)
    for g, t in (*fit.found.lost, *fit.found.unseen):
        lost[fit.cohorts.code == g, t] = True
    y = np.where(lost, np.nan, fit.sample.y)
    seen = replace(fit.sample, grid=replace(fit.sample.grid, y=y))
    return replace(row, size=effect_size(seen, job.outcome, row.estimate, row.scale))


def _clustered(job: Job, fit: Fit) -> tuple[list[Estimate], list[EventEffect]]:
    """Standard errors from influence functions, summed within clusters, without a small-sample factor as R's did; t(G − 1)."""
    means, level = fit.means, job.estimation.level
    scores = influence(fit.found, fit.cohorts, means, fit.values, unit_weight(fit.material, fit.cohorts))
    summed = cluster_sums(scores, fit.sample.cluster)
    count = len(summed)
    if count == 1:
        msg = f"{job.outcome.id}: no clustered standard error: all units lie in one cluster"
        raise DesignError(msg)
    rows = []
    for name in dict.fromkeys(means.estimand):
        k = means.overall(name)
        test = cluster_test(float(means.effects[k]), float(np.sum(summed[:, k] ** 2)), count, level)
        row = from_cluster(test, estimand=name, scale=fit.scale, estimate=float(means.effects[k]), note=fit.note)
        rows.append(_finished(job, fit, row))
    if not (places := means.places("att_dynamic")):
        return rows, []
    pointwise = float(stats.t.ppf((1 + level) / 2, count - 1))
    events = clustered_events(
        _ages(means, places),
        means.effects[places],
        summed[:, places].T @ summed[:, places],
        count,
        scale=fit.scale,
        level=level,
        rng=job.rng(),
        critical=max(largest_deviation(summed[:, places], level, job.rng()), pointwise),
    )
    return rows, events


def _randomized(job: Job, fit: Fit, inference: str) -> tuple[list[Estimate], list[EventEffect]]:
    means, level = fit.means, job.estimation.level
    found = _statistics(job, fit)
    places = means.places("att_dynamic")
    before = [k for k in places if (means.key[k] or 0) < 0]
    rows = []
    for name in dict.fromkeys(means.estimand):
        k, notes = means.overall(name), [fit.note]
        if name == "att_dynamic" and before:
            p = found.joint_p(before)
            notes.append(f"joint placebo test of the {len(before)} effects before the start: p = {p:.3f}")
        note = "; ".join(part for part in notes if part)
        test, estimate = found.test(k, level), float(means.effects[k])
        row = from_placebo(test, job, estimand=name, scale=fit.scale, estimate=estimate, note=note)
        # without an effect in some of them the re-assignments are not those of other outcomes
        rows.append(_finished(job, fit, row if found.whole else replace(row, statistics=None)))
    if not places:
        return rows, []
    tests = [found.test(k, level) for k in places]
    reach = found.reach(places, level)
    ages, effects = _ages(means, places), means.effects[places]
    return rows, placebo_events(ages, effects, tests, scale=fit.scale, inference=inference, level=level, reach=reach)


def _ages(means: Aggregates, places: list[int]) -> NDArray[np.int64]:
    """Periods from the start of some means."""
    return np.array([means.key[k] for k in places], dtype=np.int64)


def _statistics(job: Job, fit: Fit) -> Statistics:
    noise = unit_noise(fit.sample, fit.values)
    code, strata = fit.cohorts.code, fit.sample.strata
    parts = (fit.material, fit.cohorts, fit.found, fit.means, noise)
    if fit.material.plain:
        return by_table(*parts, reassign(code, job.rng(), strata=strata, draws=job.draws))
    return by_refits(*parts, reassign(code, job.rng(), strata=strata, draws=job.refits, enumerate_up_to=job.refits))
