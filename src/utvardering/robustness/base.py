"""What a robustness check gives, and how it runs the planned analysis again on other data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

import pandas as pd

from utvardering.data.panel import Panel, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate
from utvardering.estimators.effects import effect_size
from utvardering.estimators.estimate import EstimateRow, planned_job
from utvardering.estimators.registry import planned_method
from utvardering.study.model import Estimation, Outcome, Study
from utvardering.wording import percent, say


@dataclass(frozen=True)
class RobustnessRow:
    """A row of `robustness.csv`; estimate and interval are on the scale of the planned estimate.

    But for `quotient` and `e_value`, whose estimate is a number of its own; an E-value's ci_low is that of the nearer limit.
    """

    study: str
    outcome: str
    estimator: str
    check: str
    variant: str
    estimate: float
    ci_low: float
    ci_high: float
    p_value: float
    verdict: str
    text: str


@dataclass(frozen=True)
class Robustness:
    """Every doubt that was tried."""

    rows: tuple[RobustnessRow, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row per check and variant."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(RobustnessRow.__dataclass_fields__))


@dataclass(frozen=True)
class Doubt:
    """What a robustness check may look at: the study, the panel, and the planned estimates of primary and other outcomes."""

    study: Study
    panel: Panel
    planned: EstimateRow
    others: tuple[EstimateRow, ...] = ()
    """Planned rows of the other outcomes."""

    @property
    def controls(self) -> tuple[EstimateRow, ...]:
        """Planned rows of the negative controls."""
        return tuple(row for row in self.others if row.role == "negative_control")

    @property
    def outcome(self) -> Outcome:
        """The primary outcome."""
        return self.study.primary

    @property
    def estimation(self) -> Estimation:
        """The planned analysis."""
        if self.study.estimation is None:
            raise DesignError(self.study.id)
        return self.study.estimation

    def percent(self, estimate: float) -> str:
        """A value on the scale of the planned estimate as a change in percent of what the treated would have been."""
        return percent(relative(self.planned, estimate), self.study.report.language, 1)

    def share(self, value: float, scale: str) -> str:
        """A log ratio, or a share of a level, as a change in percent."""
        return percent(math.expm1(value) if scale == "log_ratio" else value, self.study.report.language, 1)

    def inside(self, found: Estimate) -> str:
        """`pass` where an estimate lies within the planned interval, else `fail`."""
        return "pass" if self.planned.ci_low <= found.estimate <= self.planned.ci_high else "fail"

    def again(self, panel: Panel, inference: str = "") -> tuple[Sample, Estimate]:
        """The sample and the planned estimate on another panel, with the planned inference unless another is named.

        Where the method has not the one named, the placebo variance or its last listed one takes its place.
        """
        method = planned_method(self.estimation.estimator, self.outcome)
        named = inference or self.estimation.inference
        other = "placebo" if method.has("placebo") else method.inferences[-1]
        job = planned_job(self.study, panel, method, self.outcome)
        job = replace(job, inferences=(named if method.has(named) else other,))
        found = method.run(job).estimates
        return job.sample, next(row for row in found if row.estimand == method.estimand)

    def row(self, check: str, variant: str, sample: Sample, found: Estimate, verdict: str, /, **facts: object) -> RobustnessRow:
        """A row with its sentence; effects in percent of what the treated would have been."""
        size = found.size or effect_size(sample, self.outcome, found.estimate, found.scale)
        language = self.study.report.language
        low, value, high = (percent(size.percent(x) / 100, language, 1) for x in (found.ci_low, found.estimate, found.ci_high))
        text = say(language, "robustness", check, value=value, low=low, high=high, **facts)
        return RobustnessRow(
            self.study.id,
            self.outcome.id,
            self.planned.estimator,
            check,
            variant,
            found.estimate,
            found.ci_low,
            found.ci_high,
            found.p_value,
            verdict,
            text,
        )


def relative(row: EstimateRow, value: float) -> float:
    """A value on the scale of a row as a share of what the treated would have been."""
    return math.expm1(value) if row.scale == "log_ratio" else value * share_of_one(row)


def share_of_one(row: EstimateRow) -> float:
    """What a difference of one is, as a share of what the treated would have been."""
    width, shown = row.ci_high - row.ci_low, row.effect_percent_high - row.effect_percent_low
    if not math.isfinite(width):
        width, shown = row.estimate, row.effect_percent
    return shown / (100 * width) if width else math.nan


def unanswered(doubt: Doubt, check: str, variant: str, fault: DesignError) -> RobustnessRow:
    """A row for a check that this design cannot answer."""
    nan = float("nan")
    return RobustnessRow(
        doubt.study.id,
        doubt.outcome.id,
        doubt.planned.estimator,
        check,
        variant,
        nan,
        nan,
        nan,
        nan,
        "not_evaluated",
        fault.message,
    )
