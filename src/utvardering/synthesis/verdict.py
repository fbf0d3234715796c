"""What may be said of each outcome, by the first rule that holds, with the facts that decided."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import tomlkit

from utvardering.checks.base import DesignChecks
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.inference.randomization import BROKEN
from utvardering.process.assess import ProcessAssessment
from utvardering.robustness.base import Robustness
from utvardering.study.model import Expected, Outcome, Study
from utvardering.synthesis.delivery import why_not_implemented
from utvardering.synthesis.rating import certainty, maryland_level
from utvardering.wording import number, percent, say

VERDICTS = ("effect", "effect_opposite", "no_effect_of_interest", "uncertain", "not_interpretable", "not_implemented")

WARNED = {"power": "exaggerated", "false_positives": "alarming"}
"""Checks that close no gate, and the warning that an effect found all the same carries where they fail."""


@dataclass(frozen=True)
class Judgement:
    """Verdict, certainty and Maryland level of one outcome, each with its reasons."""

    verdict: str
    certainty: str
    maryland_level: int
    reasons: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Verdict:
    """The judgement of the primary outcome, and those of the others."""

    primary: Judgement
    outcomes: dict[str, Judgement]

    def to_toml(self) -> str:
        """The text of `verdict.toml`."""
        document = tomlkit.document()
        for key, value in _plain(self.primary).items():
            document.add(key, value)
        if self.outcomes:
            document.add("outcomes", {name: _plain(judgement) for name, judgement in self.outcomes.items()})
        return tomlkit.dumps(document)


def _plain(judgement: Judgement) -> dict[str, Any]:
    return {
        "verdict": judgement.verdict,
        "certainty": judgement.certainty,
        "maryland_level": judgement.maryland_level,
        "reasons": {name: list(lines) for name, lines in judgement.reasons.items()},
    }


def judge(
    study: Study,
    checks: DesignChecks,
    estimates: Estimates,
    robustness: Robustness | None = None,  # noqa: ARG001 -- takes part from the first robustness check that a rule names
    process: ProcessAssessment | None = None,
) -> Verdict:
    """Judge every outcome by the rules of docs/verdict.md."""
    undone = why_not_implemented(study, process)
    judged = {outcome.id: _judge(study, outcome, checks, estimates, undone) for outcome in study.outcomes}
    primary = study.primary.id
    return Verdict(judged[primary], {name: one for name, one in judged.items() if name != primary})


def _judge(study: Study, outcome: Outcome, checks: DesignChecks, estimates: Estimates, undone: tuple[str, ...]) -> Judgement:
    language = study.report.language
    row = estimates.planned(outcome.id)
    verdict, why = _verdict(study, outcome, checks, row, estimates, undone)
    level, level_why = maryland_level(study, checks, row)
    sure, sure_why = certainty(study, outcome, checks, verdict, row, estimates)
    if study.is_replication:
        why = (*_replication(study, outcome, row), *why)
        why += tuple(_said(language, "warning", failed.check, failed.text) for failed in checks.failed())
    elif verdict in {"effect", "effect_opposite"}:
        weak = {row.check for row in checks.rows if row.verdict == "fail"}
        why += tuple(say(language, "verdict", key) for check, key in WARNED.items() if check in weak)
    return Judgement(verdict, sure, level, {"verdict": why, "certainty": sure_why, "maryland_level": level_why})


def _said(language: str, key: str, check: str, text: str) -> str:
    return say(language, "verdict", key, check=say(language, "names", check), text=text)


def _verdict(
    study: Study,
    outcome: Outcome,
    checks: DesignChecks,
    row: EstimateRow | None,
    estimates: Estimates,
    undone: tuple[str, ...],
) -> tuple[str, tuple[str, ...]]:
    """The first rule that holds, and the facts that decided."""
    language = study.report.language
    if undone:
        return "not_implemented", undone
    failed = () if study.is_replication else checks.failed()
    if failed:
        return "not_interpretable", tuple(_said(language, "gate", one.check, one.text) for one in failed)
    if row is None:
        reason = "; ".join(item.reason for item in estimates.left_out if item.outcome == outcome.id) or "–"
        return "not_interpretable", (say(language, "verdict", "no_estimate", reason=reason),)
    if study.is_replication and _reproduced(study, outcome, row) is False:
        return "not_interpretable", ()
    return by_interval(row, outcome, language)


def by_interval(row: EstimateRow, outcome: Outcome, language: str) -> tuple[str, tuple[str, ...]]:
    """The rules that rest on the planned interval and the smallest effect of interest."""
    low, high = row.effect_percent_low / 100, row.effect_percent_high / 100
    inner_low, inner_high = row.effect_percent_low_90 / 100, row.effect_percent_high_90 / 100
    facts = {"low": percent(low, language, 1), "high": percent(high, language, 1)}
    if math.isnan(low) or math.isnan(high):  # a level that would have been 0 or less has no percent
        facts = {"low": number(row.ci_low, language, 3), "high": number(row.ci_high, language, 3)}
    inner = {"low": percent(inner_low, language, 1), "high": percent(inner_high, language, 1)}
    delta = outcome.smallest_effect
    smallest = percent(abs(delta), language) if delta else ""
    small = bool(delta) and _within(inner_low, inner_high, delta or 0.0)
    rejected = row.p_value <= 1 - row.level + 1e-12
    if row.ci_low > 0 or row.ci_high < 0 or (BROKEN in row.note and rejected):
        wanted = {"decrease": row.estimate < 0, "increase": row.estimate > 0, "none": True}[outcome.direction]
        if not wanted:
            return "effect_opposite", (say(language, "verdict", "effect_opposite", **facts),)
        why = [say(language, "verdict", "effect_any" if outcome.direction == "none" else "effect", **facts)]
        if delta and _beyond(low, high, delta):
            why.append(say(language, "verdict", "effect_relevant", smallest=percent(delta, language)))
        elif small:
            why.append(say(language, "verdict", "effect_small", smallest=smallest, **inner))
        return "effect", tuple(why)
    if small:
        return "no_effect_of_interest", (say(language, "verdict", "no_effect_of_interest", smallest=smallest, **inner),)
    return "uncertain", (say(language, "verdict", "uncertain", **facts),)


def _within(low: float, high: float, delta: float) -> bool:
    """Within ln(1 + δ) and −ln(1 + δ) on the log scale: two one-sided tests at 5 % when low and high are a 90 % interval."""
    reach = abs(np.log1p(delta))
    return bool(np.log1p(max(low, -1 + 1e-12)) >= -reach and np.log1p(high) <= reach)


def _beyond(low: float, high: float, delta: float) -> bool:
    return high <= delta if delta < 0 else low >= delta


def _decimals(value: float) -> int:
    """Decimals that show the first digit of a small number."""
    return max(0, -math.floor(math.log10(value))) if value > 0 else 0


def _expected(study: Study, outcome: Outcome, row: EstimateRow) -> Expected | None:
    """The number that expected.toml states for the planned row."""
    for one in study.expected:
        weights = row.weights if one.weights is None else one.weights
        named = (one.outcome, one.estimator, one.estimand, one.inference or row.inference, weights)
        if named == (outcome.id, row.estimator, row.estimand, row.inference, row.weights):
            return one
    return None


def _reproduced(study: Study, outcome: Outcome, row: EstimateRow) -> bool | None:
    expected = _expected(study, outcome, row)
    return None if expected is None else abs(row.estimate - expected.estimate) <= expected.tolerance


def _replication(study: Study, outcome: Outcome, row: EstimateRow | None) -> tuple[str, ...]:
    language = study.report.language
    expected = None if row is None else _expected(study, outcome, row)
    if row is None or expected is None:
        return (say(language, "verdict", "replication_unknown", work=study.study.replication),)
    same = "replication_same" if _reproduced(study, outcome, row) else "replication_differs"
    return (
        say(
            language,
            "verdict",
            same,
            work=study.study.replication,
            found=number(row.estimate, language, 4),
            source=expected.source,
            expected=number(expected.estimate, language, 4),
            tolerance=number(expected.tolerance, language, _decimals(expected.tolerance)),
        ),
    )
