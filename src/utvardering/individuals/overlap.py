"""Are there comparison persons like the treated? Propensity scores, shown by arm, and trimming to where both arms are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.individuals.persons import Arms

RIDGE = 1.0
"""Penalty on half the squared coefficients of standardised columns, as a normal prior with standard deviation 1: it
keeps the scores of small cohorts off 0 and 1, and is outweighed by the data as persons become more."""
QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)

_STEPS = 100
_SETTLED = 1e-10  # largest step of a coefficient of standardised columns: far below what is reported


def logistic_scores(yes: NDArray[np.bool_], features: NDArray[np.float64], ridge: float = RIDGE) -> NDArray[np.float64]:
    """(P,) probability of `yes` given (P, K) features: logistic regression with a ridge penalty, by Newton's method.

    The constant is not penalised, so that the mean score is the share of yes (le Cessie & van Houwelingen 1992, Applied
    Statistics 41:191).
    """
    spread = features.std(axis=0)
    kept = spread > 0
    x = np.column_stack([np.ones(len(yes)), (features[:, kept] - features[:, kept].mean(axis=0)) / spread[kept]])
    penalty = np.diag([0.0] + [ridge] * (x.shape[1] - 1))
    coefficients = np.zeros(x.shape[1])
    share = yes.mean()
    if share in (0.0, 1.0):
        return np.full(len(yes), float(share))
    coefficients[0] = np.log(share / (1 - share))
    target = yes.astype(float)

    def loss(at: NDArray[np.float64]) -> float:
        index = x @ at
        return float(np.sum(np.logaddexp(0, index) - target * index) + at @ penalty @ at / 2)

    now = loss(coefficients)
    for _ in range(_STEPS):
        score = 1 / (1 + np.exp(-(x @ coefficients)))
        gradient = x.T @ (target - score) - penalty @ coefficients
        step = np.linalg.lstsq(x.T @ ((score * (1 - score))[:, None] * x) + penalty, gradient, rcond=None)[0]
        while (then := loss(coefficients + step)) > now + _SETTLED and np.abs(step).max() > _SETTLED:
            step = step / 2
        coefficients, now = coefficients + step, then
        if np.abs(step).max() <= _SETTLED:
            break
    return 1 / (1 + np.exp(-(x @ coefficients)))


@dataclass(frozen=True)
class Overlap:
    """Propensity scores and who is kept.

    score    (P,) probability of the measure, given what was known before
    kept     (P,) whether it lies from `least` to 1 − `least`
    outside  how many do not, by arm
    """

    score: NDArray[np.float64]
    kept: NDArray[np.bool_]
    outside: Arms
    least: float


def trim(treated: NDArray[np.bool_], features: NDArray[np.float64], least: float) -> Overlap:
    """Scores of (P,) persons given (P, K) features, and who has one from `least` to 1 − `least`.

    Crump, Hotz, Imbens & Mitnik (2009), Biometrika 96:187.
    """
    score = logistic_scores(treated, features)
    kept = (score >= least) & (score <= 1 - least)
    return Overlap(score, kept, Arms.count(treated, ~kept), least)


def quantiles(score: NDArray[np.float64], smallest_cell: int) -> dict[float, float]:
    """Quantiles of the scores of an arm, those beyond which at least `smallest_cell` persons lie on either side."""
    enough = [q for q in QUANTILES if len(score) * min(q, 1 - q) >= smallest_cell]
    return {q: float(np.quantile(score, q)) for q in enough}
