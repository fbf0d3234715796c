"""How far apart were treated and comparison units before the start, in standard deviations, and did one foretell the other?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utvardering.planning.likeness import Floats, Mask, Past, profiles, slopes, traits, unit_means

_ROUNDING = 1e-11  # of the numbers that a difference is made of: below it nothing differs
_FEWEST = 2  # periods that a choice is made from when the last ones are held out


@dataclass(frozen=True)
class Difference:
    """What treated and comparison units had in a variable, and the difference in standard deviations between units."""

    variable: str
    treated: float
    comparison: float
    standardised_difference: float


def differences(name: str, past: Past, treated: Mask, comparison: Mask) -> tuple[Difference, ...]:
    """Level, size, trend and season of one outcome.

    The level is the mean (a count with exposure as a rate), as in the check `comparison`. `name.season` is the root mean square
    over the year, so never negative, and its columns hold the mean profile's highest less its lowest place.
    """
    slope = slopes(past)
    scale = 1.0 if past.relative else _size(unit_means(past.values))
    rows = [_difference(name, unit_means(past.values), past, treated, comparison)]
    if past.exposure is not None:
        rows.append(_difference(f"{name}.exposure", unit_means(past.exposure), past, treated, comparison))
    if np.isfinite(slope[treated]).any():
        rows.append(_difference(f"{name}.trend", slope, past, treated, comparison, scale))
    if "season" in traits(past):
        rows.append(_season(f"{name}.season", profiles(past, slope), past, treated, comparison, scale))
    return tuple(rows)


def covariate_differences(past: Past, treated: Mask, comparison: Mask) -> tuple[Difference, ...]:
    """The means of each covariate."""
    return tuple(_difference(name, unit_means(values), past, treated, comparison) for name, values in past.covariates.items())


def means(past: Past, units: Mask) -> Floats:
    """(T,) weighted mean of the units that have a value; NaN where none has."""
    weight = np.where(np.isfinite(past.values[units]), past.weight[units, None], 0.0)
    weight = np.nan_to_num(weight)
    held = weight.sum(axis=0)
    total = (np.nan_to_num(past.values[units]) * weight).sum(axis=0)
    return np.where(held > 0, total / np.where(held > 0, held, 1.0), np.nan)


def held_out(past: Past, follow_up: int) -> int:
    """Periods at the end of the past that a choice is tried on: as many as the follow-up, at most half; 0 with too few."""
    length = past.values.shape[1]
    return min(max(follow_up, 1), length // 2) if length // 2 and length - length // 2 >= _FEWEST else 0


def forecast_error(past: Past, treated: Mask, comparison: Mask, held: int) -> float:
    """Root mean square error with which the comparison's mean foretold the treated's in the last `held` periods.

    The treated are foretold to keep the ratio (relative) or the difference to the comparison that they had on average until
    then. As a share of the treated's mean until then where relative, else in the unit of the outcome.
    """
    own, others = means(past, treated), means(past, comparison)
    cut = len(own) - held
    seen = np.isfinite(own) & np.isfinite(others)
    early, late = seen[:cut], seen[cut:]
    if not held or not early.any() or not late.any():
        return float("nan")
    before, beside = float(own[:cut][early].mean()), float(others[:cut][early].mean())
    if past.relative:
        if before <= 0 or beside <= 0:
            return float("nan")
        error = own[cut:] / before - others[cut:] / beside
    else:
        error = own[cut:] - others[cut:] - (before - beside)
    return float(np.sqrt(np.mean(error[late] ** 2)))


def _difference(name: str, unit: Floats, past: Past, treated: Mask, comparison: Mask, scale: float | None = None) -> Difference:
    """`scale` is the size of the numbers that rounding is measured by, where it is not their own."""
    one, other = _weighted(unit, past, treated), _weighted(unit, past, comparison)
    size = _size(unit) if scale is None else scale
    return Difference(name, one, other, _standardised(one - other, _pooled(unit[:, None], treated, comparison), size))


def _season(name: str, profile: Floats, past: Past, treated: Mask, comparison: Mask, scale: float) -> Difference:
    one, other = (np.array([_weighted(column, past, units) for column in profile.T]) for units in (treated, comparison))
    gap = float(np.sqrt(np.nanmean((one - other) ** 2))) if np.isfinite(one - other).any() else float("nan")
    swing = [float(np.nanmax(mean) - np.nanmin(mean)) if np.isfinite(mean).any() else float("nan") for mean in (one, other)]
    return Difference(name, swing[0], swing[1], _standardised(gap, _pooled(profile, treated, comparison), scale))


def _standardised(gap: float, variance: float, size: float) -> float:
    if np.isnan(gap):
        return float("nan")
    rounding = _ROUNDING * size
    if variance > rounding**2:
        return float(gap / np.sqrt(variance))
    return float(np.sign(gap) * np.inf) if abs(gap) > rounding else 0.0


def _size(numbers: Floats) -> float:
    return float(np.nanmax(np.abs(numbers))) if np.isfinite(numbers).any() else 0.0


def _pooled(numbers: Floats, treated: Mask, comparison: Mask) -> float:
    """Mean of the two groups' variances between units (over the columns), or the one that can be had."""
    variances = []
    for units in (treated, comparison):
        of_columns = [
            float(np.var(seen, ddof=1)) for column in numbers[units].T if len(seen := column[np.isfinite(column)]) > 1
        ]
        if of_columns:
            variances.append(float(np.mean(of_columns)))
    return float(np.mean(variances)) if variances else 0.0


def _weighted(unit: Floats, past: Past, units: Mask) -> float:
    seen = units & np.isfinite(unit) & np.isfinite(past.weight)
    return float(np.average(unit[seen], weights=past.weight[seen])) if seen.any() else float("nan")
