"""The wild bootstrap of persons: the planned estimate, a slow listing of every pattern, its level, and what is refused."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from simulated_cohort import by_starting_point, sspf, sspf_effect

from utvardering.errors import DesignError
from utvardering.individuals.effects import adjustment, effect
from utvardering.individuals.missing import response_weighted
from utvardering.individuals.overlap import trim
from utvardering.individuals.wild import wild_groups

REACH = 2.6  # Monte Carlo standard errors: a sound test fails one time in a hundred


def planned(seed, *, missing=True, schools=12):
    persons = sspf(seed, missing=missing, schools=schools)
    return response_weighted(persons.take(trim(persons.treated, persons.features, 0.10).kept))


def run(persons, **kwargs):
    return wild_groups(persons, "baseline", np.random.default_rng(1), level=0.95, **kwargs)


def moved(persons, by):
    return replace(persons, after=persons.after + by * persons.treated[:, None])


def slow_p_value(persons):
    """Every pattern of signs, effect and clustered variance found anew from the changes of each."""
    fit = adjustment(persons, "baseline")
    root, codes = np.sqrt(persons.weights), np.unique(persons.group, return_inverse=True)[1]
    arm = persons.treated.astype(float)

    def t(change):
        found = fit.contrast @ change
        target = change - found * arm
        residual = target - fit.x @ np.linalg.lstsq(root[:, None] * fit.x, root * target, rcond=None)[0]
        scores = np.bincount(codes, fit.contrast * residual)
        return found / np.sqrt(np.sum(scores**2))

    fitted = fit.x @ np.linalg.lstsq(root[:, None] * fit.x, root * persons.change, rcond=None)[0]
    residual = persons.change - fitted
    signs = np.array(list(itertools.product([1.0, -1.0], repeat=int(codes.max()) + 1)))
    every = np.array([abs(t(fitted + one[codes] * residual)) for one in signs])
    return np.mean(every >= abs(t(persons.change)) * (1 - 1e-9)), len(signs)


def test_the_estimate_is_the_planned_one():
    persons = planned(1)
    estimate, found = run(persons)
    assert estimate == effect(persons, "baseline")
    assert found.test.ci_low < estimate < found.test.ci_high
    assert found.note == "wild bootstrap over all 4096 patterns of signs"


def test_patterns_of_signs_are_those_of_the_slow_listing():
    persons = planned(2)
    p, count = slow_p_value(persons)
    assert count == 4096
    assert run(persons)[1].test.p_value == p
    low = run(persons)[1].test.ci_low
    assert slow_p_value(moved(persons, -low))[0] == pytest.approx(0.05, abs=0.002)  # patterns are steps of 1/2048


def test_an_effect_moves_estimate_and_interval_with_it():
    persons = planned(3)
    (one, first), (other, second) = run(persons), run(moved(persons, 3.0))
    assert other - one == pytest.approx(3.0)
    assert second.test.ci_low - first.test.ci_low == pytest.approx(3.0, abs=1e-4)
    assert second.test.std_error == pytest.approx(first.test.std_error)


def rejected(schools, seeds):
    """Whether the true effect is rejected at 5 %, for each seed."""
    cohorts = (moved(planned(seed, schools=schools), -sspf_effect()) for seed in seeds)
    return [run(persons, draws=399)[1].test.p_value <= 0.05 for persons in cohorts]


def test_a_true_hypothesis_is_seldom_rejected_quickly():
    assert np.mean(rejected(10, range(60))) <= 0.05 + REACH * np.sqrt(0.05 * 0.95 / 60)


@pytest.mark.slow
@pytest.mark.parametrize("schools", [10, 12])
def test_a_true_hypothesis_is_seldom_rejected(schools):
    found = rejected(schools, range(600))
    assert abs(np.mean(found) - 0.05) <= REACH * np.sqrt(0.05 * 0.95 / len(found))


def test_too_few_schools_are_refused_with_what_to_write():
    with pytest.raises(DesignError, match=r'in at least 8 groups each, found 7: .* too often; write inference = "cluster"'):
        run(planned(4, schools=7))
    with pytest.raises(DesignError, match=r'found 4: with so few it rejects too often; write inference = "randomization"'):
        run(planned(4, schools=4))
    persons = by_starting_point(5, missing=False)
    few = replace(persons, treated=persons.treated & (persons.group < 3))
    with pytest.raises(DesignError, match="found 3"):
        run(few)
