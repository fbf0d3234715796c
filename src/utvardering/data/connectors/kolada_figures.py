"""Cells of Kolada as arrays of figures × units × years, and what can be made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.connectors.kolada_reply import Cell, Value
from utvardering.errors import DataError

PER = 100_000
REPEATED = 0.9  # share of units with the same value in two years from which on the years are taken for one
FEWEST_UNITS = 5  # that can tell whether values are repeated


@dataclass(frozen=True)
class Cube:
    """Values of K figures, N units and T years.

    values   (K, N, T); NaN where there is none
    reasons  (figure, unit, year) to why an answered cell has no value: `deleted`, or Kolada's status
    marked   how many values bear a status though they are there
    """

    figures: tuple[str, ...]
    units: tuple[str, ...]
    years: tuple[int, ...]
    values: NDArray[np.float64]
    reasons: dict[tuple[str, str, int], str]
    marked: int = 0

    def of(self, figure: str) -> NDArray[np.float64]:
        """(N, T) values of a figure."""
        return self.values[self.figures.index(figure)]


def cube(
    cells: Sequence[Cell], figures: Sequence[str], units: Sequence[str], years: Sequence[int], gender: str, address: str
) -> Cube:
    """Lay cells out; a DataError that lists every cell that was sent twice with different values."""
    at = [{name: place for place, name in enumerate(names)} for names in (figures, units, years)]
    found: dict[tuple[str, str, int], Value] = {}
    clashes = []
    for cell in cells:
        key = (cell.kpi, cell.municipality, cell.period)
        for value in cell.values:
            if value.gender != gender:
                continue
            former = found.setdefault(key, value)
            if (former.value, former.isdeleted) != (value.value, value.isdeleted):
                clashes.append(f"{key[0]} {key[1]} {key[2]}: {former.value} and {value.value}")
    if clashes:
        more = f" and {len(clashes) - 10} more" if len(clashes) > 10 else ""  # noqa: PLR2004 -- as many as are listed
        message = f"{address}: Kolada sends different values for the same cell: {'; '.join(clashes[:10])}{more}"
        raise DataError(message)
    values = np.full([len(places) for places in at], np.nan)
    reasons, marked = {}, 0
    for key, value in found.items():
        place = at[0][key[0]], at[1][key[1]], at[2][key[2]]
        if value.isdeleted:
            reasons[key] = "deleted"
        elif value.value is None:
            reasons[key] = value.status or "no value"
        else:
            values[place] = value.value
            marked += bool(value.status)
    return Cube(tuple(figures), tuple(units), tuple(years), values, reasons, marked)


def rebuilt(rate: NDArray[np.float64], population: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts that rates per 100,000 were made of, and their distance from a whole number; both (N, T), NaN where unknown.

    A rate is count × 100,000 / population, so that the product with the population of the same day is whole.
    """
    raw = rate * population / PER
    whole = np.round(raw)
    return whole + 0.0, np.abs(raw - whole)


def repeated_years(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """(T,) years whose values the next year repeats in nearly every unit: one figure of both years, written twice.

    Zeros say nothing: what is rare is zero in many years.
    """
    now, following = values[:, :-1], values[:, 1:]
    told = ~np.isnan(now) & ~np.isnan(following) & ((now != 0) | (following != 0))
    known = told.sum(axis=0)
    share = np.divide((told & (now == following)).sum(axis=0), known, out=np.zeros(len(known)), where=known > 0)
    return np.append((known >= FEWEST_UNITS) & (share >= REPEATED), False)


def coverage(counts: NDArray[np.float64], nation: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T,) share of the nation's count that the units with a value hold together; NaN where the nation is not known."""
    held = np.nansum(counts, axis=0)
    return np.divide(held, nation, out=np.full(len(nation), np.nan), where=nation > 0)
