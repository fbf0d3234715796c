"""What does a workbook say as a municipality sent it? Titles, headings over headings, totals and notes become a tidy table."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import Field, StrictFloat, StrictInt, StrictStr, model_validator

from utvardering.data.connectors.base import Collected, Query, Request, query_faults, read_query
from utvardering.data.connectors.local import collected, input_file
from utvardering.data.connectors.page_cells import FORMATS, Page, read_pages
from utvardering.data.connectors.page_layout import Remark, Sheet, Wanted, is_total, lay_out
from utvardering.data.connectors.page_periods import period_of, text_of
from utvardering.data.faults import listed
from utvardering.data.privacy import quote, refuse_personal_data
from utvardering.data.tables import Table
from utvardering.errors import DataError, Problem
from utvardering.study.vocabulary import did_you_mean
from utvardering.wording import number, say

Level = Literal["year", "quarter", "month", "period", "outcome"]
MISSING = "missing"


class SpreadsheetQuery(Query):
    """A workbook (xlsx or ods) with a table in each of its sheets."""

    file: StrictStr = Field(description="Workbook, from the study's folder: xlsx, xlsm or ods")
    sheets: tuple[StrictStr, ...] = Field((), description="Sheets to read; none: every visible one")
    sheet_is: Literal["", "unit", "period", "outcome"] = Field("", description="What the name of a sheet says")
    unit: StrictStr = Field("", description="Heading of the column with the units; the header is looked for by it")
    levels: tuple[Level, ...] = Field(
        ("outcome",), min_length=1, max_length=3, description="What each row of the header holds, from above"
    )
    period: StrictStr = Field("", description="Heading of the column with the periods, where they stand in rows")
    period_unit: Literal["week", "month", "quarter", "year"] = Field("year", description="Length of the periods")
    outcomes: dict[StrictStr, StrictStr] = Field({}, description="Heading (or name of a sheet) → column")
    outcome: StrictStr = Field("", description="Column of the figures, where no heading says what they are")
    marks: dict[StrictStr, Literal["missing"] | StrictInt | StrictFloat] = Field(
        {}, description='What stands for a number: `{ "-" = 0, ".." = "missing", "<5" = "missing" }`'
    )
    empty: Literal["missing", "zero", "refuse"] = Field("missing", description="What an empty cell means")
    totals: tuple[StrictStr, ...] = Field(
        (), description="Units and headings that are sums, beside Summa, Totalt, Hela kommunen …"
    )
    totals_may_differ: bool = Field(
        default=False, description="Whether a total may be another than the sum of its parts, as for rates"
    )
    hidden: Literal["keep", "leave_out"] = Field("keep", description="What to do with hidden rows, columns and sheets")

    @model_validator(mode="after")
    def _consistent(self) -> SpreadsheetQuery:  # noqa: C901 -- a rule a line, and all of them told at once
        in_header = set(self.levels) & {"year", "period"}
        told = []
        if not self.unit and self.sheet_is != "unit":
            told.append('unit: write the heading of the column with the units, or sheet_is = "unit"')
        if self.unit and self.sheet_is == "unit":
            told.append(
                'unit: the units stand in a column and cannot be the sheets too; take away one of unit and sheet_is = "unit"'
            )
        periods = [bool(in_header), bool(self.period), self.sheet_is == "period"]
        if sum(periods) != 1:
            told.append(
                'the periods stand in one place: in levels ("year" or "period"), in the column period, or sheet_is = "period"'
            )
        if set(self.levels) & {"quarter", "month"} and "year" not in self.levels:
            told.append("levels: a quarter or a month needs the year in another row of the header")
        parts = [part for part in ("quarter", "month") if part in self.levels and self.period_unit != part]
        told += [f'period_unit: write "{part}", since levels holds "{part}"' for part in parts]
        if "year" in self.levels and self.period_unit != "year" and self.period_unit not in self.levels:
            told.append(f'levels: holds years alone; write period_unit = "year", or the row with the {self.period_unit}')
        if len(set(self.levels)) < len(self.levels):
            told.append("levels: holds the same twice")
        outcomes = "outcome" in self.levels or self.sheet_is == "outcome"
        if outcomes and not self.outcomes:
            told.append("outcomes: write which heading becomes which column")
        if not outcomes and not self.outcome:
            told.append("outcome: write the column of the figures")
        if "outcome" in self.levels and self.sheet_is == "outcome":
            told.append("levels: the outcomes stand in the header and cannot be the sheets too")
        told += [f'outcomes: "{name}" is taken' for name in {*self.outcomes.values(), self.outcome} & {"unit", "period"}]
        if told:
            raise ValueError("; ".join(told))
        return self


class Spreadsheet:
    """Connector `spreadsheet`."""

    name = "spreadsheet"
    query = SpreadsheetQuery

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query."""
        return query_faults(SpreadsheetQuery, query)

    def collect(self, request: Request) -> Collected:
        """The tidy table; a DataError that names every cell that is not what it should be."""
        asked = read_query(SpreadsheetQuery, request.source.query)
        path = input_file(request, asked.file, FORMATS)
        pages, remarks = _chosen(read_pages(path, asked.file), asked)
        whole = Sheet(remarks=remarks)
        for page in pages:
            _add(whole, page, _wanted(page, asked, whole), asked)
        if whole.faults:
            message = f"{asked.file}: {len(whole.faults)} problem{'s' if len(whole.faults) > 1 else ''}"
            raise DataError(message, tuple(Problem("", fault) for fault in whole.faults))
        if not whole.values:
            message = f"{asked.file}: no figures were found in {listed(page.name for page in pages)}"
            raise DataError(message)
        _tell_totals(whole, asked)
        return collected(
            request,
            (asked.file,),
            _table(whole),
            say(request.language, "spreadsheet", "unit"),
            [_said(remark, request.language) for remark in whole.remarks],
        )


CONNECTOR = Spreadsheet()


def _said(remark: Remark, language: str) -> str:
    key, facts = remark
    spelled = {name: number(fact, language, 0) if isinstance(fact, int) else fact for name, fact in facts.items()}
    return say(language, "spreadsheet", key, **spelled)


def _chosen(pages: list[Page], asked: SpreadsheetQuery) -> tuple[list[Page], list[Remark]]:
    """The sheets to read, and a remark on those that are not."""
    names = [page.name for page in pages]
    absent = [name for name in asked.sheets if name not in names]
    if absent:
        told = " ".join(f'"{name}" is no sheet.{did_you_mean(name, names)}' for name in absent)
        message = f"{asked.file}: query.sheets: {told} The sheets are: {listed(names, 20)}"
        raise DataError(message)
    if asked.sheets:
        chosen = [page for page in pages if page.name in asked.sheets]
    else:
        chosen = [page for page in pages if page.cells and not page.hidden]
    left = [page.name for page in pages if page not in chosen]
    hidden = [page.name for page in chosen if page.hidden]
    remarks: list[Remark] = [("sheets_left", {"sheets": listed(map(quote, left), 8)})] if left else []
    remarks += [("hidden_sheet", {"sheet": name}) for name in hidden]
    return chosen, remarks


def _wanted(page: Page, asked: SpreadsheetQuery, whole: Sheet) -> Wanted:
    """What is asked of this sheet, with what its name says."""
    outcome, sheet_period, sheet_unit = asked.outcome, "", ""
    if asked.sheet_is == "outcome":
        outcome = asked.outcomes.get(page.name, "")
        if not outcome:
            whole.faults.append(
                f'sheet {page.name}: is not in query.outcomes; write "{page.name}" = "…", or name the sheets in query.sheets'
            )
    if asked.sheet_is == "period":
        read = period_of(page.name, asked.period_unit, page.epoch)
        if read is None:
            whole.faults.append(
                f"sheet {page.name}: its name is no {asked.period_unit}; name the sheets that are in query.sheets"
            )
        sheet_period = read[0] if read else ""
    if asked.sheet_is == "unit":
        sheet_unit = page.name.strip()
    return Wanted(
        unit=asked.unit,
        levels=asked.levels,
        period=asked.period,
        period_unit=asked.period_unit,
        outcomes=asked.outcomes if "outcome" in asked.levels else {},
        outcome=outcome,
        marks={mark: None if value == MISSING else float(value) for mark, value in asked.marks.items()},
        totals=asked.totals,
        empty=asked.empty,
        leave_hidden=asked.hidden == "leave_out",
        sheet_unit=sheet_unit,
        sheet_period=sheet_period,
    )


def _add(whole: Sheet, page: Page, wanted: Wanted, asked: SpreadsheetQuery) -> None:
    """Add a sheet to what has been read."""
    if wanted.sheet_unit and is_total(wanted.sheet_unit, asked.totals):
        whole.remarks.append(("total_sheet", {"sheet": page.name}))
        return
    sheet = lay_out(page, wanted)
    for column, texts in sheet.texts.items():
        _refuse(asked.file, page, column, texts)
    for key in sheet.values.keys() & whole.values.keys():
        sheet.faults.append(f"{sheet.where[key]}: {' '.join(key)} stands in {whole.where[key]} already")
    whole.values |= sheet.values
    whole.where |= sheet.where
    whole.faults += sheet.faults
    whole.remarks += sheet.remarks
    whole.differing += sheet.differing
    whole.checked += sheet.checked


def _refuse(file: str, page: Page, column: str, texts: list[str]) -> None:
    """A DataError where a column of a sheet looks like personal data."""
    held = {column: pa.array(texts, pa.string())}
    refuse_personal_data(Table(f"{file}, sheet {page.name}", held, np.arange(len(texts), dtype=np.int64)))


def _tell_totals(whole: Sheet, asked: SpreadsheetQuery) -> None:
    """A DataError where totals are other than their parts, unless they may be."""
    if whole.differing and not asked.totals_may_differ:
        told = listed(whole.differing, 4)
        message = (
            f"{asked.file}: {len(whole.differing)} of {whole.checked} totals are not the sum of their parts: {told}. "
            "A row may be missing or double; write totals_may_differ = true where they are rates, or hold what no row holds"
        )
        raise DataError(message)
    if whole.checked:
        agree = whole.checked - len(whole.differing)
        whole.remarks.append(("checked", {"agree": agree, "of": whole.checked}))


def _table(whole: Sheet) -> pa.Table:
    """A row per unit and period, a column per outcome; what is not there is empty."""
    rows = sorted({key[:2] for key in whole.values})
    columns = list(dict.fromkeys(key[2] for key in whole.values))
    table: dict[str, pa.Array] = {
        "unit": pa.array([text_of(unit) for unit, _ in rows]),
        "period": pa.array([period for _, period in rows]),
    }
    for column in columns:
        values = [whole.values.get((*row, column)) for row in rows]
        whole_numbers = all(value is None or value.is_integer() for value in values)
        table[column] = (
            pa.array([None if v is None else int(v) for v in values], pa.int64())
            if whole_numbers
            else pa.array(values, pa.float64())
        )
    return pa.table(table)
