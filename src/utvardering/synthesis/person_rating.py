"""How strong is a design that compares persons? Level 1 to 5 of the Maryland scale, by the rules of docs/verdict.md."""

from __future__ import annotations

from utvardering.checks.base import DesignChecks
from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.estimate import EstimateRow
from utvardering.study.model import Study
from utvardering.wording import say

LOTTERY_LEAST = 10
TREATED, COMPARISON = 5, 20
"""Smallest numbers of persons for levels 5 and 4, the same as for areas."""


def level_of_persons(study: Study, checks: DesignChecks, row: EstimateRow | None) -> tuple[int, tuple[str, ...]]:
    """The level and its reasons.

    Persons are always made alike in the outcome before the start, so that the comparison is shown comparable (3) where overlap
    and balance pass and the change before the start does not fail; with that change passed and covariates it is 4. Numbers of
    persons in a row are rounded, so the smallest number that may lie behind one is held against the least.
    """
    language = study.report.language
    minima = say(language, "maryland", "minima")
    if row is None:
        return 2, (say(language, "maryland", "not_comparable_persons"), minima)
    rounding = study.report.smallest_cell // 2
    treated, comparison = (max(n - rounding, study.report.smallest_cell) for n in (row.n_treated, row.n_comparison))
    if study.measure.assignment == "lottery" and min(treated, comparison) >= LOTTERY_LEAST and row.inference in RANDOMIZED:
        return 5, (say(language, "maryland", "lottery_persons", least=LOTTERY_LEAST), minima)
    if not all(checks[name].verdict == "pass" for name in ("overlap", "balance")) or checks["history"].verdict == "fail":
        return 2, (say(language, "maryland", "not_comparable_persons"), minima)
    adjusted = bool(study.estimation and study.estimation.covariates)
    alike = checks["history"].verdict == "pass"
    if adjusted and alike and treated >= TREATED and comparison >= COMPARISON:
        facts = {"treated": TREATED, "comparison": COMPARISON}
        return 4, (say(language, "maryland", "adjusted_persons", **facts), minima)
    return 3, (say(language, "maryland", "comparable_persons"), minima)
