"""Would the effect on persons be as large if each group's residuals had another sign? For cohorts of few groups."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError
from utvardering.individuals.effects import Given, adjustment
from utvardering.individuals.grouped import FEWEST_GROUPS, groups_by_arm
from utvardering.individuals.persons import Persons
from utvardering.inference.reassignment import DRAWS
from utvardering.inference.wild_bootstrap import BootstrapTest, ClusterSums, wild_bootstrap

FEWEST_FOR_SIGNS = 8
"""Groups with either arm below which the wild bootstrap is refused; docs/methods/individuals.md has the rates."""


def wild_groups(
    persons: Persons, given: Given, rng: np.random.Generator, *, level: float, draws: int = DRAWS
) -> tuple[float, BootstrapTest]:
    """The doubly robust effect, and its restricted wild bootstrap over groups; every change of `persons` is known.

    Given who is treated the effect is Σ c ΔY, with weights c that are orthogonal to what is adjusted for and sum to 1 over
    the treated: an instrumental-variable regression of ΔY on the arm with the instrument c. Residuals under the hypothesis
    τ₀ are those of ΔY − τ₀D on what is adjusted for; they are multiplied by a weight for each group, effect and
    clustered variance are found anew, and |t| is compared (WCR: Cameron, Gelbach & Miller 2008, Rev. Econ. Stat. 90:414).
    The weights c, and so propensities and response weights, stay as they are: where the regression is right, to estimate
    them adds nothing of first order.

    Raises DesignError with treated or comparison persons in fewer than FEWEST_FOR_SIGNS groups.
    """
    treated, other = groups_by_arm(persons)
    fewest = min(treated, other)
    if fewest < FEWEST_FOR_SIGNS:
        instead = "cluster" if fewest >= FEWEST_GROUPS else "randomization"
        msg = (
            f"the wild bootstrap needs treated and comparison persons in at least {FEWEST_FOR_SIGNS} groups each, "
            f'found {fewest}: with so few it rejects too often; write inference = "{instead}"'
        )
        raise DesignError(msg)
    found = wild_bootstrap(_sums(persons, given), rng, draws=draws, level=level)
    return float(adjustment(persons, given).contrast @ persons.change), found


def _sums(persons: Persons, given: Given) -> ClusterSums:
    """Sums over groups, with the weights c where least squares has the treatment's residual."""
    fit = adjustment(persons, given)
    weight, x = persons.weights, fit.x
    inverse = np.linalg.pinv(x.T @ (weight[:, None] * x), hermitian=True)

    def rest(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(values - x @ (inverse @ (x.T @ (weight * values))))

    codes = np.unique(persons.group, return_inverse=True)[1]
    count = int(codes.max()) + 1

    def summed(values: NDArray[np.float64]) -> NDArray[np.float64]:
        out = np.zeros((count, *values.shape[1:]))
        np.add.at(out, codes, values)
        return out

    outcome, treatment = rest(persons.change), rest(persons.treated.astype(float))
    return ClusterSums(
        outcome=summed(fit.contrast * outcome),
        treatment=summed(fit.contrast * treatment),
        leverage=summed(fit.contrast[:, None] * x),
        outcome_on=summed((weight * outcome)[:, None] * x),
        treatment_on=summed((weight * treatment)[:, None] * x),
        inverse=np.asarray(inverse, dtype=np.float64),
        # A group of persons may be on both sides, so this lists groups by arm; it is only counted, as above.
        treated=np.repeat([True, False], groups_by_arm(persons)),
        factor=count / (count - 1) * (len(weight) - 1) / (len(weight) - x.shape[1] - 1),
    )
