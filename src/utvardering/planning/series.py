"""Before the measure, for one series: what the plan would find in series like its past, and how often it would be wrong.

A series has no areas to draw from and too short a past to be cut into pieces, so series are drawn from a description of it
(`checks/series_past.py`). The tables are those of `design.py`; nothing is said of areas, peaks or comparisons.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pandas as pd

from utvardering.checks.power import TRIES, detectable
from utvardering.checks.series import alarm_rate, effects_found
from utvardering.checks.series_past import PastSeries, Tries, describe_past, try_plan
from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.planning.advice import AdviceRow
from utvardering.planning.alarm_tables import AlarmRow
from utvardering.planning.power_tables import EFFECTS, POWER_COLUMNS, DetectableRow
from utvardering.planning.words import about, change, outcome_of, span
from utvardering.study.model import Study
from utvardering.wording import percent, say

_GAIN = 0.01  # a share: a smaller difference in the effect found is none
_NAMES = ("interrupted", "analytic")


def design_series(
    study: Study, before: Panel, *, quick: bool = False
) -> tuple[pd.DataFrame, tuple[DetectableRow, ...], tuple[AlarmRow, ...], tuple[AdviceRow, ...], dict[str, str]]:
    """`power.csv`, `detectable.csv`, `false_positives.csv`, `advice.csv`, and why an outcome could not be tried.

    Raises DesignError where the past of the primary outcome says nothing.
    """
    tries = TRIES // 10 if quick else TRIES
    powers: list[tuple[object, ...]] = []
    found: list[DetectableRow] = []
    alarms: list[AlarmRow] = []
    without: dict[str, str] = {}
    for outcome in study.outcomes:
        if outcome.role == "negative_control":
            continue
        try:
            tried = list(_lengths(study, before, outcome.id, tries))
        except DesignError as fault:
            if outcome.role == "primary":
                raise
            without[outcome.id] = fault.message
            continue
        for variation, follow_up, past, drawn in tried:
            effects = effects_found(past, drawn)
            powers += _powers(study, outcome.id, variation, follow_up, effects)
            found.append(_detectable(study, before, outcome.id, variation, follow_up, effects))
            if variation == "planned":
                alarms.append(_alarms(study, outcome.id, drawn))
    frame = pd.DataFrame(powers, columns=list(POWER_COLUMNS))
    return frame, tuple(found), tuple(alarms), _advice(study, before, found), without


def fitness(study: Study, detectable_rows: tuple[DetectableRow, ...], alarms: tuple[AlarmRow, ...]) -> str:
    """Is the plan fit, in a sentence; and what no such plan can know."""
    language, limit = study.report.language, study.checks.max_detectable_effect
    plan = next(row for row in detectable_rows if row.outcome == study.primary.id and row.variation == "planned")
    failed = any(row.verdict == "fail" for row in alarms if row.outcome == study.primary.id)
    wanted = abs(study.primary.smallest_effect or 0.0) or limit
    key = "unfit_alarms" if failed else "unfit_power"
    if not failed and plan.smallest_detectable_effect <= limit:
        key = "fit" if plan.smallest_detectable_effect <= wanted else "fit_large_only"
    said = say(language, "design", key, limit=percent(limit, language), wanted=percent(wanted, language))
    return f"{said} {say(language, 'series', 'never_sure')}"


def _lengths(study: Study, before: Panel, outcome: str, tries: int) -> Iterator[tuple[str, int, PastSeries, Tries]]:
    """The planned follow-up, and for the primary outcome half and twice as long."""
    if study.estimation is None:
        msg = f"{study.id}: the study plans no estimate ([estimation] is missing)"
        raise DesignError(msg)
    planned = before.grids[outcome].n_after
    lengths = [planned]
    if outcome == study.primary.id:
        lengths += [length for length in (planned // 2, 2 * planned) if length >= study.checks.min_periods_after]
    for follow_up in lengths:
        past = describe_past(before.sample(outcome), outcome_of(study, outcome), study.estimation, follow_up)
        yield "planned" if follow_up == planned else "follow_up", follow_up, past, try_plan(past, tries, study.estimation.seed)


def _powers(study: Study, outcome: str, variation: str, follow_up: int, effects: np.ndarray) -> Iterator[tuple[object, ...]]:
    sign = 1 if outcome_of(study, outcome).direction == "increase" else -1
    for effect in EFFECTS:
        hits, tries = int(np.sum(effects <= effect + 1e-9)), len(effects)
        rough = (hits + 1) / (tries + 2)  # Laplace's share: an error of 0 would claim too much
        error = float(np.sqrt(rough * (1 - rough) / tries))
        yield (study.id, outcome, *_NAMES, True, variation, 1, follow_up, sign * effect, hits / tries, error, tries)


def _detectable(
    study: Study, before: Panel, outcome: str, variation: str, follow_up: int, effects: np.ndarray
) -> DetectableRow:
    language, effect = study.report.language, detectable(effects)
    text = say(
        language,
        "series",
        "detectable" if np.isfinite(effect) else "detectable_none",
        time=span(language, before.grids[outcome].calendar, follow_up),
        change=change(language, outcome_of(study, outcome)),
        value=percent(effect, language),
    )
    text = about(study, outcome, _NAMES[0], text, planned=True)
    return DetectableRow(
        study.id,
        outcome,
        *_NAMES,
        planned=True,
        variation=variation,
        n_treated=1,
        follow_up=follow_up,
        smallest_detectable_effect=effect,
        text=text,
    )


def _alarms(study: Study, outcome: str, drawn: Tries) -> AlarmRow:
    language, limit = study.report.language, study.checks.max_false_positive_rate
    rate, low, high = alarm_rate(drawn)
    verdict = "fail" if low > limit else "pass"
    shown = {name: percent(value, language) for name, value in (("rate", rate), ("low", low), ("high", high), ("limit", limit))}
    tries = len(drawn.estimate)
    text = say(language, "checks", f"series_false_positives_{verdict}", tries=tries, **shown)
    return AlarmRow(
        study.id,
        outcome,
        *_NAMES,
        planned=True,
        rate=rate,
        low=low,
        high=high,
        coverage=1 - rate,
        coverage_low=1 - high,
        coverage_high=1 - low,
        draws=tries,
        effective_draws=float(tries),
        windows=float("nan"),
        limit=limit,
        verdict=verdict,
        text=about(study, outcome, _NAMES[0], text, planned=True),
    )


def _advice(study: Study, before: Panel, rows: list[DetectableRow]) -> tuple[AdviceRow, ...]:
    """A longer follow-up where it helps; always something to compare with."""
    language, primary = study.report.language, study.primary.id
    own = [row for row in rows if row.outcome == primary]
    plan = next(row for row in own if row.variation == "planned")
    longer = [row for row in own if row.follow_up > plan.follow_up]
    found = []
    for row in longer:
        if row.smallest_detectable_effect <= plan.smallest_detectable_effect - _GAIN:
            facts = {
                "what": span(language, before.grids[primary].calendar, row.follow_up),
                "change": change(language, outcome_of(study, primary)),
                "value": percent(row.smallest_detectable_effect, language),
            }
            text = say(language, "design", "advice_longer", **facts)
            value = row.smallest_detectable_effect
            found.append(AdviceRow(study.id, 0, "longer", primary, str(row.follow_up), value, text))
    text = say(language, "series", "advice_comparison")
    found.append(AdviceRow(study.id, 0, "comparison", primary, "", float("nan"), text))
    return tuple(replace(row, rank=rank) for rank, row in enumerate(found, 1))
