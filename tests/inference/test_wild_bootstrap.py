"""The restricted wild cluster bootstrap against fits of every draw one by one, against a peer, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, noise, outcome, sample, treated_first
from tests.reference.test_castle import long_sample, read, wide
from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate
from utvardering.estimators.did import did
from utvardering.inference.wild_bootstrap import _weights

N_UNITS, N_PERIODS, START = 12, 5, 3
ROUNDING = 1e-9  # least squares by lsmr, where cells are missing, stops at about 1e-9


def bootstrapped(one: Sample, kind: str = "mean", level: float = 0.95, **keys: Any) -> Estimate:
    transform = keys.pop("transform", "none")
    plan = estimation("did", level=level, **keys)
    return did(job(one, outcome(kind, transform=transform), plan, ("wild_bootstrap",))).estimates[0]


def design(seed: int = 1, n_units: int = N_UNITS, n_treated: int = 6, effect: float = 0.5) -> Sample:
    rng = np.random.default_rng(seed)
    start = treated_first(n_units, [START] * n_treated)
    y = noise(rng, n_units, N_PERIODS) * rng.uniform(0.5, 2, n_units)[:, None] + rng.standard_normal(N_PERIODS)
    return sample(y + effect * (np.arange(N_PERIODS) >= start[:, None]), start)


def designs() -> dict[str, tuple[Sample, tuple[str, ...]]]:
    """Twelve clusters each, so that every pattern of signs is listed."""
    rng = np.random.default_rng(2)
    plain = design()
    gaps = plain.y.copy()
    gaps[2, 4], gaps[8, 0] = np.nan, np.nan
    weights = rng.uniform(1, 3, plain.y.shape)
    staggered = design(3)
    start = treated_first(N_UNITS, [2, 2, 3, 3, 4, 4])
    many = design(4, n_units=24, n_treated=12)
    covariates = {"x": rng.standard_normal(plain.y.shape), "z": rng.standard_normal(plain.y.shape)}
    return {
        "plain": (plain, ()),
        "missing cells": (replace(plain, grid=replace(plain.grid, y=gaps)), ()),
        "weights that vary": (replace(plain, grid=replace(plain.grid, weights=weights)), ()),
        "covariates": (replace(plain, grid=replace(plain.grid, covariates=covariates)), ("x", "z")),
        "period effects by group": (replace(plain, groups=np.arange(N_UNITS) % 2), ()),
        "staggered starts": (sample(staggered.y, start), ()),
        "two units in a cluster": (replace(many, cluster=np.arange(24) // 2), ()),
        "everything at once": (
            replace(
                plain, groups=np.arange(N_UNITS) % 2, grid=replace(plain.grid, y=gaps, weights=weights, covariates=covariates)
            ),
            ("x",),
        ),
    }


class ByFits:
    """Every draw fitted anew by least squares on dummies: the definition, slowly."""

    def __init__(self, one: Sample, covariates: tuple[str, ...]) -> None:
        seen = np.isfinite(one.y)
        unit, period = np.nonzero(seen)
        groups = np.zeros(len(one.units), dtype=int) if one.groups is None else one.groups
        cell = groups[unit] * one.y.shape[1] + period
        self.y = one.y[seen]
        self.treatment = one.grid.treatment[seen]
        others = [unit[:, None] == np.unique(unit), cell[:, None] == np.unique(cell)]
        others += [one.grid.covariates[name][seen][:, None] for name in covariates]
        self.others = np.column_stack(others).astype(float)
        self.root = np.sqrt(np.ones(len(unit)) if one.grid.weights is None else one.grid.weights[seen])[:, None]
        self.cluster = one.cluster[unit][:, None] == np.unique(one.cluster)

    def fitted(self, regressors: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(regressors @ np.linalg.lstsq(self.root * regressors, self.root * y, rcond=None)[0])

    def t(self, y: NDArray[np.float64], effect: float) -> NDArray[np.float64]:
        """(R,) t of each column of (n, R) outcomes, up to the factor of the variance, which is the same for all."""
        treatment = self.treatment[:, None]
        left = treatment - self.fitted(self.others, treatment)
        scaled = self.root**2 * left
        estimate = (scaled.T @ y / (scaled.T @ left)).ravel()
        residual = y - self.fitted(np.column_stack([self.treatment, self.others]), y)
        by_cluster = self.cluster.T.astype(float) @ (scaled * residual)
        return np.asarray((estimate - effect) * (scaled.T @ left).item() / np.sqrt((by_cluster**2).sum(axis=0)))

    def p_value(self, effect: float) -> float:
        clusters = self.cluster.shape[1]
        signs = 1 - 2.0 * (np.arange(2**clusters)[:, None] >> np.arange(clusters) & 1)
        without = (self.y - effect * self.treatment)[:, None]
        fit = self.fitted(self.others, without)
        drawn = fit + (without - fit) * (self.cluster @ signs.T) + effect * self.treatment[:, None]
        size = np.abs(self.t(drawn, effect))
        return float(np.mean(size >= size[0] * (1 - 1e-7)))  # rounding of the fits, far below the distance between draws


@pytest.mark.parametrize("name", designs())
def test_it_is_the_fit_of_every_draw(name: str) -> None:
    one, covariates = designs()[name]
    slow = ByFits(one, covariates)
    found = bootstrapped(one, covariates=covariates)
    assert found.p_value == slow.p_value(0.0)
    assert found.p_smallest == 2 / 2**N_UNITS
    assert "all 4096 patterns of signs" in found.note
    for low, high, alpha in ((found.ci_low, found.ci_high, 0.05), (found.inner_low, found.inner_high, 0.10)):
        for limit, out in ((low, -1), (high, 1)):
            if np.isfinite(limit):
                width = 1e-5 * found.std_error  # limits are halved to far less
                assert slow.p_value(limit - out * width) > alpha >= slow.p_value(limit + out * width)


def test_the_standard_error_is_the_clustered_one() -> None:
    one, _ = designs()["two units in a cluster"]
    clustered = did(job(one, outcome(), estimation("did"), ("cluster",))).estimates[0]
    found = bootstrapped(one)
    assert found.std_error == pytest.approx(clustered.std_error, rel=ROUNDING)
    assert found.estimate == pytest.approx(clustered.estimate, rel=ROUNDING)
    assert found.inference == "wild_bootstrap"


# p-values of wildboottest 0.3.2 by pyfixest 0.60.0, feols("lh ~ treated_next_year (+ l_police + unemployrt) | unit + period"),
# wildboottest(reps=9999, cluster="unit", impose_null=True), on log homicide of the first six states of the castle data that
# adopted the law and the first six (seven) that did not. All patterns of signs are listed, so the numbers are exact; it counts
# draws above the data's |t|, this program those at least as large, which are two patterns more.
PEER = {
    (12, ()): 0.66064453125,
    (12, ("l_police", "unemployrt")): 0.73486328125,
    (13, ()): 0.7294921875,
    (13, ("l_police", "unemployrt")): 0.786376953125,
}


def castle(states: int, covariates: tuple[str, ...]) -> Sample:
    frame = read("castle")
    adopted = frame.groupby("unit")["treated_next_year"].max()
    few = [*adopted[adopted > 0].index[: min(states // 2, 21)], *adopted[adopted == 0].index[: states - states // 2]]
    frame = frame[frame["unit"].isin(few)] if states < 50 else frame
    values = {name: wide(frame, "unit", "period", name) for name in covariates}
    return long_sample(frame, "homicide", "treated_next_year", covariates=values)


@pytest.mark.parametrize(("states", "covariates"), PEER)
def test_it_is_that_of_wildboottest(states: int, covariates: tuple[str, ...]) -> None:
    found = bootstrapped(castle(states, covariates), "rate", transform="log", covariates=covariates)
    assert found.p_value - found.p_smallest == PEER[states, covariates]  # shares of a power of two: no rounding


def test_draws_of_fifty_states_come_near_that_of_wildboottest() -> None:
    """Same source with 99,999 draws: .23936. Both are drawn: three standard deviations of their difference are .0135."""
    found = bootstrapped(castle(50, ()), "rate", transform="log")
    assert found.p_value == pytest.approx(0.23936, abs=0.0135)
    assert found.p_smallest == 1e-4
    assert "9999 draws of signs for 50 clusters" in found.note


def test_fewer_than_twelve_clusters_get_six_point_weights() -> None:
    one = design(n_units=11, n_treated=5)
    found = bootstrapped(one)
    assert "9999 draws of six-point weights for 11 clusters" in found.note
    weights = _weights(np.random.default_rng(0), (100_000, 11))
    assert len(np.unique(weights)) == 6
    assert weights.mean() == pytest.approx(0, abs=0.005)  # five standard deviations of a mean of 1.1 million
    assert weights.var() == pytest.approx(1, abs=0.005)


@pytest.mark.parametrize(("treated", "untreated", "name", "count"), [(4, 20, "treated", 4), (20, 3, "untreated", 3)])
def test_few_clusters_are_refused(treated: int, untreated: int, name: str, count: int) -> None:
    with pytest.raises(DesignError) as fault:
        bootstrapped(design(n_units=treated + untreated, n_treated=treated))
    assert str(fault.value) == (
        f"the wild bootstrap needs at least 5 {name} clusters, found {count}: "
        'with so few it never rejects; write inference = "randomization"'
    )


def test_units_of_one_cluster_count_once() -> None:
    one = design(n_units=30, n_treated=8)
    with pytest.raises(DesignError, match="at least 5 treated clusters, found 4"):
        bootstrapped(replace(one, cluster=np.arange(30) // 2))


def numbers(row: Estimate) -> NDArray[np.float64]:
    return np.array(
        [row.estimate, row.std_error, row.ci_low, row.ci_high, row.inner_low, row.inner_high, row.p_value, row.p_smallest]
    )


def test_unit_and_period_effects_change_nothing() -> None:
    one = design()
    moved = one.y + np.arange(N_UNITS)[:, None] * 10.0 + np.arange(N_PERIODS) ** 2
    found = bootstrapped(replace(one, grid=replace(one.grid, y=moved)))
    np.testing.assert_allclose(numbers(found), numbers(bootstrapped(one)), rtol=1e-6)  # limits are halved to 1e-7


def test_scaling_the_outcome_scales_effect_and_interval() -> None:
    one = design()
    found = bootstrapped(replace(one, grid=replace(one.grid, y=8 * one.y)))
    expected = numbers(bootstrapped(one)) * ([8] * 6 + [1, 1])
    np.testing.assert_allclose(numbers(found), expected, rtol=1e-6)  # as above


def test_the_order_of_units_changes_nothing_where_all_signs_are_listed() -> None:
    one = design()
    order = np.random.default_rng(6).permutation(N_UNITS)
    moved = sample(one.y[order], one.start[order])
    np.testing.assert_allclose(numbers(bootstrapped(moved)), numbers(bootstrapped(one)), rtol=1e-6)  # as above


def test_the_seed_decides_the_draws() -> None:
    one = design(n_units=30, n_treated=10, effect=0.2)
    first, again, other = (bootstrapped(one, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(numbers(first), numbers(again))
    assert first.p_value != other.p_value


def test_an_effect_without_noise_is_found_and_one_of_nothing_is_not() -> None:
    start = treated_first(20, [START] * 8)
    flat = np.arange(20.0)[:, None] + np.arange(N_PERIODS)
    shown = bootstrapped(sample(flat + 2.0 * (np.arange(N_PERIODS) >= start[:, None]), start))
    assert shown.estimate == pytest.approx(2, abs=ROUNDING)
    assert shown.ci_low <= 2 + ROUNDING
    assert shown.ci_high >= 2 - ROUNDING
    assert bootstrapped(sample(flat, start)).estimate == pytest.approx(0, abs=ROUNDING)


@pytest.mark.slow
def test_it_rejects_no_effect_about_as_often_as_said() -> None:
    """8 of 30 units treated, noise that grows with the unit: 5 % within four standard deviations of 2,000 tries, .0195."""
    rejected = [
        did(replace(job(design(seed, 30, 8, 0.0), outcome(), estimation("did", seed=seed), ("wild_bootstrap",)), draws=399))
        .estimates[0]
        .p_value
        <= 0.05
        for seed in range(2_000)
    ]
    assert np.mean(rejected) == pytest.approx(0.05, abs=0.0195)
