"""Response weights, worst cases and tipping points do what they say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_cohort import EFFECT, by_starting_point, by_trait

from utvardering.individuals.effects import effect
from utvardering.individuals.missing import (
    LEAST_RESPONSE,
    complete_cases,
    followed,
    response_weighted,
    tipping_point,
    with_worst,
)


def test_nobody_missing_changes_nothing():
    persons = by_starting_point(1, missing=False)
    assert response_weighted(persons) is persons
    assert effect(complete_cases(persons), "baseline") == effect(persons, "baseline")


def test_weights_stand_for_everybody():
    sums = []
    for seed in range(20):
        weighted = response_weighted(by_starting_point(seed, missing=True))
        assert np.all(weighted.weights >= 1)
        assert np.all(weighted.weights <= 1 / LEAST_RESPONSE)
        sums.append(weighted.weights.sum())
    assert np.mean(sums) == pytest.approx(150, rel=0.03)  # the shrinkage of the ridge


def test_weights_bring_back_the_starting_point_of_those_missing():
    """Those with a bad start are missing more often: their mean before the start is too low among the followed."""
    gaps = []
    for seed in range(20):
        every = by_starting_point(seed, missing=True)
        weighted = response_weighted(every)
        truth = every.baseline.mean()
        gaps.append((weighted.baseline.mean() - truth, np.average(weighted.baseline, weights=weighted.weights) - truth))
    plain, mended = np.mean(gaps, axis=0)
    assert plain < -0.08
    assert abs(mended) < 0.3 * abs(plain)


def test_weights_mend_change_scores_that_missing_waves_spoil():
    """Missing by the starting point where effects differ by it: complete cases are wrong and weights right."""
    found = []
    for seed in range(150):
        persons = by_trait(seed, missing=True)
        helped = replace(persons, after=persons.after - 0.5 * (persons.treated * persons.baseline)[:, None])
        truth = EFFECT - 0.5 * persons.baseline[persons.treated].mean()
        handled = (complete_cases(helped), response_weighted(helped))
        found.append([effect(one, "covariates") - truth for one in handled])
    plain, mended = np.mean(found, axis=0)
    assert plain > 0.05
    assert abs(mended) < 0.5 * plain


def test_the_worst_cases_hold_every_way_to_fill_in():
    rng = np.random.default_rng(2)
    persons = by_starting_point(3, missing=True)
    low, high = (effect(one, "nothing") for one in with_worst(persons, (-4.0, 4.0)))
    gap = np.isnan(persons.after)
    for _ in range(200):
        filled = replace(persons, after=np.where(gap, rng.uniform(-4, 4, gap.shape), persons.after))
        assert low <= effect(filled, "nothing") <= high
    share = [np.mean(gap[arm]) for arm in (persons.treated, ~persons.treated)]
    assert high - low == pytest.approx(8 * sum(share), rel=1e-12)


def test_the_tipping_point_brings_the_interval_to_zero():
    persons = by_starting_point(4, missing=True)
    missing = ~followed(persons)
    share = missing[persons.treated].mean()
    point = tipping_point(persons, -0.9, -0.3)
    assert -0.3 + share * point.difference == pytest.approx(0)
    assert point.difference > 0
    point = tipping_point(persons, 0.2, 0.9)
    assert 0.2 + share * point.difference == pytest.approx(0)
    assert tipping_point(persons, -0.2, 0.9) is None
    assert tipping_point(by_starting_point(4, missing=False), 0.2, 0.9).difference == np.inf
