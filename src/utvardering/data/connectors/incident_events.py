"""A file with a row per event, read by DuckDB out of memory: which rows count, in which period, by night or by day?"""

from __future__ import annotations

import codecs
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from utvardering.data.delimited import column_names, separator_of
from utvardering.data.faults import listed
from utvardering.data.privacy import quote as shown
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.tables import Table, read_table
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean

FORMATS = (".csv", ".txt", ".tsv", ".parquet", ".xlsx")
ZONE = "Europe/Stockholm"
BATCH = 1_000_000  # rows that are looked at together
_HEAD = 1 << 16
_MANY_DIGITS = r"(\d\D*){9}"  # an identity number has ten, or nine and a letter
_WHOLE_ROWS = 100_000
_TEXTS = 50_000
_PERIOD = {  # the numbers of data/calendar.py; a day counts from 1970-01-01
    "day": "date_diff('day', DATE '1970-01-01', {0}::DATE)",
    "week": "date_diff('day', DATE '1969-12-29', {0}::DATE) // 7",
    "month": "year({0}) * 12 + month({0}) - 1",
    "quarter": "year({0}) * 4 + quarter({0}) - 1",
    "year": "year({0})",
}


@contextmanager
def database(work: Path, memory: str, threads: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory that spills what does not fit into `work/spill`, which is emptied before and after."""
    spill = work / "spill"
    shutil.rmtree(spill, ignore_errors=True)  # of a program that was killed
    spill.mkdir(parents=True)
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": str(spill),
        "preserve_insertion_order": False,
    }
    try:
        with duckdb.connect(config=config) as con:
            yield con
    finally:
        shutil.rmtree(spill, ignore_errors=True)


def name(column: str) -> str:
    """A column's name in SQL."""
    return '"' + column.replace('"', '""') + '"'


def text(value: str) -> str:
    """A text in SQL."""
    return "'" + value.replace("'", "''") + "'"


@dataclass(frozen=True)
class Events:
    """The view `events` of a database: its columns with their types, and how many lines of the file were no rows."""

    con: duckdb.DuckDBPyConnection
    file: str
    types: dict[str, str]
    path: Path

    def one(self, sql: str) -> tuple[object, ...]:
        """The one row that a query gives."""
        (row,) = self.con.execute(sql).fetchall()
        return tuple(row)

    def broken(self) -> tuple[int, int]:
        """How many lines could not be read as a row, and the first of them; after the file has been read once."""
        if self.path.suffix.lower() not in {".csv", ".txt", ".tsv"}:
            return 0, 0
        count, first = self.one("SELECT count(DISTINCT line), min(line) FROM reject_errors")
        return int(str(count)), int(str(first or 0))

    def require(self, wanted: dict[str, str]) -> None:
        """A DataError that names every column (query key → column) that the file lacks."""
        missing = {key: column for key, column in wanted.items() if column and column not in self.types}
        if missing:
            told = [f'query.{key}: "{c}" is not a column.{did_you_mean(c, self.types)}' for key, c in missing.items()]
            message = f"{self.file}: {' '.join(told)} The columns are: {listed(self.types, 40)}"
            raise DataError(message)

    def trimmed(self, column: str) -> str:
        """A column as text without blanks around it; NULL where nothing is left."""
        return f"nullif(trim({name(column)}::VARCHAR), '')"

    def number(self, column: str) -> str:
        """A column as a number; NULL where it is none. A decimal comma and blanks within are understood."""
        if self.types[column] == "VARCHAR":
            return f"TRY_CAST(replace(regexp_replace({name(column)}, '[ \u00a0\u202f]', '', 'g'), ',', '.') AS DOUBLE)"
        return f"{name(column)}::DOUBLE"

    def moment(self, column: str, formats: tuple[str, ...], zone: str) -> str:
        """A column as local time in Sweden; NULL where it cannot be read."""
        kind, written = self.types[column], name(column)
        if kind == "TIMESTAMP WITH TIME ZONE":
            return f"timezone('{ZONE}', {written})"
        if kind.startswith("TIMESTAMP") or kind == "DATE":
            naive = f"{written}::TIMESTAMP"
            return naive if zone == ZONE else f"timezone('{ZONE}', timezone('UTC', {naive}))"
        if kind != "VARCHAR":
            message = f'{self.file}: query.time: "{column}" holds {kind.lower()}; needs times, as text or as a type for times'
            raise DataError(message)
        cell = f"trim({written})"
        plain = [text(one) for one in formats if "%z" not in one]
        aware = [text(one) for one in formats if "%z" in one]
        read = []
        if plain:
            naive = f"try_strptime({cell}, [{', '.join(plain)}])"
            read.append(naive if zone == ZONE else f"timezone('{ZONE}', timezone('UTC', {naive}))")
        read += [f"timezone('{ZONE}', try_strptime({cell}, {one}))" for one in aware]
        return f"coalesce({', '.join(read)})"

    def period(self, unit: str, moment: str) -> str:
        """Number of the period in which a moment lies."""
        return f"({_PERIOD[unit].format(moment)})::INTEGER"

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, a million at a time."""
        yield from self.con.sql(sql).to_arrow_reader(BATCH)

    def refuse_personal_data(self, spared: set[str]) -> None:
        """A DataError where a column looks like personal data; columns of time and coordinates are `spared`.

        Whole rows from the beginning, every row with as many digits as an identity number has, and many different texts of
        each column are looked at.
        """
        held = [c for c, kind in self.types.items() if c not in spared and not kind.startswith(("DOUBLE", "FLOAT"))]
        if not held:
            return
        written = ", ".join(f"{name(c)}::VARCHAR AS {name(c)}" for c in held)
        digits = " OR ".join(f"regexp_matches({name(c)}::VARCHAR, '{_MANY_DIGITS}')" for c in held)
        self._refuse(f"SELECT {written} FROM events LIMIT {_WHOLE_ROWS}", held)  # noqa: S608 -- names are quoted
        self._refuse(f"SELECT {written} FROM events WHERE {digits}", held)  # noqa: S608 -- names are quoted
        for column in held:
            self._refuse(f"SELECT DISTINCT {name(column)}::VARCHAR FROM events LIMIT {_TEXTS}", [column])  # noqa: S608 -- quoted

    def _refuse(self, sql: str, columns: list[str]) -> None:
        for batch in self.batches(sql):
            cells = {c: batch.column(place).cast(pa.string()) for place, c in enumerate(columns)}
            refuse_personal_data(Table(self.file, cells, np.arange(batch.num_rows, dtype=np.int64)))

    def examples(self, column: str, where: str, most: int = 3) -> str:
        """`, such as "31/2 2019" on row 17`: some cells as a message may show them, with their rows in the file."""
        self.con.execute("SET preserve_insertion_order = true")
        numbered = f"SELECT row_number() OVER () AS number, * FROM events"  # noqa: F541 -- no names in it
        rows = self.con.execute(
            f"SELECT number, {name(column)}::VARCHAR FROM ({numbered}) WHERE {where} ORDER BY number LIMIT {most}"  # noqa: S608 -- names are quoted
        ).fetchall()
        told = [f"{shown(cell or '')} on row {number}" if cell else f"nothing on row {number}" for number, cell in rows]
        return f", such as {', '.join(told)}" if told else ""


def open_events(con: duckdb.DuckDBPyConnection, path: Path, file: str) -> Events:
    """The file as the view `events`; nothing of it is read yet but its head, and a workbook whole."""
    ending = path.suffix.lower()
    where = text(str(path))
    if ending == ".parquet":
        try:
            con.execute(f"CREATE VIEW events AS SELECT * FROM read_parquet({where})")  # noqa: S608 -- quoted
        except duckdb.Error as error:
            message = f"{file}: is not a parquet file that can be read"
            raise DataError(message) from error
    elif ending == ".xlsx":
        table = read_table(path, file)
        con.register("events", pa.table(table.columns))
    else:
        encoding = _encoding(path)
        with path.open(encoding=encoding, errors="strict" if encoding == "utf-8-sig" else "replace") as opened:
            head = opened.read(_HEAD)
        if not head.strip():
            message = f"{file}: the file is empty"
            raise DataError(message)
        separator, header = separator_of(head)
        columns = ", ".join(f"{text(column)}: 'VARCHAR'" for column in column_names(header, file))
        con.execute(
            f"CREATE VIEW events AS SELECT * FROM read_csv({where}, columns = {{{columns}}}, delim = {text(separator)}, "  # noqa: S608 -- quoted
            f"header = true, quote = '\"', escape = '\"', auto_detect = false, store_rejects = true, rejects_limit = 0, "
            f"encoding = '{'utf-8' if encoding == 'utf-8-sig' else 'latin-1'}')"
        )
    described = con.execute("DESCRIBE events").fetchall()
    return Events(con, file, {row[0]: row[1] for row in described}, path)


def _encoding(path: Path) -> str:
    """UTF-8 if all of the file is, else Latin-1."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    with path.open("rb") as opened:
        try:
            while chunk := opened.read(1 << 24):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "latin-1"
    return "utf-8-sig"
