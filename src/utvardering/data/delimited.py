"""A csv file of any encoding and separator, as columns of text: nothing is taken for a number here."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from utvardering.data.faults import Faults
from utvardering.errors import DataError

SEPARATORS = (";", "\t", ",")
_HEAD = 64  # lines from which separator and header are told
_TITLE_ROWS = 10  # rows above a header at most


def read_delimited(content: bytes, name: str) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Columns of trimmed text, and the line in the file of each row."""
    text = decode(content).rstrip("\r\n")
    given = text[:5].lower().startswith("sep=")
    separator = text[4:5] if given else _separator(_head(text))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    if given:
        next(reader)
    header: list[str] = next((row for row in reader if any(cell.strip() for cell in row)), [])
    if not header:
        return {}, np.empty(0, dtype=np.int64)
    header_line = reader.line_num
    refuse_title_rows([header, *_first(reader, _TITLE_ROWS)], name, header_line)
    names = column_names(header, name)
    body = _after(text, header_line)
    columns, rows = _fast(body, len(header), separator, header_line) or _slow(body, len(header), separator, header_line, name)
    return tidy(dict(zip(names, columns, strict=True)), rows)


def separator_of(head: str) -> tuple[str, list[str]]:
    """The separator of a csv file and its header row, from the beginning of its text."""
    lines = _head(head)
    given = lines[0][:5].lower().startswith("sep=")
    separator = lines[0][4:5] if given else _separator(lines)
    rows = csv.reader(lines[1:] if given else lines, delimiter=separator)
    return separator, next((row for row in rows if any(cell.strip() for cell in row)), [])


def decode(content: bytes) -> str:
    """Text of UTF-8 with or without BOM, UTF-16, or else Windows-1252 or Latin-1."""
    if content.startswith(codecs.BOM_UTF8):
        return content.decode("utf-8-sig")
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16")
    if b"\0" in content[:200]:
        return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-16-le")
    for encoding in ("utf-8", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def column_names(header: Sequence[str], name: str) -> list[str]:
    """Names of a header row, trimmed; one that stands twice is an error, an empty one gets its place."""
    names = [cell.strip() or f"column {place}" for place, cell in enumerate(header, start=1)]
    faults = Faults(name)
    for column, count in Counter(names).items():
        if count > 1:
            faults.add(column, f"stands {count} times in the header: give each column its own name")
    faults.raise_any()
    return names


def refuse_title_rows(rows: Sequence[Sequence[Any]], name: str, line: int) -> None:
    """A DataError where the first row is a title and the header comes further down."""
    filled = [sum(1 for cell in row if cell not in (None, "")) for row in rows[: _TITLE_ROWS + 1]]
    if not filled or filled[0] * 2 > max(filled):
        return
    header = next(place for place, count in enumerate(filled) if count * 2 > max(filled))
    message = f"{name}: the header is not the first row but row {line + header}: take away the rows above it"
    raise DataError(message)


def tidy(columns: dict[str, pa.Array], rows: np.ndarray) -> tuple[dict[str, pa.Array], np.ndarray]:
    """Without rows that are empty throughout and without empty columns that have no name."""
    columns = {name: pc.utf8_trim_whitespace(column) for name, column in columns.items()}
    blank = np.ones(len(rows), dtype=bool)
    for column in columns.values():
        blank &= pc.equal(column, "").to_numpy(zero_copy_only=False)
        if not blank.any():
            break
    if blank.any():
        keep = pa.array(~blank)
        columns = {name: column.filter(keep) for name, column in columns.items()}
        rows = rows[~blank]
    unnamed = [name for place, name in enumerate(columns, start=1) if name == f"column {place}"]
    empty = {name for name in unnamed if pc.all(pc.equal(columns[name], "")).as_py() is not False}
    return {name: column for name, column in columns.items() if name not in empty}, rows


def _head(text: str) -> list[str]:
    return text[: 1 << 16].splitlines()[:_HEAD]


def _first(reader: Iterable[list[str]], count: int) -> list[list[str]]:
    return [row for row, _ in zip(reader, range(count), strict=False)]


def _separator(head: list[str]) -> str:
    def fit(separator: str) -> float:
        widths = Counter(len(row) for row in csv.reader(head, delimiter=separator) if row)
        width, count = widths.most_common(1)[0] if widths else (1, 0)
        return count / widths.total() if width > 1 else 0.0

    return max(SEPARATORS, key=fit)


def _after(text: str, line: int) -> str:
    """Text after so many lines, whichever way they end."""
    stream = io.StringIO(text, newline=None)
    for _ in range(line):
        stream.readline()
    return stream.read()


def _fast(body: str, width: int, separator: str, line: int) -> tuple[list[pa.Array], np.ndarray] | None:
    names = [str(place) for place in range(width)]
    if not body:
        return [pa.array([], pa.string()) for _ in names], np.empty(0, dtype=np.int64)
    uneven = []

    def note(row: arrow_csv.InvalidRow) -> str:
        uneven.append(row.number)
        return "skip"

    table = arrow_csv.read_csv(
        pa.py_buffer(body.encode()),
        read_options=arrow_csv.ReadOptions(column_names=names),
        parse_options=arrow_csv.ParseOptions(
            delimiter=separator, newlines_in_values='"' in body, ignore_empty_lines=False, invalid_row_handler=note
        ),
        convert_options=arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
    )
    if uneven or ('"' in body and body.count("\n") + 1 != table.num_rows):
        return None
    return [table.column(name).combine_chunks() for name in names], np.arange(table.num_rows, dtype=np.int64) + line + 1


def _slow(body: str, width: int, separator: str, line: int, name: str) -> tuple[list[pa.Array], np.ndarray]:
    """For rows of uneven length and line breaks within quotes: keeps the line of each row."""
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=separator)
    faults, cells, rows = Faults(name), [], []
    begins = line + 1
    for row in reader:
        filled = len(row)
        while filled > width and not row[filled - 1].strip():
            filled -= 1
        if any(cell.strip() for cell in row):
            if filled > width or len(row) < width:
                hint = "; a decimal comma needs quotes or another separator" if separator == "," and filled > width else ""
                faults.add("", f"has {len(row)} fields where the header has {width}{hint}", begins)
            cells.append((row + [""] * width)[:width])
            rows.append(begins)
        begins = line + reader.line_num + 1
    faults.raise_any()
    return [pa.array([row[place] for row in cells], pa.string()) for place in range(width)], np.array(rows, dtype=np.int64)
