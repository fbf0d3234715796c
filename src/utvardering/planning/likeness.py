"""In what are units alike before the start? Level, trend, season and covariates of every unit, and distances between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.panel import Panel
from utvardering.estimators.base import PER
from utvardering.study.model import Outcome

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TRAITS = ("level", "trend", "season", "covariates")
"""What likeness is judged by; each counts the same in the distance."""

_HALF = 0.5  # an event added to every unit's count, so that a unit without events has a level too
_YEARS = 2  # of data from which on a season can be told from a trend
_STILL = 1e-12  # years squared: what rounding leaves of one period


@dataclass(frozen=True)
class Past:
    """One outcome of N units in the T periods before the start.

    values      (N, T) rates per 100 000 for counts with exposure, else as read; NaN where there is none
    events      (N, T) of a count, else None; exposure likewise
    covariates  name to (N, T)
    weight      (N,) analysis weight, 1 where there is none
    years       (T,) time in years
    season      (T,) place of each period in the year, or None where the calendar has no seasons
    relative    whether changes are multiplicative, as for counts; else they are differences
    """

    values: Floats
    years: Floats
    relative: bool
    weight: Floats
    season: NDArray[np.int64] | None = None
    events: Floats | None = None
    exposure: Floats | None = None
    covariates: Mapping[str, Floats] = field(default_factory=dict)

    @property
    def seasonal(self) -> bool:
        """Whether a season can be told from a trend: two years of a calendar with seasons."""
        count = len(self.years)
        return self.season is not None and count > 1 and float(np.ptp(self.years)) * count / (count - 1) >= _YEARS - _STILL

    def until(self, last: int) -> Past:
        """The first `last` periods."""
        return replace(
            self,
            values=self.values[:, :last],
            years=self.years[:last],
            season=None if self.season is None else self.season[:last],
            events=None if self.events is None else self.events[:, :last],
            exposure=None if self.exposure is None else self.exposure[:, :last],
            covariates={name: values[:, :last] for name, values in self.covariates.items()},
        )


def past_of(panel: Panel, outcome: Outcome) -> Past:
    """The past of an outcome on every unit of a panel from `before()`; impossible numbers of unused units are left out."""
    grid = panel.grids[outcome.id]
    y, exposure = grid.y.copy(), grid.exposure
    count = outcome.kind == "count"
    if count:
        y[y < 0] = np.nan
    if exposure is not None:
        exposure = np.where(exposure > 0, exposure, np.nan)
        y[np.isnan(exposure)] = np.nan
    weight = np.ones(len(y))
    if grid.weights is not None and grid.weights.shape[1]:
        weight = unit_means(grid.weights)
        weight[~(weight > 0)] = np.nan
    return Past(
        values=y if exposure is None or not count else PER * y / exposure,
        years=np.asarray(grid.periods, dtype=float) / grid.calendar.per_year,
        relative=count or outcome.transform == "log",
        weight=weight,
        season=_seasons(grid.calendar, grid.periods),
        events=y if count else None,
        exposure=exposure if count else None,
        covariates=grid.covariates,
    )


def traits(past: Past) -> dict[str, Floats]:
    """(N, F) numbers of each trait; a trait that the past is too short for, or the study lacks, is absent.

    level       log of events per exposure and log of mean exposure for counts, else the mean
    trend       change per year, relative to the unit's mean where `relative`
    season      deviation of each place in the year from the unit's own course
    covariates  means
    """
    found = {"level": _level(past)}
    slope = slopes(past)
    if np.isfinite(slope).any():
        found["trend"] = slope[:, None]
    if past.seasonal:
        found["season"] = profiles(past, slope)
    if past.covariates:
        found["covariates"] = np.column_stack([unit_means(values) for values in past.covariates.values()])
    return found


def slopes(past: Past) -> Floats:
    """(N,) change per year by least squares with a mean for each place in the year; NaN where time stands still.

    Without seasons, or with less than two years, one mean for all periods.
    """
    seen = np.isfinite(past.values)
    time, values = np.where(seen, past.years, 0.0), np.where(seen, past.values, 0.0)
    season = past.season if past.season is not None and past.seasonal else np.zeros(len(past.years), dtype=np.int64)
    across = np.zeros(len(seen))
    along = np.zeros(len(seen))
    for place in np.unique(season):
        cells = season == place
        count = np.maximum(seen[:, cells].sum(axis=1), 1)
        t = time[:, cells] - (time[:, cells].sum(axis=1) / count)[:, None]
        t = np.where(seen[:, cells], t, 0.0)
        across += (t * values[:, cells]).sum(axis=1)
        along += (t**2).sum(axis=1)
    slope = np.full(len(seen), np.nan)
    moves = along > _STILL
    slope[moves] = across[moves] / along[moves]
    return _relative(past, slope)


def profiles(past: Past, slope: Floats) -> Floats:
    """(N, S) mean deviation in each place of the year from the unit's mean and trend; NaN where a unit has no such period."""
    if past.season is None:
        msg = "a calendar without seasons has no profile"
        raise ValueError(msg)
    middle = past.years.mean()
    course = np.nan_to_num(slope)[:, None] * (past.years - middle)
    mean = unit_means(past.values)
    own = past.values / np.where(mean > 0, mean, 1.0)[:, None] if past.relative else past.values
    rest = own - course
    found = np.column_stack([unit_means(rest[:, past.season == place]) for place in np.unique(past.season)])
    return found - unit_means(found)[:, None]


def distances(found: Mapping[str, Floats], treated: Mask, pool: Mask) -> tuple[dict[str, Floats], Floats]:
    """(N, J) distance of every unit to each of J treated ones by trait, and by all traits together.

    Each number is in standard deviations over treated and pool; those of a trait are put together by the root of their mean
    square, and so are the traits. Places in the year share one standard deviation. A number that no treated unit has is passed
    over; NaN where a unit lacks one of the others (of its seasons: more than half).
    """
    everyone = treated | pool
    apart: dict[str, Floats] = {}
    for trait, numbers in found.items():
        usable = np.isfinite(numbers[treated]).any(axis=0)
        if not usable.any():
            continue
        scaled = numbers[:, usable] / _spread(numbers[everyone][:, usable], together=trait == "season")
        apart[trait] = _apart(scaled, treated, gaps=trait == "season")
    total = np.sqrt(sum(values**2 for values in apart.values()) / len(apart))
    return apart, np.asarray(total, dtype=np.float64)


def _apart(scaled: Floats, treated: Mask, *, gaps: bool) -> Floats:
    """(N, J) root mean square difference, a number at a time: N × J × F would be too large."""
    squares = np.zeros((len(scaled), int(treated.sum())))
    count = np.zeros(squares.shape)
    for column in scaled.T:
        difference = (column[:, None] - column[None, treated]) ** 2
        seen = np.isfinite(difference)
        squares += np.where(seen, difference, 0.0)
        count += seen
    needed = scaled.shape[1] / 2 if gaps else np.isfinite(scaled[treated]).sum(axis=1)
    return np.where((count > 0) & (count >= needed), np.sqrt(squares / np.maximum(count, 1)), np.nan)


def _spread(numbers: Floats, *, together: bool) -> Floats:
    """(F,) standard deviations; infinite where all are alike, which tells nothing."""
    seen = np.isfinite(numbers)
    count = np.maximum(seen.sum(axis=0), 1)
    mean = np.where(seen, numbers, 0.0).sum(axis=0) / count
    variance = np.where(seen, (numbers - mean) ** 2, 0.0).sum(axis=0) / count
    if together:
        variance = np.full(len(variance), variance.mean())
    size = np.maximum(np.abs(mean), 1.0)
    return np.where(variance > (1e-12 * size) ** 2, np.sqrt(variance), np.inf)  # below: rounding


def _level(past: Past) -> Floats:
    if past.events is None:
        return unit_means(past.values)[:, None]
    seen = np.isfinite(past.events)
    events = np.where(seen, past.events, 0.0).sum(axis=1) + _HALF
    if past.exposure is None:
        held = seen.sum(axis=1).astype(float)
        return _log(events, held)[:, None]
    held = np.where(seen, past.exposure, 0.0).sum(axis=1)
    return np.column_stack([_log(events, held), _log(held, seen.sum(axis=1).astype(float))])


def _log(top: Floats, bottom: Floats) -> Floats:
    found = np.full(len(top), np.nan)
    seen = bottom > 0
    found[seen] = np.log(top[seen] / bottom[seen])
    return found


def _relative(past: Past, slope: Floats) -> Floats:
    if not past.relative:
        return slope
    mean = unit_means(past.values)
    return np.where(mean > 0, slope / np.where(mean > 0, mean, 1.0), np.where(np.isnan(slope), np.nan, 0.0))


def unit_means(values: Floats) -> Floats:
    """(N,) mean of what each unit has; NaN where it has nothing."""
    seen = np.isfinite(values)
    count = seen.sum(axis=1)
    total = np.where(seen, values, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _seasons(calendar: Calendar, periods: tuple[int, ...]) -> NDArray[np.int64] | None:
    """Months for months and weeks, quarters for quarters; None for years and periods without a calendar."""
    if calendar.per_year == 1:
        return None
    if calendar.unit == "week":
        return np.array([calendar.date(number).month - 1 for number in periods], dtype=np.int64)
    return np.asarray(periods, dtype=np.int64) % calendar.per_year
