"""What would help most? Every change that was tried, by the smallest effect that could then be found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from utvardering.data.panel import Panel
from utvardering.planning.alarm_tables import AlarmRow, rates_that_hold, valid_rows
from utvardering.planning.power_tables import DetectableRow
from utvardering.planning.rollout import starts_are_free
from utvardering.planning.words import areas, change, outcome_of, span
from utvardering.study.model import Study
from utvardering.wording import percent, say

KINDS = ("more_areas", "longer", "outcome", "estimator", "staggered", "lottery", "none")

_GAIN = 0.01  # a share: a smaller difference in the effect found is none


@dataclass(frozen=True)
class AdviceRow:
    """A row of `advice.csv`: what to change, to which value, and the smallest effect that could then be found.

    The effect of `lottery` is that of the plan: a lottery makes the test valid, not stronger. That of `staggered` is not
    computed (NaN).
    """

    study: str
    rank: int
    kind: str
    outcome: str
    value: str
    smallest_detectable_effect: float
    text: str


def advice_rows(
    study: Study, panel: Panel, detectable: tuple[DetectableRow, ...], alarms: tuple[AlarmRow, ...]
) -> tuple[AdviceRow, ...]:
    """`advice.csv`: changes that lower the smallest detectable effect, ranked; then those that make the answer surer.

    `none` where nothing that was tried helps.
    """
    plan = _plan(study, detectable)
    if plan is None:
        return ()
    better = [row for row in _tried(study, panel, plan, detectable, alarms) if row.smallest_detectable_effect < np.inf]
    better = [row for row in better if row.smallest_detectable_effect <= plan.smallest_detectable_effect - _GAIN]
    ranked = sorted(better, key=lambda row: (row.smallest_detectable_effect, KINDS.index(row.kind)))
    ranked += list(_surer(study, panel, plan))
    if not ranked:
        text = say(study.report.language, "design", "advice_none")
        ranked = [AdviceRow(study.id, 1, "none", study.primary.id, "", plan.smallest_detectable_effect, text)]
    return tuple(AdviceRow(row.study, k, *_rest(row)) for k, row in enumerate(ranked, 1))


def _rest(row: AdviceRow) -> tuple[str, str, str, float, str]:
    return row.kind, row.outcome, row.value, row.smallest_detectable_effect, row.text


def _plan(study: Study, detectable: tuple[DetectableRow, ...]) -> DetectableRow | None:
    rows = (row for row in detectable if row.planned and row.outcome == study.primary.id and row.variation == "planned")
    return next(rows, None)


def _tried(
    study: Study, panel: Panel, plan: DetectableRow, detectable: tuple[DetectableRow, ...], alarms: tuple[AlarmRow, ...]
) -> Iterator[AdviceRow]:
    """The smallest number of areas and the shortest time that meet the limit (or the best tried), outcomes, estimators."""
    limit = study.checks.max_detectable_effect
    calendar = panel.grids[study.primary.id].calendar
    language = study.report.language
    more = [row for row in detectable if row.variation == "n_treated" and row.n_treated > plan.n_treated]
    longer = [row for row in detectable if row.variation == "follow_up" and row.follow_up > plan.follow_up]
    for kind, rows in (("more_areas", more), ("longer", longer)):
        enough = [row for row in rows if row.smallest_detectable_effect <= limit]
        if chosen := (enough or sorted(rows, key=lambda row: row.smallest_detectable_effect))[:1]:
            row = chosen[0]
            value = row.n_treated if kind == "more_areas" else row.follow_up
            what = areas(language, value) if kind == "more_areas" else span(language, calendar, value)
            yield _row(study, kind, row, str(value), what)
    holds = rates_that_hold(alarms)
    for row in detectable:
        other = row.planned and row.variation == "planned" and row.outcome != study.primary.id
        if other and (row.outcome, row.estimator, row.inference) in holds:
            yield _row(study, "outcome", row, row.outcome, outcome_of(study, row.outcome).title)
    for row in valid_rows(study, detectable, alarms)[:1]:
        if not row.planned:
            name = say(language, "estimators", row.estimator)
            what = f"{name} ({say(language, 'inferences', row.inference)})"
            yield _row(study, "estimator", row, row.estimator, what)


def _row(study: Study, kind: str, row: DetectableRow, value: str, what: str) -> AdviceRow:
    language = study.report.language
    text = say(
        language,
        "design",
        f"advice_{kind}",
        what=what,
        change=change(language, outcome_of(study, row.outcome)),
        value=percent(row.smallest_detectable_effect, language),
    )
    return AdviceRow(study.id, 0, kind, row.outcome, value, row.smallest_detectable_effect, text)


def _surer(study: Study, panel: Panel, plan: DetectableRow) -> Iterator[AdviceRow]:
    """A lottery, and starts at different times, while the dates are free."""
    if study.measure.assignment == "lottery" or not starts_are_free(study, panel):
        return
    language = study.report.language
    grid = panel.grids[study.primary.id]
    if plan.n_treated > 1:
        text = say(language, "design", "advice_lottery")
        yield AdviceRow(study.id, 0, "lottery", plan.outcome, "rollout.csv", plan.smallest_detectable_effect, text)
        if len(np.unique(grid.start[panel.role == "treated"])) == 1:
            text = say(language, "design", "advice_staggered")
            yield AdviceRow(study.id, 0, "staggered", plan.outcome, "", float("nan"), text)
