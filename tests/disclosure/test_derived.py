"""How closely do several numbers rounded from the same sums tell each sum? Every set of sums near the true one is tried."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.disclosure.test_bounds import areas
from utvardering.disclosure.areas import Counted, withheld
from utvardering.disclosure.rounding import step_above

SMALLEST = 5
REACH = 9


def told(sums: np.ndarray, cells: tuple[int, int], log_step: float, smallest: int) -> np.ndarray:
    """(…, 5) what is told of sums (…, 4): log ratio, percent, events, and both means before, in the steps of each."""
    a, b, c, d = np.moveaxis(sums.astype(float), -1, 0)
    ratio = np.log(b / a) - np.log(d / c)
    numbers = np.stack([ratio, 100 * np.expm1(ratio), b - a * d / c, a / cells[0], c / cells[1]], axis=-1)
    steps = [log_step, step_above(100 * log_step), smallest, *(step_above(smallest / n) for n in cells)]
    return np.round(numbers / np.array(steps))


def fitting(counted: Counted, limits: tuple[int, ...]) -> np.ndarray:
    """(m, 4) sums that fit everything told with each of the limits; the steps are known, and what they say of the sums."""
    true = counted.groups().ravel()
    each = [np.arange(max(1, int(one) - REACH), int(one) + REACH + 1) for one in true]
    tried = np.stack(np.meshgrid(*each, indexing="ij"), axis=-1).reshape(-1, 4)
    fits = np.ones(len(tried), dtype=bool)
    before = (~counted.after).sum(axis=1)
    cells = int(before[counted.treated].sum()), int(before[counted.compared].sum())
    for limit in limits:
        step = withheld(counted, limit).log_step
        table = np.array([0.0, *(step_above(limit / least) for least in range(1, int(tried.max()) + 1))])
        fits &= table[tried.min(axis=1)] == step
        fits &= (told(tried, cells, step, limit) == told(true, cells, step, limit)).all(axis=1)
    return tried[fits]


@pytest.mark.parametrize("seed", range(12))
def test_what_is_told_leaves_as_many_values_of_each_sum_as_the_limit(seed: int) -> None:
    counted = areas(seed, (1.5, 4.0, 8.0)[seed % 3])
    if withheld(counted, SMALLEST).all:
        pytest.skip("a group of few: nothing is told")
    fits = fitting(counted, (SMALLEST,))
    assert all(len(np.unique(values)) >= SMALLEST for values in fits.T)


@pytest.mark.parametrize("seed", range(6))
def test_two_comparison_sets_together_leave_as_many_values_of_the_treated(seed: int) -> None:
    counted = areas(seed, (1.5, 4.0, 8.0)[seed % 3])
    fewer = counted.compared.copy()
    fewer[np.flatnonzero(fewer)[:3]] = False
    versions = [counted, replace(counted, compared=fewer)]
    if any(withheld(one, SMALLEST).all for one in versions):
        pytest.skip("a group of few: nothing is told")
    first, second = ({tuple(row) for row in fitting(one, (SMALLEST,))[:, :2]} for one in versions)
    both = np.array(sorted(first & second))
    assert all(len(np.unique(values)) >= SMALLEST for values in both.T)


def test_two_limits_would_tell_more_which_is_why_the_second_is_refused() -> None:
    fits = fitting(areas(1, 4.0), (SMALLEST, 7))
    assert min(len(np.unique(values)) for values in fits.T) < SMALLEST
