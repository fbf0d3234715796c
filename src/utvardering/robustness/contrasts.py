"""Does the effect lie where the measure could work, such as at night and not by day?"""

from __future__ import annotations

from collections.abc import Iterator

from utvardering.errors import DesignError
from utvardering.estimators.estimate import EstimateRow
from utvardering.inference.joint_contrast import joint_contrast
from utvardering.robustness.base import Doubt, RobustnessRow, share_of_one, unanswered
from utvardering.wording import say

CHECK = "contrasts"


def contrasts(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per `[robustness] contrasts`: the planned effect on the first outcome less that on the second.

    Passes where the interval lies wholly on the wanted side of the first outcome, fails where wholly on the other, is not
    evaluated in between: then the data do not tell the two apart. Differences are shares of the level of their own outcome.
    """
    rows = {row.outcome: row for row in (doubt.planned, *doubt.others)}
    for first, second in doubt.study.robustness.contrasts:
        variant = f"{first}-{second}"
        try:
            yield _contrast(doubt, variant, rows.get(first), rows.get(second))
        except DesignError as fault:
            yield unanswered(doubt, CHECK, variant, fault)


def _contrast(doubt: Doubt, variant: str, one: EstimateRow | None, other: EstimateRow | None) -> RobustnessRow:
    language = doubt.study.report.language
    if one is None or other is None:
        raise DesignError(say(language, "robustness", "contrast_missing"))
    if one.scale != other.scale or one.joint is None or other.joint is None or one.joint[0] != other.joint[0]:
        raise DesignError(say(language, "robustness", "contrast_apart"))
    units = [share_of_one(row) if row.scale == "difference" else 1.0 for row in (one, other)]
    try:
        found = joint_contrast(
            (one.estimate * units[0], other.estimate * units[1]), (one.joint[1], other.joint[1]), doubt.estimation.level
        )
    except ValueError as fault:
        raise DesignError(say(language, "robustness", "contrast_apart")) from fault
    titles = {outcome.id: outcome.title for outcome in doubt.study.outcomes}
    wanted = next(outcome.direction for outcome in doubt.study.outcomes if outcome.id == one.outcome)
    sign = {"decrease": -1, "increase": 1}.get(wanted, 0)
    verdict = "not_evaluated"
    if found.ci_low > 0 or found.ci_high < 0:
        verdict = "pass" if found.difference * sign > 0 else "fail"
    low, value, high = (doubt.share(end, one.scale) for end in (found.ci_low, found.difference, found.ci_high))
    facts = {"first": titles[one.outcome], "second": titles[other.outcome], "value": value, "low": low, "high": high}
    text = say(language, "robustness", f"contrast_{verdict}", **facts)
    numbers = (found.difference, found.ci_low, found.ci_high, found.p_value)
    return RobustnessRow(doubt.study.id, doubt.outcome.id, doubt.planned.estimator, CHECK, variant, *numbers, verdict, text)
