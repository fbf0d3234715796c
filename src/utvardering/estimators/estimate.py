"""What was the effect? The planned estimator and those beside it, on every outcome: `estimates.csv` and `event_study.csv`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace

import numpy as np
import pandas as pd

from utvardering.data.panel import LeftOut, Panel, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, Estimate, EventEffect, Job, Result
from utvardering.estimators.comparable import OF_PLACEBOS, without_comparable
from utvardering.estimators.effects import effect_size
from utvardering.estimators.registry import ESTIMATORS, Method, planned_method
from utvardering.inference.multiplicity import holm, westfall_young
from utvardering.study.model import Estimation, Outcome, Study
from utvardering.wording import say

FEW_TREATED = 30
"""Below so many treated units a clustered interval never stands alone."""


@dataclass(frozen=True)
class EstimateRow:
    """A row of `estimates.csv`; columns as in docs/outputs.md. `joint` is not written: it serves tests over outcomes."""

    study: str
    outcome: str
    role: str
    aim: str
    estimator: str
    planned: bool
    estimand: str
    scale: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    level: float
    p_value: float
    inference: str
    weights: str
    p_adjusted: float
    p_smallest: float
    effect_percent: float
    effect_percent_low: float
    effect_percent_high: float
    effect_units: float
    effect_units_low: float
    effect_units_high: float
    n_treated: int
    n_comparison: int
    n_periods_before: int
    n_periods_after: int
    n_obs: int
    interpretable: bool
    note: str
    ci_low_90: float
    ci_high_90: float
    effect_percent_low_90: float
    effect_percent_high_90: float
    joint: tuple[bytes, np.ndarray] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class EventRow:
    """A row of `event_study.csv`."""

    study: str
    outcome: str
    estimator: str
    estimand: str
    scale: str
    inference: str
    weights: str
    period_from_start: int
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    band_low: float
    band_high: float
    level: float


@dataclass(frozen=True)
class WeightRow:
    """A row of `weights.csv`."""

    study: str
    outcome: str
    estimator: str
    unit: str
    weight: float


@dataclass(frozen=True)
class Estimates:
    """Every estimate of a study, the effects per period, and what could not be estimated or used, and why."""

    rows: tuple[EstimateRow, ...]
    events: tuple[EventRow, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    weights: tuple[WeightRow, ...] = ()

    def planned(self, outcome: str) -> EstimateRow | None:
        """The one planned row of an outcome, None where it could not be computed."""
        return next((row for row in self.rows if row.outcome == outcome and row.planned), None)

    def to_frame(self) -> pd.DataFrame:
        """A row per outcome × estimator × estimand × inference × weights."""
        columns = [name for name in EstimateRow.__dataclass_fields__ if name != "joint"]
        rows = [{name: getattr(row, name) for name in columns} for row in self.rows]
        return pd.DataFrame(rows, columns=columns)

    def events_frame(self) -> pd.DataFrame:
        """A row per outcome × estimator × inference × period from the start."""
        return pd.DataFrame([asdict(row) for row in self.events], columns=list(EventRow.__dataclass_fields__))

    def weights_frame(self) -> pd.DataFrame:
        """A row per outcome × estimator × comparison unit, for estimators that weight comparison units."""
        return pd.DataFrame([asdict(row) for row in self.weights], columns=list(WeightRow.__dataclass_fields__))


def estimate_effects(study: Study, panel: Panel, progress: Callable[[str], None] | None = None) -> Estimates:
    """Run the planned estimator and those beside it on every outcome.

    A method that cannot be used on an outcome is listed in `left_out` with its reason. Raises DesignError where no estimate
    at all can be computed.
    """
    estimation = _estimation(study)
    rows: list[EstimateRow] = []
    events: list[EventRow] = []
    left_out: list[LeftOut] = []
    weights: list[WeightRow] = []
    failures: list[str] = []
    language = study.report.language
    for outcome in study.outcomes:
        planned = planned_method(estimation.estimator, outcome)
        if planned.name != estimation.estimator:
            reason = say(language, "left_out", "needs_counts", planned=estimation.estimator, used=planned.name)
            left_out.append(LeftOut("", "", outcome.id, reason))
        for method, weighted in _runs(estimation, planned, outcome):
            if progress:
                progress(f"{outcome.id}: {method.name}")
            try:
                job = planned_job(study, panel, method, outcome, weighted=weighted)
                job = job if study.measure.assignment == "lottery" else _comparable(job)
                result, without = _run(method, job)
            except DesignError as fault:
                reason = say(language, "left_out", "method", method=method.name, reason=fault.message)
                left_out.append(LeftOut("", "", outcome.id, reason))
                failures.append(fault.message)
                continue
            left_out += _not_had(study, job, method, result, without, planned=method is planned)
            for estimate in result.estimates:
                is_planned = method is planned and weighted and _is_planned(method, estimate, job)
                rows.append(_row(study, job, method, estimate, result, planned=is_planned))
            events.extend(_event(study, job, method, event) for event in result.events)
            if weighted:
                weights += [WeightRow(study.id, outcome.id, method.name, one.unit, one.weight) for one in result.weights]
    if not rows:
        raise DesignError("; ".join(dict.fromkeys(failures)))
    return Estimates(tuple(_adjusted(rows)), tuple(events), tuple(left_out), tuple(weights))


def inferences(method: Method, estimation: Estimation, n_treated: int) -> tuple[str, ...]:
    """The planned inference (or the method's own where it has no such one), and the one that must stand beside it."""
    planned = estimation.inference if method.has(estimation.inference) else method.inferences[0]
    if planned in RANDOMIZED:
        return (planned, *method.inferences[1:2])
    beside = ("cluster",) if planned == "wild_bootstrap" else ()
    few = ("randomization",) if n_treated < FEW_TREATED and method.has("randomization") else ()
    return (planned, *beside, *few)


def _not_had(study: Study, job: Job, method: Method, result: Result, without: str, *, planned: bool) -> Iterator[LeftOut]:
    """Inferences that could not be had, and units that said nothing."""
    language, outcome = study.report.language, job.outcome.id
    if without:
        yield LeftOut("", "", outcome, say(language, "left_out", "beside", method=method.name, reason=without))
    if planned and not any(_is_planned(method, estimate, job) for estimate in result.estimates):
        reason = say(language, "left_out", "unplanned", method=method.name, inference=job.inferences[0])
        yield LeftOut("", "", outcome, reason)
    for unit in result.silent:
        yield LeftOut(unit, "", outcome, _why_silent(study, job, method, unit))


def _why_silent(study: Study, job: Job, method: Method, unit: str) -> str:
    row = job.sample.y[job.sample.units.index(unit)]
    key = "silent" if not np.nansum(row) > 0 else "silent_gap" if np.isnan(row).any() else "silent_alone"
    return say(study.report.language, "left_out", key, method=method.name)


def _run(method: Method, job: Job) -> tuple[Result, str]:
    """The method with every inference, or with the planned one alone and why the one beside it cannot be had."""
    try:
        return method.run(job), ""
    except DesignError as fault:
        if len(job.inferences) == 1:
            raise
        return method.run(replace(job, inferences=job.inferences[:1])), fault.message


def _is_planned(method: Method, estimate: Estimate, job: Job) -> bool:
    return estimate.estimand == method.estimand and estimate.inference == job.inferences[0]


def _comparable(job: Job) -> Job:
    """The job without a placebo test where a treated unit has no comparable one; refused where that is the planned one."""
    alone = without_comparable(job.sample, counts=job.outcome.kind == "count")
    if not alone or not any(name in OF_PLACEBOS for name in job.inferences):
        return job
    if job.inferences[0] in OF_PLACEBOS:
        raise DesignError(f"{job.outcome.id}: {alone[0].reason()}")  # noqa: TRY003, EM102 -- one sentence, written there
    return replace(job, inferences=tuple(name for name in job.inferences if name not in OF_PLACEBOS))


def planned_job(study: Study, panel: Panel, method: Method, outcome: Outcome, *, weighted: bool = True) -> Job:
    """What a method gets to see of a panel and of the plan; `weighted` False leaves the plan's weights out."""
    estimation = _estimation(study)

    def sample(name: str) -> Sample:
        found = panel.sample(name, alone=method.alone)
        return found if weighted else replace(found, grid=replace(found.grid, weights=None))

    one = sample(outcome.id)
    others, neighbours = [], None
    for other in study.outcomes:
        with suppress(DesignError):  # an outcome without values for these units is no companion
            others += [sample(other.id)] if other.id != outcome.id and other.id in panel.grids else []
    with suppress(DesignError):  # nor are there neighbours everywhere
        neighbours = panel.neighbour_sample(outcome.id)
    planned = inferences(method, estimation, int(one.treated.sum()))
    return Job(
        one,
        outcome,
        estimation,
        planned,
        others=tuple(others),
        neighbours=neighbours,
        causal_model=study.causal_model,
        language=study.report.language,
    )


def _estimation(study: Study) -> Estimation:
    if study.estimation is None:
        msg = f"{study.id}: the study plans no estimate ([estimation] is missing)"
        raise DesignError(msg)
    return study.estimation


def _runs(estimation: Estimation, planned: Method, outcome: Outcome) -> Iterator[tuple[Method, bool]]:
    """Methods to run, with or without the plan's weights: the planned one both ways."""
    yield planned, True
    if estimation.weights:
        yield planned, False
    for name in estimation.also:
        method = ESTIMATORS[name]
        if method is not planned and method.suits(outcome):
            yield method, True


def _row(study: Study, job: Job, method: Method, estimate: Estimate, result: Result, *, planned: bool) -> EstimateRow:
    sample = job.sample
    size = estimate.size or effect_size(sample, job.outcome, estimate.estimate, estimate.scale)
    value, low, high = estimate.unit_estimates or (estimate.estimate, estimate.ci_low, estimate.ci_high)
    return EstimateRow(
        study=study.id,
        outcome=job.outcome.id,
        role=job.outcome.role,
        aim=job.outcome.aim,
        estimator=method.name,
        planned=planned,
        estimand=estimate.estimand,
        scale=estimate.scale,
        estimate=float(estimate.estimate),
        std_error=float(estimate.std_error),
        ci_low=float(estimate.ci_low),
        ci_high=float(estimate.ci_high),
        level=job.estimation.level,
        p_value=float(estimate.p_value),
        inference=estimate.inference,
        weights=job.weight_name,
        p_adjusted=float("nan"),
        p_smallest=float(estimate.p_smallest),
        effect_percent=size.percent(estimate.estimate),
        effect_percent_low=size.percent(estimate.ci_low),
        effect_percent_high=size.percent(estimate.ci_high),
        effect_units=size.units(value),
        effect_units_low=size.units(low),
        effect_units_high=size.units(high),
        n_treated=int(sample.treated.sum()),
        n_comparison=0 if method.alone else int((~sample.treated).sum()),
        n_periods_before=sample.n_periods_before,
        n_periods_after=sample.n_periods_after,
        n_obs=result.n_obs,
        interpretable=True,
        note=estimate.note,
        ci_low_90=float(estimate.inner_low),
        ci_high_90=float(estimate.inner_high),
        effect_percent_low_90=size.percent(estimate.inner_low),
        effect_percent_high_90=size.percent(estimate.inner_high),
        joint=None if estimate.statistics is None else (_design(sample), estimate.statistics),
    )


def _design(sample: Sample) -> bytes:
    """Equal for outcomes whose re-assignments are the same draws: same units, starts, gaps and empty units."""
    y, first = sample.y, max(int(sample.start[sample.treated].min()), 1)
    parts = [np.isnan(y), *(np.nansum(part, axis=1) == 0 for part in (y, y[:, :first], y[:, first:]))]
    return b"|".join((repr((sample.units, y.shape)).encode(), sample.start.tobytes(), *(part.tobytes() for part in parts)))


def _event(study: Study, job: Job, method: Method, event: EventEffect) -> EventRow:
    return EventRow(
        study=study.id,
        outcome=job.outcome.id,
        estimator=method.name,
        weights=job.weight_name,
        level=job.estimation.level,
        **asdict(event),
    )


def _adjusted(rows: list[EstimateRow]) -> list[EstimateRow]:
    """Fill `p_adjusted` of the planned secondary rows within each aim."""
    out = list(rows)
    for aim in dict.fromkeys(row.aim for row in rows):
        family = [k for k, row in enumerate(rows) if row.planned and row.role == "secondary" and row.aim == aim]
        if not family:
            continue
        joints = [rows[k].joint for k in family]
        if all(joint is not None for joint in joints) and len({(joint[0], len(joint[1])) for joint in joints if joint}) == 1:
            adjusted = westfall_young(np.column_stack([joint[1] for joint in joints if joint]))
        else:
            adjusted = holm(np.array([rows[k].p_value for k in family]))
        for k, p in zip(family, adjusted, strict=True):
            out[k] = replace(rows[k], p_adjusted=float(p))
    return out
