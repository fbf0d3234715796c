"""What does an estimate mean in percent, and in units of the outcome over the whole period after the start?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utvardering.data.panel import Sample
from utvardering.estimators.base import PER, additive_values
from utvardering.study.model import Outcome


@dataclass(frozen=True)
class EffectSize:
    """Factors that turn an estimate on its scale into percent and units.

    counterfactual: the treated units' mean over the periods after, had nothing happened (scale difference only).
    """

    scale: str
    counterfactual: float
    observed: float
    per_difference: float

    def percent(self, value: float) -> float:
        """100(exp(value) − 1) for a log ratio; 100 × value ÷ mean counterfactual for a difference."""
        if self.scale == "log_ratio":
            return float(100 * np.expm1(value))
        return float(100 * value / self.counterfactual) if self.counterfactual > 0 else float("nan")

    def units(self, value: float) -> float:
        """Events avoided (−) or added (+): observed less counterfactual over treated units and periods after; NaN if no count."""
        if self.scale == "log_ratio":
            return float(self.observed * -np.expm1(-value))
        return float(self.per_difference * value)


def effect_size(sample: Sample, outcome: Outcome, estimate: float, scale: str) -> EffectSize:
    """Factors for one estimate on one sample.

    A period under the measure for a share of it counts with that share.
    """
    grid = sample.grid
    rows = sample.treated
    seen = np.isfinite(grid.y[rows]) & (grid.treatment[rows] > 0)
    share = np.where(seen, grid.treatment[rows], 0.0)
    counterfactual = float("nan")
    if scale == "difference":
        values = np.where(seen, additive_values(sample, outcome)[0][rows], 0.0)
        weights = seen if grid.weights is None else np.where(seen, grid.weights[rows], 0.0)
        counterfactual = float(np.sum(weights * (values - estimate * share)) / np.sum(weights))
    if outcome.kind != "count":
        return EffectSize(scale, counterfactual, float("nan"), float("nan"))
    exposed = np.ones_like(share) if grid.exposure is None else np.where(seen, grid.exposure[rows], 0.0) / PER
    observed = float(np.nansum(np.where(seen, grid.y[rows], 0.0) * _held(share)))
    return EffectSize(scale, counterfactual, observed, float(np.sum(share * exposed)))


def _held(share: np.ndarray) -> np.ndarray:
    """Part of a cell's count that was under the measure."""
    return share
