"""What counts would the treated cells have had, by the unit and period effects of a Poisson fit to the untreated ones?

With unit and period effects and the canonical link this imputation is the regression on all cohort-by-period effects
(Wooldridge 2023). Placebo statistics: y is divided by exp(τD) in the units that were really treated, each re-assignment
imputes its own treated cells from its own untreated ones, and its score Σ D (y − μ) is divided by its predicted deviation.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.estimators.cell_weights import Array, Cells, Courses, carrying, table_of
from utvardering.estimators.count_scores import Statistics, is_product
from utvardering.estimators.counts_by_draw import scores_by_fit
from utvardering.estimators.imputation import imputable
from utvardering.estimators.rank_one import Margins
from utvardering.inference.randomization import deviation
from utvardering.inference.reassignment import Reassignments


@dataclass(frozen=True)
class Counts:
    """(N, T) weighted counts and exposure, both 0 where a cell is missing, the cells, and (N,) mean weight of each unit."""

    y: Array
    exposure: Array
    cells: Cells
    weight: Array

    @property
    def separable(self) -> bool:
        """Whether a re-assignment can be judged by the totals of its courses: complete, and exposure a product."""
        complete = bool((self.cells.weights > 0).all()) and len(np.unique(self.cells.groups)) == 1
        return complete and is_product(self.exposure) and is_product(self.cells.weights)


def counts_of(sample: Sample) -> Counts:
    """The counts of a sample."""
    grid = sample.grid
    missing = np.isnan(grid.y)
    weights = np.ones_like(grid.y) if grid.weights is None else grid.weights
    weights = np.where(missing, 0.0, weights)
    exposure = np.ones_like(grid.y) if grid.exposure is None else grid.exposure
    groups = (
        np.zeros(len(grid.y), dtype=np.int64) if sample.groups is None else np.unique(sample.groups, return_inverse=True)[1]
    )
    cells = Cells(
        weights, sample.start, grid.treatment, groups.astype(np.int64), np.empty((0, *weights.shape)), sample.anticipation
    )
    seen = np.maximum((~missing).sum(axis=1), 1)
    y, exposed = np.where(missing, 0.0, grid.y) * weights, np.where(missing, 0.0, exposure) * weights
    return Counts(y, exposed, cells, weights.sum(axis=1) / seen)


def fitted_means(y: Array, exposure: Array, groups: NDArray[np.int64], chosen: NDArray[np.bool_] | None = None) -> Array:
    """(N, T) means of unit and period effects within groups, fitted to the chosen cells and given for all."""
    held = exposure if chosen is None else np.where(chosen, exposure, 0.0)
    y = y if chosen is None else np.where(chosen, y, 0.0)
    means = np.empty_like(exposure)
    for g in np.unique(groups):
        rows = groups == g
        unit, period = Margins.of(y[rows]).fit(held[rows])
        means[rows] = unit[:, None] * exposure[rows] * period
    return means


def placebo_statistics(counts: Counts, draws: Reassignments, courses: Courses, noise: tuple[float, float]) -> Statistics:
    """(R,) studentised scores of all re-assignments as a function of the hypothesised effect; noise is (φ, ψ).

    A re-assignment without an answer counts as being as extreme as the actual one.
    """
    table = _course_table(counts, courses) if counts.separable else None
    masks = [*_masks(counts.cells, courses)] if table is None else [(one[None], two[None]) for one, two in table.masks]
    under = np.where(counts.cells.from_start >= 0, counts.cells.treatment, 0.0)
    observed, shares = (counts.y, under) if table is None else (table.folded(counts.y), table.treatment[courses.of_unit])

    past = counts.y[:, : max(int(counts.cells.start.min()) - counts.cells.anticipation, 1)].sum(axis=1)
    room = 1 - draws.total(past / max(past.sum(), np.finfo(float).tiny))  # an imputed score is the larger, the fewer are left

    def statistics(effect: float) -> Array:
        deflator = np.exp(-effect * shares)
        y = observed * deflator
        if table is None:
            score = scores_by_fit(y, counts.exposure, counts.cells, courses, draws)
            expected = fitted_means(y, counts.exposure, counts.cells.groups)
        else:
            score = _scores_by_course(table, draws, y)
            expected = np.outer(y.sum(axis=1), y.sum(axis=0)) / y.sum()
        spread = _spread(counts.weight, masks, expected, deflator, noise)
        total = y.sum(axis=1)
        held = draws.total(total / total.sum())
        whole = float(np.mean([spread[:, g].sum() for g in draws.profiles]))
        found = score * room / deviation(draws.total(spread), held, whole)
        return np.where(np.isnan(found), found[0], found)

    return statistics


def _masks(cells: Cells, courses: Courses) -> Iterator[tuple[Array, Array]]:
    """For each course (N, T) shares of the cells that a unit under it has after the start, and its cells before, as 0 and 1."""
    for g in range(len(courses.start) - 1):
        one = carrying(cells, courses, np.full(len(cells.start), g))
        yield np.where(one.under, one.treatment, 0.0), (one.before(0) & (one.weights > 0)).astype(float)


def _spread(
    weight: Array, masks: Sequence[tuple[Array, Array]], expected: Array, deflator: Array, noise: tuple[float, float]
) -> Array:
    """(N, G) predicted variance of what unit i under course g has more than imputed from its own untreated cells.

    φ times the Poisson variance of the cells, each with the factor that it enters by, and ψ times the squared expected count
    of the treated ones, for lasting changes of the unit.
    """
    phi, psi = noise
    columns = []
    for share, before in masks:
        after, past = (share * expected).sum(axis=1), (before * expected).sum(axis=1)
        factor = np.divide(after, past, out=np.zeros_like(after), where=past > 0)[:, None]
        poisson = ((share**2 + before * factor**2) * expected * deflator).sum(axis=1)
        columns.append(phi * weight * poisson + psi * after**2)
    return np.column_stack(columns)


@dataclass(frozen=True)
class CourseTable:
    """A row for each course, the untreated last, and a column for each run of periods in which no course changes.

    untreated (G + 1, K) whether the cells are fitted, share (G + 1, K) what those under the measure count, treatment the same
    with those that nobody can be compared with; first (K,) first period of each column.
    """

    untreated: NDArray[np.bool_]
    share: Array
    treatment: Array
    first: NDArray[np.intp]

    @property
    def masks(self) -> list[tuple[Array, Array]]:
        """(K,) shares after the start and cells before, of each course but the untreated."""
        return list(zip(self.treatment[:-1], self.untreated[:-1].astype(float), strict=True))

    def folded(self, y: Array) -> Array:
        """(N, K) counts of each column."""
        return np.asarray(np.add.reduceat(y, self.first, axis=1))


def _course_table(counts: Counts, courses: Courses) -> CourseTable | None:
    """None where a course returns to the untreated, as after a part of a period that no estimate uses."""
    table = table_of(counts.cells, courses)
    untreated = table.before(0)
    treatment = np.where(table.under, table.treatment, 0.0)
    if (untreated[:, 1:] & ~untreated[:, :-1]).any():
        return None
    changes = (np.diff(untreated, axis=1) | (np.diff(treatment, axis=1) != 0)).any(axis=0)
    first = np.append(0, np.flatnonzero(changes) + 1)
    share = np.where(imputable(table, 0), treatment, 0.0)
    return CourseTable(untreated[:, first], share[:, first], treatment[:, first], first)


def _scores_by_course(table: CourseTable, draws: Reassignments, y: Array) -> Array:
    """The same from the totals of each course, whose Poisson fit goes from left to right (the chain ladder, Mack 1991)."""
    totals = np.zeros((len(draws.units), *table.share.shape))
    for g, units in draws.by_profile:
        totals[:, g] = y[units].sum(axis=1)
    totals[:, -1] = y.sum(axis=0) - totals[:, :-1].sum(axis=1)
    reached = totals[:, :, 0].copy()
    score = np.zeros(len(totals))
    for k in range(1, totals.shape[2]):
        free = table.untreated[:, k]
        below, new = reached[:, free].sum(axis=1), totals[:, free, k].sum(axis=1)
        growth = np.divide(new, below, out=np.full_like(new, np.nan), where=below > 0)[:, None]
        if not free.any():
            break
        score += ((totals[:, :, k] - growth * reached) * table.share[:, k]).sum(axis=1)
        reached += np.where(free, totals[:, :, k], growth * reached)
    return score
