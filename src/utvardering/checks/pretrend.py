"""Did treated and comparison already drift apart before the start, so far that it could pass for an effect?"""

from __future__ import annotations

import numpy as np

from utvardering.checks.base import CheckResult, Design, Verdict
from utvardering.checks.contrast import relative_contrast
from utvardering.wording import percent

LEVEL = 0.90
_FEWEST = 4  # periods from which a slope is drawn


def pretrend(design: Design) -> CheckResult:
    """The slope before the start times the follow-up, relative to the treated mean, by its 90 % placebo interval.

    Wholly inside ± the limit passes, wholly outside fails, anything else is not evaluated: a rule on the point alone would
    fail sound studies with few treated units.
    """
    limit = design.limits.max_pretrend
    count = len(design.sample.grid.periods)
    if count < _FEWEST:
        return design.result("pretrend", "not_evaluated", np.nan, limit, "pretrend_short", count=count)
    time = np.arange(count) - (count - 1) / 2
    contrast = relative_contrast(design, time / np.sum(time**2) * max(design.n_after, 1), LEVEL)
    low, high = contrast.test.ci_low, contrast.test.ci_high
    verdict: Verdict = "not_evaluated"
    if -limit <= low and high <= limit:
        verdict = "pass"
    elif low > limit or high < -limit:
        verdict = "fail"
    language = design.study.report.language
    return design.result(
        "pretrend",
        verdict,
        contrast.estimate,
        limit,
        f"pretrend_{verdict}",
        value=percent(contrast.estimate, language, 1),
        low=percent(low, language, 1),
        high=percent(high, language, 1),
        limit=percent(limit, language),
    )
