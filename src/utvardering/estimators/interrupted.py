"""Interrupted time series: did the treated units' own course change level and slope at the start?

log μ_t = log E_t + α + β t + season_t + D_t (δ + κ (t − t₀)) for counts, by quasi-Poisson; the same by least squares for other
outcomes (Wagner et al. 2002, J. Clin. Pharm. Ther. 27:299–309; Bernal et al. 2017, Int. J. Epidemiol. 46:348–355).
What the units would have come to is read off their own past: whatever else happened at the start is part of the answer.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.data.calendar import Calendar
from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import (
    Estimate,
    EventEffect,
    Job,
    Result,
    additive_values,
    require_periods,
)
from utvardering.inference.noise import seen_mean
from utvardering.inference.randomization import INNER

FEWEST_BEFORE = 5
FEWEST_AFTER = 3
"""Periods that level and slope need on each side with one to spare for the noise; a study sets its own, larger, limits."""
_SEASONS_BEFORE = 2
"""Years before the start from which on a season is estimated."""
_WEEKS_A_YEAR = 365.2425 / 7
_VANISHING = 1e-6  # a mean this small beside no event: the fit runs away to zero
_NO_NOISE = 1e-12  # relative to the series: residuals that are rounding only
_MOST_ALIKE = 0.9  # correlation of neighbouring periods beyond which a few years cannot tell noise from trend
_PER_YEAR = {"week": _WEEKS_A_YEAR, "month": 12.0, "quarter": 4.0}
_HARMONICS = {"week": 2, "month": 2, "quarter": 2}


@dataclass(frozen=True)
class Series:
    """The treated units as one series of T periods: values (NaN where any unit has none), log exposure and share under it."""

    values: NDArray[np.float64]
    offset: NDArray[np.float64]
    share: NDArray[np.float64]
    start: int
    scale: str
    counts: bool


@dataclass(frozen=True)
class Fit:
    """Coefficients of a segmented regression, the last two the change of level and of slope, with two covariances.

    robust: Newey–West; simple: of the quasi-likelihood with dispersion `phi` (of least squares, the residual variance), times
    (1 + ρ)/(1 − ρ) for noise with correlation ρ from period to period.
    """

    coefficients: NDArray[np.float64]
    robust: NDArray[np.float64]
    simple: NDArray[np.float64]
    freedom: int
    lag: int
    phi: float

    def errors(self, contrasts: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) standard errors of (n, K) contrasts: the larger of the two.

        Newey–West's is too small in short series, the other where noise is alike over longer times than from one to the next.
        """
        both = [np.einsum("tk,kl,tl->t", contrasts, one, contrasts) for one in (self.robust, self.simple)]
        return np.sqrt(np.maximum(np.maximum(*both), 0.0))


def interrupted(job: Job) -> Result:
    """Estimate the mean effect over the periods after, and the effect of each, from the treated units' own past.

    Comparison units, strata, clusters and groups of period effects play no part. Raises DesignError with too few periods,
    starts that differ, a series without events, or counts that no finite change fits.
    """
    sample, outcome = job.sample, job.outcome
    require_periods(sample, outcome, alone=True)
    if job.estimation.covariates:
        msg = f"{outcome.id}: interrupted takes no covariates; use did, or remove them"
        raise DesignError(msg)
    series = one_series(sample, job)
    seen = np.isfinite(series.values)
    season = seasons(sample.grid.calendar, np.array(sample.grid.periods), int(seen[: series.start].sum()))
    design = segments(series, season)
    _refuse(series, season.shape[1], outcome.id)
    fit = (poisson_fit if outcome.kind == "count" else linear_fit)(series, design, outcome.id)
    after = np.flatnonzero(seen & (np.arange(len(seen)) >= series.start))
    contrasts = np.zeros((len(after), design.shape[1]))
    contrasts[:, -2], contrasts[:, -1] = 1.0, after - series.start
    level = job.estimation.level
    estimate = _estimate(fit, contrasts.mean(axis=0), series, after, level)
    events = tuple(_events(fit, contrasts, after - series.start, series.scale, level))
    estimate = replace(estimate, note=_note(fit, series, season.shape[1], sample.anticipation))
    return Result((estimate,), int(seen.sum() * sample.treated.sum()), events)


def one_series(sample: Sample, job: Job) -> Series:
    """Weighted totals of counts with the log of their exposure, or weighted means of anything else, of the treated units."""
    grid, outcome = sample.grid, job.outcome
    rows = sample.treated
    course = grid.treatment[rows]
    start = sample.common_start
    if start is None or np.any(course != course[0]):
        msg = (
            f"{outcome.id}: the treated units start or end at different times, so they are not one series; "
            "take one study for each time"
        )
        raise DesignError(msg)
    weights = np.ones_like(grid.y[rows])
    if grid.weights is not None:
        weights = np.repeat(seen_mean(grid.weights[rows], 1), grid.y.shape[1], axis=1)
    if outcome.kind == "count":
        exposure = np.ones_like(weights) if grid.exposure is None else grid.exposure[rows]
        values = np.sum(weights * grid.y[rows], axis=0)
        held = np.sum(weights * exposure, axis=0)
        offset, scale = np.log(np.where(np.isfinite(held), held, 1.0)), "log_ratio"
        values = np.where(np.isfinite(held), values, np.nan)
    else:
        found, scale = additive_values(sample.only(rows), outcome)
        values, offset = np.average(found, axis=0, weights=weights[:, 0]), np.zeros(grid.y.shape[1])
    place = np.arange(len(values))
    ended = (place >= start) & (course[0] == 0)
    waiting = (place >= start - sample.anticipation) & (place < start)
    return Series(np.where(ended | waiting, np.nan, values), offset, course[0], start, scale, outcome.kind == "count")


def seasons(calendar: Calendar, periods: NDArray[np.int64], n_before: int) -> NDArray[np.float64]:
    """(T, K) sine and cosine of the year and the half year, none for years and with less than two years before the start."""
    per_year = _PER_YEAR.get(calendar.unit)
    if per_year is None or n_before < _SEASONS_BEFORE * calendar.per_year:
        return np.zeros((len(periods), 0))
    angles = [2 * np.pi * k * periods / per_year for k in range(1, _HARMONICS[calendar.unit] + 1)]
    waves = np.column_stack([wave(angle) for angle in angles for wave in (np.cos, np.sin)])
    return waves[:, np.abs(waves).max(axis=0) > 1e-6]  # noqa: PLR2004 -- the sine of a half year of quarters is 0 throughout


def segments(series: Series, season: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T, K) constant, time in periods from the start, season, level change, slope change."""
    time = np.arange(len(series.values)) - float(series.start)
    share = series.share
    return np.column_stack([np.ones_like(time), time, season, share, share * time])


def _refuse(series: Series, n_season: int, outcome: str) -> None:
    """Too few periods, or a series in which nothing happens."""
    parts = {"before": series.values[: series.start], "after": series.values[series.start :]}
    before, after = (int(np.isfinite(part).sum()) for part in parts.values())
    needed = FEWEST_BEFORE + n_season
    if before < needed or after < FEWEST_AFTER:
        msg = (
            f"{outcome}: interrupted needs at least {needed} periods with values before the start and {FEWEST_AFTER} after, "
            f"found {before} and {after}; take a longer time or shorter periods"
        )
        raise DesignError(msg)
    for side, part in parts.items():
        if not np.nansum(np.abs(part)) > 0 and series.counts:
            msg = f"{outcome}: the treated units have no events {side} the start, so no ratio exists; use another outcome"
            raise DesignError(msg)
    if not series.counts and np.nanmax(series.values) == np.nanmin(series.values):
        msg = f"{outcome}: every value of the treated units is the same, so there is nothing to compare"
        raise DesignError(msg)


def poisson_fit(series: Series, design: NDArray[np.float64], outcome: str) -> Fit:
    """Quasi-Poisson regression with a log link; raises DesignError where no finite coefficients fit."""
    import statsmodels.api as sm  # noqa: PLC0415 -- takes a second to import

    seen = np.isfinite(series.values)
    y, x, offset = series.values[seen], design[seen], series.offset[seen]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a fit that runs away is told below, in words
        try:
            found = sm.GLM(y, x, family=sm.families.Poisson(), offset=offset).fit(tol=1e-13, maxiter=200)
            mean, coefficients = np.asarray(found.mu), np.asarray(found.params)
            separated = not np.all(np.isfinite(coefficients)) or bool(np.any((mean < _VANISHING) & (y == 0)))
        except (ValueError, FloatingPointError, np.linalg.LinAlgError):
            separated = True
    if separated:
        msg = (
            f"{outcome}: the counts are separated: after periods without events no finite level and slope fit; "
            "use longer periods"
        )
        raise DesignError(msg)
    return _fit(coefficients, design, seen, y - mean, mean)


def linear_fit(series: Series, design: NDArray[np.float64], outcome: str) -> Fit:  # noqa: ARG001 -- called as poisson_fit is
    """Least squares."""
    import statsmodels.api as sm  # noqa: PLC0415 -- takes a second to import

    seen = np.isfinite(series.values)
    found = sm.OLS(series.values[seen], design[seen]).fit()
    residual = np.asarray(found.resid)
    if residual @ residual <= _NO_NOISE * np.sum((series.values[seen] - series.values[seen].mean()) ** 2):
        residual = np.zeros_like(residual)
    return _fit(np.asarray(found.params), design, seen, residual, np.ones(int(seen.sum())))


def _fit(
    coefficients: NDArray[np.float64],
    design: NDArray[np.float64],
    seen: NDArray[np.bool_],
    residual: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> Fit:
    """Both covariances of the solution of Σ x (y − μ) = 0, where `variance` is that of y but for the dispersion.

    Newey–West with n/(n − K) and the lag 4 (n/100)^(2/9) of Newey & West (1994). A missing period has a score of 0, so that
    lags are distances in time.
    """
    x, count = design[seen], int(seen.sum())
    freedom = count - x.shape[1]
    lag = max(int(4 * (count / 100) ** (2 / 9)), 1)
    bread = np.linalg.inv(x.T @ (x * variance[:, None]))
    scores = np.zeros_like(design)
    scores[seen] = x * residual[:, None]
    robust = bread @ long_run_covariance(scores, lag) @ bread * count / freedom
    phi = float(np.sum(residual**2 / variance)) / freedom
    standard = np.zeros(len(design))
    standard[seen] = residual / np.sqrt(variance)
    alike = serial_correlation(standard, x.shape[1] / count)
    return Fit(coefficients, robust, bread * phi * (1 + alike) / (1 - alike), freedom, lag, phi)


def serial_correlation(residual: NDArray[np.float64], bias: float) -> float:
    """Correlation of neighbouring residuals with `bias` (coefficients ÷ periods) added back, held between 0 and 0.9.

    Residuals of a regression on trend and steps look less alike than the noise is, by about the coefficients' share of the
    periods.
    """
    squares = float(residual @ residual)
    found = float(residual[1:] @ residual[:-1]) / squares if squares > 0 else 0.0
    return min(max(found + bias, 0.0), _MOST_ALIKE) if squares > 0 else 0.0


def long_run_covariance(scores: NDArray[np.float64], lag: int) -> NDArray[np.float64]:
    """(K, K) sum of the products of (T, K) scores up to `lag` apart with Bartlett weights (Newey & West 1987)."""
    total = scores.T @ scores
    for k in range(1, lag + 1):
        near = scores[k:].T @ scores[:-k]
        total = total + (1 - k / (lag + 1)) * (near + near.T)
    return total


def _estimate(fit: Fit, contrast: NDArray[np.float64], series: Series, after: NDArray[np.intp], level: float) -> Estimate:
    """The mean effect over the periods after, by t; events avoided come from the effect of each period."""
    value, error = float(contrast @ fit.coefficients), float(fit.errors(contrast[None, :])[0])
    reach, inner = (float(stats.t.ppf((1 + one) / 2, fit.freedom)) * error for one in (level, INNER))
    units = None
    if series.counts and np.all(series.share[after] == 1):
        effect = fit.coefficients[-2] + fit.coefficients[-1] * (after - series.start)
        events = series.values[after]
        even = -float(np.log(np.sum(events * np.exp(-effect)) / np.sum(events)))
        units = (even, even - reach, even + reach)
    return Estimate(
        estimand="att",
        scale=series.scale,
        estimate=value,
        std_error=error,
        ci_low=value - reach,
        ci_high=value + reach,
        inner_low=value - inner,
        inner_high=value + inner,
        p_value=float(2 * stats.t.sf(abs(value) / error, fit.freedom)) if error > 0 else float(value == 0),
        inference="analytic",
        unit_estimates=units,
    )


def _events(fit: Fit, contrasts: NDArray[np.float64], since: NDArray[np.intp], scale: str, level: float) -> list[EventEffect]:
    """Each period's effect on the fitted lines; the band is Scheffé's, for level and slope together."""
    errors = fit.errors(contrasts)
    narrow = float(stats.t.ppf((1 + level) / 2, fit.freedom)) * errors
    wide = float(np.sqrt(2 * stats.f.ppf(level, 2, fit.freedom))) * errors
    rows = zip(
        since.tolist(), (contrasts @ fit.coefficients).tolist(), errors.tolist(), narrow.tolist(), wide.tolist(), strict=True
    )
    return [EventEffect("att", scale, "analytic", k, v, e, v - near, v + near, v - far, v + far) for k, v, e, near, far in rows]


def _note(fit: Fit, series: Series, n_season: int, anticipation: int) -> str:
    level, slope = fit.coefficients[-2:]
    errors = fit.errors(np.eye(len(fit.coefficients))[-2:])
    missing = int(np.isnan(series.values).sum()) - anticipation
    parts = [
        "one series, no comparison",
        f"level change {level:.4g} (se {errors[0]:.2g})",
        f"slope change per period {slope:.4g} (se {errors[1]:.2g})",
        f"{n_season} terms of season" if n_season else "no season",
        f"Newey–West lag {fit.lag}",
    ]
    parts += [f"φ = {fit.phi:.3g}"] if series.counts else []
    parts += [f"{missing} periods without a value of every treated unit left out"] if missing else []
    return "; ".join(parts)
