"""How large must an effect be to be found in four of five tries, judging by the study's own past?

Effects are put into the past before anything is fitted, at a pseudo-start that leaves a follow-up as long as the plan's (or
half the past, if that is shorter), in as many units as will be treated, drawn at random; the planned test then either finds
them or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import CheckResult, Design, Verdict
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.absorb import absorb
from utvardering.estimators.base import RANDOMIZED, Job, additive_values, profiles
from utvardering.estimators.count_scores import ScoreFit, count_table, placebo_statistics
from utvardering.estimators.did import placebo_scores, unit_noise
from utvardering.estimators.estimate import inferences
from utvardering.estimators.poisson_did import dispersion
from utvardering.estimators.registry import ESTIMATORS, planned_method
from utvardering.inference.randomization import deviations, p_value, studentised
from utvardering.inference.reassignment import reassign
from utvardering.study.model import Outcome
from utvardering.wording import percent

POWER = 0.80
TRIES = 200  # Monte Carlo error of a power of 0.8 is 0.03
_DRAWS = 499  # re-assignments a try
_REFITS = 99  # the same for methods that are fitted anew for each: the size stays exact, power is a little less
_BY_SCORES = {
    "did": "did",
    "imputation": "did",
    "poisson_did": "poisson_did",
    "poisson_staggered": "poisson_did",
}
"""Planned estimators and the one that stands for them here, whose placebo test needs no fit for each re-assignment.

With one pseudo-start for all, as here, imputation is two-way fixed effects.
"""
_GRID = tuple(round(0.05 * k, 2) for k in range(1, 20))
_FEWEST = 4  # periods of the past that can be split


def power(design: Design) -> CheckResult:
    """Fails when the smallest detectable effect exceeds the limit; it lowers certainty, not interpretability."""
    limit = design.limits.max_detectable_effect
    language = design.study.report.language
    if len(design.sample.grid.periods) < _FEWEST:
        return design.result("power", "not_evaluated", np.nan, limit, "power_short")
    found = smallest_detectable_effect(design)
    if not np.isfinite(found.effect):
        return design.result(
            "power", "fail", np.inf, limit, "power_none", limit=percent(limit, language), follow=found.follow_up
        )
    verdict: Verdict = "pass" if found.effect <= limit else "fail"
    return design.result(
        "power",
        verdict,
        found.effect,
        limit,
        f"power_{verdict}",
        value=percent(found.effect, language),
        limit=percent(limit, language),
        follow=found.follow_up,
    )


@dataclass(frozen=True)
class Detectable:
    """Smallest relative effect found in POWER of the tries (infinite if none is), and the follow-up it was tried with."""

    effect: float
    follow_up: int


def smallest_detectable_effect(design: Design) -> Detectable:
    """Smallest effect on a grid of 5 % steps whose power on the past reaches POWER, found by bisection."""
    sample = design.sample
    n_periods = len(sample.grid.periods)
    follow_up = max(min(design.n_after, n_periods // 2), 1)
    past = prepare(design, n_periods - follow_up)
    direction = 1.0 if design.outcome.direction == "increase" else -1.0
    rng = np.random.default_rng(design.estimation.seed)
    count = int(sample.treated.sum())
    tries = [rng.choice(len(sample.units), count, replace=False) for _ in range(TRIES)]
    seeds = rng.integers(2**32, size=TRIES)

    def reached(effect: float) -> bool:
        found = (past.finds(chosen, direction * effect, int(seed)) for chosen, seed in zip(tries, seeds, strict=True))
        return sum(found) >= POWER * TRIES

    low, high = -1, len(_GRID)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(_GRID[middle]) else (middle, high)
    return Detectable(_GRID[high] if high < len(_GRID) else float("inf"), follow_up)


@dataclass(frozen=True)
class Past:
    """The study's past with a pseudo-start, and the noise that the periods before it predict."""

    design: Design
    sample: Sample
    start: int
    noise: tuple[float, float] | NDArray[np.float64]

    def finds(self, chosen: NDArray[np.intp], effect: float, seed: int) -> bool:
        """Whether the planned test finds a relative effect put into the chosen units from the pseudo-start on."""
        rng = np.random.default_rng(seed)
        injected = inject(self.sample, self.design.outcome.kind, chosen, self.start, effect, rng)
        try:
            return self.p_value(injected, rng) <= 1 - self.design.estimation.level + 1e-9
        except DesignError:
            return False

    def p_value(self, sample: Sample, rng: np.random.Generator) -> float:
        """p-value of no effect by the planned estimator and inference, no interval."""
        estimation, outcome = self.design.estimation, self.design.outcome
        method = planned_method(estimation.estimator, outcome)
        if method.name not in _BY_SCORES:
            inference = inferences(method, estimation, int(sample.treated.sum()))[:1]
            job = Job(sample, outcome, estimation, inference, draws=_REFITS, intervals=False)
            return next(row.p_value for row in method.run(job).estimates if row.estimand == method.estimand)
        if estimation.inference not in RANDOMIZED:
            job = Job(sample, outcome, estimation, (estimation.inference,), draws=_DRAWS, intervals=False)
            return ESTIMATORS[_BY_SCORES[method.name]].run(job).estimates[0].p_value
        draws = reassign(profiles(sample.grid.treatment)[0], rng, strata=sample.strata, draws=_DRAWS, enumerate_up_to=_DRAWS)
        if isinstance(self.noise, tuple):
            table = count_table(sample)
            if not table.y.any():
                msg = f"{outcome.id}: no events at all"
                raise DesignError(msg)
            return p_value(placebo_statistics(ScoreFit(table), self.noise, draws)(0.0))
        values, _ = additive_values(sample, outcome)
        taken = absorb(sample, (values, sample.grid.treatment), estimation.covariates)
        scores = placebo_scores(sample, taken, self.noise)
        return p_value(studentised(scores.score, deviations(scores.spread, scores.mass, draws), draws))


def prepare(design: Design, start: int) -> Past:
    """The past with a pseudo-start at position `start`, folded to before and after where no test sees a difference."""
    sample, outcome = design.sample, design.outcome
    if not np.nansum(np.abs(sample.y)) > 0:
        msg = f"{outcome.id}: every value before the start is 0, so no effect can be put in"
        raise DesignError(msg)
    everyone = inject(sample, outcome.kind, np.array([0]), start, 0.0, np.random.default_rng(0))
    method = planned_method(design.estimation.estimator, outcome)
    if method.name not in _BY_SCORES:
        return Past(design, everyone, start, (1.0, 0.0))
    noise = dispersion(everyone) if method.counts_only else unit_noise(everyone, additive_values(everyone, outcome)[0])
    folded = _folded(everyone, outcome, start)
    return Past(design, everyone, start, noise) if folded is None else Past(design, folded, 1, noise)


def _folded(sample: Sample, outcome: Outcome, start: int) -> Sample | None:
    """Two columns in place of the periods: totals of counts and exposure, means of anything else.

    None where that would change a test: missing cells, covariates, weights or exposure that change over time, logarithms.
    """
    grid = sample.grid
    steady = all(values is None or np.ptp(values, axis=1).max() == 0 for values in (grid.weights, grid.exposure))
    if np.isnan(grid.y).any() or grid.covariates or outcome.transform == "log" or not steady:
        return None

    def fold(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.add.reduceat(values, np.array([0, start]), axis=1)

    y = fold(grid.y)
    if outcome.kind != "count":
        y = y / fold(np.ones_like(grid.y))
    folded = replace(
        grid,
        periods=(0, 1),
        y=y,
        exposure=None if grid.exposure is None else fold(grid.exposure),
        weights=None if grid.weights is None else grid.weights[:, :2],
    )
    return replace(sample, grid=folded)


def inject(sample: Sample, kind: str, chosen: NDArray[np.intp], start: int, effect: float, rng: np.random.Generator) -> Sample:
    """The sample with the chosen units treated from `start` on and a relative effect put into their outcome.

    A fall in a count is binomial thinning, a rise adds Poisson events; shares stay within 0 and 1.
    """
    y = sample.y.copy()
    cells = np.zeros(y.shape, dtype=bool)
    cells[chosen, start:] = True
    cells &= np.isfinite(y)
    if kind == "count" and effect < 0:
        y[cells] = rng.binomial(y[cells].astype(np.int64), 1 + effect)
    elif kind == "count":
        y[cells] += rng.poisson(effect * y[cells])
    else:
        y[cells] *= 1 + effect
        if kind == "share":
            y[cells] = np.minimum(y[cells], 1.0)
    starts = np.full(len(y), NEVER)
    starts[chosen] = start
    treatment = np.zeros(y.shape)
    treatment[chosen, start:] = 1.0
    return replace(sample, grid=replace(sample.grid, y=y, start=starts, treatment=treatment), anticipation=0)
