"""What is personal only in two columns together: a date of birth with four digits, and the coordinates of events."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from utvardering.disclosure.identity import identity_numbers
from utvardering.disclosure.plain import folded, plain

MOST_ROWS = 5000
LEAST_ROWS = 3
MOSTLY = 0.8
"""Share of the rows that must be a number: by chance one in ten is."""

_BORN = r"^(?:(?:18|19|20)?\d{2}-?\d{2}-?\d{2})$"
_FOUR = r"^[-+]?\d{4}$"
_NORTH = {"wgs84": (55.0, 69.5), "metres": (6.1e6, 7.7e6)}
_EAST = {"wgs84": (10.0, 24.5), "metres": (2.5e5, 1.9e6)}
_HEADINGS = {
    "lat", "latitud", "latitude", "lon", "long", "lng", "longitud", "longitude", "n_koordinat", "e_koordinat", "x_koordinat",
    "y_koordinat", "koordinat", "koordinater", "sweref99", "sweref99_n", "sweref99_e", "rt90_x", "rt90_y", "wgs84",
}  # fmt: skip
_EXACT = 1e-6
"""What a whole number of thousandths may be off in floats."""


def birth_with_number(
    columns: Mapping[str, pa.Array], text: Callable[[str], pa.Array]
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Columns of which one holds days and another four digits that together are identity numbers in nearly every row."""
    texts = {name: text(name)[:MOST_ROWS] for name in columns if not pa.types.is_floating(columns[name].type)}
    four = {name: kept for name, kept in texts.items() if _all(kept, _FOUR)}
    if not four:
        return
    for name, days in texts.items():
        if not _all(days, _BORN):
            continue
        for other, last in four.items():
            pairs = {(a, b) for a, b in zip(days.to_pylist(), last.to_pylist(), strict=True) if a and b}
            numbers = [plain(f"{a.replace('-', '')}-{b.lstrip('-+')}") for a, b in pairs]
            found = sum(next(identity_numbers(one), None) is not None for one in numbers)
            if len(numbers) >= LEAST_ROWS and found >= MOSTLY * len(numbers):
                yield (name, other), "identity numbers of persons, split in two"


def placed_pairs(columns: Mapping[str, pa.Array], placed: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Columns that are the coordinates of events: nearly as many places as rows. The middle of an area recurs, and is none."""
    held = {name: _numbers(values) for name, values in columns.items() if name not in placed}
    for system, (south, north) in _NORTH.items():
        west, east = _EAST[system]
        one = [name for name, found in held.items() if _within(found, south, north)]
        other = [name for name, found in held.items() if _within(found, west, east)]
        for first in one:
            for second in other:
                if first == second:
                    continue
                both = np.column_stack([held[first], held[second]])
                both = both[np.isfinite(both).all(axis=1)]
                fine = system == "metres" or bool((np.abs(both * 1000 - np.round(both * 1000)) > _EXACT).any())
                named = {folded(first), folded(second)} & _HEADINGS
                different = len(np.unique(both, axis=0))
                if len(both) >= LEAST_ROWS and (fine or named) and 2 * different > len(both):
                    yield (first, second), "coordinates finer than an area"


def _all(texts: pa.Array, pattern: str) -> bool:
    filled = texts.filter(pc.not_equal(texts, ""))
    return len(filled) >= LEAST_ROWS and bool(pc.all(pc.match_substring_regex(filled, pattern)).as_py())


def _numbers(values: pa.Array) -> NDArray[np.float64]:
    kind = values.type
    if pa.types.is_floating(kind) or pa.types.is_integer(kind):
        return np.asarray(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False))
    if not pa.types.is_string(kind) or not len(values):
        return np.empty(0)
    sample = values[:LEAST_ROWS].to_pylist()
    if not all(re.match(r"^-?\d+([.,]\d+)?$", text or "0") for text in sample):
        return np.empty(0)
    spelled = pc.replace_substring(pc.replace_substring(values, ",", "."), "\u00a0", "")
    number = pc.if_else(pc.match_substring_regex(spelled, r"^-?\d+(\.\d+)?$"), spelled, pa.scalar(None, pa.string()))
    return np.asarray(pc.cast(number, pa.float64()).to_numpy(zero_copy_only=False), dtype=float)


def _within(values: NDArray[np.float64], low: float, high: float) -> bool:
    known = values[np.isfinite(values)]
    return len(known) >= LEAST_ROWS and bool(((known >= low) & (known <= high)).all())
