"""Draws that share units and years count for less: the bounds hold what independent repetitions show."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from utvardering.checks.dependent_rate import Draws, binomial_bounds, dependent_rate, effective_number

FOLLOW = 4


def draws_of(rng: np.random.Generator, units: int, size: int, n_starts: int, count: int, unit_share: float, year_share: float):
    """Draws whose happening hangs on a lasting property of their units and on the years, at a rate of .2."""
    of_unit = rng.standard_normal(units)
    shock = rng.standard_normal(n_starts + FOLLOW)
    starts = rng.integers(n_starts, size=count)
    chosen = np.array([rng.choice(units, size, replace=False) for _ in range(count)])
    of_years = np.array([shock[s : s + FOLLOW].mean() for s in range(n_starts)]) * np.sqrt(FOLLOW)
    own = np.sqrt(1 - unit_share - year_share) * rng.standard_normal(count)
    latent = np.sqrt(unit_share) * of_unit[chosen].mean(axis=1) * np.sqrt(size) + np.sqrt(year_share) * of_years[starts] + own
    return Draws(chosen, starts, latent > 0.8416, FOLLOW, units, n_starts + FOLLOW - 1)  # the fifth largest of a normal


@pytest.mark.parametrize(
    ("size", "unit_share", "year_share", "nominal"),
    [(1, 0.0, 0.0, 0.9), (1, 0.6, 0.0, 0.9), (3, 0.6, 0.0, 0.9), (2, 0.3, 0.1, 0.9), (1, 0.0, 0.3, 0.8)],
)
def test_bounds_hold_the_rate_in_repetitions(size: int, unit_share: float, year_share: float, nominal: float) -> None:
    """90 % bounds over 150 repetitions with fresh units and years.

    Seven windows tell too little of years that move together: the last row, as the module says.
    """
    held = []
    for seed in range(150):
        found = dependent_rate(draws_of(np.random.default_rng(seed), 60, size, 24, 240, unit_share, year_share))
        held.append(found.low <= 0.2 <= found.high)
    assert np.mean(held) >= nominal - 2.6 * np.sqrt(nominal * (1 - nominal) / 150)


def test_naive_bounds_would_not_hold() -> None:
    held = []
    for seed in range(150):
        one = draws_of(np.random.default_rng(seed), 60, 3, 24, 240, 0.6, 0.0)
        low, high = binomial_bounds(one.happened.sum(), len(one.happened))
        held.append(low <= 0.2 <= high)
    assert np.mean(held) < 0.8


def test_the_effective_number_is_that_of_the_draws_where_they_are_independent() -> None:
    rng = np.random.default_rng(1)
    one = Draws(np.arange(400)[:, None], np.zeros(400, dtype=int), rng.random(400) < 0.2, FOLLOW, 400, FOLLOW)
    assert effective_number(one) == pytest.approx(400, rel=0.01)  # less a trifle by the t distribution


def test_the_same_draw_again_is_no_news() -> None:
    rng = np.random.default_rng(2)
    happened = rng.random(40) < 0.4
    once = Draws(np.arange(40)[:, None], np.zeros(40, dtype=int), happened, FOLLOW, 40, FOLLOW)
    twice = Draws(np.tile(np.arange(40), 5)[:, None], np.zeros(200, dtype=int), np.tile(happened, 5), FOLLOW, 40, FOLLOW)
    assert effective_number(twice) == pytest.approx(effective_number(once), rel=0.05)  # degrees of freedom of both


def test_without_events_disjoint_sets_are_counted() -> None:
    none = np.zeros(100, dtype=bool)
    units = np.array([np.random.default_rng(k).choice(30, 3, replace=False) for k in range(100)])
    one = Draws(units, np.zeros(100, dtype=int), none, FOLLOW, 30, 8)
    assert effective_number(one) == 20  # ten sets of three, two windows
    found = dependent_rate(one)
    assert found.rate == found.low == 0
    assert found.high == pytest.approx(1 - 0.05 ** (1 / 20))


def test_bounds_are_clopper_and_pearsons() -> None:
    exact = stats.binomtest(5, 20).proportion_ci(0.9, "exact")
    assert binomial_bounds(5, 20) == pytest.approx((exact.low, exact.high))
    assert binomial_bounds(20, 20)[1] == 1
