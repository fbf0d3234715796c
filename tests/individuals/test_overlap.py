"""Propensities agree with statsmodels, small cohorts keep off 0 and 1, and trimming does what it says."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from simulated_cohort import by_starting_point

from utvardering.individuals.overlap import logistic_scores, quantiles, trim


def test_without_a_ridge_it_is_the_logistic_regression_of_statsmodels():
    persons = by_starting_point(3, missing=False)
    reference = sm.Logit(persons.treated.astype(float), sm.add_constant(persons.features)).fit(disp=0).predict()
    found = logistic_scores(persons.treated, persons.features, ridge=0.0)
    assert found == pytest.approx(reference, abs=1e-6)  # statsmodels stops at a step of 1e-8


def test_with_a_ridge_it_is_the_minimum_of_the_penalised_loss():
    """The slow way: a general minimiser on the loss as it is written."""
    from scipy.optimize import minimize

    persons = by_starting_point(4, missing=False, n=40)
    x = (persons.features - persons.features.mean(axis=0)) / persons.features.std(axis=0)
    y = persons.treated.astype(float)

    def loss(b):
        index = b[0] + x @ b[1:]
        return -np.sum(y * index - np.log1p(np.exp(index))) + 0.5 * np.sum(b[1:] ** 2)

    b = minimize(loss, np.zeros(3), method="BFGS", options={"gtol": 1e-9}).x
    slow = 1 / (1 + np.exp(-(b[0] + x @ b[1:])))
    assert logistic_scores(persons.treated, persons.features, ridge=1.0) == pytest.approx(slow, abs=1e-6)  # BFGS's own


def test_perfect_separation_gives_scores_and_no_failure():
    treated = np.arange(20) >= 10
    score = logistic_scores(treated, np.arange(20.0)[:, None])
    assert np.all((score > 0) & (score < 1))
    assert np.mean(score) == pytest.approx(0.5)


def test_scores_have_the_mean_of_the_treated_and_ignore_constant_columns():
    persons = by_starting_point(5, missing=False)
    plain = logistic_scores(persons.treated, persons.features)
    assert plain.mean() == pytest.approx(persons.treated.mean())
    wider = np.column_stack([persons.features, np.full(len(plain), 3.0)])
    assert np.array_equal(logistic_scores(persons.treated, wider), plain)


def test_trimming_leaves_those_between_the_limits_and_counts_the_others():
    persons = by_starting_point(6, missing=False)
    found = trim(persons.treated, persons.features, 0.25)
    outside = (found.score < 0.25) | (found.score > 0.75)
    assert np.array_equal(found.kept, ~outside)
    assert found.outside.treated == sum(outside & persons.treated) > 0
    assert found.outside.comparison == sum(outside & ~persons.treated) > 0


def test_quantiles_have_enough_persons_on_either_side():
    assert list(quantiles(np.linspace(0, 1, 60), 5)) == [0.10, 0.25, 0.50, 0.75, 0.90]
    assert list(quantiles(np.linspace(0, 1, 30), 5)) == [0.25, 0.50, 0.75]
    assert quantiles(np.linspace(0, 1, 8), 5) == {}
