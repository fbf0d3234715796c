"""Is every file still the one that was described? What changed is told cell by cell where an earlier vintage is kept."""

from __future__ import annotations

from pathlib import Path

from utvardering.data.differences import differences
from utvardering.data.faults import Faults
from utvardering.data.sources import SOURCES, Source, path_of, read_sources, sha256
from utvardering.data.tables import FORMATS, read_table
from utvardering.data.vintages import shown, vintage_of
from utvardering.errors import DataError


def verify_sources(folder: Path) -> None:
    """A DataError that names every described file whose content is not what was described, and what changed."""
    faults = Faults(SOURCES.as_posix())
    for place, source in enumerate(read_sources(folder)):
        path = path_of(folder, source)
        if source.sha256 and path.is_file() and (found := sha256(path)) != source.sha256.lower():
            faults.add(f"source[{place}].sha256", _changed(folder, source, path, found))
    faults.raise_any()


def _changed(folder: Path, source: Source, path: Path, found: str) -> str:
    described, other = (vintage_of(folder, path, digest) for digest in (source.sha256.lower(), found))
    if other is not None and source.connector:
        return (
            f"{source.file} is {shown(folder, other)}, which is not the vintage that is described: a fetch was broken off, or "
            f"a vintage was put back; run: utvardering data fetch {folder.name}"
        )
    what = f": {_what(described, path)}" if described is not None else ""
    restore = "restore the file" if described is None else f"restore the file from {shown(folder, described)}"
    describe = f'describe the new one and write sha256 = "{found}"'
    return f"{source.file} has changed since it was described{what}; {restore}, or {describe}"


def _what(described: Path, path: Path) -> str:
    if path.suffix.lower() not in FORMATS:
        return "it is no table, and only its checksum is known"
    try:
        return differences(read_table(described), read_table(path)).in_words
    except DataError as fault:
        return f"it cannot be read any more ({fault.message})"
