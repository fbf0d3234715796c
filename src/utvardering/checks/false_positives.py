"""How often does the planned analysis see an effect in the study's own past, where nothing was done?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import CheckResult, Design, Verdict
from utvardering.checks.dependent_rate import Draws, Rate, dependent_rate
from utvardering.checks.past import FEWEST, Analysis, called_treated, longest_follow_up, prepare
from utvardering.checks.power import draws_of, planned_analysis, tries_by_start
from utvardering.checks.pseudo_treated import pools_like_the_treated
from utvardering.errors import DesignError
from utvardering.wording import percent

TRIES = 200
SLOW_TRIES = 24
"""For methods fitted anew for each re-assignment."""
STARTS = 8
FEWEST_EFFECTIVE = 20
"""Below so many independent draws a rate is not judged."""


@dataclass(frozen=True)
class Alarms:
    """What tries at one pseudo-start gave: (M, n) units, (M,) rejections and intervals that hold zero; those refused are out.

    reach: different units that could be drawn; peak, loose: as in `Pools`
    """

    start: int
    units: NDArray[np.intp]
    rejects: NDArray[np.bool_]
    holds: NDArray[np.bool_]
    reach: int
    peak: bool
    loose: str


def false_positives(design: Design) -> CheckResult:
    """Fails when the rate is above the limit beyond doubt: its lower 90 % bound exceeds it; it lowers certainty."""
    limit, language = design.limits.max_false_positive_rate, design.study.report.language
    if len(design.sample.grid.periods) < 2 * FEWEST:
        return design.result("false_positives", "not_evaluated", np.nan, limit, "false_positives_short")
    analysis = planned_analysis(design)
    follow_up = longest_follow_up(analysis.sample.y.shape[1], design.n_after)
    tries = TRIES if analysis.quick else SLOW_TRIES
    parts = [
        alarms(analysis, start, follow_up, int(analysis.sample.treated.sum()), numbers)
        for start, numbers in tries_by_start(analysis, follow_up, tries, near=False, most=STARTS).items()
    ]
    rejected, _ = rates(parts, follow_up)
    verdict = judged(rejected, limit)
    facts = {
        "rate": percent(rejected.rate, language),
        "low": percent(rejected.low, language),
        "high": percent(rejected.high, language),
        "limit": percent(limit, language),
        "effective": round(rejected.effective),
        "least": FEWEST_EFFECTIVE,
    }
    return design.result("false_positives", verdict, rejected.rate, limit, f"false_positives_{verdict}", **facts)


def judged(rate: Rate, limit: float) -> Verdict:
    """Fails only where the lower bound exceeds the limit; not evaluated on too few independent draws."""
    if rate.effective < FEWEST_EFFECTIVE:
        return "not_evaluated"
    return "fail" if rate.low > limit else "pass"


def alarms(analysis: Analysis, start: int, follow_up: int, n_treated: int, tries: range) -> Alarms:
    """Run the analysis at a pseudo-start with units drawn like the treated, nothing put in."""
    past = prepare(analysis, start, follow_up)
    pools = pools_like_the_treated(analysis.sample, analysis.outcome, start, start + follow_up)
    units, found = [], []
    for number in tries:
        rng = draws_of(analysis, "false_positives", number)
        chosen = np.sort(pools.draw(n_treated, rng))
        sample = called_treated(past.sample, chosen, past.start, past.sample.y[chosen, past.start :])
        try:
            found.append(past.excludes_zero(sample, rng))
        except DesignError:
            continue
        units.append(chosen)
    rejects, holds = np.array(found, dtype=bool).reshape(-1, 2).T
    return Alarms(
        start, np.array(units, dtype=np.intp).reshape(-1, n_treated), rejects, holds, pools.reach, pools.peak, pools.loose
    )


def rates(parts: list[Alarms], follow_up: int) -> tuple[Rate, Rate]:
    """Rate of rejections and coverage of zero over all pseudo-starts."""
    starts = np.concatenate([np.full(len(part.rejects), part.start) for part in parts])
    span = max(part.start for part in parts) - min(part.start for part in parts) + follow_up
    reach = min(part.reach for part in parts)
    units = np.concatenate([part.units for part in parts])
    of_both = (np.concatenate([part.rejects for part in parts]), np.concatenate([part.holds for part in parts]))
    rejected, held = (dependent_rate(Draws(units, starts, happened, follow_up, reach, span)) for happened in of_both)
    return rejected, held
