"""What is to be alike before the start? The totals that balancing weights reproduce, the same for every outcome of a study."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import PER, Job, without_anticipation

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Totals:
    """What the treated have in all before the start, and what each unit has of it.

    units    (N,) positions, in the sample of the outcome to be estimated, of the units with every value
    names    (m,) what each total is of; the first is the number of units (their mass, with analysis weights)
    columns  (N, m) what each unit has of it
    mass     (N,) analysis weight of each unit, 1 without
    treated  (N,) who got the measure
    before   (T,) the periods of the outcome that are balanced
    after    (T,) those in which the effect is estimated
    notes    what was left out, a clause each
    """

    units: NDArray[np.intp]
    names: tuple[str, ...]
    columns: Floats
    mass: Floats
    treated: NDArray[np.bool_]
    before: NDArray[np.bool_]
    after: NDArray[np.bool_]
    notes: tuple[str, ...]


def totals(job: Job) -> Totals:
    """The totals of every outcome in every period before the start, of every covariate, and of the units.

    Outcomes are taken in the order of their ids, covariates and analysis weights as means before the start from the first
    outcome, so that the totals do not depend on the outcome asked for. Values are the outcome's own, with exposure rates per
    100 000. A period in which a treated unit has no value is left out; so is a comparison unit that lacks any other value.

    Raises DesignError where starts differ, where outcomes have other treated units, or where a treated unit lacks a covariate
    or an analysis weight.
    """
    samples = [without_anticipation(one) for one in sorted((job.sample, *job.others), key=lambda one: one.grid.outcome)]
    mine = next(k for k, one in enumerate(samples) if one.grid.outcome == job.sample.grid.outcome)
    own = samples[mine]
    for one in samples:
        _require_like(job, one, own)
    places = [{name: k for k, name in enumerate(one.units)} for one in samples]
    shared = [name for name in own.units if all(name in place for place in places)]
    rows = [np.array([place[name] for name in shared], dtype=np.intp) for place in places]
    treated = own.treated[rows[mine]]
    first, first_rows = samples[0], rows[0]
    mass = _before(job, first, first_rows, "weights", treated)
    names, columns = ["number of units" if first.grid.weights is None else "sum of the weights"], [np.ones(len(shared))]
    for label, column in _groups(own, rows[mine]):
        names.append(label)
        columns.append(column)
    complete = mass > 0
    dropped = 0
    before = after = np.zeros(0, dtype=bool)
    for one, at in zip(samples, rows, strict=True):
        values, start = _values(one, job)[at], one.common_start or 0
        seen: NDArray[np.bool_] = np.all(np.isfinite(values[treated]), axis=0)
        complete &= np.isfinite(values[:, seen]).all(axis=1)
        for period in np.flatnonzero(seen[:start]):
            names.append(f"{one.grid.outcome} {one.grid.labels[period]}")
            columns.append(values[:, period])
        if one is own:
            dropped = int((~seen).sum())
            before, after = seen & (np.arange(len(seen)) < start), seen & (np.arange(len(seen)) >= start)
    for name in job.estimation.covariates:
        names.append(name)
        columns.append(_before(job, first, first_rows, name, treated))
        complete &= np.isfinite(columns[-1])
    _require_something(job, before, after, treated, complete)
    notes = [f"{dropped} periods in which a treated unit has no value are left out"] if dropped else []
    lacking = len(own.units) - int(complete.sum())
    notes += [f"{lacking} comparison units that lack a value are left out"] if lacking else []
    return Totals(
        units=rows[mine][complete],
        names=tuple(names),
        columns=np.column_stack(columns)[complete],
        mass=mass[complete],
        treated=treated[complete],
        before=before,
        after=after,
        notes=tuple(notes),
    )


def _values(one: Sample, job: Job) -> Floats:
    """(N, T) the outcome, a count with exposure as a rate; only counts have an exposure."""
    if one.grid.exposure is None or (one.grid.outcome == job.outcome.id and job.outcome.kind != "count"):
        return one.y
    return PER * one.y / one.grid.exposure


def _before(job: Job, one: Sample, rows: NDArray[np.intp], name: str, treated: NDArray[np.bool_]) -> Floats:
    """(N,) mean before the start of a covariate, or of the analysis weights; NaN where none is known."""
    values = one.grid.weights if name == "weights" else one.grid.covariates[name]
    if values is None:
        return np.ones(len(rows))
    past = values[rows, : one.common_start]
    seen = np.isfinite(past)
    count = seen.sum(axis=1)
    total = np.where(seen, past, 0.0).sum(axis=1)
    mean = np.divide(total, count, out=np.full(len(rows), np.nan), where=count > 0)
    if np.isnan(mean[treated]).any():
        msg = f"{job.outcome.id}: a treated unit has no value of {name} before the start; fill it in or take {name} away"
        raise DesignError(msg)
    return mean


def _groups(one: Sample, rows: NDArray[np.intp]) -> list[tuple[str, Floats]]:
    """With period effects by groups, the number of units within each group."""
    if one.groups is None:
        return []
    codes = one.groups[rows]
    return [(f"units in group {code + 1} of period_effects_by", (codes == code).astype(float)) for code in np.unique(codes)]


def _require_like(job: Job, one: Sample, own: Sample) -> None:
    if one.common_start is None:
        msg = (
            f"{job.outcome.id}: balanced_weights needs one common start, and the units start at different times in "
            f'{one.grid.outcome}; write estimator = "did" for each start on its own, or a study for each start'
        )
        raise DesignError(msg)
    here, there = ({name for name, under in zip(each.units, each.treated, strict=True) if under} for each in (own, one))
    if here != there:
        msg = (
            f"{job.outcome.id}: balanced_weights finds one set of weights for all outcomes, and {_listed(here ^ there)} "
            f"has values of only one of {own.grid.outcome} and {one.grid.outcome}; fill them in or take an outcome away"
        )
        raise DesignError(msg)


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (" …" if len(names) > 3 else "")  # noqa: PLR2004 -- enough to find the fault


def _require_something(
    job: Job,
    before: NDArray[np.bool_],
    after: NDArray[np.bool_],
    treated: NDArray[np.bool_],
    complete: NDArray[np.bool_],
) -> None:
    for seen, side in ((before, "before"), (after, "after")):
        if not seen.any():
            msg = f"{job.outcome.id}: in no period {side} the start do all treated units have a value; fill them in"
            raise DesignError(msg)
    if not complete[treated].all():
        msg = f"{job.outcome.id}: a treated unit has the analysis weight 0; take it away, or weight it"
        raise DesignError(msg)
    if not (complete & ~treated).any():
        msg = (
            f"{job.outcome.id}: no comparison unit has every value that the balance needs; "
            "take fewer outcomes or covariates, or a later [period] first"
        )
        raise DesignError(msg)
