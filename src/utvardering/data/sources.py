"""Where does a file come from, and is it still the one that was described? `data/sources.toml` and its checksums."""

from __future__ import annotations

import datetime as dt
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from utvardering.data.faults import Faults
from utvardering.errors import DataError, DataNotFetchedError

SOURCES = Path("data") / "sources.toml"


@dataclass(frozen=True)
class Source:
    """A row of `data/sources.toml`; `connector` and `query` where the file can be fetched."""

    file: str
    producer: str = ""
    title: str = ""
    address: str = ""
    retrieved: dt.date | None = None
    licence: str = ""
    sha256: str = ""
    unit: str = ""
    breaks: tuple[str | int, ...] = ()
    connector: str = ""
    query: dict[str, object] | str | None = None


def read_sources(folder: Path) -> tuple[Source, ...]:
    """The sources of a study; none where it has no `data/sources.toml`."""
    path = folder / SOURCES
    if not path.is_file():
        return ()
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        message = f"{SOURCES.as_posix()}: is not TOML in UTF-8: {error}"
        raise DataError(message) from error
    faults = Faults(SOURCES.as_posix())
    for key in sorted(set(content) - {"source"}):
        faults.add(key, "is not a key of this file; each file has its own table [[source]]")
    rows = []
    for place, row in enumerate(content.get("source", [])):
        unknown = sorted(set(row) - set(Source.__dataclass_fields__))
        for key in unknown:
            faults.add(f"source[{place}].{key}", f"is not a key; the keys are {', '.join(Source.__dataclass_fields__)}")
        known = {key: value for key, value in row.items() if key not in unknown}
        try:
            rows.append(TypeAdapter(Source).validate_python(known))
        except ValidationError as error:
            for item in error.errors():
                faults.add(f"source[{place}].{item['loc'][0]}", item["msg"][:1].lower() + item["msg"][1:])
    faults.raise_any()
    return tuple(rows)


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify_sources(folder: Path) -> None:
    """A DataError that names every described file whose content is another than when it was described."""
    faults = Faults(SOURCES.as_posix())
    for place, source in enumerate(read_sources(folder)):
        path = _path(folder, source)
        if source.sha256 and path.is_file() and sha256(path) != source.sha256.lower():
            faults.add(
                f"source[{place}].sha256",
                f"{source.file} has changed since it was described; restore the file, "
                f'or describe the new one and write sha256 = "{sha256(path)}"',
            )
    faults.raise_any()


def find_file(folder: Path, study_id: str, file: str) -> Path:
    """Path of a file that the study names; a DataNotFetchedError or a DataError where it is absent."""
    path = folder / file
    if path.is_file():
        return path
    if any(path.resolve() in _places(folder, source) for source in read_sources(folder)):
        message = f"{file}: the data have not been fetched; run: utvardering data fetch {study_id}"
        raise DataNotFetchedError(message)
    near = sorted(other.name for other in path.parent.glob("*") if other.is_file()) if path.parent.is_dir() else []
    there = f"; the folder holds {', '.join(near[:10])}" if near else ""
    message = f"{file}: there is no such file{there}"
    raise DataError(message)


def _path(folder: Path, source: Source) -> Path:
    return next((path for path in _places(folder, source) if path.is_file()), folder / source.file)


def _places(folder: Path, source: Source) -> tuple[Path, Path]:
    """Files are named from the study's folder, or from its folder `data`."""
    return (folder / source.file).resolve(), (folder / "data" / source.file).resolve()
