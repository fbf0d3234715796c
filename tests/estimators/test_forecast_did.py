"""forecast_did against dense generalised least squares, a direct likelihood, brute force, and panels that wander."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import linalg

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate
from utvardering.estimators.forecast_blocks import block_length, blocks
from utvardering.estimators.forecast_did import forecast_did, forecasts
from utvardering.estimators.forecast_model import PRIOR, _likelihood, learn, less_common, within
from utvardering.estimators.registry import ESTIMATORS
from utvardering.inference.randomization import linear_placebo_test
from utvardering.inference.reassignment import reassign

RANDOM = ("randomization",)


def wandering(rng: np.random.Generator, n_units: int, n_periods: int, walk: float = 0.08) -> NDArray[np.float64]:
    """Counts whose log rates go on from where they are."""
    level = rng.normal(5, 0.8, n_units)[:, None]
    path = np.cumsum(rng.normal(0, walk, (n_units, n_periods)), axis=1)
    return rng.poisson(np.exp(level + path)).astype(float)


def one_estimate(one: Sample, kind: str = "count") -> Estimate:
    return forecast_did(job(one, outcome(kind), estimation("forecast_did"), RANDOM)).estimates[0]


def test_the_estimate_is_generalised_least_squares_over_all_cells() -> None:
    """All 14 × 10 cells at once, with dummies for units and periods and the shift by trait; 1e-8: two ways to solve it."""
    rng = np.random.default_rng(1)
    n, t, first = 14, 10, 6
    one = sample(wandering(rng, n, t), treated_first(n, [first] * 3))
    blocked = blocks(one, outcome("count"))
    past = blocked.values[:, :first]
    changes = past - past.mean(axis=1, keepdims=True)
    unit = np.std(changes - changes.mean(axis=0))
    values, step = blocked.values / unit, (np.arange(t) >= first).astype(float)
    z = (blocked.traits - blocked.traits.mean(axis=0)) / blocked.traits.std(axis=0)
    z = z[:, z.std(axis=0) > 0] if blocked.traits.std(axis=0).min() > 0 else z[:, :1]
    z = np.column_stack([z, z**2 - (z**2).mean(axis=0)])
    covariance = learn(past / unit, blocked.size, blocked.shape, z).covariance()
    columns = [np.kron(np.eye(n), np.ones((t, 1))), np.kron(np.ones((n, 1)), np.eye(t)[:, 1:]), np.kron(z, step[:, None])]
    design = np.column_stack([blocked.treatment.ravel(), *columns])
    weight = linalg.inv(linalg.block_diag(*covariance))
    cross = design.T @ weight @ design
    shrunk = np.arange(len(cross) - z.shape[1], len(cross))
    cross[shrunk, shrunk] += 1 / PRIOR**2
    slow = np.linalg.solve(cross, design.T @ weight @ values.ravel())[0] * unit
    found = forecasts(blocked).precise
    fast = found.score[:3, 0].sum() / found.slope[:3, 0].sum()
    assert fast == pytest.approx(slow, rel=1e-8)


def test_the_likelihood_is_that_of_all_contrasts_at_once() -> None:
    """Differences between two covariances, since constants are left out; 1e-9: sums of some hundred terms."""
    rng = np.random.default_rng(2)
    n, t = 9, 6
    past, size, shape = rng.normal(size=(n, t)).cumsum(axis=1), rng.uniform(0.5, 2, n), rng.uniform(0.8, 1.2, t)
    contrasts = linalg.helmert(t)

    def fast(rho: float, ratio: float) -> float:
        path = rho ** np.abs(np.subtract.outer(np.arange(t), np.arange(t)))
        white = contrasts @ np.diag(1 / shape) @ contrasts.T
        values, vectors = linalg.eigh(contrasts @ path @ contrasts.T, white)
        return _likelihood(past @ contrasts.T @ vectors, ratio * values[None] + 1 / size[:, None])[0]

    def slow(rho: float, ratio: float) -> float:
        path = rho ** np.abs(np.subtract.outer(np.arange(t), np.arange(t)))
        each = [contrasts @ (ratio * path + np.diag(1 / shape) / s) @ contrasts.T for s in size]
        whole, mean = linalg.block_diag(*each), np.kron(np.ones((n, 1)), np.eye(t - 1))
        y, inverse = (past @ contrasts.T).ravel(), linalg.inv(whole)
        inner = mean.T @ inverse @ mean
        residual = y - mean @ np.linalg.solve(inner, mean.T @ inverse @ y)
        freedom = (n - 1) * (t - 1)
        kappa = residual @ inverse @ residual / freedom
        return -0.5 * (np.linalg.slogdet(whole)[1] + np.linalg.slogdet(inner)[1] + freedom * np.log(kappa))

    places = [(0.0, 1.0), (0.7, 0.3), (0.4, 10.0)]
    for one, other in itertools.pairwise(places):
        assert fast(*one) - fast(*other) == pytest.approx(slow(*one) - slow(*other), abs=1e-9)


def test_what_is_common_is_taken_out_whole() -> None:
    rng = np.random.default_rng(3)
    precision = within(np.repeat((np.eye(7) + 0.5)[None], 12, axis=0) * rng.uniform(0.5, 2, 12)[:, None, None])
    values = rng.normal(size=(12, 1)) + rng.normal(size=7)
    left = less_common(values, precision, np.zeros(7), np.zeros((12, 0)))
    np.testing.assert_allclose(left - left.mean(axis=1, keepdims=True), 0, atol=1e-10)  # rounding of a solve


def test_the_interval_holds_what_the_same_re_assignments_do_not_reject() -> None:
    """The effect at a limit is taken out of the treated, and the whole estimator run again; 1e-6 of a step to either side."""
    rng = np.random.default_rng(4)
    y = np.log(wandering(rng, 25, 12))
    one = sample(y, treated_first(25, [8]))
    found = one_estimate(one, "mean")
    for limit, out in ((found.ci_low, -1), (found.ci_high, 1)):
        inside, outside = (
            one_estimate(replace(one, grid=replace(one.grid, y=y - (limit + sign * out * 1e-6) * one.grid.treatment)), "mean")
            for sign in (-1, 1)
        )
        assert inside.p_value > 0.05
        assert outside.p_value <= 0.05


def test_units_follow_from_the_equal_weight_estimate() -> None:
    """Without noise both are the effect; with an effect that grows the units follow the mean over all periods."""
    rng = np.random.default_rng(5)
    y = wandering(rng, 30, 12)
    start = treated_first(30, [8, 8])
    growing = np.where(np.arange(30)[:, None] < 2, np.exp(-0.2 * np.maximum(np.arange(12) - 7, 0)), 1.0)
    found = one_estimate(sample(np.round(y * growing), start))
    assert found.unit_estimates is not None
    assert found.unit_estimates[0] < found.estimate  # near periods, where little has happened yet, count more in the latter
    assert found.unit_estimates[1] <= found.unit_estimates[0] <= found.unit_estimates[2]


def test_months_are_put_together() -> None:
    rng = np.random.default_rng(6)
    y = rng.poisson(5, (12, 60)).astype(float)
    lengths = {first: block_length(sample(y, treated_first(12, [first]), calendar="month")) for first in (36, 44, 57, 20)}
    assert lengths == {36: 6, 44: 6, 57: 3, 20: 3}
    folded = blocks(sample(y, treated_first(12, [44]), calendar="month"), outcome("count"))
    assert folded.before == 8
    assert folded.values.shape == (12, 11)
    np.testing.assert_allclose(folded.values[:, 8], np.log(y[:, 44:50].sum(axis=1) / 6))
    np.testing.assert_allclose(folded.treatment[0], [0] * 8 + [1] * 3)


def test_the_weight_falls_with_distance_where_units_wander() -> None:
    rng = np.random.default_rng(7)
    y = wandering(rng, 60, 14, walk=0.15)
    share = forecasts(blocks(sample(y, treated_first(60, [10])), outcome("count"))).share
    assert share[0] > 2 * share[-1]
    assert share.min() >= 0


@pytest.mark.parametrize("count", [1, 3])
def test_size_is_kept_and_power_is_above_plain_differences(count: int) -> None:
    """300 panels whose units wander; bounds are three Monte Carlo errors wide, for size and for the paired difference."""
    rng = np.random.default_rng(8)
    seen = {"forecast_did": [0, 0], "poisson_did": [0, 0]}
    for _ in range(300):
        y = wandering(rng, 40, 14)
        under = y.copy()
        under[:count, 9:] = rng.binomial(y[:count, 9:].astype(int), 0.75)
        for k, values in enumerate((y, under)):
            one = job(sample(values, treated_first(40, [9] * count)), outcome("count"), estimation("did"), RANDOM)
            for name, hits in seen.items():
                found = ESTIMATORS[name].run(replace(one, draws=199, intervals=False))
                hits[k] += found.estimates[0].p_value <= 0.05 + 1e-9
    assert abs(seen["forecast_did"][0] / 300 - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 300)
    assert seen["forecast_did"][1] - seen["poisson_did"][1] > 0.05 * 300


def test_scores_serve_every_re_assignment() -> None:
    """Fitted anew with another unit called treated, the studentised score is the one read off; 1e-9: rounding."""
    rng = np.random.default_rng(9)
    y = wandering(rng, 15, 11)
    found = forecasts(blocks(sample(y, treated_first(15, [7])), outcome("count"))).precise
    draws = reassign(np.array([0, *[-1] * 14]), rng)
    placebo = linear_placebo_test(found, draws, 0.95).statistics
    for row, units in enumerate(draws.units):
        start = np.roll(treated_first(15, [7]), units[0])
        again = forecasts(blocks(sample(y, start), outcome("count"))).precise
        whole = np.r_[units[0], [k for k in range(15) if k != units[0]]]
        own = linear_placebo_test(
            replace(again, **{k: getattr(again, k)[whole] for k in ("score", "slope", "spread", "mass")}),
            reassign(np.array([0, *[-1] * 14]), rng),
            0.95,
        )  # fmt: skip -- two short calls in one
        assert own.statistics[0] == pytest.approx(placebo[row], rel=1e-9)


@pytest.mark.parametrize(
    ("start", "kind", "told"),
    [
        (
            [3],
            "count",
            (
                "y: a forecast needs 4 blocks of periods before the start and 8 units, found 3 and 20; "
                'write estimator = "did" or "poisson_did"'
            ),
        ),
        (
            [8],
            "few",
            (
                "y: the treated units have 0.2 events in a block of 1 periods, too few for a forecast of a logarithm; "
                'write estimator = "poisson_did"'
            ),
        ),
        (
            [8],
            "gap",
            (
                "y: u0 lacks values, or any event before the start, and cannot be forecast; "
                "fill them in or choose another estimator"
            ),
        ),
    ],
)
def test_what_cannot_be_forecast_is_refused(start: list[int], kind: str, told: str) -> None:
    rng = np.random.default_rng(10)
    y = wandering(rng, 20, 12)
    if kind == "few":
        y[0] = 0.0
        y[0, [2, 5, 9]] = 1.0
    if kind == "gap":
        y[0, 2] = np.nan
    with pytest.raises(DesignError) as refused:
        one_estimate(sample(y, treated_first(20, start)))
    assert refused.value.message == told


def test_a_covariate_is_refused() -> None:
    one = sample(wandering(np.random.default_rng(11), 20, 12), treated_first(20, [8]))
    plan = estimation("forecast_did", covariates=("z",))
    with pytest.raises(DesignError, match="forecast_did takes no covariates; a unit's own past stands in for them"):
        forecast_did(job(one, outcome("count"), plan, RANDOM))
