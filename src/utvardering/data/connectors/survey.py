"""How did people answer, and how sure is it? Shares and means with standard errors, per unit and wave."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.connectors.base import Collected, Request, query_faults, read_query
from utvardering.data.connectors.local import collected, input_file
from utvardering.data.connectors.survey_figures import (
    Array,
    Figures,
    design_effect,
    from_margin,
    from_number,
    mistaken,
    repeated_waves,
    too_few,
    weighted_mean,
    with_company,
)
from utvardering.data.connectors.survey_query import Question, SurveyQuery
from utvardering.data.faults import Faults, listed
from utvardering.data.privacy import quote, refuse_personal_data
from utvardering.data.tables import FORMATS, Table, read_table
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean
from utvardering.wording import number, say

_TREND = 3  # waves before the start from which on a trend can be tested at all
_ODD = (0.2, 25.0)  # design effects that no survey has


class Survey:
    """Connector `survey`."""

    name = "survey"
    query = SurveyQuery

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query."""
        return query_faults(SurveyQuery, query)

    def collect(self, request: Request) -> Collected:
        """Figures per unit and wave; a DataError that names every cell that is no share, margin or number of answers."""
        asked = read_query(SurveyQuery, request.source.query)
        table = read_table(input_file(request, asked.file, FORMATS), asked.file)
        refuse_personal_data(table)
        _require(table, asked)
        return _Reading(request, asked, table).collected()


CONNECTOR = Survey()


def _require(table: Table, asked: SurveyQuery) -> None:
    """A DataError that names every column of the query that the file lacks."""
    wanted = {"unit": asked.unit, "period": asked.period, "weight": asked.weight}
    for place, question in enumerate(asked.questions):
        wanted |= {f"questions.{place}.{key}": getattr(question, key) for key in ("value", "margin", "n")}
    faults = Faults(table.name)
    for key, column in wanted.items():
        if column and column not in table.columns:
            faults.add(f"query.{key}", f'"{column}" is not a column of the file.{did_you_mean(column, table.columns)}')
    if faults.found:
        faults.add("", f"the columns are: {listed(table.columns, 40)}")
    faults.raise_any()


class _Reading:
    """The steps of one file."""

    def __init__(self, request: Request, asked: SurveyQuery, table: Table) -> None:
        self.request, self.asked, self.table = request, asked, table
        self.faults = Faults(table.name, table.rows)
        self.remarks: list[str] = []
        self.calendar = Calendar(asked.period_unit)

    def collected(self) -> Collected:
        units, unit, waves, wave = self._cells()
        cells, first, back = np.unique(unit * len(waves) + wave, return_index=True, return_inverse=True)
        if self.asked.rows == "units":
            again = np.setdiff1d(np.arange(len(unit)), first)
            self.faults.add_rows(
                again, "", lambda row: f'"{units[unit[row]]}" {self.calendar.label(waves[wave[row]])} stands above already'
            )
        figures = {}
        for question in self.asked.questions:
            if self.asked.rows == "units":
                found = self._aggregated(question)
                figures[question.column] = Figures(*(column[first] for column in (found.value, found.std_error, found.n)))
            else:
                figures[question.column] = self._summed(question, back, len(cells))
        self.faults.raise_any()
        cell_unit, cell_wave = np.divmod(cells, len(waves))
        figures = {column: self._without_few(column, found) for column, found in figures.items()}
        kept = self._unpooled(figures, cell_unit, cell_wave, waves)
        left = np.unique(cell_wave[kept])
        if len(left) < _TREND:
            self._remark("no_trend", waves=len(left))
        labels = [self.calendar.label(value) for value in waves]
        columns = {
            "unit": pa.array([units[place] for place in cell_unit[kept]]),
            "period": pa.array([labels[place] for place in cell_wave[kept]]),
        }
        for column, found in figures.items():
            columns |= {column: _known(found.value[kept]), f"{column}_std_error": _known(found.std_error[kept])}
            columns |= {f"{column}_n": _known(found.n[kept])} if np.isfinite(found.n).any() else {}
        polarity = {question.column: question.polarity for question in self.asked.questions}
        unit_said = say(self.request.language, "survey", "unit")
        return collected(self.request, (self.asked.file,), pa.table(columns), unit_said, self.remarks, polarity=polarity)

    def _remark(self, key: str, **facts: object) -> None:
        self.remarks.append(say(self.request.language, "survey", key, **facts))

    def _cells(self) -> tuple[list[str], NDArray[np.int64], list[int], NDArray[np.int64]]:
        """Units with the unit of each row, and waves with the wave of each row."""
        units, unit = self.table.codes(self.asked.unit)
        self.faults.add_rows(
            np.flatnonzero(np.isin(unit, [k for k, u in enumerate(units) if not u])), self.asked.unit, lambda _: "is empty"
        )
        order = np.argsort(np.argsort(units))
        texts, code = self.table.codes(self.asked.period)
        numbers, wrong = np.zeros(len(texts), dtype=np.int64), []
        for place, text in enumerate(texts):
            try:
                numbers[place] = self.calendar.number(text)
            except ValueError:
                wrong.append(place)
        needs = f"needs a {self.calendar.unit} such as {self.calendar.example}, found "
        self.faults.add_rows(
            np.flatnonzero(np.isin(code, wrong)),
            self.asked.period,
            lambda row: needs + (quote(texts[code[row]]) if texts[code[row]] else "nothing"),
        )
        self.faults.raise_any()
        waves = sorted({int(value) for value in numbers[code]})
        return sorted(units), order[unit].astype(np.int64), waves, np.searchsorted(waves, numbers[code]).astype(np.int64)

    def _numbers(self, column: str) -> Array:
        found = self.table.numbers(column)
        self.faults.add_rows(
            np.flatnonzero(found.bad), column, lambda row: f"needs a number, found {quote(self.table.cell(column, row))}"
        )
        return found.floats

    def _aggregated(self, question: Question) -> Figures:
        """Figures of rows that are units in waves, on the scale 0 to 1 for shares."""
        value = self._numbers(question.value)
        most = {"share": 1.0, "percent": 100.0, "mean": np.inf}[question.scale]
        least = 0.0 if question.scale != "mean" else -np.inf
        known = value[np.isfinite(value)]
        if question.scale == "share" and len(known) and np.median(known) > 1:
            self.faults.add(question.value, 'holds numbers above 1; write scale = "percent"')
        elif question.scale == "percent" and len(known) and known.max() <= 1:
            self.faults.add(question.value, 'holds no number above 1; write scale = "share"')
        else:
            wrong = np.flatnonzero((value < least) | (value > most))
            self.faults.add_rows(wrong, question.value, lambda row: f"needs {least:g} to {most:g}, found {value[row]:g}")
        per = 100.0 if question.scale == "percent" else 1.0
        n = self._numbers(question.n) if question.n else np.full(len(value), np.nan)
        self.faults.add_rows(
            np.flatnonzero((n < 0) | (n % 1 != 0) & np.isfinite(n)),
            question.n,
            lambda row: f"needs a number of persons, found {n[row]:g}",
        )
        if not question.margin:
            self._remark("from_number", column=question.column)
            return Figures(value / per, from_number(value / per, n), n)
        margin = self._numbers(question.margin)
        self.faults.add_rows(
            np.flatnonzero((margin < 0) | (margin > max(most, 100.0))),  # a share in percent is told already
            question.margin,
            lambda row: f"needs a margin of 0 or more, found {margin[row]:g}",
        )
        is_error = question.margin_is == "std_error"
        found = Figures(value / per, from_margin(margin / per, question.level, is_error=is_error), n)
        if question.scale != "mean" and question.n and not self.faults.found:
            self._weigh(question, found, is_error=is_error)
        return found

    def _weigh(self, question: Question, found: Figures, *, is_error: bool) -> None:
        """Margins against numbers of answers."""
        effect = design_effect(found.value, found.std_error, found.n)
        if mistaken(effect, question.level, is_error=is_error):
            other = "margin" if is_error else "std_error"
            now = "standard errors" if is_error else "margins"
            self.faults.add(
                question.margin,
                f'are too {"large" if is_error else "small"} for {now} with these n; write margin_is = "{other}"',
            )
            return
        odd = np.flatnonzero((effect < _ODD[0]) | (effect > _ODD[1]))
        self.faults.add_rows(
            odd,
            question.margin,
            lambda row: (
                f"does not go with n = {found.n[row]:.0f}: its variance is {effect[row]:.2g} times that of a random sample"
            ),
        )
        known = effect[np.isfinite(effect)]
        if len(known):
            facts = {"column": question.column, "effect": number(float(np.median(known)), self.request.language, 1)}
            self._remark("design_effect", **facts)

    def _summed(self, question: Question, cell: NDArray[np.int64], cells: int) -> Figures:
        """Figures of rows that are persons."""
        texts, code = self.table.codes(question.value)
        values = np.full(len(texts), np.nan)
        if question.scale == "share":
            spelled = dict.fromkeys(question.yes, 1.0) | dict.fromkeys(question.no, 0.0)
            spelled |= dict.fromkeys([*question.without, ""], np.nan)
            unknown = [text for text in texts if text not in spelled]
            if unknown:
                told = listed(map(quote, unknown), 6)
                self.faults.add(question.value, f"holds the answers {told}; write each in yes, no or without")
            values = np.array([spelled.get(text, np.nan) for text in texts])
            value = values[code]
        else:
            left = np.isin(code, [k for k, text in enumerate(texts) if text in question.without])
            read = self.table.numbers(question.value)
            self.faults.add_rows(
                np.flatnonzero(read.bad & ~left), question.value, lambda _: "needs a number, or an answer in without"
            )
            value = np.where(left, np.nan, read.floats)
        weight = self._numbers(self.asked.weight) if self.asked.weight else np.ones(len(value))
        self.faults.add_rows(np.flatnonzero(~(weight > 0)), self.asked.weight, lambda _: "needs a weight above 0")
        used = np.isfinite(value) & (weight > 0)
        without = int((~used).sum())
        if without:
            language = self.request.language
            self._remark("without", column=question.column, n=number(without, language, 0), of=number(len(used), language, 0))
        return weighted_mean(value[used], weight[used], cell[used], cells)

    def _without_few(self, column: str, found: Figures) -> Figures:
        """Figures with those of too few persons taken away."""
        question = next(one for one in self.asked.questions if one.column == column)
        few = too_few(found, self.asked.smallest, share=question.scale != "mean")
        if not few.any():
            return found
        if self.asked.rows == "persons":  # the number of all answers is told, so one hidden cell alone would follow from it
            few = with_company(few, found.n, self.asked.smallest)
        self._remark("few", column=column, cells=int(few.sum()), smallest=self.asked.smallest)
        return Figures(*(np.where(few, np.nan, held) for held in (found.value, found.std_error, found.n)))

    def _unpooled(
        self, figures: dict[str, Figures], unit: NDArray[np.int64], wave: NDArray[np.int64], waves: list[int]
    ) -> NDArray[np.bool_]:
        """(m,) which cells are kept, of waves that repeat each other."""
        values = np.column_stack([held for found in figures.values() for held in (found.value, found.std_error)])
        pairs = repeated_waves(values, wave, unit)
        kept = np.ones(len(unit), dtype=bool)
        if not pairs:
            return kept
        label = self.calendar.label
        told = listed(f"{label(waves[early])} and {label(waves[late])}" for early, late in pairs)
        chained = any(one[1] == other[0] for one, other in pairwise(pairs))
        if self.asked.pooled == "refuse" or chained:
            hint = (
                "three waves in a row cannot all be one" if chained else 'write pooled = "first" or "last" for the one to keep'
            )
            message = (
                f"{self.asked.file}: the waves {told} hold the same figures for nearly all units, as if two years were pooled: "
                f"one wave and not two; {hint}"
            )
            raise DataError(message)
        for early, late in pairs:
            kept &= wave != (late if self.asked.pooled == "first" else early)
        self._remark("pooled", waves=told.replace(" and ", "/"))
        return kept


def _known(values: Array) -> pa.Array:
    return pa.array([None if np.isnan(value) else float(value) for value in values], pa.float64())
