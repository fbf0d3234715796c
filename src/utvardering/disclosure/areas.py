"""Which numbers about areas may be told where persons are counted? Counts by area and period, and what follows from them.

What a run tells of an outcome follows from few sums: those of the treated and of the compared before and after the start, those
of a single area (left out, or as if treated) and those of a period. Each is looked at as if it were told exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from utvardering.disclosure.bounds import hide, is_few
from utvardering.disclosure.rounding import step_above

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Counted:
    """Persons by area and period: counts (N, T), which areas are treated or compared (N,), start (N,), exposure (N, T)."""

    counts: Array
    treated: Mask
    compared: Mask
    start: NDArray[np.int64]
    exposure: Array | None = None

    @property
    def after(self) -> Mask:
        """(N, T) whether a period lies after the start: its own, or for other areas the first."""
        periods = self.counts.shape[1]
        first = int(self.start[self.treated].min(initial=periods))
        start = np.where(self.treated, self.start, first)
        return np.asarray(np.arange(periods) >= start[:, None])

    def sums(self) -> Array:
        """(N, 2) each area's persons before and after."""
        after = self.after
        return np.column_stack([np.nansum(np.where(part, self.counts, 0.0), axis=1) for part in (~after, after)])

    def groups(self) -> Array:
        """(2, 2) persons of treated and compared, before and after."""
        sums = self.sums()
        return np.array([sums[self.treated].sum(axis=0), sums[self.compared].sum(axis=0)])

    def by_period(self) -> tuple[NDArray[np.int64], Array, Array]:
        """Periods from the start (P,), and the persons of treated and of compared in each (P,)."""
        periods = np.arange(self.counts.shape[1])
        starts = self.start[self.treated]
        known = np.nan_to_num(self.counts)
        whole = known[self.compared].sum(axis=0)
        own: dict[int, float] = {}
        other: dict[int, float] = {}
        for start, row in zip(starts, known[self.treated], strict=True):
            for period, count in zip(periods - start, row, strict=True):
                own[int(period)] = own.get(int(period), 0.0) + float(count)
                other[int(period)] = other.get(int(period), 0.0) + float(whole[period + start])
        shown = np.array(sorted(own), dtype=np.int64)
        return shown, np.array([own[int(p)] for p in shown]), np.array([other[int(p)] for p in shown])


@dataclass(frozen=True)
class Withheld:
    """What is not told of an outcome that counts persons, and what the rest is rounded to.

    all          nothing may be told: a group before or after the start has too few
    areas        (N,) areas of which no row of their own may be told; primary those with too few themselves
    periods      periods from the start that are not told; primary as above
    windows      whether answers for parts of the time are not told
    log_step     what a logarithm of a ratio is rounded to, `period_steps` that of a period, `area_steps` (N,) of an area's row
    unit_step    what a difference in its own unit is rounded to, `period_unit_steps` that of one period
    """

    smallest: int
    all: bool
    areas: Mask
    primary_areas: Mask
    periods: frozenset[int]
    primary_periods: frozenset[int]
    windows: bool
    log_step: float
    period_steps: dict[int, float]
    unit_step: float
    period_unit_steps: dict[int, float]
    area_steps: Array


def withheld(counted: Counted, smallest: int, cuts: tuple[int, ...] = ()) -> Withheld:
    """What not to tell of an outcome. cuts: periods at which other windows of time begin or end."""
    groups = counted.groups()
    areas, primary_areas = _areas(counted, smallest)
    shown, own, other = counted.by_period()
    hidden, primary = _periods(shown, own, other, smallest)
    least = float(groups[groups > 0].min(initial=np.inf))
    reference = np.flatnonzero(shown == -1)
    at = int(reference[0]) if len(reference) else 0
    steps, unit_steps = {}, {}
    n_treated = max(int(counted.treated.sum()), 1)
    for place, period in enumerate(shown.tolist()):
        some = np.array([own[place], other[place], own[at], other[at]])
        steps[period] = step_above(smallest / some[some > 0].min(initial=np.inf)) if (some > 0).any() else 0.0
        unit_steps[period] = step_above(smallest / n_treated)
    after = counted.after & counted.treated[:, None]
    held = float(after.sum())
    if counted.exposure is not None:
        held = float(np.nansum(np.where(after, counted.exposure, 0.0))) / 100_000
        per = held / max(int(after.sum()), 1) * n_treated
        unit_steps = dict.fromkeys(unit_steps, step_above(smallest / per) if per > 0 else 0.0)
    return Withheld(
        smallest=smallest,
        all=bool(is_few(groups, smallest).any()),
        areas=areas,
        primary_areas=primary_areas,
        periods=frozenset(shown[hidden].tolist()),
        primary_periods=frozenset(shown[primary].tolist()),
        windows=_windows_tell(counted, smallest, cuts),
        log_step=step_above(smallest / least) if np.isfinite(least) else 0.0,
        period_steps=steps,
        unit_step=step_above(smallest / held) if held > 0 else 0.0,
        period_unit_steps=unit_steps,
        area_steps=_area_steps(counted, smallest),
    )


def _area_steps(counted: Counted, smallest: int) -> Array:
    """(N,) what k persons are in the smaller of an area's own sums, as a logarithm."""
    own = counted.sums()
    least = np.where(own > 0, own, np.inf).min(axis=1)
    return np.array([step_above(smallest / one) if np.isfinite(one) else 0.0 for one in least])


def _areas(counted: Counted, smallest: int) -> tuple[Mask, Mask]:
    """(N,) areas without a row of their own, and which of them have too few themselves: the sum over a group is known."""
    sums = counted.sums()
    hidden = np.zeros(len(sums), dtype=bool)
    primary = np.asarray(is_few(sums, smallest).any(axis=1), dtype=bool)
    for group in (counted.treated, counted.compared, ~(counted.treated | counted.compared)):
        place = np.flatnonzero(group)
        if not len(place):
            continue
        for part in range(2):
            statements = np.vstack([np.eye(len(place)), np.ones((1, len(place)))])
            can = np.ones(len(statements), dtype=bool)
            can[-1] = False
            found = hide(sums[place, part], statements, can, smallest)
            hidden[place] |= found.all[:-1]
    return hidden | primary, primary


def _periods(shown: NDArray[np.int64], own: Array, other: Array, smallest: int) -> tuple[Mask, Mask]:
    """(P,) periods that are not told: too few treated or compared, or such as give these away, since the sums are known."""
    primary = np.asarray(is_few(own, smallest) | is_few(other, smallest), dtype=bool)
    hidden = primary.copy()
    for cells in (own, other):
        for side in (shown < 0, shown >= 0):
            place = np.flatnonzero(side)
            if len(place):
                statements = np.vstack([np.eye(len(place)), np.ones((1, len(place)))])
                can = np.ones(len(statements), dtype=bool)
                can[-1] = False
                hidden[place] |= hide(cells[place], statements, can, smallest).all[:-1]
    if primary[shown == -1].any():  # all periods are held against the last before: too few there would be told by each
        hidden[:] = True
    return hidden, primary


def _windows_tell(counted: Counted, smallest: int, cuts: tuple[int, ...]) -> bool:
    """Whether the difference between two windows of time is a sum of few persons of a group."""
    ends = sorted({0, counted.counts.shape[1], *(cut for cut in cuts if 0 < cut < counted.counts.shape[1])})
    known = np.nan_to_num(counted.counts)
    for first, last in pairwise(ends):
        for group in (counted.treated, counted.compared):
            if is_few(known[group, first:last].sum(), smallest):
                return True
    return False
