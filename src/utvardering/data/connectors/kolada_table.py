"""From the cells of Kolada to a table: counts rebuilt, pooled years kept once, and every empty cell with its reason."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from utvardering.data.connectors.base import Collected
from utvardering.data.connectors.kolada_figures import Cube, coverage, rebuilt, repeated_years
from utvardering.data.connectors.kolada_query import OFFENCES, Figure, KoladaQuery
from utvardering.data.faults import MOST, listed
from utvardering.data.municipalities import municipalities
from utvardering.errors import DataError, Problem
from utvardering.wording import number, percent, say

PERCENT = 100
MOST_LISTED = 10
ZERO_OR_UNKNOWN = "zero or not known"
REPEATED = "repeated in the next year"


@dataclass(frozen=True)
class Gap:
    """A cell without a value, and why."""

    column: str
    unit: str
    year: int
    reason: str


@dataclass(frozen=True)
class _Column:
    """(N, T) values of a column, with the figure that they are of, and the years that the next one repeats."""

    name: str
    id: str
    values: NDArray[np.float64]
    repeated: NDArray[np.bool_]
    zeros_until: int | None = None


@dataclass(frozen=True)
class Answer:
    """What Kolada answered to a query; in the cube the nation stands after the units, where it was asked for."""

    query: KoladaQuery
    cube: Cube
    units: tuple[str, ...]
    titles: Mapping[str, str]
    language: str
    address: str

    def collected(self) -> Collected:
        """The table with its provenance; a DataError where a rate is no count, a value is repeated or a cell is missing."""
        columns = [column for figure in self.query.figures for column in self._columns(figure)]
        if self.query.counts:
            values = self._own(self.query.population)
            columns.append(_Column(self.query.population_column, self.query.population, values, _none(values)))
        gaps = [gap for column in columns for gap in self._gaps(column)]
        self._refuse(gaps, columns)
        gaps.sort(key=lambda gap: (gap.unit, gap.year, gap.column))
        return Collected(
            table=self._tidy(columns),
            unit=self._unit(),
            licence=self._say("licence"),
            producer=self._say("producer"),
            title="; ".join(f"{name} {title}" for name, title in self.titles.items()),
            address=f"{self.address}/data/kpi/{','.join(self.titles)}",
            remarks=tuple(self._remarks(columns, gaps)),
            beside={"missing": _table_of(gaps)} if gaps else {},
            polarity={figure.column: figure.polarity for figure in self.query.figures},
        )

    def _own(self, figure: str) -> NDArray[np.float64]:
        return self.cube.of(figure)[: len(self.units)]

    def _columns(self, figure: Figure) -> Iterator[_Column]:
        """The column of a figure, and that of its margin of error."""
        values = self._own(figure.id)
        if figure.form == "count":
            values, off = rebuilt(values, self._own(self.query.population))
            self._refuse_fractions(figure, off)
        repeated = _none(values) if figure.form == "count" else self._repeated(figure, values)
        scale = PERCENT if figure.form == "share" else 1
        for name, id_, held in (
            (figure.column, figure.id, values),
            *([(f"{figure.column}_margin", figure.margin_id, self._own(figure.margin_id))] if figure.margin else []),
        ):
            kept = np.where(repeated, np.nan, held) / scale
            yield _Column(name, id_, kept, repeated, figure.zeros_as_missing_until)

    def _refuse_fractions(self, figure: Figure, off: NDArray[np.float64]) -> None:
        """A DataError where a rate × population is no count: then it is the rate of another population."""
        wrong = np.argwhere(off > self.query.rounding).tolist()
        if not wrong:
            return
        n, t = divmod(int(np.nanargmax(off)), off.shape[1])
        told = listed([self._cell(n, t) for n, t in wrong], MOST_LISTED)
        message = (
            f"{figure.id} × {self.query.population} / 100 000 is no whole number in {len(wrong)} of {(~np.isnan(off)).sum()} "
            f"cells: {told}. The furthest is {off[n, t]:.2f} off ({self._cell(n, t)}). "
            'If the rate is of another population, fetch it as it stands: form = "value"'
        )
        raise DataError(message)

    def _repeated(self, figure: Figure, values: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(T,) years whose value is that of the next year too; a DataError where nobody said that years are pooled."""
        repeated = repeated_years(values)
        if repeated.any() and figure.pooled_years == 1:
            years = ", ".join(f"{self.cube.years[t]} and {self.cube.years[t] + 1}" for t in np.flatnonzero(repeated))
            message = (
                f"{figure.id} ({figure.column}): nearly every municipality has the same value in {years}: one value, "
                "written in two years. Write pooled_years = 2: then it is kept once, in the last of its years"
            )
            raise DataError(message)
        return repeated

    def _gaps(self, column: _Column) -> Iterator[Gap]:
        for n, t in np.argwhere(np.isnan(column.values)).tolist():
            unit, year = self.units[n], self.cube.years[t]
            answered = self.cube.reasons.get((column.id, unit, year), "not in the answer")
            early = column.zeros_until is not None and year <= column.zeros_until
            reason = REPEATED if column.repeated[t] else ZERO_OR_UNKNOWN if early else answered
            yield Gap(column.name, unit, year, reason)

    def _refuse(self, gaps: list[Gap], columns: list[_Column]) -> None:
        """A DataError with every missing cell that the query does not allow, by figure and year."""
        if self.query.allow_missing:
            return
        fine = (ZERO_OR_UNKNOWN, REPEATED)
        refused = [gap for gap in gaps if gap.reason not in fine and gap.year not in self.query.missing_years]
        if not refused:
            return
        problems = []
        for column in columns:
            own = [gap for gap in refused if gap.column == column.name]
            for year in sorted({gap.year for gap in own}):
                units = [f"{municipalities()[gap.unit]} ({gap.unit}: {gap.reason})" for gap in own if gap.year == year]
                told = f"{len(units)} of {len(self.units)} municipalities: {listed(units, MOST_LISTED)}"
                problems.append(Problem(f"{column.id} {column.name} {year}", told))
        more = [Problem("", f"and {len(problems) - MOST} more")] if len(problems) > MOST else []
        message = (
            f"{self.address}: {len(refused)} of {sum(column.values.size for column in columns)} cells are missing. "
            "Ask for other years or municipalities; or write missing_years = […] or allow_missing = true in the query, "
            "and they are left empty and listed"
        )
        raise DataError(message, (*problems[:MOST], *more))

    def _remarks(self, columns: list[_Column], gaps: list[Gap]) -> Iterator[str]:
        """What a reader of the figures must know, in words."""
        counted = Counter((gap.column, gap.reason in (ZERO_OR_UNKNOWN, REPEATED)) for gap in gaps)
        for column in columns:
            if early := [gap for gap in gaps if (gap.column, gap.reason) == (column.name, ZERO_OR_UNKNOWN)]:
                yield self._zeros(column, early)
            if column.repeated.any():
                years = ", ".join(str(self.cube.years[t]) for t in np.flatnonzero(column.repeated))
                yield self._say("pooled", column=column.name, years=years)
            if other := counted[column.name, False]:
                yield self._say("missing", column=column.name, cells=self._n(other))
            if self.query.municipalities == "all" and column.id in {figure.id for figure in self.query.counts}:
                yield self._coverage(column)
        if self.cube.marked:
            yield self._say("marked", cells=self._n(self.cube.marked))
        if any(figure.id in OFFENCES for figure in self.query.figures):
            yield self._say("offences")

    def _zeros(self, column: _Column, early: list[Gap]) -> str:
        """Cells that may be zeros stay empty; the largest municipality among them shows whether zero is likely."""
        years = sum(year <= (column.zeros_until or 0) for year in self.cube.years)
        facts = {"cells": self._n(len(early)), "of": self._n(years * len(self.units)), "last": column.zeros_until}
        said = self._say("zeros", column=column.name, **facts)
        if not self.query.counts:
            return said
        population = self._own(self.query.population)

        def people(gap: Gap) -> float:
            return float(np.nan_to_num(population[self.units.index(gap.unit), self.cube.years.index(gap.year)]))

        largest = max(early, key=people)
        name = municipalities()[largest.unit]
        return f"{said} {self._say('largest', unit=name, year=largest.year, people=self._n(people(largest)))}"

    def _coverage(self, column: _Column) -> str:
        nation, _ = rebuilt(self.cube.of(column.id)[-1:], self.cube.of(self.query.population)[-1:])
        share = coverage(column.values, nation[0])
        known = share[~np.isnan(share)]
        if not len(known):
            return self._say("no_nation", column=column.name)
        low, high = (percent(float(value), self.language) for value in (known.min(), known.max()))
        return self._say("coverage", column=column.name, low=low, high=high)

    def _tidy(self, columns: list[_Column]) -> pa.Table:
        """A row per unit and year; whole numbers as integers."""
        data = {
            "unit": pa.array(np.repeat(np.array(self.units), len(self.cube.years)).tolist(), pa.string()),
            "period": pa.array(list(self.cube.years) * len(self.units), pa.int64()),
        }
        for column in columns:
            flat = column.values.ravel()
            values = pa.array(flat, pa.float64(), from_pandas=True)
            whole = bool(np.all(np.isnan(flat) | (flat == np.round(flat))))
            data[column.name] = values.cast(pa.int64()) if whole else values
        return pa.table(data)

    def _unit(self) -> str:
        forms = {figure.column: self._say(figure.form) for figure in self.query.figures}
        forms |= {self.query.population_column: self._say("people")} if self.query.counts else {}
        return self._say("unit", columns=", ".join(f"{column}: {form}" for column, form in forms.items()))

    def _cell(self, n: int, t: int) -> str:
        return f"{municipalities()[self.units[n]]} {self.cube.years[t]}"

    def _n(self, value: float) -> str:
        return number(float(value), self.language, 0)

    def _say(self, key: str, **facts: object) -> str:
        return say(self.language, "kolada", key, **facts)


def _none(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.zeros(values.shape[1], dtype=bool)


def _table_of(gaps: list[Gap]) -> pa.Table:
    return pa.table(
        {
            "unit": [gap.unit for gap in gaps],
            "period": [gap.year for gap in gaps],
            "column": [gap.column for gap in gaps],
            "reason": [gap.reason for gap in gaps],
        }
    )
