"""Did crime move next door, or did the neighbours gain too? Neighbours are held against the comparison as if treated."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from utvardering.errors import DesignError
from utvardering.estimators.area_changes import area_changes, under_the_measure
from utvardering.estimators.wdd import quotient
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered
from utvardering.wording import number, say

ALL_LOST = -1.0
"""Displacement quotient at which neighbours lost as much as the treated areas won."""


def displacement(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per ring of neighbours, by the planned analysis from the first start on; for counts the displacement quotient.

    A ring passes where the interval holds no change; a change in either direction fails: then the comparison of treated with
    untreated areas tells only part of what happened.
    """
    panel = doubt.panel
    for ring in np.unique(panel.ring[panel.role == "neighbour"]):
        variant = f"ring={ring}"
        try:
            sample, found = doubt.again(panel.neighbours_as_treated(int(ring)))
        except DesignError as fault:
            yield unanswered(doubt, "displacement", variant, fault)
            continue
        verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
        yield doubt.row("displacement", variant, sample, found, verdict, ring=int(ring))
    if doubt.outcome.kind == "count" and (panel.role == "neighbour").any():
        yield _quotient(doubt)


def _quotient(doubt: Doubt) -> RobustnessRow:
    """The displacement quotient over all rings; its `estimate` is the quotient, not an effect on the planned scale.

    Fails at −1 or below: then as much or more was lost in the neighbours as was won. Not evaluated where it has no meaning.
    """
    check, variant, language = "displacement", "quotient", doubt.study.report.language
    try:
        sample = doubt.panel.sample(doubt.outcome.id)
        periods = under_the_measure(sample, doubt.outcome.id)
        local = area_changes(sample, periods, doubt.outcome.id)
        moved = area_changes(doubt.panel.neighbour_sample(doubt.outcome.id), periods, doubt.outcome.id)
        found = quotient(local, moved)
    except DesignError as fault:
        return unanswered(doubt, check, variant, fault)
    nan = math.nan
    if found.quotient is None:
        key = "quotient_no_success" if found.success is not None else "quotient_no_events"
        verdict, value, text = "not_evaluated", nan, say(language, "robustness", key)
    else:
        value = round(found.quotient, 12)  # a quotient of counts that is −1 or 0 but for rounding
        verdict = "fail" if value <= ALL_LOST else "pass"
        key = "quotient_shared" if value > 0 else "quotient_moved" if value < 0 else "quotient_none"
        text = say(language, "robustness", key, value=number(value, language))
    return RobustnessRow(
        doubt.study.id, doubt.outcome.id, doubt.planned.estimator, check, variant, value, nan, nan, nan, verdict, text
    )
