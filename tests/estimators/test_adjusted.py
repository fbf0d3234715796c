"""The adjusted comparison against linearmodels, dowhy, `did` and slow versions; graphs that give no number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, outcome, sample
from utvardering.causal.library import linear_effect
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.adjusted import adjusted, adjusted_for, project
from utvardering.estimators.base import Job, Result
from utvardering.estimators.cross_section import cross_section
from utvardering.estimators.did import did
from utvardering.inference.reassignment import reassign
from utvardering.study.model import CausalModel

SAME = 1e-8  # two ways to solve one least-squares problem of numbers of size 1
GRAPH = CausalModel(edges=("x -> start", "x -> y", "start -> y"))
TRUTH = -0.5


def confounded(seed: int = 1, n_units: int = 80) -> Sample:
    """Twelve periods, measure from the seventh; x decides who gets it and moves the outcome by 0.8 from then on."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n_units)
    treated = x + rng.standard_normal(n_units) > 0.8
    start = np.where(treated, 6, NEVER)
    after = np.arange(12) >= 6
    y = 5 + rng.standard_normal((n_units, 1)) + 0.2 * np.arange(12) + 0.3 * rng.standard_normal((n_units, 12))
    y += after * (0.8 * x[:, None] + TRUTH * treated[:, None])
    later = np.where(after, 99.0 * treated[:, None], 0.0)  # x after the start is another thing, and must not be used
    return sample(y, start, covariates={"x": x[:, None] + later})


def run(one: Sample, inferences: tuple[str, ...] = ("cluster",), model: CausalModel = GRAPH, **keys: object) -> Result:
    plan = estimation("adjusted", **keys)
    return adjusted(Job(one, outcome(), plan, inferences, causal_model=model, language="sv"))


def table(one: Sample, names: tuple[str, ...] = ("x",)) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    section = cross_section(one, outcome(), names)
    return section.change, section.treated, section.others


def test_it_recovers_the_truth_where_the_unadjusted_does_not() -> None:
    seeds = range(40)
    found = np.array([run(confounded(seed)).estimates[0].estimate for seed in seeds])
    plain = np.array([run(confounded(seed), model=CausalModel()).estimates[0].estimate for seed in seeds])
    assert found.mean() == pytest.approx(TRUTH, abs=2.6 * found.std(ddof=1) / np.sqrt(len(seeds)))
    assert plain.mean() > TRUTH + 0.5


def test_it_equals_linearmodels_and_dowhy() -> None:
    from linearmodels.iv.model import IV2SLS

    one = confounded()
    change, treated, others = table(one)
    row = run(one).estimates[0]
    frame = pd.DataFrame({"y": change, "t": treated.astype(float), "x": one.grid.covariates["x"][:, 0], "one": 1.0})
    fit = IV2SLS(frame["y"], frame[["one", "t", "x"]], None, None).fit(cov_type="robust", debiased=True)
    assert row.estimate == pytest.approx(fit.params["t"], abs=SAME)
    assert row.std_error == pytest.approx(fit.std_errors["t"], abs=SAME)
    assert row.estimate == pytest.approx(linear_effect(change, treated, others), abs=SAME)


def test_analytic_inference_is_hc3() -> None:
    from statsmodels.api import OLS

    one = confounded()
    change, treated, others = table(one)
    design = np.column_stack([np.ones(len(change)), treated.astype(float), others])
    fit = OLS(change, design).fit(cov_type="HC3", use_t=True)
    row = run(one, ("analytic",)).estimates[0]
    numbers = (row.std_error, row.p_value, row.ci_low, row.ci_high)
    assert numbers == pytest.approx((fit.bse[1], fit.pvalues[1], *fit.conf_int()[1]), abs=SAME)
    assert row.inference == "analytic"


def test_the_only_treated_area_has_no_analytic_error() -> None:
    one = confounded()
    alone = replace(one, grid=replace(one.grid, start=np.where(np.arange(80) == 0, 6, NEVER)))
    with pytest.raises(DesignError, match="an area is fitted exactly, as the only treated one is"):
        run(alone, ("analytic",))


def test_without_covariates_it_is_the_difference_in_differences() -> None:
    """With four of 21 treated and seven of twelve periods before; the wild bootstrap draws the same weights."""
    rng = np.random.default_rng(3)
    start = np.where(np.arange(24) < 6, 7, NEVER)
    one = sample(rng.standard_normal((24, 12)), start)
    inferences = ("randomization", "wild_bootstrap")
    mine = run(one, inferences, CausalModel()).estimates
    theirs = did(Job(one, outcome(), estimation("did"), inferences)).estimates
    assert mine[0].estimate == pytest.approx(theirs[0].estimate, abs=1e-9)
    for name in ("p_value", "ci_low", "ci_high"):
        assert getattr(mine[0], name) == pytest.approx(getattr(theirs[0], name), abs=1e-9), name
    assert mine[1].p_value == theirs[1].p_value
    # limits by bisection to 1e-7 of the distance, in units of standard errors whose factor counts areas, not cells
    assert (mine[1].ci_low, mine[1].ci_high) == pytest.approx((theirs[1].ci_low, theirs[1].ci_high), abs=1e-3)


def test_scores_are_studentised_by_the_slow_formula() -> None:
    """The variance of each re-assignment from the whole projection matrix, with weights, groups and unequal noise."""
    one = confounded(n_units=25)
    rng = np.random.default_rng(2)
    weights = np.repeat(rng.uniform(1, 5, 25)[:, None], 12, axis=1)
    one = replace(one, grid=replace(one.grid, weights=weights), groups=np.arange(25) % 2)
    section = cross_section(one, outcome(), ("x",))
    left = project(section)
    from utvardering.estimators.adjusted import placebo_test

    draws = reassign(np.where(section.treated, 0, -1).astype(np.intp), rng, draws=50)
    test = placebo_test(section, left, draws, 0.95)
    design = np.column_stack([np.ones(25), section.others])
    w = np.diag(section.weight)
    m = w - w @ design @ np.linalg.inv(design.T @ w @ design) @ design.T @ w
    for statistic, units in zip(test.statistics, draws.units, strict=True):
        chosen = np.zeros(25)
        chosen[units] = 1
        variance = (m @ chosen) ** 2 @ section.noise
        assert statistic == pytest.approx(chosen @ m @ section.change / np.sqrt(variance), abs=SAME)


def test_a_gap_moves_no_mean() -> None:
    """A cell that is missing leaves a noiseless estimate as it is, though periods differ much."""
    start = np.where(np.arange(20) < 4, 6, NEVER)
    rng = np.random.default_rng(4)
    y = rng.uniform(0, 9, (20, 1)) + rng.uniform(0, 9, 12) + TRUTH * ((np.arange(12) >= 6) & (start < NEVER)[:, None])
    y[[0, 7, 9], [8, 2, 11]] = np.nan
    assert run(sample(y, start), model=CausalModel()).estimates[0].estimate == pytest.approx(TRUTH, abs=1e-9)


NOT_IDENTIFIED = (
    "Effekten är ej identifierbar enligt den kausala modellen: vägen start ← u → y går inte att stänga med det som är mätt. "
    "Mät orsaken, eller ändra modellen om den inte stämmer."
)


def test_a_graph_without_adjustment_gives_a_sentence_and_no_number() -> None:
    model = CausalModel(edges=("u -> start", "u -> y", "start -> y"), unobserved=("u",))
    with pytest.raises(DesignError) as told:
        run(confounded(), model=model)
    assert str(told.value) == NOT_IDENTIFIED


def test_an_outcome_that_the_graph_does_not_hold_has_no_number() -> None:
    with pytest.raises(DesignError) as told:
        run(confounded(), model=CausalModel(edges=("start -> z", "x -> start")))
    assert str(told.value) == (
        'y: [causal_model] does not say what causes it, so nothing tells what to adjust for; write such as "start -> y"'
    )


def test_starts_that_differ_are_refused() -> None:
    one = confounded()
    start = np.where(one.start < NEVER, 6 + np.arange(80) % 2, NEVER)
    with pytest.raises(
        DesignError, match='adjusted compares one time before with one after; write estimator = "staggered_did"'
    ):
        run(replace(one, grid=replace(one.grid, start=start)))


def test_a_cause_that_decides_who_is_treated_leaves_nothing_to_compare() -> None:
    one = confounded()
    x = np.repeat((one.start < NEVER).astype(float)[:, None], 12, axis=1)
    with pytest.raises(DesignError, match="who got the measure follows from what is adjusted for"):
        run(replace(one, grid=replace(one.grid, covariates={"x": x})))


def test_without_a_graph_the_covariates_of_the_plan_are_used() -> None:
    plan = estimation("adjusted", covariates=("x",))
    assert adjusted_for(Job(confounded(), outcome(), plan, ("cluster",))) == ("x",)
    by_plan = run(confounded(), model=CausalModel(), covariates=("x",)).estimates[0]
    assert by_plan.estimate == run(confounded()).estimates[0].estimate


def test_the_placebo_test_keeps_its_level_under_confounding() -> None:
    """Of 120 studies of 40 areas without effect at most 5 % + 2.6 Monte Carlo standard errors are rejected."""
    rejected = 0
    for seed in range(120):
        one = confounded(seed, 40)
        none = one.y - TRUTH * ((np.arange(12) >= 6) & (one.start < NEVER)[:, None])
        plan = estimation("adjusted", seed=seed)
        null = replace(one, grid=replace(one.grid, y=none))
        job = Job(null, outcome(), plan, ("randomization",), draws=399, causal_model=GRAPH)
        rejected += adjusted(job).estimates[0].p_value <= 0.05
    assert rejected / 120 <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 120)
