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


def keep(folder: Path, file: Path, content: Path, day: dt.date, scratch: Path) -> Path:
    """Keep a content of a file, as the vintage of a day if it is not kept already, and say where."""
    return vintage_of(folder, file, sha256(content)) or add(folder, file, content, day, scratch, after=None)


def add(folder: Path, file: Path, content: Path, day: dt.date, scratch: Path, *, after: Path | None) -> Path:
    """A new vintage; where one that is newer than `after` has the same content (a fetch was broken off), that one.

    A second content of the same day goes to `DATE-2`: what is there is never overwritten.
    """
    every = list(vintages(folder, file))
    newer = every[every.index(after) + 1 :] if after in every else []
    digest = sha256(content)
    known = next((path for path in newer if sha256(path) == digest), None)
    if known is not None:
        return known
    name = inner_name(folder, file)
    for number in count(1):
        target = folder / VINTAGES / (day.isoformat() if number == 1 else f"{day.isoformat()}-{number}") / name
        if not target.exists():
            put(content, target, scratch)
            return target
    raise AssertionError  # the numbers do not end


def put(content: Path, target: Path, scratch: Path) -> None:
    """Copy a file into a scratch folder and rename it into its place: there is a whole file or none."""
    target.parent.mkdir(parents=True, exist_ok=True)
    copied = scratch / f"copy of {target.name}"
    shutil.copyfile(content, copied)
    copied.replace(target)


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
