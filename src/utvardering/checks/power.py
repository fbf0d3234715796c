"""How large must an effect be to be found in four of five tries, judging by the study's own past?

Effects are put into the past before anything is fitted, at pseudo-starts that leave a follow-up as long as the plan's (or
half the past, if that is shorter), in as many units as will be treated, drawn like them; the planned test then either finds
them or not.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import CheckResult, Design, Verdict
from utvardering.checks.past import FEWEST, STEPS, Analysis, longest_follow_up, prepare, pseudo_starts
from utvardering.checks.pseudo_treated import pools_like_the_treated
from utvardering.errors import DesignError
from utvardering.estimators.estimate import inferences
from utvardering.estimators.registry import planned_method
from utvardering.wording import percent

POWER = 0.80
TRIES = 200  # Monte Carlo error of a power of 0.8 is 0.03
SLOW_TRIES = 24
"""For methods fitted anew for each re-assignment; the Monte Carlo error of a power of 0.8 is then 0.08."""
STARTS = 3
COARSE = tuple(step for step in STEPS if round(100 * step) % 5 == 0)
"""Effects tried with such methods."""


def power(design: Design) -> CheckResult:
    """Fails when the smallest detectable effect exceeds the limit; it lowers certainty, not interpretability."""
    limit = design.limits.max_detectable_effect
    language = design.study.report.language
    if len(design.sample.grid.periods) < FEWEST:
        return design.result("power", "not_evaluated", np.nan, limit, "power_short")
    found = smallest_detectable_effect(design)
    if not np.isfinite(found.effect):
        return design.result(
            "power",
            "fail",
            np.inf,
            limit,
            "power_none",
            limit=percent(limit, language),
            follow=design.follow_up(found.follow_up),
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
        follow=design.follow_up(found.follow_up),
    )


@dataclass(frozen=True)
class Detectable:
    """Smallest relative effect found in POWER of the tries (infinite if none is), and the follow-up it was tried with."""

    effect: float
    follow_up: int


def planned_analysis(design: Design) -> Analysis:
    """The plan for the primary outcome."""
    sample, estimation = design.sample, design.estimation
    method = planned_method(estimation.estimator, design.outcome)
    inference = inferences(method, estimation, int(sample.treated.sum()))[0]
    model, language = design.study.causal_model, design.study.report.language
    return Analysis(sample, design.outcome, estimation, method, inference, model, language)


def smallest_detectable_effect(design: Design) -> Detectable:
    """Smallest effect whose power on the past reaches POWER, with the planned number of treated units."""
    analysis = planned_analysis(design)
    follow_up = longest_follow_up(analysis.sample.y.shape[1], design.n_after)
    found = []
    for start, tries in tries_by_start(analysis, follow_up, tries_of(analysis), near=True).items():
        found += list(effects_found(analysis, start, follow_up, int(analysis.sample.treated.sum()), tries))
    return Detectable(detectable(np.array(found)), follow_up)


def tries_of(analysis: Analysis) -> int:
    """How many tries, by what one costs."""
    return TRIES if analysis.quick else SLOW_TRIES


def tries_by_start(analysis: Analysis, follow_up: int, tries: int, *, near: bool, most: int = STARTS) -> dict[int, range]:
    """Pseudo-starts, each with the numbers of its tries."""
    starts = pseudo_starts(analysis.sample.y.shape[1], follow_up, most, near=near)
    edges = np.linspace(0, tries, len(starts) + 1).round().astype(int)
    return {start: range(int(edges[k]), int(edges[k + 1])) for k, start in enumerate(starts)}


def effects_found(analysis: Analysis, start: int, follow_up: int, n_treated: int, tries: range) -> NDArray[np.float64]:
    """Smallest effect found in each try, infinite where none is; a try's draws follow from the plan's seed and its number."""
    past = prepare(analysis, start, follow_up)
    pools = pools_like_the_treated(analysis.sample, analysis.outcome, start, start + follow_up)
    steps = STEPS if analysis.quick else COARSE
    out = []
    for number in tries:
        rng = draws_of(analysis, "power", number)
        chosen = pools.draw(n_treated, rng)
        out.append(past.smallest_found(chosen, int(rng.integers(2**32)), steps))
    return np.array(out)


def draws_of(analysis: Analysis, kind: str, number: int) -> np.random.Generator:
    """The generator of one try: the same units and events for every method, so that methods are compared on equal tries."""
    return np.random.default_rng([analysis.estimation.seed, zlib.crc32(f"{kind} {analysis.outcome.id}".encode()), number])


def detectable(found: NDArray[np.float64]) -> float:
    """The effect that POWER of the tries find: a quantile of the smallest effects found, infinite where fewer do."""
    if not len(found):
        msg = "no try could be made"
        raise DesignError(msg)
    return float(np.sort(found)[int(np.ceil(POWER * len(found) - 1e-9)) - 1])
