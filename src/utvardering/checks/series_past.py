"""What would the planned analysis find in series like the one seen before the start, where the truth is known?

A single series has no other areas to try the plan on, and its own past holds too few follow-ups without overlap. So its past
is described (trend and season by the planned model; spread and autocorrelation of what is left over), and whole series, past
and follow-up, are drawn from that description without any effect. What cannot be drawn is what the past never showed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Job, additive_values
from utvardering.estimators.interrupted import (
    FEWEST_BEFORE,
    Series,
    interrupted,
    linear_fit,
    poisson_fit,
    seasons,
    serial_correlation,
)
from utvardering.study.model import Estimation, Outcome

Floats = NDArray[np.float64]

_MOST_ALIKE = 0.95
"""Correlation of neighbouring periods beyond which noise and trend cannot be told apart in a few years."""


@dataclass(frozen=True)
class PastSeries:
    """The course of a series before its start, and how it goes on if nothing happens.

    level      (T,) mean of each period, past and planned follow-up: of a count itself, else on the scale of the estimate
    start      position of the first period under the measure
    spread     standard deviation of the AR(1): of the logarithm of a count, else in the outcome's own unit
    alike      correlation of the AR(1) from one period to the next
    residual_alike  that of the residuals, with what the fit takes away added back
    sample     the sample before the start, with the periods of the follow-up empty
    """

    level: Floats
    start: int
    spread: float
    alike: float
    residual_alike: float
    sample: Sample
    outcome: Outcome
    estimation: Estimation

    def draw(self, rng: np.random.Generator) -> Sample:
        """One series, past and follow-up, without an effect."""
        fresh = rng.standard_normal(len(self.level))
        walk = fresh.copy()
        for period in range(1, len(walk)):
            walk[period] = self.alike * walk[period - 1] + np.sqrt(1 - self.alike**2) * fresh[period]
        if self.outcome.kind == "count":
            y = rng.poisson(self.level * np.exp(self.spread * walk - self.spread**2 / 2)).astype(float)
        else:
            y = self.level + self.spread * walk
            y = np.exp(y) if self.outcome.transform == "log" else y
        y = np.where(np.isnan(self.sample.y[0]) & (np.arange(len(y)) < self.start), np.nan, y)
        return replace(self.sample, grid=replace(self.sample.grid, y=y[None, :]))

    def estimate(self, rng: np.random.Generator) -> tuple[float, float, float, float]:
        """Estimate, standard error and limits of the planned analysis on one draw."""
        job = Job(self.draw(rng), self.outcome, self.estimation, ("analytic",))
        found = interrupted(job).estimates[0]
        return found.estimate, found.std_error, found.ci_low, found.ci_high


def describe_past(sample: Sample, outcome: Outcome, estimation: Estimation, follow_up: int) -> PastSeries:
    """Describe a (1, T) sample that ends where the start begins, and extend it by so many periods.

    Raises DesignError where the past is too short for trend and season, or holds no events.
    """
    grid, start = sample.grid, sample.y.shape[1]
    periods = np.arange(grid.periods[0], grid.periods[0] + start + follow_up) if grid.periods else np.zeros(0, np.int64)
    seen = int(np.isfinite(sample.y).sum())
    season = seasons(grid.calendar, periods, seen)
    if seen < FEWEST_BEFORE + season.shape[1]:
        msg = f"{outcome.id}: {seen} periods with a value before the start are too few to describe the series"
        raise DesignError(msg)
    if outcome.kind == "count" and not np.nansum(sample.y) > 0:
        msg = f"{outcome.id}: every value before the start is 0, so no change of it can be found; use another outcome"
        raise DesignError(msg)
    series = _past(sample, outcome)
    time = np.arange(start + follow_up) - float(start)
    design = np.column_stack([np.ones_like(time), time, season])
    fit = (poisson_fit if outcome.kind == "count" else linear_fit)(series, design[:start], outcome.id)
    line = design @ fit.coefficients
    at = np.isfinite(series.values)
    whole, share = _extended(sample, follow_up), design.shape[1] / max(int(at.sum()), 1)
    if not series.counts:
        alike = serial_correlation(np.where(at, series.values - line[:start], 0.0), share)
        return PastSeries(line, start, float(np.sqrt(fit.phi)), alike, alike, whole, outcome, estimation)
    level = np.exp(line + np.concatenate([series.offset, np.full(follow_up, series.offset[-1])]))
    alike = serial_correlation(np.where(at, (series.values - level[:start]) / np.sqrt(level[:start]), 0.0), share)
    beyond = max(fit.phi - 1, 0.0)
    spread = float(np.sqrt(np.log1p(beyond / float(np.mean(level[:start][at])))))
    own = min(alike * fit.phi / beyond, _MOST_ALIKE) if beyond > 0 else 0.0
    return PastSeries(level, start, spread, own, alike, whole, outcome, estimation)


def _past(sample: Sample, outcome: Outcome) -> Series:
    """The past on the scale of the planned analysis, with nothing under the measure."""
    y, length = sample.y, sample.y.shape[1]
    if outcome.kind == "count":
        exposure = np.ones_like(y) if sample.grid.exposure is None else sample.grid.exposure
        known = np.where(np.isfinite(exposure[0]), y[0], np.nan)
        offset = np.log(np.where(np.isfinite(exposure[0]), exposure[0], 1.0))
        return Series(known, offset, np.zeros(length), length, "log_ratio", counts=True)
    values, scale = additive_values(sample, outcome)
    return Series(values[0], np.zeros(length), np.zeros(length), length, scale, counts=False)


def _extended(sample: Sample, follow_up: int) -> Sample:
    """The (1, T) past and so many empty periods under the measure; exposure stays where it was last."""
    grid, length = sample.grid, sample.y.shape[1]
    first = grid.periods[0]

    def longer(values: Floats | None, fill: float) -> Floats | None:
        return None if values is None else np.concatenate([values, np.full((1, follow_up), fill)], axis=1)

    under = np.concatenate([np.zeros((1, length)), np.ones((1, follow_up))], axis=1)
    last = float(grid.exposure[0, -1]) if grid.exposure is not None else float("nan")
    held = np.concatenate([grid.y, np.full((1, follow_up), np.nan)], axis=1)
    wider = replace(
        grid,
        periods=tuple(range(first, first + length + follow_up)),
        y=held,
        treatment=under,
        start=np.array([length]),
        exposure=longer(grid.exposure, last),
        weights=None,
        covariates={},
    )
    return replace(sample, grid=wider, anticipation=0)


@dataclass(frozen=True)
class Tries:
    """What the planned analysis gave on series drawn without an effect, (M,) each; those refused are left out."""

    estimate: Floats
    std_error: Floats
    low: Floats
    high: Floats

    @property
    def alarms(self) -> int:
        """Intervals that exclude no effect."""
        return int(np.sum((self.low > 0) | (self.high < 0)))

    def smallest_found(self, direction: float, *, relative: bool, level: float = 0.0) -> Floats:
        """(M,) smallest relative effect that the interval would exclude 0 for, infinite beyond a fall to nothing.

        An effect moves estimate and limits alike, so that each draw answers for every effect. relative: the scale is a log
        ratio; else effects are shares of `level`.
        """
        lacking = -self.low if direction > 0 else self.high
        needed = np.maximum(lacking, 0.0)
        if not relative:
            return needed / level if level > 0 else np.full(len(needed), np.inf)
        return np.expm1(needed) if direction > 0 else -np.expm1(-needed)


def try_plan(past: PastSeries, tries: int, seed: int) -> Tries:
    """The planned analysis on so many drawn series; raises DesignError where it refuses more than half of them."""
    found = list(_attempts(past, tries, seed))
    if 2 * len(found) < tries:
        msg = f"{past.outcome.id}: the planned analysis gives no answer in most series like its past; use longer periods"
        raise DesignError(msg)
    return Tries(*np.array(found).T)


def _attempts(past: PastSeries, tries: int, seed: int) -> Iterator[tuple[float, float, float, float]]:
    for number in range(tries):
        try:
            yield past.estimate(np.random.default_rng([seed, number]))
        except DesignError:
            continue
