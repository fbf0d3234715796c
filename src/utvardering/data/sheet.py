"""Which row of a table is which unit in which period? A table laid out as units × periods, with all that hinders it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults, listed
from utvardering.data.municipalities import code_of, municipalities
from utvardering.data.numbers import MISSING
from utvardering.data.privacy import quote
from utvardering.data.tables import Table
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean, fold

TOTALS = {
    "summa",
    "totalt",
    "total",
    "samtliga",
    "riket",
    "hela_riket",
    "hela_kommunen",
    "kommunen_totalt",
    "alla_omraden",
    "hela_landet",
    "sverige",
    "alla_kommuner",
    "genomsnitt",
}
_WIDE = 3  # columns named as periods from which on a table is taken to be wide
_TOP = 10  # rows in which a header further down is looked for


@dataclass(frozen=True)
class Units:
    """The units of a panel, in the order of their names; municipalities go by their codes, one series by no name."""

    names: tuple[str, ...]
    labels: tuple[str, ...]
    municipal: bool = False
    nameless: bool = False

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.names)}

    def find(self, text: str) -> int | None:
        """Place of a unit by its name, or by name or code of a municipality."""
        place = self._places.get(text.strip())
        if place is None and self.municipal:
            place = self._places.get(code_of(text) or "")
        return place

    def did_you_mean(self, text: str) -> str:
        """A unit of nearly that name."""
        return did_you_mean(text, dict.fromkeys((*self.names, *self.labels)))


@dataclass(frozen=True)
class Sheet:
    """N units × T periods of a table.

    unit, position   (n,) of each row; -1 where the row is not used
    row_at           (N, T) position of the row that holds a cell; -1 where there is none
    outside          rows that lie outside the period
    unknown          names of units that are not among `units`
    restored         municipality codes that had lost their leading zero
    """

    table: Table
    calendar: Calendar
    units: Units
    first: int
    row_at: NDArray[np.int64] = field(repr=False)
    unit: NDArray[np.int64] = field(repr=False)
    position: NDArray[np.int64] = field(repr=False)
    outside: int = 0
    unknown: tuple[str, ...] = ()
    restored: int = 0

    @property
    def periods(self) -> tuple[int, ...]:
        """Numbers of the T periods."""
        return tuple(range(self.first, self.first + self.row_at.shape[1]))

    def label(self, position: int) -> str:
        """Label of a period by its position."""
        return self.calendar.label(self.first + int(position))

    def numbers(self, column: str, faults: Faults) -> NDArray[np.float64]:
        """(N, T) numbers of a column; cells that hold something else are faults."""
        found = self.table.numbers(column)
        faults.add_rows(
            np.flatnonzero(found.bad), column, lambda row: f"needs a number, found {quote(self.table.cell(column, row))}"
        )
        return self.spread(found.floats)

    def spread(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, T) from a value per row."""
        return np.where(self.row_at >= 0, values[self.row_at], np.nan)

    def constant(self, column: str, faults: Faults) -> list[str]:
        """The one text of each unit in a column; a fault where it differs within a unit; empty where there is none."""
        texts, codes = self.table.codes(column)
        rows = np.flatnonzero(self.unit >= 0)
        held = np.full(len(self.units.names), -1)
        held[self.unit[rows][::-1]] = rows[::-1]  # the first row of each unit
        differs = rows[codes[rows] != codes[held[self.unit[rows]]]]
        _, once = np.unique(self.unit[differs], return_index=True)

        def message(row: int) -> str:
            first = held[self.unit[row]]
            return (
                f'needs one value for each unit; "{self.units.names[self.unit[row]]}" has {_shown(texts[codes[first]])} '
                f"on row {self.table.rows[first]} and {_shown(texts[codes[row]])} here"
            )

        faults.add_rows(differs[once], column, message)
        return ["" if row < 0 or texts[codes[row]] in MISSING else texts[codes[row]] for row in held]


def require_columns(
    table: Table, wanted: Iterable[tuple[str, str]], period: str, calendar: Calendar, row: str = "unit and period"
) -> None:
    """A DataError that names every column that the study names and the table lacks, and how to mend it."""
    faults = Faults(table.name)
    missing = {column: key for column, key in wanted if column not in table.columns}
    if not missing:
        return
    header = _header_below(table, missing)
    if header:
        faults.add("", f"the header is not the first row but row {header}: take away the rows above it")
        faults.raise_any()
    wide = _periods_as_columns(table.columns, calendar)
    if period in missing and len(wide) >= _WIDE:
        faults.add(
            period,
            f'the periods stand as columns ({listed(wide, 3)}); write a row per {row} with the period in a column "{period}"',
        )
        faults.raise_any()
    for column, key in missing.items():
        faults.add(column, f"is not a column of the file ({key}).{did_you_mean(column, table.columns)}")
    faults.add("", f"the columns are: {listed(table.columns, 40)}")
    _, problems = faults.report()
    message = f"{table.name}: {len(missing)} problem{'s' if len(missing) > 1 else ''}"
    raise DataError(message, problems)


def lay_out(
    table: Table,
    columns: tuple[str, str],
    calendar: Calendar,
    window: tuple[int, int],
    faults: Faults,
    units: Units | None = None,
) -> Sheet:
    """Lay a table out; among given `units`, or among those that it holds."""
    names, unit_code = table.codes(columns[0])
    _refuse_totals(names, unit_code, columns[0], faults)
    restored = 0
    if units is None:
        units, restored = _units_of(names)
    place = np.array([-1 if (found := units.find(name)) is None else found for name in names], dtype=np.int64)
    unit = place[unit_code]
    totals = np.array([fold(name) in TOTALS for name in names], dtype=bool)
    number, readable = _period_numbers(table, columns[1], calendar, faults, skip=totals[unit_code])
    inside = readable & (number >= window[0]) & (number <= window[1])
    if not inside.any() and not faults.found:
        first, last = calendar.label(window[0]), calendar.label(window[1])
        faults.add(columns[1], f"no row lies within [period] {first} to {last}")
    used = inside & (unit >= 0)
    unit = np.where(used, unit, -1)
    position = np.where(used, number - window[0], -1)
    shape = (len(units.names), int(position.max(initial=-1)) + 1)
    sheet = Sheet(
        table=table,
        calendar=calendar,
        units=units,
        first=window[0],
        row_at=_rows_of_cells(unit, position, shape),
        unit=unit,
        position=position,
        outside=int((readable & ~inside).sum()),
        unknown=tuple(name for name, found in zip(names, place, strict=True) if found < 0 and name),
        restored=restored,
    )
    _refuse_duplicates(sheet, faults)
    return sheet


def _units_of(names: Sequence[str]) -> tuple[Units, int]:
    """The units, and how many municipality codes had lost their leading zero."""
    plain = sorted(name for name in names if name and fold(name) not in TOTALS)
    codes = [code_of(name) for name in plain]
    if not plain or None in codes:
        return Units(tuple(plain), tuple(plain)), 0
    known = municipalities()
    found = sorted({code for code in codes if code})
    restored = [name for name in plain if name.isdigit() and name not in known]
    return Units(tuple(found), tuple(known[code] for code in found), municipal=True), len(restored)


def _refuse_totals(names: Sequence[str], codes: NDArray[np.int64], column: str, faults: Faults) -> None:
    for code, name in enumerate(names):
        rows = np.flatnonzero(codes == code) if not name or fold(name) in TOTALS else np.empty(0, dtype=np.int64)
        if not name:
            faults.add_rows(rows, column, lambda _: "is empty; every row needs a unit")
        elif len(rows):
            more = f" ({len(rows)} such rows)" if len(rows) > 1 else ""
            faults.add(column, f'"{name}" is a total and not a unit; take the row away{more}', int(faults.rows[rows[0]]))


def _period_numbers(
    table: Table, column: str, calendar: Calendar, faults: Faults, skip: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    texts, codes = table.codes(column)
    numbers = np.zeros(len(texts), dtype=np.int64)
    wrong = {}
    for code, text in enumerate(texts):
        try:
            numbers[code] = calendar.number(text)
        except ValueError:
            found = quote(text) if text else "nothing"
            wrong[code] = f"needs a {calendar.unit} such as {calendar.example}, found {found}"
    readable = ~np.isin(codes, list(wrong)) if wrong else np.ones(len(codes), dtype=bool)
    if wrong and not (readable & ~skip).any():
        first = int(np.argmax(~skip))
        faults.add(column, f"{wrong[int(codes[first])]}, and so on in every row; see unit in [period]", int(table.rows[first]))
    else:
        faults.add_rows(np.flatnonzero(~readable & ~skip), column, lambda row: wrong[int(codes[row])])
    return numbers[codes], readable & ~skip


def _rows_of_cells(unit: NDArray[np.int64], position: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.int64]:
    row_at = np.full(shape, -1, dtype=np.int64)
    rows = np.flatnonzero(unit >= 0)[::-1]  # the first of several rows stays
    row_at[unit[rows], position[rows]] = rows
    return row_at


def _refuse_duplicates(sheet: Sheet, faults: Faults) -> None:
    rows = np.flatnonzero(sheet.unit >= 0)
    first = sheet.row_at[sheet.unit[rows], sheet.position[rows]]

    def message(row: int) -> str:
        name, label = sheet.units.names[sheet.unit[row]], sheet.label(sheet.position[row])
        earlier = sheet.table.rows[sheet.row_at[sheet.unit[row], sheet.position[row]]]
        if sheet.units.nameless:
            return f"{label} stands on row {earlier} already; a series has one row per {sheet.calendar.unit}"
        return f'"{name}" {label} stands on row {earlier} already; a unit has one row per {sheet.calendar.unit}'

    faults.add_rows(rows[first != rows], "", message)


def _header_below(table: Table, missing: Iterable[str]) -> int:
    wanted = set(missing)
    for row in range(min(_TOP, len(table.rows))):
        if wanted <= {table.cell(column, row) for column in table.columns}:
            return int(table.rows[row])
    return 0


def _periods_as_columns(columns: Iterable[str], calendar: Calendar) -> list[str]:
    found = []
    for column in columns:
        try:
            calendar.number(column)
        except ValueError:
            continue
        found.append(column)
    return found


def _shown(text: str) -> str:
    return quote(text) if text else "nothing"
