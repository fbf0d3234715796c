"""What a robustness check gives, and how it runs the planned analysis again on other data."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import Any

import pandas as pd

from utvardering.data.counted_persons import withheld_of
from utvardering.data.panel import Panel, Sample
from utvardering.disclosure.rounding import blunted
from utvardering.errors import DesignError
from utvardering.estimators.base import EffectSize, Estimate
from utvardering.estimators.effects import effect_size
from utvardering.estimators.estimate import EstimateRow, planned_job
from utvardering.estimators.registry import planned_method
from utvardering.inference.reassignment import DRAWS
from utvardering.robustness.kept import Kept
from utvardering.study.model import Estimation, Outcome, Study
from utvardering.wording import percent, say
from utvardering.wording.refusals import in_words


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
class SpecificationRow:
    """A row of `specifications.csv`: one analysis that could have been planned, in percent of what the treated would have had.

    `specification` counts them in order of size; same_sign and same_conclusion are None where there is nothing to compare.
    """

    study: str
    outcome: str
    specification: int
    planned: bool
    estimator: str
    comparison: str
    window: str
    scale: str
    estimate_percent: float
    low: float
    high: float
    p_value: float
    same_sign: bool | None
    same_conclusion: bool | None
    note: str


@dataclass(frozen=True)
class Robustness:
    """Every doubt that was tried."""

    rows: tuple[RobustnessRow, ...]
    specifications: tuple[SpecificationRow, ...] = ()

    def to_frame(self) -> pd.DataFrame:
        """A row per check and variant."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(RobustnessRow.__dataclass_fields__))

    def specifications_frame(self) -> pd.DataFrame:
        """A row per specification of the curve."""
        rows = [
            {name: str(value).lower() if isinstance(value, bool) else value for name, value in asdict(row).items()}
            for row in self.specifications
        ]
        return pd.DataFrame(rows, columns=list(SpecificationRow.__dataclass_fields__))


class Asked:
    """What is asked of a planned estimate, whatever the data are: the study, the planned row and those of other outcomes."""

    study: Study
    planned: EstimateRow
    others: tuple[EstimateRow, ...]

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
        return self.said(relative(self.planned, estimate))

    def share(self, value: float, scale: str) -> str:
        """A log ratio, or a share of a level, as a change in percent."""
        return self.said(math.expm1(value) if scale == "log_ratio" else value)

    @property
    def step(self) -> float:
        """What a share is rounded to where the primary outcome counts persons; 0 where nothing is rounded."""
        return 0.0

    def said(self, share: float) -> str:
        """A share in percent, as coarse as the tables are where persons are counted."""
        return percent(blunted(share, self.step), self.study.report.language, 1)

    def inside(self, found: Estimate) -> str:
        """`pass` where an estimate lies within the planned interval, else `fail`."""
        return "pass" if self.planned.ci_low <= found.estimate <= self.planned.ci_high else "fail"


@dataclass(frozen=True)
class Doubt(Asked):
    """What a robustness check may look at: the study, the panel, and the planned estimates of primary and other outcomes."""

    study: Study
    panel: Panel
    planned: EstimateRow
    others: tuple[EstimateRow, ...] = ()
    """Planned rows of the other outcomes."""
    kept: Kept = field(default_factory=Kept)
    """Numbers that an earlier run has computed; none unless a folder is given."""

    @cached_property
    def step(self) -> float:
        """What a share is rounded to where the primary outcome counts persons; 0 where nothing is rounded."""
        held = withheld_of(self.study, self.panel, self.outcome.id)
        return 0.0 if held is None else held.log_step

    def again(self, panel: Panel, inference: str = "", draws: int = DRAWS) -> tuple[Sample, Estimate]:
        """The sample and the planned estimate on another panel, with the planned inference unless another is named.

        Where the method has not the one named, the placebo variance or its last listed one takes its place. The estimate comes
        without its note and its placebo statistics. draws: re-assignments drawn where they are too many to be listed.
        """
        method = planned_method(self.estimation.estimator, self.outcome)
        named = inference or self.estimation.inference
        other = "placebo" if method.has("placebo") else method.inferences[-1]
        job = planned_job(self.study, panel, method, self.outcome)
        job = replace(job, inferences=(named if method.has(named) else other,), draws=draws)

        def work() -> dict[str, Any]:
            found = method.run(job).estimates
            return _numbers(next(row for row in found if row.estimand == method.estimand))

        return job.sample, _estimate(self.kept.value("again", (method.name, job), work))

    def row(
        self, check: str, variant: str, sample: Sample, found: Estimate, verdict: str, /, *, sentence: str = "", **facts: object
    ) -> RobustnessRow:
        """A row with its sentence (the check's, or `sentence`); effects in percent of what the treated would have been."""
        size = found.size or effect_size(sample, self.outcome, found.estimate, found.scale)
        language = self.study.report.language
        low, value, high = (self.said(size.percent(x) / 100) for x in (found.ci_low, found.estimate, found.ci_high))
        text = say(language, "robustness", sentence or check, value=value, low=low, high=high, **facts)
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


def _numbers(found: Estimate) -> dict[str, Any]:
    """An estimate as JSON holds it, without its note and its placebo statistics."""
    return {**asdict(replace(found, statistics=None)), "note": ""}


def _estimate(numbers: dict[str, Any]) -> Estimate:
    """The estimate of such numbers."""
    size, units = numbers["size"], numbers["unit_estimates"]
    if size is not None:
        size = EffectSize(**{**size, "observed": tuple((share, events) for share, events in size["observed"])})
    return Estimate(**{**numbers, "size": size, "unit_estimates": None if units is None else tuple(units)})


def relative(row: EstimateRow, value: float) -> float:
    """A value on the scale of a row as a share of what the treated would have been."""
    return math.expm1(value) if row.scale == "log_ratio" else value * share_of_one(row)


def on_planned_scale(row: EstimateRow, percent_of_counterfactual: float) -> float:
    """An effect in percent of what the treated would have been, on the scale of a row; a ratio of nothing is −∞."""
    share = percent_of_counterfactual / 100
    if row.scale == "log_ratio":
        return math.log1p(share) if share > -1 else -math.inf
    return share / share_of_one(row)


def share_of_one(row: EstimateRow) -> float:
    """What a difference of one is, as a share of what the treated would have been."""
    width, shown = row.ci_high - row.ci_low, row.effect_percent_high - row.effect_percent_low
    if not math.isfinite(width):
        width, shown = row.estimate, row.effect_percent
    return shown / (100 * width) if width else math.nan


def unanswered(doubt: Asked, check: str, variant: str, fault: DesignError) -> RobustnessRow:
    """A row for a check that this design cannot answer, with the reason in the language of the report."""
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
        in_words(fault.message, doubt.study.report.language),
    )
