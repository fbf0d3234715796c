"""What do the study file and its data hold, in words? What `utvardering check` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from utvardering.checks.base import CheckResult, Design
from utvardering.checks.coverage import coverage
from utvardering.checks.plan import refuse_hopeless
from utvardering.data.areas import Areas, panel_areas
from utvardering.data.cohort import load_cohort
from utvardering.data.faults import listed
from utvardering.data.load import load_panel
from utvardering.data.panel import LeftOut, Panel
from utvardering.disclosure.rounding import rounded
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, planned_profile
from utvardering.individuals.disclosure import told
from utvardering.individuals.evaluation import check_persons
from utvardering.individuals.persons import Arms
from utvardering.individuals.plan import refuse_hopeless_data
from utvardering.inference.reassignment import smallest_p
from utvardering.organisation import lines_of
from utvardering.process.assess import assess_process
from utvardering.process.load import PROCESS_FILE
from utvardering.registration.files import deviations_frame, statement
from utvardering.registration.state import verify
from utvardering.study.model import Outcome, Study
from utvardering.wording import say

_SHOWN = 10  # rows of what is left out


@dataclass(frozen=True)
class Description:
    """Lines for a person and facts for a program."""

    lines: tuple[str, ...]
    facts: dict[str, Any]


def describe(study: Study) -> Description:
    """Load the data of a study and say what is in them.

    Raises what loading raises, where the plan is hopeless, and a ReproductionError where a registered plan or the rows before
    the start were changed without an amendment.
    """
    if study.study.design == "individuals":
        return describe_cohort(study)
    if study.study.design == "organisation":
        return describe_organisation(study)
    assess_process(study)
    panel = load_panel(study)
    registration = verify(study, panel)
    refuse_hopeless(study, panel)
    areas = panel_areas(study, panel)
    counts = {role: int((panel.role == role).sum()) for role in ("treated", "comparison", "neighbour", "excluded", "unused")}
    units = ", ".join(f"{count} {role}" for role, count in counts.items() if count)
    lines = [
        f"{study.id}: the study file is right and the data fit it",
        "  one series, with nothing to compare it with" if panel.one_series else f"  units: {units}",
    ]
    lines += _map(areas)
    outcomes = {}
    for outcome in study.outcomes:
        text, facts = _outcome(study, panel, outcome)
        lines.append(text)
        outcomes[outcome.id] = facts
    warning = _coverage(study, panel)
    if warning:
        name = say(study.report.language, "names", warning.check)
        lines.append("  " + say(study.report.language, "verdict", "warning", check=name, text=warning.text))
    lines.extend(f"  note: {note}" for note in panel.notes)
    lines.extend(f"  left out: {_left_out(item)}" for item in panel.left_out[:_SHOWN])
    if len(panel.left_out) > _SHOWN:
        lines.append(f"  left out: {len(panel.left_out) - _SHOWN} more; all of them are in left_out.csv after a run")
    if registration.lock is not None:
        lines.append(f"  {statement(registration)}")
        lines.extend(f"  {text}" for text in deviations_frame(registration)["text"])
    facts = {"units": counts, "outcomes": outcomes, "left_out": len(panel.left_out), "registration": registration.state}
    if warning:
        facts["warning"] = {"check": warning.check, "value": warning.value, "limit": warning.threshold, "text": warning.text}
    return Description(tuple(lines), facts)


def _map(areas: Areas | None) -> list[str]:
    """What a map of the areas lacks, has too much of, or had to mend; nothing where all is well."""
    if areas is None:
        return []
    said = {"no outline for": areas.missing, "areas that the data lack": areas.unknown, "outlines mended": areas.mended}
    return [f"  map: {what} {listed(names)}" for what, names in said.items() if names]


def describe_organisation(study: Study) -> Description:
    """The same for an organisation: what was assessed on each level; that nothing was assessed yet is no fault here."""
    state, found = verify(study).state, assess_process(study)
    lines = [f"{study.id}: the study file is right; an organisation is assessed, and nothing is said of effects"]
    if found is None or found.process is None:
        lines.append(f"  there is no {PROCESS_FILE} yet; write the assessments there")
        return Description(tuple(lines), {"design": "organisation", "registration": state, "assessed": 0})
    lines += [f"  {line}" for line in lines_of(found.process)]
    if found.process.unassessed:
        lines.append(f"  not assessed: {', '.join(found.process.unassessed)}")
    facts = {"design": "organisation", "registration": state, "assessed": len(found.process.graded)}
    return Description(tuple(lines), {**facts, "levels": lines_of(found.process)})


def describe_cohort(study: Study) -> Description:
    """The same for persons: how many in each arm, wave and group, with counts that may be shown, and the checks made before."""
    cohort = load_cohort(study)
    registration = verify(study, cohort)
    refuse_hopeless_data(study, cohort)
    smallest, language = study.report.smallest_cell, study.report.language
    arms = Arms.count(cohort.treated, np.ones(len(cohort.treated), dtype=bool))
    counts = {"treated": rounded(arms.treated, smallest), "comparison": rounded(arms.comparison, smallest)}
    shown = ", ".join(
        f"about {told(count, smallest, language)} {arm}"
        for arm, count in zip(counts, (arms.treated, arms.comparison), strict=True)
    )
    waves = f"waves {', '.join(map(str, cohort.waves))}, the start after wave {cohort.waves[cohort.last_before]}"
    groups = f"; {len(np.unique(cohort.group))} groups" if cohort.grouped else "; no groups are named"
    lines = [f"{study.id}: the study file is right and the data fit it", f"  persons: {shown}; {waves}{groups}"]
    lines += [f"  counts are rounded to multiples of {smallest} ([report] smallest_cell)"]
    checks = check_persons(study, cohort.before())
    known = [row for row in checks.rows if row.check != "attrition"]
    lines += [f"  {say(language, 'names', row.check)}: {row.verdict}: {row.text}" for row in known]
    if not cohort.n_after:
        lines.append("  no wave after the start yet: the study is planned")
    if registration.lock is not None:
        lines.append(f"  {statement(registration)}")
        lines.extend(f"  {text}" for text in deviations_frame(registration)["text"])
    facts = {
        "persons": counts,
        "waves": list(cohort.waves),
        "last_wave_before": cohort.waves[cohort.last_before],
        "checks": {row.check: row.verdict for row in known},
        "registration": registration.state,
    }
    return Description(tuple(lines), facts)


def _coverage(study: Study, panel: Panel) -> CheckResult | None:
    """The check `coverage` where it fails: the planned method is wrong too often in simulated studies like this one."""
    if study.estimation is None or panel.one_series:
        return None
    try:
        found = coverage(Design(study, panel.before()))
    except DesignError:
        return None
    return found if found.verdict == "fail" else None


def _outcome(study: Study, panel: Panel, outcome: Outcome) -> tuple[str, dict[str, Any]]:
    try:
        sample = panel.sample(outcome.id)
    except DesignError as fault:
        return f"  {outcome.id}: no estimate: {fault.message}", {"error": fault.message}
    missing = int(np.isnan(sample.y).sum())
    facts: dict[str, Any] = {
        "treated": int(sample.treated.sum()),
        "comparison": int((~sample.treated).sum()),
        "periods_before": sample.n_periods_before,
        "periods_after": sample.n_periods_after,
        "missing_cells": missing,
    }
    units = "" if panel.one_series else f"{facts['treated']} treated and {facts['comparison']} comparison units, "
    text = (
        f"  {outcome.id} ({outcome.role}): {units}"
        f"{facts['periods_before']} periods before and {facts['periods_after']} after the start"
    )
    if missing:
        text += f", {missing} {'values' if panel.one_series else 'cells'} missing"
    if study.estimation is not None and study.estimation.inference in RANDOMIZED:
        facts["p_smallest"] = smallest_p(planned_profile(sample), sample.strata)
        text += f"; the smallest p-value that a placebo test can reach is {facts['p_smallest']:.2g}"
    return text, facts


def _left_out(item: LeftOut) -> str:
    place = ", ".join(part for part in (item.unit, item.period, item.outcome) if part)
    return f"{place}: {item.reason}" if place else item.reason
