"""Does what `data/sources.toml` declares of the files fit the plan? Polarity, breaks in series, and the division into areas."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from utvardering.data.calendar import Calendar
from utvardering.data.sources import Break, Source, read_sources
from utvardering.errors import DataError, Problem, StudyError
from utvardering.study.model import Outcome, Study
from utvardering.wording import say

WANTED = {"decrease": "more_is_better", "increase": "more_is_worse"}
"""Direction that a plan hopes for, to the polarity under which that is a loss."""
_DESO = re.compile(r"\d{4}[A-C]\d{4}")
DESO_CHANGED = 2024  # the first reference year with the division of 2025; the years before were not made again


@dataclass(frozen=True)
class Declared:
    """The sources of a study by the file that they describe, as the study names it."""

    study: Study
    sources: dict[str, Source]

    @classmethod
    def of(cls, study: Study) -> Declared:
        """What the study's folder declares."""
        return cls(study, {source.file.removeprefix("data/"): source for source in read_sources(study.folder)})

    def source(self, file: str) -> Source | None:
        """The source of a file that the study names."""
        return self.sources.get(file.removeprefix("data/"))

    def refuse_contradictions(self) -> None:
        """A StudyError where more safety is planned as less of it; a DataError where areas of two divisions are joined."""
        problems = []
        for place, outcome in enumerate(self.study.outcomes):
            source = self.source(file_of(self.study, outcome))
            polarity = source.polarity.get(outcome.id) if source else None
            if source and outcome.aim == "trygghet" and polarity == WANTED.get(outcome.direction, ""):
                key = f"outcomes[{place}].direction"
                other = "increase" if outcome.direction == "decrease" else "decrease"
                told = (
                    f"is {outcome.direction}, but data/sources.toml says that {polarity.replace('_', ' ')} in {outcome.id} of "
                    f'{source.file}; write direction = "{other}", or mend polarity there'
                )
                problems.append(Problem(key, told, self.study.line(key)))
        if problems:
            count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
            message = f"study.toml: {count}"
            raise StudyError(message, tuple(problems))
        self._refuse_two_divisions()

    def _refuse_two_divisions(self) -> None:
        held = [(file, source) for file in dict.fromkeys(files_of(self.study)) if (source := self.source(file)) is not None]
        named = {file: source.areas for file, source in held if source.areas and not source.crosswalk}
        if len(set(named.values())) > 1:
            told = "; ".join(f"{file}: {areas}" for file, areas in named.items())
            message = (
                f"data/sources.toml: the files are of different divisions into areas, which cannot be joined by name ({told}); "
                'make one into the other by a crosswalk, and name it in the row of that file: crosswalk = "data/nyckel.csv"'
            )
            raise DataError(message)

    def refuse_joined_deso(self, file: str, first: dict[str, int], last: dict[str, int]) -> None:
        """A DataError where DeSO of 2018 and of 2025 stand in one file as if they were the same areas.

        first, last   unit to the first and the last calendar year in which the file has a row of it
        """
        deso = [unit for unit in first if _DESO.fullmatch(unit)]
        source = self.source(file)
        if len(deso) * 2 < len(first) or not deso or (source is not None and source.crosswalk):
            return
        if min(first.values()) >= DESO_CHANGED or max(last.values()) < DESO_CHANGED:
            return
        ended = [unit for unit in deso if last[unit] < DESO_CHANGED]
        began = [unit for unit in deso if first[unit] >= DESO_CHANGED]
        if ended and began:
            message = (
                f"{file}: holds two divisions into DeSO: {len(ended)} areas end before {DESO_CHANGED} and {len(began)} begin "
                f"then (such as {min(ended)} and {min(began)}). The years before are of DeSO 2018, the others of DeSO 2025, "
                "and areas with the same code need not be the same. Make one into the other by a crosswalk, and name it in "
                'data/sources.toml: crosswalk = "data/nyckel.csv"; or let the study end before'
            )
            raise DataError(message)

    def breaks_inside(self) -> Iterator[str]:
        """A sentence for each declared break that lies inside the time of the study, or whose time is not known."""
        language = self.study.report.language
        for outcome in self.study.outcomes:
            source = self.source(file_of(self.study, outcome))
            for one in source.named_breaks if source else ():
                if one.columns and not {outcome.id, outcome.exposure} & set(one.columns):
                    continue
                label = self._label(outcome, one)
                if label is None:
                    continue
                file = source.file if source else ""
                what = f" ({one.what})" if one.what else ""
                if label:
                    yield say(language, "declared", "break", file=file, at=label, what=what)
                else:
                    yield say(language, "declared", "break_unknown", file=file, what=one.what)

    def _label(self, outcome: Outcome, one: Break) -> str | None:
        """Label of the period of a break; empty where nobody knows which, None where it lies outside the study."""
        period = self.study.period
        if period is None or one.at == "":
            return ""
        calendar = Calendar(outcome.period_unit or period.unit)
        number = _number(calendar, one.at)
        if number is None:
            return str(one.at)
        first, last = calendar.number(period.first), calendar.number(period.last)
        return calendar.label(number) if first < number <= last else None


def files_of(study: Study) -> Iterator[str]:
    """The files whose areas are joined: the panel, and those of outcomes and neighbours."""
    yield main_file(study)
    yield from (outcome.file for outcome in study.outcomes if outcome.file)
    if study.neighbours.file:
        yield study.neighbours.file


def main_file(study: Study) -> str:
    """The file that holds what has no file of its own."""
    data = study.data
    return data.panel or data.dataset or data.series or data.cohort or (data.incidents.file if data.incidents else "")


def file_of(study: Study, outcome: Outcome) -> str:
    """The file of an outcome."""
    return outcome.file or main_file(study)


def years_of(units: Iterable[str], numbers: Iterable[int], calendar: Calendar) -> tuple[dict[str, int], dict[str, int]]:
    """Unit to its first and its last calendar year, from a row's unit and period number; nothing without a calendar."""
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    if calendar.unit == "index":
        return first, last
    for unit, number in zip(units, numbers, strict=True):
        year = calendar.date(int(number)).year
        first[unit] = min(first.get(unit, year), year)
        last[unit] = max(last.get(unit, year), year)
    return first, last


def _number(calendar: Calendar, at: dt.date | int | str) -> int | None:
    """Period of a break: a date, a label, or a year, which breaks with its first period."""
    year = isinstance(at, int) or (isinstance(at, str) and re.fullmatch(r"\d{4}", at) is not None)
    try:
        return calendar.number(dt.date(int(str(at)), 1, 1) if year and calendar.unit != "index" else at)
    except ValueError:
        return None
