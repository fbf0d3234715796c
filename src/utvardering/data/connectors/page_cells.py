"""What stands in the cells of a workbook as it was sent? Merged cells filled, hidden rows and columns known: xlsx and ods."""

from __future__ import annotations

import datetime as dt
import io
import warnings
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import openpyxl
from lxml import etree
from openpyxl.utils import get_column_letter
from openpyxl.utils.datetime import MAC_EPOCH, WINDOWS_EPOCH

from utvardering.errors import DataError

FORMATS = (".xlsx", ".xlsm", ".ods")
Value = str | float | int | bool | dt.date | dt.datetime | dt.time | None
_MOST = 20_000  # rows and columns that are repeated in an ods file without anything in them
_NS = {
    "table": "urn:oasis:names:tc:opendocument:xmlns:table:1.0",
    "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
    "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
}


@dataclass(frozen=True)
class Page:
    """A sheet: rows of cells, every row as long; `hidden_rows` and `hidden_columns` are places from 0.

    uncounted   cells that hold a formula whose value the file does not hold
    epoch       the day that the number 0 means
    """

    name: str
    cells: list[list[Value]] = field(repr=False)
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()
    hidden_columns: frozenset[int] = frozenset()
    uncounted: frozenset[tuple[int, int]] = frozenset()
    epoch: dt.date = dt.date(1899, 12, 30)

    def at(self, row: int, column: int) -> str:
        """`sheet Brott, cell C7`."""
        return f"sheet {self.name}, cell {get_column_letter(column + 1)}{row + 1}"


def read_pages(path: Path, file: str) -> list[Page]:
    """The sheets of a workbook; a DataError where it cannot be read."""
    content = path.read_bytes()
    try:
        pages = _ods(content) if path.suffix.lower() == ".ods" else _xlsx(content)
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, IndexError, TypeError, etree.XMLSyntaxError) as error:
        message = f"{file}: is not a workbook that can be read (locked with a password, or another format); save it as .xlsx"
        raise DataError(message) from error
    return pages


def _xlsx(content: bytes) -> list[Page]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of styles and rules that it does not keep; only values are read
        book = openpyxl.load_workbook(io.BytesIO(content), data_only=True)
        formulas = openpyxl.load_workbook(io.BytesIO(content))
    epoch = MAC_EPOCH if book.epoch == MAC_EPOCH else WINDOWS_EPOCH
    pages = []
    for sheet in book.worksheets:
        cells: list[list[Value]] = [list(row) for row in sheet.iter_rows(values_only=True)]
        uncounted = {
            (cell.row - 1, cell.column - 1)
            for row in formulas[sheet.title].iter_rows()
            for cell in row
            if cell.data_type == "f" and cells[cell.row - 1][cell.column - 1] is None
        }
        for merged in sheet.merged_cells.ranges:
            value = cells[merged.min_row - 1][merged.min_col - 1]
            for row in range(merged.min_row - 1, merged.max_row):
                cells[row][merged.min_col - 1 : merged.max_col] = [value] * (merged.max_col - merged.min_col + 1)
        hidden_columns = {
            place - 1
            for held in sheet.column_dimensions.values()
            if held.hidden
            for place in range(held.min, min(held.max, len(cells[0]) if cells else 0) + 1)
        }
        hidden_rows = {number - 1 for number, held in sheet.row_dimensions.items() if held.hidden and number <= len(cells)}
        pages.append(
            Page(
                sheet.title,
                cells,
                sheet.sheet_state != "visible",
                frozenset(hidden_rows),
                frozenset(hidden_columns),
                frozenset(uncounted),
                epoch.date(),
            )
        )
    return pages


def _ods(content: bytes) -> list[Page]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        root = etree.fromstring(archive.read("content.xml"), etree.XMLParser(resolve_entities=False, huge_tree=False))
    return [_ods_page(table) for table in root.iterfind(".//table:table", _NS)]


def _ods_page(table: etree._Element) -> Page:  # noqa: C901 -- rows, cells and spans are told in one pass
    cells: list[list[Value]] = []
    hidden_rows, merged = set(), []
    for row in table.iterfind(".//table:table-row", _NS):
        held: list[Value] = []
        for cell in row:
            if not isinstance(cell.tag, str) or etree.QName(cell).localname not in {"table-cell", "covered-table-cell"}:
                continue
            value = _ods_value(cell)
            across, down = (int(_get(cell, "table", f"number-{what}-spanned") or 1) for what in ("columns", "rows"))
            if across * down > 1:
                merged.append((len(cells), len(held), down, across, value))
            held += [value] * min(int(_get(cell, "table", "number-columns-repeated") or 1), _MOST if value is None else 1 << 14)
        while held and held[-1] is None:
            held.pop()
        repeated = min(int(_get(row, "table", "number-rows-repeated") or 1), _MOST if not held else 1 << 20)
        if _get(row, "table", "visibility") in {"collapse", "filter"}:
            hidden_rows |= set(range(len(cells), len(cells) + repeated))
        cells += [list(held) for _ in range(repeated)]
    while cells and not cells[-1]:
        cells.pop()
    width = max((len(row) for row in cells), default=0)
    cells = [row + [None] * (width - len(row)) for row in cells]
    for top, left, down, across, value in merged:
        for row in cells[top : top + down]:
            row[left : left + across] = [value] * min(across, width - left)
    hidden_columns, place = set(), 0
    for column in table.iterfind(".//table:table-column", _NS):
        count = int(_get(column, "table", "number-columns-repeated") or 1)
        if _get(column, "table", "visibility") in {"collapse", "filter"}:
            hidden_columns |= set(range(place, min(place + count, width)))
        place += count
    return Page(
        _get(table, "table", "name") or "",
        cells,
        hidden=False,
        hidden_rows=frozenset(hidden_rows & set(range(len(cells)))),
        hidden_columns=frozenset(hidden_columns),
    )


def _ods_value(cell: etree._Element) -> Value:
    kind = _get(cell, "office", "value-type")
    if kind in {"float", "percentage", "currency"}:
        return float(_get(cell, "office", "value") or "nan")
    if kind == "date":
        return dt.datetime.fromisoformat(_get(cell, "office", "date-value") or "")
    if kind == "boolean":
        return _get(cell, "office", "boolean-value") == "true"
    paragraphs = ["".join(part.itertext()) for part in cell.iterfind("text:p", _NS)]
    return "\n".join(paragraphs) or None


def _get(element: etree._Element, space: str, name: str) -> str | None:
    found: str | None = element.get(f"{{{_NS[space]}}}{name}")
    return found
