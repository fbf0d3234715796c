"""Sun & Abraham (2021): effects of each cohort in each period, against those that never start, then averaged.

y_it = α_i + λ_t + Σ_c Σ_{k≠r} δ_ck 1(start_i = c) 1(t − c = k) + ε_it with reference r = −1 (−1 − a with anticipation a). The
effect is the mean of δ over the cells under the measure, the effect in period k their mean over the cohorts seen then: no
effect of another cohort or period enters. Without units that never start the last cohort stands for them, until it starts.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Job, Result, take_periods
from utvardering.estimators.cell_weights import Array, Cells, mean_over
from utvardering.estimators.saturated import Saturated
from utvardering.estimators.weighted_cells import Plan, estimate_by_weights

NOTE_LAST = "the last to start are the comparison, until they start"


def sun_abraham(job: Job) -> Result:
    """Estimate the mean effect on the treated cells, and the effect in each period from the start.

    Raises DesignError where a cohort has no value in its reference period, or a period none of a unit that never starts.
    """
    sample = job.sample
    if not sample.treated.all():
        return estimate_by_weights(job, sample, plan_sun_abraham)
    found = estimate_by_weights(job, against_last(job, sample), plan_sun_abraham)
    rows = tuple(replace(row, note="; ".join(part for part in (NOTE_LAST, row.note) if part)) for row in found.estimates)
    return replace(found, estimates=rows)


def against_last(job: Job, sample: Sample) -> Sample:
    """The sample before the last start, in which the last to start are the comparison (Sun & Abraham 2021, section 4.2)."""
    if job.estimation.comparison_group != "not_yet":
        msg = f'{job.outcome.id}: no comparison unit is left; write comparison_group = "not_yet" or name units in [comparison]'
        raise DesignError(msg)
    if sample.common_start is not None:
        msg = f"{job.outcome.id}: all units start at once, so no comparison is left; name units in [comparison]"
        raise DesignError(msg)
    last = int(sample.start.max())
    keep = np.arange(sample.y.shape[1]) < last - sample.anticipation
    grid = take_periods(sample.grid, keep, shift=0)
    return replace(sample, grid=replace(grid, start=np.where(sample.start == last, NEVER, sample.start)))


def plan_sun_abraham(cells: Cells, *, events: bool) -> Plan:
    """The effect, and with `events` the effect in each period from the start but the reference period."""
    since = cells.from_start
    seen = (cells.weights > 0) & (cells.start < NEVER)[:, None]
    own = seen & (cells.under | (since < 0)) & (since != -1 - cells.anticipation)
    periods = np.unique(since[own]) if events else np.empty(0, dtype=np.int64)
    model = cohort_model(cells)

    def weigh(one: Cells) -> Array:
        from_start = one.from_start
        targets = [mean_over(one.under, one, one.treatment)]
        targets += [mean_over((from_start == k) & (one.under | (from_start < 0)), one) for k in periods]
        target = np.array(targets)
        known = np.isfinite(target).all(axis=(1, 2))
        found = np.full_like(target, np.nan)
        found[known] = cohort_model(one).weights_of_cohorts(target[known])
        return found

    def residuals(values: Array) -> Array:
        filled = np.where(cells.weights > 0, values, 0.0)
        error = filled - model.fit(filled[None])[0]
        return np.repeat(error[None], len(periods) + 1, axis=0)

    return Plan(periods, cells.under, int((cells.weights > 0).sum()), weigh, residuals, model.n_parameters)


def cohort_model(cells: Cells) -> Saturated:
    """Unit effects, period effects, and one effect for each cohort and period but its reference period."""
    starts, cohort = np.unique(cells.start, return_inverse=True)
    position = np.arange(cells.weights.shape[1])
    dummies = (position != starts[:, None] - 1 - cells.anticipation) & (starts < NEVER)[:, None]
    return Saturated(cells.weights, cells.groups, cohort.astype(np.int64), dummies, cells.covariates)
