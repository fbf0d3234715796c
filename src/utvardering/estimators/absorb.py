"""What is left of a variable when unit effects, period effects and covariates are taken out?

On a balanced panel whose weights are a product of unit and period weights the answer follows from sums; else linearmodels'
`AbsorbingLS` gives it. Both are the same projection (Frisch–Waugh–Lovell).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError

_SEPARABLE = 1e-10  # relative: weights read from a file are products of unit and period weights up to rounding


@dataclass(frozen=True)
class Absorbed:
    """Residuals (N, T) of each variable, NaN where a cell is missing, weights (0 there), and the parameters taken out.

    n_parameters counts covariates, period effects (less one) and a constant, but not unit effects.
    """

    residuals: tuple[NDArray[np.float64], ...]
    weights: NDArray[np.float64]
    n_parameters: int
    n_obs: int


def absorb(sample: Sample, values: Sequence[NDArray[np.float64]], covariates: Sequence[str] = ()) -> Absorbed:
    """Take unit effects, period effects (within `sample.groups`) and covariates out of each (N, T) variable.

    Cells missing in the first variable or in a covariate are left out of all.
    """
    used = [sample.grid.covariates[name] for name in covariates]
    missing = np.any([np.isnan(value) for value in (values[0], *used)], axis=0)
    weights = np.ones_like(values[0]) if sample.grid.weights is None else sample.grid.weights
    weights = np.where(missing, 0.0, weights)
    groups = np.zeros(len(sample.units), dtype=np.int64) if sample.groups is None else sample.groups
    n_groups, n_periods = len(np.unique(groups)), values[0].shape[1]
    if not missing.any() and not used and _separable(weights):
        residuals = tuple(_two_way(value, weights, groups) for value in values)
        seen = n_groups * n_periods
    else:
        residuals = _by_regression(values, used, weights, groups, missing)
        seen = len({(g, t) for g, t in zip(*np.nonzero(_group_cells(~missing, groups)), strict=True)})
    return Absorbed(residuals, weights, len(used) + seen, int((~missing).sum()))


def _separable(weights: NDArray[np.float64]) -> bool:
    """Whether weights are a product of unit and period weights."""
    product = np.outer(weights[:, 0], weights[0]) / weights[0, 0]
    return bool(np.allclose(weights, product, rtol=_SEPARABLE, atol=0))


def _two_way(value: NDArray[np.float64], weights: NDArray[np.float64], groups: NDArray[np.int64]) -> NDArray[np.float64]:
    by_period = weights[0] / weights[0].sum()
    out = value - (value @ by_period)[:, None]
    for code in np.unique(groups):
        rows = groups == code
        by_unit = weights[rows, 0] / weights[rows, 0].sum()
        out[rows] -= by_unit @ out[rows]
    return out


def _group_cells(seen: NDArray[np.bool_], groups: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(groups, T) whether a period of a group has any cell."""
    return np.array([seen[groups == code].any(axis=0) for code in np.unique(groups)])


def _by_regression(
    values: Sequence[NDArray[np.float64]],
    covariates: Sequence[NDArray[np.float64]],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
    missing: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], ...]:
    unit, period = np.nonzero(~missing)
    cells = groups[unit] * missing.shape[1] + period
    columns = [value[unit, period] for value in (*values[1:], *covariates)]
    first, rest = without_effects(values[0][unit, period], np.column_stack(columns), unit, cells, weights[unit, period])
    root = np.sqrt(weights[unit, period])[:, None]
    left = np.column_stack([first, rest[:, : len(values) - 1]])
    adjusted = rest[:, len(values) - 1 :]
    if adjusted.size:
        left = left - adjusted @ np.linalg.lstsq(root * adjusted, root * left, rcond=None)[0]
    residuals = []
    for column in left.T:
        out = np.full(missing.shape, np.nan)
        out[unit, period] = column
        residuals.append(out)
    return tuple(residuals)


def without_effects(
    dependent: NDArray[np.float64],
    columns: NDArray[np.float64],
    unit: NDArray[np.intp],
    period: NDArray[np.int64],
    weights: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) dependent and (n, k) columns with unit and period effects taken out by linearmodels, for cells in long form."""
    from linearmodels.iv.absorbing import AbsorbingLS  # noqa: PLC0415 -- takes a second to import
    from linearmodels.panel.utility import AbsorbingEffectError  # noqa: PLC0415 -- as above

    effects = pd.DataFrame({"unit": pd.Categorical(unit), "period": pd.Categorical(period)})
    exog = pd.DataFrame(columns, columns=[f"x{k}" for k in range(columns.shape[1])])
    model = AbsorbingLS(dependent, exog, absorb=effects, weights=weights, drop_absorbed=False)
    try:
        model.fit(cov_type="unadjusted", method="lsmr")
    except (ValueError, AbsorbingEffectError) as fault:
        msg = "treatment or a covariate does not vary once unit and period effects are taken out; no effect can be told apart"
        raise DesignError(msg) from fault
    root = np.sqrt(weights / weights.mean())[:, None]
    return (np.asarray(model.absorbed_dependent) / root).ravel(), np.asarray(model.absorbed_exog) / root
