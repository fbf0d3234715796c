"""Estimates agree with their definitions written out, with statsmodels and with a published study of persons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import statsmodels.api as sm
from simulated_cohort import by_starting_point

from utvardering.data.datasets import read_dataset
from utvardering.errors import DesignError
from utvardering.individuals.effects import adjustment, effect, odds_weights
from utvardering.individuals.grouped import leave_one_group_out
from utvardering.individuals.missing import complete_cases, response_weighted
from utvardering.individuals.persons import Persons


def slow_doubly_robust(persons, x):
    """Sant'Anna & Zhao's eq. 3.1 as printed, with statsmodels' logistic regression and weighted least squares."""
    d, w, change = persons.treated, persons.weights, persons.change
    x = sm.add_constant(x)
    ps = sm.GLM(d.astype(float), x, family=sm.families.Binomial(), freq_weights=w).fit(tol=1e-12).predict()
    other = ~d
    outcome = sm.WLS(change[other], x[other], weights=w[other]).fit().predict(x)
    w1 = w * d / np.sum(w * d)
    w0 = w * ps * other / (1 - ps)
    return np.sum((w1 - w0 / w0.sum()) * (change - outcome))


def nhefs(*, followed=True):
    """NHEFS: who quit smoking, weight in 1971 and 1982 (Hernán & Robins, Causal Inference: What If, ch. 12)."""
    table = read_dataset("causaldata:nhefs")
    column = {name: table.numbers(name).floats for name in ("qsmk", "wt71", "wt82", "age", "smokeintensity", "smokeyrs")}
    which = np.isfinite(column["wt82"]) if followed else np.ones(len(column["wt82"]), dtype=bool)
    n = int(which.sum())
    covariates = np.column_stack([column[name] for name in ("age", "smokeintensity", "smokeyrs")])[which]
    return Persons(
        column["wt71"][which],
        column["wt82"][which][:, None],
        column["qsmk"][which] == 1,
        np.arange(n),
        covariates,
        np.ones(n),
    )


def test_change_scores_are_the_published_difference():
    """What If, ch. 12.1: quitters gained 4.5 kg, others 2.0, a difference of 2.5 (1.7 to 3.4), in 1,566 persons."""
    persons = nhefs()
    assert (persons.arms.treated, persons.arms.comparison) == (403, 1163)
    assert persons.change[persons.treated].mean() == pytest.approx(4.5, abs=0.05)  # printed with one decimal
    assert persons.change[~persons.treated].mean() == pytest.approx(2.0, abs=0.05)  # printed with one decimal
    estimate = effect(persons, "nothing")
    assert estimate == pytest.approx(2.5, abs=0.05)  # printed with one decimal
    model = sm.OLS(persons.change, sm.add_constant(persons.treated.astype(float)))
    assert model.fit().conf_int()[1] == pytest.approx((1.7, 3.4), abs=0.05)  # printed with one decimal
    own = adjustment(persons, "nothing").influence(persons.change[:, None])
    assert np.sqrt(np.sum(own**2)) == pytest.approx(model.fit(cov_type="HC0").bse[1], rel=1e-10)  # rounding


def test_the_published_panel_is_doubly_robust_as_statsmodels_has_it():
    """The same persons, adjusted: the formula written out with statsmodels on its own data."""
    persons = nhefs()
    assert effect(persons, "covariates") == pytest.approx(slow_doubly_robust(persons, persons.covariates), abs=1e-8)
    assert effect(persons, "baseline") == pytest.approx(slow_doubly_robust(persons, persons.features), abs=1e-8)


@pytest.mark.parametrize("given", ["covariates", "baseline"])
def test_response_weights_enter_as_the_formula_says(given):
    persons = response_weighted(by_starting_point(8, missing=True))
    assert persons.weights.std() > 0
    x = persons.features if given == "baseline" else persons.covariates
    assert effect(persons, given) == pytest.approx(slow_doubly_robust(persons, x), abs=1e-8)  # both fits stop at 1e-10


def test_with_the_starting_point_levels_and_changes_give_the_same():
    persons = by_starting_point(9, missing=False)
    levels = replace(persons, after=persons.after + 0.7 * persons.baseline[:, None])
    assert effect(levels, "baseline") == pytest.approx(effect(persons, "baseline"), abs=1e-10)  # rounding
    assert abs(effect(levels, "covariates") - effect(persons, "covariates")) > 0.05


def test_either_model_may_be_wrong():
    """With many persons the effect is found though the regression is wrong, as the propensity is right, and the other way."""
    rng = np.random.default_rng(1)
    n = 200_000
    x = rng.normal(size=n)
    curved = Persons(np.zeros(n), (np.exp(x) + 1.0 * (d := rng.random(n) < 1 / (1 + np.exp(-x))))[:, None], d, np.arange(n),
                     x[:, None], np.ones(n))  # fmt: skip
    assert effect(curved, "covariates") == pytest.approx(1.0, abs=0.1)  # four standard errors of the odds-weighted mean
    d = rng.random(n) < 1 / (1 + np.exp(-np.sin(3 * x)))
    bent = Persons(np.zeros(n), (x + 1.0 * d + rng.normal(size=n))[:, None], d, np.arange(n), x[:, None], np.ones(n))
    assert effect(bent, "covariates") == pytest.approx(1.0, abs=0.02)  # four standard errors


def test_weights_balance_the_arms():
    persons = by_starting_point(10, missing=False)
    weights = odds_weights(persons, "baseline")
    means = [np.average(persons.features[arm], axis=0, weights=weights[arm]) for arm in (persons.treated, ~persons.treated)]
    before = [persons.features[arm].mean(axis=0) for arm in (persons.treated, ~persons.treated)]
    assert np.abs(means[0] - means[1]).sum() < 0.35 * np.abs(before[0] - before[1]).sum()


def test_a_covariate_without_variation_is_no_covariate():
    persons = by_starting_point(11, missing=False)
    wider = replace(persons, covariates=np.column_stack([persons.covariates, np.ones(len(persons.treated))]))
    assert effect(wider, "baseline") == effect(persons, "baseline")


def test_nobody_alike_is_told_without_numbers_of_persons():
    persons = by_starting_point(12, missing=False, n=12)
    apart = replace(persons, treated=persons.baseline > 0)
    with pytest.raises(DesignError, match="cannot carry the covariates, or nobody of the other is like them"):
        effect(apart, "baseline")


def slow_jackknife(persons, given):
    codes = np.unique(persons.group)
    full = effect(persons, given)
    total = 0.0
    for code in codes:
        left = np.array([g != code for g in persons.group])
        total += (effect(persons.take(left), given) - full) ** 2
    return np.sqrt((len(codes) - 1) / len(codes) * total)


def test_the_jackknife_leaves_each_group_out_once():
    persons = by_starting_point(13, missing=False)
    estimate, test = leave_one_group_out(persons, lambda some: effect(some, "baseline"), 0.95)
    assert estimate == effect(persons, "baseline")
    assert test.std_error == pytest.approx(slow_jackknife(persons, "baseline"), rel=1e-12)
    assert test.clusters == 12


def test_with_a_group_each_it_is_the_error_of_unequal_variances():
    """CV3 of a difference of means with singleton groups is Σ (e/(1 − h))², with h = 1/n of the arm."""
    persons = replace(by_starting_point(14, missing=False), group=np.arange(150))
    estimate, test = leave_one_group_out(persons, lambda some: effect(some, "nothing"), 0.95)
    parts = [persons.change[arm] for arm in (persons.treated, ~persons.treated)]
    hc3 = sum(np.sum(((part - part.mean()) / (1 - 1 / len(part)) / len(part)) ** 2) for part in parts)
    assert estimate == pytest.approx(parts[0].mean() - parts[1].mean())
    assert test.std_error == pytest.approx(np.sqrt(149 / 150 * hc3), rel=1e-10)  # rounding


def test_few_groups_are_refused():
    persons = complete_cases(by_starting_point(15, missing=True, schools=5))
    with pytest.raises(DesignError, match=r'at least 6 groups each, found 5; write inference = "randomization"'):
        leave_one_group_out(persons, lambda some: effect(some, "baseline"), 0.95)
