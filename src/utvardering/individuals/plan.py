"""Rules of a study of persons that need the data: hopeless before anything is estimated, or not begun."""

from __future__ import annotations

from utvardering.checks.plan import refuse_hopeless
from utvardering.data.by_design import Data
from utvardering.data.cohort import Cohort
from utvardering.errors import DesignError, NotBegunError, Problem, StudyError
from utvardering.individuals.persons import persons_of
from utvardering.study.model import Study


def refuse_hopeless_data(study: Study, data: Data) -> None:
    """Raise a StudyError where the plan cannot be carried out on what is known before the start, whatever the design."""
    if isinstance(data, Cohort):
        refuse_hopeless_cohort(study, data)
    else:
        refuse_hopeless(study, data)


def refuse_hopeless_cohort(study: Study, cohort: Cohort) -> None:
    """Raise a StudyError where the persons before the start are too few for anything about them to be shown."""
    try:
        persons, _ = persons_of(cohort.before(), study.primary.id)
    except DesignError as fault:
        heading = f"{study.folder / 'study.toml'}: 1 problem"
        raise StudyError(heading, (Problem("outcomes", fault.message, study.line("outcomes")),)) from None
    smallest = study.report.smallest_cell
    if min(persons.arms.treated, persons.arms.comparison) >= smallest:
        return
    arm = "treated" if persons.arms.treated < smallest else "comparison"
    what = (
        f"is {smallest}, and fewer {arm} persons have a value in the last wave before the start and every covariate: nothing "
        "about them may be shown. Follow more persons, or follow each of the few many times (docs/methods/individuals.md)"
    )
    heading = f"{study.folder / 'study.toml'}: 1 problem"
    raise StudyError(heading, (Problem("report.smallest_cell", what, study.line("report.smallest_cell")),))


def refuse_not_begun_cohort(study: Study, cohort: Cohort, *, locked: bool = False) -> None:
    """Raise a NotBegunError where the file holds no wave after the start; `locked` when the plan is registered."""
    if cohort.n_after:
        return
    then = "the plan is locked" if locked else f"utvardering register {study.id} locks the plan"
    msg = (
        f"{study.id}: the file ends with wave {cohort.waves[-1]}, before the measure starts (last_wave_before = "
        f"{study.data.last_wave_before}), so there is no effect to estimate yet; utvardering design {study.id} says what the "
        f"study can find, and {then}. Add the waves after the start when they have been measured"
    )
    raise NotBegunError(msg)
