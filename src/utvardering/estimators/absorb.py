"""What is left of a variable when unit effects, period effects and covariates are taken out?

On a balanced panel whose weights are a product of unit and period weights the answer follows from sums; with missing cells or
other weights from the period effects' normal equations, unit effects eliminated. Cells in long form go to linearmodels'
`AbsorbingLS`. All are the same projection (Frisch–Waugh–Lovell).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError

_ABSORBED = 1e-20  # share of a variable's sum of squares that rounding leaves
_SINGULAR = 1e-11  # of the largest singular value: a level that cannot be told from the units' levels
_ABSORBS = "treatment or a covariate does not vary once unit and period effects are taken out; no effect can be told apart"
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
        residuals = _by_elimination(values, used, weights, groups)
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


def _by_elimination(
    values: Sequence[NDArray[np.float64]],
    covariates: Sequence[NDArray[np.float64]],
    weights: NDArray[np.float64],
    groups: NDArray[np.int64],
) -> tuple[NDArray[np.float64], ...]:
    """Residuals (N, T) of the values; weights are 0 where a cell is missing."""
    seen = weights > 0
    filled = [np.where(seen, value, 0.0) for value in (*values, *covariates)]
    left = [_without_two_way(value, weights, groups) for value in filled]
    for before, after in zip(filled[1:], left[1:], strict=True):
        if np.sum(weights * after**2) <= _ABSORBED * np.sum(weights * before**2):
            raise DesignError(_ABSORBS)
    if covariates:
        root = np.sqrt(weights[seen])[:, None]
        cells = np.column_stack([value[seen] for value in left])
        adjusted = cells[:, len(values) :]
        cells = cells - adjusted @ np.linalg.lstsq(root * adjusted, root * cells, rcond=None)[0]
    residuals = []
    for k in range(len(values)):
        out = np.full(seen.shape, np.nan)
        out[seen] = cells[:, k] if covariates else left[k][seen]
        residuals.append(out)
    return tuple(residuals)


def _without_two_way(
    value: NDArray[np.float64], weights: NDArray[np.float64], groups: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(N, T) residual of a value, 0 where the weight is. Taken twice: the second time mends the rounding of the first."""
    of_unit = weights.sum(axis=1, keepdims=True)
    share = np.divide(weights, of_unit, out=np.zeros_like(weights), where=of_unit > 0)
    out = value
    for _ in range(2):
        out = out - (share * out).sum(axis=1, keepdims=True)
        for code in np.unique(groups):
            rows = groups == code
            normal = np.diag(weights[rows].sum(axis=0)) - weights[rows].T @ share[rows]
            effect = np.linalg.lstsq(normal, (weights[rows] * out[rows]).sum(axis=0), rcond=_SINGULAR)[0]
            out[rows] -= effect - share[rows] @ effect[:, None]
    return np.where(weights > 0, out, 0.0)


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
        raise DesignError(_ABSORBS) from fault
    root = np.sqrt(weights / weights.mean())[:, None]
    return (np.asarray(model.absorbed_dependent) / root).ravel(), np.asarray(model.absorbed_exog) / root
