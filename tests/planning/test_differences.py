"""Standardised differences as the check has them, and errors of the held-out past."""

from __future__ import annotations

import numpy as np
import pytest

from tests import designs
from utvardering.checks.base import Design
from utvardering.checks.comparison import balance
from utvardering.planning.differences import differences, forecast_error, held_out, means
from utvardering.planning.likeness import past_of

from .areas_before import START, course, many, panel, study


@pytest.mark.parametrize("starts", [[START], [START, START, START + 4]])
@pytest.mark.parametrize("weighted", [False, True])
def test_levels_are_those_of_the_check(starts: list[int], weighted: bool) -> None:  # noqa: FBT001 -- a case
    y = many(12)
    y[3, 5] = np.nan
    rng = np.random.default_rng(4)
    parts = {"weights": np.tile(rng.uniform(1, 5, 12)[:, None], y.shape[1])} if weighted else {}
    plan = study()
    before = panel(y, starts, **parts).before()
    (row,) = balance(Design(plan, before))
    treated = before.role == "treated"
    found = differences("y", past_of(before, plan.primary), treated, ~treated)[0]
    assert (found.variable, found.treated, found.comparison) == ("y", pytest.approx(row.treated), pytest.approx(row.comparison))
    assert found.standardised_difference == pytest.approx(row.standardised_difference)


def test_trends_and_seasons_by_hand() -> None:
    y = np.array([course(100, 0.1, 0.3, 0), course(100, 0.0, 0.3, 6), course(100, 0.04, 0.3, 6), course(100, 0.02, 0.3, 6)])
    one = past_of(panel(y, [START]).before(), designs.outcome())
    rows = {row.variable: row for row in differences("y", one, np.arange(4) == 0, np.arange(4) > 0)}
    assert list(rows) == ["y", "y.trend", "y.season"]
    spread = np.std([0, 4, 2], ddof=1)
    assert rows["y.trend"].treated == pytest.approx(10)
    assert rows["y.trend"].comparison == pytest.approx(2)
    assert rows["y.trend"].standardised_difference == pytest.approx(8 / spread)
    assert rows["y.season"].treated == pytest.approx(60)
    assert np.isinf(rows["y.season"].standardised_difference)  # the comparison units have one season, and it is another


def test_alike_units_differ_by_nothing() -> None:
    y = np.tile(course(swing=0.2), (5, 1))
    one = past_of(panel(y, [START]).before(), designs.outcome())
    rows = differences("y", one, np.arange(5) == 0, np.arange(5) > 0)
    assert [row.standardised_difference for row in rows] == [0, 0, 0]


def test_the_held_out_error_is_that_of_a_kept_difference_or_ratio() -> None:
    y = np.array([[10.0, 12, 11, 13, 18, 17], [5.0, 7, 6, 8, 9, 8], [5.0, 7, 6, 8, 9, 8]])
    treated, others = np.arange(3) == 0, np.arange(3) > 0
    additive = past_of(panel(y, [6], calendar="index"), designs.outcome())
    gap = np.mean([5.0, 5, 5, 5])
    assert forecast_error(additive, treated, others, 2) == pytest.approx(
        np.sqrt(((18 - 9 - gap) ** 2 + (17 - 8 - gap) ** 2) / 2)
    )
    counts = past_of(panel(y, [6], calendar="index"), designs.outcome("count"))
    own, other = np.mean([10, 12, 11, 13]), np.mean([5, 7, 6, 8])
    errors = np.array([18 / own - 9 / other, 17 / own - 8 / other])
    assert forecast_error(counts, treated, others, 2) == pytest.approx(np.sqrt((errors**2).mean()))


@pytest.mark.parametrize(
    ("periods", "follow_up", "held"),
    [(36, 12, 12), (36, 30, 18), (36, 0, 1), (15, 5, 5), (4, 3, 2), (3, 3, 1), (2, 1, 0), (1, 1, 0)],
)
def test_as_many_periods_as_the_follow_up_are_held_out_at_most_half(periods: int, follow_up: int, held: int) -> None:
    one = past_of(panel(many(2, periods=periods), [periods]), designs.outcome())
    assert held_out(one, follow_up) == held


def test_means_are_of_those_that_have_a_value() -> None:
    y = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    one = past_of(panel(y, [3]), designs.outcome())
    assert means(one, np.array([True, True])).tolist()[:2] == [2, 5]
    assert np.isnan(means(one, np.array([True, True]))[2])


def test_errors_that_cannot_be_had_are_no_number() -> None:
    y = np.array([[0.0, 0, 0, 0], [1.0, 2, 3, 4]])
    counts = past_of(panel(y, [4], calendar="index"), designs.outcome("count"))
    assert np.isnan(forecast_error(counts, np.array([True, False]), np.array([False, True]), 2))
