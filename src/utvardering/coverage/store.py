"""Runs that are made are kept, a file per item, so that a second `make coverage` makes only what is missing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from utvardering.coverage.versions import code_version


@dataclass(frozen=True)
class Shelf:
    """The folder of one method in one cell, named after what its numbers depend on; files are named first-last."""

    folder: Path
    columns: tuple[str, ...]

    def ranges(self) -> list[tuple[int, int]]:
        """Runs that are there, as (first, last), the last excluded."""
        names = (path.stem.split("-") for path in self.folder.glob("*.csv"))
        return sorted((int(first), int(last)) for first, last in names)

    def missing(self, wanted: int) -> list[tuple[int, int]]:
        """Parts of 0 … wanted − 1 that are not there."""
        found, at = [], 0
        for first, last in self.ranges():
            if first > at:
                found.append((at, min(first, wanted)))
            at = max(at, last)
        return [part for part in (*found, (at, wanted)) if part[0] < part[1]]

    def put(self, first: int, last: int, rows: Iterable[dict[str, Any]]) -> None:
        """Write the rows of some runs: to another name first, so that a killed run leaves no half file."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f".{first}-{last}.{os.getpid()}"
        pd.DataFrame(rows, columns=list(self.columns)).to_csv(scratch, index=False)
        scratch.replace(self.folder / f"{first}-{last}.csv")

    def rows(self) -> pd.DataFrame:
        """All rows that are there."""
        paths = [self.folder / f"{first}-{last}.csv" for first, last in self.ranges()]
        frames = [pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"refused": str}) for path in paths]
        frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(self.columns))
        frame["refused"] = frame["refused"].fillna("")
        return frame


def shelf(build: Path, kind: str, method: str, modules: tuple[str, ...], columns: tuple[str, ...]) -> Shelf:
    """The shelf of a method; modules: those whose code, with what they import, decides the numbers."""
    return Shelf(build / kind / f"{method}-{code_version(*modules)}", columns)
