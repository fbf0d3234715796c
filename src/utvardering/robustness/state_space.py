"""How would a series have gone on? A local level with a fixed slope, season and controls, forecast from the past alone.

y_t = μ_t + x_t'β + ε_t, μ_t = μ_{t−1} + b + η_t, ε ~ N(0, σ²), η ~ N(0, r²σ²) (Harvey 1989, Forecasting, Structural Time
Series Models and the Kalman Filter; the forecast as counterfactual: Brodersen et al. 2015, Ann. Appl. Stat. 9:247–274). Level,
slope and β have flat priors and σ² the prior 1/σ²; r, how fast the level wanders, has equal weight on each of RATIOS. Maximum
likelihood would often put r at 0 and give too narrow an interval; an average over r has no such corner, and nothing that must
converge.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from utvardering.errors import DesignError

Floats = NDArray[np.float64]

RATIOS = (0.0, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Standard deviations of the step of the level, relative to the noise of a period."""
FEWEST_FREE = 8
"""Periods before the start beyond the number of coefficients."""


@dataclass(frozen=True)
class Forecast:
    """Mean difference between what came and what was forecast, under each ratio: t with `freedom` degrees, mixed by weights.

    centre, scale, weight (R,); expected, low, high (T_after,): the forecast of each period with its prediction interval
    """

    centre: Floats
    scale: Floats
    weight: Floats
    freedom: int
    expected: Floats
    low: Floats
    high: Floats

    @property
    def effect(self) -> float:
        """Posterior mean of the mean effect."""
        return float(self.weight @ self.centre)

    @property
    def tail(self) -> float:
        """Two-sided posterior probability of an effect of the other sign."""
        below = float(self.weight @ stats.t.cdf(-self.centre / self.scale, self.freedom))
        return min(2 * min(below, 1 - below), 1.0)

    def limit(self, share: float) -> float:
        """The value below which the mean effect lies with this probability."""
        return quantile(self.centre, self.scale, self.weight, self.freedom, share)


def quantile(centre: Floats, scale: Floats, weight: Floats, freedom: int, share: float) -> float:
    """Quantile of a mixture of t distributions, (R,) each."""
    ends = centre + scale * stats.t.ppf(share, freedom)
    low, high = float(ends.min()), float(ends.max())
    if high - low <= 1e-12 * max(abs(high), 1.0):
        return high
    return float(optimize.brentq(lambda x: float(weight @ stats.t.cdf((x - centre) / scale, freedom)) - share, low, high))


def forecast(values: Floats, columns: Floats, start: int, level: float) -> Forecast:
    """Forecast periods from `start` on from those before it.

    values (T,), NaN where there is none; columns (T, K) season and controls without gaps. Raises DesignError where the past is
    too short, without noise, or its columns tell nothing apart.
    """
    after = np.flatnonzero(np.isfinite(values[start:])) + start
    count = int(np.isfinite(values[:start]).sum())
    freedom = count - columns.shape[1] - 2
    if freedom < FEWEST_FREE or not len(after):
        msg = f"{count} periods before the start are too few for a forecast with {columns.shape[1] + 2} coefficients"
        raise DesignError(msg)
    middle, spread = float(np.nanmean(values[:start])), float(np.nanstd(values[:start]))
    if spread <= 1e-9 * max(abs(middle), 1.0):
        msg = "every value before the start is the same, so there is nothing to forecast from"
        raise DesignError(msg)
    past = np.where(np.arange(len(values)) < start, (values - middle) / spread, np.nan)
    centred = columns - columns[:start].mean(axis=0)
    parts = [_given(past, centred, start, after, ratio) for ratio in RATIOS]
    likelihood = np.array([part.log_likelihood for part in parts])
    weight = np.exp(likelihood - likelihood.max())
    weight /= weight.sum()
    seen = (values[after] - middle) / spread
    centre = spread * np.array([float(np.mean(seen - part.expected[after - start])) for part in parts])
    scale = spread * np.array([part.mean_error for part in parts])
    expected = np.array([part.expected for part in parts])
    errors = np.array([part.errors for part in parts])
    ends = [
        np.array([quantile(expected[:, t], errors[:, t], weight, freedom, share) for t in range(expected.shape[1])])
        for share in ((1 - level) / 2, (1 + level) / 2)
    ]
    low, high = (middle + spread * end for end in ends)
    return Forecast(centre, scale, weight, freedom, middle + spread * (weight @ expected), low, high)


@dataclass(frozen=True)
class _Given:
    """The forecast under one ratio: its periods, their errors, the error of the mean of those seen, and its likelihood."""

    expected: Floats
    errors: Floats
    mean_error: float
    log_likelihood: float


def _given(past: Floats, columns: Floats, start: int, after: NDArray[np.intp], ratio: float) -> _Given:
    """The library filters the past at σ = 1; σ then follows from its one-step errors."""
    from statsmodels.tsa.statespace.structural import UnobservedComponents  # noqa: PLC0415 -- takes a second to import

    model = UnobservedComponents(
        past,
        irregular=True,
        level=True,
        stochastic_level=True,
        trend=True,
        exog=columns if columns.shape[1] else None,
        mle_regression=False,
        use_exact_diffuse=True,
    )
    found = model.filter([1.0, ratio**2]).filter_results
    ssm = model.ssm
    known = np.isfinite(past[:start])
    error, spread = found.forecasts_error[0, :start], found.forecasts_error_cov[0, 0, :start]
    diffuse = found.nobs_diffuse
    used = known & (np.arange(start) >= diffuse)
    freedom = int(used.sum())
    squares = float(np.sum(error[used] ** 2 / spread[used]))
    if squares <= 0:
        msg = "the series follows trend and season without any noise, so no interval can be given"
        raise DesignError(msg)
    sigma = np.sqrt(squares / freedom)
    llf = -0.5 * freedom * np.log(squares) + float(np.sum(found.llf_obs[:start])) + 0.5 * squares
    transition, noise = ssm["transition"], ssm["selection"] @ ssm["state_cov"] @ ssm["selection"].T
    state, covariance = found.predicted_state[:, start], found.predicted_state_cov[:, :, start]
    design = np.broadcast_to(np.atleast_3d(ssm["design"]), (1, len(state), len(past)))  # it changes over time with columns only
    expected, errors = np.empty(len(past) - start), np.empty(len(past) - start)
    summed, with_state = 0.0, np.zeros(len(state))
    for t in range(start, len(past)):
        z = design[0, :, t]
        expected[t - start], own = float(z @ state), float(z @ covariance @ z) + 1.0
        errors[t - start] = np.sqrt(own)
        if t in after:
            summed += own + 2 * float(z @ with_state)
            with_state = with_state + covariance @ z
        state, with_state = transition @ state, transition @ with_state
        covariance = transition @ covariance @ transition.T + noise
    return _Given(expected, sigma * errors, float(sigma * np.sqrt(summed)) / len(after), llf)
