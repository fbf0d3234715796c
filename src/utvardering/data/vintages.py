"""What did a file hold at an earlier fetch? `data/vintages/DATE/FILE`: written once, and never changed."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from utvardering.data.sources import sha256

VINTAGES = Path("data") / "vintages"


def vintages(folder: Path, file: Path) -> Iterator[Path]:
    """Every vintage of a file, the oldest first."""
    name = inner_name(folder, file)
    root = folder / VINTAGES
    for day in sorted(root.iterdir(), key=_order) if root.is_dir() else ():
        if (day / name).is_file():
            yield day / name


def vintage_of(folder: Path, file: Path, digest: str) -> Path | None:
    """The vintage of a file with a checksum; None where there is none."""
    return next((path for path in vintages(folder, file) if sha256(path) == digest), None)


def keep(folder: Path, file: Path, content: Path, day: dt.date) -> Path:
    """Keep a content of a file as the vintage of a day, and say where; it is already there where it has been kept before.

    A second content of the same day goes to `DATE-2`: what is there is never overwritten.
    """
    known = vintage_of(folder, file, sha256(content))
    if known is not None:
        return known
    name = inner_name(folder, file)
    for number in count(1):
        target = folder / VINTAGES / (day.isoformat() if number == 1 else f"{day.isoformat()}-{number}") / name
        if not target.exists():
            put(content, target)
            return target
    raise AssertionError  # the numbers do not end


def put(content: Path, target: Path) -> None:
    """Copy a file under another name and rename it: there is a whole file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f".{target.name}.new"
    shutil.copyfile(content, scratch)
    scratch.replace(target)


def shown(folder: Path, path: Path) -> str:
    """A path as seen from the study's folder."""
    return path.resolve().relative_to(folder.resolve()).as_posix()


def inner_name(folder: Path, file: Path) -> Path:
    """A file's name within `data/`, or its bare name where it lies elsewhere."""
    data = (folder / "data").resolve()
    whole = file.resolve()
    return whole.relative_to(data) if whole.is_relative_to(data) else Path(whole.name)


def _order(day: Path) -> tuple[str, int]:
    date, number = day.name[:10], day.name[11:]
    return date, int(number) if number.isdigit() else 1
