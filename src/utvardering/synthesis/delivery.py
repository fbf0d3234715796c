"""Was the measure carried out at all? The two rules under which nothing is said of its effect, and the facts that decided."""

from __future__ import annotations

from utvardering.checks.base import DesignChecks
from utvardering.estimators.estimate import Estimates
from utvardering.process.assess import ProcessAssessment
from utvardering.process.load import Graded
from utvardering.process.model import GRADE_MAX
from utvardering.process.words import scale, title
from utvardering.study.model import Study
from utvardering.synthesis.case import Case, Hits, once
from utvardering.wording import percent, say


def too_small_dose(case: Case) -> Hits:
    """The delivered share of the planned dose is below `min_delivered_dose`."""
    dose, limit = case.process.dose if case.process else None, case.study.checks.min_delivered_dose
    if dose is None or dose.share >= limit:
        return []
    return once(True, share=percent(dose.share, case.language), limit=percent(limit, case.language))  # noqa: FBT003 -- it holds


def undelivered(case: Case) -> Hits:
    """A delivery criterion of the operational level has the final grade 0 or 1."""
    found = case.process.not_delivered if case.process else ()
    return once(bool(found), list="; ".join(_graded(one, case.language) for one in found))


def delivered_facts(case: Case, part: str) -> str:
    """The dose or the criteria that the two rules looked at, in a few words."""
    dose = case.process.dose if case.process else None
    if part == "dose":
        if dose is None:
            return case.say("rule_facts", "no_dose")
        limit = percent(case.study.checks.min_delivered_dose, case.language)
        return case.say("rule_facts", "dose", share=percent(dose.share, case.language), limit=limit)
    asked = case.process.delivery if case.process else ()
    if not asked:
        return case.say("rule_facts", "no_criteria")
    return "; ".join(_graded(one, case.language) for one in asked)


def _graded(one: Graded, language: str) -> str:
    if one.final is None:
        return say(language, "rule_facts", "unsettled", title=title(one.criterion, language))
    word = scale(language)[one.final][0]
    facts = {"grade": one.final, "maximum": GRADE_MAX, "word": word}
    return say(language, "process", "delivery", title=title(one.criterion, language), **facts)


def why_not_implemented(study: Study, process: ProcessAssessment | None) -> tuple[str, ...]:
    """A sentence for each rule by which the measure was not carried out; none where it was, or nothing is known."""
    case = Case(study, study.primary, DesignChecks(()), Estimates(()), process)
    said = [case.say("verdict", "not_implemented", **hit) for hit in too_small_dose(case)]
    return (*said, *(case.say("verdict", "not_carried_out", **hit) for hit in undelivered(case)))
