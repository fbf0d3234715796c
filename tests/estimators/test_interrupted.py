"""One series: against statsmodels' own fit and Newey–West errors, a planted course, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.calendar import Calendar
from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Result
from utvardering.estimators.interrupted import Fit, interrupted, long_run_covariance

T, START = 60, 42


def found(one: Sample, kind: str = "count", **keys: Any) -> Result:
    given = outcome(kind, **keys.pop("outcome", {}))
    return interrupted(job(one, given, estimation("interrupted", **keys), ("analytic",)))


def months(y: NDArray[np.float64], n_treated: int = 2, **parts: Any) -> Sample:
    return sample(y, treated_first(len(y), [START] * n_treated), calendar="month", **parts)


def course(level: float, slope: float) -> NDArray[np.float64]:
    """(T,) a log mean with trend, season, and a change of level and slope at the start."""
    t = np.arange(T)
    since = np.maximum(t - START, 0)
    season = 0.3 * np.cos(2 * np.pi * t / 12) - 0.1 * np.sin(4 * np.pi * t / 12)
    return 4 + 0.004 * t + season + (t >= START) * (level + slope * since)


def regressors() -> NDArray[np.float64]:
    """The design in another but equal form: months counted from 0, the same waves."""
    t = np.arange(T)
    under = (t >= START).astype(float)
    waves = [wave(2 * np.pi * k * t / 12) for k in (1, 2) for wave in (np.cos, np.sin)]
    return np.column_stack([np.ones(T), t, *waves, under, under * (t - START)])


def noisy(seed: int = 2) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.negative_binomial(20, 20 / (20 + np.exp(np.vstack([course(-0.3, 0.01)] * 4)))).astype(float)


def test_a_course_without_noise_is_found() -> None:
    y = np.exp(np.vstack([course(-0.4, 0.02), course(-0.4, 0.02) + 1, course(0, 0)]))
    result = found(months(y))
    (estimate,) = result.estimates
    since = np.arange(T - START)
    assert estimate.estimate == pytest.approx(-0.4 + 0.02 * since.mean(), abs=1e-8)  # the iteration of the fit
    assert [event.estimate for event in result.events] == pytest.approx(-0.4 + 0.02 * since, abs=1e-8)  # the same
    assert [event.period_from_start for event in result.events] == since.tolist()


def test_counts_are_fitted_as_statsmodels_fits_them() -> None:
    """Quasi-Poisson with a log link; where Newey–West's variance is the larger it is statsmodels' own."""
    y = noisy()
    total, x = y[:2].sum(axis=0), regressors()
    model = sm.GLM(total, x, family=sm.families.Poisson())
    lag = int(4 * (T / 100) ** (2 / 9))
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": True})
    simple = model.fit(scale="X2")
    contrast = np.r_[np.zeros(6), 1, np.arange(T - START).mean()]
    (estimate,) = found(months(y)).estimates
    assert estimate.estimate == pytest.approx(contrast @ robust.params, abs=1e-7)  # two stops of the same iteration
    factor = inflated((total - simple.mu) / np.sqrt(simple.mu))
    errors = [np.sqrt(contrast @ robust.cov_params() @ contrast), np.sqrt(factor * (contrast @ simple.cov_params() @ contrast))]
    assert estimate.std_error == pytest.approx(max(errors), rel=1e-5)  # the same
    reach = stats.t.ppf(0.975, T - 8) * estimate.std_error
    assert (estimate.ci_low, estimate.ci_high) == pytest.approx((estimate.estimate - reach, estimate.estimate + reach))
    assert f"Newey–West lag {lag}" in estimate.note
    assert "4 terms of season" in estimate.note


def inflated(residual: NDArray[np.float64]) -> float:
    """(1 + ρ)/(1 − ρ), with ρ the correlation of neighbouring residuals of 8 coefficients on T periods."""
    rho = sum(residual[t] * residual[t - 1] for t in range(1, T)) / sum(residual**2) + 8 / T
    rho = min(max(rho, 0.0), 0.9)
    return float((1 + rho) / (1 - rho))


@pytest.mark.parametrize("persistence", [0.0, 0.8])
def test_means_are_fitted_by_least_squares(persistence: float) -> None:
    rng = np.random.default_rng(5)
    noise = rng.standard_normal(T)
    for t in range(1, T):
        noise[t] += persistence * noise[t - 1]
    y = np.vstack([course(-0.3, 0.0) + 0.1 * noise] * 2) + np.array([[0.2], [-0.2]])
    x = regressors()
    model = sm.OLS(y.mean(axis=0), x)
    lag = int(4 * (T / 100) ** (2 / 9))
    robust = model.fit(cov_type="HAC", cov_kwds={"maxlags": lag, "use_correction": True})
    contrast = np.r_[np.zeros(6), 1, np.arange(T - START).mean()]
    (estimate,) = found(months(y), "mean").estimates
    assert estimate.scale == "difference"
    assert estimate.estimate == pytest.approx(contrast @ robust.params)
    simple = model.fit()
    factor = inflated(simple.resid)
    assert (factor > 2) == (persistence > 0)
    errors = [np.sqrt(contrast @ robust.cov_params() @ contrast), np.sqrt(factor * (contrast @ simple.cov_params() @ contrast))]
    assert estimate.std_error == pytest.approx(max(errors))


def test_the_larger_error_is_taken() -> None:
    fit = Fit(np.zeros(2), np.diag([4.0, 1.0]), np.diag([1.0, 9.0]), 5, 1, 1.0)
    np.testing.assert_allclose(fit.errors(np.eye(2)), [2, 3])


def test_the_long_run_covariance_is_the_double_sum() -> None:
    scores = np.random.default_rng(3).standard_normal((15, 2))
    slow = np.zeros((2, 2))
    for t in range(15):
        for s in range(15):
            if abs(t - s) <= 3:
                slow += (1 - abs(t - s) / 4) * np.outer(scores[t], scores[s])
    np.testing.assert_allclose(long_run_covariance(scores, 3), slow)


def test_exposure_is_an_offset() -> None:
    """Counts in proportion to a population that jumps at the start show no effect."""
    held = np.where(np.arange(T) >= START, 3000.0, 1000.0)
    y = np.exp(course(0, 0)) * held / 1000
    (estimate,) = found(months(np.vstack([y, y]), exposure=np.vstack([held, held])), "count").estimates
    assert estimate.estimate == pytest.approx(0, abs=1e-8)  # the iteration of the fit


def test_comparison_units_play_no_part() -> None:
    y = noisy()
    other = y.copy()
    other[2:] = 1.0
    assert found(months(y)).estimates == found(months(other)).estimates
    assert found(months(y)).estimates == found(months(y[:2])).estimates


def test_events_avoided_come_from_each_periods_effect() -> None:
    y = noisy()
    result = found(months(y))
    (estimate,) = result.estimates
    assert estimate.unit_estimates is not None
    even = estimate.unit_estimates[0]
    total = y[:2, START:].sum(axis=0)
    effect = np.array([event.estimate for event in result.events])
    assert total.sum() * -np.expm1(-even) == pytest.approx(np.sum(total * -np.expm1(-effect)))


def test_missing_and_anticipated_periods_are_left_out_at_their_place_in_time() -> None:
    y = np.exp(np.vstack([course(-0.4, 0.02)] * 2))
    gaps = y.copy()
    gaps[0, 10], gaps[1, START + 3] = np.nan, np.nan
    gaps[:, START - 2 : START] *= 5  # anticipation
    (estimate,) = found(months(gaps, anticipation=2)).estimates
    since = np.delete(np.arange(T - START), 3)
    assert estimate.estimate == pytest.approx(-0.4 + 0.02 * since.mean(), abs=1e-8)  # the iteration of the fit
    assert "2 periods without a value of every treated unit left out" in estimate.note


def test_a_share_of_the_first_period_counts_as_such() -> None:
    treatment = np.zeros((2, T))
    treatment[:, START:] = 1
    treatment[:, START] = 0.5
    log = course(-0.4, 0.0)
    log[START] += 0.2
    (estimate,) = found(months(np.exp(np.vstack([log, log])), treatment=treatment)).estimates
    assert estimate.estimate == pytest.approx(-0.4, abs=1e-8)  # the iteration of the fit


@pytest.mark.parametrize(
    ("calendar", "terms"),
    [("quarter", "3 terms of season"), ("year", "no season"), ("index", "no season"), ("week", "no season")],
)
def test_seasons_of_other_calendars(calendar: str, terms: str) -> None:
    one = sample(noisy(), treated_first(4, [START] * 2))
    (estimate,) = found(replace(one, grid=replace(one.grid, calendar=Calendar(calendar)))).estimates
    assert terms in estimate.note


def test_a_short_past_has_no_season() -> None:
    y = noisy()[:, START - 20 :]
    (estimate,) = found(sample(y, treated_first(4, [20, 20]), calendar="month")).estimates
    assert "no season" in estimate.note


def series(*before_after: list[float]) -> Sample:
    y = np.array([np.concatenate(before_after)])
    return sample(y, np.array([len(before_after[0])]))


FEW = (
    "y: interrupted needs at least 5 periods with values before the start and 3 after, found {} and {}; "
    "take a longer time or shorter periods"
)
FLAT = [8.0, 9, 7, 8, 10, 9]


@pytest.mark.parametrize(
    ("one", "kind", "said"),
    [
        (
            series(FLAT[:4], FLAT),
            "count",
            FEW.format(4, 6),
        ),
        (
            series(FLAT, FLAT[:2]),
            "mean",
            FEW.format(6, 2),
        ),
        (
            series(FLAT, [0.0] * 6),
            "count",
            "y: the treated units have no events after the start, so no ratio exists; use another outcome",
        ),
        (
            series([0.0] * 6, FLAT),
            "count",
            "y: the treated units have no events before the start, so no ratio exists; use another outcome",
        ),
        (
            series(FLAT, [5.0, 0, 0, 0, 0, 0]),
            "count",
            "y: the counts are separated: after periods without events no finite level and slope fit; use longer periods",
        ),
        (
            series([0.0, 0, 0, 0, 0, 5], FLAT),
            "count",
            "y: the counts are separated: after periods without events no finite level and slope fit; use longer periods",
        ),
        (
            sample(np.array([[4.0] * 12, [5.0] * 12]), treated_first(2, [6])),
            "mean",
            "y: every value of the treated units is the same, so there is nothing to compare",
        ),
        (
            sample(noisy(), treated_first(4, [30, 42])),
            "count",
            "y: the treated units start or end at different times, so they are not one series; take one study for each time",
        ),
    ],
)
def test_refusals(one: Sample, kind: str, said: str) -> None:
    with pytest.raises(DesignError) as fault:
        found(one, kind)
    assert fault.value.message == said


def test_an_empty_series_is_refused_beside_a_comparison_with_events() -> None:
    y = noisy()
    y[:2] = 0
    with pytest.raises(DesignError, match="the treated units have no events before the start"):
        found(months(y))


def test_covariates_are_refused() -> None:
    with pytest.raises(DesignError) as fault:
        found(months(noisy()), covariates=("x",))
    assert fault.value.message == "y: interrupted takes no covariates; use did, or remove them"


def test_clusters_strata_and_groups_play_no_part() -> None:
    one = months(noisy())
    other = replace(one, cluster=np.zeros(4, dtype=np.int64), strata=np.arange(4) % 2, groups=np.arange(4))
    assert found(one).estimates == found(other).estimates
