"""No count of few persons can be worked out from what is told: attacked by linear programmes, by hand and at random."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from utvardering.disclosure.areas import Counted, withheld
from utvardering.disclosure.bounds import hide, interval, is_few

SMALLEST = 5


def table(rows: int, columns: int) -> np.ndarray:
    """Statements of a table with both margins and the total: every cell, every row, every column, everything."""
    cells = np.eye(rows * columns)
    down = np.array([[column == k % columns for k in range(rows * columns)] for column in range(columns)], dtype=float)
    across = np.array([[row == k // columns for k in range(rows * columns)] for row in range(rows)], dtype=float)
    return np.vstack([cells, across, down, np.ones((1, rows * columns))])


def test_one_hidden_cell_of_a_row_is_found_by_subtraction_and_gets_company() -> None:
    cells = np.array([3.0, 40.0, 12.0, 25.0])
    statements = np.vstack([np.eye(4), np.ones((1, 4))])
    only_primary = statements[1:]
    assert interval(only_primary, only_primary @ cells, 0) == pytest.approx((3, 3)), "without company it is told exactly"
    can = np.array([True] * 4 + [False])
    found = hide(cells, statements, can, SMALLEST)
    assert found.primary.tolist() == [True, False, False, False, False]
    assert found.secondary.tolist() == [False, False, True, False, False], "the least of the others"


def test_two_hidden_cells_of_few_can_still_be_too_closely_known() -> None:
    cells = np.array([1.0, 1.0, 30.0, 40.0])
    statements = np.vstack([np.eye(4), np.ones((1, 4))])
    found = hide(cells, statements, np.array([True] * 4 + [False]), SMALLEST)
    assert found.all.sum() == 3, "their sum, 2, tells both to within 2"


@pytest.mark.parametrize("seed", range(12))
def test_no_hidden_cell_of_a_table_with_margins_is_known_closely(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = rng.poisson(rng.choice([3, 8, 20], size=20)).astype(float)
    statements = table(4, 5)
    can = np.array([True] * 20 + [False] * 10)
    found = hide(cells, statements, can, SMALLEST)
    told = statements[~found.all]
    for cell in np.flatnonzero(is_few(cells, SMALLEST)):
        assert found.all[cell]
        low, high = interval(told, told @ cells, int(cell))
        assert high - low >= SMALLEST - 1e-5, "of solvers"
    again = hide(cells, statements, can, SMALLEST)
    assert (again.all == found.all).all(), "the same each time"


def test_the_bounds_are_those_of_trying_every_table() -> None:
    cells = np.array([2.0, 3.0, 4.0, 1.0])
    statements = table(2, 2)[4:]
    values = statements @ cells
    fits = [x for x in product(range(11), repeat=4) if np.allclose(statements @ np.array(x), values)]
    for cell in range(4):
        low, high = interval(statements, values, cell)
        assert (round(low), round(high)) == (min(x[cell] for x in fits), max(x[cell] for x in fits))


def test_what_is_not_told_elsewhere_needs_no_company() -> None:
    cells = np.array([3.0, 9.0])
    found = hide(cells, np.eye(2), np.array([True, True]), SMALLEST)
    assert found.all.tolist() == [True, False]


def areas(seed: int, mean: float, units: int = 12, periods: int = 10) -> Counted:
    rng = np.random.default_rng(seed)
    treated = np.arange(units) < 2
    return Counted(
        rng.poisson(mean, size=(units, periods)).astype(float),
        treated,
        ~treated,
        np.where(treated, 6, periods).astype(np.int64),
    )


@pytest.mark.parametrize(("seed", "mean"), [(seed, mean) for seed in range(20) for mean in (0.3, 1.5, 4.0)])
def test_no_area_and_no_period_of_few_follows_from_what_a_run_tells(seed: int, mean: float) -> None:
    """An attacker who knows every sum exactly, and every row of an area and of a period that is told, as told exactly."""
    counted = areas(seed, mean)
    held = withheld(counted, SMALLEST)
    sums = counted.sums()
    for group in (counted.treated, counted.compared):
        place = np.flatnonzero(group)
        for part in range(2):
            cells = sums[place, part]
            told = np.vstack([np.eye(len(place))[~held.areas[place]], np.ones((1, len(place)))])
            if not held.all:
                unknown_enough(cells, told)
    shown, own, other = counted.by_period()
    hidden = np.isin(shown, list(held.periods))
    for cells in (own, other):
        for side in (shown < 0, shown >= 0):
            told = np.vstack([np.eye(int(side.sum()))[~hidden[side]], np.ones((1, int(side.sum())))])
            if not held.all:
                unknown_enough(cells[side], told)


def unknown_enough(cells: np.ndarray, told: np.ndarray) -> None:
    total_is_few = is_few(cells.sum(), SMALLEST)
    for cell in np.flatnonzero(is_few(cells, SMALLEST)):
        low, high = interval(told, told @ cells, int(cell))
        assert high - low >= SMALLEST - 1e-5 or total_is_few, "of solvers"


def test_a_group_of_few_tells_nothing_at_all() -> None:
    counted = areas(1, 4.0)
    counted.counts[:2, 6:] = 0
    counted.counts[0, 7] = 3
    assert withheld(counted, SMALLEST).all


def test_a_window_of_few_persons_is_not_told() -> None:
    counted = areas(1, 8.0)
    counted.counts[:2, 8:] = 0
    counted.counts[0, 9] = 2
    assert withheld(counted, SMALLEST, (8,)).windows
    assert not withheld(areas(1, 8.0), SMALLEST, (8,)).windows


def test_numbers_are_rounded_to_the_limit() -> None:
    held = withheld(areas(1, 8.0), SMALLEST)
    groups = areas(1, 8.0).groups()
    assert held.log_step >= SMALLEST / groups.min()
    assert held.unit_step >= SMALLEST / 8, "two areas in four periods after"


def test_with_few_in_the_reference_period_no_period_is_told() -> None:
    counted = areas(1, 20.0)
    assert not withheld(counted, SMALLEST).periods
    counted.counts[:2, 5] = [2, 1]  # the last before the start, against which every other is held
    held = withheld(counted, SMALLEST)
    assert held.primary_periods == {-1}
    assert held.periods == set(range(-6, 4))
