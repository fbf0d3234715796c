"""The stages of a study of persons, as those of areas: checks, estimates, and what may be told of the persons."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from utvardering.checks.base import CheckResult, DesignChecks
from utvardering.data.cohort import Cohort
from utvardering.data.panel import LeftOut
from utvardering.errors import DesignError
from utvardering.estimators.estimate import Estimates
from utvardering.individuals import naming
from utvardering.individuals.aggregates import balance_of
from utvardering.individuals.analysis import Analysis, analyse
from utvardering.individuals.checks import check_cohort
from utvardering.individuals.power import smallest_detectable
from utvardering.individuals.rows import estimates_of
from utvardering.study.model import Estimation, Study
from utvardering.wording import percent, say
from utvardering.wording.refusals import in_words

Teller = Callable[[str], None]


def check_persons(study: Study, cohort: Cohort, progress: Teller | None = None) -> DesignChecks:
    """Every check of a study of persons, and the balance before the start; only attrition sees who is missing after it."""
    if progress:
        progress("persons")
    try:
        rows = check_cohort(study, cohort)
    except DesignError as fault:
        text = say(study.report.language, "individuals", "check_impossible", reason=naming.reason(study, fault.message))
        rows = tuple(
            CheckResult(study.id, name, "not_evaluated", np.nan, np.nan, text)
            for name in ("overlap", "balance", "attrition", "groups", "history")
        )
    return DesignChecks((*rows, _concurrent(study), _power(study, cohort)), balance_of(study, cohort.before())[0])


def _concurrent(study: Study) -> CheckResult:
    declared, language = study.measure.concurrent, study.report.language
    if not declared:
        return CheckResult(study.id, "concurrent", "pass", 0.0, 0.0, say(language, "individuals", "check_concurrent_pass"))
    text = say(language, "individuals", "check_concurrent_fail", list="; ".join(declared))
    return CheckResult(study.id, "concurrent", "fail", float(len(declared)), 0.0, text)


def _power(study: Study, cohort: Cohort) -> CheckResult:
    limit, language = study.checks.max_detectable_effect, study.report.language
    try:
        found = smallest_detectable(study, cohort, study.primary)
    except DesignError as fault:
        text = say(language, "individuals", "check_power_not_evaluated", reason=naming.reason(study, fault.message))
        return CheckResult(study.id, "power", "not_evaluated", np.nan, limit, text)
    if np.isnan(found.share):
        text = say(language, "individuals", "check_history_no_mean")
        return CheckResult(study.id, "power", "not_evaluated", np.nan, limit, text)
    verdict = "pass" if found.share <= limit else "fail"
    text = say(
        language, "individuals", f"check_power_{verdict}", value=percent(found.share, language), limit=percent(limit, language)
    )
    return CheckResult(study.id, "power", "pass" if verdict == "pass" else "fail", found.share, limit, text)


def analyses_of(
    study: Study, cohort: Cohort, progress: Teller | None = None
) -> tuple[tuple[Analysis, ...], tuple[LeftOut, ...]]:
    """The analysis of each outcome, and the outcomes that have none, with the reason."""
    estimation = planned_estimation(study)
    found, left_out = [], []
    for outcome in study.outcomes:
        if progress:
            progress(outcome.id)
        try:
            found.append(analyse(cohort, outcome, estimation, study.checks.min_overlap))
        except DesignError as fault:
            left_out.append(LeftOut("", "", outcome.id, in_words(fault.message, study.report.language)))
    return tuple(found), tuple(left_out)


def estimate_persons(study: Study, cohort: Cohort, progress: Teller | None = None) -> Estimates:
    """Every estimate of every outcome; raises DesignError where there is none at all."""
    analyses, left_out = analyses_of(study, cohort, progress)
    if not analyses:
        raise DesignError("; ".join(one.reason for one in left_out))
    found = estimates_of(study, cohort, analyses)
    return Estimates(found.rows, found.events, (*found.left_out, *left_out))


def planned_estimation(study: Study) -> Estimation:
    """The planned analysis; raises DesignError where there is none."""
    if study.estimation is None:
        msg = f"{study.id}: the study plans no estimate ([estimation] is missing)"
        raise DesignError(msg)
    return study.estimation
