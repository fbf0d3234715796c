"""Each check passes where it must and fails where it must."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_cohort import by_lottery, by_starting_point, cohort_of
from test_disclosure import make_study

from utvardering.individuals.checks import (
    attrition,
    balance,
    check_cohort,
    groups,
    history,
    overlap,
    standardised_differences,
)


@pytest.fixture
def study(tmp_path):
    return make_study(tmp_path, "en")


def test_overlap(study):
    persons = by_starting_point(51, missing=False)
    row = overlap(study, cohort_of(persons))
    assert row.verdict == "pass"
    assert "Probabilities of the treated: 0.25 / 0.32 / 0.46 / 0.62 / 0.70; of" in row.text
    apart = replace(persons, baseline=persons.baseline + 5.0 * persons.treated)
    row = overlap(study, cohort_of(apart))
    assert row.verdict == "fail"
    assert row.value > 0.5
    assert row.text.startswith("More than half of the treated have nobody to be compared with.")


def test_balance(study):
    persons = by_starting_point(52, missing=False)
    row = balance(study, cohort_of(persons))
    assert row.verdict == "pass"
    assert row.value <= row.threshold == 0.25
    strict = study.model_copy(update={"checks": study.checks.model_copy(update={"max_imbalance": row.value / 2})})
    assert balance(strict, cohort_of(persons)).verdict == "fail"
    few = by_starting_point(52, missing=False, n=6)
    assert balance(study, cohort_of(replace(few, treated=np.arange(6) < 4))).verdict == "not_evaluated"


def test_the_standardised_difference_is_that_of_the_definition():
    persons = by_starting_point(53, missing=False)
    one, other = persons.baseline[persons.treated], persons.baseline[~persons.treated]
    slow = (one.mean() - other.mean()) / np.sqrt((one.var() + other.var()) / 2)
    assert standardised_differences(persons, persons.weights)[0] == pytest.approx(slow)


@pytest.mark.parametrize(("lost", "verdict"), [(0, "pass"), (0.04, "pass"), (0.12, "not_evaluated"), (0.3, "fail")])
def test_attrition(lost, verdict, study):
    persons = by_starting_point(54, missing=False)
    gone = np.zeros(150, dtype=bool)
    for arm in (persons.treated, ~persons.treated):
        which = np.flatnonzero(arm)
        gone[which[: int(lost * len(which))]] = True
    row = attrition(study, cohort_of(replace(persons, after=np.where(gone[:, None], np.nan, persons.after))))
    assert row.verdict == verdict


def test_attrition_of_one_arm_is_enough(study):
    persons = by_starting_point(54, missing=False)
    gone = persons.treated & (np.arange(150) % 3 == 0)
    assert attrition(study, cohort_of(replace(persons, after=np.where(gone[:, None], np.nan, persons.after)))).verdict == "fail"


def test_groups(study):
    assert groups(study, cohort_of(by_starting_point(55, missing=False))).verdict == "pass"
    few = groups(study, cohort_of(by_starting_point(55, missing=False, schools=4)))
    assert few.verdict == "fail"
    assert few.text == (
        "Only 4 groups have both treated and comparison persons; the interval needs at least 6. Choose randomization."
    )
    small = groups(study, cohort_of(by_lottery(55)))
    assert small.verdict == "pass"
    assert small.text.startswith("Fewer than 20 persons got the measure: nothing but randomization is used")
    assert groups(study, replace(cohort_of(by_lottery(55)), grouped=False)).verdict == "not_evaluated"


def test_history(study):
    persons = by_starting_point(56, missing=False)
    cohort = cohort_of(persons)
    assert history(study, cohort.before()).verdict == "pass"
    values = cohort.outcomes["normbrytande"].copy()
    values[persons.treated, 0] -= 2.0
    drifting = replace(cohort, outcomes={"normbrytande": values})
    row = history(study, drifting.before())
    assert row.verdict == "fail"
    assert row.value > 0.1
    values = cohort.outcomes["normbrytande"].copy()
    values[:, 0] += np.random.default_rng(1).normal(0, 4, 150)
    assert history(study, replace(cohort, outcomes={"normbrytande": values}).before()).verdict == "not_evaluated"
    one_wave = replace(cohort, waves=(1, 2), last_before=0, outcomes={"normbrytande": cohort.outcomes["normbrytande"][:, 1:]})
    row = history(study, one_wave.before())
    assert (row.verdict, row.text) == (
        "not_evaluated",
        "Only one wave before the start: it cannot be seen whether the arms changed alike before it.",
    )


def test_no_check_looks_at_an_outcome_after_the_start(study):
    cohort = cohort_of(by_starting_point(57, missing=True))
    values = cohort.outcomes["normbrytande"].copy()
    values[:, 2] = np.where(np.isnan(values[:, 2]), np.nan, 1e6)
    assert check_cohort(study, cohort) == check_cohort(study, replace(cohort, outcomes={"normbrytande": values}))
