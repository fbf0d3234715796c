"""Did crime move next door, or did the neighbours gain too? Neighbours are held against the comparison as if treated."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError
from utvardering.estimators.area_changes import area_changes, under_the_measure
from utvardering.estimators.wdd import quotient
from utvardering.inference.noise import seen_mean
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered
from utvardering.wording import number, say

CHECK = "displacement"

ALL_LOST = -1.0
"""Displacement quotient at which neighbours lost as much as the treated areas won."""


def displacement(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per ring of neighbours, `spillover_robust` with all of them, and for counts the displacement `quotient`.

    A ring is taken as treated, from the start of the treated area nearest to it, and passes where its interval holds no change;
    a change in either direction fails: then the comparison of treated with untreated areas tells only part of what happened.
    """
    panel = doubt.panel
    for ring in np.unique(panel.ring[panel.role == "neighbour"]):
        variant = f"ring={ring}"
        try:
            sample, found = doubt.again(panel.neighbours_as_treated(int(ring)))
        except DesignError as fault:
            yield unanswered(doubt, CHECK, variant, fault)
            continue
        verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
        yield doubt.row(CHECK, variant, sample, found, verdict, ring=int(ring))
    if (panel.role == "neighbour").any():
        try:
            yield _spillover_robust(doubt)
        except DesignError as fault:
            yield unanswered(doubt, CHECK, "spillover_robust", fault)
        if doubt.outcome.kind == "count":
            yield _quotient(doubt)


def _spillover_robust(doubt: Doubt) -> RobustnessRow:
    """Treated areas and their neighbours as one, against areas farther away: what is left where crime only moved.

    Whatever moved between the two cancels (Butts 2021; Clarke 2017). Passes where zero is still excluded on the planned side;
    fails where less is left than the planned effect spread over both would be, beyond chance; else, as always where the plan
    found nothing, not evaluated: over more areas a sound effect is smaller, and may drown.
    """
    panel, planned = doubt.panel, doubt.planned
    both = panel.neighbours_as_treated()
    treated = panel.role == "treated"
    starts = {name: np.where(treated, panel.grids[name].start, grid.start) for name, grid in both.grids.items()}
    role = np.where(treated, "treated", both.role)
    merged = both.with_roles(role).with_starts(starts)
    sample, found = doubt.again(merged)
    side = int(planned.ci_low > 0) - int(planned.ci_high < 0)
    left = _size(doubt, panel.role == "treated") / _size(doubt, merged.role == "treated")
    spread = math.log1p(left * math.expm1(planned.estimate)) if found.scale == "log_ratio" else left * planned.estimate
    verdict = "not_evaluated"
    if side and side == int(found.ci_low > 0) - int(found.ci_high < 0):
        verdict = "pass"
    elif side and (found.ci_low > spread if side < 0 else found.ci_high < spread):
        verdict = "fail"
    expected = doubt.percent(spread) if side else ""
    key = f"spillover_robust_{verdict}" if side else "spillover_robust"
    count = int((panel.role == "neighbour").sum())
    return doubt.row(CHECK, "spillover_robust", sample, found, verdict, sentence=key, count=count, expected=expected)


def _size(doubt: Doubt, units: NDArray[np.bool_]) -> float:
    """Mean events a period before the first start over some units; for other outcomes how many these are."""
    if doubt.outcome.kind != "count":
        return float(units.sum())
    grid = doubt.panel.grids[doubt.outcome.id]
    before = seen_mean(grid.y[units][:, : max(int(grid.start.min()), 1)], 1)
    return float(np.nansum(before))


def _quotient(doubt: Doubt) -> RobustnessRow:
    """The displacement quotient over all rings; its `estimate` is the quotient, not an effect on the planned scale.

    It tells of displacement or shared benefit only where it is at least `max_spillover` in size and the change of all
    neighbours together, by the planned analysis, excludes zero. Fails at −1 or below, where as much or more was lost in the
    neighbours as was won; not evaluated where that change may be chance, or where the quotient has no meaning.
    """
    check, variant, language = CHECK, "quotient", doubt.study.report.language
    try:
        sample = doubt.panel.sample(doubt.outcome.id)
        periods = under_the_measure(sample, doubt.outcome.id)
        local = area_changes(sample, periods, doubt.outcome.id)
        moved = area_changes(doubt.panel.neighbour_sample(doubt.outcome.id), periods, doubt.outcome.id)
        found = quotient(local, moved)
        _, change = doubt.again(doubt.panel.neighbours_as_treated())
    except DesignError as fault:
        return unanswered(doubt, check, variant, fault)
    nan = math.nan
    if found.quotient is None:
        key = "quotient_no_success" if found.success is not None else "quotient_no_events"
        verdict, value, text = "not_evaluated", nan, say(language, "robustness", key)
    else:
        value = round(found.quotient, 12)  # a quotient of counts that is −1 or 0 but for rounding
        chance = not (change.ci_low > 0 or change.ci_high < 0)
        verdict = "pass" if value > ALL_LOST else "not_evaluated" if chance else "fail"
        small = abs(value) < doubt.study.checks.max_spillover
        key = "none" if small else "unsure" if chance else "shared" if value > 0 else "moved"
        text = say(language, "robustness", f"quotient_{key}", value=number(value, language))
    return RobustnessRow(
        doubt.study.id, doubt.outcome.id, doubt.planned.estimator, check, variant, value, nan, nan, nan, verdict, text
    )
