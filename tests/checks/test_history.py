"""Is the past long enough, and were the areas chosen at a peak?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import N_BEFORE, a_design, a_study, events, means
from utvardering.checks.history import history

FIRST = [N_BEFORE]


def test_a_long_past_without_a_peak_passes() -> None:
    found = history(a_design(means(), FIRST))
    assert (found.verdict, found.value, found.threshold) == ("pass", N_BEFORE, 12)


@pytest.mark.parametrize(("before", "after", "verdict"), [(12, 4, "pass"), (11, 4, "fail"), (12, 3, "fail")])
def test_too_few_periods_fail(before: int, after: int, verdict: str) -> None:
    y = means(n_periods=before + after)
    found = history(a_design(y, [before]))
    assert found.verdict == verdict
    if verdict == "fail":
        assert (found.value, found.threshold) == ((before, 12) if before < 12 else (after, 4))


def test_periods_of_anticipation_are_not_before() -> None:
    assert history(a_design(means(), FIRST, anticipation=2)).verdict == "pass"
    assert history(a_design(means(), FIRST, anticipation=3)).verdict == "fail"


@pytest.mark.parametrize("estimator", ["did", "poisson_did"])
@pytest.mark.parametrize(
    ("jump", "direction", "verdict"),
    [
        (1.3, "decrease", "fail"),
        (1.3, "increase", "pass"),
        (0.7, "increase", "fail"),
        (0.7, "decrease", "pass"),
        (1.3, "none", "pass"),
        (1.02, "decrease", "pass"),
    ],
)
def test_a_peak_that_would_fall_back_fails(estimator: str, jump: float, direction: str, verdict: str) -> None:
    """A peak counts against a wanted fall, a trough against a wanted rise; a small one against neither."""
    kind = "count" if estimator == "poisson_did" else "mean"
    y = events() if kind == "count" else means()
    y[0, N_BEFORE - 1] *= jump
    effect = {"decrease": -0.10, "increase": 0.10, "none": None}[direction]
    out = {"direction": direction} | ({} if effect is None else {"smallest_effect": effect})
    one = a_study(kind, estimator, outcome=out)
    if effect is None:
        one = one.model_copy(update={"outcomes": (one.outcomes[0].model_copy(update={"smallest_effect": None}),)})
    found = history(a_design(y, FIRST, one))
    assert found.verdict == verdict
    if verdict == "fail":
        assert found.value == pytest.approx(abs(jump - 1), abs=0.12)  # the noise of one year
        assert found.threshold == pytest.approx(0.10)
        assert ("peak" in found.text) == (direction == "decrease")


def test_a_peak_of_all_is_no_peak_of_the_treated() -> None:
    y = means()
    y[:, N_BEFORE - 1] *= 1.3
    assert history(a_design(y, FIRST)).verdict == "pass"


def test_a_peak_that_many_units_have_is_not_rare() -> None:
    rng = np.random.default_rng(3)
    y = means(spread=1.0)
    y[:, N_BEFORE - 1] *= np.where(rng.random(len(y)) < 0.4, 1.3, 0.9)
    y[0, N_BEFORE - 1] = y[0, : N_BEFORE - 1].mean() * 1.25
    assert history(a_design(y, FIRST)).verdict == "pass"


@pytest.mark.parametrize("calendar", ["year", "month"])
def test_the_last_year_is_a_whole_one(calendar: str) -> None:
    """One high month is no high year; twelve are."""
    length = 14 if calendar == "year" else 40
    y = means(n_periods=length + 4)
    y[0, length - 1] *= 1.6
    found = history(a_design(y, [length], calendar=calendar))
    assert found.verdict == ("fail" if calendar == "year" else "pass")
    y[0, length - 12 : length] *= 1.3
    assert history(a_design(y, [length], calendar=calendar)).verdict == "fail"
