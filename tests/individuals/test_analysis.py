"""Which estimates stand beside the planned one, when only randomization is run, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from simulated_cohort import by_lottery, by_starting_point, cohort_of

from utvardering.data.cohort import Cohort
from utvardering.errors import DesignError
from utvardering.individuals.analysis import analyse
from utvardering.individuals.effects import effect
from utvardering.individuals.missing import response_weighted
from utvardering.individuals.overlap import trim
from utvardering.study.model import Estimation, Outcome

OUTCOME = Outcome(id="normbrytande", title="Normbrytande", aim="brott", role="primary", kind="mean")


def plan(inference="cluster", **keys):
    return Estimation(estimator="adjusted", inference=inference, covariates=("alder",), **keys)


def kinds(analysis):
    return [(one.given, one.handling, one.wave, one.estimate.inference) for one in analysis.found]


def test_the_planned_estimate_is_trimmed_and_weighted_for_response():
    persons = by_starting_point(21, missing=True)
    found = analyse(cohort_of(persons), OUTCOME, plan(), 0.2)
    kept = persons.take(trim(persons.treated, persons.features, 0.2).kept)
    planned = found.planned
    assert planned.estimate.estimate == pytest.approx(effect(response_weighted(kept), "baseline"), abs=1e-9)  # level 5
    assert planned.estimate.estimand == "att_overlap"
    assert planned.trimmed.treated > 0
    assert (planned.given, planned.handling, planned.estimate.inference) == ("baseline", "weighted", "cluster")
    assert planned.estimate.ci_low < planned.estimate.inner_low < planned.estimate.inner_high < planned.estimate.ci_high


def test_what_stands_beside_it():
    assert kinds(analyse(cohort_of(by_starting_point(22, missing=True)), OUTCOME, plan(), 0.1)) == [
        ("baseline", "weighted", -1, "cluster"),
        ("covariates", "weighted", -1, "cluster"),
        ("nothing", "weighted", -1, "cluster"),
        ("baseline", "complete", -1, "cluster"),
        ("baseline", "lowest", -1, "cluster"),
        ("baseline", "highest", -1, "cluster"),
        ("baseline", "complete", -1, "randomization"),
    ]
    assert kinds(analyse(cohort_of(by_starting_point(22, missing=False)), OUTCOME, plan("randomization"), 0.1)) == [
        ("baseline", "complete", -1, "randomization"),
        ("baseline", "complete", -1, "cluster"),
        ("covariates", "complete", -1, "cluster"),
        ("nothing", "complete", -1, "cluster"),
    ]


def test_worst_cases_lie_on_either_side():
    found = {one.handling: one.estimate.estimate for one in analyse(
        cohort_of(by_starting_point(23, missing=True)), OUTCOME, plan(), 0.1).found if one.given == "baseline"}  # fmt: skip
    assert found["lowest"] < found["weighted"] < found["highest"]


def test_a_share_is_bounded_by_nought_and_one():
    persons = by_starting_point(24, missing=True)
    share = replace(persons, baseline=1 / (1 + np.exp(-persons.baseline)), after=1 / (1 + np.exp(-persons.after)))
    outcome = OUTCOME.model_copy(update={"kind": "share"})
    found = analyse(cohort_of(share, level=0.0), outcome, plan(), 0.05)
    low, high = (next(one for one in found.found if one.handling == side).estimate.estimate for side in ("lowest", "highest"))
    assert -1 < low < high < 1


def test_several_waves_are_averaged_and_told_one_by_one():
    persons = by_starting_point(25, missing=False)
    later = persons.after - 0.4 * persons.treated[:, None]
    cohort = cohort_of(persons)
    values = np.column_stack([cohort.outcomes["normbrytande"], later + 5])
    found = analyse(replace(cohort, waves=(0, 1, 2, 3), outcomes={"normbrytande": values}), OUTCOME, plan(), 0.05)
    waves = [one for one in found.found if one.wave >= 0]
    assert [one.wave for one in waves] == [0, 1]
    first, second = (one.estimate.estimate for one in waves)
    assert second - first == pytest.approx(-0.4)
    assert found.planned.estimate.estimate == pytest.approx((first + second) / 2)


def test_few_treated_are_only_randomized():
    found = analyse(cohort_of(by_lottery(26)), OUTCOME, plan(), 0.1)
    assert kinds(found) == [("baseline", "complete", -1, "randomization")]
    assert found.planned.strata == "groups"
    assert found.planned.estimate.estimand == "att_within"


def many_waves(seed, each=2, schools=3, waves=26, effect=2.0):
    """One treated person in each school, measured in many waves, the start in the middle."""
    rng = np.random.default_rng(seed)
    count = each * schools
    treated = np.arange(count) % each == 0
    values = rng.normal(0, 1, (count, waves)) + rng.normal(10, 2, (count, 1))
    values[:, waves // 2 :] += effect * treated[:, None]
    return Cohort(
        waves=tuple(range(waves)),
        last_before=waves // 2 - 1,
        outcomes={"normbrytande": values},
        treated=treated,
        group=np.arange(count) // each,
        grouped=True,
        covariates={"alder": rng.normal(14, 1, count)},
    )


def test_a_handful_with_many_waves_are_judged_over_starts_too():
    """Three pairs give no p-value below 1/4; with 11 starts there are 88 ways."""
    cohort = many_waves(41, effect=6.0)
    found = analyse(cohort, OUTCOME, plan("randomization"), 0.01)
    planned = found.planned
    assert (planned.given, planned.strata, planned.estimate.estimand) == ("starts", "starts", "att")
    assert planned.estimate.p_value == planned.estimate.p_smallest == pytest.approx(2 / 88)
    assert 0.0 < planned.estimate.ci_low < 6.0 < planned.estimate.ci_high
    assert [name for name, _ in found.refused] == ["randomization"]
    values = cohort.outcomes["normbrytande"][::2, 13:]
    assert planned.counterfactual == pytest.approx(values.mean() - planned.estimate.estimate)


def test_the_test_over_starts_stands_beside_where_persons_can_tell():
    found = analyse(many_waves(42, each=6), OUTCOME, plan("randomization"), 0.01)
    assert [one.strata for one in found.found] == ["groups", "starts"]
    assert found.found[1].estimate.estimate == pytest.approx(2.0, abs=0.6)


def test_few_waves_leave_the_refusal_as_it_was():
    with pytest.raises(DesignError, match=r"normbrytande: so few persons .* give no p-value below 0\.250"):
        analyse(many_waves(43, waves=15), OUTCOME, plan("randomization"), 0.01)


def test_schools_of_one_arm_each_are_randomized_within_propensities():
    persons = by_lottery(27)
    alone = replace(persons, group=np.where(persons.treated, persons.group, persons.group + 10))
    found = analyse(cohort_of(alone), OUTCOME, plan(), 0.05)
    assert found.planned.strata == "propensities"


def test_the_same_seed_gives_the_same_and_another_another():
    cohort = cohort_of(by_lottery(28))
    one, same, other = (analyse(cohort, OUTCOME, plan(seed=seed), 0.1).planned.estimate for seed in (1, 1, 2))
    assert (one.p_value, one.ci_low) == (same.p_value, same.ci_low)
    assert (one.ci_low, one.ci_high) != (other.ci_low, other.ci_high)


def test_few_schools_are_refused_with_what_to_write():
    with pytest.raises(DesignError, match=r'normbrytande: a clustered interval needs .* write inference = "randomization"'):
        analyse(cohort_of(by_starting_point(29, missing=False, schools=5)), OUTCOME, plan(), 0.1)


def test_arms_that_are_nowhere_alike_are_refused():
    persons = by_starting_point(30, missing=False)
    apart = replace(persons, baseline=persons.baseline + 100.0 * persons.treated)
    with pytest.raises(DesignError, match=r"no treated and comparison persons are alike: .* find comparison persons more like"):
        analyse(cohort_of(apart), OUTCOME, plan(), 0.1)


def test_persons_without_a_covariate_are_counted():
    persons = by_starting_point(31, missing=False)
    cohort = cohort_of(persons)
    age = cohort.covariates["alder"].copy()
    age[:7] = np.nan
    found = analyse(replace(cohort, covariates={"alder": age}), OUTCOME, plan(), 0.1)
    assert found.unknown.total == 7
    assert found.persons.arms.total == 143


def test_a_wild_bootstrap_has_the_planned_estimate_and_the_clustered_one_beside_it():
    cohort = cohort_of(by_starting_point(32, missing=True))
    wild = analyse(cohort, OUTCOME, plan("wild_bootstrap"), 0.1)
    assert kinds(wild)[:2] == [("baseline", "weighted", -1, "wild_bootstrap"), ("baseline", "weighted", -1, "cluster")]
    assert wild.planned.estimate.estimate == wild.found[1].estimate.estimate
    assert wild.found[1] == analyse(cohort, OUTCOME, plan(), 0.1).planned
    assert wild.planned.estimate.p_smallest == pytest.approx(2 / 2**12)


@pytest.mark.parametrize("inference", ["placebo", "analytic"])
def test_another_inference_is_refused_and_not_replaced(inference):
    said = f'"{inference}" is not available for persons; write "cluster", "wild_bootstrap" or "randomization"'
    with pytest.raises(DesignError, match=said):
        analyse(cohort_of(by_starting_point(32, missing=False)), OUTCOME, plan(inference), 0.1)
