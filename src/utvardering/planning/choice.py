"""Which comparison would be best? Rules that choose units from the past, compared on the same terms, and one recommended."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from utvardering.data.matching import optimal_match
from utvardering.planning.differences import Difference
from utvardering.planning.donors import donor_weights
from utvardering.planning.likeness import Floats, Mask, Past, distances, traits

NAMES = ("planned", "group", "nearest", "matched", "donors")
"""In the order in which equals are preferred: the less a rule has looked at the outcome, the earlier."""

BETTER = 0.10
"""Share by which a held-out error must be smaller to count as smaller."""

_ROUNDING = 1e-9  # of an error
_DIGITS = 10  # of distances in standard deviations: what is smaller is rounding, and must not decide between equals


@dataclass(frozen=True)
class Terms:
    """What may be chosen among, and how many are asked for.

    treated, pool, planned  (N,) units; alike (N,) units of the treated's groups, or None
    names                   N names, which decide between equals
    n, each                 units for `nearest`; for each treated unit for `matched`
    """

    treated: Mask
    pool: Mask
    planned: Mask
    alike: Mask | None
    names: tuple[str, ...]
    n: int
    each: int


@dataclass(frozen=True)
class Chosen:
    """What every rule chose from a past.

    units    name of the rule to (N,) units; a rule that cannot be used is absent
    apart    trait to (N,) mean distance to the treated; distance (N,) of all traits together
    rank     (N,) 1 for the nearest of the pool; 0 for those that are not ranked
    weights  (N,) donor weights, or None
    """

    units: dict[str, Mask]
    apart: dict[str, Floats]
    distance: Floats
    rank: np.ndarray[tuple[int], np.dtype[np.int64]]
    weights: Floats | None


@dataclass(frozen=True)
class Compared:
    """One rule on the terms of all: the largest difference before the start and the held-out error; NaN where unknown."""

    name: str
    n_units: int
    differences: tuple[Difference, ...]
    largest: Difference | None
    error: float

    @property
    def imbalance(self) -> float:
        """Size of the largest difference, infinite where it is not known."""
        value = abs(self.largest.standardised_difference) if self.largest else np.inf
        return float(np.inf if np.isnan(value) else value)


def choose(past: Past, terms: Terms) -> Chosen:
    """Let every rule choose from this past, the plan and the groups excepted, which stand."""
    apart, total = distances(traits(past), terms.treated, terms.pool)
    known = terms.pool & np.isfinite(total).all(axis=1)
    distance = total.mean(axis=1)
    places = np.flatnonzero(known)
    by_name = np.argsort(np.argsort(np.array(terms.names)))
    order = places[np.lexsort((by_name[places], np.round(distance[places], _DIGITS)))]
    rank = np.zeros(len(distance), dtype=np.int64)
    rank[order] = np.arange(1, len(order) + 1)
    units = {"planned": terms.planned} if terms.planned.any() else {}
    if terms.alike is not None and (terms.alike & terms.pool).any():
        units["group"] = terms.alike & terms.pool
    if len(order):
        units["nearest"] = (rank > 0) & (rank <= terms.n)
    each = min(terms.each, len(order) // int(terms.treated.sum()))
    if each:
        cost = np.where(known[:, None], total, np.nan)[np.argsort(by_name)]  # equals go by name, not by order in the file
        taken = np.argsort(by_name)[optimal_match(cost.T, each)]
        units["matched"] = _mask(len(distance), taken.ravel())
    weights = donor_weights(past, terms.treated, terms.pool)
    if weights is not None:
        units["donors"] = weights > 0
    means = {trait: values.mean(axis=1) for trait, values in apart.items()}
    return Chosen({name: units[name] for name in NAMES if name in units}, means, distance, rank, weights)


def asked_for(minimum: int, planned: int, n_treated: int) -> tuple[int, int]:
    """Units for `nearest` (what the study needs or plans, at least one for each treated), and each treated's for `matched`."""
    n = max(minimum, planned, n_treated)
    return n, max(ceil(n / n_treated), 1)


def recommend(compared: tuple[Compared, ...], minimum: int, limit: float) -> Compared | None:
    """The recommended rule; None where there is none.

    1. Rules with at least `minimum` units, if there are any.
    2. Of these those whose largest difference is within `limit`, if there are any.
    3. Of these those whose held-out error is within 10 % of the smallest (all, where it is not known), and the first in the
       order of NAMES.
    """
    left = [one for one in compared if one.n_units >= minimum] or list(compared)
    left = [one for one in left if one.imbalance <= limit] or left
    errors = [one.error for one in left if np.isfinite(one.error)]
    if errors:
        left = [one for one in left if one.error <= (1 + BETTER) * min(errors) + _ROUNDING]
    return min(left, key=lambda one: NAMES.index(one.name)) if left else None


def _mask(size: int, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Mask:
    found = np.zeros(size, dtype=bool)
    found[places] = True
    return found
