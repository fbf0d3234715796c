"""From a study of one series to its panel: one unit under the measure, nobody to compare with."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from utvardering.data.calendar import Calendar
from utvardering.data.datasets import read_dataset
from utvardering.data.declared import Declared
from utvardering.data.faults import Faults
from utvardering.data.grids import GridMaker, Values
from utvardering.data.panel import LeftOut, Panel
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.roles import Roles, study_anticipation
from utvardering.data.sheet import Sheet, Units, lay_out, require_columns
from utvardering.data.sources import find_file
from utvardering.data.starts import Start
from utvardering.data.tables import Table, read_table
from utvardering.data.validate import check_calendar
from utvardering.data.verify import verify_sources
from utvardering.errors import StudyError
from utvardering.study.model import Outcome, Period, Study
from utvardering.wording import say

UNIT = "series"
"""What the one unit is called, whatever the language of the report: the fingerprint of the data holds it."""
_UNIT_COLUMN = "\0unit"  # no file has a column of this name


def load_series(study: Study) -> Panel:
    """The panel of a study with `design = "series"`: one treated unit from `[data] series` and `[measure] start`.

    Raises a DataError that lists every problem of a file, a DataNotFetchedError where a described file is absent, and a
    StudyError where the study has no calendar or no start.
    """
    if study.study.design != "series" or study.period is None or study.measure.start is None:
        message = f'{study.id}: needs design = "series" with [period] and [measure] start'
        raise StudyError(message)
    verify_sources(study.folder)
    Declared.of(study).refuse_contradictions()
    return _Loading(study, study.period, Start(study.measure.start)).panel()


@dataclass
class _Loading:
    """The steps of loading, with the tables that were read and what was left out."""

    study: Study
    period: Period
    start: Start
    tables: dict[str, Table] = field(default_factory=dict)
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def panel(self) -> Panel:
        sheets: dict[tuple[str, str, str], tuple[Sheet, Faults]] = {}
        main = self._sheet(None)
        roles = Roles(np.array(["treated"], dtype="<U10"), np.zeros(1, dtype=np.int64))
        maker = GridMaker(self.study, self.period, main[0], np.ones(1, bool), {0: self.start}, None, self.left_out, self.notes)
        values: dict[str, Values] = {}
        for outcome in self.study.outcomes:
            key = (outcome.file, outcome.period, outcome.period_unit or "")
            sheet, faults = sheets.setdefault(key, self._sheet(outcome)) if any(key) else main
            values[outcome.id] = maker.read(outcome, sheet, faults)
        for sheet, faults in (main, *sheets.values()):
            if not faults.found:
                counts = any(outcome.kind == "count" for outcome in self.study.outcomes)
                check_calendar(sheet, np.ones(1, bool), sheet.table.name, faults, counts=counts)
            faults.raise_any()
            self._list_rows(sheet)
        self.notes += Declared.of(self.study).breaks_inside()
        grids = {outcome.id: maker.grid(outcome, values[outcome.id], roles) for outcome in self.study.outcomes}
        return Panel(
            units=(UNIT,),
            labels=(say(self.study.report.language, "series", "unit"),),
            role=roles.role,
            ring=roles.ring,
            cluster=np.zeros(1, dtype=np.int64),
            grids=grids,
            anticipation=study_anticipation(self.study),
            one_series=True,
            left_out=tuple(dict.fromkeys(replace(one, unit="") for one in self.left_out)),
            sources={name: table.sha256 for name, table in self.tables.items()},
            notes=tuple(dict.fromkeys(note.removeprefix(f'"{UNIT}": ') for note in self.notes)),
        )

    def _sheet(self, outcome: Outcome | None) -> tuple[Sheet, Faults]:
        """The series' own file, or that of an outcome with a file or rhythm of its own."""
        data = self.study.data
        file = (outcome.file if outcome else "") or data.series or data.dataset
        period = (outcome.period if outcome else "") or data.period
        calendar = Calendar((outcome.period_unit if outcome else None) or self.period.unit)
        table = self._table(file)
        require_columns(table, self._wanted(outcome, period), period, calendar, "period")
        held = replace(table, columns={**table.columns, _UNIT_COLUMN: pa.array([UNIT] * len(table.rows))})
        faults = Faults(table.name, table.rows)
        window = calendar.number(self.period.first), calendar.number(self.period.last)
        sheet = lay_out(held, (_UNIT_COLUMN, period), calendar, window, faults, Units((UNIT,), (UNIT,), nameless=True))
        return sheet, faults

    def _wanted(self, outcome: Outcome | None, period: str) -> list[tuple[str, str]]:
        """Columns that a file must have, each with the key that names it."""
        study = self.study
        number = study.outcomes.index(outcome) if outcome else 0
        wanted = {f"outcomes[{number}].period" if outcome and outcome.period else "data.period": period}
        for place, one in enumerate(study.outcomes):
            if one is outcome or (outcome is None and not (one.file or one.period or one.period_unit)):
                wanted |= {f"outcomes[{place}].id": one.id, f"outcomes[{place}].exposure": one.exposure}
        return [(column, self._key(key)) for key, column in wanted.items() if column]

    def _key(self, key: str) -> str:
        line = self.study.line(key)
        return f"{key}, line {line} of study.toml" if line else key

    def _list_rows(self, sheet: Sheet) -> None:
        if not sheet.outside:
            return
        language, label = self.study.report.language, sheet.calendar.label
        last = label(sheet.calendar.number(self.period.last))
        span = say(language, "left_out", "span", first=label(sheet.first), last=last)
        reason = say(language, "left_out", "outside", file=sheet.table.name, rows=sheet.outside, span=span)
        self.left_out.append(LeftOut("", "", "", reason))

    def _table(self, file: str) -> Table:
        if file not in self.tables:
            if file == self.study.data.dataset:
                table = read_dataset(file)
            else:
                table = read_table(find_file(self.study.folder, self.study.id, file), file)
            refuse_personal_data(table)
            self.tables[file] = table
        return self.tables[file]
