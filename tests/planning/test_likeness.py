"""Are level, trend, season and covariates what they are said to be, and distances what the formula says?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests import designs
from utvardering.data.calendar import Calendar
from utvardering.planning.likeness import Past, distances, past_of, profiles, slopes, traits

from .areas_before import course, many, panel


def past(y: np.ndarray, kind: str = "mean", **parts: object) -> Past:
    return past_of(panel(y, [y.shape[1]], **parts), designs.outcome(kind))


def test_slopes_are_found_whatever_the_season_and_gaps() -> None:
    y = np.array([course(trend=0.10, swing=0.4, shift=3, periods=24), course(trend=-0.05, swing=0.2, periods=24)])
    assert slopes(past(y)) == pytest.approx([10.0, -5.0], abs=1e-9)  # rounding
    y[0, [3, 4, 17]] = np.nan
    assert slopes(past(y)) == pytest.approx([10.0, -5.0], abs=1e-9)  # rounding


def test_slopes_against_least_squares_with_dummies() -> None:
    y = many(4, seed=2, periods=40)
    y[np.random.default_rng(0).random(y.shape) < 0.1] = np.nan
    one = past(y)
    for unit, found in enumerate(slopes(one)):
        seen = np.isfinite(y[unit])
        dummies = np.eye(12)[np.arange(40) % 12]
        design = np.column_stack([np.arange(40) / 12, dummies])[seen]
        slow = np.linalg.lstsq(design, y[unit, seen], rcond=None)[0][0]
        assert found == pytest.approx(slow, abs=1e-9)  # rounding


def test_counts_have_relative_slopes_and_profiles() -> None:
    y = np.round(np.array([course(1000.0, 0.0, 0.2, periods=24), course(4000.0, 0.0, 0.2, periods=24)]))
    exposure = np.array([np.full(24, 1e5), np.full(24, 4e5)])
    one = past(y, "count", exposure=exposure)
    found = traits(one)
    assert found["level"][:, 0] == pytest.approx(np.log([0.01, 0.01]), abs=1e-4)  # half an event and rounded counts
    assert found["level"][:, 1] == pytest.approx(np.log([1e5, 4e5]), abs=1e-9)  # rounding
    assert found["season"][0] == pytest.approx(0.2 * np.cos(2 * np.pi * np.arange(12) / 12), abs=2e-3)  # rounded counts
    assert found["season"][0] == pytest.approx(found["season"][1], abs=2e-3)  # rounded counts


def test_a_season_needs_two_years_and_a_calendar_with_seasons() -> None:
    assert "season" in traits(past(many(3, periods=24)))
    assert "season" not in traits(past(many(3, periods=23)))
    assert "season" not in traits(past(many(3), calendar="year"))
    assert "season" not in traits(past(many(3), calendar="index"))


def in_calendar(unit: str, first: str, periods: int) -> Past:
    """Two areas in a calendar of another length."""
    start = designs.treated_first(2, [periods])
    number, y = Calendar(unit).number(first), many(2, periods=periods)
    grid = replace(designs.grid(y, start), calendar=Calendar(unit), periods=tuple(range(number, number + periods)))
    return past_of(designs.panel({"y": grid}, ["treated", "comparison"]), designs.outcome())


def test_weeks_have_the_season_of_their_month_and_quarters_their_own() -> None:
    weekly = in_calendar("week", "2010-W01", 156)
    assert weekly.season is not None
    assert set(weekly.season.tolist()) == set(range(12))
    assert traits(weekly)["season"].shape == (2, 12)
    assert traits(in_calendar("quarter", "2010K1", 8))["season"].shape == (2, 4)
    assert "season" not in traits(in_calendar("quarter", "2010K1", 7))


def test_the_profile_is_what_is_left_of_level_and_trend() -> None:
    one = past(np.array([course(50.0, 0.2, 0.3, 5, 36)]))
    found = profiles(one, slopes(one))[0]
    assert found.sum() == pytest.approx(0, abs=1e-9)  # rounding
    assert found.argmax() == 5
    assert np.ptp(found) == pytest.approx(30.0, abs=1e-6)  # rounding


def test_distances_by_hand() -> None:
    numbers = {"level": np.array([[0.0], [1.0], [2.0], [10.0]]), "trend": np.array([[1.0], [1.0], [3.0], [0.0]])}
    treated, pool = np.array([True, False, False, False]), np.array([False, True, True, False])
    apart, total = distances(numbers, treated, pool)
    level, trend = np.std([0, 1, 2]), np.std([1, 1, 3])
    assert apart["level"][:, 0] == pytest.approx([0, 1 / level, 2 / level, 10 / level])
    assert apart["trend"][:, 0] == pytest.approx([0, 0, 2 / trend, 1 / trend])
    assert total[2, 0] == pytest.approx(np.sqrt(((2 / level) ** 2 + (2 / trend) ** 2) / 2))


def test_what_a_unit_lacks_makes_it_unknown_and_what_the_treated_lack_is_passed_over() -> None:
    treated, pool = np.array([True, False, False]), np.array([False, True, True])
    both = {"covariates": np.array([[1.0, np.nan], [2.0, 5.0], [np.nan, 6.0]])}
    apart, total = distances(both, treated, pool)
    assert np.isfinite(apart["covariates"][:, 0]).tolist() == [True, True, False]
    assert np.isfinite(total[:, 0]).tolist() == [True, True, False]
    season = {"season": np.array([[1.0, 2.0, 3.0], [1.0, np.nan, 2.0], [np.nan, np.nan, 2.0]])}
    assert np.isfinite(distances(season, treated, pool)[0]["season"][:, 0]).tolist() == [True, True, False]


def test_a_number_in_which_all_are_alike_tells_nothing() -> None:
    apart, _ = distances({"level": np.full((3, 1), 7.1)}, np.array([True, False, False]), np.array([False, True, True]))
    assert apart["level"][:, 0].tolist() == [0, 0, 0]


def test_impossible_numbers_of_unused_units_are_left_out() -> None:
    y = np.array([[5.0, 6.0, 7.0], [-1.0, 4.0, 4.0]])
    exposure = np.array([[10.0, 10.0, 10.0], [10.0, 0.0, 10.0]])
    assert np.isnan(past(y, "count", exposure=exposure).values[1]).tolist() == [True, True, False]
