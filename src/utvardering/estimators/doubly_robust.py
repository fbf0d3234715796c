"""By how much did the treated change more than comparison units like them?

The doubly robust estimator of the effect on the treated with panel data (Sant'Anna & Zhao 2020, eq. 3.1 with the traditional
first steps: logistic propensity score by maximum likelihood, outcome regression by weighted least squares among the
comparison). It is right if either model is. Given who is treated it is a weighted sum of changes, so the weights are kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 50
_SETTLED = 1e-10  # change of the deviance, relative: reported digits are those of the exact maximum
_LARGEST_SCORE = 0.999  # as R's did: a comparison or treated unit beyond it has no like on the other side
_DEPENDENT = 1e-10  # of the largest singular value: columns that are sums of others up to rounding


class NoOverlapError(Exception):
    """No comparison units are like the treated; the text says in what way, to follow the name of an outcome."""


@dataclass(frozen=True)
class Adjustment:
    """n units of one comparison of changes.

    contrast   (n,) weight of each unit's change in the effect
    x          (n, k) constant, groups and covariates
    treated    (n,) weight of a treated unit, summing to 1; comparison likewise, already times the odds
    ols        (n, k) influence on the regression's coefficients per unit of residual
    logit      (n, k) influence on the propensity's coefficients, or None without covariates
    """

    contrast: NDArray[np.float64]
    x: NDArray[np.float64]
    treated: NDArray[np.float64]
    comparison: NDArray[np.float64]
    ols: NDArray[np.float64]
    logit: NDArray[np.float64] | None

    def influence(self, change: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, m) influence of each unit on the effects on m changes (n, m), estimated first steps included.

        Squares sum to the variance (Sant'Anna & Zhao 2020, theorem 1).
        """
        residual = change - self.x @ (_transposed(self.ols) @ change)
        treated_mean, other_mean = self.treated @ residual, self.comparison @ residual
        regression = (self.treated - self.comparison) @ self.x
        found = self.treated[:, None] * (residual - treated_mean) - self.comparison[:, None] * (residual - other_mean)
        found -= (self.ols @ regression)[:, None] * residual
        if self.logit is not None:
            found -= self.logit @ (self.x.T @ (self.comparison[:, None] * (residual - other_mean)))
        return found


def adjust(
    treated: NDArray[np.bool_],
    weights: NDArray[np.float64],
    covariates: NDArray[np.float64] | None,
    groups: NDArray[np.int64] | None,
) -> Adjustment:
    """Contrast of the treated with comparison units, within groups and given covariates.

    treated (n,); weights (n,) positive; covariates (n, k) or None; groups (n,) codes or None. Raises NoOverlapError where
    a group or the covariates leave nobody to compare with.
    """
    other = np.where(treated, 0.0, weights)
    x = np.ones((len(treated), 1))
    if groups is not None:
        mine = np.unique(groups[treated])
        if not np.isin(mine, groups[~treated]).all():
            msg = "in a group of period effects nobody is left to compare with; merge groups or leave out period_effects_by"
            raise NoOverlapError(msg)
        x = (groups[:, None] == mine).astype(float)
        other = np.where(x.any(axis=1), other, 0.0)  # groups without a treated unit say nothing
    odds = np.ones(len(treated))
    logit = None
    if covariates is not None:
        x = np.column_stack([x, _standardised(covariates)])
        kept = treated | (other > 0)
        odds, logit = _odds(treated, np.where(kept, weights, 0.0), x)
    ols = _least_squares(other, x)
    arm = np.where(treated, weights, 0.0)
    arm, like = arm / arm.sum(), other * odds / np.sum(other * odds)
    contrast = arm - like - ols @ ((arm - like) @ x)
    return Adjustment(contrast, x, arm, like, ols, logit)


def _transposed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.ascontiguousarray(values.T)


def _standardised(covariates: NDArray[np.float64]) -> NDArray[np.float64]:
    """Covariates with mean 0 and spread 1: the same models, without rounding of large numbers."""
    spread = covariates.std(axis=0)
    return (covariates - covariates.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _least_squares(weights: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, k) W x (xᵀWx)⁻¹ of a regression among the units with weight."""
    cross = x.T @ (weights[:, None] * x)
    values, vectors = np.linalg.eigh(cross)
    if np.sum(weights > 0) <= x.shape[1] - (x.shape[1] == 1) or values[0] <= _DEPENDENT * values[-1]:
        msg = (
            f"{int(np.sum(weights > 0))} comparison units cannot carry {x.shape[1]} coefficients of covariates and groups; "
            "name fewer covariates"
        )
        raise NoOverlapError(msg)
    return weights[:, None] * (x @ (vectors / values) @ vectors.T)


def _odds(
    treated: NDArray[np.bool_], weights: NDArray[np.float64], x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) odds of being treated and (n, k) influence on the coefficients of the logistic regression, by Newton's method."""
    target = treated.astype(float)
    coefficients = np.zeros(x.shape[1])
    before = np.inf
    for _ in range(_STEPS):
        index = x @ coefficients
        score = 1 / (1 + np.exp(-index))
        deviance = 2 * np.sum(weights * (np.logaddexp(0, index) - target * index))
        information = x.T @ ((weights * score * (1 - score))[:, None] * x)
        values, vectors = np.linalg.eigh(information)
        if values[0] <= _DEPENDENT * values[-1]:
            break
        inverse = (vectors / values) @ vectors.T
        residual = weights * (target - score)
        if abs(before - deviance) <= _SETTLED * (deviance + 0.1):
            if score[weights > 0].max() >= _LARGEST_SCORE:
                break
            return np.exp(index), (residual[:, None] * x) @ inverse
        before = deviance
        coefficients = coefficients + inverse @ (x.T @ residual)
    msg = (
        "the covariates tell the treated from the comparison (almost) perfectly, so no comparison unit is like them; "
        "name fewer covariates, or none"
    )
    raise NoOverlapError(msg)
