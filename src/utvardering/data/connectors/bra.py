"""How many offences were reported? Counts from files that a person exported from Brå; rates are left where counts are."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import pyarrow as pa
from pydantic import Field, StrictStr, model_validator

from utvardering.data.calendar import Calendar
from utvardering.data.connectors.base import Collected, Query, Request, query_faults, read_query
from utvardering.data.connectors.bra_file import Cell, read_export
from utvardering.data.connectors.local import collected, input_file
from utvardering.data.faults import Faults, listed
from utvardering.data.municipalities import code_of, municipalities
from utvardering.data.sources import Break
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean
from utvardering.wording import say

UNDER = " > "
COUNTRY = "Hela landet"
_LARGER = re.compile(r".+ län|(?:polis)?region .+|.+ polisregion", re.IGNORECASE)


class BraQuery(Query):
    """Counts of reported offences from one or several exported `Databasfil.txt`."""

    files: tuple[StrictStr, ...] = Field(min_length=1, description="Exported files, from the study's folder; one or several")
    offences: dict[StrictStr, StrictStr] = Field(
        min_length=1,
        description='Offence as Brå writes it → column; `"Parent > offence"` where one label stands under several parents',
    )
    regions: tuple[StrictStr, ...] = Field(
        (), description="Regions to take, as Brå writes them; none: every municipality of the files"
    )
    period: Literal["month", "quarter", "year"] = Field("month", description="Length of the periods to take")
    first: dt.date = Field(description="First day of the window")
    last: dt.date = Field(description="Last day of the window")
    preliminary: Literal["keep", "leave_out"] = Field("keep", description="What to do with figures marked `prel.`")

    @model_validator(mode="after")
    def _consistent(self) -> BraQuery:
        told = [f'offences: "{name}" cannot be the name of a column' for name in self.offences.values() if name in _RESERVED]
        twice = sorted({name for name in self.offences.values() if list(self.offences.values()).count(name) > 1})
        told += [
            f'offences: "{name}" is given to several offences; sum them in the study, or choose their parent' for name in twice
        ]
        if self.first > self.last:
            told.append(f"first ({self.first}) lies after last ({self.last})")
        if told:
            raise ValueError("; ".join(told))
        return self


_RESERVED = ("unit", "period", "preliminary")
_Key = tuple[str, str, str]  # unit, period, column


@dataclass
class _Counts:
    """Cells that were chosen, and where each stood."""

    count: dict[_Key, int | None] = field(default_factory=dict)
    where: dict[_Key, str] = field(default_factory=dict)
    preliminary: set[tuple[str, str]] = field(default_factory=set)
    twice: int = 0


class Bra:
    """Connector `bra`."""

    name = "bra"
    query = BraQuery

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query."""
        return query_faults(BraQuery, query)

    def collect(self, request: Request) -> Collected:
        """The counts; a DataError where a file is not Brå's, or lacks a region, an offence or a period that was asked for."""
        asked = read_query(BraQuery, request.source.query)
        found = _Counts()
        units: dict[str, str] = {}
        seen: list[Cell] = []
        for file in asked.files:
            path = input_file(request, file, (".txt", ".csv"), "query.files")
            cells = read_export(path.read_bytes(), file)
            seen += cells
            units |= _units(cells, asked, file)
            _take(cells, units, asked, file, found)
        return _collected(request, asked, found, units, seen)


CONNECTOR = Bra()


def _units(cells: list[Cell], asked: BraQuery, file: str) -> dict[str, str]:
    """Region of the file → unit of the panel, for those that are taken."""
    faults = Faults(file)
    first_line: dict[str, int] = {}
    for cell in cells:
        first_line.setdefault(cell.region, cell.line)
    units = {}
    for region, line in first_line.items():
        code = code_of(region)
        larger = region == COUNTRY or bool(_LARGER.fullmatch(region))
        if code is None and not larger:
            faults.add("Region", f'"{region}" is no municipality, county, region or country.{_near(region)}', line)
        elif region in asked.regions:
            units[region] = code or region
        elif code is not None and not asked.regions:
            units[region] = code
    faults.raise_any()
    return units


def _near(region: str) -> str:
    return did_you_mean(region, [*municipalities().values(), COUNTRY])


def _take(cells: list[Cell], units: dict[str, str], asked: BraQuery, file: str, found: _Counts) -> None:
    faults = Faults(file)
    wanted = {tuple(reversed(key.rsplit(UNDER, 1))): column for key, column in asked.offences.items()}
    calendar = Calendar(asked.period)
    first, last = calendar.number(asked.first), calendar.number(asked.last)
    unclear: dict[str, set[str]] = {}
    for cell in cells:
        column = wanted.get((cell.offence, cell.parent)) or wanted.get((cell.offence,))
        if column is None or cell.unit != asked.period or cell.region not in units:
            continue
        if not first <= calendar.number(cell.label) <= last:
            continue
        if cell.preliminary:
            found.preliminary.add((units[cell.region], cell.label))
            if asked.preliminary == "leave_out":
                continue
        key = (units[cell.region], cell.label, column)
        held = found.count.get(key)
        if key in found.count and held is not None and cell.count is not None and held != cell.count:
            if found.where[key].startswith(f"{file}:"):
                unclear.setdefault(cell.offence, set()).add(cell.parent)
                unclear[cell.offence].add(found.where[key].rpartition(":")[2])
            else:
                other = found.where[key].partition(":")[0]
                message = f"{cell.offence}, {cell.region}, {cell.label}: {cell.count} here and {held} in {other}"
                faults.add("", f"{message}; the two were exported at different times: keep the newer file", cell.line)
            continue
        found.twice += key in found.count
        if held is None:
            found.count[key], found.where[key] = cell.count, f"{file}:{cell.parent}"
    for offence, parents in unclear.items():
        told = listed(f'"{parent}{UNDER}{offence}"' for parent in sorted(parents) if parent)
        faults.add(
            "Brott", f'"{offence}" stands under several parents with different numbers; write one of {told} in query.offences'
        )
    faults.raise_any()


def _collected(request: Request, asked: BraQuery, found: _Counts, units: dict[str, str], seen: list[Cell]) -> Collected:
    faults = Faults(", ".join(asked.files))
    held = {cell.region for cell in seen}
    for region in asked.regions:
        if region not in held:
            faults.add("query.regions", f'"{region}" is not in the files.{did_you_mean(region, held)}')
    labels = {(cell.offence, cell.parent) for cell in seen}
    for wanted in asked.offences:
        *parent, offence = wanted.rsplit(UNDER, 1)
        if not any(offence == name and (not parent or parent[0] == above) for name, above in labels):
            near = did_you_mean(offence, {name for name, _ in labels})
            faults.add("query.offences", f'"{wanted}" is not in the files.{near}')
    periods = sorted({cell.unit for cell in seen})
    if asked.period not in periods:
        faults.add("query.period", f"the files hold figures per {listed(periods)} and none per {asked.period}")
    faults.raise_any()
    if not units:
        message = f"{', '.join(asked.files)}: holds no municipality; write the regions to take in query.regions"
        raise DataError(message)
    calendar = Calendar(asked.period)
    labelled = [calendar.label(n) for n in range(calendar.number(asked.first), calendar.number(asked.last) + 1)]
    columns = list(asked.offences.values())
    rows = [(unit, label) for unit in sorted(set(units.values())) for label in labelled]
    absent = [(unit, label) for unit, label in rows if not any((unit, label, column) in found.count for column in columns)]
    left = {key for key in absent if key in found.preliminary}
    _refuse_missing([key for key in absent if key not in left], len(rows), asked)
    rows = [key for key in rows if key not in left]
    if not rows:
        message = f"{', '.join(asked.files)}: all figures of the window are preliminary and are left out"
        raise DataError(message)
    table = {"unit": [unit for unit, _ in rows], "period": [label for _, label in rows]}
    counts = {column: [found.count.get((*row, column)) for row in rows] for column in columns}
    for column, values in counts.items():
        if all(value is None for value in values):
            faults.add(
                column, 'stands only as ".." in the files, as a heading over others: choose the offence itself in the export'
            )
    faults.raise_any()
    marks = (
        {"preliminary": [int(row in found.preliminary) for row in rows]}
        if found.preliminary and asked.preliminary == "keep"
        else {}
    )
    out = pa.table({**table, **{c: pa.array(v, pa.int64()) for c, v in counts.items()}, **marks})
    said = partial(say, request.language, "bra")
    breaks, remarks = _remarks(asked, found, counts, rows, said)
    return collected(
        request, asked.files, out, said("unit"), remarks, producer=said("producer"), licence=said("licence"), breaks=breaks
    )


def _refuse_missing(absent: list[tuple[str, str]], of: int, asked: BraQuery) -> None:
    if absent:
        told = listed((f"{unit} {label}" for unit, label in absent), 6)
        message = (
            f"{', '.join(asked.files)}: {len(absent)} of {of} combinations of region and period are not in the files: {told}. "
            "Brå gives at most 10 000 cells at a time: export the rest and name every file in query.files"
        )
        raise DataError(message)


def _remarks(
    asked: BraQuery,
    found: _Counts,
    counts: dict[str, list[int | None]],
    rows: list[tuple[str, str]],
    said: Callable[..., str],
) -> tuple[tuple[Break, ...], list[str]]:
    """Breaks that the figures themselves show, and what a reader must know."""
    remarks = [said("reported"), said("place"), said("categories")]
    breaks: list[Break] = []
    every = sorted({label for _, label in rows})
    for column, values in counts.items():
        missing = [row for row, value in zip(rows, values, strict=True) if value is None]
        if missing:
            told = listed((f"{unit} {label}" for unit, label in missing), 4)
            remarks.append(said("absent", column=column, n=len(missing), of=len(rows), cells=told))
        known = sorted({label for (_, label), value in zip(rows, values, strict=True) if value is not None})
        if known[0] != every[0]:
            breaks.append(Break(known[0], said("begins"), (column,)))
        if known[-1] != every[-1]:
            breaks.append(Break(every[every.index(known[-1]) + 1], said("ends"), (column,)))
    if found.preliminary:
        labels = sorted({label for _, label in found.preliminary})
        key = "left_out" if asked.preliminary == "leave_out" else "preliminary"
        remarks.append(said(key, periods=listed(labels, 12)))
    if found.twice:
        remarks.append(said("twice", n=found.twice))
    return tuple(breaks), remarks
