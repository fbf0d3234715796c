"""The complete panel that synthetic weights need: which units and periods are used, and what is left out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Job, additive_values, require_periods, without_anticipation
from utvardering.estimators.did import unit_noise
from utvardering.estimators.simplex import Floats, Index

MIN_BEFORE = 2
"""Periods before the start: with one there is no change from which to tell noise, and every donor fits after an intercept."""

MIN_DONORS = 2
"""Comparison units: the weight of a single one is 1 whatever the data say."""


@dataclass(frozen=True)
class Complete:
    """A panel without gaps.

    sample   the units that are used, with all their periods
    values   (N, T) outcome on the scale of the estimate, in the periods that are used
    start    (N,) position of the first of these periods under the measure; NEVER for donors
    weight   (N,) analysis weight of each unit in a mean of treated units
    noise    (N,) predicted variance of a period's noise
    whole    whether every unit and period is used
    notes    what is left out, and other things to know
    """

    sample: Sample
    values: Floats
    scale: str
    start: Index
    weight: Floats
    noise: Floats
    whole: bool
    notes: tuple[str, ...]

    @property
    def starts(self) -> tuple[int, ...]:
        """The distinct starts."""
        return tuple(int(start) for start in np.unique(self.start[self.start < NEVER]))

    @property
    def profile(self) -> Index:
        """(N,) number of each unit's start among the distinct ones; −1 for donors."""
        return np.where(self.start < NEVER, np.searchsorted(self.starts, self.start), -1).astype(np.intp)

    @property
    def treatment(self) -> Floats:
        """(N, T) 1 where a unit is under the measure."""
        return (np.arange(self.values.shape[1]) >= self.start[:, None]).astype(float)


def complete_panel(job: Job) -> Complete:
    """Leave out periods that a treated unit lacks or has the measure for in part only, then donors with a missing value.

    Raises DesignError where too little is left, and where the plan has covariates or period effects by group, which these
    weights do not use.
    """
    name = job.outcome.id
    require_periods(job.sample, job.outcome)
    if job.estimation.covariates:
        msg = (
            f"{name}: synthetic weights stand on the outcome's own past and take no covariates; "
            "leave [estimation] covariates out, or choose did or staggered_did"
        )
        raise DesignError(msg)
    if job.sample.groups is not None:
        msg = (
            f"{name}: donor weights take the place of period effects and cannot follow [estimation] period_effects_by; "
            "leave it out, or choose did"
        )
        raise DesignError(msg)
    given = without_anticipation(job.sample)
    values, scale = additive_values(given, job.outcome)
    treated = given.treated
    under = np.arange(values.shape[1]) >= given.start[:, None]
    seen = np.isfinite(values) & ~(under & (given.grid.treatment < 1))
    used = np.asarray(seen[treated].all(axis=0))
    keep = treated | seen[:, used].all(axis=1)
    start = np.where(treated, np.concatenate([[0], np.cumsum(used)])[np.minimum(given.start, len(used))], NEVER)
    n_periods, n_donors = int(used.sum()), int((keep & ~treated).sum())
    _require(name, start[treated], n_periods, n_donors)
    sample = given.only(keep)
    weight = np.ones(len(keep))
    if given.grid.weights is not None:
        weight = np.nanmean(np.where(used, given.grid.weights, np.nan), axis=1)
        if not np.all(weight[keep] > 0):
            msg = f"{name}: a unit has no positive analysis weight; fill in [estimation] weights or leave the unit out"
            raise DesignError(msg)
    return Complete(
        sample=sample,
        values=values[np.ix_(keep, used)],
        scale=scale,
        start=start[keep].astype(np.intp),
        weight=weight[keep],
        noise=unit_noise(sample, values[keep]),
        whole=bool(used.all() and keep.all()),
        notes=_notes(job, given, int((~used).sum()), int((~keep).sum())),
    )


def _require(name: str, starts: Index, n_periods: int, n_donors: int) -> None:
    """Refuse what the periods and donors left cannot answer."""
    before, after = int(starts.min()), n_periods - int(starts.max())
    left = "once periods in which a treated unit has no value, or the measure for a part of it, are left out"
    if before < MIN_BEFORE or after < 1:
        side = f"{before} before" if before < MIN_BEFORE else "none from"
        msg = f"{name}: synthetic weights need {MIN_BEFORE} periods before the start and one after; there are {side} it {left}"
        raise DesignError(msg)
    if n_donors < MIN_DONORS:
        msg = (
            f"{name}: {n_donors} comparison units have a value in every period that is used, and weights need {MIN_DONORS}; "
            "name more in [comparison], or choose did"
        )
        raise DesignError(msg)


def _notes(job: Job, given: Sample, periods: int, donors: int) -> tuple[str, ...]:
    notes = []
    if periods:
        notes.append(f"left out: {periods} periods that a treated unit lacks or has the measure for in part only")
    if donors:
        notes.append(f"left out: {donors} comparison units with a missing value")
    if given.common_start is None:
        notes.append("each start is fitted by itself against units that never got the measure, and weighs by its treated cells")
    if job.estimation.comparison_group == "not_yet":
        notes.append("units not yet treated are not used: only those that never are")
    return tuple(notes)
