"""Is the past long enough, the follow-up too, and were the areas chosen at a peak from which they would have fallen anyway?"""

from __future__ import annotations

import numpy as np

from utvardering.checks.base import CheckResult, Design
from utvardering.checks.contrast import relative_contrast
from utvardering.wording import percent

_PEAK = 0.05  # one-sided: a peak this high among the treated would be rare had they been picked blindly
_DEFAULT_SMALLEST = 0.10  # where the study states no smallest effect of interest


def history(design: Design) -> CheckResult:
    """Fails with too few periods, or when the year before the start was so high that a fall back would look like an effect.

    The peak is the excess of the treated units' last year over their earlier years, relative to the comparison units'; it
    fails if it is at least as large as the smallest effect of interest and rarer than 1 in 20 among placebo units
    (regression to the mean, which no p-value repairs).
    """
    limits, sample = design.limits, design.sample
    before = max(len(sample.grid.periods), 0)
    if before < limits.min_periods_before:
        return _few(design, "before", before, limits.min_periods_before)
    if design.n_after < limits.min_periods_after:
        return _few(design, "after", design.n_after, limits.min_periods_after)
    season = sample.grid.calendar.per_year
    direction = design.outcome.direction
    if before < 2 * season + 1 or direction == "none":
        return design.result(
            "history", "pass", before, limits.min_periods_before, "history_pass", before=before, after=design.n_after
        )
    weights = np.full(before, -1 / (before - season))
    weights[-season:] = 1 / season
    contrast = relative_contrast(design, weights, 0.90)
    sign = 1 if direction == "decrease" else -1
    excess = sign * contrast.estimate
    statistics = sign * contrast.test.statistics
    rare = float(np.mean(statistics >= statistics[0] - 1e-9 * abs(statistics[0])))
    limit = abs(design.outcome.smallest_effect or _DEFAULT_SMALLEST)
    language = design.study.report.language
    if excess >= limit and rare <= _PEAK:
        sentence = "history_peak" if sign > 0 else "history_trough"
        return design.result(
            "history",
            "fail",
            excess,
            limit,
            sentence,
            excess=percent(excess, language),
            rare=percent(rare, language, 1),
            limit=percent(limit, language),
        )
    return design.result(
        "history", "pass", before, limits.min_periods_before, "history_pass", before=before, after=design.n_after
    )


def _few(design: Design, side: str, found: int, needed: int) -> CheckResult:
    return design.result("history", "fail", found, needed, f"history_few_{side}", found=found, needed=needed)
