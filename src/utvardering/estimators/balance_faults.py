"""Why can no non-negative weights reproduce the treated units' totals, and what comes nearest?"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from utvardering.estimators.balance_totals import Totals

_NAMED = 3  # totals named in the message: those that miss by most
_MISSED = 1e-9  # relative: less is the rounding of the linear program


def nearest_miss(wanted: Totals) -> tuple[float, tuple[tuple[str, float, float], ...]]:
    """The smallest sum of relative misses over all totals, and the totals that make it up: name, wanted, reached.

    The first phase of a linear program: minimise Σ_j |(Aᵀw − b)_j| ÷ s_j over w ≥ 0 with the number of units (or their mass)
    held, s_j the treated's total or, where that is nothing, its equal share of everybody's. The worst are first.
    """
    treated = wanted.treated
    carried = wanted.columns[treated].T @ wanted.mass[treated]
    everybody = np.abs(wanted.columns).T @ wanted.mass * (wanted.mass[treated].sum() / wanted.mass.sum())
    size = np.where(carried != 0, np.abs(carried), np.where(everybody > 0, everybody, 1.0))
    pool = wanted.columns[~treated].T / size[:, None]
    free = eye_array(len(size), format="csr")[:, 1:]
    found = linprog(
        c=np.concatenate([np.zeros(pool.shape[1]), np.ones(2 * (len(size) - 1))]),
        A_eq=hstack([csr_array(pool), free, -free]),
        b_eq=carried / size,
        bounds=(0, None),
        method="highs",
    )
    reached = wanted.columns[~treated].T @ found.x[: pool.shape[1]]
    missed = np.abs(reached - carried) / size
    worst = [k for k in np.argsort(-missed, kind="stable") if missed[k] > _MISSED]
    return float(found.fun), tuple((wanted.names[k], float(carried[k]), float(reached[k])) for k in worst)


def infeasible(outcome: str, wanted: Totals) -> str:
    """The message: which totals of the treated cannot be reproduced, by how much, and what to do."""
    total, worst = nearest_miss(wanted)
    pool, treated = int((~wanted.treated).sum()), int(wanted.treated.sum())
    named = "; ".join(f"{name}: {_shown(have)} is wanted, {_shown(reach)} is reached" for name, have, reach in worst[:_NAMED])
    more = f"; and {len(worst) - _NAMED} more" if len(worst) > _NAMED else ""
    return (
        f"{outcome}: no non-negative weights on the {pool} comparison units give the totals of the {treated} treated before "
        f"the start; the nearest miss by {100 * total:.3g} % of them in all ({named}{more}). Take more comparison units, fewer "
        "outcomes or covariates, or a later [period] first; a treated unit beyond all comparison units has no comparable one"
    )


def _shown(value: float) -> str:
    return f"{value:.6g}"
