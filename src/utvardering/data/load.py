"""From a study to its panel: files read, units and periods laid out, roles given, everything that is wrong told at once."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from utvardering.data.alike import alike_units
from utvardering.data.calendar import Calendar
from utvardering.data.datasets import read_dataset
from utvardering.data.declared import Declared, years_of
from utvardering.data.distance import rings_by_distance
from utvardering.data.faults import Faults
from utvardering.data.graph_columns import check_graph
from utvardering.data.grids import GridMaker, Values
from utvardering.data.labels import read_labels
from utvardering.data.panel import Grid, LeftOut, Panel
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.roles import Roles, assign_roles, concerned_units, study_anticipation
from utvardering.data.series import load_series
from utvardering.data.sheet import Sheet, lay_out, require_columns
from utvardering.data.sources import find_file, sha256
from utvardering.data.starts import Start, column_starts, named_starts, shares
from utvardering.data.tables import Table, read_table
from utvardering.data.uneven import uneven_notes
from utvardering.data.validate import check_calendar
from utvardering.data.verify import verify_sources
from utvardering.errors import DataError, StudyError
from utvardering.study.choice_rules import choices
from utvardering.study.model import Outcome, Period, Study
from utvardering.wording import say


def load_panel(study: Study) -> Panel:
    """The panel of a study with `design = "areas"`, or of one series.

    Raises a DataError that lists every problem of a file, a DataNotFetchedError where a described file is absent, and a
    StudyError where the study names a unit that the data lack or gives a unit two roles.
    """
    if study.study.design == "series":
        return load_series(study)
    if study.study.design != "areas" or study.period is None:
        message = f'{study.id}: only a study with design = "areas" or "series" has a panel'
        raise StudyError(message)
    verify_sources(study.folder)
    Declared.of(study).refuse_contradictions()
    return _Loading(study, study.period).panel()


@dataclass
class _Loading:
    """The steps of loading, with what they share: tables and maps (by checksum) that were read, and what was left out."""

    study: Study
    period: Period
    tables: dict[str, Table] = field(default_factory=dict)
    maps: dict[str, str] = field(default_factory=dict)
    beside: NDArray[np.bool_] | None = None
    left_out: list[LeftOut] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def panel(self) -> Panel:
        sheet, faults = self._main_sheet()
        concerned = concerned_units(self.study, sheet.units)
        study_faults = Faults(_shown(self.study.folder / "study.toml"))
        check_graph(self.study, sheet.table.columns, study_faults)
        starts = named_starts(self.study, sheet.units, study_faults)
        starts |= {} if starts else column_starts(self.study, sheet, concerned, faults)
        share = shares(self.study, sheet, starts, faults)
        began = self._began(sheet, starts)
        ring = self._ring(sheet, faults)
        alike = alike_units(self.study, sheet, began, self._table, faults)
        codes = self._codes(sheet, concerned, faults)
        mains = [outcome for outcome in self.study.outcomes if not _own_rhythm(outcome)]
        if mains and not faults.found:
            counts = any(outcome.kind == "count" for outcome in mains)
            check_calendar(sheet, concerned, self.study.data.period, faults, counts=counts)
        maker = GridMaker(self.study, self.period, sheet, concerned, starts, share, self.left_out, self.notes)
        values = {outcome.id: maker.read(outcome, sheet, faults) for outcome in mains}
        faults.raise_any()
        if self.study.neighbours.file and not study_faults.found:
            ring, self.beside = self._ring_by_distance(sheet, concerned, began)
        roles = assign_roles(self.study, sheet, starts, ring, study_faults, alike)
        study_faults.raise_any(StudyError)
        self._list_rows(sheet)
        for outcome in self.study.outcomes:
            if _own_rhythm(outcome):
                own, own_faults = self._own_sheet(outcome, sheet)
                seen = (own.row_at >= 0).any(axis=1)
                if not own_faults.found:
                    check_calendar(own, concerned & seen, "", own_faults, counts=outcome.kind == "count")
                values[outcome.id] = maker.read(outcome, own, own_faults)
                own_faults.raise_any()
                self._list_rows(own)
        self.left_out[:0] = roles.left_out
        self._note_declared(sheet, concerned, values)
        return self._assemble(sheet, roles, codes, {o.id: maker.grid(o, values[o.id], roles) for o in self.study.outcomes})

    def _assemble(
        self, sheet: Sheet, roles: Roles, codes: dict[str, NDArray[np.int64] | None], grids: dict[str, Grid]
    ) -> Panel:
        cluster = codes["cluster"]
        labels = read_labels(self.study, sheet.units, self._table)
        return Panel(
            units=sheet.units.names,
            labels=labels,
            role=roles.role,
            ring=roles.ring,
            cluster=np.arange(len(sheet.units.names), dtype=np.int64) if cluster is None else cluster,
            grids=grids,
            strata=codes["strata"],
            groups=codes["period_effects_by"],
            anticipation=study_anticipation(self.study),
            left_out=tuple(dict.fromkeys(self.left_out)),
            sources={name: table.sha256 for name, table in self.tables.items()} | self.maps,
            notes=tuple(dict.fromkeys(self.notes)),
            neighbour_comparison=roles.neighbour_comparison,
            not_yet=self.study.estimation is not None and self.study.estimation.comparison_group == "not_yet",
            alike=roles.alike,
            beside=self.beside,
        )

    def _note_declared(self, sheet: Sheet, concerned: NDArray[np.bool_], values: dict[str, Values]) -> None:
        """What the files' own descriptions and gaps warn of; a DataError where two divisions into areas are joined."""
        declared, language = Declared.of(self.study), self.study.report.language
        rows = sheet.unit >= 0
        units = [sheet.units.names[place] for place in sheet.unit[rows]]
        first, last = years_of(units, sheet.position[rows] + sheet.first, sheet.calendar)
        declared.refuse_joined_deso(sheet.table.name, first, last)
        self.notes += declared.breaks_inside()
        for outcome in self.study.outcomes:
            held = values[outcome.id]
            labels = tuple(held.sheet.label(t) for t in range(held.y.shape[1]))
            count = outcome.kind == "count"
            self.notes += uneven_notes(outcome.id, held.y[concerned], labels, count=count, language=language)

    def _table(self, file: str) -> Table:
        if file not in self.tables:
            if file == self.study.data.dataset:
                table = read_dataset(file)
            else:
                table = read_table(find_file(self.study.folder, self.study.id, file), file)
            refuse_personal_data(table)
            self.tables[file] = table
        return self.tables[file]

    def _main_sheet(self) -> tuple[Sheet, Faults]:
        data = self.study.data
        if data.incidents is not None:
            message = (
                "[data.incidents]: events are counted by a fetch; describe them in data/sources.toml with "
                'connector = "incidents" and give its file as panel'
            )
            raise DataError(message)
        table = self._table(data.panel or data.dataset)
        calendar = Calendar(self.period.unit)
        require_columns(table, self._wanted(), data.period, calendar)
        return self._lay_out(table, (data.unit, data.period), calendar, None)

    def _own_sheet(self, outcome: Outcome, main: Sheet) -> tuple[Sheet, Faults]:
        data = self.study.data
        table = self._table(outcome.file or data.panel or data.dataset)
        unit, period = outcome.unit or data.unit, outcome.period or data.period
        calendar = Calendar(outcome.period_unit or self.period.unit)
        place = self.study.outcomes.index(outcome)
        wanted = [
            (unit, self._key(f"outcomes[{place}].unit")),
            (period, self._key(f"outcomes[{place}].period")),
            (outcome.id, self._key(f"outcomes[{place}].id")),
        ]
        if outcome.exposure:
            wanted.append((outcome.exposure, self._key(f"outcomes[{place}].exposure")))
        require_columns(table, wanted, period, calendar)
        return self._lay_out(table, (unit, period), calendar, main)

    def _lay_out(self, table: Table, columns: tuple[str, str], calendar: Calendar, main: Sheet | None) -> tuple[Sheet, Faults]:
        faults = Faults(table.name, table.rows)
        window = calendar.number(self.period.first), calendar.number(self.period.last)
        sheet = lay_out(table, columns, calendar, window, faults, main.units if main else None)
        if sheet.restored:
            self.notes.append(say(self.study.report.language, "left_out", "restored", codes=sheet.restored))
        return sheet, faults

    def _wanted(self) -> list[tuple[str, str]]:
        """Columns that the panel's file must have, each with the key that names it."""
        study, estimation, rule = self.study, self.study.estimation, self.study.treated_from
        named = {"data.unit": study.data.unit, "data.period": study.data.period}
        if not study.neighbours.file:
            named["neighbours.column"] = study.neighbours.column
        if rule is not None:
            named |= {f"treated_from.{key}": getattr(rule, key) for key in ("column", "indicator", "share")}
        for number, outcome in enumerate(study.outcomes):
            if not _own_rhythm(outcome):
                named |= {f"outcomes[{number}].id": outcome.id, f"outcomes[{number}].exposure": outcome.exposure}
        if estimation is not None:
            named |= {f"estimation.covariates[{n}]": column for n, column in enumerate(estimation.covariates)}
            named |= {
                f"estimation.{key}": getattr(estimation, key) for key in ("weights", "period_effects_by", "cluster", "strata")
            }
        if study.comparison.choose is not None:
            named |= {f"comparison.choose.on[{n}]": column for n, column in enumerate(study.comparison.choose.on)}
        named |= {f"{key}.column": choose.column for key, choose in choices(study)}
        return [(column, self._key(key)) for key, column in named.items() if column]

    def _key(self, key: str) -> str:
        line = self.study.line(key)
        return f"{key}, line {line} of study.toml" if line else key

    def _ring(self, sheet: Sheet, faults: Faults) -> NDArray[np.int64]:
        ring = np.zeros(len(sheet.units.names), dtype=np.int64)
        column = "" if self.study.neighbours.file else self.study.neighbours.column
        for place, text in enumerate(sheet.constant(column, faults) if column else ()):
            digits = text.removesuffix(".0")
            if digits.isdigit():
                ring[place] = int(digits)
            elif text:
                name = sheet.units.names[place]
                faults.add(column, f'needs a ring 1, 2, … or nothing, found "{text}" for "{name}"')
        return ring

    def _began(self, sheet: Sheet, starts: dict[int, Start]) -> list[int]:
        """Places of the units that got the measure by the end of the study."""
        last = sheet.calendar.number(self.period.last)
        return sorted(place for place, start in starts.items() if sheet.calendar.number(start.moment) <= last)

    def _ring_by_distance(
        self, sheet: Sheet, concerned: NDArray[np.bool_], treated: list[int]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        rule = self.study.neighbours
        path = find_file(self.study.folder, self.study.id, rule.file)
        self.maps[rule.file] = sha256(path)
        needed = np.flatnonzero(concerned & (sheet.row_at >= 0).any(axis=1)).tolist()
        return rings_by_distance(path, rule.file, rule.column, sheet.units, needed, treated, rule.within)

    def _codes(self, sheet: Sheet, concerned: NDArray[np.bool_], faults: Faults) -> dict[str, NDArray[np.int64] | None]:
        """Integer codes of the unit-level columns, None for those that the study does not name."""
        codes: dict[str, NDArray[np.int64] | None] = {}
        for key in ("cluster", "strata", "period_effects_by"):
            column = getattr(self.study.estimation, key, "")
            codes[key] = None
            if column and column != self.study.data.unit:
                texts = sheet.constant(column, faults)
                for place in np.flatnonzero(concerned & (sheet.row_at >= 0).any(axis=1)):
                    if not texts[place]:
                        faults.add(column, f'is empty for "{sheet.units.names[place]}"; needs a group')
                codes[key] = np.unique(texts, return_inverse=True)[1].astype(np.int64)
        return codes

    def _list_rows(self, sheet: Sheet) -> None:
        if sheet.outside:
            label = sheet.calendar.label
            language, last = self.study.report.language, label(sheet.calendar.number(self.period.last))
            span = say(language, "left_out", "span", first=label(sheet.first), last=last)
            reason = say(language, "left_out", "outside", file=sheet.table.name, rows=sheet.outside, span=span)
            self.left_out.append(LeftOut("", "", "", reason))
        if sheet.unknown:
            language = self.study.report.language
            reason = say(language, "left_out", "unknown", file=sheet.table.name, units=len(sheet.unknown))
            self.left_out.append(LeftOut("", "", "", reason))


def _own_rhythm(outcome: Outcome) -> bool:
    return bool(outcome.file or outcome.unit or outcome.period or outcome.period_unit)


def _shown(path: Path) -> str:
    """The path from the working folder if it lies there."""
    return (path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path).as_posix()
