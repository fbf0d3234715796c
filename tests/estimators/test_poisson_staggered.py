"""Counts with staggered starts against poisson_did, a generalised linear model with every dummy, and fits one by one."""

from __future__ import annotations

from dataclasses import replace
from unittest.mock import patch

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate, Job, Result
from utvardering.estimators.cell_weights import carrying, courses_of
from utvardering.estimators.counterfactual_counts import Counts, counts_of, fitted_means, placebo_statistics
from utvardering.estimators.counts_by_draw import scores_by_fit
from utvardering.estimators.poisson_did import poisson_did
from utvardering.estimators.poisson_staggered import poisson_staggered, smooth
from utvardering.inference.reassignment import reassign

N_UNITS, N_PERIODS = 24, 10
ROUNDING = 1e-9  # sums of some hundred counts of size 100, and margins fitted to 1e-11
NOISE = (1.5, 0.1)


def counted(starts: tuple[int, ...] = (4, 4, 4, 6, 6, 6, 6, 8, 8), seed: int = 3, **parts: NDArray[np.float64]) -> Sample:
    rng = np.random.default_rng(seed)
    mean = rng.uniform(20, 80, N_UNITS)[:, None] * rng.uniform(0.7, 1.3, N_PERIODS)
    y = rng.negative_binomial(10, 10 / (10 + mean)).astype(float)
    return sample(y, treated_first(N_UNITS, list(starts)), **parts)


def run(one: Sample, inferences: tuple[str, ...] = ("randomization", "cluster"), **keys: object) -> Result:
    return poisson_staggered(job(one, outcome("count"), estimation("poisson_staggered", **keys), inferences))


def twin(one: Sample, inferences: tuple[str, ...] = ("randomization", "cluster")) -> tuple[Estimate, ...]:
    return poisson_did(job(one, outcome("count"), estimation("poisson_did"), inferences)).estimates


def uneven() -> NDArray[np.float64]:
    """An exposure that is no product of unit and period."""
    rng = np.random.default_rng(4)
    return rng.uniform(1e3, 1e4, (N_UNITS, 1)) * (1 + 0.05 * rng.standard_normal((N_UNITS, 1)) * np.arange(N_PERIODS))


@pytest.mark.parametrize("exposed", [False, True])
def test_with_a_common_start_it_is_poisson_did(exposed: bool) -> None:  # noqa: FBT001 -- a parameter of pytest
    """Estimate and clustered row in every number; the placebo test of no effect is the same statistic."""
    exposure = np.outer(np.arange(1.0, N_UNITS + 1), np.arange(11.0, 11 + N_PERIODS))
    one = counted((4, 4, 4), **({"exposure": exposure} if exposed else {}))
    found, expected = run(one).estimates, twin(one)
    assert found[1].estimate == pytest.approx(expected[1].estimate, abs=ROUNDING)
    for name in ("std_error", "ci_low", "ci_high", "inner_low", "inner_high", "p_value"):
        assert getattr(found[1], name) == pytest.approx(getattr(expected[1], name), abs=ROUNDING)
    assert found[0].p_value == expected[0].p_value
    assert found[0].statistics is not None
    assert expected[0].statistics is not None
    np.testing.assert_allclose(found[0].statistics, expected[0].statistics, rtol=0, atol=1e-8)  # a root of two such sums


def test_it_is_the_regression_on_all_cohort_by_period_effects() -> None:
    """statsmodels' Poisson model with every dummy; the delta method on the mean effect with its clustered covariance."""
    import statsmodels.api as sm

    one = counted()
    unit, period = np.divmod(np.arange(N_UNITS * N_PERIODS), N_PERIODS)
    start = one.start[unit]
    cells = [(c, k) for c in (4, 6, 8) for k in range(c, N_PERIODS)]
    effects = np.column_stack([(start == c) & (period == k) for c, k in cells])
    x = np.column_stack([unit[:, None] == np.arange(N_UNITS), period[:, None] == np.arange(1, N_PERIODS), effects]).astype(
        float
    )
    model = sm.GLM(one.y.ravel(), x, family=sm.families.Poisson())
    fit = model.fit(tol=1e-13, maxiter=200, cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False})
    on = effects.any(axis=1)
    without = x.copy()
    without[:, -len(cells) :] = 0
    expected = np.exp(without @ fit.params)
    n_obs, n_parameters = x.shape[0], 1 + N_PERIODS
    factor = N_UNITS / (N_UNITS - 1) * (n_obs - 1) / (n_obs - n_parameters)

    def slow(chosen: NDArray[np.bool_]) -> tuple[float, float]:
        seen, other = fit.mu[chosen].sum(), expected[chosen].sum()
        slope = fit.mu[chosen] @ x[chosen] / seen - expected[chosen] @ without[chosen] / other
        return float(np.log(seen / other)), float(np.sqrt(factor * slope @ fit.cov_params() @ slope))

    found = run(one, ("cluster",))
    row = found.estimates[0]
    assert (row.estimate, row.std_error) == pytest.approx(slow(on), abs=1e-8)  # where statsmodels' iteration stops
    for event in found.events:
        if event.period_from_start >= 0:
            chosen = on & (period - start == event.period_from_start)
            assert (event.estimate, event.std_error) == pytest.approx(slow(chosen), abs=1e-8)  # the same


@pytest.mark.parametrize("effect", [0.0, -0.3, 0.4])
def test_totals_of_courses_give_the_statistics_of_the_fits(effect: float) -> None:
    one = counted()
    counts = counts_of(one)
    courses = courses_of(counts.cells)
    draws = reassign(courses.profile, np.random.default_rng(1), draws=200)
    fast = placebo_statistics(counts, draws, courses, NOISE)
    with patch.object(Counts, "separable", new=False):
        slow = placebo_statistics(counts, draws, courses, NOISE)
    np.testing.assert_allclose(fast(effect), slow(effect), rtol=0, atol=1e-8)  # fits stop at a misfit of 1e-10


@pytest.mark.parametrize("groups", [1, 3])
def test_fits_at_once_are_fits_one_by_one(groups: int) -> None:
    y = counted().y.copy()
    y[5, 3], y[20, 8], y[2, 5] = np.nan, np.nan, np.nan
    one = sample(y, counted().start, exposure=uneven(), groups=np.arange(N_UNITS) % groups, anticipation=1)
    counts = counts_of(one)
    courses = courses_of(counts.cells)
    draws = reassign(courses.profile, np.random.default_rng(2), draws=40)
    found = scores_by_fit(counts.y, counts.exposure, counts.cells, courses, draws)
    for r, score in enumerate(found):
        each = carrying(counts.cells, courses, courses.carried(draws, r))
        means = fitted_means(counts.y, counts.exposure, each.groups, each.before(0))
        assert score == pytest.approx((counts.y - means)[each.under].sum(), abs=1e-5)  # of sums of size 1e3, to 1e-10 each


def test_the_polynomial_is_the_function() -> None:
    one = counted(exposure=uneven())
    counts = counts_of(one)
    courses = courses_of(counts.cells)
    draws = reassign(courses.profile, np.random.default_rng(2), draws=60)
    exact = placebo_statistics(counts, draws, courses, NOISE)
    estimate = run(one, ("cluster",)).estimates[0].estimate
    near = smooth(exact, estimate)
    for effect in (0.0, estimate, estimate - 0.3, estimate + 0.5, 15.0):
        np.testing.assert_allclose(near(effect), exact(effect), rtol=0, atol=1e-5)  # far below a step between p-values


def test_a_planted_effect_is_found_with_any_exposure_and_share() -> None:
    exposure = uneven()
    base = counted()
    share = base.grid.treatment.copy()
    share[0, 4], share[3, 6] = 0.25, 0.5
    means = exposure / 100 * (1 + np.arange(N_PERIODS) % 3)
    one = sample(means * np.exp(-0.4 * share), base.start, exposure=exposure, treatment=share)
    for row in run(one).estimates:
        assert row.estimate == pytest.approx(-0.4, abs=ROUNDING)
        assert row.ci_low <= -0.4 + 1e-6
        assert row.ci_high >= -0.4 - 1e-6


def test_only_p_values_leave_the_limits_open() -> None:
    one = counted(exposure=uneven())
    plan = job(one, outcome("count"), estimation("poisson_staggered"), ("randomization",))
    quick = poisson_staggered(replace(plan, intervals=False)).estimates[0]
    assert quick.p_value == poisson_staggered(plan).estimates[0].p_value
    assert np.isnan(quick.ci_low)


def test_later_starters_can_be_the_only_comparison() -> None:
    y = counted().y
    start = np.where(np.arange(N_UNITS) < 12, 4, 7)
    found = run(sample(y, start), comparison_group="not_yet")
    assert all("36 of 72" not in row.note and "cells under the measure" in row.note for row in found.estimates)
    first = sample(y[:, :7], np.where(start == 4, 4, NEVER))
    assert found.estimates[1].estimate == pytest.approx(twin(first)[1].estimate, abs=ROUNDING)


def dead(cells: tuple[slice, slice]) -> Sample:
    one = counted((4, 4, 4))
    y = one.y.copy()
    y[cells] = 0
    return replace(one, grid=replace(one.grid, y=y))


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ((slice(0, 3), slice(4, None)), "the treated units after the start"),
        ((slice(0, 3), slice(0, 4)), "those that tell what would have been"),
        ((slice(3, None), slice(4, None)), "those that tell what would have been"),
        ((slice(0, 3), slice(None)), "the treated units have no events at all"),
    ],
)
@pytest.mark.parametrize("inference", ["randomization", "cluster"])
def test_separated_counts_are_refused(cells: tuple[slice, slice], said: str, inference: str) -> None:
    with pytest.raises(DesignError, match=said):
        run(dead(cells), (inference,))


def test_covariates_are_refused() -> None:
    with pytest.raises(DesignError, match="takes no covariates"):
        run(counted(), covariates=("x",))


def test_fewer_draws_are_drawn_when_every_one_is_fitted() -> None:
    plan = Job(counted(exposure=uneven()), outcome("count"), estimation("poisson_staggered"), ("randomization",), draws=49)
    row = poisson_staggered(replace(plan, intervals=False)).estimates[0]
    assert row.statistics is not None
    assert len(row.statistics) == 50
