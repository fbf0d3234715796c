"""Cluster-robust variance by the convention of the program, the same as fixest's.

SE = √(raw cluster variance · G/(G − 1) · (N − 1)/(N − K)), where K counts regressors and period effects but not the unit
effects that lie within clusters; p-values and intervals from t with G − 1 degrees of freedom (Cameron & Miller 2015, III.B).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.errors import DesignError
from utvardering.inference.randomization import INNER


@dataclass(frozen=True)
class ClusterTest:
    """Standard error, p-value, interval and 90 % interval from a cluster-robust variance with `clusters` clusters."""

    std_error: float
    p_value: float
    ci_low: float
    ci_high: float
    inner_low: float
    inner_high: float
    clusters: int


def cluster_covariance(
    influence: NDArray[np.float64],
    cluster: NDArray[np.int64],
    n_obs: int,
    n_parameters: int,
    *,
    corrected: bool = True,
) -> NDArray[np.float64]:
    """(K, K) covariance of K estimates from the (N, K) influence of each unit on them, summed within clusters.

    corrected: with the small-sample factor; some methods are published without it.
    Raises DesignError with a single cluster, or with no more cells than parameters.
    """
    codes = np.unique(cluster, return_inverse=True)[1]
    count = int(codes.max()) + 1
    if count == 1 or n_obs <= n_parameters:
        why = "all units lie in one cluster" if count == 1 else f"{n_obs} cells cannot carry {n_parameters} parameters"
        msg = f"no clustered standard error: {why}"
        raise DesignError(msg)
    if count == len(codes):
        summed = influence
    else:
        summed = np.zeros((count, influence.shape[1]))
        np.add.at(summed, codes, influence)
    factor = count / (count - 1) * (n_obs - 1) / (n_obs - n_parameters) if corrected else 1.0
    return factor * (summed.T @ summed)


def cluster_test(estimate: float, variance: float, clusters: int, level: float) -> ClusterTest:
    """Test of no effect and interval from t(G − 1)."""
    std_error = float(np.sqrt(variance))
    reach = stats.t.ppf((1 + level) / 2, clusters - 1) * std_error
    inner = stats.t.ppf((1 + INNER) / 2, clusters - 1) * std_error
    p = 2 * stats.t.sf(abs(estimate) / std_error, clusters - 1) if std_error > 0 else float(estimate == 0)
    return ClusterTest(std_error, float(p), estimate - reach, estimate + reach, estimate - inner, estimate + inner, clusters)
