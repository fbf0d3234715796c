"""Which tables and keys does a design need, and which does it have no use for?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from utvardering.study.model import Study

_TABLES = {
    "areas": ("data", "period", "outcomes", "estimation"),
    "individuals": ("data", "outcomes", "estimation"),
    "series": ("data", "period", "outcomes", "estimation"),
    "organisation": (),
}
REFUSED = {
    "areas": (),
    "individuals": ("period", "treated", "treated_from", "comparison", "neighbours"),
    "series": ("treated", "treated_from", "comparison", "neighbours"),
    "organisation": (
        "data",
        "period",
        "treated",
        "treated_from",
        "comparison",
        "neighbours",
        "outcomes",
        "estimation",
        "causal_model",
        "checks",
        "robustness",
    ),
}
_WHY_REFUSED = {
    "individuals": "persons are followed from wave to wave, and [data] says who got the measure",
    "series": "one series has nothing to be compared with, and [measure] start says when",
    "organisation": "an organisation is assessed in process.toml and no effect is claimed",
}
_FILES = {"areas": "panel", "individuals": "cohort", "series": "series"}
_COLUMNS = {
    "areas": ("unit", "period"),
    "individuals": ("person", "wave", "treated"),
    "series": ("period",),
}
_EXAMPLES = {
    "cohort": 'cohort = "data/kohort.csv"',
    "panel": 'panel = "data/panel.csv"',
    "period": 'period = "manad"',
    "person": 'person = "lopnummer"',
    "series": 'series = "data/serie.csv"',
    "treated": 'treated = "sspf"',
    "unit": 'unit = "omrade"',
    "wave": 'wave = "vag"',
}
_ONLY_FOR = {
    "panel": "areas",
    "incidents": "areas",
    "exposure": "areas",
    "cohort": "individuals",
    "person": "individuals",
    "wave": "individuals",
    "last_wave_before": "individuals",
    "treated": "individuals",
    "group": "individuals",
    "series": "series",
}


def header(table: str) -> str:
    """A table as it stands in the file: `[[treated]]`, `[period]`."""
    return f"[[{table}]]" if table in {"treated", "outcomes"} else f"[{table}]"


def needed_tables(study: Study) -> Iterator[Problem]:
    """Tables that the design cannot do without."""
    design = study.study.design
    for table in _TABLES[design]:
        if table not in study.model_fields_set:
            what = type(study).model_fields[table].description or ""
            yield Problem(table, f'is missing: {what[:1].lower()}{what[1:]}. design = "{design}" needs {header(table)}')


def needed_treated(study: Study) -> Iterator[Problem]:
    """Areas: which got the measure, said in one way."""
    if study.study.design != "areas":
        return
    given = study.model_fields_set & {"treated", "treated_from"}
    if not given:
        yield Problem("treated", "is missing: which units got the measure, and when. Add a table [[treated]] for each of them")
    elif len(given) > 1:
        yield _at(study, "treated_from", "is given, and so is [[treated]]; keep one of them")


def needed_start_column(study: Study) -> Iterator[Problem]:
    """`[treated_from]`: the column with the start, or the one that switches on."""
    from_panel = study.treated_from
    if from_panel is None:
        return
    if not from_panel.column and not from_panel.indicator:
        yield _at(
            study, "treated_from.column", 'is missing: column with the start of each unit. Write such as column = "start"'
        )
    elif from_panel.column and from_panel.indicator:
        yield _at(study, "treated_from.indicator", "is given, and so is column; keep one of them")


def needed_comparison(study: Study) -> Iterator[Problem]:
    """Areas: what the treated are held against, said in one way."""
    if study.study.design != "areas":
        return
    comparison = study.comparison
    if comparison.units and comparison.choose:
        yield _at(study, "comparison.choose", "is given, and so are units; keep one of them")
    elif (
        not comparison.units
        and not comparison.choose
        and not (study.estimation and study.estimation.comparison_group == "not_yet")
    ):
        what = "is missing: what the treated units are held against"
        yield _at(study, "comparison.units", f'{what}. Write units = ["…", "…"], or units = "all" for all others')


def refused_tables(study: Study) -> Iterator[Problem]:
    """Tables of which the design has no use."""
    design = study.study.design
    for table in REFUSED[design]:
        if table in study.model_fields_set:
            yield _at(study, table, f'is not for design = "{design}": {_WHY_REFUSED[design]}. Remove {header(table)}')


def needed_file(study: Study) -> Iterator[Problem]:
    """One file with the data, and no more than one."""
    design, data = study.study.design, study.data
    if design == "organisation" or "data" not in study.model_fields_set:
        return
    name = _FILES[design]
    given = [key for key in (name, "dataset") if getattr(data, key)] + ["incidents"] * (
        design == "areas" and bool(data.incidents)
    )
    if not given:
        or_incidents = ", or add the table [data.incidents]" if design == "areas" else ""
        yield _at(study, f"data.{name}", f"is missing: the file with the data. Write such as {_EXAMPLES[name]}{or_incidents}")
    elif len(given) > 1:
        yield _at(study, f"data.{given[1]}", f"is given, and so is {given[0]}; keep one of them")


def needed_columns(study: Study) -> Iterator[Problem]:
    """The columns that tell what a row is about."""
    design, data = study.study.design, study.data
    if design == "organisation" or "data" not in study.model_fields_set or data.incidents:
        return
    for name in _COLUMNS[design]:
        if not getattr(data, name):
            what = type(data).model_fields[name].description or ""
            yield _at(study, f"data.{name}", f"is missing: {what[:1].lower()}{what[1:]}. Write such as {_EXAMPLES[name]}")
    if design == "individuals" and data.last_wave_before is None:
        yield _at(study, "data.last_wave_before", "is missing: last wave before the start. Write such as last_wave_before = 1")


def other_designs_keys(study: Study) -> Iterator[Problem]:
    """Keys of `[data]` that belong to another design."""
    design = study.study.design
    if design == "organisation":
        return
    for name, other in _ONLY_FOR.items():
        if other != design and name in study.data.model_fields_set and getattr(study.data, name):
            yield _at(study, f"data.{name}", f'is for design = "{other}", and this study has design = "{design}"; remove it')


def incidents_place(study: Study) -> Iterator[Problem]:
    """Events have a unit or coordinates."""
    events = study.data.incidents
    if events is None:
        return
    if not events.unit and not (events.x and events.y):
        yield _at(
            study,
            "data.incidents.unit",
            'is missing: column with the unit. Write such as unit = "omrade", or x = "x" and y = "y" for coordinates',
        )
    elif events.unit and (events.x or events.y):
        yield _at(study, "data.incidents.unit", "is given, and so are coordinates; keep one of them")


def measure_start(study: Study) -> Iterator[Problem]:
    """The start stands in `[measure]` for one series, and nowhere else."""
    design, start = study.study.design, study.measure.start
    if design == "series" and start is None:
        yield _at(study, "measure.start", "is missing: start of the measure. Write such as start = 2022-07-01")
    elif design == "areas" and start is not None:
        yield _at(study, "measure.start", 'is for design = "series"; write start under [[treated]], for each unit')
    elif design == "individuals" and start is not None:
        yield _at(study, "measure.start", 'is for design = "series"; here [data] last_wave_before says when')


def ethics_review(study: Study) -> Iterator[Problem]:
    """Research on persons has its review (lag 2003:460)."""
    ethics = study.ethics
    if study.study.design == "individuals" and not ethics.individuals:
        yield _at(
            study, "ethics.individuals", 'needs to be true: design = "individuals" is about persons; write individuals = true'
        )
    if (study.study.design == "individuals" or ethics.individuals) and not ethics.review:
        yield _at(
            study,
            "ethics.review",
            'is missing: a study of persons needs its ethics review. Write such as review = "2024-01234-01"',
        )


def _at(study: Study, key: str, message: str) -> Problem:
    return Problem(key, message, study.line(key))


REQUIREMENTS = (
    needed_tables,
    needed_treated,
    needed_start_column,
    needed_comparison,
    refused_tables,
    needed_file,
    needed_columns,
    other_designs_keys,
    incidents_place,
    measure_start,
    ethics_review,
)
