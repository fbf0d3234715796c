"""How noisy is each unit, as its own past and size predict? The predictions that studentise a placebo test.

They are computed from the periods before the start by a rule that treats every unit alike, so that they do not know who
was treated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import digamma, polygamma

_FLOOR = 1e-3  # of the median variance: a unit that never varied in a short past is not noiseless


def seen_mean(values: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    """Mean of what is not NaN along an axis, which is kept; NaN where nothing is."""
    seen = ~np.isnan(values)
    count = seen.sum(axis=axis, keepdims=True)
    total = np.where(seen, values, 0.0).sum(axis=axis, keepdims=True)
    return np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)


def predicted_variance(past: NDArray[np.float64], size: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
    """(N,) variance of a period's noise: each unit's own, drawn towards what its size predicts.

    past: (N, T) the outcome before the start, NaN where missing; size: (N,) positive, such as population, or None.
    The moderated variance of Smyth (2004, Stat. Appl. Genet. Mol. Biol. 3:3, eq. for the posterior) with a log-linear trend in
    size: (d₀ s₀² + d s²) ÷ (d₀ + d), where d₀ says how alike units of the same size are. With fewer than two periods
    every unit is predicted the same.
    """
    n = len(past)
    residual = past - seen_mean(past, 1)
    residual = residual - np.nan_to_num(seen_mean(residual, 0))
    seen = (~np.isnan(residual)).sum(axis=1)
    freedom = np.maximum(seen - 1, 0) * (n - 1) / n
    own = np.nansum(residual**2, axis=1) / np.maximum(freedom, 1)
    known = freedom > 0
    if known.sum() < 3 or not np.any(own[known] > 0):  # noqa: PLR2004 -- a trend and a spread need three units
        return np.ones(n)
    none = size is None or np.ptp(np.log(size)) == 0
    return moderated(own, freedom, np.zeros((n, 0)) if none else np.log(np.asarray(size))[:, None])


def moderated(own: NDArray[np.float64], freedom: NDArray[np.float64], traits: NDArray[np.float64]) -> NDArray[np.float64]:
    """(N,) own variances, drawn towards what traits predict: (d₀ s₀² + d s²) ÷ (d₀ + d); some must be positive.

    own (N,): variance of each unit; freedom (N,): its degrees of freedom d, 0 where there is none; traits (N, Q): such as the
    logarithm of size, in which the logarithm of the variance is taken to be linear.
    """
    n, known = len(own), freedom > 0
    own = np.maximum(own, _FLOOR * np.median(own[known & (own > 0)]))
    half = np.maximum(freedom, 1e-9) / 2
    level = np.log(own) - digamma(half) + np.log(half)
    design = np.column_stack([np.ones(n), traits])
    fit, *_ = np.linalg.lstsq(design[known], level[known], rcond=None)
    spare = known.sum() - design.shape[1]
    excess = np.sum((level[known] - design[known] @ fit) ** 2) / max(spare, 1) - np.mean(polygamma(1, half[known]))
    prior_freedom = 2 * _inverse_trigamma(excess) if excess > 0 else np.inf
    predicted = np.exp(design @ fit)
    if np.isinf(prior_freedom):
        return predicted
    predicted *= np.exp(digamma(prior_freedom / 2) - np.log(prior_freedom / 2))
    return (prior_freedom * predicted + freedom * own) / (prior_freedom + freedom)


def _inverse_trigamma(value: float) -> float:
    """Newton's iteration on 1/trigamma, which is nearly linear (Smyth 2004, appendix)."""
    x = 0.5 + 1 / value
    for _ in range(50):
        step = polygamma(1, x) * (1 - polygamma(1, x) / value) / polygamma(2, x)
        x += step
        if -step / x < 1e-8:  # noqa: PLR2004 -- relative convergence
            break
    return float(x)


def count_dispersion(past: NDArray[np.float64], block: int) -> tuple[float, float]:
    """(φ, ψ) of the noise of a count's change: variance φh + ψh² beside the binomial h of `count_spread`.

    past: (N, T) counts before the start; block: periods to a block. Neighbouring blocks of the past stand for before and
    after; their residuals from a common change are regressed on h and h² by non-negative least squares, weighted to
    relative size. φ is overdispersion that grows with the count, ψ lasting changes that grow with its square.
    φ = 1, ψ = 0 where the past is shorter than two blocks or holds no counts.
    """
    blocks = past.shape[1] // block
    sums = past[:, past.shape[1] - blocks * block :].reshape(len(past), blocks, block).sum(axis=2)
    squares, spreads = [], []
    for one, two in zip(sums.T[:-1], sums.T[1:], strict=True):
        whole = ~np.isnan(one + two)  # a block with a missing cell is no smaller count
        first, second = one[whole], two[whole]
        both = first + second
        if second.sum() == 0 or first.sum() == 0:
            continue
        share = second.sum() / both.sum()
        spreads.append(count_spread(both * share, both))
        squares.append((second - both * share) ** 2)
    if not spreads:
        return 1.0, 0.0
    h, square = np.concatenate(spreads), np.concatenate(squares)
    seen = h > 0
    if seen.sum() < 3:  # noqa: PLR2004 -- two parameters need three cells
        return 1.0, 0.0
    h, square = h[seen], square[seen]
    phi, psi = nnls(np.column_stack([np.ones_like(h), h]), square / h)[0]
    return (float(phi), float(psi)) if phi + psi > 0 else (1.0, 0.0)


def count_spread(after: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
    """Binomial variance of the count after, given the total of the unit: E(1 − E/N)."""
    return after * (1 - np.divide(after, total, out=np.zeros_like(after), where=total > 0))
