"""How often does each analysis see an effect in the study's past, and which valid one would see most?"""

from __future__ import annotations

from dataclasses import dataclass

from utvardering.checks.false_positives import FEWEST_EFFECTIVE, judged, rates
from utvardering.planning.cases import Case, Item
from utvardering.planning.power_tables import DetectableRow
from utvardering.planning.store import Store
from utvardering.planning.words import about
from utvardering.planning.work import found_alarms
from utvardering.study.model import Study
from utvardering.wording import percent, say


@dataclass(frozen=True)
class AlarmRow:
    """A row of `false_positives.csv`; rates and bounds are shares, windows the follow-ups without overlap."""

    study: str
    outcome: str
    estimator: str
    inference: str
    planned: bool
    rate: float
    low: float
    high: float
    coverage: float
    coverage_low: float
    coverage_high: float
    draws: int
    effective_draws: float
    windows: float
    limit: float
    verdict: str
    text: str


def alarm_rows(study: Study, cases: tuple[Case, ...], items: tuple[Item, ...], store: Store) -> tuple[AlarmRow, ...]:
    """`false_positives.csv`: each analysis on the past, nothing put in."""
    limit, rows = study.checks.max_false_positive_rate, []
    for case in cases:
        parts = found_alarms(case, items, store) if case.kind == "false_positives" else []
        if not parts:
            continue
        rejected, held = rates(parts, case.follow_up)
        verdict = judged(rejected, limit)
        sentence = "alarms_pass_open" if verdict == "pass" and rejected.high > limit else f"alarms_{verdict}"
        starts = [part.start for part in parts]
        windows = max((max(starts) - min(starts) + case.follow_up) / case.follow_up, 1.0)
        language = study.report.language
        said = [
            say(
                language,
                "design",
                sentence,
                rate=percent(rejected.rate, language),
                low=percent(rejected.low, language),
                high=percent(rejected.high, language),
                limit=percent(limit, language),
                draws=rejected.draws,
                effective=round(rejected.effective),
                least=FEWEST_EFFECTIVE,
                inference=say(language, "inferences", case.inference),
            )
        ]
        if refused := case.tries - rejected.draws:
            said.append(say(language, "design", "alarms_refused", refused=refused, tries=case.tries))
        said += [say(language, "design", "at_peak")] if any(part.peak for part in parts) else []
        said += [say(language, "design", "few_alike")] if any(part.loose for part in parts) else []
        rows.append(
            AlarmRow(
                study=study.id,
                outcome=case.outcome,
                estimator=case.estimator,
                inference=case.inference,
                planned=case.planned,
                rate=rejected.rate,
                low=rejected.low,
                high=rejected.high,
                coverage=held.rate,
                coverage_low=held.low,
                coverage_high=held.high,
                draws=rejected.draws,
                effective_draws=round(rejected.effective, 1),
                windows=round(windows, 2),
                limit=limit,
                verdict=verdict,
                text=about(study, case.outcome, case.estimator, " ".join(said), planned=case.planned),
            )
        )
    return tuple(rows)


def rates_that_hold(alarms: tuple[AlarmRow, ...]) -> set[tuple[str, str, str]]:
    """Outcome, estimator and inference of the analyses that pass, or cannot be judged and lie within the limit."""
    return {
        (row.outcome, row.estimator, row.inference)
        for row in alarms
        if row.verdict == "pass" or (row.verdict == "not_evaluated" and row.rate <= row.limit)
    }


def valid_rows(study: Study, detectable: tuple[DetectableRow, ...], alarms: tuple[AlarmRow, ...]) -> list[DetectableRow]:
    """Analyses of the primary outcome as planned in number and time whose rate of false alarms holds, the best first."""
    holds = rates_that_hold(alarms)
    found = [
        row
        for row in detectable
        if row.outcome == study.primary.id
        and row.variation == "planned"
        and (row.outcome, row.estimator, row.inference) in holds
    ]
    return sorted(found, key=lambda row: (row.smallest_detectable_effect, not row.planned))


def fitness(study: Study, detectable: tuple[DetectableRow, ...], alarms: tuple[AlarmRow, ...]) -> str:
    """Is the plan fit, and if not, which analysis that the study could have would be best?"""
    language, limit = study.report.language, study.checks.max_detectable_effect
    valid = valid_rows(study, detectable, alarms)
    planned = next((row for row in detectable if _is_plan(study, row)), None)
    verdicts = {row.verdict for row in alarms if row.planned and row.outcome == study.primary.id}
    failed = "fail" in verdicts
    if planned is None:
        return say(language, "design", "plan_not_tried")
    effect, wanted = planned.smallest_detectable_effect, abs(study.primary.smallest_effect or 0.0) or limit
    within = not failed and effect <= limit
    if within and effect <= wanted:
        return say(language, "design", "fit" if verdicts == {"pass"} else "fit_unknown")
    why = "fit_large_only" if within else "unfit_alarms" if failed else "unfit_power"
    said = say(language, "design", why, limit=percent(limit, language), wanted=percent(wanted, language))
    best = next((row for row in valid if not row.planned), None)
    better = best is not None and (failed or best.smallest_detectable_effect < planned.smallest_detectable_effect)
    if best is None or not better:
        return f"{said} {say(language, 'design', 'no_better')}"
    return (
        said
        + " "
        + say(
            language,
            "design",
            "best",
            estimator=say(language, "estimators", best.estimator),
            inference=say(language, "inferences", best.inference),
            value=percent(best.smallest_detectable_effect, language),
        )
    )


def _is_plan(study: Study, row: DetectableRow) -> bool:
    return row.planned and row.outcome == study.primary.id and row.variation == "planned"
