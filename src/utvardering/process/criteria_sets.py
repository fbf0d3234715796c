"""Which criteria are there? The ready sets of the package, and those that a study adds."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from utvardering.process.model import CriteriaSet
from utvardering.study.reading import listed_error, read_file

FOLDER = Path(__file__).parent / "criteria"


def ready_sets() -> tuple[str, ...]:
    """Ids of the ready sets."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def criteria_set(name: str) -> CriteriaSet:
    """A ready set by its id; raises a StudyError where its file is wrong."""
    read = read_file(FOLDER / f"{name}.toml", CriteriaSet)
    if read.file is None or read.problems:
        raise listed_error(read.source, list(read.problems))
    return read.file
