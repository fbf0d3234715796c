"""Effects in blocks of periods before and after the start, with their covariance: what bounds on the trends are computed from.

Monthly effects against a single month are many and noisy, and their covariance cannot be learned from few areas. So periods
are joined to quarters, half-years or years, counted from the start: forwards from the first period under the measure, backwards
from the last one before it (less anticipation). The last block before is the reference. β_b compares its change to block b in
the treated with that in the units that never begin: mean changes for differences, the logarithm of events ÷ expected events for
counts, where each treated unit is expected to change as the comparison did over the same periods.

The covariance is clustered where at least thirty are treated. Else it is that of the placebo effects: the effects are taken out
of the treated, the starts are dealt to other units, and each placebo effect is scaled by the predicted noise of the actual
treated over that of the units drawn, as the standard error of a placebo test is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import additive_values, profiles
from utvardering.estimators.did import unit_noise
from utvardering.estimators.estimate import FEW_TREATED
from utvardering.inference.cluster import cluster_covariance
from utvardering.inference.honest import PeriodEffects
from utvardering.inference.noise import count_dispersion
from utvardering.inference.reassignment import Reassignments, reassign
from utvardering.study.model import Estimation, Outcome

LENGTHS = {
    "week": (1, 4, 13, 26, 52),
    "month": (1, 3, 6, 12),
    "quarter": (1, 2, 4),
    "year": (1, 2, 3, 4, 5),
    "index": (1, 2, 3, 4, 6, 12),
}
"""Periods to a block that are tried, the shortest first."""

MOST_EFFECTS = 12
"""More effects than this are not read as a course, and single ones are noise."""

UNITS_PER_EFFECT = 3
"""Units that could carry the measure for each effect, at least: fewer do not tell the effects' covariance."""

FEWEST_BEFORE = 2
"""Effects before the reference, at least: one alone is as much noise as trend."""

_DRAWS = 1_999  # a variance from so many is known to three per cent


@dataclass(frozen=True)
class TrendBlocks:
    """The effects per block, how long a block is, and whether the covariance is clustered or from placebos."""

    found: PeriodEffects
    length: int
    scale: str
    inference: str


@dataclass(frozen=True)
class _Changes:
    """What the units show in K blocks other than the reference, for each of G cohorts' own periods.

    later, expected (G, K, N): value in the block and what the unit's value in the reference block lets expect, were nothing
    to change; weight (N,); cohort (N,), −1 for those that never begin.
    """

    later: NDArray[np.float64]
    expected: NDArray[np.float64]
    weight: NDArray[np.float64]
    cohort: NDArray[np.intp]


def trend_blocks(sample: Sample, outcome: Outcome, estimation: Estimation, scale: str) -> TrendBlocks:
    """Effects per block on a scale, `log_ratio` or `difference`, with the mean over the blocks after as what is asked.

    Comparison units with a missing value are left out. Raises DesignError where a treated one has a gap, periods or units are
    too few, the plan adjusts for covariates or groups' own periods, or a block has no events.
    """
    _refuse(sample, outcome, estimation)
    cohort, before, after = _windows(sample, outcome)
    draws = None
    if int((cohort >= 0).sum()) < FEW_TREATED:
        rng = np.random.default_rng(estimation.seed)
        draws = reassign(cohort, rng, strata=sample.strata, draws=_DRAWS)
    units = len(np.unique(sample.cluster)) if draws is None else len(np.unique(draws.units))
    length, n_before, n_after = _length(sample, outcome, (before.shape[1], after.shape[1]), units)
    # (G, 1 + K, length) places, the reference first
    old = before[:, : n_before * length].reshape(len(before), n_before, length)
    new = after[:, : n_after * length].reshape(len(after), n_after, length)
    places = np.concatenate([old[:, :1], old[:, :0:-1], new], axis=1)
    counts = scale == "log_ratio" and outcome.transform == "none"
    changes = _changes(sample, outcome, places, cohort, counts=counts)
    effects = _ratios(changes) if counts else _differences(changes)
    null = _without(changes, effects, counts=counts)
    if draws is None:
        covariance = _clustered(sample, null, counts=counts)
        inference = "cluster"
    else:
        covariance = _placebos(sample, outcome, null, draws, length, counts=counts)
        inference = "placebo"
    freedom = units - 1
    wider = stats.t.ppf((1 + estimation.level) / 2, freedom) / stats.norm.ppf((1 + estimation.level) / 2)
    weights = np.full(n_after, 1 / n_after)
    return TrendBlocks(PeriodEffects(effects, covariance * wider**2, n_before - 1, weights), length, scale, inference)


def _refuse(sample: Sample, outcome: Outcome, estimation: Estimation) -> None:
    if estimation.covariates or sample.groups is not None:
        what = "covariates" if estimation.covariates else "period_effects_by"
        msg = f"{outcome.id}: bounds on the trends are not there for a plan with {what}, which effects per block leave out"
        raise DesignError(msg)
    if sample.treated.all():
        msg = f"{outcome.id}: bounds on the trends need units that never get the measure; name some in [comparison]"
        raise DesignError(msg)


def _windows(sample: Sample, outcome: Outcome) -> tuple[NDArray[np.intp], NDArray[np.int64], NDArray[np.int64]]:
    """(N,) cohorts, and (G, ·) the places of their periods before, nearest first, and after, as many for each."""
    cohort, _ = profiles(np.where(sample.treated, sample.start, -1)[:, None] + 1.0)
    before, after = [], []
    for g in range(int(cohort.max()) + 1):
        members = cohort == g
        start = int(sample.start[members][0])
        seen = np.flatnonzero(np.isfinite(sample.y[members]).any(axis=0))
        under = np.flatnonzero((sample.grid.treatment[members] > 0).all(axis=0))
        before.append(seen[seen < start - sample.anticipation][::-1])
        after.append(seen[np.isin(seen, under) & (seen >= start)])
    lengths = [min(len(places) for places in side) for side in (before, after)]
    if 0 in lengths:
        side = "before" if not lengths[0] else "after"
        msg = f"{outcome.id}: a treated unit has no period {side} its start; move [period] first or last, or the start"
        raise DesignError(msg)
    old, new = (np.array([places[:n] for places in side]) for side, n in zip((before, after), lengths, strict=True))
    return cohort, old, new


def _length(sample: Sample, outcome: Outcome, periods: tuple[int, int], units: int) -> tuple[int, int, int]:
    """Periods to a block, blocks before (the reference counted) and after: the shortest blocks that are few enough."""
    limit = min(MOST_EFFECTS, (units - 1) // UNITS_PER_EFFECT)
    fits = [
        (length, periods[0] // length, periods[1] // length)
        for length in LENGTHS[sample.grid.calendar.unit]
        if periods[0] // length > FEWEST_BEFORE and periods[1] >= length
    ]
    if not fits:
        msg = (
            f"{outcome.id}: bounds on the trends need {FEWEST_BEFORE + 1} periods before the start and one after, found "
            f"{periods[0]} and {periods[1]}; move [period] first or last"
        )
        raise DesignError(msg)
    few = [fit for fit in fits if fit[1] + fit[2] - 1 <= limit]
    if not few:
        least = fits[-1][1] + fits[-1][2] - 1
        msg = (
            f"{outcome.id}: the covariance of {least} effects is not known from {units} units or clusters; "
            f"name at least {UNITS_PER_EFFECT * least + 1} in [comparison]"
        )
        raise DesignError(msg)
    return few[0]


def _changes(
    sample: Sample, outcome: Outcome, places: NDArray[np.int64], cohort: NDArray[np.intp], *, counts: bool
) -> _Changes:
    values = sample.y if counts else additive_values(sample, outcome)[0]
    exposure = sample.grid.exposure if counts else None
    whole = np.isfinite(values[:, np.unique(places)]).all(axis=1)
    own = np.array([g < 0 or np.isfinite(row[places[g]]).all() for row, g in zip(values, cohort, strict=True)])
    if not own[cohort >= 0].all():
        unit = np.array(sample.units, dtype=object)[(cohort >= 0) & ~own][0]
        msg = f"{outcome.id}: {unit} has a missing value in the periods that bounds on the trends compare; fill it in"
        raise DesignError(msg)
    keep = whole | (cohort >= 0)
    if not keep[cohort < 0].any():
        msg = f"{outcome.id}: every comparison unit has a missing value; fill some in"
        raise DesignError(msg)
    blocks = np.nan_to_num(values)[:, places].sum(axis=3)  # (N, G, 1 + K)
    if not counts:
        blocks = blocks / places.shape[2]
    expected = np.repeat(blocks[:, :, :1], blocks.shape[2] - 1, axis=2)
    if exposure is not None:
        held = np.nan_to_num(exposure)[:, places].sum(axis=3)
        expected = expected * np.divide(held[:, :, 1:], held[:, :, :1], out=np.zeros_like(expected), where=held[:, :, :1] > 0)
    weights = sample.grid.weights
    weight = np.ones(len(values)) if weights is None else np.nanmean(weights, axis=1)
    return _Changes(blocks[:, :, 1:].transpose(1, 2, 0), expected.transpose(1, 2, 0), np.where(keep, weight, 0.0), cohort)


def _own(changes: _Changes, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, N) values of the treated in their own periods, 0 for the others."""
    own = values[np.maximum(changes.cohort, 0), :, np.arange(len(changes.cohort))].T
    return np.where(changes.cohort >= 0, own, 0.0)


def _differences(changes: _Changes) -> NDArray[np.float64]:
    """(K,) mean changes of the treated less those of the comparison over the same periods."""
    change = changes.later - changes.expected
    weight = np.where(changes.cohort < 0, changes.weight, 0.0)
    held = change @ weight / weight.sum()  # (G, K)
    treated = np.where(changes.cohort >= 0, changes.weight, 0.0)
    gap = _own(changes, change) - held[np.maximum(changes.cohort, 0)].T
    return gap @ treated / treated.sum()


def _ratios(changes: _Changes) -> NDArray[np.float64]:
    """(K,) logarithm of the treated units' events ÷ those expected from the comparison's change."""
    weight = np.where(changes.cohort < 0, changes.weight, 0.0)
    treated = np.where(changes.cohort >= 0, changes.weight, 0.0)
    later, base = changes.later @ weight, changes.expected @ weight  # (G, K)
    seen = _own(changes, changes.later) @ treated
    if not (later.all() and base.all() and seen.all() and (_own(changes, changes.expected) @ treated).all()):
        msg = "no events in some block of the periods before or after the start, so no ratio exists; take a commoner outcome"
        raise DesignError(msg)
    rate = (later / base)[np.maximum(changes.cohort, 0)].T  # (K, N)
    return np.log(seen / ((_own(changes, changes.expected) * rate) @ treated))


def _without(changes: _Changes, effects: NDArray[np.float64], *, counts: bool) -> _Changes:
    """The changes with the effects taken out of the treated."""
    gone = changes.later * np.exp(-effects)[:, None] if counts else changes.later - effects[:, None]
    later = np.where(changes.cohort >= 0, gone, changes.later)
    return _Changes(later, changes.expected, changes.weight, changes.cohort)


def _clustered(sample: Sample, null: _Changes, *, counts: bool) -> NDArray[np.float64]:
    """(K, K) covariance from the influence of each unit, summed within clusters."""
    treated = np.where(null.cohort >= 0, null.weight, 0.0)
    weight = np.where(null.cohort < 0, null.weight, 0.0)
    cohort = np.maximum(null.cohort, 0)
    change = null.later - null.expected
    if counts:
        rate = (null.later @ weight) / (null.expected @ weight)  # (G, K)
        seen = _own(null, null.later) @ treated  # (K,)
        own = (_own(null, null.later) - rate[cohort].T * _own(null, null.expected)) * treated / seen[:, None]
        per_cohort = np.array([null.expected[g] @ np.where(null.cohort == g, null.weight, 0.0) for g in range(len(rate))])
        lift = per_cohort / (null.expected @ weight) / seen  # (G, K)
        other = np.einsum("gk,gkn->kn", lift, null.later - rate[:, :, None] * null.expected) * weight
    else:
        share = np.array([treated[null.cohort == g].sum() for g in range(len(change))]) / treated.sum()
        means = np.array([change[g] @ np.where(null.cohort == g, treated, 0.0) for g in range(len(change))])
        means /= (share * treated.sum())[:, None]
        own = (_own(null, change) - means[cohort].T) * treated / treated.sum()
        held = change @ weight / weight.sum()
        other = np.einsum("g,gkn->kn", share, change - held[:, :, None]) * weight / weight.sum()
    influence = np.where(null.cohort >= 0, own, -other).T
    count = influence.shape[1]
    n_obs = int((null.weight > 0).sum()) * (count + 1)
    return cluster_covariance(influence, sample.cluster, n_obs, 2 * count + 1)


def _placebos(
    sample: Sample, outcome: Outcome, null: _Changes, draws: Reassignments, length: int, *, counts: bool
) -> NDArray[np.float64]:
    """(K, K) covariance of the placebo effects around 0, scaled to the noise of the actual treated."""
    if len(draws.units) == 1:
        msg = f"{outcome.id}: there is no other unit to deal the start to, so no placebo; name units in [comparison]"
        raise DesignError(msg)
    weight = null.weight
    later, base = null.later * weight, null.expected * weight  # (G, K, N)
    held_later = later.sum(axis=2)[None] - np.stack([_total(draws, one) for one in later], axis=1)  # (R, G, K)
    held_base = base.sum(axis=2)[None] - np.stack([_total(draws, one) for one in base], axis=1)
    mass = weight.sum() - draws.total(weight)
    effect = np.zeros((len(draws.units), later.shape[1]))
    for g, units in draws.by_profile:
        own_later, own_base = (part[g].T[units].sum(axis=1) for part in (later, base))
        if counts:
            effect += own_later - own_base * held_later[:, g] / np.maximum(held_base[:, g], np.finfo(float).tiny)
        else:
            carried = weight[units].sum(axis=1)[:, None]
            effect += own_later - own_base - carried * (held_later[:, g] - held_base[:, g]) / mass[:, None]
    size, spread = _noise(sample, null, outcome, length, counts=counts)
    carried = draws.total(size)
    left = size.sum() - carried
    noise = draws.total(spread)
    deviation = np.sqrt(noise / carried**2 + (spread.sum() - noise) / left**2)
    if counts:  # events that the units drawn lead one to expect in each block
        effect = effect / (carried[:, None] / size.sum() * later[0].sum(axis=1))
    else:
        effect = effect / draws.total(weight)[:, None]
    placebo = effect[1:] * (deviation[0] / deviation[1:])[:, None]
    return placebo.T @ placebo / len(placebo)


def _total(draws: Reassignments, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """(R, K) sums of (K, N) values over the units of each re-assignment, whatever profile they carry."""
    return np.stack([draws.total(one) for one in values], axis=1)


def _noise(
    sample: Sample, null: _Changes, outcome: Outcome, length: int, *, counts: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) size of each unit in a sum, and predicted variance of what it adds to it."""
    weight = null.weight
    if not counts:
        values = additive_values(sample, outcome)[0]
        return weight, weight**2 * unit_noise(sample, values)
    first = max(int(sample.start[sample.treated].min()), 1)
    phi, psi = count_dispersion(sample.y[:, :first], max(min(length, first // 2), 1))
    level = (null.later.sum(axis=1) + null.expected.sum(axis=1)).mean(axis=0) / (2 * null.later.shape[1])
    half = level / 2  # binomial variance of a change between two such blocks
    return weight * level, weight**2 * 4 * (phi * half + psi * half**2)
