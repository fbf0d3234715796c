"""Do the keys of a study file agree with each other? No data are needed to tell.

A rule is a function that yields a Problem for each contradiction it finds. Rules of the analysis are in `analysis_rules.py`, of
the choice of comparison units in `choice_rules.py`, of costs in `cost_rules.py`, of the causal model in `causal_graph.py`, what
a design needs in `requirements.py`.
"""

from __future__ import annotations

import datetime as dt
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study.analysis_rules import ANALYSIS_RULES, smallest_p
from utvardering.study.causal_graph import CAUSAL_RULES
from utvardering.study.choice_rules import CHOICE_RULES, choices
from utvardering.study.cost_rules import COST_RULES
from utvardering.study.requirements import REQUIREMENTS
from utvardering.study.series_rules import SERIES_RULES
from utvardering.study.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from utvardering.study.model import Moment, Study

YEAR_DIGITS = 4

__all__ = ["rule_problems", "smallest_p"]


def rule_problems(study: Study, *, partial: bool = False) -> list[Problem]:
    """Every contradiction in the file.

    With `partial`, keys that are wrong in themselves are absent from `study`, and a rule that needs one of them is not judged.
    """
    problems: list[Problem] = []
    for rule in (*REQUIREMENTS, *RULES, *CHOICE_RULES, *COST_RULES, *ANALYSIS_RULES, *CAUSAL_RULES, *SERIES_RULES):
        try:
            problems += rule(study)
        except AttributeError:
            if not partial:
                raise
    return problems


def period_number(unit: str, moment: Moment) -> int:
    """Consecutive number of the period in which a date lies; an index is its own number."""
    if isinstance(moment, int):
        return moment
    if unit == "week":
        return (moment.toordinal() - 1) // 7  # day 1 is a Monday
    return {
        "month": moment.year * 12 + moment.month - 1,
        "quarter": moment.year * 4 + (moment.month - 1) // 3,
    }.get(unit, moment.year)


def _id_is_folder(study: Study) -> Iterator[Problem]:
    folder = study.folder.name
    if study.id != folder and not folder.startswith("_"):
        yield _at(
            study,
            "study.id",
            f"is {show(study.id)}, but the folder is {folder}; write id = {show(folder)} or rename the folder",
        )


def _moments_fit_calendar(study: Study) -> Iterator[Problem]:
    """An index has whole numbers, a calendar has dates."""
    if study.period is None:
        return
    unit = study.period.unit
    for key, moment in _moments(study):
        if unit == "index" and isinstance(moment, dt.date):
            yield _at(study, key, f'needs a whole number, since [period] unit = "index", found {moment}')
        elif unit != "index" and isinstance(moment, int):
            day = f"{moment}-12-31" if key == "period.last" else f"{moment}-01-01"
            hint = f"; write {day}" if len(str(moment)) == YEAR_DIGITS else ""
            yield _at(study, key, f"needs a date such as 2022-07-01, found {moment}{hint}")


def _moments(study: Study) -> Iterator[tuple[str, Moment]]:
    if study.period is not None:
        yield "period.first", study.period.first
        yield "period.last", study.period.last
    for i, unit in enumerate(study.treated):
        yield f"treated[{i}].start", unit.start
        if unit.end is not None:
            yield f"treated[{i}].end", unit.end
    if study.measure.start is not None:
        yield "measure.start", study.measure.start
    for i, window in enumerate(study.robustness.windows):
        yield f"robustness.windows[{i}][0]", window[0]
        yield f"robustness.windows[{i}][1]", window[1]


def _one_calendar(study: Study) -> bool:
    """Whether all moments can be compared with each other."""
    kinds = {isinstance(moment, int) for _, moment in _moments(study)}
    return study.period is not None and len(kinds) == 1


def _period_has_order(study: Study) -> Iterator[Problem]:
    if (period := study.period) is None or not _one_calendar(study):
        return
    if period_number(period.unit, period.first) > period_number(period.unit, period.last):
        yield _at(study, "period.last", f"{period.last} comes before first, {period.first}; exchange the dates")


def _starts_in_period(study: Study) -> Iterator[Problem]:
    if (period := study.period) is None or not _one_calendar(study):
        return
    first, last = (period_number(period.unit, moment) for moment in (period.first, period.last))
    starts = [(f"treated[{i}].start", unit.start) for i, unit in enumerate(study.treated)]
    if study.measure.start is not None:
        starts.append(("measure.start", study.measure.start))
    for key, start in starts:
        number = period_number(period.unit, start)
        if not first <= last:
            continue
        if not first <= number <= last:
            said = f"{start} lies outside [period], {period.first} to {period.last}; correct the date, or first and last"
            hint = " (last is the end of the planned follow-up; the data may end before it)" if number > last else ""
            yield _at(study, key, said + hint)
        elif number - period.anticipation <= first:
            yield from _no_past(study, key, number - first)


def _no_past(study: Study, key: str, before: int) -> Iterator[Problem]:
    if before < 1:
        yield _at(study, key, "lies in the first period, so nothing is known from before; write an earlier first in [period]")
    elif study.period is not None:
        yield _at(
            study,
            "period.anticipation",
            f"{study.period.anticipation} leaves no period before the start ({before} before {key}); "
            f"write at most {before - 1}, or an earlier first",
        )


def _ends_after_start(study: Study) -> Iterator[Problem]:
    if not _one_calendar(study):
        return
    for i, unit in enumerate(study.treated):
        if unit.end is not None and _before(unit.end, unit.start):
            yield _at(study, f"treated[{i}].end", f"{unit.end} comes before start, {unit.start}; exchange or correct the dates")


def _before(one: Moment, other: Moment) -> bool:
    return (one if isinstance(one, int) else one.toordinal()) < (other if isinstance(other, int) else other.toordinal())


def _units_are_said_once(study: Study) -> Iterator[Problem]:
    lists = {
        "treated": [unit.unit for unit in study.treated],
        "comparison.units": list(study.comparison.units) if isinstance(study.comparison.units, tuple) else [],
        "comparison.excluded": [unit.unit for unit in study.comparison.excluded],
        "neighbours.units": list(study.neighbours.units),
        "neighbours.comparison": list(study.neighbours.comparison),
    }
    for key, names in lists.items():
        for i, name in enumerate(names):
            if name in names[:i]:
                place = f"{key}[{i}].unit" if key in {"treated", "comparison.excluded"} else f"{key}[{i}]"
                yield _at(study, place, f"{show(name)} is named twice; keep one of them")


def _treated_is_nothing_else(study: Study) -> Iterator[Problem]:
    treated = {unit.unit for unit in study.treated}
    for key, name in _other_units(study):
        if name in treated:
            yield _at(study, key, f"{show(name)} is treated and cannot be here too; remove it here or from [[treated]]")


def _other_units(study: Study) -> Iterator[tuple[str, str]]:
    if isinstance(study.comparison.units, tuple):
        yield from ((f"comparison.units[{i}]", name) for i, name in enumerate(study.comparison.units))
    yield from ((f"comparison.excluded[{i}].unit", unit.unit) for i, unit in enumerate(study.comparison.excluded))
    yield from ((f"neighbours.units[{i}]", name) for i, name in enumerate(study.neighbours.units))
    yield from ((f"neighbours.comparison[{i}]", name) for i, name in enumerate(study.neighbours.comparison))
    for i, units in enumerate(study.robustness.alternative_comparisons):
        if isinstance(units, tuple):
            yield from ((f"robustness.alternative_comparisons[{i}][{j}]", name) for j, name in enumerate(units))


def _comparison_is_apart(study: Study) -> Iterator[Problem]:
    neighbours = set(study.neighbours.units)
    excluded = {unit.unit for unit in study.comparison.excluded}
    for i, name in enumerate(study.comparison.units if isinstance(study.comparison.units, tuple) else ()):
        if name in neighbours:
            yield _at(
                study,
                f"comparison.units[{i}]",
                f"{show(name)} is a neighbour, where crime could have moved; remove it here or from [neighbours]",
            )
        if name in excluded:
            yield _at(study, f"comparison.units[{i}]", f"{show(name)} is excluded too; remove it here or from excluded")
    for i, name in enumerate(study.neighbours.comparison):
        if name in neighbours:
            yield _at(study, f"neighbours.comparison[{i}]", f"{show(name)} is a neighbour itself; name another unit")


def _neighbours_said_one_way(study: Study) -> Iterator[Problem]:
    neighbours = study.neighbours
    if neighbours.units and neighbours.column and not neighbours.file:
        yield _at(study, "neighbours.column", "is given, and so are units; keep one of them")
    if neighbours.units and neighbours.file:
        yield _at(study, "neighbours.file", "is given, and so are units; keep one of them")
    if neighbours.file and not neighbours.column:
        yield _at(study, "neighbours.column", 'is missing: column of the file with the unit. Write such as column = "omrade"')
    if neighbours.file and not neighbours.within:
        yield _at(study, "neighbours.within", "is missing: metres from a treated area. Write such as within = [500]")
    yield from _rings_have_order(study)
    if neighbours.comparison and not neighbours.units and not neighbours.column:
        yield _at(study, "neighbours.comparison", 'is given without neighbours; write units = ["…"] or column = "…" too')


def _rings_have_order(study: Study) -> Iterator[Problem]:
    neighbours = study.neighbours
    if neighbours.within and not neighbours.file:
        yield _at(
            study, "neighbours.within", 'is given without a file with the areas; write such as file = "data/omraden.gpkg"'
        )
    for i, metres in enumerate(neighbours.within):
        if metres < 0:
            yield _at(study, f"neighbours.within[{i}]", f"needs metres of at least 0, found {metres:g}; write {-metres:g}")
        elif i and metres <= neighbours.within[i - 1]:
            yield _at(
                study,
                f"neighbours.within[{i}]",
                f"needs more than the ring before it, {neighbours.within[i - 1]:g}, found {metres:g}; "
                "write the distances from the nearest to the farthest",
            )


def _lottery_has_record(study: Study) -> Iterator[Problem]:
    measure = study.measure
    if measure.assignment != "lottery":
        return
    if measure.lottery_seed is None:
        yield _at(
            study,
            "measure.lottery_seed",
            "is missing: a lottery that can be drawn again has its seed. Write such as lottery_seed = 2022",
        )
    if not measure.lottery_source:
        yield _at(
            study,
            "measure.lottery_source",
            'is missing: where the lottery is recorded. Write such as lottery_source = "Protokoll 2022-05-11 § 88"',
        )


def _boundaries_are_of_areas(study: Study) -> Iterator[Problem]:
    data = study.data
    if data.boundaries and study.study.design != "areas":
        yield _at(
            study, "data.boundaries", f'is for design = "areas"; remove it, or write the design (now "{study.study.design}")'
        )
    if data.boundaries_unit and not data.boundaries:
        yield _at(study, "data.boundaries_unit", "names a column of no file; write boundaries, or remove it")


def _files_lie_in_folder(study: Study) -> Iterator[Problem]:
    data = study.data
    files = [
        (f"data.{name}", getattr(data, name)) for name in ("panel", "cohort", "series", "unit_labels", "dose", "boundaries")
    ]
    files += [("data.incidents.file", data.incidents.file)] if data.incidents else []
    files += [("data.exposure.file", data.exposure.file)] if data.exposure else []
    files += [(f"outcomes[{i}].file", outcome.file) for i, outcome in enumerate(study.outcomes)]
    files += [("neighbours.file", study.neighbours.file)]
    files += [(f"{key}.file", choose.file) for key, choose in choices(study)]
    for key, file in files:
        if not file:
            continue
        name = PureWindowsPath(file).name
        if "://" in file:
            yield _at(study, key, f'is an address; save the file in the study\'s folder and write "data/{name}"')
        elif _is_outside(file):
            yield _at(study, key, f'{show(file)} lies outside the study; put the file in its folder and write "data/{name}"')
        elif "\\" in file:
            yield _at(study, key, f"has \\ between folders; write {show(file.replace(chr(92), '/'))}")


def _is_outside(file: str) -> bool:
    path = PureWindowsPath(file)  # takes both / and \\ for a separator
    return file.startswith("~") or bool(path.drive or path.root) or ".." in path.parts


def _dataset_has_package(study: Study) -> Iterator[Problem]:
    dataset = study.data.dataset
    package, colon, name = dataset.partition(":")
    if dataset and not (package and colon and name):
        yield _at(study, "data.dataset", f'needs a package and a name such as "causaldata:castle", found {show(dataset)}')


def _at(study: Study, key: str, message: str) -> Problem:
    return Problem(key, message, study.line(key))


RULES: tuple[Callable[[Study], Iterator[Problem]], ...] = (
    _id_is_folder,
    _moments_fit_calendar,
    _period_has_order,
    _starts_in_period,
    _ends_after_start,
    _units_are_said_once,
    _treated_is_nothing_else,
    _comparison_is_apart,
    _neighbours_said_one_way,
    _lottery_has_record,
    _boundaries_are_of_areas,
    _files_lie_in_folder,
    _dataset_has_package,
)
