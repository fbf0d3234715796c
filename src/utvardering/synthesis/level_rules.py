"""The levels of the Maryland scale (Farrington et al. 2002), highest first; the minimum numbers are the program's own."""

from __future__ import annotations

from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.registry import ESTIMATORS
from utvardering.synthesis.case import Case, Hits, Rule, once

LOTTERY_LEAST = 10
ADJUSTED_TREATED = 5
ADJUSTED_COMPARISON = 20
_LEAST = (("least", LOTTERY_LEAST),)
_ADJUSTED = (("treated", ADJUSTED_TREATED), ("comparison", ADJUSTED_COMPARISON))


def numbers(case: Case) -> tuple[int, int]:
    """Treated and comparison units; of persons the smallest numbers that may lie behind the rounded ones."""
    row = case.row
    if row is None:
        return 0, 0
    if not case.of_persons:
        return row.n_treated, row.n_comparison
    cell = case.study.report.smallest_cell
    return max(row.n_treated - cell // 2, cell), max(row.n_comparison - cell // 2, cell)


def _grade(case: Case, check: str) -> str:
    return next((one.verdict for one in case.checks.rows if one.check == check), "not_evaluated")


def _shown(case: Case) -> tuple[str, ...]:
    return ("overlap", "balance") if case.of_persons else ("comparison", "pretrend")


def _comparable(case: Case) -> bool:
    alike = all(_grade(case, name) == "pass" for name in _shown(case))
    return case.row is not None and alike and not (case.of_persons and _grade(case, "history") == "fail")


def _without(case: Case) -> Hits:
    return once(case.row is None)


def _single(case: Case) -> Hits:
    row = case.row
    return once(row is not None and row.estimator in ESTIMATORS and ESTIMATORS[row.estimator].alone)


def _lottery(case: Case) -> Hits:
    drawn = case.row is not None and case.study.measure.assignment == "lottery" and case.row.inference in RANDOMIZED
    return once(drawn and min(numbers(case)) >= LOTTERY_LEAST, **dict(_LEAST))


def _adjusted(case: Case) -> Hits:
    plan = case.study.estimation
    adjusts = plan is not None and bool(plan.covariates or (plan.weights and not case.of_persons))
    treated, comparison = numbers(case)
    many = treated >= ADJUSTED_TREATED and comparison >= ADJUSTED_COMPARISON
    as_before = not case.of_persons or _grade(case, "history") == "pass"
    return once(_comparable(case) and adjusts and many and as_before, **dict(_ADJUSTED))


def _in_words(case: Case) -> str:
    if case.row is None:
        return case.say("rule_facts", "no_planned")
    treated, comparison = numbers(case)
    drawn = "lottery" if case.study.measure.assignment == "lottery" else "chosen"
    facts = {"inference": case.row.inference, "treated": treated, "comparison": comparison}
    return case.say("rule_facts", "numbers", assignment=case.say("rule_facts", f"assignment_{drawn}"), **facts)


def _checks_in_words(case: Case) -> str:
    asked = (*_shown(case), "history") if case.of_persons else _shown(case)
    return "; ".join(
        case.say("rule_facts", "check", check=case.check_name(name), grade=case.say("rule_gives", _grade(case, name)))
        for name in asked
    )


def _adjusted_in_words(case: Case) -> str:
    plan = case.study.estimation
    used = [*plan.covariates, *([plan.weights] if plan.weights and not case.of_persons else [])] if plan else []
    said = case.say("rule_facts", "adjusts", list=", ".join(used)) if used else case.say("rule_facts", "adjusts_not")
    return f"{_in_words(case)}; {said}; {_checks_in_words(case)}"


def _method(case: Case) -> str:
    return case.say("rule_facts", "estimator", name=case.row.estimator if case.row else "–")


LEVEL_RULES = (
    Rule("no_estimate", "2", _without, lambda case: case.say("rule_facts", "no_planned" if case.row is None else "planned")),
    Rule("series", "2", _single, _method),
    Rule("lottery", "5", _lottery, _in_words, _LEAST),
    Rule("adjusted", "4", _adjusted, _adjusted_in_words, _ADJUSTED),
    Rule("comparable", "3", lambda case: once(_comparable(case)), _checks_in_words),
    Rule("not_comparable", "2", lambda _: once(True), lambda case: case.say("rule_facts", "rest")),  # noqa: FBT003 -- what is left
)
"""The first that holds gives the level; those of persons have the same names and other texts."""
