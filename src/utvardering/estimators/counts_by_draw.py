"""Poisson fits to the untreated cells of many re-assignments at once.

All re-assignments share the table and differ in the few cells that their own treated units leave empty: unit effects (R, N) and
period effects (R, G, T) are fitted to the margins in turn, as in `rank_one`, by matrix products less what the holes hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.estimators.cell_weights import Array, Cells, Courses, table_of
from utvardering.inference.reassignment import Reassignments

_AT_ONCE = 1_000_000  # cells of treated units in memory
_STEPS = 1_000
_TOLERANCE = 1e-10  # relative misfit of the period totals: below what moves any p-value


@dataclass(frozen=True)
class Draw:
    """Some re-assignments: (R, n) units, (n, T) holes and shares of their courses, (R, n) groups of the units."""

    units: NDArray[np.intp]
    hole: NDArray[np.bool_]
    share: Array
    groups: NDArray[np.int64]

    def by_group(self, values: Array, n_groups: int) -> Array:
        """(R, G, T) sums over units of (R, n, T) values."""
        if n_groups == 1:
            return np.asarray(values.sum(axis=1)[:, None])
        return np.stack([(values * (self.groups == g)[:, :, None]).sum(axis=1) for g in range(n_groups)], axis=1)

    def of_units(self, by_group: Array) -> Array:
        """(R, n, T) the value of each unit's group, from (R, G, T)."""
        return by_group[np.arange(len(self.units))[:, None], self.groups]


def scores_by_fit(y: Array, exposure: Array, cells: Cells, courses: Courses, draws: Reassignments) -> Array:
    """(R,) Σ share · (y − μ) over the treated cells of each re-assignment, μ from its untreated cells; NaN without an answer.

    y, exposure: (N, T), both 0 where a cell is missing.
    """
    return np.concatenate([_scores(y, exposure, cells, draw) for draw in _draws(cells, courses, draws)])


def _draws(cells: Cells, courses: Courses, draws: Reassignments) -> Iterator[Draw]:
    table = table_of(cells, courses)
    hole = ~table.before(0)[draws.profiles]
    share = np.where(table.from_start >= 0, table.treatment, 0.0)[draws.profiles]
    step = max(_AT_ONCE // max(hole.size, 1), 1)
    for at in range(0, len(draws.units), step):
        units = draws.units[at : at + step]
        yield Draw(units, hole, share, cells.groups[units])


def _scores(y: Array, exposure: Array, cells: Cells, draw: Draw) -> Array:
    groups = [np.flatnonzero(cells.groups == g) for g in range(int(cells.groups.max()) + 1)]
    rows = np.arange(len(draw.units))[:, None]
    seen = (cells.weights > 0).astype(float)
    own, held = y[draw.units], exposure[draw.units] * draw.hole

    def left(table: Array) -> Array:
        """(R, G, T) sums over the untreated cells."""
        whole = np.stack([table[one].sum(axis=0) for one in groups])
        return np.asarray(whole - draw.by_group(table[draw.units] * draw.hole, len(groups)))

    known = left(seen) > 0.5  # noqa: PLR2004 -- a count
    columns = np.where(known, left(y), 0.0)
    by_unit = np.repeat(y.sum(axis=1)[None], len(rows), axis=0)
    by_unit[rows, draw.units] -= (own * draw.hole).sum(axis=2)
    period = np.where(known, 1.0, 0.0)
    unit = np.zeros(by_unit.shape)
    open_ = np.arange(len(rows))
    for _ in range(_STEPS):
        part = Draw(draw.units[open_], draw.hole, draw.share, draw.groups[open_])
        found, reached = _step(part, period[open_], by_unit[open_], held[open_], exposure, groups)
        unit[open_] = found
        gap = np.abs(period[open_] * reached - columns[open_]).max(axis=(1, 2))
        size = np.maximum(columns[open_].max(axis=(1, 2)), np.finfo(float).tiny)
        period[open_] = np.divide(columns[open_], reached, out=np.zeros_like(reached), where=reached > 0)
        open_ = open_[gap > _TOLERANCE * size]
        if len(open_) == 0:
            break
    means = unit[rows, draw.units][:, :, None] * draw.of_units(period) * exposure[draw.units]
    untreated = (seen[draw.units] * ~draw.hole).sum(axis=2) > 0
    used = draw.share * seen[draw.units] * draw.of_units(known.astype(float)) * untreated[:, :, None]
    score = np.where(used.sum(axis=(1, 2)) > 0, (used * (own - means)).sum(axis=(1, 2)), np.nan)
    score[open_] = np.nan
    return np.asarray(score)


def _step(
    draw: Draw, period: Array, by_unit: Array, held: Array, exposure: Array, groups: list[NDArray[np.intp]]
) -> tuple[Array, Array]:
    """(R, N) unit effects given the period effects, and (R, G, T) the exposure that they reach in each period."""
    rows = np.arange(len(period))[:, None]
    mass = np.empty(by_unit.shape)
    for g, members in enumerate(groups):
        mass[:, members] = period[:, g] @ exposure[members].T
    mass[rows, draw.units] -= np.einsum("rnt,rnt->rn", held, draw.of_units(period))
    unit = np.divide(by_unit, mass, out=np.zeros_like(mass), where=mass > 1e-12 * mass.max())  # rounding of an emptied row
    reached = np.stack([unit[:, members] @ exposure[members] for members in groups], axis=1)
    return unit, reached - draw.by_group(held * unit[rows, draw.units][:, :, None], len(groups))
