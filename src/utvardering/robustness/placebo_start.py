"""Does the planned analysis find an effect where there was none: at a made-up start before the real one?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from utvardering.data.panel import NEVER
from utvardering.errors import DesignError
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered


def placebo_start(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per shift in `[robustness] placebo_shifts`, from data before the real start only."""
    before = replace(doubt.panel.before(), anticipation=0)
    calendar = before.grids[doubt.outcome.id].calendar
    same = {name: grid for name, grid in before.grids.items() if grid.calendar == calendar}  # a shift counts such periods
    treated = before.role == "treated"
    for shift in doubt.study.robustness.placebo_shifts:
        starts = {name: np.where(treated, len(grid.periods) + shift, NEVER) for name, grid in same.items()}
        variant = f"shift={shift}"
        try:
            sample, found = doubt.again(replace(before, grids=same).with_starts(starts))
        except DesignError as fault:
            yield unanswered(doubt, "placebo_start", variant, fault)
            continue
        verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
        key = "placebo_start_one" if shift == -1 else "placebo_start"
        yield doubt.row("placebo_start", variant, sample, found, verdict, sentence=key, shift=-shift)
