"""Balancing weights against a general solver, brute force over re-assignments, and what they refuse."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.optimize import linprog, minimize

from tests.designs import estimation, outcome, sample, treated_first
from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.balance import entropy, independent, minimum_norm
from utvardering.estimators.balanced_weights import balanced_weights
from utvardering.estimators.base import Job, Result
from utvardering.estimators.did import unit_noise
from utvardering.estimators.effects import effect_size

BALANCED = 1e-8  # relative, as promised; reached to 1e-12
GENERAL = 1e-7  # SLSQP stops when the objective, a sum of squares, changes by less than 1e-14


def run(
    one: Sample, *others: Sample, kind: str = "count", inferences: tuple[str, ...] = ("randomization",), **keys: Any
) -> Result:
    out = outcome(kind, **{name: keys.pop(name) for name in ("transform", "id") if name in keys})
    draws = keys.pop("draws", 9_999)
    return balanced_weights(Job(one, out, estimation("balanced_weights", **keys), inferences, others=others, draws=draws))


def blocks(
    seed: int = 1, n_units: int = 120, n_treated: int = 6, n_periods: int = 8, start: int = 5, name: str = "y"
) -> Sample:
    """Simulated counts of many small blocks; the treated are somewhat worse off than the rest."""
    rng = np.random.default_rng(seed)
    level = rng.gamma(2.0, 3.0, n_units)
    level[:n_treated] = np.quantile(level, np.linspace(0.5, 0.9, n_treated))
    y = rng.poisson(level[:, None] * np.linspace(1, 1.3, n_periods)).astype(float)
    one = sample(y, treated_first(n_units, [start] * n_treated))
    return replace(one, grid=replace(one.grid, outcome=name))


def weights_of(one: Sample, result: Result) -> NDArray[np.float64]:
    """(N,) the weights that were written, 0 for the rest."""
    given = {each.unit: each.weight for each in result.weights}
    return np.array([given.get(unit, 0.0) for unit in one.units])


def by_general_solver(columns: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """(n,) least squares weights by linear and sequential quadratic programming; None where no weights reproduce the totals."""
    scale = np.abs(columns).max(axis=0)
    phase = linprog(np.zeros(len(columns)), A_eq=(columns / scale).T, b_eq=target / scale, method="highs")
    if phase.status != 0:
        return None
    found = minimize(
        lambda w: w @ w,
        phase.x,
        jac=lambda w: 2 * w,
        bounds=[(0, None)] * len(columns),
        constraints={
            "type": "eq",
            "fun": lambda w: (w @ columns - target) / scale,
            "jac": lambda _: (columns / scale).T,
        },
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return np.asarray(found.x)


def test_every_total_is_reproduced_by_non_negative_weights() -> None:
    one = blocks()
    covariate = np.random.default_rng(3).uniform(1, 4, one.y.shape)
    one = replace(one, grid=replace(one.grid, covariates={"x": covariate}))
    result = run(one, covariates=("x",))
    weights = weights_of(one, result)
    assert weights.min() == 0
    assert weights[one.treated].max() == 0
    assert min(each.weight for each in result.weights) > 0
    assert weights.sum() == pytest.approx(6, rel=BALANCED)
    np.testing.assert_allclose(weights @ one.y[:, :5], one.y[:6, :5].sum(axis=0), rtol=BALANCED)
    assert weights @ covariate[:, :5].mean(axis=1) == pytest.approx(covariate[:6, :5].mean(axis=1).sum(), rel=BALANCED)
    assert weights @ covariate[:, 5:].mean(axis=1) != pytest.approx(covariate[:6, 5:].mean(axis=1).sum(), rel=1e-4)
    gap = one.y[:6, 5:].sum(axis=0) - weights @ one.y[:, 5:]
    row = result.estimates[0]
    assert row.estimate == pytest.approx(gap.mean() / 6, rel=1e-9)
    assert [event.estimate for event in result.events] == pytest.approx(gap / 6, rel=1e-9)
    assert [event.period_from_start for event in result.events] == [0, 1, 2]
    assert "7 totals are reproduced exactly" in row.note


@pytest.mark.parametrize("seed", [0, 1, 3, 5, 7])  # those of the first that balance
def test_the_norm_is_that_of_a_general_solver(seed: int) -> None:
    one = blocks(seed, n_units=60, n_treated=3)
    columns = np.column_stack([np.ones(60), one.y[:, :5]])
    expected = by_general_solver(columns[3:], columns[:3].sum(axis=0))
    assert expected is not None
    assert (expected < GENERAL).any()  # else the limit at 0 would not be tried
    np.testing.assert_allclose(weights_of(one, run(one))[3:], expected, atol=GENERAL)


@pytest.mark.parametrize("seed", range(5))
def test_the_weights_are_the_only_ones_with_that_norm(seed: int) -> None:
    """w = max(0, Aλ) is necessary and sufficient, and any other weights with the same totals have more sum of squares."""
    one = blocks(seed)
    columns = np.column_stack([np.ones(120), one.y[:, :5]])[6:]
    weights = weights_of(one, run(one))[6:]
    on = weights > 0
    dual = np.linalg.lstsq(columns[on], weights[on], rcond=None)[0]
    np.testing.assert_allclose(np.maximum(columns @ dual, 0), weights, atol=1e-10)
    rng = np.random.default_rng(seed)
    other = linprog(rng.uniform(size=114), A_eq=columns.T, b_eq=columns.T @ weights, method="highs").x
    assert other @ other > weights @ weights


def test_entropy_weights_balance_too_and_are_all_positive() -> None:
    """w = exp(Aλ), which is necessary and sufficient for the least Σ w log w."""
    one = blocks()
    columns = np.column_stack([np.ones(120), one.y[:, :5]])
    carried = one.treated.astype(float)
    weights = entropy(independent(columns), np.ones(120), carried, ~one.treated)
    assert weights is not None
    assert (weights[6:] > 0).all()
    np.testing.assert_allclose(weights @ columns, carried @ columns, rtol=BALANCED)
    dual, *_ = np.linalg.lstsq(columns[6:], np.log(weights[6:]), rcond=None)
    np.testing.assert_allclose(columns[6:] @ dual, np.log(weights[6:]), atol=1e-8)
    gap = one.y[:6, 5:].sum(axis=0) - weights @ one.y[:, 5:]
    assert f"the estimate is {gap.mean() / 6:.4g}" in run(one).estimates[0].note


def test_totals_at_the_edge_leave_units_without_weight() -> None:
    """Treated units without events: every unit that had some weighs nothing, with entropy in the limit."""
    columns = np.column_stack([np.ones(8), [0.0, 0, 0, 1, 2, 3, 0, 0]])
    carried = np.array([1.0, 1, 0, 0, 0, 0, 0, 0])
    weights, solved = minimum_norm(independent(columns), np.ones(8), carried[None, :], (carried == 0)[None, :])
    assert solved.all()
    np.testing.assert_allclose(weights[0], [0, 0, 2 / 3, 0, 0, 0, 2 / 3, 2 / 3], atol=1e-12)
    other = entropy(independent(columns), np.ones(8), carried, carried == 0)
    assert other is not None
    np.testing.assert_allclose(other, weights[0], atol=1e-9)  # the totals are met to 1e-12 before the limit is reached


def test_entropy_has_no_answer_beyond_the_edge() -> None:
    columns = np.column_stack([np.ones(6), [9.0, 1, 0, 1, 2, 3]])
    carried = np.array([1.0, 0, 0, 0, 0, 0])
    assert entropy(independent(columns), np.ones(6), carried, carried == 0) is None


def three_outcomes() -> list[Sample]:
    """Two by month and one with other periods and fewer units."""
    one, two = blocks(1, name="brott"), blocks(2, name="ordning")
    yearly = blocks(3, n_periods=3, start=1, name="trygghet")
    fewer = replace(yearly.only(np.arange(120) != 100), units=tuple(u for u in yearly.units if u != "u100"))
    covariates = {"x": np.random.default_rng(4).uniform(1, 2, one.y.shape)}
    return [
        replace(one, grid=replace(one.grid, covariates=covariates)),
        replace(two, grid=replace(two.grid, covariates=covariates)),
        replace(fewer, grid=replace(fewer.grid, covariates={"x": covariates["x"][np.arange(120) != 100, :3] + 1})),
    ]


def test_every_outcome_of_a_study_gets_the_same_weights() -> None:
    samples = three_outcomes()
    found = []
    for k, one in enumerate(samples):
        others = [other for j, other in enumerate(samples) if j != k]
        result = run(one, *others, id=one.grid.outcome, covariates=("x",), inferences=("randomization", "placebo"), draws=199)
        found.append({each.unit: each.weight for each in result.weights})
        weights = weights_of(one, result)
        for balanced, periods in ((samples[0], 5), (samples[1], 5), (samples[2], 1)):
            mine = np.array([found[-1].get(unit, 0.0) for unit in balanced.units])
            np.testing.assert_allclose(mine @ balanced.y[:, :periods], balanced.y[:6, :periods].sum(axis=0), rtol=BALANCED)
        assert "13 totals" in result.estimates[0].note  # 5 + 5 + 1 periods, the covariate once, the number of units
        assert weights[one.units.index("u99")] >= 0
    assert found[0] == found[1] == found[2]
    assert "u100" not in found[0]


def test_the_statistics_of_outcomes_are_over_the_same_re_assignments() -> None:
    samples = three_outcomes()
    tests = [
        run(one, *(other for other in samples if other is not one), id=one.grid.outcome, draws=99).estimates[0]
        for one in samples
    ]
    assert len({len(test.statistics) for test in tests if test.statistics is not None}) == 1
    twice = replace(samples[0], grid=replace(samples[0].grid, y=samples[0].y, outcome="samma"))
    again = run(twice, samples[0], id="samma", draws=99).estimates[0]
    alone = run(samples[0], twice, id="brott", draws=99).estimates[0]
    np.testing.assert_array_equal(again.statistics, alone.statistics)


def test_totals_that_follow_from_others_are_dropped() -> None:
    one = blocks()
    copies = {"double": 2 * one.y[:, [0]] + 0 * one.y, "all": np.full(one.y.shape, 7.0), "none": np.zeros(one.y.shape)}
    more = replace(one, grid=replace(one.grid, covariates=copies))
    found, expected = weights_of(one, run(more, covariates=tuple(copies), draws=99)), weights_of(one, run(one, draws=99))
    np.testing.assert_allclose(found, expected, atol=1e-9)  # the basis is the same up to rounding


def test_analysis_weights_make_weighted_totals_equal() -> None:
    """With population as weight and a rate as outcome the totals are those of the events; the norm is Σ w² ÷ v."""
    rng = np.random.default_rng(7)
    one = blocks()
    people = rng.uniform(500, 3000, 120)
    exposed = replace(
        one,
        grid=replace(one.grid, exposure=np.repeat(people[:, None], 8, axis=1), weights=np.repeat(people[:, None], 8, axis=1)),
    )
    result = run(exposed, draws=99)
    weights = weights_of(one, result)
    rates = 1e5 * one.y / people[:, None]
    assert weights.sum() == pytest.approx(6, rel=BALANCED)
    wanted = people[:6] @ rates[:6] / people[:6].sum()
    np.testing.assert_allclose((weights / 6 @ rates)[:5], wanted[:5], rtol=BALANCED)
    assert result.estimates[0].estimate == pytest.approx((wanted - weights / 6 @ rates)[5:].mean(), rel=1e-9)
    columns = np.column_stack([np.ones(120), rates[:, :5]])[6:]
    on = weights[6:] > 0
    dual = np.linalg.lstsq(columns[on], (weights[6:] / people[6:])[on], rcond=None)[0]
    np.testing.assert_allclose(np.maximum(columns @ dual, 0), weights[6:] / people[6:], atol=1e-10)


def test_percent_and_units_follow_from_the_weighted_comparison() -> None:
    one = blocks()
    result = run(one)
    row = result.estimates[0]
    assert row.size is not None
    without = float((weights_of(one, result) @ one.y[:, 5:]).mean() / 6)
    assert row.size.percent(row.estimate) == pytest.approx(100 * row.estimate / without, rel=1e-9)
    assert row.size.units(row.estimate) == pytest.approx(one.y[:6, 5:].sum() - 18 * without, rel=1e-9)
    plain = effect_size(one, outcome("count"), row.estimate, "difference")
    assert row.size.counterfactual == pytest.approx(plain.counterfactual, rel=1e-9)


def test_a_share_of_the_period_counts_as_a_share() -> None:
    one = blocks()
    treatment = one.grid.treatment.copy()
    treatment[:6, 5] = 0.5
    one = replace(one, grid=replace(one.grid, treatment=treatment))
    result = run(one)
    gap = (one.y[:6, 5:].sum(axis=0) - weights_of(one, result) @ one.y[:, 5:]) / 6
    share = np.array([0.5, 1, 1])
    assert result.estimates[0].estimate == pytest.approx(gap @ share / (share @ share), rel=1e-9)
    assert [event.estimate for event in result.events] == pytest.approx(gap / share, rel=1e-9)


def test_missing_cells_are_left_out_and_said() -> None:
    one = blocks()
    y = one.y.copy()
    y[2, 1], y[3, 6], y[50, 2], y[60, 7] = np.nan, np.nan, np.nan, np.nan
    y[70, 1] = np.nan  # in a period that is left out anyway
    result = run(replace(one, grid=replace(one.grid, y=y)), draws=99)
    row = result.estimates[0]
    assert "2 periods in which a treated unit has no value are left out" in row.note
    assert "2 comparison units that lack a value are left out" in row.note
    kept = np.setdiff1d(np.arange(120), [50, 60])
    fewer = sample(one.y[kept][:, [0, 2, 3, 4, 5, 7]], treated_first(118, [4] * 6))
    expected = run(fewer, draws=99)
    assert row.estimate == pytest.approx(expected.estimates[0].estimate, rel=1e-9)
    assert result.n_obs == expected.n_obs == 118 * 6


class BruteForce:
    """Every re-assignment of a small panel solved by a general solver, and the definition of p-value and interval."""

    def __init__(self, one: Sample, start: int) -> None:
        treated = np.flatnonzero(one.treated)
        n_units = len(one.y)
        columns = np.column_stack([np.ones(n_units), one.y[:, :start]])
        noise = unit_noise(one, one.y)
        after = one.y[:, start:].mean(axis=1)
        under = one.treated.astype(float)
        self.rows, self.left_out = [], 0
        chosen = [tuple(treated), *(c for c in itertools.combinations(range(n_units), len(treated)) if c != tuple(treated))]
        for carriers in chosen:
            rest = np.setdiff1d(np.arange(n_units), carriers)
            weights = by_general_solver(columns[rest], columns[list(carriers)].sum(axis=0))
            if weights is None:
                self.left_out += 1
                continue
            contrast = np.zeros(n_units)
            contrast[list(carriers)], contrast[rest] = 1, -weights
            contrast /= len(treated)
            # The noise of a period; the same for every period and re-assignment up to a factor.
            self.rows.append((contrast @ after, contrast @ under, np.sqrt(contrast**2 @ noise)))

    def p_value(self, effect: float) -> float:
        size = np.array([abs(score - slope * effect) / sd for score, slope, sd in self.rows])
        return float(np.mean(size >= size[0] * (1 - 1e-9)))


def test_the_placebo_test_is_that_of_brute_force() -> None:
    one = blocks(4, n_units=16, n_treated=2, n_periods=4, start=2)
    brute = BruteForce(one, 2)
    found = run(one, level=0.9).estimates[0]
    assert 0 < brute.left_out < 60
    assert f"{brute.left_out} of 120 re-assignments cannot be balanced exactly and are left out" in found.note
    assert found.p_value == pytest.approx(brute.p_value(0.0))
    assert found.p_smallest == pytest.approx(1 / len(brute.rows))
    for limit, out in ((found.ci_low, -1), (found.ci_high, 1)):
        width = 1e-5 * found.std_error  # the general solver's weights are good to 1e-7
        assert brute.p_value(limit - out * width) > 0.1 >= brute.p_value(limit + out * width)


def test_placebo_variance_is_that_among_comparison_units() -> None:
    one = blocks(4, n_units=16, n_treated=2, n_periods=4, start=2)
    found = run(one, inferences=("placebo",)).estimates[0]
    pool = replace(sample(one.y[2:], treated_first(14, [2] * 2)))
    brute = BruteForce(pool, 2)
    expected = float(np.std([row[0] for row in brute.rows]))
    assert found.std_error == pytest.approx(expected, rel=1e-5)  # the general solver's weights are good to 1e-7
    assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(found.estimate) / found.std_error), rel=1e-12)
    assert found.ci_high - found.estimate == pytest.approx(stats.norm.ppf(0.975) * found.std_error, rel=1e-12)
    assert f"{brute.left_out} of 91 placebo assignments" in found.note


@pytest.mark.slow
def test_the_placebo_test_rejects_no_effect_about_as_often_as_said() -> None:
    """3 of 60 blocks drawn at random, 59 re-assignments: at most 5 % among designs that balance, + 3 standard deviations."""
    p = []
    for seed in range(1_000):
        rng = np.random.default_rng(seed)
        y = rng.poisson(rng.gamma(2.0, 3.0, 60)[:, None], (60, 6)).astype(float)
        try:
            p.append(run(sample(y, treated_first(60, [3] * 3)), seed=seed, draws=59).estimates[0].p_value)
        except DesignError:
            continue
    assert len(p) > 300
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(p))


def test_totals_out_of_reach_are_refused_by_name() -> None:
    y = np.array([[4.0, 9, 5, 6], [1, 2, 1, 2], [3, 2, 2, 3], [5, 4, 6, 5], [6, 5, 5, 6]])
    with pytest.raises(DesignError) as fault:
        run(sample(y, treated_first(5, [3])))
    assert str(fault.value) == (
        "y: no non-negative weights on the 4 comparison units give the totals of the 1 treated before the start; the nearest "
        "miss by 65 % of them in all (y 1: 9 is wanted, 3.6 is reached; y 0: 4 is wanted, 4.2 is reached). Take more "
        "comparison units, fewer outcomes or covariates, or a later [period] first; a treated unit beyond all comparison "
        "units has no comparable one"
    )


def test_a_covariate_and_another_outcome_out_of_reach_are_named() -> None:
    one, other = blocks(1, name="brott"), blocks(2, name="ordning")
    far = np.ones(one.y.shape)
    far[0] = 90
    y = other.y.copy()
    y[0, 2] = 1e5
    with pytest.raises(DesignError, match=r"\(ordning 2: 1000\d\d is wanted, .*; x: 95 is wanted, 6 is reached"):
        run(
            replace(one, grid=replace(one.grid, covariates={"x": far})),
            replace(other, grid=replace(other.grid, y=y, covariates={"x": far})),
            id="brott",
            covariates=("x",),
        )


def refused(one: Sample, *others: Sample, **keys: Any) -> str:
    with pytest.raises(DesignError) as fault:
        run(one, *others, **keys)
    return str(fault.value)


def test_what_has_no_balance_is_refused() -> None:
    one = blocks()
    assert refused(one, transform="log") == (
        'y: balanced_weights reproduces totals, and logarithms have none; write transform = "none"'
    )
    staggered = sample(one.y, treated_first(120, [5, 5, 6, 6, 6, 5]))
    assert "needs one common start, and the units start at different times in y" in refused(staggered)
    other = blocks(2, name="ordning").only(np.arange(120) != 3)
    assert "u3 has values of only one of y and ordning" in refused(one, other)
    no_past = one.y.copy()
    no_past[np.arange(5), np.arange(5)] = np.nan
    lost = replace(one, grid=replace(one.grid, y=no_past))
    assert "in no period before the start do all treated units have a value" in refused(lost)
    unknown = np.ones(one.y.shape)
    unknown[2, :5] = np.nan
    assert "a treated unit has no value of x before the start" in refused(
        replace(one, grid=replace(one.grid, covariates={"x": unknown})), covariates=("x",)
    )
    gaps = one.y.copy()
    gaps[6:, 0] = np.nan
    assert "no comparison unit has every value" in refused(replace(one, grid=replace(one.grid, y=gaps)))


def test_a_test_without_a_single_other_balance_is_refused() -> None:
    """The treated unit lies within the triangle of the others, which are its corners."""
    y = np.column_stack([[0.0, 1, -1, 0], [0.0, -1, -1, 1], [1.0, 2, 3, 4]])
    assert refused(sample(y, treated_first(4, [2])), kind="mean") == (
        "y: none of the 3 re-assignments can be balanced exactly, so there is nothing to judge by; take more comparison units, "
        "or fewer outcomes, covariates or periods before the start"
    )


def test_groups_of_period_effects_are_held_apart() -> None:
    one = replace(blocks(), groups=np.arange(120) % 3)
    weights = weights_of(one, run(one, draws=99))
    for code in range(3):
        assert weights[one.groups == code].sum() == pytest.approx(2, rel=BALANCED)


def test_re_assignments_stay_within_strata() -> None:
    one = replace(blocks(), strata=(np.arange(120) >= 60).astype(np.int64))
    assert 0 < run(one, draws=99).estimates[0].p_value <= 1
