"""What do several studies of one measure say together? Fixed and random effects side by side, with what one may doubt.

Functions on arrays: `effects` and `errors` are vectors of k estimates and their standard errors on one scale.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

Floats: TypeAlias = npt.NDArray[np.float64]
Method = Literal["paule_mandel", "reml"]

LEVEL = 0.95
LEAST_POOLED = 3
"""Fewer studies are listed side by side: two say nothing of how much studies differ."""
LEAST_PREDICTED = 5
"""Fewer studies have no prediction interval."""
LEAST_TESTED = 10
"""Fewer studies say nothing of small-study effects (Sterne et al. 2011, BMJ 343:d4002)."""


@dataclass(frozen=True)
class Pooled:
    """k estimates pooled: both models, the spread between studies, and where a new study may be expected.

    fixed, random     pooled effects with standard error and interval; `random_error` holds the factor of Hartung and Knapp
    prediction_*      where the true effect of a further study is expected; NaN below five studies
    tau2, i2          variance between studies; share of the variation that is more than noise (Higgins & Thompson 2002)
    q, q_p            Cochran's Q and its p-value with k − 1 degrees of freedom
    weights_*         share of each study in either model, k values that sum to 1
    """

    k: int
    level: float
    method: Method
    fixed: float
    fixed_error: float
    fixed_low: float
    fixed_high: float
    random: float
    random_error: float
    random_low: float
    random_high: float
    prediction_low: float
    prediction_high: float
    tau2: float
    i2: float
    q: float
    q_p: float
    weights_fixed: Floats
    weights_random: Floats


@dataclass(frozen=True)
class SmallStudies:
    """Do small studies show other effects than large ones? The intercept of Egger's regression, its t and p."""

    intercept: float
    statistic: float
    p_value: float


def pool(effects: Floats, errors: Floats, *, level: float = LEVEL, method: Method = "paule_mandel") -> Pooled:
    """Pool k ≥ 2 independent estimates with known standard errors under both models.

    The fixed effect has the normal interval. The random effect has the interval of Hartung & Knapp (2001) with t and
    k − 1 degrees of freedom and the modification of Knapp & Hartung (2003) that their factor never narrows it: max(1, q)
    (Röver, Knapp & Friede 2015). From five studies on, the prediction interval of Higgins, Thompson & Spiegelhalter (2009),
    t with k − 2 degrees of freedom, with that same standard error (Partlett & Riley 2017).

    Raises ValueError for fewer than two studies, unequal lengths, or an error that is not a positive number.
    """
    effects, errors = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    k = len(effects)
    if k < 2 or errors.shape != effects.shape or effects.ndim != 1:  # noqa: PLR2004 -- one study is its own answer
        msg = f"pooling needs at least two estimates, each with its standard error; found {k} and {errors.size}"
        raise ValueError(msg)
    if not (np.isfinite(effects).all() and np.isfinite(errors).all() and (errors > 0).all()):
        msg = "pooling needs finite estimates and positive finite standard errors"
        raise ValueError(msg)
    variances = errors**2
    w_fixed = 1 / variances
    fixed, fixed_error = float(w_fixed @ effects / w_fixed.sum()), float(w_fixed.sum() ** -0.5)
    q = float(w_fixed @ (effects - fixed) ** 2)
    tau2 = {"paule_mandel": paule_mandel, "reml": reml}[method](effects, variances)
    w = 1 / (variances + tau2)
    random = float(w @ effects / w.sum())
    factor = float(w @ (effects - random) ** 2 / (k - 1))
    random_error = math.sqrt(max(1.0, factor) / w.sum())
    normal, t = float(stats.norm.isf((1 - level) / 2)), float(stats.t.isf((1 - level) / 2, k - 1))
    reach = float("nan")
    if k >= LEAST_PREDICTED:
        reach = float(stats.t.isf((1 - level) / 2, k - 2)) * math.sqrt(tau2 + random_error**2)
    return Pooled(
        k=k,
        level=level,
        method=method,
        fixed=fixed,
        fixed_error=fixed_error,
        fixed_low=fixed - normal * fixed_error,
        fixed_high=fixed + normal * fixed_error,
        random=random,
        random_error=random_error,
        random_low=random - t * random_error,
        random_high=random + t * random_error,
        prediction_low=random - reach,
        prediction_high=random + reach,
        tau2=tau2,
        i2=max(0.0, 1 - (k - 1) / q) if q > 0 else 0.0,
        q=q,
        q_p=float(stats.chi2.sf(q, k - 1)),
        weights_fixed=w_fixed / w_fixed.sum(),
        weights_random=w / w.sum(),
    )


def leave_one_out(effects: Floats, errors: Floats, *, level: float = LEVEL, method: Method = "paule_mandel") -> list[Pooled]:
    """The pooled result without each study in turn, in the order of the studies; k ≥ 3."""
    effects, errors = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    kept = [np.arange(len(effects)) != left for left in range(len(effects))]
    return [pool(effects[rest], errors[rest], level=level, method=method) for rest in kept]


def small_studies(effects: Floats, errors: Floats) -> SmallStudies | None:
    """Egger's regression of effect ÷ error on 1 ÷ error (Egger et al. 1997); None below ten studies or with one size only."""
    effects, errors = np.asarray(effects, dtype=float), np.asarray(errors, dtype=float)
    if len(effects) < LEAST_TESTED or np.ptp(errors) <= 1e-12 * errors.max():  # of equal sizes no line can be drawn
        return None
    x, y = 1 / errors, effects / errors
    line = stats.linregress(x, y)
    t = float(line.intercept / line.intercept_stderr)
    return SmallStudies(float(line.intercept), t, float(2 * stats.t.sf(abs(t), len(effects) - 2)))


def paule_mandel(effects: Floats, variances: Floats) -> float:
    """Variance between studies at which the weighted squares equal k − 1 (Paule & Mandel 1982), 0 where they never do."""
    k = len(effects)

    def excess(tau2: float) -> float:
        w = 1 / (variances + tau2)
        return float(w @ (effects - w @ effects / w.sum()) ** 2 - (k - 1))

    if excess(0.0) <= 0:
        return 0.0
    high = float(np.ptp(effects) ** 2) + float(variances.max())
    while excess(high) > 0:
        high *= 4
    return float(optimize.brentq(excess, 0.0, high, xtol=1e-15, rtol=8.9e-16, maxiter=500))


def reml(effects: Floats, variances: Floats) -> float:
    """Variance between studies of highest restricted likelihood (Viechtbauer 2005), never below 0."""

    def minus_likelihood(tau2: float) -> float:
        w = 1 / (variances + tau2)
        centred = effects - w @ effects / w.sum()
        return float(0.5 * (np.log(variances + tau2).sum() + math.log(w.sum()) + w @ centred**2))

    high = 4 * float(np.ptp(effects) ** 2) + float(variances.mean())
    tries = high * np.linspace(0, 1, 200) ** 3  # the likelihood may have two tops: look everywhere before climbing
    best = int(np.argmin([minus_likelihood(tau2) for tau2 in tries]))
    ends = (tries[max(best - 1, 0)], tries[min(best + 1, len(tries) - 1)])
    found = float(optimize.minimize_scalar(minus_likelihood, bounds=ends, method="bounded", options={"xatol": 1e-10}).x)
    for _ in range(30):  # Fisher's scoring, which ends where the likelihood is flat, as no comparison of its values can
        w = 1 / (variances + found)
        total, squares = w.sum(), (w**2).sum()
        centred = effects - w @ effects / total
        score = (w**2) @ centred**2 - total + squares / total
        information = squares - 2 * (w**3).sum() / total + (squares / total) ** 2
        found = max(0.0, found + float(score / information))
    return found
