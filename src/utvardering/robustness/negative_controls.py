"""Do outcomes that the measure cannot touch show "an effect" too? Then something else is at work, and it can be measured."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from utvardering.estimators.estimate import EstimateRow
from utvardering.inference.calibration import FEWEST, calibrate
from utvardering.robustness.base import Asked, RobustnessRow, share_of_one
from utvardering.wording import percent, say

CHECK = "negative_controls"
_RARE = 0.05
"""So many false alarms among the controls are a fault: a count that chance gives less often than this."""


def negative_controls(doubt: Asked) -> Iterator[RobustnessRow]:
    """One row per control outcome by the planned analysis; one over all of them; from ten on, the estimate calibrated by them.

    A control fails where its interval holds no zero; all together fail where so many would do so by chance in at most one study
    of twenty, were they independent. The calibrated estimate passes where it leads to the planned conclusion on zero.
    """
    rows = [row for row in doubt.controls if row.scale == doubt.planned.scale]
    for row in rows:
        yield _own(doubt, row)
    if not rows:
        return
    yield _together(doubt, rows)
    if len(rows) >= FEWEST:
        yield _calibrated(doubt, rows)


def _own(doubt: Asked, row: EstimateRow) -> RobustnessRow:
    language = doubt.study.report.language
    title = next(one.title for one in doubt.study.outcomes if one.id == row.outcome)
    shown = {
        name: percent(value / 100, language, 1)
        for name, value in (
            ("value", row.effect_percent),
            ("low", row.effect_percent_low),
            ("high", row.effect_percent_high),
        )
    }
    text = say(language, "robustness", "control", outcome=title, **shown)
    verdict = "fail" if _alarm(row) else "pass"
    return _row(doubt, row.outcome, (row.estimate, row.ci_low, row.ci_high, row.p_value), verdict, text)


def _together(doubt: Asked, rows: list[EstimateRow]) -> RobustnessRow:
    alarms, count = sum(map(_alarm, rows)), len(rows)
    alpha = 1 - doubt.estimation.level
    by_chance = float(stats.binom.sf(alarms - 1, count, alpha)) if alarms else 1.0
    verdict = "fail" if by_chance <= _RARE else "pass"
    language = doubt.study.report.language
    key = "controls_one" if count == 1 else "controls"
    text = say(language, "robustness", key, alarms=alarms, count=count, chance=percent(by_chance, language))
    nan = float("nan")
    return _row(doubt, "all", (nan, nan, nan, by_chance), verdict, text)


def _calibrated(doubt: Asked, rows: list[EstimateRow]) -> RobustnessRow:
    """Differences are held against each other as shares of the level of their own outcome."""
    planned, language = doubt.planned, doubt.study.report.language
    unit = np.array([share_of_one(row) if row.scale == "difference" else 1.0 for row in rows])
    own = share_of_one(planned) if planned.scale == "difference" else 1.0
    found = calibrate(
        planned.estimate,
        planned.std_error,
        np.array([row.estimate for row in rows]) * unit / own,
        np.abs(np.array([row.std_error for row in rows]) * unit / own),
        doubt.estimation.level,
    )
    excluded, before = found.ci_low > 0 or found.ci_high < 0, _alarm(planned)
    verdict = "pass" if excluded == before and (not before or found.estimate * planned.estimate > 0) else "fail"
    low, value, high = (doubt.percent(end) for end in (found.ci_low, found.estimate, found.ci_high))
    facts = {"count": len(rows), "bias": doubt.percent(found.bias), "value": value, "low": low, "high": high}
    text = say(language, "robustness", "calibrated", **facts)
    return _row(doubt, "calibrated", (found.estimate, found.ci_low, found.ci_high, found.p_value), verdict, text)


def _alarm(row: EstimateRow) -> bool:
    return row.ci_low > 0 or row.ci_high < 0


def _row(doubt: Asked, variant: str, numbers: tuple[float, float, float, float], verdict: str, text: str) -> RobustnessRow:
    return RobustnessRow(doubt.study.id, doubt.outcome.id, doubt.planned.estimator, CHECK, variant, *numbers, verdict, text)
