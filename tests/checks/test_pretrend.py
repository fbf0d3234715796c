"""Did the treated already drift apart before the start? The 90 % placebo interval decides, never the point."""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import N_AFTER, N_BEFORE, N_UNITS, a_design, a_study, events, means
from utvardering.checks.contrast import relative_contrast
from utvardering.checks.pretrend import LEVEL, pretrend

FIVE = [N_BEFORE] * 5
TIME = np.arange(N_BEFORE + N_AFTER)


def test_parallel_and_quiet_passes() -> None:
    found = pretrend(a_design(means(spread=0.5), FIVE))
    assert found.verdict == "pass"
    assert abs(found.value) <= found.threshold == 0.10


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("estimator", ["did", "poisson_did"])
def test_a_steep_difference_fails(sign: int, estimator: str) -> None:
    """Ten per cent of the level a year, over four years of follow-up, is forty per cent."""
    kind = "count" if estimator == "poisson_did" else "mean"
    y = events() if kind == "count" else means(spread=0.5)
    y[:5] *= 1 + sign * 0.05 * (TIME - (N_BEFORE - 1) / 2)
    found = pretrend(a_design(y, FIVE, a_study(kind, estimator)))
    assert found.verdict == "fail"
    assert found.value == pytest.approx(sign * 0.05 * N_AFTER, rel=0.2)  # noise of the slope


@pytest.mark.parametrize("treated", [1, 2])
def test_noise_that_could_hide_a_trend_is_not_evaluated(treated: int) -> None:
    assert pretrend(a_design(means(spread=25), [N_BEFORE] * treated)).verdict == "not_evaluated"


def test_three_periods_tell_no_trend() -> None:
    found = pretrend(a_design(means(n_periods=7), [3]))
    assert (found.verdict, found.threshold) == ("not_evaluated", 0.10)
    assert np.isnan(found.value)


@pytest.mark.parametrize("limit", [0.02, 0.05, 0.1, 0.2, 0.5])
@pytest.mark.parametrize("drift", [0.0, 0.01, 0.03])
def test_the_interval_rule(limit: float, drift: float) -> None:
    """Wholly inside ± the limit passes, wholly outside fails, anything else is not evaluated."""
    y = means(seed=5, spread=2)
    y[:5] *= 1 + drift * (TIME - (N_BEFORE - 1) / 2)
    design = a_design(y, FIVE, a_study(checks={"max_pretrend": limit}))
    time = np.arange(N_BEFORE) - (N_BEFORE - 1) / 2
    test = relative_contrast(design, time / np.sum(time**2) * N_AFTER, LEVEL).test
    low, high = test.ci_low, test.ci_high
    expected = "not_evaluated"
    if -limit <= low and high <= limit:
        expected = "pass"
    if low > limit or high < -limit:
        expected = "fail"
    assert pretrend(design).verdict == expected


def test_the_slope_is_that_of_a_regression_of_the_difference() -> None:
    y = means(seed=6)
    found = pretrend(a_design(y, FIVE))
    difference = y[:5, :N_BEFORE].mean(axis=0) - y[5:, :N_BEFORE].mean(axis=0)
    slope = np.polyfit(np.arange(N_BEFORE), difference, 1)[0]
    assert found.value == pytest.approx(slope * N_AFTER / y[:5, :N_BEFORE].mean(), rel=1e-9)  # rounding


def test_a_longer_follow_up_makes_the_same_slope_weigh_more() -> None:
    y = means(seed=6)
    one = pretrend(a_design(y, FIVE, n_after=4))
    longer = pretrend(a_design(y, FIVE, n_after=8))
    assert longer.value == pytest.approx(2 * one.value)


def test_a_growing_population_is_no_trend() -> None:
    """Events that follow a growing exposure stand still per inhabitant."""
    growth = np.vstack([np.tile(1.1**TIME, (5, 1)), np.ones((N_UNITS - 5, len(TIME)))])
    exposure = 1000 * growth
    rng = np.random.default_rng(8)
    y = rng.poisson(0.2 * exposure).astype(float)
    exposed = a_design(y, FIVE, a_study("count", "poisson_did", outcome={"exposure": "e"}), exposure=exposure)
    assert pretrend(exposed).verdict == "pass"
    assert pretrend(a_design(y, FIVE, a_study("count", "poisson_did"))).verdict == "fail"


def test_sound_designs_seldom_fail() -> None:
    """With 90 % intervals at most a tenth of sound designs could fail; few do, since the limit lies beyond 0."""
    verdicts = [pretrend(a_design(means(seed=k, spread=3), FIVE)).verdict for k in range(60)]
    assert verdicts.count("fail") <= 3
