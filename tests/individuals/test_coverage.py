"""Does the 95 % interval hold the planted effect in 95 of 100 simulated cohorts, also with a fifth of a wave missing?

The planned analysis is tried on studies/sspf, drawn anew from its own `data/simulation.toml` with other seeds.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from simulated_cohort import EFFECT, by_lottery, by_starting_point, by_trait, sspf, sspf_effect

from utvardering.individuals.effects import effect
from utvardering.individuals.grouped import leave_one_group_out
from utvardering.individuals.missing import complete_cases, response_weighted
from utvardering.individuals.overlap import trim
from utvardering.individuals.randomized import randomize

REACH = 2.6  # Monte Carlo standard errors: a sound interval fails one time in two hundred
QUICK, FULL, CHUNK = 60, 2_000, 50
CASES = {
    "sspf": ("baseline", sspf, sspf_effect()),
    "trait": ("covariates", by_trait, EFFECT),
}
"""What is adjusted for, the cohorts, and the effect that is planted in them."""


def covered(case, missing, seeds):
    """Whether the interval of the planned steps holds the effect, for each seed: trimming, response weights, jackknife."""
    given, draw, truth = CASES[case]
    held = []
    for seed in seeds:
        persons = draw(seed, missing=missing)
        kept = persons.take(trim(persons.treated, persons.features, 0.10).kept)
        _, test = leave_one_group_out(kept, lambda some: effect(response_weighted(some), given), 0.95)
        held.append(bool(test.ci_low <= truth <= test.ci_high))
    return held


def lottery_covered(seeds):
    held = []
    for seed in seeds:
        persons = by_lottery(seed)
        columns = persons.baseline[:, None]
        found = randomize(persons, persons.group, columns, np.random.default_rng([seed, 1]), level=0.95, draws=999)
        held.append(bool(found.test.ci_low <= EFFECT <= found.test.ci_high))
    return held


def enough(held):
    n = len(held)
    return np.mean(held) >= 0.95 - REACH * np.sqrt(0.95 * 0.05 / n)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_intervals_hold_the_effect_quickly(case, missing):
    """A few seeds find gross faults."""
    assert enough(covered(case, missing, range(QUICK)))


def test_the_interval_of_the_lottery_holds_the_effect_quickly():
    assert enough(lottery_covered(range(QUICK)))


@pytest.mark.slow
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_intervals_hold_the_effect(case, missing):
    starts = range(0, FULL, CHUNK)
    with ProcessPoolExecutor(2) as workers:
        seeds = [range(first, first + CHUNK) for first in starts]
        parts = workers.map(covered, [case] * len(starts), [missing] * len(starts), seeds)
        assert enough([held for part in parts for held in part])


@pytest.mark.slow
def test_the_interval_of_the_lottery_holds_the_effect():
    assert enough(lottery_covered(range(FULL)))


def test_the_designs_are_what_they_are_said_to_be():
    for _, draw, _ in CASES.values():
        cohorts = [draw(seed, missing=True) for seed in range(QUICK)]
        assert 55 <= np.mean([one.treated.sum() for one in cohorts]) <= 65
        assert 0.17 <= np.mean([np.isnan(one.after[:, -1]).mean() for one in cohorts]) <= 0.23
        outside = [trim(one.treated, one.features, 0.10).outside.total for one in cohorts]
        assert 1 <= np.mean(outside) <= 15, "neither perfect overlap nor none"


def test_change_scores_are_wrong_where_the_starting_point_decides():
    """The trap that the planned analysis avoids: youth chosen at a peak fall back by themselves."""
    found = [effect(complete_cases(by_starting_point(seed, missing=False)), "nothing") - EFFECT for seed in range(QUICK)]
    assert np.mean(found) < -0.15


def test_the_starting_point_misleads_where_a_lasting_trait_decides():
    found = [effect(complete_cases(by_trait(seed, missing=False)), "baseline") - EFFECT for seed in range(QUICK)]
    assert np.mean(found) > 0.10
