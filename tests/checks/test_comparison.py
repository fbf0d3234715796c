"""Enough comparison units, and like the treated beyond what chance allows?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import N_AFTER, N_BEFORE, N_UNITS, a_design, a_study, means
from utvardering.checks.base import Design
from utvardering.checks.comparison import balance, comparison

LENGTH = N_BEFORE + N_AFTER


def levelled(levels: np.ndarray) -> np.ndarray:
    return np.repeat(levels[:, None], LENGTH, axis=1) + np.random.default_rng(1).normal(0, 0.1, (len(levels), LENGTH))


def design(first: list[float], **keys: dict) -> Design:
    """Treated units at the levels given; the comparison evenly from 80 to 120."""
    rest = np.linspace(80, 120, N_UNITS - len(first))
    return a_design(levelled(np.concatenate([first, rest])), [N_BEFORE] * len(first), a_study(**keys) if keys else None)


@pytest.mark.parametrize(
    ("first", "verdict"),
    [([100.0], "pass"), ([112.0], "not_evaluated"), ([200.0], "fail"), ([99.0, 101.0], "pass"), ([150.0, 150.0], "fail")],
)
def test_a_difference_fails_only_beyond_the_limit_and_beyond_chance(first: list[float], verdict: str) -> None:
    found = comparison(design(first))
    assert found.verdict == verdict
    assert found.threshold == 0.25
    assert (found.value <= 0.25) == (verdict == "pass")


@pytest.mark.parametrize(("needed", "verdict"), [(30, "pass"), (31, "fail")])
def test_too_few_comparison_units_fail(needed: int, verdict: str) -> None:
    found = comparison(design([100.0], checks={"min_comparison_units": needed}))
    assert found.verdict == verdict
    if verdict == "fail":
        assert (found.value, found.threshold) == (30, 31)


def test_standardised_difference_by_hand() -> None:
    one = design([110.0, 114.0])
    (found,) = balance(one)
    unit = one.sample.y.mean(axis=1)
    pooled = (unit[:2].var(ddof=1) + unit[2:].var(ddof=1)) / 2
    assert found.standardised_difference == pytest.approx((unit[:2].mean() - unit[2:].mean()) / np.sqrt(pooled))
    assert (found.treated, found.comparison) == pytest.approx((unit[:2].mean(), unit[2:].mean()))


def test_one_treated_unit_is_measured_by_the_spread_of_the_others() -> None:
    one = design([110.0])
    unit = one.sample.y.mean(axis=1)
    assert balance(one)[0].standardised_difference == pytest.approx((unit[0] - unit[1:].mean()) / unit[1:].std(ddof=1))


def test_covariates_of_the_plan_are_compared_and_others_not() -> None:
    x = np.zeros((N_UNITS, LENGTH))
    x[0] = 50
    x += np.random.default_rng(2).normal(0, 1, x.shape)
    y = levelled(np.concatenate([[100.0], np.linspace(80, 120, N_UNITS - 1)]))
    used = a_design(y, [N_BEFORE], a_study(estimation={"covariates": ("x",)}), covariates={"x": x})
    assert comparison(used).verdict == "fail"
    assert "x" in comparison(used).text
    assert comparison(a_design(y, [N_BEFORE])).verdict == "pass"


def test_weights_count_in_the_balance() -> None:
    y = levelled(np.concatenate([[100.0], np.linspace(80, 120, N_UNITS - 1)]))
    weights = np.repeat(np.concatenate([[1.0], np.geomspace(1, 1000, N_UNITS - 1)])[:, None], LENGTH, axis=1)
    (found,) = balance(a_design(y, [N_BEFORE], weights=weights))
    unit = y[:, :N_BEFORE].mean(axis=1)
    assert found.comparison == pytest.approx(np.average(unit[1:], weights=weights[1:, 0]))


def test_sound_designs_fail_in_at_most_a_tenth() -> None:
    verdicts = [comparison(a_design(means(seed=k), [N_BEFORE])).verdict for k in range(100)]
    assert verdicts.count("fail") <= 10 + 2.6 * 3  # 2.6 Monte Carlo standard errors
    assert verdicts.count("not_evaluated") >= 40  # one unit differs by chance


def test_the_unit_that_is_named_is_the_one_that_is_rare() -> None:
    """The sentence tells one variable, its difference and how rare that is: all of the same variable."""
    rng = np.random.default_rng(4)
    y = levelled(np.concatenate([[100.0], np.linspace(80, 120, N_UNITS - 1)]))
    far, wide = rng.normal(0, 1, (N_UNITS, LENGTH)), rng.normal(0, 1, (N_UNITS, LENGTH))
    far[0], far[1:] = 0.9, np.linspace(-1, 0.8, N_UNITS - 1)[:, None]
    wide[0], wide[1:] = 2.0, 0.0
    wide[1:4] = [[40.0], [-40.0], [2.1]]
    covariates = {"far": far, "wide": wide}
    one = a_design(y, [N_BEFORE], a_study(estimation={"covariates": ("far", "wide")}), covariates=covariates)
    rows = {row.variable: abs(row.standardised_difference) for row in balance(one)}
    found = comparison(one)
    assert found.verdict == "fail"
    assert found.value == pytest.approx(rows["far"])
