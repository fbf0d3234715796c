"""How much more did the treated change than the comparison, relative to their own level, in the past?

The one contrast behind the checks of history and of the trend before the start: a change h_i of each unit is compared
relative to levels, on totals for a multiplicative estimator and on means for an additive one, and judged by the same
studentised placebo test as the effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import Design
from utvardering.errors import DesignError
from utvardering.estimators.base import additive_values
from utvardering.estimators.registry import planned_method
from utvardering.inference.noise import predicted_variance, seen_mean
from utvardering.inference.randomization import LinearScores, PlaceboTest, linear_placebo_test
from utvardering.inference.reassignment import reassign


@dataclass(frozen=True)
class Contrast:
    """Relative difference in change between treated and comparison, with its placebo test."""

    estimate: float
    test: PlaceboTest


def relative_contrast(design: Design, weights: NDArray[np.float64], level: float) -> Contrast:
    """The contrast of Σ_t weights_t y_it, where weights (T,) sum to zero over the periods before the start."""
    sample = design.sample
    values, multiplicative = past_values(design)
    values = _filled(values)
    change = values @ weights
    noise = predicted_variance(values, _size(values)) * float(np.sum(weights**2))
    treated = sample.treated.astype(float)
    levels = values.mean(axis=1)
    if levels[sample.treated].sum() == 0 or levels[~sample.treated].sum() == 0:
        msg = f"{design.outcome.id}: no events before the start, so there is no level to compare with"
        raise DesignError(msg)
    if multiplicative:
        base, mass = levels, levels / levels.sum()
    else:
        unit = 1.0 if design.outcome.transform == "log" else abs(float(levels[sample.treated].mean()))
        base, mass = np.full(len(levels), unit), np.full(len(levels), 1 / len(levels))
    scores = LinearScores(
        score=(change - change.sum() * base / base.sum())[:, None],
        slope=(treated * base - (treated @ base) * base / base.sum())[:, None],
        spread=noise[:, None],
        mass=mass,
    )
    rng = np.random.default_rng(design.estimation.seed)
    draws = reassign(np.where(sample.treated, 0, -1).astype(np.intp), rng, strata=sample.strata)
    test = linear_placebo_test(scores, draws, level)
    held = scores.score[sample.treated].sum() / scores.slope[sample.treated].sum()
    return Contrast(float(held), test)


def past_values(design: Design) -> tuple[NDArray[np.float64], bool]:
    """(N, T) the outcome before the start on the scale of the planned estimator, and whether it is multiplicative.

    Counts with exposure are brought to each unit's mean exposure, so that a growing population is no trend.
    """
    sample = design.sample
    method = planned_method(design.estimation.estimator, design.outcome)
    if not method.multiplicative or design.outcome.kind != "count":
        return additive_values(sample, design.outcome)[0], False
    if sample.grid.exposure is None:
        return sample.y, True
    return sample.y / sample.grid.exposure * seen_mean(sample.grid.exposure, 1), True


def _filled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing cells at their unit's mean plus the period's mean deviation."""
    unit = seen_mean(values, 1)
    period = np.nan_to_num(seen_mean(values - unit, 0))
    return np.where(np.isnan(values), unit + period, values)


def _size(values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    level = values.mean(axis=1)
    return level if np.all(level > 0) else None
