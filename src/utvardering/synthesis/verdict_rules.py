"""The rows of the verdict in their order: the first that holds decides, by facts that the files of a run hold."""

from __future__ import annotations

import math

import numpy as np

from utvardering.estimators.estimate import EstimateRow
from utvardering.inference.randomization import BROKEN
from utvardering.study.model import Outcome
from utvardering.synthesis.case import Case, Hits, Rule, once
from utvardering.synthesis.delivery import delivered_facts, too_small_dose, undelivered
from utvardering.synthesis.replication import reproduced, stated
from utvardering.wording import number, percent

GATE = ("not_interpretable", "not_implemented")
"""Verdicts under which no estimate may be read."""
CLAIMS = ("effect", "effect_opposite", "no_effect_of_interest")
"""Verdicts that say something of the effect."""


def _failed(case: Case) -> Hits:
    found = () if case.study.is_replication else case.checks.failed()
    return [{"check": case.check_name(one.check), "text": one.text} for one in found]


def _checks_in_words(case: Case) -> str:
    failed = ", ".join(str(hit["check"]) for hit in _failed(case))
    if case.study.is_replication:
        return case.say("rule_facts", "replication_warns")
    return case.say("rule_facts", "failed", list=failed) if failed else case.say("rule_facts", "none_failed")


def _no_estimate(case: Case) -> Hits:
    reason = "; ".join(item.reason for item in case.estimates.left_out if item.outcome == case.outcome.id) or "–"
    return once(case.row is None, reason=reason)


def _has_estimate(case: Case) -> str:
    return case.say("rule_facts", "no_planned" if case.row is None else "planned")


def _not_reproduced(case: Case) -> Hits:
    row = case.row
    return once(case.study.is_replication and row is not None and reproduced(case.study, case.outcome, row) is False)


def _number_in_words(case: Case) -> str:
    row = case.row
    if not case.study.is_replication or row is None:
        return case.say("rule_facts", "no_replication")
    found = stated(case.study, case.outcome, row)
    if found is None:
        return case.say("rule_facts", "no_stated")
    facts = {"found": row.estimate, "stated": found.estimate, "tolerance": found.tolerance}
    return case.say("rule_facts", "stated", **{name: number(value, case.language, 4) for name, value in facts.items()})


def excludes_zero(row: EstimateRow) -> bool:
    """The planned interval holds no zero; a set of effects with a gap at zero is judged by its p-value."""
    rejected = row.p_value <= 1 - row.level + 1e-12
    return row.ci_low > 0 or row.ci_high < 0 or (BROKEN in row.note and rejected)


def is_wanted(row: EstimateRow, outcome: Outcome) -> bool:
    """The estimate is on the wanted side."""
    return {"decrease": row.estimate < 0, "increase": row.estimate > 0, "none": True}[outcome.direction]


def within(low: float, high: float, delta: float) -> bool:
    """Within ln(1 + δ) and −ln(1 + δ) on the log scale: two one-sided tests at 5 % when low and high are a 90 % interval.

    low, high   shares of what would have been, such as −0.05
    """
    reach = abs(np.log1p(delta))
    return bool(np.log1p(max(low, -1 + 1e-12)) >= -reach and np.log1p(high) <= reach)


def is_small(row: EstimateRow, outcome: Outcome) -> bool:
    """The 90 % interval lies within the smallest effect of interest."""
    delta = outcome.smallest_effect
    return bool(delta) and within(row.effect_percent_low_90 / 100, row.effect_percent_high_90 / 100, delta or 0.0)


def _effect(case: Case) -> Hits:
    row = case.row
    return once(row is not None and excludes_zero(row) and is_wanted(row, case.outcome))


def _opposite(case: Case) -> Hits:
    row = case.row
    return once(row is not None and excludes_zero(row) and not is_wanted(row, case.outcome))


def _small(case: Case) -> Hits:
    return once(case.row is not None and not excludes_zero(case.row) and is_small(case.row, case.outcome))


def interval_facts(row: EstimateRow, language: str, *, inner: bool = False) -> dict[str, str]:
    """Ends of the planned interval in percent; on its own scale where a level of 0 or less has no percent."""
    end = "_90" if inner else ""
    low, high = (getattr(row, f"effect_percent_{side}{end}") / 100 for side in ("low", "high"))
    if math.isnan(low) or math.isnan(high):
        return {side: number(getattr(row, f"ci_{side}{end}"), language, 3) for side in ("low", "high")}
    return {"low": percent(low, language, 1), "high": percent(high, language, 1)}


def _interval_in_words(case: Case) -> str:
    if case.row is None:
        return case.say("rule_facts", "no_planned")
    wanted = case.say("rule_facts", f"wanted_{case.outcome.direction}")
    said = case.say("rule_facts", "interval", wanted=wanted, **interval_facts(case.row, case.language))
    gap = BROKEN in case.row.note
    return said + (" " + case.say("rule_facts", "gap", p=number(case.row.p_value, case.language, 3)) if gap else "")


def _inner_in_words(case: Case) -> str:
    if case.row is None:
        return case.say("rule_facts", "no_planned")
    if not case.delta:
        return case.say("rule_facts", "no_smallest")
    reach = abs(np.log1p(case.delta))
    ends = {"lowest": percent(math.expm1(-reach), case.language, 1), "highest": percent(math.expm1(reach), case.language, 1)}
    return case.say("rule_facts", "inner", **ends, **interval_facts(case.row, case.language, inner=True))


def _rest(case: Case) -> str:
    return case.say("rule_facts", "rest")


VERDICT_RULES = (
    Rule("dose", "not_implemented", too_small_dose, lambda case: delivered_facts(case, "dose")),
    Rule("delivery", "not_implemented", undelivered, lambda case: delivered_facts(case, "criteria")),
    Rule("gate", "not_interpretable", _failed, _checks_in_words),
    Rule("no_estimate", "not_interpretable", _no_estimate, _has_estimate),
    Rule("not_reproduced", "not_interpretable", _not_reproduced, _number_in_words),
    Rule("effect", "effect", _effect, _interval_in_words),
    Rule("effect_opposite", "effect_opposite", _opposite, _interval_in_words),
    Rule("no_effect_of_interest", "no_effect_of_interest", _small, _inner_in_words),
    Rule("uncertain", "uncertain", lambda _: once(True), _rest),  # noqa: FBT003 -- what is left when no row above holds
)
"""The first that holds gives the verdict."""
