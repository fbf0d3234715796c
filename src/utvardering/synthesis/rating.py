"""How sure is the conclusion, and how strong is the design? Two fixed scales, each with the facts that decided."""

from __future__ import annotations

from utvardering.checks.base import IDENTIFYING, DesignChecks
from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.estimate import FEW_TREATED, EstimateRow
from utvardering.study.model import Study
from utvardering.wording import say

CERTAINTY = ("very_low", "low", "moderate", "high")

LOTTERY_LEAST = 10
ADJUSTED_TREATED = 5
ADJUSTED_COMPARISON = 20


def certainty(study: Study, checks: DesignChecks, verdict: str, row: EstimateRow | None) -> tuple[str, tuple[str, ...]]:
    """Certainty in four words: starts at high and is capped by each weakness; the lowest cap decides."""
    language = study.report.language
    if verdict in {"not_interpretable", "not_implemented"}:
        key = "gate" if verdict == "not_interpretable" else "not_implemented"
        return "very_low", (say(language, "certainty", key),)
    level, why = "high", [say(language, "certainty", "start")]

    def cap(at_most: str, key: str, **facts: object) -> None:
        nonlocal level
        level = min(level, at_most, key=CERTAINTY.index)
        why.append(say(language, "certainty", key, **facts))

    if study.measure.assignment != "lottery":
        cap("moderate", "no_lottery")
    for check in checks.rows:
        name = say(language, "names", check.check)
        if check.verdict == "not_evaluated":
            cap("low", "not_evaluated", check=name)
        elif check.verdict == "fail" and (check.check not in IDENTIFYING or study.is_replication):
            cap("low", "weak", check=name)
    if row is not None and row.inference not in RANDOMIZED and row.n_treated < FEW_TREATED:
        cap("low", "cluster_few", n=row.n_treated)
    return level, tuple(why)


def maryland_level(study: Study, checks: DesignChecks, row: EstimateRow | None) -> tuple[int, tuple[str, ...]]:
    """Level 1 to 5 of the Scientific Methods Scale (Farrington et al. 2002); the minimum numbers are the program's own."""
    language = study.report.language
    minima = say(language, "maryland", "minima")
    comparable = checks["comparison"].verdict == "pass" and checks["pretrend"].verdict == "pass"
    if row is None:
        return 2, (say(language, "maryland", "not_comparable"), minima)
    least = min(row.n_treated, row.n_comparison)
    if study.measure.assignment == "lottery" and least >= LOTTERY_LEAST and row.inference in RANDOMIZED:
        return 5, (say(language, "maryland", "lottery", least=LOTTERY_LEAST), minima)
    adjusted = bool(study.estimation and (study.estimation.covariates or study.estimation.weights))
    if comparable and adjusted and row.n_treated >= ADJUSTED_TREATED and row.n_comparison >= ADJUSTED_COMPARISON:
        facts = {"treated": ADJUSTED_TREATED, "comparison": ADJUSTED_COMPARISON}
        return 4, (say(language, "maryland", "adjusted", **facts), minima)
    if comparable:
        return 3, (say(language, "maryland", "comparable"), minima)
    return 2, (say(language, "maryland", "not_comparable"), minima)
