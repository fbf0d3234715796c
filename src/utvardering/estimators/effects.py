"""What does an estimate mean in percent, and in units of the outcome over the whole period after the start?"""

from __future__ import annotations

import numpy as np

from utvardering.data.panel import Sample
from utvardering.estimators.base import PER, EffectSize, additive_values
from utvardering.study.model import Outcome


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
