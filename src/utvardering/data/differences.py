"""What differs between two vintages of a table? Rows that came, rows that went, and figures that were revised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from utvardering.data.privacy import quote
from utvardering.data.tables import Table

OWN_KEYS = ("unit", "period")
MOST_TOLD = 3


@dataclass(frozen=True)
class Revision:
    """A figure that is another than it was; `former` or `now` is empty where there was or is none."""

    key: tuple[str, ...]
    column: str
    former: str
    now: str

    @property
    def size(self) -> float:
        """How much the figure differs; infinite where it came or went."""
        try:
            return abs(float(self.now) - float(self.former))
        except ValueError:
            return float("inf")


@dataclass(frozen=True)
class Differences:
    """Between a former table and one of today.

    keys             columns that tell rows apart; empty where no columns do, and rows are only counted
    added, gone      keys of rows
    columns_added, columns_gone   names
    """

    keys: tuple[str, ...]
    added: tuple[tuple[str, ...], ...] = ()
    gone: tuple[tuple[str, ...], ...] = ()
    revised: tuple[Revision, ...] = ()
    columns_added: tuple[str, ...] = ()
    columns_gone: tuple[str, ...] = ()
    rows: tuple[int, int] = (0, 0)

    @property
    def in_words(self) -> str:
        """`12 rows more (2023), 3 figures revised: the largest is …`, in English, for the command line."""
        if not self.keys:
            return f"{self.rows[0]} rows before, {self.rows[1]} now; no columns tell the rows apart"
        parts = [f"{len(names)} column{'s' * (len(names) > 1)} {what}: {', '.join(names)}" for what, names in self._columns]
        for what, rows in (("more", self.added), ("gone", self.gone)):
            if rows:
                span = f" ({_place(rows[0])} to {_place(rows[-1])})" if len(rows) > 1 else f" ({_place(rows[0])})"
                parts.append(f"{len(rows)} row{'s' * (len(rows) > 1)} {what}{span}")
        if self.revised:
            parts.append(f"{len(self.revised)} figure{'s' * (len(self.revised) > 1)} revised{self._largest()}")
        return "; ".join(parts) or "the same rows and figures, written otherwise"

    def frame(self) -> pd.DataFrame:
        """A row per difference: change, the keys, column, former, now."""
        rows: list[tuple[str, ...]] = [("column added", *[""] * len(self.keys), name, "", "") for name in self.columns_added]
        rows += [("column gone", *[""] * len(self.keys), name, "", "") for name in self.columns_gone]
        rows += [("row added", *key, "", "", "") for key in self.added]
        rows += [("row gone", *key, "", "", "") for key in self.gone]
        rows += [("revised", *one.key, one.column, one.former, one.now) for one in self.revised]
        return pd.DataFrame(rows, columns=["change", *self.keys, "column", "former", "now"])

    @property
    def _columns(self) -> list[tuple[str, tuple[str, ...]]]:
        return [(what, names) for what, names in (("more", self.columns_added), ("gone", self.columns_gone)) if names]

    def _largest(self) -> str:
        """The largest of the revisions; those that came or went are counted apart."""
        known = sorted((one for one in self.revised if np.isfinite(one.size)), key=lambda one: -one.size)
        filled = sum(one.former == "" for one in self.revised)
        emptied = sum(one.now == "" for one in self.revised)
        told = [f"{filled} that were empty"] if filled else []
        told += [f"{emptied} that are now empty"] if emptied else []
        if known:
            one = known[0]
            told.append(f"the largest {one.column} of {_place(one.key)}: {quote(one.former)} became {quote(one.now)}")
        return f" ({'; '.join(told)})" if told else ""


def differences(former: Table, now: Table) -> Differences:
    """What differs, cell by cell: numbers as numbers, other cells as text."""
    before, after = _frame(former), _frame(now)
    shared = [name for name in before.columns if name in after.columns]
    extra = {
        "columns_added": tuple(name for name in after.columns if name not in before.columns),
        "columns_gone": tuple(name for name in before.columns if name not in after.columns),
        "rows": (len(before), len(after)),
    }
    keys = _keys(before[shared], after[shared])
    if not keys:
        return Differences((), **extra)
    before, after = before.set_index(list(keys)), after.set_index(list(keys))
    kept = before.index.intersection(after.index)
    return Differences(
        keys,
        added=_sorted(after.index.difference(kept)),
        gone=_sorted(before.index.difference(kept)),
        revised=tuple(_revised(before.loc[kept], after.loc[kept], [name for name in shared if name not in keys])),
        **extra,
    )


def _frame(table: Table) -> pd.DataFrame:
    return pd.DataFrame({name: table.text(name).to_pylist() for name in table.columns}, dtype=str)


def _keys(before: pd.DataFrame, after: pd.DataFrame) -> tuple[str, ...]:
    """The first columns that tell rows apart in both tables: unit, period and texts, then numbers from the left."""
    texts = [name for name in before.columns if name in OWN_KEYS or not _numeric(before[name])]
    if set(OWN_KEYS) <= set(before.columns):
        texts = [*OWN_KEYS, *(name for name in texts if name not in OWN_KEYS)]
    rest = [name for name in before.columns if name not in texts]
    for length in range(len(rest) + 1):
        keys = [*texts, *rest[:length]]
        if length < len(before.columns) and keys and not (before.duplicated(keys).any() or after.duplicated(keys).any()):
            return tuple(_fewest(keys, before, after))
    return ()


def _fewest(keys: list[str], before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Without the columns that are not needed, from the right."""
    for name in reversed(keys):
        fewer = [key for key in keys if key != name]
        if fewer and not (before.duplicated(fewer).any() or after.duplicated(fewer).any()):
            keys = fewer
    return keys


def _numeric(column: pd.Series[str]) -> bool:
    filled = column[column != ""]
    return bool(pd.to_numeric(filled, errors="coerce").notna().all())


def _revised(before: pd.DataFrame, after: pd.DataFrame, columns: Sequence[str]) -> Iterator[Revision]:
    """By row, then by column."""
    found = []
    for place, name in enumerate(columns):
        was, now = before[name].to_numpy(), after[name].to_numpy()
        other = was != now
        numbers = [pd.to_numeric(pd.Series(values), errors="coerce").to_numpy() for values in (was, now)]
        other &= ~(numbers[0] == numbers[1])  # 7 and 7.0 are one figure
        found += [(row, place, name) for row in np.flatnonzero(other)]
    for row, _, name in sorted(found):
        key = before.index[row]
        texts = tuple(map(str, key)) if isinstance(key, tuple) else (str(key),)
        yield Revision(texts, name, str(before[name].iloc[row]), str(after[name].iloc[row]))


def _sorted(index: pd.Index) -> tuple[tuple[str, ...], ...]:
    return tuple(sorted(tuple(map(str, key)) if isinstance(key, tuple) else (str(key),) for key in index))


def _place(key: Sequence[str]) -> str:
    return " ".join(quote(part).strip('"') for part in key)
