"""The caps of certainty: it starts at high, every one that holds lowers it, and the lowest decides."""

from __future__ import annotations

from utvardering.checks.base import IDENTIFYING, CheckResult
from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.estimate import FEW_TREATED
from utvardering.synthesis.case import Case, Hits, Rule, once
from utvardering.synthesis.verdict_rules import GATE, interval_facts

CERTAINTY = ("very_low", "low", "moderate", "high")

BY_FORMULA = {"wdd": "wdd_analytic", "interrupted": "series"}
"""Estimators whose analytic interval rests on a model of the noise alone, and the rule that caps certainty for it."""

_NO_FAULT = ("coverage", "false_positives", "spillover")
"""Checks that cap nothing where they could not be evaluated: a method not tried enough, or areas without a map."""

_NEED_COMPARISON = ("comparison", "pretrend")
"""Checks that one series never can have made."""


def _alone(case: Case) -> bool:
    return case.study.study.design == "series"  # its cap is that of the estimator: no other area to differ from


def _closed(case: Case) -> Hits:
    return once(case.verdict in GATE)


def _no_lottery(case: Case) -> Hits:
    return once(case.study.measure.assignment != "lottery" and not _alone(case))


def _drawn(case: Case) -> str:
    return case.say("rule_facts", f"assignment_{'lottery' if case.study.measure.assignment == 'lottery' else 'chosen'}")


def _counted(case: Case) -> list[CheckResult]:
    return [one for one in case.checks.rows if not (_alone(case) and one.check in _NEED_COMPARISON)]


def _not_evaluated(case: Case) -> Hits:
    rows = [one for one in _counted(case) if one.verdict == "not_evaluated" and one.check not in _NO_FAULT]
    return [{"check": case.check_name(one.check)} for one in rows]


def _weak(case: Case) -> Hits:
    weighed = [one for one in _counted(case) if one.check not in IDENTIFYING or case.study.is_replication]
    return [{"check": case.check_name(one.check)} for one in weighed if one.verdict == "fail"]


def _listed(hits: Hits, case: Case) -> str:
    return ", ".join(str(hit["check"]) for hit in hits) or case.say("rule_facts", "no_check")


def _formula(name: str) -> Rule:
    def hits(case: Case) -> Hits:
        row = case.row
        return once(row is not None and row.inference == "analytic" and BY_FORMULA.get(row.estimator) == name)

    return Rule(name, "low", hits, _method)


def _method(case: Case) -> str:
    row = case.row
    if row is None:
        return case.say("rule_facts", "no_planned")
    return case.say("rule_facts", "method", estimator=row.estimator, inference=row.inference, n=row.n_treated)


def _clustered(case: Case) -> Hits:
    row = case.row
    formula = row is not None and row.inference == "analytic" and row.estimator in BY_FORMULA
    few = row is not None and not formula and row.inference not in RANDOMIZED and row.n_treated < FEW_TREATED
    return once(few, n=row.n_treated if row else 0)


def _controls(case: Case) -> Hits:
    moved = []
    for outcome in case.study.outcomes:
        row = case.estimates.planned(outcome.id)
        if outcome.role == "negative_control" and row is not None and (row.ci_low > 0 or row.ci_high < 0):
            moved.append({"title": outcome.title})
    return moved


def _controls_in_words(case: Case) -> str:
    said = []
    for outcome in case.study.outcomes:
        row = case.estimates.planned(outcome.id)
        if outcome.role == "negative_control" and row is not None:
            said.append(case.say("rule_facts", "control", title=outcome.title, **interval_facts(row, case.language)))
    return "; ".join(said) or case.say("rule_facts", "no_control")


def _verdict_in_words(case: Case) -> str:
    return case.say("rule_facts", "verdict", verdict=case.say("rule_gives", case.verdict))


CERTAINTY_RULES = (
    Rule("closed", "very_low", _closed, _verdict_in_words),
    Rule(
        "secondary",
        "moderate",
        lambda case: once(case.outcome.role != "primary"),
        lambda case: case.say("rule_facts", f"role_{case.outcome.role}"),
    ),
    Rule("no_lottery", "moderate", _no_lottery, _drawn),
    Rule("not_evaluated", "low", _not_evaluated, lambda case: _listed(_not_evaluated(case), case)),
    Rule("weak", "low", _weak, lambda case: _listed(_weak(case), case)),
    _formula("wdd_analytic"),
    _formula("series"),
    Rule("cluster_few", "low", _clustered, _method, (("few", FEW_TREATED),)),
    Rule("imprecise", "low", lambda case: once(case.verdict == "uncertain"), _verdict_in_words),
    Rule("negative_control", "low", _controls, _controls_in_words),
)
"""Every one that holds caps certainty; where the first holds the others are not tried."""
