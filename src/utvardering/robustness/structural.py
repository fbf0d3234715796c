"""One series: does another account of its past, and a series that the measure cannot touch, give the same answer?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate, Job
from utvardering.estimators.estimate import planned_job
from utvardering.estimators.interrupted import interrupted, one_series, seasons
from utvardering.estimators.registry import ESTIMATORS
from utvardering.inference.randomization import INNER
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered
from utvardering.robustness.state_space import Forecast, forecast
from utvardering.study.model import Outcome

CHECK = "structural"
Floats = NDArray[np.float64]


def structural(doubt: Doubt) -> Iterator[RobustnessRow]:
    """A forecast from the past alone, one that follows the negative controls too, and the course against each control.

    Passes where the interval overlaps the planned one and, where the planned one excludes no effect, the estimate has its
    sign; nothing for studies with a comparison.
    """
    if not doubt.panel.one_series:
        return
    yield _tried(doubt, "alone", ())
    controls = tuple(_companions(doubt))
    if controls:
        yield _tried(doubt, "controls", controls)
    for control in controls:
        yield _against(doubt, control)


def _companions(doubt: Doubt) -> Iterator[Outcome]:
    """Negative controls with the periods of the primary outcome."""
    grid = doubt.panel.grids[doubt.outcome.id]
    for outcome in doubt.study.outcomes:
        other = doubt.panel.grids.get(outcome.id)
        if outcome.role == "negative_control" and other is not None and other.calendar == grid.calendar:
            yield outcome


def _job(doubt: Doubt, outcome: Outcome) -> Job:
    return planned_job(doubt.study, doubt.panel, ESTIMATORS["interrupted"], outcome)


def _tried(doubt: Doubt, variant: str, controls: tuple[Outcome, ...]) -> RobustnessRow:
    job = _job(doubt, doubt.outcome)
    try:
        found = _forecast(doubt, job, controls)
    except DesignError as fault:
        return unanswered(doubt, CHECK, variant, DesignError(f"{doubt.outcome.id}: {fault.message}"))
    level = doubt.estimation.level
    ends = [found.limit((1 + side * width) / 2) for width in (level, INNER) for side in (-1, 1)]
    estimate = Estimate(
        estimand="att",
        scale=doubt.planned.scale,
        estimate=found.effect,
        std_error=float("nan"),
        ci_low=ends[0],
        ci_high=ends[1],
        inner_low=ends[2],
        inner_high=ends[3],
        p_value=found.tail,
        inference="analytic",
    )
    return _row(doubt, variant, job.sample, estimate, controls=", ".join(one.title for one in controls))


def _forecast(doubt: Doubt, job: Job, controls: tuple[Outcome, ...]) -> Forecast:
    values, start = _on_scale(job)
    season = seasons(job.sample.grid.calendar, np.array(job.sample.grid.periods), int(np.isfinite(values[:start]).sum()))
    others = [_on_scale(_job(doubt, control), len(values))[0] for control in controls]
    if any(np.isnan(other).any() for other in others):
        msg = "a control series has periods without a value, so it cannot be followed"
        raise DesignError(msg)
    return forecast(values, np.column_stack([season, *others]), start, doubt.estimation.level)


def _on_scale(job: Job, length: int = 0) -> tuple[Floats, int]:
    """(T,) the series on the scale of the planned estimate, counts as logarithms of their rate; and where it starts."""
    series = one_series(job.sample, job)
    if length and len(series.values) != length:
        msg = f"{job.outcome.id}: has other periods than the primary outcome"
        raise DesignError(msg)
    if not series.counts:
        return series.values, series.start
    if empty := int(np.sum(series.values <= 0)):
        msg = f"{job.outcome.id}: {empty} periods without events have no logarithm; use longer periods"
        raise DesignError(msg)
    return np.log(series.values) - series.offset, series.start


def _against(doubt: Doubt, control: Outcome) -> RobustnessRow:
    """The planned model on the difference between the series and a control: a comparative interrupted time series."""
    variant, job = f"against={control.id}", _job(doubt, doubt.outcome)
    try:
        found = _difference(doubt, job, control)
    except DesignError as fault:
        return unanswered(doubt, CHECK, variant, fault)
    return _row(doubt, "against", job.sample, replace(found, scale=doubt.planned.scale), variant, control=control.title)


def _difference(doubt: Doubt, job: Job, control: Outcome) -> Estimate:
    own, _ = _on_scale(job)
    other, _ = _on_scale(_job(doubt, control), len(own))
    if doubt.outcome.kind != control.kind:
        msg = f"{control.id}: is a {control.kind} and the primary outcome a {doubt.outcome.kind}: they have no common scale"
        raise DesignError(msg)
    plain = doubt.outcome.model_copy(update={"kind": "mean", "transform": "none", "exposure": ""})
    grid = replace(job.sample.grid, y=(own - other)[None, :], exposure=None)
    return interrupted(replace(job, sample=replace(job.sample, grid=grid), outcome=plain)).estimates[0]


def _row(doubt: Doubt, kind: str, sample: Sample, found: Estimate, variant: str = "", /, **facts: str) -> RobustnessRow:
    planned = doubt.planned
    overlaps = found.ci_low <= planned.ci_high and found.ci_high >= planned.ci_low
    sure = planned.ci_low > 0 or planned.ci_high < 0
    alike = overlaps and (not sure or found.estimate * planned.estimate > 0)
    row = doubt.row(f"{CHECK}_{kind}", variant or kind, sample, found, "pass" if alike else "fail", **facts)
    return replace(row, check=CHECK)
