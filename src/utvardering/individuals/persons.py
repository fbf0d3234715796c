"""Whom can an outcome say something about? The persons with a value before the start and every covariate."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.cohort import Cohort
from utvardering.errors import DesignError


@dataclass(frozen=True)
class Arms:
    """So many persons of the treated and of the comparison."""

    treated: int
    comparison: int

    @classmethod
    def count(cls, treated: NDArray[np.bool_], which: NDArray[np.bool_]) -> Arms:
        """Of the persons `which`, by arm."""
        return cls(int(np.sum(treated & which)), int(np.sum(~treated & which)))

    @property
    def total(self) -> int:
        """Both arms."""
        return self.treated + self.comparison


@dataclass(frozen=True)
class Persons:
    """P persons of one outcome.

    baseline    (P,) value in the last wave before the start
    after       (P, A) values in the waves after it, NaN where a person was not measured
    treated     (P,) whether the person got the measure
    group       (P,) code of the person's group
    covariates  (P, K) values known before the start
    weights     (P,) what a person counts for, above 0
    """

    baseline: NDArray[np.float64]
    after: NDArray[np.float64]
    treated: NDArray[np.bool_]
    group: NDArray[np.int64]
    covariates: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def change(self) -> NDArray[np.float64]:
        """(P,) mean of the waves after the start less the last before; NaN where a wave is missing."""
        return self.after.mean(axis=1) - self.baseline

    @property
    def features(self) -> NDArray[np.float64]:
        """(P, 1 + K) the outcome before the start, and the covariates."""
        return np.column_stack([self.baseline, self.covariates])

    @property
    def arms(self) -> Arms:
        """How many there are."""
        return Arms.count(self.treated, np.ones(len(self.treated), dtype=bool))

    def take(self, which: NDArray[np.bool_]) -> Persons:
        """Some of the persons."""
        names = ("baseline", "after", "treated", "group", "covariates", "weights")
        return replace(self, **{name: getattr(self, name)[which] for name in names})

    def wave(self, position: int) -> Persons:
        """The same persons with one wave after the start."""
        return replace(self, after=self.after[:, [position]])


def persons_of(cohort: Cohort, outcome: str) -> tuple[Persons, Arms]:
    """The persons whom an outcome says something about, and how many lack a value before the start or a covariate.

    Raises DesignError where an arm is left empty.
    """
    values = cohort.outcomes[outcome]
    baseline = values[:, cohort.last_before]
    covariates = np.column_stack([*cohort.covariates.values()]) if cohort.covariates else np.empty((len(baseline), 0))
    known = np.isfinite(baseline) & np.isfinite(covariates).all(axis=1)
    every = Persons(
        baseline=baseline,
        after=values[:, cohort.last_before + 1 :],
        treated=cohort.treated,
        group=cohort.group,
        covariates=covariates,
        weights=np.ones(len(baseline)),
    )
    kept = every.take(known)
    if not kept.treated.any() or kept.treated.all():
        arm = "comparison" if kept.treated.any() else "treated"
        msg = f"{outcome}: no {arm} person has a value in the last wave before the start and every covariate; fill them in"
        raise DesignError(msg)
    return kept, Arms.count(every.treated, ~known)
