"""What does a fit with unit and period effects leave in each cluster? The sums behind a wild cluster bootstrap."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.estimators.absorb import Absorbed
from utvardering.inference.wild_bootstrap import ClusterSums


def cluster_sums(sample: Sample, taken: Absorbed, covariates: Sequence[NDArray[np.float64]]) -> ClusterSums:
    """Sums of two residuals (outcome and treatment), and of period effects and (N, T) covariates with them.

    Unit effects lie within clusters: a weight that is the same for a whole cluster leaves them as they are, so that only
    period effects and covariates, each less its weighted mean over the unit, are fitted anew in a draw.
    """
    weights = taken.weights
    outcome, treatment = (np.nan_to_num(residual) for residual in taken.residuals)
    groups = np.zeros(len(weights), dtype=np.int64) if sample.groups is None else sample.groups
    group = groups[:, None] == np.unique(groups)
    columns = [np.nan_to_num(value) for value in covariates]
    codes = np.unique(sample.cluster, return_inverse=True)[1]
    count = int(codes.max()) + 1

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.zeros((count, *values.shape[1:]))
        np.add.at(out, codes, values)
        return out

    def on_others(residual: NDArray[np.float64]) -> NDArray[np.float64]:
        """(G, K) sums of the other regressors with a residual: periods within groups first, then covariates."""
        weighted = weights * residual
        by_period = (group[:, :, None] * weighted[:, None, :]).reshape(len(weights), -1)
        return summed(np.column_stack([by_period, *((weighted * value).sum(axis=1) for value in columns)]))

    clusters = count / (count - 1)
    freedom = (taken.n_obs - 1) / (taken.n_obs - taken.n_parameters - 1)
    return ClusterSums(
        outcome=summed((weights * treatment * outcome).sum(axis=1)),
        treatment=summed((weights * treatment**2).sum(axis=1)),
        leverage=on_others(treatment),
        outcome_on=on_others(outcome),
        treatment_on=on_others(treatment),
        inverse=np.asarray(np.linalg.pinv(_products(weights, group, columns), rcond=1e-12, hermitian=True), dtype=np.float64),
        treated=summed(sample.treated.astype(float)) > 0,
        factor=clusters * freedom,
    )


def _products(
    weights: NDArray[np.float64], group: NDArray[np.bool_], columns: Sequence[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """(K, K) sums of products of the other regressors, each less its weighted mean over the unit."""
    mass = weights.sum(axis=1)
    share = np.divide(weights, mass[:, None], out=np.zeros_like(weights), where=mass[:, None] > 0)
    within = [value - (share * value).sum(axis=1, keepdims=True) for value in columns]
    n_groups, n_periods = group.shape[1], weights.shape[1]
    size = n_groups * n_periods
    out = np.zeros((size + len(within), size + len(within)))
    for g in range(n_groups):
        rows = group[:, g]
        block = slice(g * n_periods, (g + 1) * n_periods)
        out[block, block] = np.diag(weights[rows].sum(axis=0)) - weights[rows].T @ share[rows]
        for k, value in enumerate(within):
            out[block, size + k] = out[size + k, block] = (weights[rows] * value[rows]).sum(axis=0)
    for j, one in enumerate(within):
        for k, two in enumerate(within):
            out[size + j, size + k] = np.sum(weights * one * two)
    return out
