"""What a rule looks at, and what a rule is: the facts of one outcome, and a test of them with a name and a consequence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from utvardering.checks.base import DesignChecks
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.process.assess import ProcessAssessment
from utvardering.study.model import Outcome, Study
from utvardering.wording import say

Facts = dict[str, Any]
Hits = list[Facts]


@dataclass(frozen=True)
class Case:
    """Everything that the rules look at for one outcome; `verdict` is empty until its rules have been tried."""

    study: Study
    outcome: Outcome
    checks: DesignChecks
    estimates: Estimates
    process: ProcessAssessment | None = None
    verdict: str = ""

    @property
    def row(self) -> EstimateRow | None:
        """The planned estimate of the outcome."""
        return self.estimates.planned(self.outcome.id)

    @property
    def language(self) -> str:
        """Language of the report."""
        return self.study.report.language

    @property
    def of_persons(self) -> bool:
        """Whether persons are followed."""
        return self.study.study.design == "individuals"

    @property
    def delta(self) -> float:
        """The smallest effect of interest; 0 where none was stated."""
        return self.outcome.smallest_effect or 0.0

    def check_name(self, check: str) -> str:
        """A check as a sentence names it."""
        return say(self.language, "names", check)

    def say(self, table: str, key: str, **facts: object) -> str:
        """A sentence in the language of the report."""
        return say(self.language, table, key, **facts)


@dataclass(frozen=True)
class Rule:
    """A printed rule as code.

    name   key of its text in `wording/rules.{sv,en}.toml`
    gives  what follows where it holds
    hits   the facts of the sentence that gives the reason, once for each time that it holds; none where it does not
    facts  what it looked at, in a few words, whether it holds or not
    terms  the program's own numbers in its text
    """

    name: str
    gives: str
    hits: Callable[[Case], Hits]
    facts: Callable[[Case], str]
    terms: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True)
class RuleRow:
    """A row of `rules.csv`: a rule of a scale (`verdict`, `certainty`, `maryland_level`), tried on one outcome.

    `holds` is empty where the rule was not tried since a row above it had decided; `decides` is true for the rows that
    gave the result.
    """

    study: str
    outcome: str
    scale: str
    place: int
    rule: str
    gives: str
    holds: str
    decides: str
    text: str
    facts: str


def once(holds: bool, **facts: object) -> Hits:  # noqa: FBT001 -- the answer of a test, with the facts of its sentence
    """One hit with these facts where a test holds."""
    return [facts] if holds else []


def rule_text(rule: Rule, scale: str, language: str) -> str:
    """The printed text of a rule, with the program's own numbers in it."""
    return say(language, f"rule_{scale}", rule.name, **dict(rule.terms))


def tried(case: Case, scale: str, rules: tuple[Rule, ...], deciding: tuple[str, ...], *, first: bool) -> tuple[RuleRow, ...]:
    """A row for each rule of a scale; `first`: rows below the one that decided are not tried."""
    rows, over = [], False
    for place, rule in enumerate(rules, 1):
        known = not (first and over) or rule.name in deciding
        holds = known and bool(rule.hits(case))
        decides = holds and rule.name in deciding
        over = over or decides
        rows.append(
            RuleRow(
                study=case.study.id,
                outcome=case.outcome.id,
                scale=scale,
                place=place,
                rule=rule.name,
                gives=rule.gives,
                holds=str(holds).lower() if known else "",
                decides=str(decides).lower(),
                text=rule_text(rule, table_of(scale, of_persons=case.of_persons), case.language),
                facts=rule.facts(case) if known else case.say("rule_facts", "not_tried"),
            )
        )
    return tuple(rows)


def table_of(scale: str, *, of_persons: bool) -> str:
    """The table of texts of a scale: the levels of persons have rules of their own."""
    return "level_persons" if scale == "maryland_level" and of_persons else "level" if scale == "maryland_level" else scale
