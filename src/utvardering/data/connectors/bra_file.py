"""What stands in a `Databasfil.txt` that a person exported from Brå's database of reported offences?

A row per region, offence and period. `..` stands for what does not apply, and so do the parents of the chosen offences, which
the export repeats above them; one label can stand under several parents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from utvardering.data.delimited import decode
from utvardering.data.faults import MOST, Faults
from utvardering.data.numbers import number
from utvardering.data.privacy import quote
from utvardering.errors import DataError

HEADER = ("Region", "Brott", "År", "Period", "Antal", "/100 000 inv")
ABSENT = ".."
MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
_FULL = (
    "januari",
    "februari",
    "mars",
    "april",
    "maj",
    "juni",
    "juli",
    "augusti",
    "september",
    "oktober",
    "november",
    "december",
)
_MONTH = {name: place for names in (MONTHS, _FULL) for place, name in enumerate(names, start=1)}
_WHOLE_YEAR = {"år", "helår", "hela året"}
_YEAR = re.compile(r"(\d{4})( prel\.?)?")
_QUARTER = re.compile(r"(?:kv(?:artal)?\.? ?([1-4])|([1-4])\.? ?kv(?:artalet)?\.?)")
_EXPORT = "choose the export Databasfil (.txt) at Brå, with the number of offences (Antal)"


@dataclass(frozen=True)
class Cell:
    """A row of the file: `count` is None for `..`; `parent` is the offence that the row stands under, if any."""

    region: str
    offence: str
    parent: str
    year: int
    unit: str
    part: int
    count: int | None
    preliminary: bool
    line: int

    @property
    def label(self) -> str:
        """The period as the tables write it: 2026-08, 2025K1 or 2025."""
        if self.unit == "month":
            return f"{self.year:04d}-{self.part:02d}"
        return f"{self.year:04d}K{self.part}" if self.unit == "quarter" else f"{self.year:04d}"


def read_export(content: bytes, file: str) -> list[Cell]:
    """The rows of an export; a DataError that names every line that is not as Brå writes it."""
    head = content[:4000].lower()
    if b"<html" in head or b"<table" in head or b"<!doctype" in head:
        message = f"{file}: is a web page (html) and not the database file; {_EXPORT}"
        raise DataError(message)
    if content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0":
        message = f"{file}: is a workbook and not the database file; {_EXPORT}"
        raise DataError(message)
    lines = [line.rstrip("\r") for line in decode(content).split("\n")]
    begins, columns = _header(lines, file)
    faults = Faults(file)
    cells: list[Cell] = []
    for line, text in enumerate(lines[begins:], start=begins + 1):
        if text.strip(" ;\ufeff"):
            found = _cell(_fields(text), columns, line)
            if isinstance(found, str):
                faults.add("", found, line)
                if len(faults.found) > MOST * 5:
                    break
            else:
                cells.append(found)
    faults.raise_any()
    if not cells:
        message = f"{file}: the file has a header but no rows; {_EXPORT}"
        raise DataError(message)
    return _under_parents(cells)


def _fields(text: str) -> list[str]:
    """The fields of a line, without the empty one after its trailing semicolon."""
    fields = [re.sub("[\u00a0\u2009\u202f]", " ", field).strip().strip('"') for field in text.split(";")]
    return fields[:-1] if fields and not fields[-1] else fields


def _header(lines: list[str], file: str) -> tuple[int, dict[str, int]]:
    """Number of lines up to the header with it, and the place of each column."""
    for place, text in enumerate(lines[:10]):
        fields = [field.lstrip("\ufeff") for field in _fields(text)]
        if fields[:2] == ["Region", "Brott"]:
            columns = {name: at for at, name in enumerate(fields)}
            lacking = [name for name in HEADER[:5] if name not in columns]
            if lacking:
                message = f"{file}: line {place + 1}: the columns {', '.join(lacking)} are not there; {_EXPORT}"
                raise DataError(message)
            return place + 1, columns
    message = f'{file}: no line begins with "Region;Brott;…", so this is not the database file; {_EXPORT}'
    raise DataError(message)


def _cell(fields: list[str], columns: dict[str, int], line: int) -> Cell | str:
    """The row, or what is wrong with it."""
    if len(fields) < columns["Antal"] + 1 or len(fields) > len(columns):
        return f"has {len(fields)} fields where the header has {len(columns)}"
    region, offence = fields[columns["Region"]], fields[columns["Brott"]]
    when = _period(fields[columns["År"]], fields[columns["Period"]])
    if not region or not offence:
        return f"has no {'region' if not region else 'offence'}"
    if when is None:
        years = f"{quote(fields[columns['År']])} and {quote(fields[columns['Period']])}"
        return f'År and Period need such as "2026 prel." and "Aug", or "År" and "2025"; found {years}'
    year, unit, part, preliminary = when
    written = fields[columns["Antal"]]
    count = None if written == ABSENT else number(written)
    if written != ABSENT and (count is None or count < 0 or not float(count).is_integer()):
        return f'Antal: needs a number of offences or "..", found {quote(written)}'
    return Cell(region, offence, "", year, unit, part, None if count is None else int(count), preliminary, line)


def _period(year: str, period: str) -> tuple[int, str, int, bool] | None:
    """Year, length of the period, which of the year's it is, and whether it is preliminary."""
    if year.lower() in _WHOLE_YEAR:
        found = _YEAR.fullmatch(period)
        return (int(found[1]), "year", 1, bool(found[2])) if found else None
    found = _YEAR.fullmatch(year)
    if not found:
        return None
    said = period.lower().removesuffix(" prel.").removesuffix(" prel").strip(" .")
    preliminary = bool(found[2]) or "prel" in period.lower()
    quarter = _QUARTER.fullmatch(said)
    if said in _MONTH:
        return int(found[1]), "month", _MONTH[said], preliminary
    if quarter:
        return int(found[1]), "quarter", int(quarter[1] or quarter[2]), preliminary
    return (int(found[1]), "year", 1, preliminary) if not said or said in _WHOLE_YEAR else None


def _under_parents(cells: list[Cell]) -> list[Cell]:
    """The rows, each with the offence that it stands under: the last one above it that has `..` throughout."""
    filled = {(cell.region, cell.offence, cell.year, cell.part) for cell in cells if cell.count is not None}
    runs: list[list[Cell]] = []
    for cell in cells:
        before = runs[-1][-1] if runs else None
        if before is None or (before.region, before.offence) != (cell.region, cell.offence):
            runs.append([])
        runs[-1].append(cell)
    placed: list[Cell] = []
    parent, region = "", ""
    for run in runs:
        if run[0].region != region:
            parent, region = "", run[0].region
        if all(cell.count is None for cell in run):
            heading = not any((cell.region, cell.offence, cell.year, cell.part) in filled for cell in run)
            parent = run[0].offence if heading else parent
            placed += run
            continue
        placed += [Cell(**{**cell.__dict__, "parent": parent}) for cell in run]
    return placed
