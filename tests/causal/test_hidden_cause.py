"""The bias of a hidden cause against one that is really there and then left out."""

from __future__ import annotations

import numpy as np
import pytest

from utvardering.causal.hidden_cause import as_strong_as, bias, left_over, plain_fit, robustness_value

EXACT = 1e-9  # the formula is an identity of least squares


def r2(one, other) -> float:
    return float((one @ other) ** 2 / ((one @ one) * (other @ other)))


def test_the_bias_is_what_leaving_a_cause_out_does() -> None:
    rng = np.random.default_rng(1)
    x, hidden = rng.standard_normal((2, 50))
    treated = (x + hidden + rng.standard_normal(50) > 0).astype(float)
    y = x + hidden - 0.5 * treated + rng.standard_normal(50)
    short, std_error, freedom = plain_fit(y, treated, x[:, None])
    whole, _, _ = plain_fit(y, treated, np.column_stack([x, hidden]))
    of_treatment = r2(left_over(hidden, x[:, None]), left_over(treated, x[:, None]))
    beside = np.column_stack([x, treated])
    of_outcome = r2(left_over(hidden, beside), left_over(y, beside))
    assert bias(std_error, freedom, of_treatment, of_outcome) == pytest.approx(abs(short - whole), abs=EXACT)


def test_the_robustness_value_explains_the_estimate_away() -> None:
    estimate, std_error, freedom = -0.4, 0.1, 47
    share = robustness_value(estimate, std_error, freedom)
    assert bias(std_error, freedom, share, share) == pytest.approx(abs(estimate), abs=EXACT)
    assert 0 < share < 1


def test_the_fit_is_that_of_statsmodels() -> None:
    from statsmodels.api import OLS

    rng = np.random.default_rng(2)
    x = rng.standard_normal((40, 2))
    treated = (x[:, 0] + rng.standard_normal(40) > 0).astype(float)
    y = x @ [1.0, 2.0] + treated + rng.standard_normal(40)
    fit = OLS(y, np.column_stack([np.ones(40), treated, x])).fit()
    assert plain_fit(y, treated, x) == pytest.approx((fit.params[1], fit.bse[1], fit.df_resid), abs=EXACT)


def test_a_cause_as_strong_as_a_measured_one() -> None:
    """A strong measured cause turns the sign, a weak one hardly moves the estimate; the numbers by hand from partial R²."""
    rng = np.random.default_rng(3)
    strong, weak = rng.standard_normal((2, 100))
    treated = (strong + rng.standard_normal(100) > 0).astype(float)
    y = 2 * strong + 0.3 * treated + rng.standard_normal(100)
    others = np.column_stack([strong, weak])
    estimate, std_error, freedom = plain_fit(y, treated, others)
    one, other = as_strong_as(y, treated, others, ("strong", "weak"))
    assert one.effect * estimate < 0
    assert other.effect == pytest.approx(estimate, abs=0.1)
    of_d = r2(left_over(strong, weak[:, None]), left_over(treated, weak[:, None]))
    assert one.of_treatment == pytest.approx(of_d / (1 - of_d), abs=EXACT)
    expected = estimate - np.sign(estimate) * bias(std_error, freedom, one.of_treatment, one.of_outcome)
    assert one.effect == pytest.approx(expected, abs=EXACT)


def test_a_cause_that_decides_everything_leaves_nothing_to_say() -> None:
    rng = np.random.default_rng(4)
    x = rng.standard_normal(60)
    treated = (x > 0).astype(float)
    y = x + rng.standard_normal(60)
    assert np.isnan(as_strong_as(y, treated, x[:, None], ("x",))[0].effect)


def test_a_cause_that_follows_from_the_others_has_no_strength_of_its_own() -> None:
    rng = np.random.default_rng(4)
    x, z = rng.standard_normal((2, 40))
    treated = (x + rng.standard_normal(40) > 0).astype(float)
    y = x - 0.5 * treated + rng.standard_normal(40)
    others = np.column_stack([x, 2 * x + 1, np.full(40, 0.1), z])
    found = as_strong_as(y, treated, others, ("x", "twice x", "constant", "z"))
    assert [np.isnan(one.effect) for one in found] == [True, True, True, False]
    assert all(np.isnan(one.of_treatment) for one in found[:3])
