"""What a doubt about persons may look at, and the row that it gives."""

from __future__ import annotations

import math
from dataclasses import dataclass

from utvardering.data.cohort import Cohort
from utvardering.disclosure.rounding import blunted
from utvardering.estimators.base import Estimate
from utvardering.estimators.estimate import EstimateRow
from utvardering.individuals.analysis import Analysis
from utvardering.individuals.disclosure import significant, step_of
from utvardering.robustness.base import Asked, RobustnessRow, relative
from utvardering.study.model import Study
from utvardering.wording import number, percent, say


@dataclass(frozen=True)
class PersonDoubt(Asked):
    """The study, its cohort, the analysis of the primary outcome, and the planned rows of primary and other outcomes."""

    study: Study
    cohort: Cohort
    analysis: Analysis
    planned: EstimateRow
    others: tuple[EstimateRow, ...] = ()

    @property
    def excluded(self) -> bool:
        """Whether the planned interval holds no zero."""
        return self.planned.ci_low > 0 or self.planned.ci_high < 0

    def shown(self, value: float) -> str:
        """A value on the scale of the planned estimate in percent; in the outcome's unit where it has no level."""
        language, share = self.study.report.language, relative(self.planned, value)
        return number(value, language) if math.isnan(share) else percent(share, language, 1)

    def row(self, check: str, variant: str, found: Estimate, verdict: str, key: str, /, **facts: object) -> RobustnessRow:
        """A row for an estimate beside the planned one, with its sentence."""
        ends = {name: self.shown(x) for name, x in (("value", found.estimate), ("low", found.ci_low), ("high", found.ci_high))}
        text = say(self.study.report.language, "individuals", f"doubt_{key}", **ends, **facts)
        low, value, high = (blunted(x, step_of(found)) for x in (found.ci_low, found.estimate, found.ci_high))
        return self.numbers(check, variant, (value, low, high, found.p_value), verdict, text)

    def numbers(
        self, check: str, variant: str, values: tuple[float, float, float, float], verdict: str, text: str
    ) -> RobustnessRow:
        """A row from estimate, limits and p-value, in three significant digits."""
        value, low, high = (significant(x) for x in values[:3])
        study, outcome, estimator = self.study.id, self.outcome.id, self.planned.estimator
        return RobustnessRow(study, outcome, estimator, check, variant, value, low, high, values[3], verdict, text)
