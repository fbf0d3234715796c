"""What an estimator takes and gives: a job on one outcome, and rows of `estimates.csv` and `event_study.csv`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import NEVER, Grid, Sample
from utvardering.errors import DesignError
from utvardering.inference.cluster import ClusterTest
from utvardering.inference.randomization import PlaceboTest
from utvardering.inference.reassignment import DRAWS
from utvardering.study.model import CausalModel, Estimation, Outcome

PER = 100_000
"""Rates are per so many of the exposure."""

RANDOMIZED = ("randomization", "permutation")

REFITS = 999
"""Re-assignments of a method that is fitted anew for each: a p-value of .05 is then known to ±.007."""


@dataclass(frozen=True)
class Job:
    """One outcome to be estimated by one method: the units and periods, the plan, and which inferences to run."""

    sample: Sample
    outcome: Outcome
    estimation: Estimation
    inferences: tuple[str, ...]
    others: tuple[Sample, ...] = ()
    """The study's other outcomes on the same units, for a method that finds one set of weights for all of them."""
    neighbours: Sample | None = None
    """The neighbours as if treated from the first start, with the units to hold them against; None where there are none."""
    draws: int = DRAWS
    """Re-assignments drawn where they are too many to be listed."""
    intervals: bool = True
    """False where only the p-value is asked for, as in simulations: a method may then leave its limits NaN."""
    causal_model: CausalModel = field(default_factory=CausalModel)
    """What is believed to cause what, for a method that adjusts by it."""
    language: str = "en"
    """Language of a reason that is a finding, such as that an effect is not identified."""

    @property
    def refits(self) -> int:
        """Re-assignments of a method that fits every one of them anew."""
        return min(self.draws, REFITS)

    @property
    def weight_name(self) -> str:
        """Column of the analysis weights in use, empty for none."""
        return self.estimation.weights if self.sample.grid.weights is not None else ""

    def rng(self) -> np.random.Generator:
        """A fresh generator from the study's seed: equal designs get equal re-assignments, so outcomes are tested jointly."""
        return np.random.default_rng(self.estimation.seed)


@dataclass(frozen=True)
class EffectSize:
    """Factors that turn an estimate on its scale into percent and units.

    counterfactual: the treated units' mean over the periods after, had nothing happened (scale difference only);
    observed: share of the period under the measure and events observed in cells with that share; empty if none is counted;
    per_difference: events that a difference of one on the scale amounts to.
    """

    scale: str
    counterfactual: float
    observed: tuple[tuple[float, float], ...]
    per_difference: float

    def percent(self, value: float) -> float:
        """100(exp(value) − 1) for a log ratio; 100 × value ÷ mean counterfactual for a difference."""
        if self.scale == "log_ratio":
            return float(100 * np.expm1(value))
        return float(100 * value / self.counterfactual) if self.counterfactual > 0 else float("nan")

    def units(self, value: float) -> float:
        """Events avoided (−) or added (+): observed less counterfactual over treated units and periods after."""
        if not self.observed:
            return float("nan")
        if self.scale == "log_ratio":
            return float(sum(events * -np.expm1(-value * share) for share, events in self.observed))
        return float(self.per_difference * value)


@dataclass(frozen=True)
class Estimate:
    """A row of `estimates.csv` before what is common to the study is added.

    inner_low and inner_high bound the 90 % interval; `statistics` are the placebo statistics; `size` says what the estimate
    means in percent and units where that does not follow from its scale alone (`effects.effect_size`); `unit_estimates` are
    the estimate and its limits from which units follow, where these are other ones.
    """

    estimand: str
    scale: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    inner_low: float
    inner_high: float
    p_value: float
    inference: str
    p_smallest: float = float("nan")
    note: str = ""
    statistics: NDArray[np.float64] | None = None
    size: EffectSize | None = None
    unit_estimates: tuple[float, float, float] | None = None


@dataclass(frozen=True)
class UnitWeight:
    """A row of `weights.csv`: what a comparison unit counts for; they sum to the number of treated units."""

    unit: str
    weight: float


@dataclass(frozen=True)
class EventEffect:
    """A row of `event_study.csv`: the effect so many periods from the start, with its pointwise interval and joint band."""

    estimand: str
    scale: str
    inference: str
    period_from_start: int
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    band_low: float
    band_high: float


@dataclass(frozen=True)
class Result:
    """What a method found on one outcome; `n_obs` counts the cells it used, `silent` names the units that say nothing."""

    estimates: tuple[Estimate, ...]
    n_obs: int
    events: tuple[EventEffect, ...] = ()
    silent: tuple[str, ...] = ()
    weights: tuple[UnitWeight, ...] = ()


Estimator = Callable[[Job], Result]


def from_placebo(test: PlaceboTest, job: Job, *, estimand: str, scale: str, estimate: float, note: str = "") -> Estimate:
    """An estimate with placebo (or randomization) inference."""
    inference = next(name for name in job.inferences if name in RANDOMIZED)
    row = _from_test(test, inference, estimand, scale, estimate, "; ".join(part for part in (note, test.note) if part))
    return replace(row, p_smallest=test.p_smallest, statistics=test.statistics)


def from_cluster(test: ClusterTest, *, estimand: str, scale: str, estimate: float, note: str = "") -> Estimate:
    """An estimate with cluster-robust inference."""
    return _from_test(test, "cluster", estimand, scale, estimate, note)


def _from_test(
    test: PlaceboTest | ClusterTest, inference: str, estimand: str, scale: str, estimate: float, note: str
) -> Estimate:
    return Estimate(
        estimand=estimand,
        scale=scale,
        estimate=estimate,
        std_error=test.std_error,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        inner_low=test.inner_low,
        inner_high=test.inner_high,
        p_value=test.p_value,
        inference=inference,
        note=note,
    )


def additive_values(sample: Sample, outcome: Outcome) -> tuple[NDArray[np.float64], str]:
    """(N, T) values on the scale of an additive estimator, and that scale.

    Counts with exposure become rates per 100 000. With transform = "log" the logarithm is taken and the scale is log_ratio;
    a zero then raises a DesignError, since its logarithm does not exist.
    """
    values = sample.y
    if outcome.kind == "count" and sample.grid.exposure is not None:
        values = PER * values / sample.grid.exposure
    if outcome.transform == "none":
        return values, "difference"
    if np.any(values <= 0):
        msg = (
            f"{outcome.id}: {int(np.sum(values <= 0))} values are 0 or less and have no logarithm; "
            'write transform = "none", or estimator = "poisson_did" for counts'
        )
        raise DesignError(msg)
    return np.log(values), "log_ratio"


def without_anticipation(sample: Sample) -> Sample:
    """The sample without the periods in which an effect may have begun before the start."""
    k = sample.anticipation
    if k == 0:
        return sample
    grid = sample.grid
    if (start := sample.common_start) is not None:
        keep = np.ones(len(grid.periods), dtype=bool)
        keep[max(start - k, 0) : start] = False
        return replace(sample, grid=take_periods(grid, keep, shift=min(k, start)), anticipation=0)
    position = np.arange(len(grid.periods))
    waiting = (position >= grid.start[:, None] - k) & (position < grid.start[:, None])
    return replace(sample, grid=replace(grid, y=np.where(waiting, np.nan, grid.y)), anticipation=0)


def take_periods(grid: Grid, keep: NDArray[np.bool_], shift: int) -> Grid:
    """Grid of the kept periods; starts move back by `shift`."""
    return replace(
        grid,
        periods=tuple(np.array(grid.periods)[keep].tolist()),
        y=grid.y[:, keep],
        treatment=grid.treatment[:, keep],
        start=np.where(grid.start < NEVER, grid.start - shift, grid.start),
        exposure=None if grid.exposure is None else grid.exposure[:, keep],
        weights=None if grid.weights is None else grid.weights[:, keep],
        covariates={name: values[:, keep] for name, values in grid.covariates.items()},
    )


def profiles(treatment: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """(N,) profile of each unit (−1 untreated) and (G, T) the distinct courses of treatment."""
    treated = treatment.any(axis=1)
    rows, codes = np.unique(treatment[treated], axis=0, return_inverse=True)
    profile = np.full(len(treatment), -1, dtype=np.intp)
    profile[treated] = codes.ravel()
    return profile, rows


def planned_profile(sample: Sample) -> NDArray[np.intp]:
    """(N,) profile of each unit (−1 untreated) by what the plan states, also where the data end before a start."""
    courses = np.column_stack([sample.start, sample.grid.treatment])
    profile = np.full(len(courses), -1, dtype=np.intp)
    profile[sample.treated] = np.unique(courses[sample.treated], axis=0, return_inverse=True)[1].ravel()
    return profile


def require_periods(sample: Sample, outcome: Outcome, *, alone: bool = False) -> None:
    """Refuse a sample without a period before or after the start: then nothing can be compared.

    alone: no comparison unit is needed, as where later starters stand in for them.
    """
    if sample.n_periods_before < 1 or sample.n_periods_after < 1:
        side = "before" if sample.n_periods_before < 1 else "after"
        msg = f"{outcome.id}: a treated unit has no period {side} its start; move [period] first or last, or the start"
        raise DesignError(msg)
    seen = np.isfinite(sample.y)
    if sample.treated.all() and not alone:
        msg = f"{outcome.id}: no comparison unit is left; name units in [comparison] that never get the measure"
        raise DesignError(msg)
    first = int(sample.start[sample.treated].min())
    for group, name in ((sample.treated, "treated"), (~sample.treated, "comparison")):
        if not group.any():
            continue
        for part, side in ((seen[group, :first], "before"), (seen[group, first:], "after")):
            if not part.any():
                msg = f"{outcome.id}: the {name} units have no value {side} the start; fill it in or take another period"
                raise DesignError(msg)
    if not seen.any() or np.nanmax(sample.y) == np.nanmin(sample.y):
        msg = f"{outcome.id}: every value is the same, so there is nothing to compare"
        raise DesignError(msg)
    past = sample.y[:, :first][seen[:, :first]]
    if not alone and len(past) > 1 and past.min() == past.max() == 0:
        msg = (
            f"{outcome.id}: every value before the start is 0; did the series begin later? Move [period] first, or take "
            "another outcome"
        )
        raise DesignError(msg)
