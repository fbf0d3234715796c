"""What does a data file hold? csv, parquet and xlsx alike: columns of text until a column is asked for as numbers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from utvardering.data import numbers
from utvardering.data.delimited import read_delimited
from utvardering.data.workbook import read_workbook
from utvardering.disclosure.workbook import texts_beside
from utvardering.errors import DataError

FORMATS = (".csv", ".txt", ".tsv", ".parquet", ".xlsx")


@dataclass(frozen=True)
class Table:
    """A file as read.

    name      as the study names it, for messages
    columns   name to values: trimmed text, or the types of a parquet file
    rows      (n,) row number in the file, for messages
    sha256    of the bytes that were read
    beside    where else in the file there is text, and the text: other sheets, comments, properties
    """

    name: str
    columns: dict[str, pa.Array] = field(repr=False)
    rows: NDArray[np.int64] = field(repr=False)
    sha256: str = ""
    beside: tuple[tuple[str, tuple[str, ...]], ...] = field(default=(), repr=False)

    def text(self, column: str) -> pa.Array:
        """A column as text, whole numbers without decimals, dates as 2019-07-01; empty where there is nothing."""
        return pc.fill_null(as_text(self.columns[column]), "")

    def codes(self, column: str) -> tuple[list[str], NDArray[np.int64]]:
        """The different texts of a column, and for each row which of them it holds."""
        coded = self.text(column).dictionary_encode()
        return coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)

    def numbers(self, column: str) -> numbers.Numbers:
        """A column as numbers."""
        return numbers.parse(self.columns[column])

    def cell(self, column: str, position: int) -> str:
        """The text of one cell."""
        return str(pc.fill_null(as_text(self.columns[column].slice(position, 1)), "")[0].as_py())


def read_table(path: Path, name: str = "") -> Table:
    """Read a csv, parquet or xlsx file; `name` is how messages call it."""
    name = name or path.name
    if path.suffix.lower() not in FORMATS:
        message = f"{name}: cannot read {path.suffix or 'a file without an ending'}; save it as csv, parquet or xlsx"
        raise DataError(message)
    content = path.read_bytes()
    if path.suffix.lower() == ".parquet":
        columns, rows = _parquet(content, name)
    elif path.suffix.lower() == ".xlsx":
        columns, rows = read_workbook(content, name)
    else:
        columns, rows = read_delimited(content, name)
    if not columns or not len(rows):
        message = f"{name}: the file is empty" if not columns else f"{name}: the file has a header but no rows"
        raise DataError(message)
    beside = texts_beside(content) if path.suffix.lower() == ".xlsx" else ()
    return Table(name, columns, rows, hashlib.sha256(content).hexdigest(), beside)


def as_text(column: pa.Array) -> pa.Array:
    """Any column as text."""
    kind = column.type
    if pa.types.is_string(kind):
        return column
    if pa.types.is_boolean(kind):
        return pc.cast(pc.cast(column, pa.int8()), pa.string())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = pc.cast(column, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        different, place = np.unique(values, return_inverse=True)
        spelled = ["" if np.isnan(v) else str(int(v)) if float(v).is_integer() else repr(float(v)) for v in different]
        return pa.array(spelled, pa.string()).take(pa.array(place))
    if pa.types.is_timestamp(kind):
        coded = column.dictionary_encode()
        spelled = [_moment(value.as_py()) for value in coded.dictionary]
        return pa.array(spelled, pa.string()).take(coded.indices)
    return pc.cast(column, pa.string())


def _moment(value: object) -> str:
    text = str(value)
    return text.removesuffix(" 00:00:00").removesuffix(" 00:00:00+00:00")


def _parquet(content: bytes, name: str) -> tuple[dict[str, pa.Array], NDArray[np.int64]]:
    try:
        table = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowInvalid, OSError) as error:
        message = f"{name}: is not a parquet file that can be read"
        raise DataError(message) from error
    columns = {}
    for column in table.column_names:
        values = table.column(column)
        kind = values.type
        if pa.types.is_nested(kind):
            message = f"{name}: {column}: holds lists or records; give each value its own column"
            raise DataError(message)
        if pa.types.is_dictionary(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            values = values.cast(pa.string()) if not pa.types.is_dictionary(kind) else values.cast(kind.value_type)
            values = values.cast(pa.string()) if pa.types.is_large_string(values.type) else values
        whole = values.combine_chunks()
        columns[column.strip()] = pc.utf8_trim_whitespace(whole) if pa.types.is_string(whole.type) else whole
    return columns, np.arange(table.num_rows, dtype=np.int64) + 1
