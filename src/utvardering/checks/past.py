"""What would the planned analysis have found in the study's own past, where the truth is known because nothing was done?

A piece of the past is cut off, a start is pretended in it, an effect of known size is put into some units (or none), and the
analysis is run. Where its placebo test needs no fit for each re-assignment, a fast form of it is used, which tests hold to the
estimator itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.forecast_past import ForecastPast, forecast_past
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.absorb import absorb
from utvardering.estimators.base import RANDOMIZED, Job, additive_values, profiles, take_periods
from utvardering.estimators.count_scores import ScoreFit, count_table, placebo_statistics
from utvardering.estimators.did import placebo_scores, unit_noise
from utvardering.estimators.poisson_did import dispersion
from utvardering.estimators.registry import ESTIMATORS, Method
from utvardering.inference.randomization import deviations, p_value, studentised
from utvardering.inference.reassignment import reassign
from utvardering.study.model import CausalModel, Estimation, Outcome

Floats = NDArray[np.float64]
Units = NDArray[np.intp]

FEWEST = 4
"""Periods of the past that can be split; periods before a pseudo-start."""

STEPS = tuple(round(0.01 * k, 2) for k in range(1, 96))
"""Effects that are tried, from 1 to 95 %."""

DRAWS = 499
REFITS = 39
"""Re-assignments of a try; the latter for methods fitted anew for each: the size stays exact, power is a little less."""

BY_SCORES = {
    "did": "did",
    "imputation": "did",
    "poisson_did": "poisson_did",
    "poisson_staggered": "poisson_did",
}
"""Estimators and the one that stands for them here, whose placebo test needs no fit for each re-assignment.

With one pseudo-start for all, as here, imputation is two-way fixed effects.
"""


@dataclass(frozen=True)
class Analysis:
    """One way to analyse one outcome; the sample ends where the real start begins."""

    sample: Sample
    outcome: Outcome
    estimation: Estimation
    method: Method
    inference: str
    causal_model: CausalModel = field(default_factory=CausalModel)
    language: str = "en"

    @property
    def quick(self) -> bool:
        """Whether a try takes milliseconds: methods fitted anew for each re-assignment take a hundred times as long."""
        return self.inference not in (*RANDOMIZED, "placebo") or self.method.name in {*BY_SCORES, "forecast_did", "adjusted"}

    @property
    def direction(self) -> float:
        """The sign of the wanted change."""
        return 1.0 if self.outcome.direction == "increase" else -1.0


@dataclass(frozen=True)
class Past:
    """A piece of the past that ends with the pseudo-follow-up, with a pseudo-start and what periods before it predict.

    noise: of the fast placebo test; None where the estimator itself is run
    """

    analysis: Analysis
    sample: Sample
    start: int
    noise: tuple[float, float] | Floats | ForecastPast | None = field(default=None, repr=False)

    def test(self, sample: Sample, rng: np.random.Generator) -> tuple[float, float]:
        """p-value of no effect, and the estimate or anything of its sign."""
        analysis = self.analysis
        if isinstance(self.noise, ForecastPast):
            return self.noise.test(sample, rng, DRAWS)
        if self.noise is None or analysis.inference not in RANDOMIZED:
            return run_in_full(analysis, sample)[:2]
        draws = reassign(profiles(sample.grid.treatment)[0], rng, strata=sample.strata, draws=DRAWS, enumerate_up_to=DRAWS)
        if isinstance(self.noise, tuple):
            table = count_table(sample)
            if not table.y.any():
                msg = f"{analysis.outcome.id}: no events at all"
                raise DesignError(msg)
            statistics = placebo_statistics(ScoreFit(table), self.noise, draws)(0.0)
        else:
            values, _ = additive_values(sample, analysis.outcome)
            taken = absorb(sample, (values, sample.grid.treatment), analysis.estimation.covariates)
            scores = placebo_scores(sample, taken, self.noise)
            statistics = studentised(scores.score, deviations(scores.spread, scores.mass, draws), draws)
        return p_value(statistics), float(statistics[0])

    def excludes_zero(self, sample: Sample, rng: np.random.Generator) -> tuple[bool, bool]:
        """Whether the test rejects no effect, and whether the interval holds zero.

        The limits of a placebo test follow from inverting it, so they need not be computed: they hold zero unless it rejects.
        """
        if self.noise is not None and self.analysis.inference in RANDOMIZED:
            rejects = self.test(sample, rng)[0] <= self.alpha
            return rejects, not rejects
        p, _, low, high = run_in_full(self.analysis, sample)
        return p <= self.alpha, low <= 0 <= high if np.isfinite(low + high) else p > self.alpha

    @property
    def alpha(self) -> float:
        """The largest p-value that counts as found."""
        return 1 - self.analysis.estimation.level + 1e-9

    def finds(self, sample: Sample, seed: int) -> bool:
        """Whether the test finds an effect in the wanted direction; one that cannot be computed does not."""
        try:
            p, sign = self.test(sample, np.random.default_rng(seed))
        except DesignError:
            return False
        return p <= self.alpha and sign * self.analysis.direction > 0

    def smallest_found(self, chosen: Units, seed: int, steps: tuple[float, ...] = STEPS) -> float:
        """The smallest effect of `steps` that is found in the chosen units, infinite if none is; by bisection.

        Effects are nested: what a small one takes away a large one takes away too, so that one try answers for all effects.
        """
        doses = nested(self.sample, self.analysis.outcome.kind, chosen, self.start, steps, self.analysis.direction, seed)
        low, high = -1, len(steps)
        while high - low > 1:
            middle = (low + high) // 2
            sample = called_treated(self.sample, chosen, self.start, doses[middle])
            low, high = (low, middle) if self.finds(sample, seed) else (middle, high)
        return steps[high] if high < len(steps) else float("inf")


def run_in_full(analysis: Analysis, sample: Sample) -> tuple[float, float, float, float]:
    """p-value, estimate and limits (NaN where they are not computed) by the estimator itself."""
    draws = DRAWS if analysis.quick else REFITS
    method = ESTIMATORS[BY_SCORES.get(analysis.method.name, analysis.method.name)]
    job = Job(
        sample,
        analysis.outcome,
        analysis.estimation,
        (analysis.inference,),
        draws=draws,
        intervals=False,
        causal_model=analysis.causal_model,
        language=analysis.language,
    )
    row = next(one for one in method.run(job).estimates if one.estimand == method.estimand)
    return float(row.p_value), float(row.estimate), float(row.ci_low), float(row.ci_high)


def prepare(analysis: Analysis, start: int, follow_up: int) -> Past:
    """The past to `follow_up` periods from a pseudo-start on, folded to before and after where no test sees a difference."""
    whole = until(analysis.sample, start + follow_up)
    outcome = analysis.outcome
    if not np.nansum(np.abs(whole.y)) > 0:
        msg = f"{outcome.id}: every value before the start is 0, so no effect can be put in"
        raise DesignError(msg)
    seen = np.isfinite(whole.y).all(axis=1)
    fullest = np.array([np.argmax(np.nansum(np.abs(whole.y), axis=1) * (1 + seen.any() * 1e9 * seen))])  # stands for any unit
    everyone = called_treated(whole, fullest, start, whole.y[fullest, start:])
    if analysis.inference not in RANDOMIZED:
        return Past(analysis, everyone, start)
    if analysis.method.name == "forecast_did":
        return Past(analysis, everyone, start, forecast_past(everyone, outcome))
    if analysis.method.name not in BY_SCORES:
        return Past(analysis, everyone, start)
    counts = analysis.method.counts_only
    noise = dispersion(everyone) if counts else unit_noise(everyone, additive_values(everyone, outcome)[0])
    folded = _folded(everyone, outcome, start, analysis.estimation.covariates)
    return Past(analysis, everyone, start, noise) if folded is None else Past(analysis, folded, 1, noise)


def until(sample: Sample, end: int) -> Sample:
    """The sample to period `end`, that one excluded."""
    keep = np.arange(sample.y.shape[1]) < end
    return replace(sample, grid=take_periods(sample.grid, keep, shift=0))


def _folded(sample: Sample, outcome: Outcome, start: int, covariates: tuple[str, ...]) -> Sample | None:
    """Two columns in place of the periods: totals of counts and exposure (periods where there is none), means of anything else.

    None where that would change a test: missing cells, covariates, weights or exposure that change over time, logarithms.
    """
    grid = sample.grid
    steady = all(values is None or np.ptp(values, axis=1).max() == 0 for values in (grid.weights, grid.exposure))
    if np.isnan(grid.y).any() or covariates or outcome.transform == "log" or not steady:
        return None

    def fold(values: Floats) -> Floats:
        return np.add.reduceat(values, np.array([0, start]), axis=1)

    y, length = fold(grid.y), fold(np.ones_like(grid.y))
    exposure = None if grid.exposure is None else fold(grid.exposure)
    if outcome.kind != "count":
        y = y / length
    elif exposure is None:
        exposure = length
    folded = replace(
        grid,
        periods=(0, 1),
        y=y,
        treatment=grid.treatment[:, [0, -1]],
        start=np.where(grid.start < NEVER, 1, NEVER),
        exposure=exposure,
        weights=None if grid.weights is None else grid.weights[:, :2],
        covariates={},  # columns that only a causal model names: no method that is folded uses them
    )
    return replace(sample, grid=folded)


def nested(
    sample: Sample, kind: str, chosen: Units, start: int, steps: tuple[float, ...], direction: float, seed: int
) -> Floats:
    """(K, n, T − start) outcome of the chosen units from `start` on under each relative effect of `steps`, from small to large.

    A fall in a count is binomial thinning, a rise adds Poisson events, and what a smaller effect took or added stays so;
    shares stay within 0 and 1.
    """
    rng = np.random.default_rng([seed, 1])
    y = sample.y[chosen, start:]
    sizes = np.array(steps)[:, None, None]
    if kind != "count":
        out = y * (1 + direction * sizes)
        return np.minimum(out, 1.0) if kind == "share" else out
    out = np.empty((len(steps), *y.shape))
    known = np.nan_to_num(y)
    now, before = known.astype(np.int64), 0.0
    for k, size in enumerate(steps):
        falls = direction < 0
        now = rng.binomial(now, (1 - size) / (1 - before)) if falls else now + rng.poisson((size - before) * known)
        out[k], before = now, size
    out[:, np.isnan(y)] = np.nan
    return out


def called_treated(sample: Sample, chosen: Units, start: int, values: Floats) -> Sample:
    """The sample with the chosen units treated from `start` on, and their outcome from then on."""
    y = sample.y.copy()
    y[chosen, start:] = values
    starts = np.full(len(y), NEVER)
    starts[chosen] = start
    treatment = np.zeros(y.shape)
    treatment[chosen, start:] = 1.0
    return replace(sample, grid=replace(sample.grid, y=y, start=starts, treatment=treatment), anticipation=0)


def pseudo_starts(periods: int, follow_up: int, most: int, *, near: bool = False) -> tuple[int, ...]:
    """At most so many positions in a past of so many periods that leave a follow-up, the last one among them.

    At least FEWEST periods lie before each, and as many as the follow-up has where the past allows. near: only those at most
    half a follow-up before the last one, whose past is nearly as long as the plan's.
    """
    last = periods - follow_up
    first = min(max(FEWEST, min(follow_up, last)), last)
    if near:
        first = max(first, last - follow_up // 2)
    places = np.unique(np.linspace(first, last, min(most, last - first + 1)).round().astype(int))
    return tuple(places.tolist())


def longest_follow_up(periods: int, planned: int) -> int:
    """The planned follow-up, or half the past where that is shorter."""
    return max(min(planned, periods // 2), 1)
