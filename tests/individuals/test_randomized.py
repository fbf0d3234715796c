"""Randomization within groups is exact, agrees with a slow listing, and says when it cannot reach the level."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from simulated_cohort import by_lottery

from utvardering.errors import DesignError
from utvardering.individuals.randomized import propensity_strata, randomize, with_both_arms


def slow_p_value(persons, effect):
    """Every way to hand out the measure within schools, the regression run anew for each."""
    blocks = [np.flatnonzero(persons.group == code) for code in np.unique(persons.group)]
    picks = [itertools.combinations(block, int(persons.treated[block].sum())) for block in blocks]
    y = persons.change - effect * persons.treated
    x = np.column_stack([persons.group[:, None] == np.unique(persons.group), persons.baseline])
    residual = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    actual = abs(residual[persons.treated].sum())
    every = [abs(residual[list(itertools.chain(*choice))].sum()) for choice in itertools.product(*picks)]
    return np.mean(np.array(every) >= actual * (1 - 1e-9)), len(every)


def run(persons, **kwargs):
    return randomize(persons, persons.group, persons.baseline[:, None], np.random.default_rng(1), level=0.95, **kwargs)


def test_all_ways_are_listed_and_the_interval_holds_what_is_not_rejected():
    persons = by_lottery(5, schools=3, n_each=5, treated_each=2)
    found = run(persons)
    p, count = slow_p_value(persons, 0.0)
    assert found.exact
    assert count == 1000
    assert found.test.p_value == p
    assert found.test.p_smallest == 1 / count
    for value, inside in ((found.test.ci_low, 1), (found.test.ci_high, -1)):
        step = 1e-6 * found.test.std_error
        assert slow_p_value(persons, value + inside * step)[0] > 0.05 >= slow_p_value(persons, value - inside * step)[0]


def test_an_effect_moves_estimate_and_interval_with_it():
    persons = by_lottery(6)
    moved = replace(persons, after=persons.after + 3.0 * persons.treated[:, None])
    one, other = run(persons), run(moved)
    assert other.estimate - one.estimate == pytest.approx(3.0)
    assert other.test.ci_low - one.test.ci_low == pytest.approx(3.0)


def test_groups_without_both_arms_are_not_used():
    persons = by_lottery(7)
    alone = replace(persons, treated=persons.treated & (persons.group < 3))
    assert np.array_equal(with_both_arms(alone.group, alone.treated), alone.group < 3)
    found = run(alone)
    assert np.array_equal(found.used, alone.group < 3)
    assert found.n_strata == 3


def test_too_few_to_reach_the_level_are_refused_without_their_number():
    persons = by_lottery(8, schools=1, n_each=5, treated_each=1)
    with pytest.raises(DesignError, match=r"give no p-value below 0\.200, so level 0\.95 cannot be reached; more persons"):
        run(persons)


def test_groups_of_one_arm_each_are_refused():
    persons = by_lottery(9)
    with pytest.raises(DesignError, match="no group has both treated and comparison persons"):
        run(replace(persons, group=persons.treated.astype(np.int64)))


def test_too_many_columns_are_refused():
    persons = by_lottery(10, schools=2, n_each=6, treated_each=3)
    columns = np.random.default_rng(1).normal(size=(12, 9))
    with pytest.raises(DesignError, match="cannot carry 11 groups and covariates"):
        randomize(persons, persons.group, columns, np.random.default_rng(1), level=0.95)


def test_strata_of_propensity_hold_equally_many_treated():
    rng = np.random.default_rng(3)
    score, treated = rng.random(200), rng.random(200) < 0.3
    strata = propensity_strata(score, treated)
    counts = [int(treated[strata == code].sum()) for code in range(5)]
    assert max(counts) - min(counts) <= 1
    assert all(score[strata == code].max() <= score[strata == code + 1].min() for code in range(4))
