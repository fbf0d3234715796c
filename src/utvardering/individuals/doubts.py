"""Does what was found for persons survive? Every doubt in the order in which a reader meets it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from utvardering.data.cohort import Cohort
from utvardering.errors import DesignError
from utvardering.estimators.estimate import Estimates
from utvardering.individuals.analysis import analyse
from utvardering.individuals.disclosure import told_tipping
from utvardering.individuals.doubt import PersonDoubt
from utvardering.individuals.hidden import e_value_of_difference, graph, hidden_cause
from utvardering.individuals.power import past_of
from utvardering.robustness.base import Robustness, RobustnessRow, unanswered
from utvardering.robustness.negative_controls import negative_controls
from utvardering.study.model import Study
from utvardering.wording import number, say


def leave_one_group_out(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """One row per group of at least `smallest_cell` persons; fails where the estimate leaves the planned interval.

    Groups bear numbers by the order of their names, and no names. What a group of few would have changed is not told.
    """
    cohort, least = doubt.cohort, doubt.study.checks.min_overlap
    if not (cohort.grouped and doubt.study.robustness.leave_one_out):
        return
    for place, code in enumerate(np.unique(cohort.group), start=1):
        without = cohort.group != code
        if int((~without).sum()) < doubt.study.report.smallest_cell:
            continue
        try:
            found = analyse(cohort.take(without), doubt.outcome, doubt.estimation, least).planned.estimate
        except DesignError as fault:
            yield unanswered(doubt, "leave_one_out", f"group={place}", fault)
            continue
        yield doubt.row("leave_one_out", f"group={place}", found, doubt.inside(found), "leave_one_group_out", group=place)


def adjustments(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """Other ways to make the arms alike, and to say how sure one is; fails where the estimate leaves the planned interval."""
    for found in doubt.analysis.found[1:]:
        if found.wave >= 0 or found.handling in {"lowest", "highest"}:
            continue
        kind = found.estimate.inference if found.strata else found.handling if found.handling == "complete" else found.given
        kind = found.given if found.given == "starts" else kind
        variant = {"permutation": "randomization", "baseline": found.estimate.inference}.get(kind, kind)
        if variant == "complete" and doubt.analysis.planned.handling == "complete":
            variant = found.given
        verdict = doubt.inside(found.estimate)
        key = f"adjustments_{variant}"
        yield doubt.row("adjustments", variant, found.estimate, verdict, key)


def missing_waves(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """What if those not measured again are different: worst cases either way, and how different they would have to be.

    A worst case passes where its interval still lies on the side of zero that the planned one lies on. The tipping point is a
    number of its own, in the outcome's unit, and has no verdict: no study states how different the missing may be.
    """
    side = math.copysign(1, doubt.planned.estimate) if doubt.excluded else 0
    for found in doubt.analysis.found[1:]:
        if found.wave >= 0 or found.handling not in {"lowest", "highest"}:
            continue
        one = found.estimate
        stands = one.ci_low > 0 if side > 0 else one.ci_high < 0
        verdict = "not_evaluated" if not side else "pass" if stands else "fail"
        yield doubt.row("missing_waves", found.handling, one, verdict, f"missing_{found.handling}")
    language, missing = doubt.study.report.language, doubt.analysis.planned.missing.treated
    treated = doubt.analysis.persons.arms.treated
    difference = told_tipping(doubt.analysis.tipping, missing, treated, doubt.study.report.smallest_cell)
    if math.isfinite(difference):
        text = say(language, "individuals", "doubt_tipping", difference=number(difference, language))
        yield doubt.numbers("missing_waves", "tipping", (difference, math.nan, math.nan, math.nan), "not_evaluated", text)


def placebo_wave(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """The planned analysis of the two last waves before the start, where nothing was done; fails where it finds something."""
    try:
        found = analyse(past_of(doubt.cohort), doubt.outcome, doubt.estimation, doubt.study.checks.min_overlap).planned.estimate
    except DesignError as fault:
        yield unanswered(doubt, "placebo_start", "wave=-1", fault)
        return
    verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
    yield doubt.row("placebo_start", "wave=-1", found, verdict, "placebo_wave")


DOUBTS: dict[str, Callable[[PersonDoubt], Iterator[RobustnessRow]]] = {
    "placebo_start": placebo_wave,
    "leave_one_out": leave_one_group_out,
    "adjustments": adjustments,
    "missing_waves": missing_waves,
    "negative_controls": negative_controls,
    "e_value": e_value_of_difference,
    "refute": hidden_cause,
    "graph": graph,
}


def stress_persons(
    study: Study, cohort: Cohort, estimates: Estimates, progress: Callable[[str], None] | None = None
) -> Robustness:
    """Try every doubt on the planned estimate of the primary outcome; empty where there is none."""
    planned = estimates.planned(study.primary.id)
    if planned is None or study.estimation is None:
        return Robustness(())
    analysis = analyse(cohort, study.primary, study.estimation, study.checks.min_overlap)
    others = tuple(row for row in estimates.rows if row.planned and row.outcome != planned.outcome)
    doubt = PersonDoubt(study, cohort, analysis, planned, others)
    rows: list[RobustnessRow] = []
    for name, check in DOUBTS.items():
        if progress:
            progress(name)
        rows.extend(check(doubt))
    return Robustness(tuple(rows))
