"""May one series answer the question? Checks that need nobody to compare with; those that do say so and are not evaluated."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.checks.base import CheckResult, Design, Verdict
from utvardering.checks.past import STEPS
from utvardering.checks.power import TRIES, detectable
from utvardering.checks.series_past import PastSeries, Tries, describe_past, try_plan
from utvardering.wording import number, percent

MOST_ALIKE = 0.5
"""Correlation of neighbouring residuals above which the planned interval is too narrow by more than chance (interrupted.md)."""
LEVEL = 0.90


def history(design: Design) -> CheckResult:
    """Fails with too few periods before or after the start."""
    limits, before = design.limits, len(design.sample.grid.periods)
    facts = {"before": before, "after": design.n_after}
    if before < limits.min_periods_before:
        few = {"found": before, "needed": limits.min_periods_before}
        return design.result("history", "fail", before, limits.min_periods_before, "history_few_before", **few)
    if design.n_after < limits.min_periods_after:
        few = {"found": design.n_after, "needed": limits.min_periods_after}
        return design.result("history", "fail", design.n_after, limits.min_periods_after, "history_few_after", **few)
    return design.result("history", "pass", before, limits.min_periods_before, "history_pass", **facts)


def comparison(design: Design) -> CheckResult:
    """Not evaluated: there is nothing to compare with."""
    return design.result("comparison", "not_evaluated", 0, 0, "series_comparison")


def pretrend(design: Design) -> CheckResult:
    """Not evaluated: the trend before the start is part of the model, and that it goes on cannot be tested."""
    return design.result("pretrend", "not_evaluated", np.nan, np.nan, "series_pretrend")


def concurrent(design: Design) -> CheckResult:
    """Fails when the study declares another change at the same time: what is measured is then the sum of both."""
    declared = design.study.measure.concurrent
    if not declared:
        return design.result("concurrent", "pass", 0, 0, "series_concurrent")
    return design.result("concurrent", "fail", len(declared), 0, "series_concurrent_fail", list="; ".join(declared))


def drift(design: Design) -> CheckResult:
    """Fails when what the model leaves over hangs together from period to period: the series then drifts by itself."""
    past, language = past_of(design), design.study.report.language
    verdict: Verdict = "fail" if past.residual_alike > MOST_ALIKE else "pass"
    facts = {"value": number(past.residual_alike, language), "limit": number(MOST_ALIKE, language)}
    return design.result("drift", verdict, past.residual_alike, MOST_ALIKE, f"drift_{verdict}", **facts)


def series_checks() -> dict[str, Callable[[Design], CheckResult]]:
    """The checks of one series in the order in which a reader meets them; the drawn series are drawn once for all."""
    held: list[Tries] = []

    def tried(design: Design) -> Tries:
        if not held:
            held.append(try_plan(past_of(design), TRIES, design.estimation.seed))
        return held[0]

    return {
        "history": history,
        "comparison": comparison,
        "pretrend": pretrend,
        "concurrent": concurrent,
        "drift": drift,
        "power": lambda design: _power(design, tried(design)),
        "false_positives": lambda design: _false_positives(design, tried(design)),
    }


def _power(design: Design, tried: Tries) -> CheckResult:
    """Fails when the smallest effect found in four of five series like the past exceeds the limit."""
    limit, language = design.limits.max_detectable_effect, design.study.report.language
    found = detectable(effects_found(past_of(design), tried))
    facts = {"limit": percent(limit, language), "follow": design.follow_up(design.n_after)}
    if not np.isfinite(found):
        return design.result("power", "fail", np.inf, limit, "power_none", **facts)
    verdict: Verdict = "pass" if found <= limit else "fail"
    return design.result("power", verdict, found, limit, f"power_{verdict}", value=percent(found, language), **facts)


def _false_positives(design: Design, tried: Tries) -> CheckResult:
    """Fails when the planned analysis sees an effect too often, beyond doubt, in series like the past without any."""
    limit, language = design.limits.max_false_positive_rate, design.study.report.language
    rate, low, high = alarm_rate(tried)
    verdict: Verdict = "fail" if low > limit else "pass"
    shown = {name: percent(value, language) for name, value in (("rate", rate), ("low", low), ("high", high), ("limit", limit))}
    facts = {"tries": len(tried.estimate), **shown}
    return design.result("false_positives", verdict, rate, limit, f"series_false_positives_{verdict}", **facts)


def effects_found(past: PastSeries, tried: Tries) -> NDArray[np.float64]:
    """(M,) smallest relative effect in the wanted direction found in each drawn series, infinite beyond 95 %."""
    outcome = past.outcome
    relative = outcome.kind == "count" or outcome.transform == "log"
    level = 0.0 if relative else abs(float(np.nanmean(past.sample.y)))
    found = tried.smallest_found(1.0 if outcome.direction == "increase" else -1.0, relative=relative, level=level)
    return np.where(found <= STEPS[-1], found, np.inf)


def alarm_rate(tried: Tries) -> tuple[float, float, float]:
    """Share of drawn series without an effect in which one is seen, with its exact binomial interval (Clopper & Pearson)."""
    count, alarms = len(tried.estimate), tried.alarms
    tail = (1 - LEVEL) / 2
    low = float(stats.beta.ppf(tail, alarms, count - alarms + 1)) if alarms else 0.0
    high = float(stats.beta.ppf(1 - tail, alarms + 1, count - alarms)) if alarms < count else 1.0
    return alarms / count, low, high


def past_of(design: Design) -> PastSeries:
    """The described past of the primary outcome, with the planned follow-up."""
    return describe_past(design.sample, design.outcome, design.estimation, design.n_after)
