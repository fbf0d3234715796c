"""Estimators that are weighted sums of cells: the fast placebo sums against a fit for each re-assignment, and refusals."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators import cell_weights
from utvardering.estimators.base import Job, Result
from utvardering.estimators.cell_weights import cells_of, courses_of, placebo_sums
from utvardering.estimators.did import unit_noise
from utvardering.estimators.imputation import plan_imputation
from utvardering.estimators.registry import ESTIMATORS
from utvardering.estimators.sun_abraham import plan_sun_abraham

N_UNITS, N_PERIODS = 16, 9
ROUNDING = 1e-9  # sums of some hundred numbers of size 10
LINEAR = pytest.mark.parametrize("name", ["imputation", "sun_abraham"])


def staggered(seed: int = 1, starts: tuple[int, ...] = (4, 4, 6, 7), **parts: NDArray[np.float64]) -> Sample:
    rng = np.random.default_rng(seed)
    y = rng.normal(10, 1, (N_UNITS, 1)) + rng.normal(0, 1, N_PERIODS) + rng.normal(0, 0.5, (N_UNITS, N_PERIODS))
    return sample(y, treated_first(N_UNITS, list(starts)), **parts)


def run(name: str, one: Sample, inferences: tuple[str, ...] = ("randomization", "cluster"), **keys: object) -> Result:
    return ESTIMATORS[name].run(job(one, outcome(), estimation(name, **keys), inferences))


@pytest.mark.parametrize("plan", [plan_imputation, plan_sun_abraham])
@pytest.mark.parametrize("anticipation", [0, 1])
def test_sums_over_courses_are_those_of_a_fit_for_each_re_assignment(plan, anticipation: int) -> None:
    one = replace(staggered(), anticipation=anticipation)
    cells = cells_of(one, one.y, ())
    made = plan(cells, events=True)
    plain = job(one, outcome(), estimation("imputation"))
    many = [one.y] * (len(made.periods) + 1)
    patterns = np.array([one.grid.treatment] * len(many))
    given = {"responses": np.array(many), "patterns": patterns, "noise": unit_noise(one, one.y)}
    fast = placebo_sums(plain, one, cells, made.weigh, **given)
    rows = np.arange(0, len(fast.draws.units), 211)
    courses = courses_of(cells)
    fewer = replace(fast.draws, units=fast.draws.units[rows])
    slow = cell_weights._by_refit(cells, courses, fewer, made.weigh, *given.values())  # noqa: SLF001 -- the slow path
    for mine, theirs in zip((fast.score, fast.slope, fast.sd**2), slow, strict=True):
        np.testing.assert_allclose(mine[:, rows], theirs, rtol=ROUNDING, atol=ROUNDING)


@LINEAR
def test_unit_weights_of_one_change_nothing_but_the_path(name: str) -> None:
    """Then every re-assignment is fitted anew, and the estimate, its error and nearly its p-value stay."""
    one = staggered()
    plain = run(name, one, ("cluster",))
    heavy = replace(one, grid=replace(one.grid, weights=np.full(one.y.shape, 3.0)))
    weighted = run(name, heavy, ("cluster",))
    assert weighted.estimates[0].estimate == pytest.approx(plain.estimates[0].estimate, abs=ROUNDING)
    assert weighted.estimates[0].std_error == pytest.approx(plain.estimates[0].std_error, abs=ROUNDING)
    plan = Job(heavy, outcome(), estimation(name), ("randomization",), draws=199, intervals=False)
    summed = run(name, one, ("randomization",)).estimates[0].p_value
    assert ESTIMATORS[name].run(plan).estimates[0].p_value == pytest.approx(summed, abs=0.15)  # four Monte Carlo errors


@LINEAR
def test_a_common_start_without_leads_is_the_difference_of_mean_changes(name: str) -> None:
    one = staggered(starts=(5, 5, 5))
    base = one.y[:, :5].mean(axis=1) if name == "imputation" else one.y[:, 4]
    change = one.y[:, 5:].mean(axis=1) - base
    found = run(name, one).estimates[0].estimate
    assert found == pytest.approx(change[:3].mean() - change[3:].mean(), abs=ROUNDING)


@LINEAR
def test_shares_of_a_period_count_as_shares(name: str) -> None:
    """An effect that grows with the share of the period is found whole, without noise, also in its interval."""
    one = staggered()
    share = one.grid.treatment.copy()
    share[0, 4], share[2, 6] = 0.25, 0.5
    flat = np.add.outer(np.arange(N_UNITS, dtype=float), np.arange(N_PERIODS) % 4)
    shared = replace(one, grid=replace(one.grid, treatment=share, y=flat - 0.7 * share))
    found = run(name, shared).estimates
    assert [row.estimate for row in found] == pytest.approx([-0.7, -0.7], abs=ROUNDING)


@LINEAR
def test_a_measure_that_ends_leaves_what_comes_after_out(name: str) -> None:
    """What happens in a unit after its measure has ended is neither effect nor comparison."""
    one = staggered()
    treatment = one.grid.treatment.copy()
    treatment[:2, 7:] = 0
    ended = replace(one, grid=replace(one.grid, treatment=treatment))
    y = one.y.copy()
    y[:2, 7:] += 50
    found, moved = run(name, ended, ("cluster",)), run(name, replace(ended, grid=replace(ended.grid, y=y)), ("cluster",))
    assert moved.estimates[0].estimate == pytest.approx(found.estimates[0].estimate, abs=ROUNDING)


@LINEAR
def test_covariates_with_a_slope_are_taken_out(name: str) -> None:
    one = staggered()
    x = np.random.default_rng(8).normal(size=one.y.shape)
    flat = np.add.outer(np.arange(N_UNITS, dtype=float), np.arange(N_PERIODS) % 4)
    made = replace(one, grid=replace(one.grid, y=flat + 2 * x + 1.5 * one.grid.treatment, covariates={"x": x}))
    for row in run(name, made, covariates=("x",)).estimates:
        assert row.estimate == pytest.approx(1.5, abs=ROUNDING)


@LINEAR
def test_a_covariate_without_variation_is_refused(name: str) -> None:
    one = staggered()
    x = np.repeat(np.arange(N_UNITS, dtype=float)[:, None], N_PERIODS, axis=1)
    with pytest.raises(DesignError, match="covariate does not vary"):
        run(name, replace(one, grid=replace(one.grid, covariates={"x": x})), covariates=("x",))


def everyone(starts: list[int]) -> Sample:
    one = staggered()
    start = np.array((starts * N_UNITS)[:N_UNITS])
    treatment = (np.arange(N_PERIODS) >= start[:, None]).astype(float)
    return replace(one, grid=replace(one.grid, start=start, treatment=treatment))


@LINEAR
def test_without_units_that_never_start_later_ones_stand_in(name: str) -> None:
    found = run(name, everyone([4, 7]), comparison_group="not_yet")
    assert np.isfinite(found.estimates[0].estimate)
    left_out = "32 of 56 cells" if name == "imputation" else "the last to start are the comparison"
    assert all(left_out in row.note for row in found.estimates)
    assert max(row.period_from_start for row in found.events) == 2


def test_sun_abraham_against_the_last_is_the_panel_before_them() -> None:
    one = everyone([4, 7])
    last = one.start == 7
    short = sample(one.y[:, :7], np.where(last, NEVER, one.start))
    found, expected = (
        run("sun_abraham", one, comparison_group="not_yet").estimates,
        run("sun_abraham", short).estimates,
    )
    assert [row.estimate for row in found] == pytest.approx([row.estimate for row in expected], abs=ROUNDING)
    assert [row.std_error for row in found] == pytest.approx([row.std_error for row in expected], abs=ROUNDING)


@pytest.mark.parametrize("group", ["never", "not_yet"])
@pytest.mark.parametrize("name", ["imputation", "sun_abraham", "poisson_staggered"])
def test_all_treated_at_once_is_refused(name: str, group: str) -> None:
    kind = "count" if name == "poisson_staggered" else "mean"
    one = everyone([5])
    one = replace(one, grid=replace(one.grid, y=np.round(np.abs(one.y))))
    with pytest.raises(DesignError, match=r"comparison|compared"):
        ESTIMATORS[name].run(job(one, outcome(kind), estimation(name, comparison_group=group)))


def test_a_cohort_without_its_reference_period_is_refused() -> None:
    one = staggered()
    y = one.y.copy()
    y[2, 5] = np.nan
    with pytest.raises(DesignError, match="cannot be told apart"):
        run("sun_abraham", replace(one, grid=replace(one.grid, y=y)))


def test_a_treated_unit_without_a_past_is_named_and_left_out() -> None:
    one = staggered()
    y = one.y.copy()
    y[3, :7] = np.nan
    found = run("imputation", replace(one, grid=replace(one.grid, y=y)), ("cluster",))
    keep = np.arange(N_UNITS) != 3
    without = run("imputation", one.only(keep), ("cluster",))
    assert found.silent == ("u3",)
    assert found.estimates[0].estimate == pytest.approx(without.estimates[0].estimate, abs=ROUNDING)


def test_a_re_assignment_without_an_answer_counts_as_extreme() -> None:
    one = staggered()
    cells = cells_of(one, one.y, ())
    made = plan_imputation(cells, events=False)

    def weigh(some):
        if not np.array_equal(some.start, one.start):
            msg = "no answer"
            raise DesignError(msg)
        return made.weigh(some)

    given = {"responses": one.y[None], "patterns": one.grid.treatment[None], "noise": unit_noise(one, one.y)}
    with patch.object(cell_weights, "_by_course", lambda *_: pytest.fail("weights are not all one")):
        weights = replace(cells, weights=np.full(one.y.shape, 2.0))
        sums = placebo_sums(job(one, outcome(), estimation("imputation")), one, weights, weigh, **given)
    assert np.all(sums.score == sums.score[:, :1])
    assert np.isfinite(sums.sd).all()


@pytest.mark.parametrize("name", ["imputation", "sun_abraham", "poisson_staggered"])
def test_a_clustered_row_tells_of_cohorts_of_one_unit(name: str) -> None:
    kind = "count" if name == "poisson_staggered" else "mean"
    one = staggered()
    one = replace(one, grid=replace(one.grid, y=np.round(10 * np.abs(one.y))))
    placebo, cluster = ESTIMATORS[name].run(job(one, outcome(kind), estimation(name))).estimates
    assert "2 units started alone and add nothing to this error" in cluster.note
    assert "started alone" not in placebo.note
