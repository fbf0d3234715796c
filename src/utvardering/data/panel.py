"""What is known: areas by periods, one grid per outcome, with the roles that the study gives the areas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.errors import DesignError

NEVER = np.iinfo(np.int64).max // 2
"""Start of a unit that never got the measure."""

ROLES = ("treated", "comparison", "neighbour", "excluded", "unused")


@dataclass(frozen=True)
class LeftOut:
    """A row, cell, unit or period of the data that no estimate uses, and why; empty text means all of them."""

    unit: str
    period: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class Grid:
    """One outcome on all N units and its own T periods, as read: nothing transformed, nothing imputed.

    y            (N, T) outcome in its own unit; NaN where there is none
    exposure     (N, T) exposure of a count, or None
    treatment    (N, T) share of the period under the measure, 0 to 1
    start        (N,) position among the periods of the first one under the measure; NEVER for the untreated;
                 may lie beyond T in a panel from `before()`
    weights      (N, T) analysis weights, or None
    covariates   name to (N, T)
    n_after      periods from the latest start to the end of the study, known from the plan alone
    """

    outcome: str
    calendar: Calendar
    periods: tuple[int, ...]
    y: NDArray[np.float64]
    treatment: NDArray[np.float64]
    start: NDArray[np.int64]
    exposure: NDArray[np.float64] | None = None
    weights: NDArray[np.float64] | None = None
    covariates: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    n_after: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels of the periods."""
        return tuple(self.calendar.label(number) for number in self.periods)


@dataclass(frozen=True)
class Sample:
    """What an estimator sees: one outcome for the treated and the comparison units, N × T.

    `groups` are the groups of the period effects, `cluster` and `strata` integer codes; `study_units` the names.
    """

    grid: Grid
    units: tuple[str, ...]
    cluster: NDArray[np.int64]
    strata: NDArray[np.int64] | None = None
    groups: NDArray[np.int64] | None = None
    anticipation: int = 0

    @property
    def y(self) -> NDArray[np.float64]:
        """(N, T) outcome as read."""
        return self.grid.y

    @property
    def start(self) -> NDArray[np.int64]:
        """(N,) position of the first period under the measure; NEVER for comparison units."""
        return self.grid.start

    @property
    def treated(self) -> NDArray[np.bool_]:
        """(N,) whether the unit got the measure."""
        return self.grid.start < NEVER

    @property
    def common_start(self) -> int | None:
        """The one start position of all treated units, or None where starts differ."""
        starts = np.unique(self.start[self.treated])
        return int(starts[0]) if len(starts) == 1 else None

    @property
    def n_periods_before(self) -> int:
        """Smallest number of periods before the start (less anticipation) over treated units."""
        return int(max(min(self.start[self.treated]) - self.anticipation, 0))

    @property
    def n_periods_after(self) -> int:
        """Smallest number of periods from the start on, over treated units."""
        return int(max(self.y.shape[1] - max(self.start[self.treated]), 0))

    def only(self, keep: NDArray[np.bool_]) -> Sample:
        """The sample with the units that are True in (N,) keep; codes of groups count from 0 again."""

        def codes(values: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.unique(values[keep], return_inverse=True)[1].astype(np.int64)

        return Sample(
            grid=_take(self.grid, keep),
            units=tuple(np.array(self.units, dtype=object)[keep]),
            cluster=codes(self.cluster),
            strata=None if self.strata is None else codes(self.strata),
            groups=None if self.groups is None else codes(self.groups),
            anticipation=self.anticipation,
        )


@dataclass(frozen=True)
class Panel:
    """Areas by periods with the roles that the study gives the areas.

    units         N names as in the data (municipality codes keep their leading zeros)
    labels        N names to show
    role          (N,) one of ROLES
    ring          (N,) 1, 2, … for neighbours by distance, else 0
    cluster       (N,) integer codes; strata and groups likewise, or None
    grids         outcome id to its Grid, in the order of the study file
    left_out      what no estimate uses, and why
    """

    units: tuple[str, ...]
    labels: tuple[str, ...]
    role: NDArray[np.str_]
    ring: NDArray[np.int64]
    cluster: NDArray[np.int64]
    grids: Mapping[str, Grid]
    strata: NDArray[np.int64] | None = None
    groups: NDArray[np.int64] | None = None
    anticipation: int = 0
    left_out: tuple[LeftOut, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """File name, relative to the study, to the sha256 of what was read."""
    notes: tuple[str, ...] = ()
    """What was done to the data on the way in, a sentence each."""
    neighbour_comparison: NDArray[np.bool_] | None = None
    """(N,) units to hold the neighbours against; None where these are the comparison units."""
    alike: NDArray[np.bool_] | None = None
    """(N,) units in the group of a treated unit; None where the study names no groups."""
    beside: NDArray[np.bool_] | None = None
    """(N, N) whether the second unit is the treated area nearest to the first; None where no map tells."""

    not_yet: bool = False
    """Whether units that begin later are compared with: then a panel needs none that never begins."""

    one_series: bool = False
    """Whether it is one series, which is compared with nobody."""

    def before(self) -> Panel:
        """The panel as it was before the first start (less anticipation): what comes after is not in it, not even in memory.

        Shares, starts and lengths that the plan itself states are kept; outcomes, exposure, covariates and weights are cut.
        """
        return replace(self, grids={name: _before(grid, self.anticipation) for name, grid in self.grids.items()})

    def between(self, first: object, last: object) -> Panel:
        """The panel with only the periods of each outcome from one date (or index) to another, both counted."""
        return replace(self, grids={name: _between(grid, first, last) for name, grid in self.grids.items()})

    def with_roles(self, role: NDArray[np.str_]) -> Panel:
        """The panel with other roles; units that are no longer treated keep their start, but no estimate sees them."""
        return replace(self, role=role)

    def sample(self, outcome: str, roles: tuple[str, ...] = ("treated", "comparison"), *, alone: bool = False) -> Sample:
        """One outcome for the units with these roles; a DesignError where no unit is treated or none is compared with.

        alone: no comparison unit is needed, as where later starters stand in for them.
        """
        grid = self.grids[outcome]
        keep = np.isin(self.role, roles) & ~np.isnan(grid.y).all(axis=1)
        everyone = Sample(grid, self.units, self.cluster, self.strata, self.groups, self.anticipation)
        sample = everyone.only(keep)
        if not sample.treated.any():
            msg = f"{outcome}: no treated unit has any value of this outcome"
            raise DesignError(msg)
        if sample.treated.all() and not (alone or self.not_yet or self.one_series):
            msg = f"{outcome}: no comparison unit is left; name units in [comparison] that never get the measure"
            raise DesignError(msg)
        return sample

    def neighbour_sample(self, outcome: str, ring: int = 0) -> Sample:
        """The neighbours (of one ring, 0 all) as if treated, with the units to hold them against."""
        return self.neighbours_as_treated(ring).sample(outcome)

    def neighbours_as_treated(self, ring: int = 0) -> Panel:
        """The panel in which the neighbours (of one ring, 0 all) were treated, and the treated not.

        A neighbour is treated from the start of the treated area that lies nearest to it, the earliest of several as near;
        where no map tells which, from the first start of all.
        """
        chosen = (self.role == "neighbour") & ((self.ring == ring) if ring else True)
        role = np.where(self.role == "treated", "excluded", np.where(chosen, "treated", self.role))
        if self.neighbour_comparison is not None:
            role = np.where(role == "comparison", "excluded", role)
            role = np.where(self.neighbour_comparison, "comparison", role)
        starts = {name: np.where(chosen, self._starts_beside(grid), NEVER) for name, grid in self.grids.items()}
        return replace(self, role=role).with_starts(starts)

    def _starts_beside(self, grid: Grid) -> NDArray[np.int64]:
        """(N,) start of the treated area nearest to each unit, the first of all where no map tells."""
        first = np.full(len(self.units), int(grid.start.min(initial=NEVER)))
        if self.beside is None:
            return first
        own = np.where(self.beside, grid.start[None, :], NEVER).min(axis=1)
        return np.asarray(np.where(own < NEVER, own, first))

    def with_starts(self, starts: Mapping[str, NDArray[np.int64]]) -> Panel:
        """The panel with other starts, (N,) positions for each outcome named; the measure then goes on to the end."""
        moved = {}
        for name, start in starts.items():
            grid = self.grids[name]
            treatment = (np.arange(len(grid.periods)) >= start[:, None]).astype(float)
            moved[name] = replace(grid, start=start, treatment=treatment)
        return replace(self, grids={**self.grids, **moved})

    def to_frame(self) -> pd.DataFrame:
        """A row per unit, outcome and period: unit, label, role, ring, outcome, period, value, exposure, treatment."""
        frames = []
        for name, grid in self.grids.items():
            count = len(grid.periods)
            frames.append(
                pd.DataFrame(
                    {
                        "unit": np.repeat(self.units, count),
                        "label": np.repeat(self.labels, count),
                        "role": np.repeat(self.role, count),
                        "ring": np.repeat(self.ring, count),
                        "outcome": name,
                        "period": np.tile(grid.labels, len(self.units)),
                        "value": grid.y.ravel(),
                        "exposure": np.nan if grid.exposure is None else grid.exposure.ravel(),
                        "treatment": grid.treatment.ravel(),
                    }
                )
            )
        return pd.concat(frames, ignore_index=True)


def _take(grid: Grid, keep: NDArray[np.bool_]) -> Grid:
    """The grid of some units."""

    def cut(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if values is None else values[keep]

    return replace(
        grid,
        y=grid.y[keep],
        treatment=grid.treatment[keep],
        start=grid.start[keep],
        exposure=cut(grid.exposure),
        weights=cut(grid.weights),
        covariates={name: values[keep] for name, values in grid.covariates.items()},
    )


def _between(grid: Grid, first: object, last: object) -> Grid:
    begins, ends = grid.calendar.number(first), grid.calendar.number(last)
    kept = [place for place, number in enumerate(grid.periods) if begins <= number <= ends]
    part = slice(kept[0], kept[-1] + 1) if kept else slice(0, 0)

    def cut(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if values is None else values[:, part].copy()

    treated = grid.start < NEVER
    latest = int(grid.start[treated].max(initial=0))
    return replace(
        grid,
        periods=grid.periods[part],
        y=grid.y[:, part].copy(),
        treatment=grid.treatment[:, part].copy(),
        start=np.where(treated, np.maximum(grid.start - part.start, 0), NEVER),
        exposure=cut(grid.exposure),
        weights=cut(grid.weights),
        covariates={name: values[:, part].copy() for name, values in grid.covariates.items()},
        n_after=max(min(grid.n_after, part.stop - latest), 0),
    )


def _before(grid: Grid, anticipation: int) -> Grid:
    first = min(int(grid.start.min(initial=NEVER)), _first_exposed(grid.treatment))
    last = max(min(first - anticipation, len(grid.periods)), 0)

    def cut(values: NDArray[np.float64] | None) -> NDArray[np.float64] | None:
        return None if values is None else values[:, :last].copy()

    return replace(
        grid,
        periods=grid.periods[:last],
        y=grid.y[:, :last].copy(),
        treatment=grid.treatment[:, :last].copy(),
        exposure=cut(grid.exposure),
        weights=cut(grid.weights),
        covariates={name: values[:, :last].copy() for name, values in grid.covariates.items()},
    )


def _first_exposed(treatment: NDArray[np.float64]) -> int:
    """The first period in which any unit was under the measure, be it for a part of the period that no estimate uses."""
    exposed = np.flatnonzero((treatment > 0).any(axis=0))
    return int(exposed[0]) if len(exposed) else NEVER
