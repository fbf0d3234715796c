"""Does a new version of a study's data differ from the one told in so few persons that the difference would tell of them?

Of the version told only keyed digests are kept, in one place, and their key in another: neither alone tells a count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

Counts = Mapping[str, Mapping[str, int]]
"""Column (an outcome in a period or wave) to cell (an area, or an arm with a value) to persons."""
Digests = Mapping[str, Mapping[str, str]]
BYTES = 12  # of a digest: two of a million cells are alike in one case of 10¹⁷


@dataclass(frozen=True)
class Told:
    """What is kept of a version told: its limit on small counts, and digests of its cells."""

    smallest: int
    digests: Digests


def digests_of(counts: Counts, key: bytes) -> dict[str, dict[str, str]]:
    """Column to digest of a cell's name to digest of its count; the key is secret."""
    return {
        column: {
            _digest(key, column, name): _digest(key, column, name, count) for name, count in sorted(cells.items()) if count
        }
        for column, cells in counts.items()
    }


def persons_between(told: Told, counts: Counts, key: bytes, smallest: int, *, same_in_columns: bool) -> int:
    """How many persons two versions differ in at least, in the columns that both have; counting stops at the limit of a cell.

    same_in_columns   whether each column holds the same persons, as waves do: then the one that differs most counts, else all
    """
    each = [
        _in_column(told.digests[column], column, cells, key, smallest)
        for column, cells in counts.items()
        if column in told.digests
    ]
    return max(each, default=0) if same_in_columns else sum(each)


def _in_column(old: Mapping[str, str], column: str, cells: Mapping[str, int], key: bytes, smallest: int) -> int:
    """Persons added or persons gone, whichever are more: who changes cell is one person and not two."""
    added, gone = 0, 0
    seen = set()
    for name, count in cells.items():
        if not count:
            continue
        known = _digest(key, column, name)
        seen.add(known)
        change = count if known not in old else _change(old[known], column, name, count, key, smallest)
        added, gone = added + max(change, 0), gone + max(-change, 0)
    return max(added, gone + len(old.keys() - seen))


def _change(old: str, column: str, name: str, count: int, key: bytes, smallest: int) -> int:
    """Count less the old one, found by trying those near it; the limit where it is further off."""
    for change in sorted(range(-smallest, smallest + 1), key=abs):
        if count - change > 0 and _digest(key, column, name, count - change) == old:
            return change
    return smallest


def _digest(key: bytes, *parts: object) -> str:
    return hashlib.blake2b("\x1f".join(map(str, parts)).encode(), key=key, digest_size=BYTES).hexdigest()
