"""What every connector to a file on disk shares: the file is found, told by its checksum, and named in what comes out."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pyarrow as pa

from utvardering.data.connectors.base import Collected, Request
from utvardering.data.faults import listed
from utvardering.data.sources import Break, Polarity, sha256
from utvardering.errors import DataError
from utvardering.wording import say


def input_file(request: Request, file: str, formats: tuple[str, ...], key: str = "query.file") -> Path:
    """The file that a query names, from the study's folder; a DataError where it is absent or of another format."""
    path = request.folder / file
    if path.suffix.lower() not in formats:
        message = f"{key}: {file}: needs a file that ends in {listed(formats)}; save it as one of them"
        raise DataError(message)
    if not path.is_file():
        near = sorted(other.name for other in path.parent.glob("*") if other.is_file()) if path.parent.is_dir() else []
        there = f"; the folder holds {listed(near)}" if near else ""
        message = f"{key}: {file}: there is no such file in the study's folder{there}"
        raise DataError(message)
    return path


def collected(
    request: Request,
    files: tuple[str, ...],
    table: pa.Table,
    unit: str,
    remarks: list[str],
    *,
    producer: str = "",
    licence: str = "",
    breaks: tuple[Break, ...] = (),
    beside: dict[str, pa.Table] | None = None,
    polarity: dict[str, Polarity] | None = None,
) -> Collected:
    """What came out of files on disk, with the provenance of `data/sources.toml` and a remark with each file's checksum."""
    source = request.source
    say_file = partial(say, request.language, "files")
    origin = [say_file("origin", file=file, sha256=sha256(request.folder / file)) for file in files]
    return Collected(
        table=table,
        unit=source.unit or unit,
        licence=source.licence or licence,
        producer=source.producer or producer or say_file("own"),
        title=source.title,
        address=source.address or files[0],
        breaks=tuple(dict.fromkeys([*source.breaks, *breaks])),
        remarks=(*remarks, *origin),
        beside=beside or {},
        polarity=polarity or {},
    )
