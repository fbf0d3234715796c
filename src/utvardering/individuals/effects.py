"""By how much did the treated change more? Unadjusted, with covariates, and with the outcome before the start among them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError
from utvardering.estimators.doubly_robust import Adjustment, NoOverlapError, adjust
from utvardering.individuals.persons import Persons

Given = Literal["nothing", "covariates", "baseline"]
"""What the comparison is made alike in: nothing (change scores); covariates (doubly robust difference-in-differences);
the outcome before the start too (AIPW, with the lagged outcome)."""

Fit = Callable[[Persons], float]


def adjustment(persons: Persons, given: Given) -> Adjustment:
    """Weights of the persons' changes in the effect on the treated (Sant'Anna & Zhao 2020, eq. 3.1; their weights).

    With `baseline` the outcome before the start is one of the covariates. As the regression then holds it, the same effect is
    found from the values after the start as from the changes. Raises DesignError where nobody is left to compare with.
    """
    columns = {"nothing": np.empty((len(persons.treated), 0)), "covariates": persons.covariates, "baseline": persons.features}
    used = columns[given]
    used = used[:, used.std(axis=0) > 0] if len(used) else used
    try:
        return adjust(persons.treated, persons.weights, used if used.shape[1] else None, None)
    except NoOverlapError as fault:
        msg = "the persons of one arm cannot carry the covariates, or nobody of the other is like them; name fewer covariates"
        raise DesignError(msg) from fault


def effect(persons: Persons, given: Given) -> float:
    """Mean change of the treated less that of comparison persons like them, in the outcome's unit; every change is known."""
    return float(adjustment(persons, given).contrast @ persons.change)


def odds_weights(persons: Persons, given: Given) -> NDArray[np.float64]:
    """(P,) weights under which each arm sums to 1 and the comparison is to be like the treated, for the balance after."""
    found = adjustment(persons, given)
    return found.treated + found.comparison
