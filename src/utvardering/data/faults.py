"""Every fault of one file, told at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DataError, Problem, UtvarderingError

MOST = 20
"""Problems shown; the others are counted."""


@dataclass
class Faults:
    """Collects the problems of the file `name`; `rows` turns a position into the row number of the file."""

    name: str
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    found: list[Problem] = field(default_factory=list)
    uncounted: int = 0

    def add(self, key: str, message: str, line: int = 0) -> None:
        """One problem."""
        self.found.append(Problem(key, message, line))

    def add_rows(self, where: NDArray[np.int64], key: str, message: Callable[[int], str]) -> None:
        """One problem for each position in `where`; only those that can be shown are worded."""
        for position in where[:MOST]:
            self.add(key, message(int(position)), int(self.rows[position]))
        self.uncounted += max(len(where) - MOST, 0)

    def raise_any(self, error: type[UtvarderingError] = DataError) -> None:
        """Raise what was found, in the order of the file; nothing where all is well."""
        if self.found:
            raise error(*self.report())

    def report(self) -> tuple[str, tuple[Problem, ...]]:
        """Heading and problems, the first MOST of them."""
        total = len(self.found) + self.uncounted
        shown = sorted(self.found, key=lambda problem: problem.line)[:MOST]
        if total > len(shown):
            shown.append(Problem("", f"and {total - len(shown)} more"))
        return f"{self.name}: {total} problem{'s' if total > 1 else ''}", tuple(shown)


def listed(names: Iterable[str], most: int = 10) -> str:
    """`a, b, c and 37 more`."""
    every = list(names)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"
