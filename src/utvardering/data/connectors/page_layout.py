"""Which cell is which unit, period and outcome? A sheet with titles, headings over headings, totals and notes, as records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from utvardering.data.connectors.page_cells import Page, Value
from utvardering.data.connectors.page_periods import label, part_of, period_of, text_of, year_of
from utvardering.data.faults import MOST, listed
from utvardering.data.numbers import number
from utvardering.data.privacy import quote
from utvardering.data.sheet import TOTALS
from utvardering.study.vocabulary import did_you_mean, fold

TOTAL_HEADINGS = TOTALS | {"hela_aret", "helar", "helaret", "ar_totalt", "total_ar", "arssumma"}
_BEGINS = ("summa ", "totalt ", "delsumma", "total ")
Remark = tuple[str, dict[str, object]]
"""A sentence of the wording, with its facts."""
_LONG = 40  # letters: what is longer is a note and no unit
_LOOK = 40  # rows in which a header is looked for


@dataclass(frozen=True)
class Wanted:
    """What a query asks of a sheet, with what the sheet's name stands for filled in.

    levels     what each row of the header holds: year, quarter, month, period or outcome
    outcomes   heading → column
    """

    unit: str
    levels: tuple[str, ...]
    period: str
    period_unit: str
    outcomes: Mapping[str, str]
    outcome: str
    marks: Mapping[str, float | None]
    totals: tuple[str, ...]
    empty: str
    leave_hidden: bool
    sheet_unit: str = ""
    sheet_period: str = ""


@dataclass(frozen=True)
class Column:
    """A column of figures: its period ("" where a column of the sheet says it), its outcome, and whether it is a total."""

    place: int
    period: str
    outcome: str
    total: bool = False
    group: str = ""


@dataclass
class Sheet:
    """What a sheet holds: (unit, period, outcome) → value (None missing) with its place; totals apart; what was told."""

    values: dict[tuple[str, str, str], float | None] = field(default_factory=dict)
    where: dict[tuple[str, str, str], str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    checked: int = 0
    differing: list[str] = field(default_factory=list)


def lay_out(page: Page, wanted: Wanted) -> Sheet:
    """The records of a sheet with every fault of it."""
    sheet = Sheet()
    header = _header(page, wanted)
    if isinstance(header, str):
        sheet.faults.append(header)
        return sheet
    top, unit_at = header
    bottom = top + len(wanted.levels)
    period_at = _find(page, range(top, bottom), wanted.period) if wanted.period else None
    if wanted.period and period_at is None:
        headings = dict.fromkeys(text_of(v) for row in page.cells[top:bottom] for v in row if v is not None)
        sheet.faults.append(
            f'sheet {page.name}: query.period: no heading is "{wanted.period}".{did_you_mean(wanted.period, headings)} '
            f"The headings are: {listed(headings, 20)}"
        )
        return sheet
    columns = _columns(page, wanted, top, [at for at in (unit_at, period_at) if at is not None], sheet)
    rows = _rows(page, wanted, bottom, unit_at, columns, sheet)
    _hidden(page, wanted, rows, columns, sheet)
    if sheet.faults:
        return sheet
    _texts(page, bottom, rows, sheet)
    parts, totals = _read(page, wanted, rows, columns, (unit_at, period_at), sheet)
    if not sheet.faults:
        _check_totals(parts, totals, page, sheet)
    return sheet


def is_total(text: str, names: tuple[str, ...]) -> bool:
    """Whether a unit or a heading is a sum over others."""
    folded = fold(text)
    return folded in TOTAL_HEADINGS or text.lower().startswith(_BEGINS) or folded in {fold(name) for name in names}


def _header(page: Page, wanted: Wanted) -> tuple[int, int] | str:
    """First row of the header, and the column of the units; or what is wrong."""
    heading = wanted.unit or wanted.period
    for row in range(min(_LOOK, len(page.cells))):
        for column, value in enumerate(page.cells[row]):
            if text_of(value).lower() != heading.lower():
                continue
            top = row
            depth = len(wanted.levels)
            if depth > 1 and not _merged_down(page, row, column, depth):
                top = row - depth + 1 if _filled_above(page, row, column, depth) else row
            return max(top, 0), column if wanted.unit else -1
    seen = dict.fromkeys(text_of(v) for r in page.cells[:_LOOK] for v in r if isinstance(v, str))
    key = "unit" if wanted.unit else "period"
    near = did_you_mean(heading, seen)
    return f'sheet {page.name}: query.{key}: no cell of the first {_LOOK} rows is the heading "{heading}".{near}'


def _merged_down(page: Page, row: int, column: int, depth: int) -> bool:
    below = page.cells[row + 1 : row + depth]
    return len(below) == depth - 1 and all(text_of(r[column]) == text_of(page.cells[row][column]) for r in below)


def _filled_above(page: Page, row: int, column: int, depth: int) -> bool:
    """Whether the heading of the units stands on the last row of the header: headings to the right lie above it."""
    above = page.cells[max(row - depth + 1, 0) : row]
    return len(above) == depth - 1 and all(sum(v is not None for v in r[column + 1 :]) for r in above)


def _find(page: Page, rows: range, heading: str) -> int | None:
    for row in rows:
        for column, value in enumerate(page.cells[row]):
            if text_of(value).lower() == heading.lower():
                return column
    return None


def _columns(  # noqa: C901 -- every column is one thing: taken, empty, of figures, wrong or not asked for
    page: Page, wanted: Wanted, top: int, taken: list[int], sheet: Sheet
) -> list[Column]:
    """The columns of figures: what the rows of the header say of each, together."""
    depth = len(wanted.levels)
    rows = [list(row) for row in page.cells[top : top + depth]]
    first = max(taken, default=-1) + 1 if "outcome" not in wanted.levels or depth > 1 else 0
    for level, row in enumerate(rows[:-1]):
        for place in range(first + 1, len(row)):
            above = level == 0 or rows[level - 1][place] == rows[level - 1][place - 1]
            if row[place] is None and above:
                row[place] = row[place - 1]
    found, unread = [], []
    for place in range(first, len(page.cells[top])):
        cells = [row[place] for row in rows]
        if place in taken or all(value is None for value in cells):
            continue
        column = _column(cells, place, wanted, page)
        if isinstance(column, Column):
            found.append(column)
        elif column:
            sheet.faults.append(f"{page.at(top + depth - 1, place)}: {column}")
        else:
            unread.append(text_of(cells[-1]))
    if unread:
        sheet.remarks.append(("columns_left", {"sheet": page.name, "columns": listed(map(quote, unread), 6)}))
    asked = set(wanted.outcomes.values()) if "outcome" in wanted.levels else set()
    absent = asked - {column.outcome for column in found}
    if absent:
        names = [heading for heading, column in wanted.outcomes.items() if column in absent]
        headings = dict.fromkeys(text_of(v) for row in rows for v in row if v is not None)
        near = "".join(did_you_mean(name, headings) for name in names[:1])
        sheet.faults.append(f"sheet {page.name}: query.outcomes: no heading is {listed(f'“{n}”' for n in names)}.{near}")
    if not found and not sheet.faults:
        sheet.faults.append(f"sheet {page.name}: the header on row {top + 1} has no columns of figures; look at query.levels")
    twice = {
        (c.period, c.outcome)
        for c in found
        if not c.total and sum((c.period, c.outcome) == (d.period, d.outcome) for d in found if not d.total) > 1
    }
    for period, outcome in sorted(twice):
        sheet.faults.append(f"sheet {page.name}: {' '.join(filter(None, (outcome, period)))} stands over several columns")
    return found


def _column(cells: list[Value], place: int, wanted: Wanted, page: Page) -> Column | str:
    """A column of figures; a text with what is wrong with its heading; or "" where it was not asked for."""
    said: dict[str, Value] = dict(zip(wanted.levels, cells, strict=True))
    outcome = wanted.outcome
    if "outcome" in said:
        heading = text_of(said["outcome"]).lower()
        outcome = next((column for name, column in wanted.outcomes.items() if name.lower() == heading), "")
        if not outcome and not is_total(heading, wanted.totals):
            return ""
    total = [level for level, value in said.items() if value is not None and is_total(text_of(value), wanted.totals)]
    if total:
        rest = [text_of(value) for level, value in said.items() if level not in total]
        return Column(place, "", outcome, total=True, group=" ".join(rest)) if outcome else ""
    period = ""
    if "period" in said:
        read = period_of(said["period"], wanted.period_unit, page.epoch)
        if read is None:
            return f"needs a {wanted.period_unit}, found {_found(said['period'])}"
        period = read[0]
    elif "year" in said:
        year = year_of(said["year"])
        if year is None:
            return f"needs a year such as 2019, found {_found(said['year'])}"
        part = 1
        if wanted.period_unit in said:
            value = said[wanted.period_unit]
            found = part_of(value, wanted.period_unit) if wanted.period_unit != "year" else 1
            if found is None:
                return f"needs a {wanted.period_unit} of the year, found {_found(value)}"
            part = found
        period = label(year, part, wanted.period_unit)
    group = text_of(said["year"]) if "year" in said and len(said) > 1 else ""
    return Column(place, period, outcome, group=group)


def _found(value: Value) -> str:
    return "nothing" if value is None else quote(text_of(value))


def _rows(page: Page, wanted: Wanted, bottom: int, unit_at: int, columns: list[Column], sheet: Sheet) -> list[int]:
    """The rows of figures, down to where the notes begin."""
    places = [column.place for column in columns]

    def holds(row: int) -> bool:
        return any(page.cells[row][place] is not None or (row, place) in page.uncounted for place in places)

    last = max((row for row in range(bottom, len(page.cells)) if holds(row)), default=bottom - 1)
    while last + 1 < len(page.cells) and _names_a_unit(text_of(page.cells[last + 1][unit_at])) and not wanted.sheet_unit:
        last += 1  # a unit without any figure is no note
    notes = [row for row in range(last + 1, len(page.cells)) if any(value is not None for value in page.cells[row])]
    while last >= bottom and _is_note(page, wanted, last, unit_at, places):
        notes.append(last)
        last -= 1
    if notes:
        sheet.remarks.append(("notes", {"sheet": page.name, "n": len(notes), "row": str(min(notes) + 1)}))
    rows = [row for row in range(bottom, last + 1) if any(value is not None for value in page.cells[row])]
    if bottom and any(value is not None for above in page.cells[: bottom - len(wanted.levels)] for value in above):
        sheet.remarks.append(("titles", {"sheet": page.name, "row": str(bottom - len(wanted.levels) + 1)}))
    if not rows and not sheet.faults:
        sheet.faults.append(f"sheet {page.name}: there is no row of figures under the header")
    return rows


def _names_a_unit(text: str) -> bool:
    return bool(text) and len(text) <= _LONG and not set(text) & set(".:*")


def _is_note(page: Page, wanted: Wanted, row: int, unit_at: int, places: list[int]) -> bool:
    """A sentence under the table that was merged over its columns."""
    values = {text_of(page.cells[row][place]) for place in places}
    return (
        len(places) > 1
        and unit_at >= 0
        and values == {text_of(page.cells[row][unit_at])}
        and number(values.pop()) is None
        and bool(wanted.unit)
    )


def _hidden(page: Page, wanted: Wanted, rows: list[int], columns: list[Column], sheet: Sheet) -> None:
    hidden_rows = [row for row in rows if row in page.hidden_rows]
    hidden_columns = [column for column in columns if column.place in page.hidden_columns]
    what = "left" if wanted.leave_hidden else "kept"
    if hidden_rows:
        sheet.remarks.append(
            (f"hidden_rows_{what}", {"sheet": page.name, "n": len(hidden_rows), "row": str(hidden_rows[0] + 1)})
        )
    if hidden_columns:
        sheet.remarks.append((f"hidden_columns_{what}", {"sheet": page.name, "n": len(hidden_columns)}))
    if wanted.leave_hidden:
        rows[:] = [row for row in rows if row not in page.hidden_rows]
        columns[:] = [column for column in columns if column.place not in page.hidden_columns]


def _texts(page: Page, bottom: int, rows: list[int], sheet: Sheet) -> None:
    """Every column of the rows as text, with its heading: what is looked through for personal data."""
    for place in range(len(page.cells[bottom - 1])):
        heading = text_of(page.cells[bottom - 1][place]) or f"column {place + 1}"
        heading = heading if heading not in sheet.texts else f"{heading} ({place + 1})"
        sheet.texts[heading] = [text_of(page.cells[row][place]) for row in rows]


_Record = tuple[int, Column, str, str, float | None]  # row, column, unit, period, value


def _read(
    page: Page, wanted: Wanted, rows: list[int], columns: list[Column], at: tuple[int, int | None], sheet: Sheet
) -> tuple[list[_Record], list[_Record]]:
    """Parts and totals, each with its row, column, unit and period; parts also go into the sheet's values."""
    parts: list[_Record] = []
    totals: list[_Record] = []
    marks: dict[str, int] = {}
    unit_at, period_at = at
    serials = total_rows = 0
    for row in rows:
        unit = wanted.sheet_unit or text_of(page.cells[row][unit_at])
        total_row = not wanted.sheet_unit and is_total(unit, wanted.totals)
        total_rows += total_row
        period = wanted.sheet_period
        if period_at is not None:
            value = page.cells[row][period_at]
            if value is not None and is_total(text_of(value), wanted.totals):
                total_row, period = True, ""
            else:
                read = period_of(value, wanted.period_unit, page.epoch)
                if read is None:
                    sheet.faults.append(f"{page.at(row, period_at)}: needs a {wanted.period_unit}, found {_found(value)}")
                    continue
                period, serials = read[0], serials + read[1]
        if not unit:
            sheet.faults.append(f"{page.at(row, unit_at)}: is empty; every row of figures needs a unit")
            continue
        for column in columns:
            value = _value(page, row, column.place, wanted, sheet, marks)
            record = (row, column, unit, column.period or period, value)
            if total_row or column.total:
                totals.append(record)
                continue
            key = (unit, column.period or period, column.outcome)
            if key in sheet.values:
                sheet.faults.append(f"{page.at(row, column.place)}: {' '.join(key)} stands in {sheet.where[key]} already")
            sheet.values[key], sheet.where[key] = value, page.at(row, column.place)
            parts.append(record)
    _tell(page, sheet, marks, (serials, total_rows, sum(column.total for column in columns)))
    return parts, totals


def _tell(page: Page, sheet: Sheet, marks: dict[str, int], counted: tuple[int, int, int]) -> None:
    serials, total_rows, total_columns = counted
    if serials:
        sheet.remarks.append(("serials", {"sheet": page.name, "n": serials}))
    if total_rows or total_columns:
        sheet.remarks.append(("totals", {"sheet": page.name, "rows": total_rows, "columns": total_columns}))
    for mark, count in sorted(marks.items()):
        sheet.remarks.append(
            ("mark" if mark else "empty", {"sheet": page.name, "n": count} | ({"mark": quote(mark)} if mark else {}))
        )
    if len(sheet.faults) > MOST:
        sheet.faults[MOST:] = [f"and {len(sheet.faults) - MOST} more"]


def _value(page: Page, row: int, place: int, wanted: Wanted, sheet: Sheet, marks: dict[str, int]) -> float | None:
    value = page.cells[row][place]
    if (row, place) in page.uncounted:
        sheet.faults.append(f"{page.at(row, place)}: holds a formula without its value; open the file in Excel and save it")
        return None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    text = text_of(value)
    if text in wanted.marks or text.lower() in wanted.marks:
        marks[text] = marks.get(text, 0) + 1
        return wanted.marks.get(text, wanted.marks.get(text.lower()))
    if not text:
        if wanted.empty == "refuse":
            sheet.faults.append(f'{page.at(row, place)}: is empty; write a number, or empty = "missing" or "zero" in the query')
        marks[""] = marks.get("", 0) + 1
        return 0.0 if wanted.empty == "zero" else None
    found = number(text)
    if found is None:
        hint = f'; if it is a mark, write marks = {{ {quote(text)} = "missing" }}' if len(text) <= 4 else ""  # noqa: PLR2004 -- `<10`
        sheet.faults.append(f"{page.at(row, place)}: needs a number, found {quote(text)}{hint}")
    return found


def _check_totals(parts: list[_Record], totals: list[_Record], page: Page, sheet: Sheet) -> None:
    """Totals against sums of parts, where no part is missing; a row may sum all rows or those since the last total."""
    by_column: dict[tuple[int, str], list[_Record]] = {}
    by_row: dict[tuple[int, str, str], list[_Record]] = {}
    for record in parts:
        by_column.setdefault((record[1].place, record[1].outcome), []).append(record)
        by_row.setdefault((record[0], record[1].outcome, record[1].group), []).append(record)
    total_rows = sorted({record[0] for record in totals if not record[1].total})
    for row, column, _, period, value in totals:
        if value is None:
            continue
        if column.total:
            group = column.group
            under = [
                r for key, held in by_row.items() if key[:2] == (row, column.outcome) and group in {"", key[2]} for r in held
            ]
            sums = [under]
        else:
            under = [r for r in by_column.get((column.place, column.outcome), []) if not period or r[3] == period]
            before = [other for other in total_rows if other < row]
            sums = [under, [r for r in under if (before[-1] if before else -1) < r[0] < row]]
        known = [[r[4] for r in held] for held in sums if held and all(r[4] is not None for r in held)]
        if not known:
            continue
        sheet.checked += 1
        found = [sum(v for v in held if v is not None) for held in known]
        if all(abs(one - value) > max(1e-6, 1e-9 * abs(value)) for one in found):
            sheet.differing.append(f"{page.at(row, column.place)} says {value:g} and its parts make {found[0]:g}")
