"""Would other persons of the same group have shown as much? Exact randomization within groups, or within like propensities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError
from utvardering.individuals.persons import Persons
from utvardering.inference.randomization import PlaceboTest, studentised_placebo_test
from utvardering.inference.reassignment import DRAWS, Reassignments, reassign

STRATA = 5
"""Strata of equal propensity where groups cannot be used (Rosenbaum & Rubin 1984, JASA 79:516, use five)."""


@dataclass(frozen=True)
class Randomized:
    """A randomization test within strata.

    estimate     effect within strata, adjusted for the columns given
    test         its p-value and intervals
    exact        whether every re-assignment was listed
    n_strata     strata with both arms; persons of the others are not used
    used         (P,) the persons used
    """

    estimate: float
    test: PlaceboTest
    exact: bool
    n_strata: int
    used: NDArray[np.bool_]


def with_both_arms(strata: NDArray[np.int64], treated: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(P,) whether a person's stratum holds both arms: in the others nothing can be re-assigned."""
    both = np.intersect1d(strata[treated], strata[~treated])
    return np.isin(strata, both)


def propensity_strata(score: NDArray[np.float64], treated: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(P,) stratum of each person: at most STRATA, cut so that each holds as many treated."""
    count = min(STRATA, max(int(treated.sum()) // 2, 1))
    edges = np.quantile(score[treated], np.arange(1, count) / count)
    return np.searchsorted(edges, score, side="right").astype(np.int64)


def randomize(
    persons: Persons,
    strata: NDArray[np.int64],
    columns: NDArray[np.float64],
    rng: np.random.Generator,
    *,
    level: float,
    draws: int = DRAWS,
) -> Randomized:
    """Effect within (P,) strata, adjusted for (P, K) columns, with the interval that holds every effect not rejected.

    Under the hypothesis that the measure changed each treated person by τ, the changes less τ are what they would have been
    anyway; their residuals on strata and columns are summed over the treated of every re-assignment within strata
    (Rosenbaum 2002, Statist. Sci. 17:286). The test is exact if who got the measure was as good as drawn within
    strata. Raises DesignError where the test cannot reach the level, and where strata and columns leave no noise.
    """
    used = with_both_arms(strata, persons.treated)
    if not used.any():
        msg = "no group has both treated and comparison persons, so nobody can change places; name another group column"
        raise DesignError(msg)
    treated, codes = persons.treated[used], strata[used]
    draws_of = reassign(np.where(treated, 0, -1).astype(np.intp), rng, strata=codes, draws=draws)
    _require_reach(draws_of, level)
    x = np.column_stack([codes[:, None] == np.unique(codes), columns[used]]).astype(float)
    if len(treated) <= np.linalg.matrix_rank(np.column_stack([x, treated])):
        msg = f"the persons measured cannot carry {x.shape[1]} groups and covariates; name fewer covariates"
        raise DesignError(msg)
    score = _residual(persons.change[used], x)
    slope = _residual(treated.astype(float), x)
    a, b = draws_of.total(score), draws_of.total(slope)
    test = studentised_placebo_test(a, b, np.ones(len(a)), draws_of.p_smallest, level)
    return Randomized(float(a[0] / b[0]), test, draws_of.exact, len(np.unique(codes)), used)


def _residual(values: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    return values - x @ np.linalg.lstsq(x, values, rcond=None)[0]


def _require_reach(draws: Reassignments, level: float) -> None:
    if draws.p_smallest <= 1 - level + 1e-12:  # rounding of 1 − level
        return
    msg = (
        f"so few persons of groups with both arms give no p-value below {draws.p_smallest:.3f}, so level {level:g} cannot be "
        "reached; more persons in these groups are needed"
    )
    raise DesignError(msg)
