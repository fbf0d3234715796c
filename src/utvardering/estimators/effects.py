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

    counterfactual: the treated units' mean over the periods after, had nothing happened (scale difference only);
    observed: share of the period under the measure and events observed in cells with that share; empty if none is counted.
    """

    scale: str
    counterfactual: float
    observed: tuple[tuple[float, float], ...]
    per_difference: float

    def percent(self, value: float) -> float:
        """100(exp(value) − 1) for a log ratio; 100 × value ÷ mean counterfactual for a difference."""
        if self.scale == "log_ratio":
            return float(100 * np.expm1(value))
        return float(100 * value / self.counterfactual) if self.counterfactual > 0 else float("nan")

    def units(self, value: float) -> float:
        """Events avoided (−) or added (+): observed less counterfactual over treated units and periods after."""
        if not self.observed:
            return float("nan")
        if self.scale == "log_ratio":
            return float(sum(events * -np.expm1(-value * share) for share, events in self.observed))
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
        return EffectSize(scale, counterfactual, (), float("nan"))
    exposed = np.ones_like(share) if grid.exposure is None else np.where(seen, grid.exposure[rows], 0.0) / PER
    events = grid.y[rows]
    observed = tuple((float(part), float(events[share == part].sum())) for part in np.unique(share[seen]))
    return EffectSize(scale, counterfactual, observed, float(np.sum(share * exposed)))
