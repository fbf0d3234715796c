"""How far off may the furthest of several estimates be? The multiplier bootstrap of their influence functions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

BOOTSTRAPS = 999
"""Draws, as R's did (1,000): the 95 % quantile then lies between the 93.6 and 96.4 % ones."""
_AT_ONCE = 4_000_000  # multipliers held in memory at a time


def cluster_sums(influence: NDArray[np.float64], cluster: NDArray[np.int64]) -> NDArray[np.float64]:
    """(G, K) influence of each cluster from the (N, K) influence of each unit."""
    codes = np.unique(cluster, return_inverse=True)[1]
    count = int(codes.max()) + 1
    if count == len(codes):
        return influence
    summed = np.zeros((count, influence.shape[1]))
    np.add.at(summed, codes, influence)
    return summed


def largest_deviation(influence: NDArray[np.float64], level: float, rng: np.random.Generator, draws: int = BOOTSTRAPS) -> float:
    """Quantile of the largest |bootstrapped deviation| over K estimates, in their standard errors; influence (G, K).

    Each cluster's influence is multiplied by +1 or −1 (Rademacher) and summed; standard errors are the roots of the sums of
    squares (Callaway & Sant'Anna 2021, algorithm 1). Estimates without spread are left out; 0 where none has any.
    Clusters are first put in an order of their own, so that the rows' order does not choose their multipliers.
    """
    errors = np.sqrt(np.sum(influence**2, axis=0))
    spread = errors > np.finfo(float).eps * max(errors.max(initial=0.0), 1e-300)
    if not spread.any():
        return 0.0
    scaled = influence[:, spread] / errors[spread]
    scaled = scaled[np.argsort(scaled @ np.cos(np.arange(1, scaled.shape[1] + 1)), kind="stable")]
    count = len(scaled)
    step = max(_AT_ONCE // count, 1)
    largest = [_largest(scaled, min(step, draws - done), rng) for done in range(0, draws, step)]
    return float(np.quantile(np.concatenate(largest), level, method="higher"))


def _largest(scaled: NDArray[np.float64], draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """(draws,) the largest absolute deviation of each draw."""
    width = -(-len(scaled) // 8)
    bits = np.unpackbits(np.frombuffer(rng.bytes(draws * width), dtype=np.uint8).reshape(draws, width), axis=1)
    chosen = bits[:, : len(scaled)].astype(float) @ scaled
    return np.abs(2 * chosen - scaled.sum(axis=0)).max(axis=1)
