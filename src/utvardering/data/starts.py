"""When did each unit get the measure? From `[[treated]]`, or from columns of the panel (`[treated_from]`)."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults
from utvardering.data.numbers import MISSING
from utvardering.data.privacy import quote
from utvardering.data.sheet import Sheet, Units
from utvardering.study.model import Study

Moment = dt.date | int
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}.*")


@dataclass(frozen=True)
class Start:
    """Start and end of the measure in a unit: dates, or integers for a panel without a calendar."""

    moment: Moment
    end: Moment | None = None


def named_starts(study: Study, units: Units, faults: Faults) -> dict[int, Start]:
    """Starts by place of the unit, from `[[treated]]`; a unit that is not in the panel is a fault of the study file."""
    starts: dict[int, Start] = {}
    for number, treated in enumerate(study.treated):
        key = f"treated[{number}].unit"
        place = units.find(treated.unit)
        if place is None:
            unknown_unit(study, key, treated.unit, units, faults)
        elif place in starts:
            faults.add(key, f'"{treated.unit}" is treated already', study.line(key))
        else:
            starts[place] = Start(treated.start, treated.end)
    return starts


def unknown_unit(study: Study, key: str, unit: str, units: Units, faults: Faults) -> None:
    """The fault of a study file that names a unit which the panel lacks."""
    faults.add(key, f'"{unit}" is not a unit of the panel.{units.did_you_mean(unit)}', study.line(key))


def column_starts(study: Study, sheet: Sheet, concerned: NDArray[np.bool_], faults: Faults) -> dict[int, Start]:
    """Starts by place of the unit, from the columns of `[treated_from]`."""
    rule = study.treated_from
    if rule is None:
        return {}
    if rule.column:
        return _dated(sheet, rule.column, faults)
    column = rule.indicator or rule.share
    under = sheet.numbers(column, faults)
    if rule.indicator:
        under = _switched_on(sheet, under, column, concerned, faults)
    places, positions = _first_positive(under)
    return {
        int(place): Start(_moment(sheet.calendar, sheet.first + int(at))) for place, at in zip(places, positions, strict=True)
    }


def shares(study: Study, sheet: Sheet, starts: dict[int, Start], faults: Faults) -> NDArray[np.float64] | None:
    """(N, T) share of each period under the measure, where the study names such a column."""
    column = study.treated_from.share if study.treated_from else ""
    if not column:
        return None
    values = sheet.numbers(column, faults)
    wrong = (values < 0) | (values > 1)
    faults.add_rows(_rows(sheet, wrong), column, lambda row: _not_a_share(sheet.table.cell(column, row)))
    began = np.array([_position(sheet, starts.get(place)) for place in range(len(values))])
    early = (values > 0) & ~wrong & (np.arange(values.shape[1]) < began[:, None])
    treated = np.isfinite(began)[:, None]
    faults.add_rows(_rows(sheet, early & treated), column, lambda row: _early(sheet, row, column))
    faults.add_rows(
        _rows(sheet, np.isnan(values) & treated), column, lambda _: "is empty for a treated unit; needs a share from 0 to 1"
    )
    return np.where(treated, np.nan_to_num(values), 0.0)


def _dated(sheet: Sheet, column: str, faults: Faults) -> dict[int, Start]:
    starts = {}
    for place, text in enumerate(sheet.constant(column, faults)):
        if text in MISSING:
            continue
        try:
            starts[place] = Start(_read_moment(sheet.calendar, text))
        except ValueError:
            row = int(sheet.row_at[place][sheet.row_at[place] >= 0].min())
            faults.add(
                column,
                f"needs a date or a {sheet.calendar.unit} such as {sheet.calendar.example}, found {quote(text)}; "
                "leave it empty for a unit that never got the measure",
                int(sheet.table.rows[row]),
            )
    return starts


def _switched_on(
    sheet: Sheet, values: NDArray[np.float64], column: str, concerned: NDArray[np.bool_], faults: Faults
) -> NDArray[np.float64]:
    wrong = concerned[:, None] & ~np.isin(values, (0, 1)) & (sheet.row_at >= 0)
    faults.add_rows(
        _rows(sheet, wrong), column, lambda row: f"needs 0 or 1, found {sheet.table.cell(column, row) or 'nothing'}"
    )
    on = np.maximum.accumulate(np.nan_to_num(values) > 0, axis=1)
    off = concerned[:, None] & on & (values == 0)
    once = off & (np.cumsum(off, axis=1) == 1)

    def message(row: int) -> str:
        place, at = sheet.unit[row], sheet.position[row]
        began = sheet.label(int(np.argmax(values[place] == 1)))
        return (
            f'"{sheet.units.names[place]}" switches off in {sheet.label(at)} after it switched on in {began}; '
            "write a measure that ended as [[treated]] with its end"
        )

    faults.add_rows(_rows(sheet, once), column, message)
    return values


def _first_positive(values: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    positive = np.nan_to_num(values) > 0
    places = np.flatnonzero(positive.any(axis=1))
    return places, positive[places].argmax(axis=1)


def _read_moment(calendar: Calendar, text: str) -> Moment:
    if calendar.unit != "index" and _DAY.fullmatch(text):
        return dt.date.fromisoformat(text[:10])
    return _moment(calendar, calendar.number(text))


def _moment(calendar: Calendar, number: int) -> Moment:
    return number if calendar.unit == "index" else calendar.date(number)


def _position(sheet: Sheet, start: Start | None) -> float:
    return np.inf if start is None else sheet.calendar.number(start.moment) - sheet.first


def _rows(sheet: Sheet, cells: NDArray[np.bool_]) -> NDArray[np.int64]:
    return np.sort(sheet.row_at[cells & (sheet.row_at >= 0)])


def _not_a_share(text: str) -> str:
    return f"needs a share from 0 to 1, found {text}"


def _early(sheet: Sheet, row: int, column: str) -> str:
    text = sheet.table.cell(column, row)
    return f'is {text} for "{sheet.units.names[sheet.unit[row]]}" {sheet.label(sheet.position[row])}, before its start'
