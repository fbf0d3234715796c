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
    before = doubt.panel.before().sample(doubt.outcome.id)
    count = len(before.grid.periods)
    for shift in doubt.study.robustness.placebo_shifts:
        start = np.where(before.treated, count + shift, NEVER)
        treatment = (np.arange(count) >= start[:, None]).astype(float)
        sample = replace(before, grid=replace(before.grid, start=start, treatment=treatment), anticipation=0)
        variant = f"shift={shift}"
        try:
            found = doubt.again(sample)
        except DesignError as fault:
            yield unanswered(doubt, "placebo_start", variant, fault)
            continue
        verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
        yield doubt.row("placebo_start", variant, sample, found, verdict, shift=-shift)
