"""A choice of comparison in words: the rule itself, why it is recommended, what speaks against it, and why a unit is out."""

from __future__ import annotations

import numpy as np

from utvardering.data.panel import Panel
from utvardering.planning.choice import BETTER, Chosen, Compared, Terms
from utvardering.study.model import Outcome, Study
from utvardering.wording import number, percent, say


def named(study: Study, name: str, n_units: int, terms: Terms, chosen: Chosen) -> str:
    """The rule as `[comparison] rule` of a study file holds it."""
    if name == "planned" and study.comparison.rule:
        return study.comparison.rule
    on = _listed(study, [_say(study, f"trait_{trait}") for trait in chosen.apart])
    each = n_units // int(terms.treated.sum())
    return _say(study, f"rule_{name}", n=n_units, each=each, on=on, title=study.primary.title)


def decided(study: Study, held: int) -> str:
    """The rule by which one choice is recommended."""
    language, limits = study.report.language, study.checks
    facts = {
        "needed": limits.min_comparison_units,
        "limit": number(limits.max_imbalance, language),
        "held": held,
        "better": percent(BETTER, language),
    }
    return _say(study, "decided" if held else "decided_short", **facts)


def why(study: Study, best: Compared | None, compared: tuple[Compared, ...], speaks_against: tuple[str, ...]) -> str:
    """The recommended choice, how it did beside the plan, and what speaks against it."""
    if best is None:
        return _say(study, "none")
    planned = next((one for one in compared if one.name == "planned"), None)
    said = [_say(study, f"propose_{best.name}", n=best.n_units)]
    if np.isfinite(best.error):
        error = _size(study, study.primary, best.error)
        if best is planned or planned is None or not np.isfinite(planned.error):
            said.append(_say(study, "error", error=error))
        else:
            said.append(_say(study, "error_beside", error=error, planned=_size(study, study.primary, planned.error)))
    if best is planned and len(compared) > 1:
        said.append(_say(study, "keep"))
    said += _passed_over(study, best, compared)
    said += speaks_against or (_say(study, "nothing_against"),)
    said.append(_say(study, "after"))
    return " ".join(said)


def _passed_over(study: Study, best: Compared, compared: tuple[Compared, ...]) -> list[str]:
    """The rule with the smallest held-out error, where it is clearly smaller and the rule was refused for something else."""
    smallest = min(compared, key=lambda one: one.error if np.isfinite(one.error) else np.inf)
    if not smallest.error * (1 + BETTER) < best.error:
        return []
    short = smallest.n_units < study.checks.min_comparison_units
    key = "passed_over_few" if short else "passed_over_imbalance"
    facts = {"choice": _say(study, f"choice_{smallest.name}"), "error": _size(study, study.primary, smallest.error)}
    return [_say(study, key, found=smallest.n_units, **facts)]


def against(study: Study, best: Compared, terms: Terms, chosen: Chosen, held: int) -> tuple[str, ...]:
    """What speaks against the recommended choice, a sentence each."""
    language, limits = study.report.language, study.checks
    said = []
    if best.n_units < limits.min_comparison_units:
        said.append(_say(study, "few", found=best.n_units, needed=limits.min_comparison_units))
    if best.largest is not None and best.imbalance > limits.max_imbalance:
        facts = {
            "variable": variable_title(study, best.largest.variable),
            "value": number(best.imbalance, language),
            "limit": number(limits.max_imbalance, language),
        }
        said.append(_say(study, "imbalance_one" if terms.treated.sum() == 1 else "imbalance", **facts))
    if not held or not np.isfinite(best.error):
        said.append(_say(study, "untried"))
    elif best.name == "planned" and _has_seen(study, terms, chosen):
        said.append(_say(study, "seen"))
    if best.name in {"donors", "nearest", "matched"}:
        said.append(_say(study, "fitted" if best.name == "donors" else "looked"))
    return tuple(said)


def _has_seen(study: Study, terms: Terms, chosen: Chosen) -> bool:
    """Whether the units of the plan were chosen from the whole past: by its own rule, or by a proposal written earlier."""
    if study.comparison.choose is not None:
        return study.comparison.choose.method != "group"
    others = [chosen.units[name] for name in ("nearest", "matched", "donors") if name in chosen.units]
    return bool((terms.planned != terms.pool).any()) and any(np.array_equal(terms.planned, units) for units in others)


def reasons(study: Study, panel: Panel, terms: Terms, chosen: Chosen) -> list[str]:
    """Why each unit is not compared with, or what hinders that it is chosen; empty text for the others."""
    given = {item.unit: item.reason for item in panel.left_out if item.unit and not item.period and not item.outcome}
    said = []
    for place, (unit, role) in enumerate(zip(panel.units, panel.role.tolist(), strict=True)):
        if role == "neighbour":
            said.append(_say(study, "neighbour", ring=int(panel.ring[place])))
        elif role in {"comparison", "unused"} and not terms.pool[place]:
            said.append(_say(study, "no_past"))
        elif role in {"comparison", "unused"} and not chosen.rank[place]:
            lacking = [_say(study, f"trait_{trait}") for trait, far in chosen.apart.items() if not np.isfinite(far[place])]
            said.append(_say(study, "lacks", traits=_listed(study, lacking)))
        elif role == "comparison":
            said.append("")
        else:
            said.append(given.get(unit, ""))
    return said


def variable_title(study: Study, variable: str) -> str:
    """A variable of `design_balance.csv` in words: `Anmälda brott, trend`."""
    outcome = next((one for one in study.outcomes if variable == one.id or variable.startswith(f"{one.id}.")), None)
    if outcome is None:
        return variable
    part = variable.removeprefix(outcome.id).removeprefix(".")
    return _say(study, f"variable_{part or 'level'}", title=outcome.title)


def _size(study: Study, outcome: Outcome, error: float) -> str:
    """An error in words: a share of the level where changes are relative, else in the unit of the outcome."""
    language = study.report.language
    if outcome.kind == "count" or outcome.transform == "log":
        return percent(error, language)
    if outcome.kind == "share":
        return _say(study, "points", value=number(100 * error, language, 1))
    return number(error, language)


def _listed(study: Study, items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {_say(study, 'and')} {items[-1]}" if items else ""


def _say(study: Study, key: str, **facts: object) -> str:
    return say(study.report.language, "candidates", key, **facts)
