"""synthetic_control and synthetic_did: what they leave out and refuse, and their inference against refits one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.designs import estimation, job, noise, outcome, sample, treated_first
from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Result
from utvardering.estimators.registry import ESTIMATORS
from utvardering.estimators.synthetic import SC, SDID, Fit, Weighting, fit
from utvardering.estimators.synthetic_inference import placebos
from utvardering.estimators.synthetic_panel import complete_panel
from utvardering.inference.noise import predicted_variance
from utvardering.inference.reassignment import reassign

Floats = NDArray[np.float64]

both = pytest.mark.parametrize("estimator", ["synthetic_control", "synthetic_did"])
WEIGHTING = {"synthetic_control": SC, "synthetic_did": SDID}
ROUNDING = 1e-9  # sums of some hundred numbers of size ten


def panel(n_units: int = 12, n_periods: int = 11, seed: int = 3) -> Floats:
    """Levels, two common courses that units follow differently, and persistent noise."""
    rng = np.random.default_rng(seed)
    courses = np.cumsum(rng.standard_normal((2, n_periods)), axis=1)
    return 10 + rng.standard_normal((n_units, 1)) + rng.random((n_units, 2)) @ courses + 0.4 * noise(rng, n_units, n_periods)


def run(estimator: str, one: Sample, *inferences: str, **keys: Any) -> Result:
    out = outcome(**keys.pop("outcome", {}))
    return ESTIMATORS[estimator].run(job(one, out, estimation(estimator, **keys), inferences or ("randomization",)))


def alone(y: Floats, treated: list[int], start: int, weighting: Weighting, weights: Floats | None = None) -> Fit:
    """The fit of one assignment."""
    share = np.zeros((1, len(y)))
    share[0, treated] = 1.0 if weights is None else weights[treated]
    return fit(y, share / share.sum(), share == 0, start, weighting)


@both
def test_the_interval_holds_the_effects_that_refits_do_not_reject(estimator: str) -> None:
    """Every effect on a grid removed, every unit refitted by itself; synthetic_did is exact at 0 and at the estimate only."""
    y, start = panel(), 7
    one = sample(y, treated_first(12, [start]))
    row = run(estimator, one, level=0.8).estimates[0]
    weighting = WEIGHTING[estimator]
    variance = predicted_variance(y[:, :start])
    treatment = one.grid.treatment

    def p(effect: float) -> float:
        values = y - effect * treatment
        size = []
        for unit in range(12):
            found = alone(values, [unit], start, weighting)
            gap = (found.contrast @ values)[0, :start]
            gap = gap - gap.mean() if weighting.intercept else gap
            sd = np.sqrt((found.contrast**2 @ variance)[0] + np.mean(gap**2))
            size.append(abs(found.effect(values)[0]) / sd)
        return float(np.mean(np.array(size) >= size[0] * (1 - 1e-9)))

    assert row.p_value == pytest.approx(p(0.0))
    assert np.isfinite([row.ci_low, row.ci_high]).all()
    edge = 1e-6 if estimator == "synthetic_control" else 0.02 * (row.ci_high - row.ci_low)  # weights on a straight line
    for limit, outward in ((row.ci_low, -1), (row.ci_high, 1)):
        assert p(limit - outward * edge) > 0.2  # one less the level
        assert p(limit + outward * edge) <= 0.2 + 1e-9  # the same


@both
def test_p_and_interval_agree_about_no_effect(estimator: str) -> None:
    for seed in range(12):
        y = panel(21, 12, seed=seed)
        y[0, 8:] += np.linspace(-3, 3, 12)[seed]
        row = run(estimator, sample(y, treated_first(21, [8])), level=0.9).estimates[0]
        assert (row.p_value <= 0.1) == (row.ci_low > 0 or row.ci_high < 0), seed  # one less the level


@both
def test_staggered_starts_are_fitted_by_themselves_and_weighed_by_treated_cells(estimator: str) -> None:
    y = panel(13, 12)
    one = sample(y, treated_first(13, [6, 6, 9]))
    result = run(estimator, one)
    early = alone(np.delete(y, 2, axis=0), [0, 1], 6, WEIGHTING[estimator])
    late = alone(np.delete(y, [0, 1], axis=0), [0], 9, WEIGHTING[estimator])
    effects = early.effect(np.delete(y, 2, axis=0))[0], late.effect(np.delete(y, [0, 1], axis=0))[0]
    expected = (2 * 6 * effects[0] + 3 * effects[1]) / 15
    row = result.estimates[0]
    assert row.estimate == pytest.approx(expected, abs=ROUNDING)
    assert "by itself" in row.note
    assert sum(each.weight for each in result.weights) == pytest.approx(3)
    events = {event.period_from_start: event.estimate for event in result.events}
    assert sorted(events) == list(range(-9, 6))
    curves = early.curve(np.delete(y, 2, axis=0))[0], late.curve(np.delete(y, [0, 1], axis=0))[0]
    assert events[2] == pytest.approx((2 * curves[0][8] + curves[1][11]) / 3, abs=ROUNDING)
    assert events[4] == pytest.approx(curves[0][10], abs=ROUNDING)


@both
def test_the_effect_is_the_mean_of_its_course(estimator: str) -> None:
    result = run(estimator, sample(panel(), treated_first(12, [7, 7])), "randomization", "placebo", "jackknife")
    for row in result.estimates:
        path = [event for event in result.events if event.inference == row.inference]
        assert [event.period_from_start for event in path] == list(range(-7, 4))
        assert np.mean([event.estimate for event in path if event.period_from_start >= 0]) == pytest.approx(row.estimate)
        assert all(event.band_low <= event.ci_low + ROUNDING or row.inference == "randomization" for event in path)


@both
def test_weights_of_the_plan_weigh_the_treated(estimator: str) -> None:
    y = panel()
    weights = np.repeat(np.linspace(1, 3, 12)[:, None], 11, axis=1)
    row = run(estimator, sample(y, treated_first(12, [7, 7]), weights=weights)).estimates[0]
    expected = alone(y, [0, 1], 7, WEIGHTING[estimator], weights[:, 0]).effect(y)[0]
    assert row.estimate == pytest.approx(expected, abs=ROUNDING)
    assert row.estimate != pytest.approx(run(estimator, sample(y, treated_first(12, [7, 7]))).estimates[0].estimate, abs=1e-4)


@both
def test_placebo_variance_is_that_of_comparison_units_taken_one_by_one(estimator: str) -> None:
    y = panel()
    row = run(estimator, sample(y, treated_first(12, [7])), "placebo").estimates[0]
    rest = y[1:]
    sigma = np.std(np.diff(rest[:, :7], axis=1), ddof=1)  # the ridge of the estimate serves its placebos too
    effects = [
        fit(rest, np.eye(11)[[k]], ~np.eye(11, dtype=bool)[[k]], 7, WEIGHTING[estimator], noise=np.array([sigma])).effect(rest)[
            0
        ]
        for k in range(11)
    ]
    assert row.std_error == pytest.approx(np.std(effects, ddof=1), abs=ROUNDING)
    assert row.ci_high - row.estimate == pytest.approx(stats.norm.ppf(0.975) * row.std_error)
    assert row.p_value == pytest.approx(2 * stats.norm.sf(abs(row.estimate) / row.std_error))


@both
def test_jackknife_holds_the_weights_and_leaves_one_unit_out(estimator: str) -> None:
    y = panel()
    row = run(estimator, sample(y, treated_first(12, [7, 7, 7])), "jackknife").estimates[0]
    found = alone(y, [0, 1, 2], 7, WEIGHTING[estimator])
    omega, periods = found.unit_weights[0], found.periods[0]
    effects = []
    for out in range(12):
        keep = np.arange(12) != out
        donors = np.where(keep, omega, 0.0)
        mine = y[:3][keep[:3]].mean(axis=0) - donors @ y / donors.sum()
        effects.append(mine[7:].mean() - periods @ mine[:7])
    assert row.std_error == pytest.approx(np.sqrt(11 / 12 * np.sum((effects - np.mean(effects)) ** 2)), abs=ROUNDING)


@both
def test_jackknife_leaves_out_whole_clusters(estimator: str) -> None:
    y = panel()
    doubled = np.repeat(y, 2, axis=0)
    pairs = sample(doubled, treated_first(24, [7] * 6), cluster=np.repeat(np.arange(12), 2))
    found = run(estimator, pairs, "jackknife").estimates[0]
    panel_of = complete_panel(job(pairs, outcome(), estimation(estimator), ("jackknife",)))
    weights = alone(panel_of.values, list(range(6)), 7, WEIGHTING[estimator])
    effects = []
    for out in range(12):
        keep = np.repeat(np.arange(12), 2) != out
        donors = np.where(keep, weights.unit_weights[0], 0.0)
        mine = doubled[:6][keep[:6]].mean(axis=0) - donors @ doubled / donors.sum()
        effects.append(mine[7:].mean() - weights.periods[0] @ mine[:7])
    assert found.std_error == pytest.approx(np.sqrt(11 / 12 * np.sum((effects - np.mean(effects)) ** 2)), abs=ROUNDING)


@both
def test_periods_that_the_treated_lack_and_donors_with_gaps_are_left_out_and_told(estimator: str) -> None:
    y = panel()
    gaps = y.copy()
    gaps[0, 2], gaps[0, 8], gaps[5, 4], gaps[6, 8] = np.nan, np.nan, np.nan, np.nan
    row = run(estimator, sample(gaps, treated_first(12, [7]))).estimates[0]
    smaller = np.delete(np.delete(y, [2, 8], axis=1), 5, axis=0)
    assert row.estimate == pytest.approx(run(estimator, sample(smaller, treated_first(11, [6]))).estimates[0].estimate)
    assert "left out: 2 periods that a treated unit lacks" in row.note
    assert "left out: 1 comparison units with a missing value" in row.note
    assert row.statistics is None  # another outcome may have other donors


@both
def test_a_period_with_a_share_of_the_measure_is_left_out(estimator: str) -> None:
    y = panel()
    start = treated_first(12, [7])
    share = (np.arange(11) >= start[:, None]).astype(float)
    share[0, 7] = 0.4
    found = run(estimator, sample(y, start, treatment=share)).estimates[0]
    without = run(estimator, sample(np.delete(y, 7, axis=1), start)).estimates[0]
    assert found.estimate == pytest.approx(without.estimate)


@both
def test_periods_of_anticipation_are_neither_before_nor_after(estimator: str) -> None:
    y = panel()
    found = run(estimator, sample(y, treated_first(12, [7]), anticipation=2)).estimates[0]
    without = run(estimator, sample(np.delete(y, [5, 6], axis=1), treated_first(12, [5]))).estimates[0]
    assert found.estimate == pytest.approx(without.estimate)


def test_a_treated_unit_that_none_can_reach_is_told() -> None:
    y = panel()
    y[0] += 8
    row = run("synthetic_control", sample(y, treated_first(12, [7]))).estimates[0]
    assert "in 7 of 7 periods before the start the treated lie above or below every comparison unit" in row.note
    assert "% of their level" in row.note
    assert "above or below" not in run("synthetic_did", sample(y, treated_first(12, [7]))).estimates[0].note


def test_with_the_estimate_removed_the_line_meets_the_refit() -> None:
    """What synthetic_did holds between 0 and the estimate is a straight line through two exact fits."""
    y = panel()
    y[0, 7:] += 3
    one = sample(y, treated_first(12, [7]))
    complete = complete_panel(job(one, outcome(), estimation("synthetic_did"), ("randomization",)))
    draws = reassign(complete.profile, np.random.default_rng(0))
    found = placebos(complete, draws, SDID, intervals=True)
    estimate = found.effect[0]
    removed = y - estimate * one.grid.treatment
    exact = [alone(removed, [int(unit)], 7, SDID).effect(removed)[0] for unit in draws.units[:, 0]]
    np.testing.assert_allclose(found.effect - estimate * found.slope, exact, atol=ROUNDING)


def refused() -> dict[str, tuple[Sample, dict[str, Any], str]]:
    y = panel()
    one = sample(y, treated_first(12, [7]))
    holes = y.copy()
    holes[2:, 3] = np.nan
    covered = replace(one, grid=replace(one.grid, covariates={"x": y}))
    return {
        "covariates": (covered, {"covariates": ("x",)}, "take no covariates"),
        "groups": (replace(one, groups=np.zeros(12, dtype=np.int64)), {}, "period_effects_by"),
        "one period before": (sample(y, treated_first(12, [1])), {}, "need 2 periods before the start"),
        "one donor": (sample(holes, treated_first(12, [7])), {}, "1 comparison units have a value in every period"),
        "jackknife of one treated": (one, {"inference": "jackknife"}, "no treated unit of a start is left"),
        "placebo of too many treated": (
            sample(y, treated_first(12, [7] * 6)),
            {"inference": "placebo"},
            "more comparison units",
        ),
        "no positive weight": (
            replace(one, grid=replace(one.grid, weights=np.zeros_like(y))),
            {},
            "no positive analysis weight",
        ),
    }


@both
@pytest.mark.parametrize("name", refused())
def test_what_has_no_answer_is_refused(estimator: str, name: str) -> None:
    one, keys, message = refused()[name]
    with pytest.raises(DesignError, match=message):
        run(estimator, one, keys.pop("inference", "randomization"), **keys)


@both
def test_where_only_the_largest_or_smallest_could_be_treated_the_test_keeps_its_size(estimator: str) -> None:
    """No effect, noise that falls with size: 30 panels of 40 units, a fifth of them at either end taken as treated in turn."""
    rng = np.random.default_rng(8)
    rejected = np.zeros((2, 30))
    for k in range(30):
        size = np.exp(rng.normal(0, 1.2, 40))
        y = panel(40, 16, seed=100 + k) + 0.5 * size[:, None] ** -0.35 * noise(rng, 40, 16)
        one = sample(y, treated_first(40, [11]), exposure=np.repeat(size[:, None], 16, axis=1))
        complete = complete_panel(job(one, outcome(), estimation(estimator), ("randomization",)))
        draws = reassign(complete.profile, rng)
        found = placebos(complete, draws, WEIGHTING[estimator], intervals=False)
        statistic = np.empty(40)
        statistic[draws.units[:, 0]] = np.abs(found.effect) / found.sd
        p = np.mean(statistic[:, None] <= statistic, axis=1)
        order = np.argsort(size)
        rejected[:, k] = [np.mean(p[group] <= 0.05) for group in (order[:8], order[-8:])]  # nominal size
    low, high = rejected.mean(axis=1)
    assert 0.01 < low < 0.09  # 240 tries: 0.05 ± 2.6 Monte Carlo standard errors
    assert 0.01 < high < 0.09  # the same
