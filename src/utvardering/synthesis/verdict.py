"""What may be said of each outcome, by the first rule that holds, with the facts that decided."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pandas as pd
import tomlkit

from utvardering.checks.base import DesignChecks
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.process.assess import ProcessAssessment
from utvardering.robustness.base import Robustness
from utvardering.study.model import Outcome, Study
from utvardering.synthesis.case import Case, Hits, RuleRow, tried
from utvardering.synthesis.override import Overriding, overriding
from utvardering.synthesis.rating import certainty, maryland_level
from utvardering.synthesis.replication import replicated
from utvardering.synthesis.verdict_rules import (
    VERDICT_RULES,
    excludes_zero,
    interval_facts,
    is_small,
    is_wanted,
)
from utvardering.wording import percent, say

VERDICTS = ("effect", "effect_opposite", "no_effect_of_interest", "uncertain", "not_interpretable", "not_implemented")

WARNED = {"power": "exaggerated", "false_positives": "alarming"}
"""Checks that close no gate, and the warning that an effect found all the same carries where they fail."""
_SENTENCES = {"dose": "not_implemented", "delivery": "not_carried_out"}
_CLOSING = ("dose", "delivery", "gate", "no_estimate", "not_reproduced")


@dataclass(frozen=True)
class Judgement:
    """Verdict, certainty and Maryland level of one outcome by the rules, each with its reasons.

    rules     every rule as it was tried
    override  what somebody put beside it, with date, role and reason; the computed values stay what they are
    """

    verdict: str
    certainty: str
    maryland_level: int
    reasons: dict[str, tuple[str, ...]]
    rules: tuple[RuleRow, ...] = ()
    override: Overriding | None = None


@dataclass(frozen=True)
class Verdict:
    """The judgement of the primary outcome, and those of the others."""

    primary: Judgement
    outcomes: dict[str, Judgement] = field(default_factory=dict)

    def to_toml(self) -> str:
        """The text of `verdict.toml`."""
        document = tomlkit.document()
        for key, value in _plain(self.primary).items():
            document.add(key, value)
        if self.outcomes:
            document.add("outcomes", {name: _plain(judgement) for name, judgement in self.outcomes.items()})
        return tomlkit.dumps(document)

    def rules_frame(self) -> pd.DataFrame:
        """A row per outcome, scale and rule: the columns of rules.csv."""
        rows = [asdict(row) for one in (self.primary, *self.outcomes.values()) for row in one.rules]
        return pd.DataFrame(rows, columns=list(RuleRow.__dataclass_fields__))


def _plain(judgement: Judgement) -> dict[str, Any]:
    beside = {} if judgement.override is None else {"override": judgement.override.plain()}
    return {
        "verdict": judgement.verdict,
        "certainty": judgement.certainty,
        "maryland_level": judgement.maryland_level,
        "reasons": {name: list(lines) for name, lines in judgement.reasons.items()},
        **beside,
    }


def judge(
    study: Study,
    checks: DesignChecks,
    estimates: Estimates,
    robustness: Robustness | None = None,  # noqa: ARG001 -- takes part from the first robustness check that a rule names
    process: ProcessAssessment | None = None,
) -> Verdict:
    """Judge every outcome by the rules of docs/verdict.md; overrides of `process.toml` are put beside what the rules give.

    Raises a StudyError where an override is none, or claims what the rules do not allow.
    """
    judged = {outcome.id: _judge(Case(study, outcome, checks, estimates, process)) for outcome in study.outcomes}
    computed = {name: (one.verdict, one.certainty, one.maryland_level) for name, one in judged.items()}
    beside = overriding(study, process, computed)
    judged = {name: replace(one, override=beside.get(name)) for name, one in judged.items()}
    primary = study.primary.id
    return Verdict(judged[primary], {name: one for name, one in judged.items() if name != primary})


def _judge(case: Case) -> Judgement:
    study, checks, language = case.study, case.checks, case.language
    verdict, why, rows = _verdict(case)
    level, level_why, level_rows = maryland_level(case)
    sure, sure_why, sure_rows = certainty(replace(case, verdict=verdict))
    if study.is_replication:
        why = (*replicated(study, case.outcome, case.row), *why)
        why += tuple(_said(language, "warning", failed.check, failed.text) for failed in checks.failed())
    elif verdict in {"effect", "effect_opposite"}:
        weak = {row.check for row in checks.rows if row.verdict == "fail"}
        why += tuple(say(language, "verdict", key) for check, key in WARNED.items() if check in weak)
    reasons = {"verdict": why, "certainty": sure_why, "maryland_level": level_why}
    return Judgement(verdict, sure, level, reasons, (*rows, *sure_rows, *level_rows))


def _said(language: str, key: str, check: str, text: str) -> str:
    return say(language, "verdict", key, check=say(language, "names", check), text=text)


def _verdict(case: Case) -> tuple[str, tuple[str, ...], tuple[RuleRow, ...]]:
    """The first rule that holds, the facts that decided, and every rule down to it."""
    rule, hits = next((rule, hits) for rule in VERDICT_RULES if (hits := rule.hits(case)))
    deciding: tuple[str, ...] = (rule.name,)
    if rule.name == "dose" and (more := VERDICT_RULES[1].hits(case)):
        deciding, why = ("dose", "delivery"), _closing(case, rule.name, hits) + _closing(case, "delivery", more)
    elif rule.name in _CLOSING:
        why = _closing(case, rule.name, hits)
    else:
        assert case.row is not None  # noqa: S101 -- no_estimate holds before
        why = by_interval(case.row, case.outcome, case.language)[1]
    return rule.gives, why, tried(case, "verdict", VERDICT_RULES, deciding, first=True)


def _closing(case: Case, name: str, hits: Hits) -> tuple[str, ...]:
    """The reasons of a rule under which no estimate may be read; a replication tells its number anyway."""
    if name == "not_reproduced":
        return ()
    return tuple(case.say("verdict", _SENTENCES.get(name, name), **facts) for facts in hits)


def by_interval(row: EstimateRow, outcome: Outcome, language: str) -> tuple[str, tuple[str, ...]]:
    """The rules that rest on the planned interval and the smallest effect of interest, with their sentences."""
    low, high = row.effect_percent_low / 100, row.effect_percent_high / 100
    facts, inner = interval_facts(row, language), interval_facts(row, language, inner=True)
    delta = outcome.smallest_effect
    smallest = percent(abs(delta), language) if delta else ""
    if excludes_zero(row):
        if not is_wanted(row, outcome):
            return "effect_opposite", (say(language, "verdict", "effect_opposite", **facts),)
        why = [say(language, "verdict", "effect_any" if outcome.direction == "none" else "effect", **facts)]
        if delta and _beyond(low, high, delta):
            why.append(say(language, "verdict", "effect_relevant", smallest=percent(delta, language)))
        elif is_small(row, outcome):
            why.append(say(language, "verdict", "effect_small", smallest=smallest, **inner))
        return "effect", tuple(why)
    if is_small(row, outcome):
        return "no_effect_of_interest", (say(language, "verdict", "no_effect_of_interest", smallest=smallest, **inner),)
    return "uncertain", (say(language, "verdict", "uncertain", **facts),)


def _beyond(low: float, high: float, delta: float) -> bool:
    return high <= delta if delta < 0 else low >= delta
