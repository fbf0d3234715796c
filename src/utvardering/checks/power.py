"""How large must an effect be to be found in four of five tries, judging by the study's own past?

Effects are put into the past before anything is fitted, at a pseudo-start that leaves a follow-up as long as the plan's (or
half the past, if that is shorter), in as many units as will be treated, drawn at random; the planned test then either finds
them or not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import CheckResult, Design
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.absorb import absorb
from utvardering.estimators.base import RANDOMIZED, Job, additive_values, profiles
from utvardering.estimators.count_scores import ScoreFit, count_table, placebo_statistics
from utvardering.estimators.did import placebo_scores
from utvardering.estimators.poisson_did import dispersion
from utvardering.estimators.registry import ESTIMATORS, planned_method
from utvardering.inference.randomization import deviations, p_value, studentised
from utvardering.inference.reassignment import reassign
from utvardering.wording import percent

POWER = 0.80
TRIES = 200  # Monte Carlo error of a power of 0.8 is 0.03
_DRAWS = 499  # re-assignments a try
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
    verdict = "pass" if found.effect <= limit else "fail"
    return design.result(
        "power", verdict, found.effect, limit, f"power_{verdict}",
        value=percent(found.effect, language), limit=percent(limit, language), follow=found.follow_up,
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
    direction = 1.0 if design.outcome.direction == "increase" else -1.0
    rng = np.random.default_rng(design.estimation.seed)
    count = int(sample.treated.sum())
    tries = [rng.choice(len(sample.units), count, replace=False) for _ in range(TRIES)]
    seeds = rng.integers(2**32, size=TRIES)

    def reached(effect: float) -> bool:
        hits = sum(
            _finds(design, sample, chosen, n_periods - follow_up, direction * effect, int(seed))
            for chosen, seed in zip(tries, seeds, strict=True)
        )
        return hits >= POWER * TRIES

    low, high = -1, len(_GRID)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(_GRID[middle]) else (middle, high)
    return Detectable(_GRID[high] if high < len(_GRID) else float("inf"), follow_up)


def _finds(design: Design, sample: Sample, chosen: NDArray[np.intp], start: int, effect: float, seed: int) -> bool:
    """Whether the planned test finds `effect` put into the chosen units from `start` on."""
    rng = np.random.default_rng(seed)
    injected = inject(sample, design.outcome.kind, chosen, start, effect, rng)
    try:
        return planned_p_value(design, injected, rng) <= 1 - design.estimation.level + 1e-9
    except DesignError:
        return False


def inject(
    sample: Sample, kind: str, chosen: NDArray[np.intp], start: int, effect: float, rng: np.random.Generator
) -> Sample:
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


def planned_p_value(design: Design, sample: Sample, rng: np.random.Generator) -> float:
    """p-value of no effect by the planned estimator and inference (an event study is judged by `did`), without its interval."""
    method = planned_method(design.estimation.estimator, design.outcome)
    if design.estimation.inference not in RANDOMIZED:
        estimator = ESTIMATORS["poisson_did" if method.counts_only else "did"]
        return estimator.run(Job(sample, design.outcome, design.estimation, ("cluster",))).estimates[0].p_value
    draws = reassign(profiles(sample.grid.treatment)[0], rng, strata=sample.strata, draws=_DRAWS, enumerate_up_to=_DRAWS)
    if method.counts_only:
        return p_value(placebo_statistics(ScoreFit(count_table(sample)), dispersion(sample), draws)(0.0))
    values, _ = additive_values(sample, design.outcome)
    scores = placebo_scores(sample, values, absorb(sample, (values, sample.grid.treatment), design.estimation.covariates))
    return p_value(studentised(scores.score, deviations(scores.spread, scores.mass, draws), draws))
