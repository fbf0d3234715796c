"""How sure is the conclusion, and how strong is the design? Two fixed scales, each with the facts that decided."""

from __future__ import annotations

from collections.abc import Iterator

from utvardering.checks.base import IDENTIFYING, DesignChecks
from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.estimate import FEW_TREATED, EstimateRow, Estimates
from utvardering.estimators.registry import ESTIMATORS
from utvardering.study.model import Outcome, Study
from utvardering.synthesis.person_rating import level_of_persons
from utvardering.wording import say

Cap = tuple[str, str, dict[str, object]]
"""At most this certainty, the sentence that says why, and its facts."""

CERTAINTY = ("very_low", "low", "moderate", "high")

BY_FORMULA = {"wdd": "wdd_analytic", "interrupted": "series"}
"""Estimators whose analytic interval rests on a model of the noise alone, and the sentence that caps certainty for it."""

_OF_PERSONS = ("no_lottery", "cluster_few")
"""Caps whose sentence speaks of areas, and has another for persons."""

_NO_FAULT = ("coverage", "false_positives", "spillover")
"""Checks that cap nothing where they could not be evaluated: a method not tried enough, or areas without a map."""

_NEED_COMPARISON = ("comparison", "pretrend")
"""Checks that one series never can have made."""

LOTTERY_LEAST = 10
ADJUSTED_TREATED = 5
ADJUSTED_COMPARISON = 20


def certainty(
    study: Study, outcome: Outcome, checks: DesignChecks, verdict: str, row: EstimateRow | None, estimates: Estimates
) -> tuple[str, tuple[str, ...]]:
    """Certainty in four words: starts at high and is capped by each weakness; the lowest cap decides."""
    language = study.report.language
    if verdict in {"not_interpretable", "not_implemented"}:
        key = "gate" if verdict == "not_interpretable" else "not_implemented"
        return "very_low", (say(language, "certainty", key),)
    level, why = "high", [say(language, "certainty", "start")]
    if outcome.role != "primary":
        level = "moderate"
        why.append(say(language, "certainty", "secondary"))
    for at_most, key, facts in (*_of_design(study, checks), *_of_estimate(study, verdict, row, estimates)):
        level = min(level, at_most, key=CERTAINTY.index)
        said = f"{key}_persons" if study.study.design == "individuals" and key in _OF_PERSONS else key
        why.append(say(language, "certainty", said, **facts))
    return level, tuple(why)


def _of_design(study: Study, checks: DesignChecks) -> Iterator[Cap]:
    alone = study.study.design == "series"  # its cap is that of the estimator: no other area to differ from
    if study.measure.assignment != "lottery" and not alone:
        yield "moderate", "no_lottery", {}
    for check in checks.rows:
        if alone and check.check in _NEED_COMPARISON:
            continue
        name = say(study.report.language, "names", check.check)
        if check.verdict == "not_evaluated" and check.check not in _NO_FAULT:
            yield "low", "not_evaluated", {"check": name}
        elif check.verdict == "fail" and (check.check not in IDENTIFYING or study.is_replication):
            yield "low", "weak", {"check": name}


def _of_estimate(study: Study, verdict: str, row: EstimateRow | None, estimates: Estimates) -> Iterator[Cap]:
    if row is not None and row.inference == "analytic" and row.estimator in BY_FORMULA:
        yield "low", BY_FORMULA[row.estimator], {}
    elif row is not None and row.inference not in RANDOMIZED and row.n_treated < FEW_TREATED:
        yield "low", "cluster_few", {"n": row.n_treated}
    if verdict == "uncertain":
        yield "low", "imprecise", {}
    for outcome in study.outcomes:
        control = estimates.planned(outcome.id)
        if outcome.role == "negative_control" and control is not None and (control.ci_low > 0 or control.ci_high < 0):
            yield "low", "negative_control", {"title": outcome.title}


def maryland_level(study: Study, checks: DesignChecks, row: EstimateRow | None) -> tuple[int, tuple[str, ...]]:
    """Level 1 to 5 of the Scientific Methods Scale (Farrington et al. 2002); the minimum numbers are the program's own."""
    return level_of_persons(study, checks, row) if study.study.design == "individuals" else _level(study, checks, row)


def _level(study: Study, checks: DesignChecks, row: EstimateRow | None) -> tuple[int, tuple[str, ...]]:
    language = study.report.language
    minima = say(language, "maryland", "minima")
    comparable = checks["comparison"].verdict == "pass" and checks["pretrend"].verdict == "pass"
    if row is None:
        return 2, (say(language, "maryland", "not_comparable"), minima)
    if row.estimator in ESTIMATORS and ESTIMATORS[row.estimator].alone:
        return 2, (say(language, "maryland", "series"), minima)
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
