"""Balancing weights: how much more did the treated have after the start than comparison areas that had exactly as much before?

Non-negative weights on the comparison units reproduce the treated units' total in every period before the start, of every
outcome and covariate, and their number; of the many sets of weights that do, the one nearest to equal is taken (least sum of
squares). The effect is the treated's mean after the start less the weighted comparison's. One set serves all outcomes
(Robbins, Saunders & Kilmer 2017, J. Am. Stat. Assoc. 112:109, for calibration over many small areas; minimum norm:
Deville & Särndal 1992, J. Am. Stat. Assoc. 87:376, with the lower limit 0).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.balance import EXACT, entropy, independent, minimum_norm
from utvardering.estimators.balance_faults import infeasible
from utvardering.estimators.balance_totals import Totals, totals
from utvardering.estimators.base import (
    RANDOMIZED,
    REFITS,
    Estimate,
    EventEffect,
    Job,
    Result,
    UnitWeight,
    additive_values,
    from_placebo,
    require_periods,
    without_anticipation,
)
from utvardering.estimators.did import unit_noise
from utvardering.estimators.effects import effect_size
from utvardering.inference.randomization import INNER, PlaceboTest, studentised_placebo_test
from utvardering.inference.reassignment import ENUMERATE_UP_TO, reassign

Floats = NDArray[np.float64]

_KEPT = 1e-12  # of the largest weight: less is rounding of a weight that is 0
_LISTED = 1_000_000  # weights of all listed re-assignments together
_SHARES = 4_000_000  # numbers of one intermediate array: 32 MB


@dataclass(frozen=True)
class Fits:
    """What re-assignments show, row 0 the first one asked for, without those that cannot be balanced.

    gaps (R, T) mean of the carriers less the weighted rest in each period after; slope (R, T) what a unit of effect on the
    actual treated adds; spread (R,) predicted variance of a gap; weights (N,) of the first; left_out how many cannot be
    balanced.
    """

    gaps: Floats
    slope: Floats
    spread: Floats
    weights: Floats
    left_out: int


@dataclass(frozen=True)
class Balancer:
    """Totals to be balanced, made ready to solve, and what is to be compared: (N, T) values and shares after the start."""

    totals: Totals
    basis: Floats
    values: Floats
    shares: Floats
    noise: Floats

    def fit(self, carriers: NDArray[np.intp], barred: NDArray[np.bool_]) -> Fits:
        """Weights for each row of (R, n) carriers, on units that neither carry nor are barred."""
        mass = self.totals.mass
        block = max(_SHARES // len(mass), 1)
        parts = []
        first = np.zeros(len(mass))
        for begin in range(0, len(carriers), block):
            rows = carriers[begin : begin + block]
            carried = np.zeros((len(rows), len(mass)))
            np.put_along_axis(carried, rows, mass[rows], axis=1)
            weights, solved = minimum_norm(self.basis, np.sqrt(mass), carried, (carried == 0) & ~barred)
            solved &= self._exact(weights, carried)
            first = weights[0] if begin == 0 else first
            contrast = (carried - weights)[solved] / carried[solved].sum(axis=1, keepdims=True)
            parts.append((contrast @ self.values, contrast @ self.shares, contrast**2 @ self.noise, solved))
        gaps, slope, spread, solved = (np.concatenate(each) for each in zip(*parts, strict=True))
        return Fits(gaps, slope, spread, first if solved[0] else np.zeros(0), int((~solved).sum()))

    def _exact(self, weights: Floats, carried: Floats) -> NDArray[np.bool_]:
        """(R,) whether every total is reproduced, by the totals themselves and not by what was solved."""
        columns = self.totals.columns
        missed = np.abs((weights - carried) @ columns)
        return np.asarray((missed <= EXACT * ((weights + carried) @ np.abs(columns)) + np.finfo(float).tiny).all(axis=1))


def balanced_weights(job: Job) -> Result:
    """Estimate the mean effect on the treated after the start, per unit and period.

    Raises DesignError where starts differ, where the outcome is taken in logarithms, where no non-negative weights reproduce
    the treated's totals (the message names which), or where no re-assignment can be balanced.
    """
    require_periods(job.sample, job.outcome)
    if job.outcome.transform != "none":
        msg = f'{job.outcome.id}: balanced_weights reproduces totals, and logarithms have none; write transform = "none"'
        raise DesignError(msg)
    sample = without_anticipation(job.sample)
    values, scale = additive_values(sample, job.outcome)
    wanted = totals(job)
    balancer = Balancer(
        totals=wanted,
        basis=independent(np.sqrt(wanted.mass)[:, None] * wanted.columns),
        values=values[wanted.units][:, wanted.after],
        shares=sample.grid.treatment[wanted.units][:, wanted.after],
        noise=unit_noise(sample, values)[wanted.units],
    )
    actual = balancer.fit(np.flatnonzero(wanted.treated)[None, :], np.zeros(len(wanted.mass), dtype=bool))
    if actual.left_out:
        raise DesignError(infeasible(job.outcome.id, wanted))
    path = _over_periods(actual)
    estimate = float(actual.gaps[0] @ path)
    observed = wanted.mass[wanted.treated] @ balancer.values[wanted.treated] / wanted.mass[wanted.treated].sum()
    without = float(observed.mean() - actual.slope[0].mean() * estimate)
    size = replace(effect_size(sample, job.outcome, estimate, scale), counterfactual=without)
    rows, events = [], []
    notes = [_reproduced(wanted), *wanted.notes, *_with_entropy(balancer, path)]
    for inference in job.inferences:
        if inference in RANDOMIZED:
            fits = _reassigned(job, sample, balancer)
            note = "; ".join([*notes, *_infeasible_note(fits, "re-assignments")])
            test = _placebo(fits, path, job.estimation.level)
            rows.append(from_placebo(test, job, estimand="att", scale=scale, estimate=estimate, note=note))
            events += _events(fits, job, scale, inference, np.flatnonzero(wanted.after) - (sample.common_start or 0))
        else:
            rows.append(_normal(job, sample, balancer, path, scale, estimate, notes))
    count = int((wanted.treated).sum()) / wanted.mass[wanted.treated].sum()
    weights = tuple(
        UnitWeight(sample.units[wanted.units[k]], float(actual.weights[k] * count))
        for k in np.flatnonzero(actual.weights > _KEPT * actual.weights.max())
    )
    cells = len(wanted.mass) * int((wanted.before | wanted.after).sum())
    return Result(tuple(replace(row, size=size) for row in rows), cells, tuple(events), weights=weights)


def _over_periods(actual: Fits) -> Floats:
    """(T,) what each period's gap counts for in the estimate: least squares of the gaps on the share under the measure."""
    share = actual.slope[0]
    return np.asarray(share / (share @ share))


def _reassigned(job: Job, sample: Sample, balancer: Balancer) -> Fits:
    """Weights for the actual treated and for every re-assignment, each found by the same rule.

    Weights depend on what was before the start only, so that a hypothesised effect enters every gap linearly. What cannot be
    balanced is left out: an actual assignment like that would have been refused, so the test is one among those that would
    not (a conditional randomization test, Hennessy et al. 2016, J. Causal Inference 4:61).
    """
    wanted = balancer.totals
    profile = np.where(wanted.treated, 0, -1).astype(np.intp)
    strata = None if sample.strata is None else sample.strata[wanted.units]
    draws = reassign(profile, job.rng(), strata=strata, draws=job.refits, enumerate_up_to=_listed_up_to(job, len(profile)))
    fits = balancer.fit(draws.units, np.zeros(len(wanted.mass), dtype=bool))
    if len(fits.gaps) == 1:
        msg = (
            f"{job.outcome.id}: none of the {fits.left_out} re-assignments can be balanced exactly, so there is nothing to "
            "judge by; take more comparison units, or fewer outcomes, covariates or periods before the start"
        )
        raise DesignError(msg)
    return fits


def _listed_up_to(job: Job, n_units: int) -> int:
    """How many re-assignments are listed rather than drawn: more than are drawn, where units are few and a fit costs little."""
    cheap = min(ENUMERATE_UP_TO, _LISTED // n_units) if job.refits == REFITS else 0
    return max(job.refits + 1, cheap)


def _placebo(fits: Fits, path: Floats, level: float) -> PlaceboTest:
    sd = np.sqrt(np.maximum(fits.spread, np.finfo(float).tiny))
    return studentised_placebo_test(fits.gaps @ path, fits.slope @ path, sd, 1 / len(fits.gaps), level)


def _normal(
    job: Job, sample: Sample, balancer: Balancer, path: Floats, scale: str, estimate: float, notes: list[str]
) -> Estimate:
    """Normal interval from the variance of the estimates for comparison units taken as treated, the treated barred."""
    wanted = balancer.totals
    strata = np.zeros(len(wanted.mass), dtype=np.int64) if sample.strata is None else sample.strata[wanted.units]
    pool = np.flatnonzero(~wanted.treated)
    profile = np.full(len(pool), -1, dtype=np.intp)
    for code in np.unique(strata[wanted.treated]):
        mine, need = np.flatnonzero(strata[pool] == code), int((strata[wanted.treated] == code).sum())
        if len(mine) <= need:
            msg = f"{job.outcome.id}: {len(mine)} comparison units cannot stand in for {need} treated; write randomization"
            raise DesignError(msg)
        profile[mine[:need]] = 0
    draws = reassign(profile, job.rng(), strata=strata[pool], draws=job.refits, enumerate_up_to=_listed_up_to(job, len(pool)))
    fits = balancer.fit(pool[draws.units], wanted.treated)
    if len(fits.gaps) < 2:  # noqa: PLR2004 -- a variance needs two
        msg = (
            f"{job.outcome.id}: only {len(fits.gaps)} of the placebo assignments can be balanced exactly; "
            "take more comparison units, or fewer outcomes, covariates or periods before the start"
        )
        raise DesignError(msg)
    std_error = float(np.std(fits.gaps @ path))
    outer, inner = (stats.norm.ppf((1 + each) / 2) * std_error for each in (job.estimation.level, INNER))
    return Estimate(
        estimand="att",
        scale=scale,
        estimate=estimate,
        std_error=std_error,
        ci_low=estimate - outer,
        ci_high=estimate + outer,
        inner_low=estimate - inner,
        inner_high=estimate + inner,
        p_value=float(2 * stats.norm.sf(abs(estimate) / std_error)) if std_error > 0 else float(estimate == 0),
        inference="placebo",
        note="; ".join([*notes, *_infeasible_note(fits, "placebo assignments")]),
    )


def _events(fits: Fits, job: Job, scale: str, inference: str, periods: NDArray[np.intp]) -> list[EventEffect]:
    """A row for each period after; those before are 0 by construction and tell nothing."""
    tests = [
        _placebo(fits, (np.arange(len(periods)) == k) / fits.slope[0, k], job.estimation.level) for k in range(len(periods))
    ]
    placebo = np.array([np.abs(test.statistics[1:]) for test in tests])
    scaled = placebo / np.maximum(np.sqrt(np.mean(placebo**2, axis=1, keepdims=True)), np.finfo(float).tiny)
    reach = float(np.quantile(scaled.max(axis=0), job.estimation.level, method="higher"))
    return [
        EventEffect(
            estimand="att",
            scale=scale,
            inference=inference,
            period_from_start=int(period),
            estimate=(effect := float(fits.gaps[0, k] / fits.slope[0, k])),
            std_error=test.std_error,
            ci_low=test.ci_low,
            ci_high=test.ci_high,
            band_low=effect - reach * test.std_error,
            band_high=effect + reach * test.std_error,
        )
        for k, (period, test) in enumerate(zip(periods, tests, strict=True))
    ]


def _with_entropy(balancer: Balancer, path: Floats) -> list[str]:
    """The estimate by the other usual choice among the weights that balance: how much the choice matters."""
    wanted = balancer.totals
    carried = np.where(wanted.treated, wanted.mass, 0.0)
    weights = entropy(balancer.basis, np.sqrt(wanted.mass), carried, ~wanted.treated)
    if weights is None:
        return ["no weights that are all positive balance"]
    other = float((carried - weights) @ balancer.values @ path / carried.sum())
    return [f"with entropy weights, which balance as well, the estimate is {other:.4g}"]


def _reproduced(wanted: Totals) -> str:
    return f"{len(wanted.names)} totals are reproduced exactly, by the weights with the least sum of squares that do"


def _infeasible_note(fits: Fits, what: str) -> list[str]:
    count = fits.left_out + len(fits.gaps)
    return [f"{fits.left_out} of {count} {what} cannot be balanced exactly and are left out"] if fits.left_out else []
