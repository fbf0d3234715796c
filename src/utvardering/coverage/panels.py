"""Simulated studies of one kind: the same panel without and with an effect, and what the effect truly was."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.coverage.designs import Cell
from utvardering.data.calendar import Calendar
from utvardering.data.panel import NEVER, Grid, Sample
from utvardering.estimators.base import PER

EXPOSED = 10_000.0
"""Exposure of a unit of mean size."""

_FIRST_YEAR = 2010
_FIFTH = 5


@dataclass(frozen=True)
class Drawn:
    """One simulated study.

    none, some    the sample without and with the effect; they differ in the treated cells only
    beside_none, beside_some  the neighbours as if treated, held against the same comparison units
    before, after (N, T) expected counts without and with the effect
    """

    none: Sample
    some: Sample
    beside_none: Sample
    beside_some: Sample
    before: NDArray[np.float64]
    after: NDArray[np.float64]


def draw(cell: Cell, run: int) -> Drawn:
    """Draw study number `run` of a cell: the same whoever asks for it.

    Counts have mean exp(unit + period + AR(1) + drift + effect) × size and variance overdispersion × mean (negative binomial).
    """
    rng = np.random.default_rng([zlib.crc32(cell.name.encode()), run])
    n, total = cell.units, cell.units + cell.treated
    size = _sizes(cell, total, rng)
    level = np.log(cell.count) + np.log(size[:, None]) + cell.spread * rng.standard_normal((total, 1)) - cell.spread**2 / 2
    level = level + cell.shock * rng.standard_normal(cell.periods) + cell.wander * _walk(cell, total, rng)
    start = np.full(total, NEVER)
    if cell.drawn == "peak":
        y = _counts(np.exp(level), cell.overdispersion, rng)
        chosen = _highest(y[:n, : cell.start], cell.treated)
    else:
        chosen = _choose(cell, size[:n], rng)
    start[chosen] = _starts(cell)
    since = np.arange(cell.periods) - start[:, None]
    if cell.trends == "non-parallel":
        level[chosen] += cell.drift * np.arange(cell.periods)
    if cell.drawn != "peak":
        y = _counts(np.exp(level), cell.overdispersion, rng)
    grown = np.clip((since + 1) / 3, 0.0, 1.0) if cell.effect_grows else (since >= 0).astype(float)
    before = np.exp(level)
    after = np.exp(level + np.log1p(cell.effect) * grown)
    changed = np.where(since >= 0, _counts(after, cell.overdispersion, rng), y)
    exposure = np.repeat(EXPOSED * size[:, None], cell.periods, axis=1)
    everyone = np.arange(total)
    treated = start < NEVER
    beside = np.where(everyone >= n, int(start[treated].min()), NEVER)

    def sample(values: NDArray[np.float64], keep: NDArray[np.bool_], starts: NDArray[np.int64]) -> Sample:
        return _sample(values[keep], starts[keep], exposure[keep])

    return Drawn(
        none=sample(y, everyone < n, start),
        some=sample(changed, everyone < n, start),
        beside_none=sample(y, ~treated, beside),
        beside_some=sample(changed, ~treated, beside),
        before=before[:n],
        after=after[:n],
    )


def truth(drawn: Drawn, estimand: str, scale: str) -> float:
    """The true value of an estimand: from expected counts, on the scale of the estimate.

    A difference is one of rates per 100 000 of the exposure, a log ratio one of sums of counts. `att_dynamic` is the mean over
    periods from the start, `att_group` over starts by their number of units, `att_calendar` over periods, `wdd` the sum of
    events over treated cells; any other estimand the mean over treated cells.
    """
    treatment = drawn.some.grid.treatment > 0
    if estimand == "wdd":
        return float((drawn.after - drawn.before)[treatment].sum())
    start = drawn.some.start
    exposure = drawn.some.grid.exposure
    if exposure is None:
        raise AssertionError
    change = PER * (drawn.after - drawn.before) / exposure

    def value(cells: NDArray[np.bool_]) -> float:
        if scale == "log_ratio":
            return float(np.log(drawn.after[cells].sum() / drawn.before[cells].sum()))
        return float(change[cells].mean())

    period = np.broadcast_to(np.arange(treatment.shape[1]), treatment.shape)
    codes = {
        "att_dynamic": np.where(treatment, period - np.where(start < NEVER, start, 0)[:, None], -1),
        "att_calendar": np.where(treatment, period, -1),
        "att_group": np.where(treatment, np.where(start < NEVER, start, 0)[:, None], -1),
    }.get(estimand, np.where(treatment, 0, -1))
    kinds = np.unique(codes[codes >= 0])
    values = [value(codes == kind) for kind in kinds]
    weights = [float((start == kind).sum()) if estimand == "att_group" else 1.0 for kind in kinds]
    return float(np.average(values, weights=weights))


def _sizes(cell: Cell, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    spread = cell.size_spread if cell.sizes == "unequal" else 0.0
    return np.exp(spread * rng.standard_normal(count) - spread**2 / 2)


def _walk(cell: Cell, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(N, T) stationary AR(1) of variance one."""
    noise = rng.standard_normal((count, cell.periods))
    walk = np.empty_like(noise)
    walk[:, 0] = noise[:, 0]
    for period in range(1, cell.periods):
        walk[:, period] = cell.ar1 * walk[:, period - 1] + np.sqrt(1 - cell.ar1**2) * noise[:, period]
    return walk


def _counts(mean: NDArray[np.float64], overdispersion: float, rng: np.random.Generator) -> NDArray[np.float64]:
    if overdispersion > 1:
        mean = rng.gamma(mean / (overdispersion - 1), overdispersion - 1)
    counts: NDArray[np.float64] = rng.poisson(mean).astype(np.float64)
    return counts


def _choose(cell: Cell, size: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.intp]:
    """Treated units: of all, or of the largest or smallest fifth."""
    among = np.argsort(size)
    fifth = max(cell.units // _FIFTH, cell.treated)
    among = {"large": among[-fifth:], "small": among[:fifth]}.get(cell.drawn, among)
    return rng.choice(among, cell.treated, replace=False)


def _highest(past: NDArray[np.float64], count: int) -> NDArray[np.intp]:
    """Units whose last year stood highest over their earlier years."""
    excess = (past[:, -1] + 0.5) / (past[:, :-1].mean(axis=1) + 0.5)
    return np.argsort(excess)[-count:]


def _starts(cell: Cell) -> NDArray[np.int64]:
    """(n_treated,) start of each treated unit: staggered ones from two before to one after the common start, spread evenly."""
    if cell.starts == "common":
        return np.full(cell.treated, cell.start)
    return np.round(np.linspace(cell.start - 2, cell.start + 1, cell.treated)).astype(np.int64)


def _sample(y: NDArray[np.float64], start: NDArray[np.int64], exposure: NDArray[np.float64]) -> Sample:
    length = y.shape[1]
    treatment = (np.arange(length) >= start[:, None]).astype(float)
    periods = tuple(range(_FIRST_YEAR, _FIRST_YEAR + length))
    n_after = length - int(start[start < NEVER].max())
    grid = Grid("y", Calendar("year"), periods, y, treatment, start, exposure=exposure, n_after=n_after)
    return Sample(grid, tuple(f"u{k}" for k in range(len(y))), np.arange(len(y)))
