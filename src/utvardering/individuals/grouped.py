"""How sure can one be, where persons of a group may be alike? Everything is estimated anew without each group in turn."""

from __future__ import annotations

import numpy as np

from utvardering.errors import DesignError
from utvardering.individuals.effects import Fit
from utvardering.individuals.persons import Persons
from utvardering.inference.cluster import ClusterTest, cluster_test

FEWEST_GROUPS = 6
"""Groups with both arms below which the clustered interval is refused; docs/methods/individuals.md has the rates."""


def groups_with_both(persons: Persons) -> int:
    """Groups that hold treated and comparison persons."""
    return len(np.intersect1d(persons.group[persons.treated], persons.group[~persons.treated]))


def groups_by_arm(persons: Persons) -> tuple[int, int]:
    """Groups that hold treated, and groups that hold comparison persons."""
    return len(np.unique(persons.group[persons.treated])), len(np.unique(persons.group[~persons.treated]))


def leave_one_group_out(persons: Persons, fit: Fit, level: float) -> tuple[float, ClusterTest]:
    """Estimate, and test of no effect from the jackknife over G groups, with t(G − 1).

    The variance is (G − 1)/G Σ (θ_g − θ)², θ_g estimated without group g (CV3: MacKinnon, Nielsen & Webb 2023, J. Econometrics
    232:272). First steps such as propensities and response weights are estimated anew each time, so their
    uncertainty is in it. Raises DesignError with fewer than FEWEST_GROUPS groups on either side, or where the estimate cannot
    be had without one of them.
    """
    codes = np.unique(persons.group)
    fewest = min(groups_by_arm(persons))
    if fewest < FEWEST_GROUPS:
        msg = (
            f"a clustered interval needs treated and comparison persons in at least {FEWEST_GROUPS} groups each, found "
            f'{fewest}; write inference = "randomization"'
        )
        raise DesignError(msg)
    estimate = fit(persons)
    try:
        without = np.array([fit(persons.take(persons.group != code)) for code in codes])
    except DesignError as fault:
        msg = f"the estimate hangs on a single group: without it {fault.message}"
        raise DesignError(msg) from fault
    variance = (len(codes) - 1) / len(codes) * float(np.sum((without - estimate) ** 2))
    return estimate, cluster_test(estimate, variance, len(codes), level)
