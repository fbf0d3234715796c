"""How large must an effect be to be found in four of five tries? From the planned analysis of two waves before the start.

The start is moved one wave back: the planned analysis then says how much a change between two waves differs between the arms
where nothing was done. Its standard error, with groups and covariates counted in, is that of the effect (by the formula
effect = (t at the level + t at 80 %) × standard error; Bloom 1995, Eval. Rev. 19:547).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from utvardering.data.cohort import Cohort
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, Estimate
from utvardering.individuals.analysis import analyse
from utvardering.individuals.missing import complete_cases
from utvardering.individuals.persons import persons_of
from utvardering.study.model import Outcome, Study

POWER = 0.80


@dataclass(frozen=True)
class Detectable:
    """Smallest effect in the outcome's unit, and as a share of the treated persons' mean before the start (NaN without one)."""

    effect: float
    share: float


def past_of(cohort: Cohort) -> Cohort:
    """The waves before the start, the last of them as if it came after. Raises DesignError where there is only one."""
    if cohort.last_before < 1:
        msg = "there is only one wave before the start, so nothing shows how persons change without the measure"
        raise DesignError(msg)
    return replace(cohort.before(), last_before=cohort.last_before - 1)


def smallest_detectable(study: Study, cohort: Cohort, outcome: Outcome) -> Detectable:
    """Smallest effect on an outcome that the plan finds in POWER of the tries. Raises DesignError where the past is short."""
    if study.estimation is None:
        msg = f"{study.id}: the study plans no estimate ([estimation] is missing)"
        raise DesignError(msg)
    past = past_of(cohort)
    found = analyse(past, outcome, study.estimation, study.checks.min_overlap).planned.estimate
    persons, _ = persons_of(past, outcome.id)
    freedom = max(len(np.unique(complete_cases(persons).group)) - 1, 1)
    effect = multiple(study.estimation.level, found, freedom) * found.std_error
    mean = float(np.nanmean(cohort.outcomes[outcome.id][cohort.treated, cohort.last_before]))
    return Detectable(effect, effect / mean if mean > 0 else np.nan)


def multiple(level: float, found: Estimate, freedom: int) -> float:
    """So many standard errors are found in POWER of the tries: of the normal where persons change places, else of t."""
    reference = stats.norm() if found.inference in RANDOMIZED else stats.t(freedom)
    return float(reference.ppf((1 + level) / 2) + reference.ppf(POWER))
