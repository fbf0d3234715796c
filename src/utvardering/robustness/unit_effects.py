"""What would each unit show, had it carried the measure? Unit effects of one estimator in one window and on one scale.

They stand behind the joint test of a specification curve. On a complete panel the contrast of treated and comparison means of
these effects is the estimate of `did` (and of `imputation` with one start), of `wdd`, and of `staggered_did` and `sun_abraham`
with units that never begin. For counts it is the score of `poisson_did`, to first order ln(events ÷ expected events) after the
start, where a fit to all units that singles out nobody tells what a unit's own events let expect.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.area_changes import area_changes, under_the_measure
from utvardering.estimators.base import additive_values, without_anticipation
from utvardering.estimators.did import unit_noise
from utvardering.estimators.poisson_did import dispersion
from utvardering.estimators.rank_one import Margins
from utvardering.robustness.joint_test import UnitEffects
from utvardering.study.model import Estimation, Outcome

Array = NDArray[np.float64]

MEAN_BEFORE = ("did", "imputation")
LAST_BEFORE = ("staggered_did", "sun_abraham")
RATIO = ("poisson_did", "poisson_staggered")
PLAIN = (*MEAN_BEFORE, *LAST_BEFORE, *RATIO, "wdd")
"""Estimators that are contrasts of unit effects."""

ONE_START = ("did", "imputation", "poisson_did", "poisson_staggered", "wdd")
"""Estimators of which it holds only where all begin at once: else later starters take part in the fit."""


def unit_effects(sample: Sample, outcome: Outcome, estimation: Estimation, estimator: str) -> UnitEffects | None:
    """Unit effects for an estimator on a sample, or None where they do not carry it.

    That is so with missing cells, a measure that ends or covers part of a period, covariates, groups' own period effects, the
    not-yet-treated as comparison, starts that differ for some estimators, and estimators that are no plain contrast. The
    profiles are the distinct starts, in order.
    """
    if estimator not in PLAIN or estimation.covariates or sample.groups is not None or np.isnan(sample.y).any():
        return None
    starts = np.unique(sample.start[sample.treated])
    if len(starts) > 1 and (estimator in ONE_START or estimation.comparison_group == "not_yet"):
        return None
    steps = (np.arange(sample.y.shape[1]) >= sample.start[:, None]).astype(float)
    if not np.array_equal(sample.grid.treatment, steps) or starts.min() - sample.anticipation < 1:
        return None
    try:
        if estimator == "wdd":
            return _events(sample, outcome)
        return _ratio(sample) if estimator in RATIO else _change(sample, outcome, estimator, starts)
    except DesignError:
        return None


def _change(sample: Sample, outcome: Outcome, estimator: str, starts: NDArray[np.int64]) -> UnitEffects:
    """Change of the mean after from the last period before, or from the mean over all of them."""
    noise = unit_noise(sample, additive_values(sample, outcome)[0])
    gap = sample.anticipation
    values = additive_values(sample, outcome)[0]
    effects, scales = [], []
    for start in starts:
        after = values[:, start:].mean(axis=1)
        old = values[:, start - 1 - gap : start - gap] if estimator in LAST_BEFORE else values[:, : start - gap]
        effects.append(after - old.mean(axis=1))
        scales.append(1 / (values.shape[1] - start) + 1 / old.shape[1])
    shape = np.ones((1, len(starts)))
    mass = np.ones(len(values)) if sample.grid.weights is None else sample.grid.weights.mean(axis=1)
    cells = (values.shape[1] - starts).astype(float)
    return UnitEffects(np.column_stack(effects), mass[:, None] * shape, noise[:, None] * np.array(scales), cells)


def _ratio(whole: Sample) -> UnitEffects:
    """(events − expected) ÷ h with the mass h, the binomial spread of the events after given the unit's total."""
    phi, psi = dispersion(whole)
    sample = without_anticipation(whole)
    grid, start = sample.grid, int(sample.start[sample.treated].min())
    weights = np.ones_like(grid.y) if grid.weights is None else grid.weights
    exposure = weights if grid.exposure is None else weights * grid.exposure
    y = weights * grid.y
    unit, period = Margins.of(y).fit(exposure)
    expected = (unit[:, None] * exposure * period)[:, start:].sum(axis=1)
    total, own = y.sum(axis=1), weights.mean(axis=1)
    share = np.divide(expected, total, out=np.zeros_like(total), where=total > 0)
    mass = expected * (1 - share)
    excess = y[:, start:].sum(axis=1) - expected
    effect = np.divide(excess, mass, out=np.zeros_like(mass), where=mass > 0)
    spread = mass / own
    variance = np.divide((phi * spread + psi * spread**2) * own**2, mass**2, out=np.zeros_like(mass), where=mass > 0)
    return UnitEffects(effect[:, None], mass[:, None], variance[:, None], np.ones(1))


def _events(sample: Sample, outcome: Outcome) -> UnitEffects | None:
    """Change in events per exposure, each unit with its exposure as mass."""
    found = area_changes(sample, under_the_measure(sample, outcome.id), outcome.id)
    if found.n_dropped:
        return None
    effect, mass = (found.after - found.before) / found.held, found.weight * found.held
    variance = found.predicted_variance() / found.held**2
    return UnitEffects(effect[:, None], mass[:, None], variance[:, None], np.ones(1))
