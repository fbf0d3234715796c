"""Does the result hang on a single comparison unit?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from utvardering.errors import DesignError
from utvardering.estimators.registry import planned_method
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered

MOST = 200
"""With more comparison units than this no single one can decide, and leaving each out is not worth its time."""

DRAWS = 199
"""Re-assignments of a method without a clustered interval, which is fitted anew for each: the verdict hangs on none of them."""


def leave_one_out(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per comparison unit, with the clustered interval.

    Fails where either estimate lies outside the other's interval: an odd unit widens the planned interval itself, and is seen
    only by the narrower one without it.
    """
    comparison = np.flatnonzero(doubt.panel.role == "comparison")
    alone = planned_method(doubt.estimation.estimator, doubt.outcome).alone
    if alone or not doubt.study.robustness.leave_one_out or len(comparison) > MOST:
        return
    for unit in comparison:
        role = doubt.panel.role.copy()
        role[unit] = "excluded"
        name = doubt.panel.labels[unit]
        try:
            sample, found = doubt.again(doubt.panel.with_roles(role), "cluster", DRAWS)
        except DesignError as fault:
            yield unanswered(doubt, "leave_one_out", str(doubt.panel.units[unit]), fault)
            continue
        agree = doubt.inside(found) == "pass" and found.ci_low <= doubt.planned.estimate <= found.ci_high
        verdict = "pass" if agree else "fail"
        yield doubt.row("leave_one_out", str(doubt.panel.units[unit]), sample, found, verdict, unit=name)
