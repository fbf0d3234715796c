"""Does the result hang on when the study begins and ends?"""

from __future__ import annotations

from collections.abc import Iterator

from utvardering.errors import DesignError
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered


def windows(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per `[robustness] windows`, by the planned analysis; fails where the estimate leaves the planned interval."""
    label = doubt.panel.grids[doubt.outcome.id].calendar
    for first, last in doubt.study.robustness.windows:
        begins, ends = (label.label(label.number(moment)) for moment in (first, last))
        variant = f"{begins}..{ends}"
        try:
            sample, found = doubt.again(doubt.panel.between(first, last))
        except DesignError as fault:
            yield unanswered(doubt, "windows", variant, fault)
            continue
        yield doubt.row("windows", variant, sample, found, doubt.inside(found), first=begins, last=ends)
