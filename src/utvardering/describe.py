"""What do the study file and its data hold, in words? What `utvardering check` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from utvardering.checks.base import CheckResult, Design
from utvardering.checks.coverage import coverage
from utvardering.checks.plan import refuse_hopeless
from utvardering.data.load import load_panel
from utvardering.data.panel import LeftOut, Panel
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, planned_profile
from utvardering.inference.reassignment import smallest_p
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
    if not study.has_panel:
        state = verify(study).state
        line = f"{study.id}: the study file is right (design {study.study.design})"
        return Description((line,), {"design": study.study.design, "registration": state})
    panel = load_panel(study)
    registration = verify(study, panel)
    refuse_hopeless(study, panel)
    counts = {role: int((panel.role == role).sum()) for role in ("treated", "comparison", "neighbour", "excluded", "unused")}
    lines = [
        f"{study.id}: the study file is right and the data fit it",
        "  units: " + ", ".join(f"{count} {role}" for role, count in counts.items() if count),
    ]
    outcomes = {}
    for outcome in study.outcomes:
        text, facts = _outcome(study, panel, outcome)
        lines.append(text)
        outcomes[outcome.id] = facts
    warning = _coverage(study, panel)
    if warning:
        name = say(study.report.language, "names", warning.check)
        lines.append("  " + say(study.report.language, "verdict", "warning", check=name, text=warning.text))
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
    text = (
        f"  {outcome.id} ({outcome.role}): {facts['treated']} treated and {facts['comparison']} comparison units, "
        f"{facts['periods_before']} periods before and {facts['periods_after']} after the start"
    )
    if missing:
        text += f", {missing} cells missing"
    if study.estimation is not None and study.estimation.inference in RANDOMIZED:
        facts["p_smallest"] = smallest_p(planned_profile(sample), sample.strata)
        text += f"; the smallest p-value that a placebo test can reach is {facts['p_smallest']:.2g}"
    return text, facts


def _left_out(item: LeftOut) -> str:
    place = ", ".join(part for part in (item.unit, item.period, item.outcome) if part)
    return f"{place}: {item.reason}" if place else item.reason
