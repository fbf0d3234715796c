"""Do areas without the measure show as much, each taken as if it had got it? Placebos in space."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import NEVER, Grid, Panel
from utvardering.errors import DesignError
from utvardering.estimators.base import Job
from utvardering.estimators.estimate import planned_job
from utvardering.estimators.registry import Method, planned_method
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered
from utvardering.wording import percent, say

CHECK = "placebo_unit"

_FEW = 19  # re-assignments for the statistic of the treated, which hangs on none of them
_TIE = 1e-9  # relative: statistics that differ by rounding only count as equal


def placebo_unit(doubt: Doubt) -> Iterator[RobustnessRow]:
    """`rank`: where the treated stand among the comparison units; then a row for each of these, as if it were treated.

    Each comparison unit is taken as treated from the (most usual) start, the treated are left out, and the planned estimator
    is run (Abadie, Diamond & Hainmueller 2010). Estimates are divided by their predicted standard deviation, so that a small
    area does not stand out by its noise nor the mean of several treated by its calm; the rows of single units are brought back
    to the planned scale with the noise of the treated. p_value of `rank` is the share of all, the treated counted once, that
    show at least as much. Passes where that says what the plan says of no effect.
    """
    try:
        units, placebos, own = _statistics(doubt)
    except DesignError as fault:
        yield unanswered(doubt, CHECK, "rank", fault)
        return
    language, alpha = doubt.study.report.language, 1 - doubt.estimation.level
    count = len(placebos)
    beyond = int(np.sum(np.abs(placebos) >= abs(own) * (1 - _TIE)))
    p_value = (1 + beyond) / (1 + count)
    concluded = doubt.planned.ci_low > 0 or doubt.planned.ci_high < 0
    verdict, key = "pass" if (p_value <= alpha) == concluded else "fail", "placebo_unit"
    if 1 / (1 + count) > alpha:
        verdict, key = "not_evaluated", "placebo_unit_few"
    text = say(language, "robustness", key, beyond=beyond, count=count, p=percent(p_value, language, 1))
    yield _row(doubt, "rank", math.nan, p_value, verdict, text)
    labels = dict(zip(doubt.panel.units, doubt.panel.labels, strict=True))
    noise = abs(doubt.planned.estimate / own) if own else math.nan
    for unit, value in zip(units, placebos * noise, strict=True) if math.isfinite(noise) else ():
        text = say(language, "robustness", "placebo_unit_one", unit=labels[unit], value=doubt.percent(float(value)))
        yield _row(doubt, unit, float(value), math.nan, "not_evaluated", text)


def _statistics(doubt: Doubt) -> tuple[list[str], NDArray[np.float64], float]:
    """N comparison units, their (N,) studentised estimates, each as if treated, and that of the treated."""
    method = planned_method(doubt.estimation.estimator, doubt.outcome)
    if method.alone or not method.has("randomization"):
        msg = f"{doubt.outcome.id}: {method.name} has no placebo test, so no area can be taken as if treated"
        raise DesignError(msg)
    panel = replace(comparison_alone(doubt.panel), strata=None)
    jobs = [planned_job(doubt.study, one, method, doubt.outcome) for one in (panel, doubt.panel)]
    kept = doubt.estimation.estimator == "balanced_weights"
    alone, own = (
        replace(job, inferences=("randomization",), intervals=False, others=job.others if kept else ()) for job in jobs
    )
    own = replace(own, draws=_FEW)

    def work() -> tuple[list[str], list[float], float]:
        units, placebos = _studentised(method, alone)
        return units, placebos.tolist(), float(_studentised(method, own)[1][0])

    units, placebos, first = doubt.kept.value(CHECK, (method.name, alone, own), work)
    if len(units) != len(placebos):
        msg = f"{doubt.outcome.id}: {method.name} gives no studentised estimate of every area on these data"
        raise DesignError(msg)
    return units, np.array(placebos), float(first)


def comparison_alone(panel: Panel) -> Panel:
    """The panel without the treated, in which the first comparison unit is treated from the most usual start on.

    Raises DesignError where there are fewer than three comparison units.
    """
    comparison = np.flatnonzero(panel.role == "comparison")
    if len(comparison) <= 2:  # noqa: PLR2004 -- one as if treated, and two to hold it against
        msg = "placebos need at least three units that never get the measure; name more in [comparison]"
        raise DesignError(msg)
    treated = panel.role == "treated"
    role = np.where(treated, "excluded", panel.role)
    role[comparison[0]] = "treated"
    first = np.arange(len(role)) == comparison[0]
    starts = {name: np.where(first, _usual(grid, treated), NEVER) for name, grid in panel.grids.items()}
    return panel.with_roles(role).with_starts(starts)


def _usual(grid: Grid, treated: NDArray[np.bool_]) -> int:
    """The start that most treated units have, the earliest of several such."""
    starts, count = np.unique(grid.start[treated], return_counts=True)
    return int(starts[count.argmax()])


def _studentised(method: Method, job: Job) -> tuple[list[str], NDArray[np.float64]]:
    """The units that say anything, and (R,) studentised estimates over the re-assignments, row 0 the one of the job.

    With one treated, the first unit of the panel, and every re-assignment listed, row r is unit r as if treated.
    """
    result = method.run(job)
    found = next(row for row in result.estimates if row.estimand == method.estimand)
    if found.statistics is None or not np.isfinite(found.statistics).all():
        msg = f"{job.outcome.id}: {method.name} gives no studentised estimate of every area on these data"
        raise DesignError(msg)
    return [unit for unit in job.sample.units if unit not in result.silent], found.statistics


def _row(doubt: Doubt, variant: str, estimate: float, p_value: float, verdict: str, text: str) -> RobustnessRow:
    numbers = (estimate, math.nan, math.nan, p_value)
    return RobustnessRow(doubt.study.id, doubt.outcome.id, doubt.planned.estimator, CHECK, variant, *numbers, verdict, text)
