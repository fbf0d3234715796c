"""From the cell weights of an estimator to its rows: estimate, placebo test, clustered test, effects per period."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import (
    RANDOMIZED,
    EffectSize,
    Estimate,
    EventEffect,
    Job,
    Result,
    additive_values,
    from_cluster,
    from_placebo,
    require_periods,
)
from utvardering.estimators.cell_weights import Array, Cells, Weigh, cells_of, lone_cohorts, placebo_sums, placebo_tests
from utvardering.estimators.did import unit_noise
from utvardering.estimators.effects import effect_size
from utvardering.estimators.period_effects import clustered_events, joint_note, placebo_events
from utvardering.inference.cluster import cluster_covariance, cluster_test


@dataclass(frozen=True)
class Plan:
    """What an estimator does on given cells.

    periods       (K,) periods from the start that have an effect of their own
    used          (N, T) cells under the measure that the effect is a mean of
    n_obs         cells used in all
    weigh         weights of the effect and of the K effects per period
    residuals     (1 + K, N, T) errors for the clustered variance, from (N, T) values
    n_parameters  what the small-sample factor of `inference.cluster` counts; None for a variance without one
    note          what the reader must know of the rows
    """

    periods: NDArray[np.int64]
    used: NDArray[np.bool_]
    n_obs: int
    weigh: Weigh
    residuals: Callable[[Array], Array]
    n_parameters: int | None = None
    note: str = ""


class Planner(Protocol):
    """Makes the plan of an estimator."""

    def __call__(self, cells: Cells, *, events: bool) -> Plan:
        """The plan on these cells; without `events` only for the effect."""


def estimate_by_weights(job: Job, sample: Sample, planner: Planner) -> Result:
    """Run an estimator that is a weighted sum of cells. Raises DesignError where its effect is not identified."""
    require_periods(sample, job.outcome, alone=job.estimation.comparison_group == "not_yet")
    values, scale = additive_values(sample, job.outcome)
    cells = cells_of(sample, values, job.estimation.covariates)
    plan = planner(cells, events=job.intervals)
    if not plan.used.any():
        msg = (
            f"{job.outcome.id}: no cell under the measure has anyone to be compared with who had not got it yet; "
            "name units in [comparison] that never get the measure"
        )
        raise DesignError(msg)
    try:
        weights = plan.weigh(cells)
    except DesignError as fault:
        msg = f"{job.outcome.id}: {fault.message}; take longer periods or name more comparison units"
        raise DesignError(msg) from fault
    effects = np.einsum("knt,nt->k", weights, np.nan_to_num(values))
    found = _Found(job, sample, values, scale, cells, plan, weights, effects)
    rows: list[Estimate] = []
    events: list[EventEffect] = []
    for inference in job.inferences:
        row, more = found.by_placebo(inference) if inference in RANDOMIZED else found.by_cluster()
        rows.append(replace(row, size=found.size()))
        events += more
    silent = sample.treated & ~plan.used.any(axis=1)
    return Result(tuple(rows), plan.n_obs, tuple(events), tuple(np.array(sample.units)[silent].tolist()))


@dataclass(frozen=True)
class _Found:
    """The effects, and what their tests need."""

    job: Job
    sample: Sample
    values: Array
    scale: str
    cells: Cells
    plan: Plan
    weights: Array
    effects: Array

    @property
    def note(self) -> str:
        """What was left out."""
        under = self.cells.under
        missed = int((under & ~self.plan.used).sum())
        left_out = f"{missed} of {int(under.sum())} cells under the measure have nothing to be compared with and are left out"
        return "; ".join(part for part in (self.plan.note, left_out if missed else "") if part)

    def size(self) -> EffectSize:
        """Percent and units over the cells that the effect is a mean of."""
        missed = self.cells.under & ~self.plan.used
        grid = replace(self.sample.grid, y=np.where(missed, np.nan, self.sample.y))
        return effect_size(replace(self.sample, grid=grid), self.job.outcome, float(self.effects[0]), self.scale)

    def by_placebo(self, inference: str) -> tuple[Estimate, list[EventEffect]]:
        """Placebo test of the effect and of each period; effects before the start are judged without the one after it."""
        periods, since = self.plan.periods, self.cells.from_start
        without = self.values - self.effects[0] * self.sample.grid.treatment
        responses = np.array([self.values, *(self.values if k >= 0 else without for k in periods)])
        patterns = np.array([self.sample.grid.treatment, *(self.cells.under if k >= 0 else since == k for k in periods)])
        noise = unit_noise(self.sample, self.values)
        sums = placebo_sums(
            self.job, self.sample, self.cells, self.plan.weigh, responses=responses, patterns=patterns, noise=noise
        )
        level = self.job.estimation.level
        test, *tests = placebo_tests(sums, level)
        events = placebo_events(periods, self.effects[1:], tests, scale=self.scale, inference=inference, level=level)
        note = "; ".join(part for part in (self.note, joint_note(periods, tests)) if part)
        return from_placebo(
            test, self.job, estimand="att", scale=self.scale, estimate=float(self.effects[0]), note=note
        ), events

    def by_cluster(self) -> tuple[Estimate, list[EventEffect]]:
        """Clustered test of the effect and of each period."""
        errors = np.where(self.cells.weights > 0, self.plan.residuals(self.values), 0.0)
        influence = np.einsum("knt,knt->nk", self.weights, errors)
        count = self.plan.n_parameters
        cluster = self.sample.cluster
        covariance = cluster_covariance(influence, cluster, self.plan.n_obs, count or 0, corrected=count is not None)
        clusters, level = len(np.unique(cluster)), self.job.estimation.level
        test = cluster_test(float(self.effects[0]), float(covariance[0, 0]), clusters, level)
        events = clustered_events(
            self.plan.periods,
            self.effects[1:],
            covariance[1:, 1:],
            clusters,
            scale=self.scale,
            level=level,
            rng=self.job.rng(),
        )
        note = "; ".join(part for part in (self.note, lone_cohorts(self.cells.start)) if part)
        row = from_cluster(test, estimand="att", scale=self.scale, estimate=float(self.effects[0]), note=note)
        return row, events
