"""Where does a file come from? `data/sources.toml`: a row per file, and what its reader must know."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from utvardering.data.faults import Faults
from utvardering.errors import DataError, DataNotFetchedError
from utvardering.study.lines import index_lines, line_of
from utvardering.study.vocabulary import did_you_mean

SOURCES = Path("data") / "sources.toml"

Polarity = Literal["more_is_worse", "more_is_better", "none"]


@dataclass(frozen=True)
class Break:
    """A break in a series: from the period `at` its figures are not made as before.

    what      changed, in words
    columns   of the file that it breaks; none for all
    """

    at: dt.date | int | str
    what: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """A row of `data/sources.toml`; `connector` and `query` where the file can be fetched.

    polarity    column to whether more of it is worse, better or neither
    remarks     what a reader of the figures must know, in words; written by a fetch
    areas       the division that its units are of, such as DeSO_2018
    crosswalk   file by which areas of another division were made into these
    """

    file: str
    producer: str = ""
    title: str = ""
    address: str = ""
    retrieved: dt.date | None = None
    licence: str = ""
    sha256: str = ""
    unit: str = ""
    breaks: tuple[Break | str | int, ...] = ()
    connector: str = ""
    query: dict[str, object] | str | None = None
    polarity: dict[str, Polarity] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    areas: str = ""
    crosswalk: str = ""

    @property
    def named_breaks(self) -> tuple[Break, ...]:
        """Every break as one; a bare period says that something changed then, a bare text that it is not known when."""
        return tuple(
            one if isinstance(one, Break) else Break(one, "") if isinstance(one, int) else Break("", one) for one in self.breaks
        )


def read_sources(folder: Path) -> tuple[Source, ...]:
    """The sources of a study; none where it has no `data/sources.toml`."""
    path = folder / SOURCES
    if not path.is_file():
        return ()
    try:
        text = path.read_text(encoding="utf-8-sig")
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{SOURCES.as_posix()}: is not TOML in UTF-8: {error}"
        raise DataError(message) from error
    faults = Faults(SOURCES.as_posix())
    lines = index_lines(text.replace("\r\n", "\n"))
    for key in sorted(set(content) - {"source"}):
        faults.add(key, "is not a key of this file; each file has its own table [[source]]", line_of(lines, key))
    rows = []
    given = content.get("source", [])
    if not isinstance(given, list):
        message = f"{SOURCES.as_posix()}: source: needs two brackets on each side: [[source]]"
        raise DataError(message)
    for place, row in enumerate(given):
        known = list(Source.__dataclass_fields__)
        for key in sorted(set(row) - set(known)):
            where = f"source[{place}].{key}"
            hint = did_you_mean(key, known)
            faults.add(where, f"is not a key.{hint} The keys are {', '.join(known)}", line_of(lines, where))
        try:
            rows.append(TypeAdapter(Source).validate_python({key: value for key, value in row.items() if key in known}))
        except ValidationError as error:
            for item in error.errors():
                where = f"source[{place}].{item['loc'][0]}"
                faults.add(where, item["msg"][:1].lower() + item["msg"][1:], line_of(lines, where))
    faults.raise_any()
    _refuse_twins(rows, faults)
    return tuple(rows)


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def find_file(folder: Path, study_id: str, file: str) -> Path:
    """Path of a file that the study names; a DataNotFetchedError or a DataError where it is absent."""
    path = folder / file
    if path.is_file():
        return path
    if any(path.resolve() in places(folder, source) for source in read_sources(folder)):
        message = f"{file}: the data have not been fetched; run: utvardering data fetch {study_id}"
        raise DataNotFetchedError(message)
    near = sorted(other.name for other in path.parent.glob("*") if other.is_file()) if path.parent.is_dir() else []
    there = f"; the folder holds {', '.join(near[:10])}" if near else ""
    message = f"{file}: there is no such file{there}"
    raise DataError(message)


def path_of(folder: Path, source: Source) -> Path:
    """Where the file of a source is, or is to be: named from the study's folder, or from its folder `data`."""
    whole, inside = places(folder, source)
    if whole.is_file() or inside.is_file():
        return whole if whole.is_file() else inside
    return whole if Path(source.file).parts[:1] == ("data",) else inside


def places(folder: Path, source: Source) -> tuple[Path, Path]:
    """The two places that a name can mean."""
    return (folder / source.file).resolve(), (folder / "data" / source.file).resolve()


def _refuse_twins(rows: list[Source], faults: Faults) -> None:
    names = [row.file.removeprefix("data/") for row in rows]
    for name in sorted({name for name in names if names.count(name) > 1}):
        faults.add("source", f'"{name}" has {names.count(name)} tables; give each file one')
    faults.raise_any()
