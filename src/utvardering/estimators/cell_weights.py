"""Placebo tests of estimators that are weighted sums of cells, Σ v_it y_it, with weights that know starts but no outcome.

A re-assignment has weights of its own; its statistic is Σ v (y − τ D), with τ removed from the units that were really treated,
over the root of Σ_i s_i² Σ_t v_it², with s_i² the noise that each unit's past predicts. On a complete panel without unit
weights, covariates and groups v depends on a unit's course of treatment alone: then it is found once, on a table with a row for
each course, and a re-assignment costs a sum.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Job
from utvardering.inference.randomization import PlaceboTest, studentised_placebo_test
from utvardering.inference.reassignment import Reassignments, reassign

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Cells:
    """What the weights of an estimator may depend on: (n, T) analysis weights, 0 where a cell is missing, and who starts when.

    In a table of courses a row stands for all units with that course, and its weight is their number.
    """

    weights: Array
    start: NDArray[np.int64]
    treatment: Array
    groups: NDArray[np.int64]
    covariates: Array
    anticipation: int

    @property
    def from_start(self) -> NDArray[np.int64]:
        """(n, T) periods from the start, −NEVER in units that never start."""
        n_periods = self.weights.shape[1]
        since = np.arange(n_periods) - np.where(self.start < NEVER, self.start, 0)[:, None]
        return np.where((self.start < NEVER)[:, None], since, -NEVER)

    @property
    def under(self) -> NDArray[np.bool_]:
        """(n, T) cells with a value that are under the measure."""
        return (self.from_start >= 0) & (self.treatment > 0) & (self.weights > 0)

    def before(self, periods: int) -> NDArray[np.bool_]:
        """(n, T) cells more than `periods` before the start (and the anticipation of it); all of units that never start."""
        return (self.from_start < -self.anticipation - periods) & (self.treatment == 0)


Weigh = Callable[[Cells], Array]
"""From cells to (K, n, T) weights of K estimates, NaN for one that the cells do not identify; the first is the effect."""


def cells_of(sample: Sample, values: Array, covariates: tuple[str, ...]) -> Cells:
    """The cells of a sample in which the outcome and every covariate have a value."""
    grid = sample.grid
    used = np.array([grid.covariates[name] for name in covariates]).reshape(len(covariates), *values.shape)
    missing = np.isnan(values) | np.isnan(used).any(axis=0)
    weights = np.ones_like(values) if grid.weights is None else grid.weights
    groups = (
        np.zeros(len(values), dtype=np.int64) if sample.groups is None else np.unique(sample.groups, return_inverse=True)[1]
    )
    return Cells(
        np.where(missing, 0.0, weights),
        sample.start,
        grid.treatment,
        groups.astype(np.int64),
        np.nan_to_num(used),
        sample.anticipation,
    )


def mean_over(chosen: NDArray[np.bool_], cells: Cells, share: Array | None = None) -> Array:
    """(n, T) weights of a mean over chosen cells; with `share`, of their sum per unit of it. NaN where there is nothing."""
    mass = np.where(chosen, cells.weights, 0.0)
    total = float(np.sum(mass if share is None else mass * share))
    return mass / total if total > 0 else np.full_like(mass, np.nan)


def lone_cohorts(start: NDArray[np.int64]) -> str:
    """What a clustered error does not know: how a unit that started alone would have differed from others of its cohort."""
    counts = np.unique(start[start < NEVER], return_counts=True)[1]
    lone = int((counts == 1).sum())
    what = "unit started" if lone == 1 else "units started"
    return f"{lone} {what} alone and add nothing to this error, which is then too small" if lone else ""


@dataclass(frozen=True)
class Courses:
    """The distinct courses of treatment: (N,) course of each unit, the last for the untreated, and what each is."""

    of_unit: NDArray[np.intp]
    start: NDArray[np.int64]
    treatment: Array

    @property
    def profile(self) -> NDArray[np.intp]:
        """(N,) the same with −1 for the untreated, as `reassign` takes it."""
        return np.where(self.of_unit == len(self.start) - 1, -1, self.of_unit)

    def carried(self, draws: Reassignments, row: int) -> NDArray[np.intp]:
        """(N,) course of each unit in one re-assignment."""
        course = np.full(len(self.of_unit), len(self.start) - 1)
        course[draws.units[row]] = draws.profiles
        return course


def courses_of(cells: Cells) -> Courses:
    """Units with equal start and equal shares have one course."""
    treated = cells.start < NEVER
    rows, code = np.unique(np.column_stack([cells.start[treated], cells.treatment[treated]]), axis=0, return_inverse=True)
    of_unit = np.full(len(cells.start), len(rows))
    of_unit[treated] = code.ravel()
    start = np.append(rows[:, 0].astype(np.int64), NEVER)
    return Courses(of_unit, start, np.vstack([rows[:, 1:], np.zeros(cells.treatment.shape[1])]))


def carrying(cells: Cells, courses: Courses, course: NDArray[np.intp]) -> Cells:
    """The cells if each unit had the (N,) course given."""
    return replace(cells, start=courses.start[course], treatment=courses.treatment[course])


@dataclass(frozen=True)
class PlaceboSums:
    """(K, R) scores of K estimates, what a unit of effect adds to each, and their predicted standard deviations."""

    score: Array
    slope: Array
    sd: Array
    draws: Reassignments


def placebo_sums(
    job: Job, sample: Sample, cells: Cells, weigh: Weigh, *, responses: Array, patterns: Array, noise: Array
) -> PlaceboSums:
    """Scores of all re-assignments, row 0 the actual one.

    responses: (K, N, T) outcome of each estimate; patterns: (K, N, T) cells that carry its effect; noise: (N,) variance of a
    cell. A re-assignment that does not identify an estimate counts as being as extreme as the actual one.
    """
    courses = courses_of(cells)
    seen = cells.weights > 0
    tables = np.where(seen, responses, 0.0), np.where(seen, patterns, 0.0)
    if np.all(cells.weights == 1) and len(cells.covariates) == 0 and len(np.unique(cells.groups)) == 1:
        draws = reassign(courses.profile, job.rng(), strata=sample.strata, draws=job.draws)
        sums = _by_course(courses, draws, weigh(table_of(cells, courses)), *tables, noise)
    else:
        strata = able_strata(cells, courses, sample.strata)
        draws = reassign(courses.profile, job.rng(), strata=strata, draws=job.refits, enumerate_up_to=job.refits)
        sums = _by_refit(cells, courses, draws, weigh, *tables, noise)
    score, slope, variance = sums
    unknown = np.isnan(score)
    score, slope, variance = (np.where(unknown, one[:, :1], one) for one in (score, slope, variance))
    return PlaceboSums(score, slope, np.sqrt(np.maximum(variance, np.finfo(float).tiny)), draws)


def placebo_tests(sums: PlaceboSums, level: float) -> list[PlaceboTest]:
    """A test and its inversion for each estimate."""
    p_smallest = sums.draws.p_smallest
    return [
        studentised_placebo_test(score, slope, sd, p_smallest, level)
        for score, slope, sd in zip(sums.score, sums.slope, sums.sd, strict=True)
    ]


def table_of(cells: Cells, courses: Courses) -> Cells:
    """The table with a row for each course of a complete panel, the untreated last."""
    count = np.bincount(courses.of_unit, minlength=len(courses.start))
    weights = np.repeat(count[:, None].astype(float), cells.weights.shape[1], axis=1)
    return replace(
        cells,
        weights=weights,
        start=courses.start,
        treatment=courses.treatment,
        groups=np.zeros(len(count), dtype=np.int64),
        covariates=np.empty((0, *weights.shape)),
    )


def _by_course(
    courses: Courses,
    draws: Reassignments,
    table: Array,
    responses: Array,
    patterns: Array,
    noise: Array,
) -> tuple[Array, Array, Array]:
    count = np.maximum(np.bincount(courses.of_unit, minlength=len(courses.start)), 1)
    v = table / count[:, None]

    def total(values: Array) -> Array:
        """(R,) sums of (N, G + 1) values under the course that each unit carries."""
        return np.asarray(values[:, -1].sum() + draws.total(values[:, :-1] - values[:, -1:]))

    score = np.array([total(one @ w.T) for one, w in zip(responses, v, strict=True)])
    slope = np.array([total(one @ w.T) for one, w in zip(patterns, v, strict=True)])
    variance = np.array([total(noise[:, None] * (w**2).sum(axis=1)) for w in v])
    return score, slope, variance


def _by_refit(
    cells: Cells,
    courses: Courses,
    draws: Reassignments,
    weigh: Weigh,
    responses: Array,
    patterns: Array,
    noise: Array,
) -> tuple[Array, Array, Array]:
    score, slope, variance = (np.full((len(responses), len(draws.units)), np.nan) for _ in range(3))
    for r in range(len(draws.units)):
        course = courses.carried(draws, r)
        try:
            v = weigh(carrying(cells, courses, course))
        except DesignError:
            continue
        score[:, r] = np.einsum("knt,knt->k", v, responses)
        slope[:, r] = np.einsum("knt,knt->k", v, patterns)
        variance[:, r] = np.einsum("knt,knt,n->k", v, v, noise)
    return score, slope, variance


def able_strata(cells: Cells, courses: Courses, strata: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Strata in which untreated units that lack values before or after some start keep to themselves.

    They could not have been treated units of this design, since nothing would have been known of their effect.
    """
    codes = np.zeros(len(cells.start), dtype=np.int64) if strata is None else strata
    able = np.ones(len(cells.start), dtype=bool)
    for g in range(len(courses.start) - 1):
        one = carrying(cells, courses, np.full(len(able), g))
        able &= one.under.any(axis=1) & (one.before(0) & (cells.weights > 0)).any(axis=1)
    return np.where(able | (cells.start < NEVER), codes, codes.max() + 1)
