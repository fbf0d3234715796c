"""Was the number of a published work found again? What `expected.toml` states beside what the planned analysis found."""

from __future__ import annotations

import math
from dataclasses import replace

from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.robustness.base import Robustness, RobustnessRow
from utvardering.study.model import Expected, Outcome, Study
from utvardering.wording import number, say


def stated(study: Study, outcome: Outcome, row: EstimateRow) -> Expected | None:
    """The number that `expected.toml` states for the planned row."""
    for one in study.expected:
        weights = row.weights if one.weights is None else one.weights
        named = (one.outcome, one.estimator, one.estimand, one.inference or row.inference, weights)
        if named == (outcome.id, row.estimator, row.estimand, row.inference, row.weights):
            return one
    return None


def reproduced(study: Study, outcome: Outcome, row: EstimateRow) -> bool | None:
    """Whether the planned number is the stated one within its tolerance; None where none is stated."""
    found = stated(study, outcome, row)
    return None if found is None else abs(row.estimate - found.estimate) <= found.tolerance


def replicated(study: Study, outcome: Outcome, row: EstimateRow | None) -> tuple[str, ...]:
    """What the report says of the number that was to be reproduced."""
    language = study.report.language
    expected = None if row is None else stated(study, outcome, row)
    if row is None or expected is None:
        return (say(language, "verdict", "replication_unknown", work=study.study.replication),)
    same = "replication_same" if reproduced(study, outcome, row) else "replication_differs"
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


def with_replication(study: Study, estimates: Estimates, robustness: Robustness) -> Robustness:
    """The doubts with a row `replication` for each outcome whose number is to be reproduced.

    Its estimate is the stated number, its limits that number less and plus the tolerance: the planned one lies within or not.
    """
    if not study.is_replication:
        return robustness
    rows = [_row(study, outcome, row) for outcome in study.outcomes if (row := estimates.planned(outcome.id)) is not None]
    return replace(robustness, rows=(*robustness.rows, *(row for row in rows if row is not None)))


def _row(study: Study, outcome: Outcome, row: EstimateRow) -> RobustnessRow | None:
    found = stated(study, outcome, row)
    if found is None:
        return None
    return RobustnessRow(
        study=study.id,
        outcome=outcome.id,
        estimator=row.estimator,
        check="replication",
        variant="",
        estimate=found.estimate,
        ci_low=found.estimate - found.tolerance,
        ci_high=found.estimate + found.tolerance,
        p_value=math.nan,
        verdict="pass" if reproduced(study, outcome, row) else "fail",
        text=replicated(study, outcome, row)[0],
    )


def _decimals(value: float) -> int:
    """Decimals that show the first digit of a small number."""
    return max(0, -math.floor(math.log10(value))) if value > 0 else 0
