"""A described past: drawn again it has the level, spread and autocorrelation that were put into it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import grid, noise, panel, study
from utvardering.checks.series_past import PastSeries, Tries, describe_past, try_plan
from utvardering.errors import DesignError

LENGTH, AFTER = 300, 12
"""Long enough that trend and season take little away."""


def described(y: np.ndarray, kind: str, after: int = AFTER) -> PastSeries:
    outcome = {"id": "y", "title": "Y", "aim": "process", "role": "primary", "kind": kind, "direction": "increase"}
    plan = study(outcomes=(outcome,), estimation={"estimator": "interrupted", "inference": "analytic"})
    before = panel({"y": grid(y[None, :], np.array([len(y)]), calendar="month")}, ["treated"], one_series=True)
    assert plan.estimation is not None
    return describe_past(before.sample("y"), plan.primary, plan.estimation, after)


def test_a_mean_is_described_by_its_own_spread_and_correlation() -> None:
    rng = np.random.default_rng(2)
    found = described(10 + 2 * noise(rng, 1, LENGTH, 0.6)[0], "mean")
    assert found.spread == pytest.approx(2, rel=0.2)
    assert found.alike == pytest.approx(0.6, abs=0.15)
    assert found.level.shape == (LENGTH + AFTER,)
    assert found.start == LENGTH


def test_counts_drawn_again_spread_as_the_past_did() -> None:
    rng = np.random.default_rng(3)
    y = rng.poisson(200 * np.exp(0.2 * noise(rng, 1, LENGTH, 0.5)[0]))
    found = described(y.astype(float), "count")
    again = found.draw(np.random.default_rng(1)).y[0, :LENGTH]
    assert again.mean() == pytest.approx(y.mean(), rel=0.1)
    assert again.std() == pytest.approx(y.std(), rel=0.25)
    assert found.spread == pytest.approx(0.2, rel=0.3)


def test_the_same_seed_gives_the_same_draw_and_gaps_stay() -> None:
    y = 10 + noise(np.random.default_rng(4), 1, 60, 0.0)[0]
    y[7] = np.nan
    found = described(y, "mean")
    one, other = (found.draw(np.random.default_rng(9)).y for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert np.flatnonzero(np.isnan(one[0])).tolist() == [7]


def test_a_past_that_says_nothing_is_refused() -> None:
    with pytest.raises(DesignError, match="y: every value before the start is 0"):
        described(np.zeros(60), "count")
    with pytest.raises(DesignError, match="y: 4 periods with a value before the start are too few to describe the series"):
        described(np.arange(4.0), "mean")


def test_the_plan_is_tried_and_the_smallest_effect_read_off_the_limits() -> None:
    tried = try_plan(described(10 + noise(np.random.default_rng(5), 1, 60, 0.0)[0], "mean"), 30, 1)
    assert tried.estimate.shape == (30,)
    assert tried.alarms <= 8
    by_hand = Tries(np.zeros(3), np.ones(3), np.log([0.9, 0.8, 1.1]), np.log([1.2, 1.25, 1.3]))
    np.testing.assert_allclose(by_hand.smallest_found(1.0, relative=True), [1 / 0.9 - 1, 0.25, 0])
    np.testing.assert_allclose(by_hand.smallest_found(-1.0, relative=True), [1 - 1 / 1.2, 0.2, 1 - 1 / 1.3])
