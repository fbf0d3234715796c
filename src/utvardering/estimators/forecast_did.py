"""Did the treated go another way than their own past foretold, compared with how wrong forecasts are?

Every unit's periods after the start are forecast from its own past by the covariance that the past of all units teaches
(`forecast_model`); period effects come from all units by generalised least squares. With C_i the covariance of the forecast
errors e_i and d_i the treatment, errors are combined with w_i = max(C_i⁻¹ d_i, 0): near periods count more, since forecasts
drift, and well-forecast units count more. The estimate is Σ w_i'e_i ÷ Σ w_i'd_i over the treated: exact generalised least
squares where nothing is cut off at zero. No unit is singled out, so the same scores serve every re-assignment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import (
    Estimate,
    Job,
    Result,
    from_placebo,
    profiles,
    require_periods,
    without_anticipation,
)
from utvardering.estimators.forecast_blocks import Blocks, blocks, usable
from utvardering.estimators.forecast_model import learn, less_common, within
from utvardering.inference.randomization import LinearScores, PlaceboTest, linear_placebo_test
from utvardering.inference.reassignment import Reassignments, reassign

Array = NDArray[np.float64]

_FEWEST_BEFORE = 4
_FEWEST_UNITS = 8
_NO_SPREAD = 1e-9  # relative
_ROUNDING = 1e-9  # relative: what is left of a treatment that period effects explain wholly


@dataclass(frozen=True)
class Forecasts:
    """Scores of every unit under every profile, by precision and with equal weights; shares of the weight by block after."""

    precise: LinearScores
    equal: LinearScores
    share: Array


def forecast_did(job: Job) -> Result:
    """Estimate the weighted mean effect on the treated from forecast errors (`att_weighted`), with its placebo test.

    Counts give a log ratio, other outcomes a difference. Raises DesignError for covariates, fewer than four
    blocks of periods before the start or eight units, and treated units that cannot be forecast.
    """
    require_periods(job.sample, job.outcome)
    _refuse(job)
    whole = without_anticipation(job.sample)
    kept = usable(whole, job.outcome)
    sample = whole.only(kept)
    blocked = blocks(sample, job.outcome)
    if blocked.before < _FEWEST_BEFORE or len(sample.units) < _FEWEST_UNITS or sample.treated.all():
        msg = (
            f"{job.outcome.id}: a forecast needs {_FEWEST_BEFORE} blocks of periods before the start and {_FEWEST_UNITS} "
            f'units, found {blocked.before} and {len(sample.units)}; write estimator = "did" or "poisson_did"'
        )
        raise DesignError(msg)
    found = forecasts(blocked, sample.groups, None if sample.grid.weights is None else sample.grid.weights.mean(axis=1))
    draws = reassign(profiles(blocked.treatment)[0], job.rng(), strata=sample.strata, draws=job.draws)
    estimate = held(found.precise, draws)
    test = linear_placebo_test(found.precise, draws, job.estimation.level)
    note = _note(blocked, found)
    row = from_placebo(test, job, estimand="att_weighted", scale=blocked.scale, estimate=estimate, note=note)
    return Result((_with_units(row, found, draws, job),), int(np.isfinite(sample.y).sum()), silent=_left(whole, kept))


def forecasts(blocked: Blocks, groups: NDArray[np.int64] | None = None, weight: Array | None = None) -> Forecasts:
    """Scores of all units from values and what their past teaches.

    groups (N,): period effects within each; weight (N,): analysis weights, by which units count beside their precision.
    """
    _, courses = profiles(blocked.treatment)
    past = blocked.values[:, : blocked.before]
    changes = past - past.mean(axis=1, keepdims=True)
    unit = float(np.std(changes - changes.mean(axis=0))) or 1.0
    wander = learn(past / unit, blocked.size, blocked.shape, _standardised(blocked.traits))
    precision = within(wander.covariance())
    less = _common(blocked, groups)
    residual, effect = less(blocked.values / unit, precision), less(blocked.treatment, precision)
    size = blocked.size
    parts = [_profile(course, precision, residual, effect, size) for course in courses]
    sums = np.array([[part.score, part.slope, part.spread] for part in parts])
    mass = precision.trace(axis1=1, axis2=2)
    own = np.ones((len(mass), 1)) if weight is None else weight[:, None] / weight.mean()
    share = parts[0].weight.mean(axis=0)

    def scores(which: int) -> LinearScores:
        score, slope, spread = (sums[:, k, which].T for k in range(3))
        return LinearScores(own * score * unit, own * slope, own**2 * spread * unit**2, mass / mass.sum())

    return Forecasts(scores(0), scores(1), share / share.sum())


@dataclass(frozen=True)
class _Profile:
    """(2, N) scores, slopes and variances of all units if they carried a profile, by precision and equally; weights."""

    score: Array
    slope: Array
    spread: Array
    weight: Array


def _profile(course: Array, precision: Array, residual: Array, effect: Array, size: Array) -> _Profile:
    after = np.flatnonzero(course > 0)
    before = np.arange(after[0])
    block = precision[:, after[:, None], after[None, :]]
    error_covariance = np.linalg.inv(block)
    d = course[after]
    by_precision = np.maximum(block @ d, 0.0)
    equal = np.repeat(d[None] / (d @ d), len(size), axis=0) * size[:, None]
    to_past = precision[:, after[:, None], before[None, :]]
    out = []
    for weight in (by_precision, equal):
        through = np.einsum("nk,nkl->nl", weight, error_covariance)
        past = np.einsum("nk,nkj->nj", through, to_past)
        sums = [
            np.einsum("nk,nk->n", weight, z[:, after]) + np.einsum("nj,nj->n", past, z[:, before]) for z in (residual, effect)
        ]
        sums[1][np.abs(sums[1]) <= _ROUNDING * np.abs(weight @ d)] = 0.0
        out.append([*sums, np.einsum("nk,nk->n", through, weight)])
    score, slope, spread = np.array(out).transpose(1, 0, 2)
    return _Profile(score, slope, spread, by_precision)


def _common(blocked: Blocks, groups: NDArray[np.int64] | None) -> Callable[[Array, Array], Array]:
    """What takes out of (N, B) values what units have in common, within groups of period effects."""
    step = (np.arange(len(blocked.shape)) >= blocked.before).astype(float)
    groups = np.zeros(len(blocked.values), dtype=np.int64) if groups is None else groups

    def less(values: Array, precision: Array) -> Array:
        out = np.empty_like(values)
        for code in np.unique(groups):
            rows = groups == code
            out[rows] = less_common(values[rows], precision[rows], step, _standardised(blocked.traits[rows]))
        return out

    return less


def _standardised(traits: Array) -> Array:
    """Traits with mean 0 and spread 1, and their squares; those that do not vary are left out."""
    spread = traits.std(axis=0)
    kept = spread > _NO_SPREAD * np.maximum(np.abs(traits).max(axis=0, initial=0), 1e-300)
    z = (traits[:, kept] - traits[:, kept].mean(axis=0)) / spread[kept]
    return np.column_stack([z, z**2 - (z**2).mean(axis=0)])


def held(scores: LinearScores, draws: Reassignments) -> float:
    """The effect at which the summed score of the actually treated is zero; a DesignError where nothing tells."""
    slope = float(draws.total(scores.slope)[0])
    if slope <= 0:
        msg = "treatment does not differ between units within periods, so no effect can be told apart"
        raise DesignError(msg)
    return float(draws.total(scores.score)[0]) / slope


def _with_units(row: Estimate, found: Forecasts, draws: Reassignments, job: Job) -> Estimate:
    """Units over the whole period follow from the equal-weight estimate and its own interval."""
    if job.outcome.kind != "count" or not job.intervals:
        return row
    test: PlaceboTest = linear_placebo_test(found.equal, draws, job.estimation.level)
    return replace(row, unit_estimates=(held(found.equal, draws), test.ci_low, test.ci_high))


def _note(blocked: Blocks, found: Forecasts) -> str:
    """Shares of the weight by block from the start, in the order of time."""
    shares = ", ".join(f"{share:.2f}" for share in found.share)
    length = f"blocks of {blocked.length} periods" if blocked.length > 1 else "periods"
    return f"weighted mean over {length} from the start: {shares}"


def _left(whole: Sample, kept: NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(np.array(whole.units)[~kept].tolist())


def _refuse(job: Job) -> None:
    """Covariates, of which forecasts from a unit's own past have no use."""
    if job.estimation.covariates:
        msg = f"{job.outcome.id}: forecast_did takes no covariates; a unit's own past stands in for them"
        raise DesignError(msg)
