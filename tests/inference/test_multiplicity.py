"""Several outcomes: Westfall and Young's step-down written out, Holm's against statsmodels, and what both promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from statsmodels.stats.multitest import multipletests

from utvardering.inference.multiplicity import holm, westfall_young


def slow_westfall_young(statistics: NDArray[np.float64]) -> list[float]:
    """Algorithm 2.8 of Westfall & Young (1993) on p-values: every re-assignment takes its turn as the actual one."""
    size = np.abs(statistics)
    rows, count = size.shape
    p = [[sum(size[s, j] >= size[r, j] * (1 - 1e-9) for s in range(rows)) / rows for j in range(count)] for r in range(rows)]
    order = sorted(range(count), key=lambda j: p[0][j])
    adjusted, floor = [0.0] * count, 0.0
    for position, j in enumerate(order):
        left = order[position:]
        as_small = sum(min(p[r][k] for k in left) <= p[0][j] + 1e-12 for r in range(rows)) / rows
        floor = max(floor, as_small)
        adjusted[j] = floor
    return adjusted


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([0, 1, 4]))
def test_westfall_young_is_the_algorithm(seed: int, outcomes: int, spread: int) -> None:
    rng = np.random.default_rng(seed)
    statistics = rng.normal(size=(41, outcomes)) * 10.0 ** rng.integers(-3, 4, outcomes)
    statistics[0] *= 1 + spread
    np.testing.assert_allclose(westfall_young(statistics), slow_westfall_young(statistics), rtol=1e-12)  # shares of 41


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_ties_count_against_the_actual_assignment(seed: int) -> None:
    rng = np.random.default_rng(seed)
    statistics = rng.integers(0, 4, (30, 3)).astype(float)
    pointwise = (np.abs(statistics) >= np.abs(statistics[0])).mean(axis=0)
    found = westfall_young(statistics)
    assert (found >= pointwise - 1e-12).all()
    assert (np.diff(found[np.argsort(pointwise, kind="stable")]) >= -1e-12).all()


def test_one_outcome_is_not_adjusted() -> None:
    statistics = np.random.default_rng(1).normal(size=(200, 1))
    assert westfall_young(statistics)[0] == np.mean(np.abs(statistics) >= abs(statistics[0]))


def test_copies_of_one_outcome_cost_nothing_and_independent_ones_at_most_holm() -> None:
    rng = np.random.default_rng(2)
    one = rng.normal(size=(999, 1))
    one[0] = 2.5
    p = np.mean(np.abs(one) >= 2.5)
    np.testing.assert_allclose(westfall_young(np.repeat(one, 3, axis=1)), [p] * 3)
    many = rng.normal(size=(999, 4))
    many[0] = [2.2, 2.6, 0.3, 1.4]
    pointwise = (np.abs(many) >= np.abs(many[0])).mean(axis=0)
    assert (westfall_young(many) <= holm(pointwise) + 0.01).all()  # Monte Carlo of 999


def test_the_whole_family_is_rejected_wrongly_in_one_of_twenty() -> None:
    rng = np.random.default_rng(3)
    wrong = sum(westfall_young(rng.normal(size=(100, 5)) @ rng.normal(size=(5, 5))).min() <= 0.05 for _ in range(400))
    assert wrong / 400 <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 400)  # 2.6 Monte Carlo standard errors


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    expected = multipletests(p_values, method="holm")[1]
    np.testing.assert_allclose(holm(np.array(p_values)), expected, rtol=1e-12, atol=1e-300)  # rounding


def test_holm_by_hand() -> None:
    assert holm(np.array([0.01, 0.04, 0.03])) == pytest.approx([0.03, 0.06, 0.06])
