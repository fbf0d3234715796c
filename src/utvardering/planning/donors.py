"""Which units would a synthetic control be made of? Donor weights from the past alone, by the engine of `synthetic_control`."""

from __future__ import annotations

import numpy as np

from utvardering.estimators.synthetic import SC, fit
from utvardering.planning.likeness import Floats, Mask, Past

SMALLEST = 1e-6
"""Weight below which a unit is no donor: what a solver leaves of zero."""

_FEWEST = 2  # periods and donors, as the estimator itself asks for


def donor_weights(past: Past, treated: Mask, pool: Mask) -> Floats | None:
    """(N,) weights, summing to one over the pool, with which it comes nearest to the mean of the treated in every period.

    Periods that a treated unit lacks are left out, and units that lack one of the others; None where too little is left.
    """
    seen = np.isfinite(past.values)
    used = seen[treated].all(axis=0)
    donors = pool & seen[:, used].all(axis=1)
    if used.sum() < _FEWEST or donors.sum() < _FEWEST:
        return None
    rows = np.flatnonzero(treated | donors)
    values = past.values[np.ix_(rows, used)]
    share = np.where(treated[rows], np.nan_to_num(past.weight[rows]), 0.0)
    if not share.any() or np.ptp(values) == 0:
        return None
    try:
        found = fit(values, share[None] / share.sum(), donors[rows][None], values.shape[1], SC)
    except np.linalg.LinAlgError:  # paths that lie on one another, such as levels that never change: no one combination is best
        return None
    weights = np.zeros(len(pool))
    weights[rows] = np.where(found.unit_weights[0] > SMALLEST, found.unit_weights[0], 0.0)
    return weights
