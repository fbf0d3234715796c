"""From a job to rows: what `synthetic_control` and `synthetic_did` share once the weighting is chosen."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from utvardering.data.panel import NEVER
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, Estimate, EventEffect, Job, Result, UnitWeight, from_placebo
from utvardering.estimators.period_effects import placebo_events
from utvardering.estimators.simplex import Floats
from utvardering.estimators.synthetic import Weighting
from utvardering.estimators.synthetic_inference import (
    Assigned,
    Spread,
    actual,
    jackknife,
    placebo_variance,
    placebos,
)
from utvardering.estimators.synthetic_panel import MIN_DONORS, Complete, complete_panel
from utvardering.inference.randomization import INNER, studentised_placebo_test
from utvardering.inference.reassignment import reassign


def weighted_contrast(job: Job, weighting: Weighting) -> Result:
    """The effect of one weighting with every inference asked for, its course over periods, and the donors' weights.

    Raises DesignError as `complete_panel` and the inferences do.
    """
    panel = complete_panel(job)
    found = actual(panel, weighting)
    estimate = float(found.effect(panel.values)[0])
    note = "; ".join([*_fit_notes(panel, found, weighting), *panel.notes])
    rows, events = [], []
    for inference in job.inferences:
        if inference in RANDOMIZED:
            row, path = _randomized(job, panel, weighting, estimate, note)
        else:
            name = job.outcome.id
            spread = (
                placebo_variance(panel, job.refits, job.rng(), weighting, name)
                if inference == "placebo"
                else jackknife(panel, found, name)
            )
            row, path = _normal(job, panel, found, spread, inference, note)
        rows.append(row)
        events += path
    return Result(tuple(rows), panel.values.size, tuple(events), weights=_donor_weights(panel, found))


def _randomized(
    job: Job, panel: Complete, weighting: Weighting, estimate: float, note: str
) -> tuple[Estimate, list[EventEffect]]:
    n_units, n_treated = len(panel.start), int((panel.start < NEVER).sum())
    if n_units - n_treated < MIN_DONORS:
        msg = f"{job.outcome.id}: re-assignment leaves fewer than {MIN_DONORS} donors; name more units in [comparison]"
        raise DesignError(msg)
    draws = reassign(
        panel.profile,
        job.rng(),
        strata=panel.sample.strata,
        draws=job.refits,
        enumerate_up_to=max(job.refits + 1, n_units if n_treated == 1 else 0),
    )
    found = placebos(panel, draws, weighting, intervals=job.intervals)
    level = job.estimation.level
    test = studentised_placebo_test(found.effect, found.slope, found.sd, draws.p_smallest, level)
    row = from_placebo(test, job, estimand="att", scale=panel.scale, estimate=estimate, note=note)
    if not panel.whole:
        row = replace(row, statistics=None)  # other outcomes may have other donors, and then no joint re-assignment
    if not job.intervals:
        return row, []
    tests = [
        studentised_placebo_test(effect, slope, found.sd, draws.p_smallest, level)
        for effect, slope in zip(found.curve.T, found.curve_slope.T, strict=True)
    ]
    inference = row.inference
    return row, placebo_events(found.distance, found.curve[0], tests, scale=panel.scale, inference=inference, level=level)


def _normal(
    job: Job, panel: Complete, found: Assigned, spread: Spread, inference: str, note: str
) -> tuple[Estimate, list[EventEffect]]:
    estimate = float(found.effect(panel.values)[0])
    reach = float(stats.norm.ppf((1 + job.estimation.level) / 2))
    inner = float(stats.norm.ppf((1 + INNER) / 2))
    error = spread.std_error
    p = 2 * stats.norm.sf(abs(estimate) / error) if error > 0 else float(estimate == 0)
    row = Estimate(
        estimand="att",
        scale=panel.scale,
        estimate=estimate,
        std_error=error,
        ci_low=estimate - reach * error,
        ci_high=estimate + reach * error,
        inner_low=estimate - inner * error,
        inner_high=estimate + inner * error,
        p_value=float(p),
        inference=inference,
        note=note,
    )
    band = spread.band(job.estimation.level)
    return row, [
        EventEffect(
            estimand="att_dynamic",
            scale=panel.scale,
            inference=inference,
            period_from_start=int(k),
            estimate=float(effect),
            std_error=float(one),
            ci_low=float(effect - reach * one),
            ci_high=float(effect + reach * one),
            band_low=float(effect - band * one),
            band_high=float(effect + band * one),
        )
        for k, effect, one in zip(spread.distance, found.curve(panel.values)[1][0], spread.curve, strict=True)
    ]


def _donor_weights(panel: Complete, found: Assigned) -> tuple[UnitWeight, ...]:
    """What each donor counts for, summed over starts; all together as many as there are treated units."""
    numbers = np.array([(panel.start == one.start).sum() for one in found.fits])
    total: Floats = sum(
        (n * one.unit_weights[0] for n, one in zip(numbers, found.fits, strict=True)), np.zeros(len(panel.start))
    )
    return tuple(UnitWeight(panel.sample.units[i], float(total[i])) for i in np.flatnonzero(total > 0))


def _fit_notes(panel: Complete, found: Assigned, weighting: Weighting) -> list[str]:
    """How near the weighted donors come to the treated before the start, and whether they could at all."""
    square = level = outside = cells = 0.0
    for one in found.fits:
        before = panel.values[:, : one.start]
        gap = (one.contrast @ before)[0]
        gap = gap - gap.mean() if weighting.intercept else gap
        share = np.where(panel.start == one.start, one.contrast[0], 0.0)
        treated, donors = share @ before, before[panel.start == NEVER]
        square += float((gap**2).sum())
        level += float(np.abs(treated).sum())
        outside += float(((treated > donors.max(axis=0)) | (treated < donors.min(axis=0))).sum())
        cells += one.start
    miss = float(np.sqrt(square / cells))
    relative = f", {100 * miss / (level / cells):.1f} % of their level" if panel.scale == "difference" and level > 0 else ""
    notes = [f"before the start the weighted comparison misses the treated by {miss:.3g} (root mean square){relative}"]
    if outside and not weighting.intercept:
        notes.append(
            f"in {outside:.0f} of {cells:.0f} periods before the start the treated lie above or below every comparison unit, "
            "and no weights can reach them: synthetic_did, which allows a constant distance, may fit better"
        )
    return notes
