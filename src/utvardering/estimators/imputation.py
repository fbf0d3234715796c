"""Imputation: what would the treated cells have been, by the unit and period effects of all cells not yet treated?

Unit and period effects are fitted on untreated cells alone; the effect is the mean of what is left in the treated ones
(Borusyak, Jaravel & Spiess 2024; Gardner 2022). It is Σ v_it y_it with weights that know starts but no outcome, so that no
effect of one unit enters another's. Cells under the measure for a share of the period count with that share: the sum of what is
left over the sum of shares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import NEVER
from utvardering.estimators.base import Job, Result
from utvardering.estimators.cell_weights import Array, Cells, mean_over
from utvardering.estimators.saturated import Saturated
from utvardering.estimators.weighted_cells import Plan, estimate_by_weights


def imputation(job: Job) -> Result:
    """Estimate the mean effect on the treated cells, and the effect in each period from the start.

    Treated cells whose counterfactual is not identified (no untreated value of the unit, or of anyone in the period) are left
    out; units of which none is left are named. Raises DesignError where no treated cell is left.
    """
    return estimate_by_weights(job, job.sample, plan_imputation)


def plan_imputation(cells: Cells, *, events: bool) -> Plan:
    """The effect, and with `events` the effect in each period from the start and in the later half of the shortest past."""
    since, usable = cells.from_start, imputable(cells, 0)
    leads = (int(cells.start.min()) - cells.anticipation) // 2 if events else 0
    early = imputable(cells, leads) & (since < -cells.anticipation)
    late = usable & (cells.under | (since < 0))
    periods = np.concatenate([np.unique(since[early]), np.unique(since[late])]) if events else np.empty(0, dtype=np.int64)

    def weigh(one: Cells) -> Array:
        return imputation_weights(one, periods, leads)

    def residuals(values: Array) -> Array:
        found = [_residuals(cells, values, k) for k in ((0, leads) if leads else (0,))]
        return np.array([found[0], *(found[-1 if k < -cells.anticipation else 0] for k in periods)])

    return Plan(periods, usable & cells.under, int((usable | cells.before(0) & (cells.weights > 0)).sum()), weigh, residuals)


def imputable(cells: Cells, leads: int) -> NDArray[np.bool_]:
    """(n, T) cells from `leads` periods before the start whose counterfactual the untreated cells before that identify."""
    untreated = cells.before(leads) & (cells.weights > 0)
    known = np.zeros_like(untreated)
    for g in np.unique(cells.groups):
        rows = cells.groups == g
        known[rows] = untreated[rows].any(axis=0)
    known &= (cells.weights > 0) & (cells.from_start >= -cells.anticipation - leads)
    known &= np.any(untreated, axis=1)[:, None]
    return known


def two_way(cells: Cells, leads: int) -> Saturated:
    """Unit and period effects on the cells that end `leads` periods before the start."""
    none = np.zeros((1, cells.weights.shape[1]), dtype=bool)
    weights = np.where(cells.before(leads), cells.weights, 0.0)
    return Saturated(weights, cells.groups, np.zeros(len(weights), dtype=np.int64), none, cells.covariates)


def imputation_weights(cells: Cells, periods: NDArray[np.int64], leads: int) -> Array:
    """(1 + K, n, T) weights of the effect and of the effect in each period from the start.

    Effects before the start are imputed from the cells that end `leads` periods before it, as if the measure had begun there.
    """
    since = cells.from_start
    late, early = imputable(cells, 0), imputable(cells, leads)
    late &= cells.under | (since < 0)
    targets = [mean_over(late & cells.under, cells, cells.treatment)]
    targets += [mean_over(late & (since == k), cells) for k in periods if k >= -cells.anticipation]
    found = _residual_weights(two_way(cells, 0), np.array(targets))
    if leads == 0:
        return found
    targets = [mean_over(early & (since == k), cells) for k in periods if k < -cells.anticipation]
    return np.concatenate([found[:1], _residual_weights(two_way(cells, leads), np.array(targets)), found[1:]])


def _residual_weights(model: Saturated, target: Array) -> Array:
    known = np.isfinite(target).all(axis=(1, 2))
    found = np.full_like(target, np.nan)
    if known.any():
        found[known] = target[known] - model.weights_of_fit(target[known])
    return found


def _residuals(cells: Cells, values: Array, leads: int) -> Array:
    """(N, T) errors of the conservative variance: what is left of a treated cell less its mean over cohort and period.

    The mean is weighted by squared weights (Borusyak, Jaravel & Spiess 2024, the variance of their theorem on inference).
    """
    filled = np.where(cells.weights > 0, values, 0.0)
    error = filled - two_way(cells, leads).fit(filled[None])[0]
    treated = imputable(cells, leads)
    square = np.where(treated, cells.weights**2, 0.0)
    for start in np.unique(cells.start[cells.start < NEVER]):
        rows = cells.start == start
        mass = square[rows].sum(axis=0)
        mean = np.divide((square[rows] * error[rows]).sum(axis=0), mass, out=np.zeros_like(mass), where=mass > 0)
        error[rows] -= np.where(treated[rows], mean, 0.0)
    return error
