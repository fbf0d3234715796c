"""Different starts: which weights does a two-way regression give, and when is that refused?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import N_BEFORE, a_design, means
from tests.designs import treated_first
from utvardering.checks.staggered import negative_weight_share, staggered
from utvardering.data.panel import NEVER


def slow_share(start: np.ndarray, n_periods: int) -> float:
    """Residuals of treatment on all indicators: their sums over treated cells are the weights of the theorem."""
    n = len(start)
    d = np.array([[float(t >= start[k]) for t in range(n_periods)] for k in range(n)]).ravel()
    unit, period = np.divmod(np.arange(n * n_periods), n_periods)
    x = np.column_stack([unit[:, None] == np.arange(n), period[:, None] == np.arange(n_periods)]).astype(float)
    left = d - x @ np.linalg.lstsq(x, d, rcond=None)[0]
    weights = left[d == 1] / left[d == 1].sum()
    return float(-weights[weights < 0].sum() / np.abs(weights).sum())


@pytest.mark.parametrize(
    ("start", "periods"),
    [([3, 3, NEVER, NEVER], 8), ([1, 6, NEVER], 8), ([1, 5, 7], 8), ([1, 2, 3, NEVER, NEVER, NEVER], 12), ([2, 9], 10)],
)
def test_share_of_wrong_weights_is_that_of_a_regression(start: list[int], periods: int) -> None:
    codes = np.array(start)
    assert negative_weight_share(codes, periods) == pytest.approx(slow_share(codes, periods), abs=1e-9)  # rounding


def test_a_common_start_gives_no_wrong_weight() -> None:
    assert negative_weight_share(treated_first(10, [4, 4, 4]), 9) == 0


def test_one_start_passes_and_two_fail() -> None:
    assert staggered(a_design(means(), [N_BEFORE, N_BEFORE])).verdict == "pass"
    found = staggered(a_design(means(), [N_BEFORE - 2, N_BEFORE]))
    assert (found.verdict, found.value, found.threshold) == ("fail", 2, 1)


def test_starts_of_units_that_no_estimate_uses_are_no_starts() -> None:
    role = ["treated", "treated", "excluded"] + ["comparison"] * 28
    assert staggered(a_design(means(), [N_BEFORE, N_BEFORE, N_BEFORE + 2], role=role)).verdict == "pass"
