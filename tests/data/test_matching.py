"""Is the assignment the best there is, and the same whatever the order?"""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from utvardering.data.matching import optimal_match


def slow_sum(distance: np.ndarray, each: int) -> float:
    """Every way to deal out the columns, tried."""
    rows = np.repeat(np.arange(len(distance)), each)
    return min(float(distance[rows, list(columns)].sum()) for columns in permutations(range(distance.shape[1]), len(rows)))


@pytest.mark.parametrize("each", [1, 2])
def test_the_sum_of_distances_is_the_smallest_of_all(each: int) -> None:
    rng = np.random.default_rng(3)
    for _ in range(5):
        distance = rng.random((3, 7))
        taken = optimal_match(distance, each)
        assert taken.shape == (3, each)
        assert len(set(taken.ravel().tolist())) == 3 * each
        assert distance[np.arange(3)[:, None], taken].sum() == pytest.approx(slow_sum(distance, each), abs=1e-12)  # rounding


def test_a_greedy_choice_is_not_the_best() -> None:
    distance = np.array([[1.0, 2.0], [1.1, 9.0]])
    assert optimal_match(distance, 1).tolist() == [[1], [0]]


def test_columns_without_a_distance_are_not_taken() -> None:
    distance = np.array([[0.1, 1.0, 2.0], [np.nan, 5.0, 1.0]])
    assert optimal_match(distance, 1).tolist() == [[1], [2]]
    with pytest.raises(ValueError, match=r"^4 units are asked for, and 2 can be taken$"):
        optimal_match(distance, 2)


def test_one_row_takes_its_nearest_in_order() -> None:
    assert optimal_match(np.array([[3.0, 1.0, 2.0, 1.0]]), 3).tolist() == [[1, 3, 2]]
