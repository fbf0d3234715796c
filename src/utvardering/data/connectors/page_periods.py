"""Which period does a heading or a cell mean? `2019` over `kv 1`, `jan 2019`, a date, or Excel's number of a day."""

from __future__ import annotations

import datetime as dt
import re

from utvardering.data.calendar import Calendar
from utvardering.data.connectors.page_cells import Value
from utvardering.study.vocabulary import MONTHS, fold

_QUARTER = re.compile(r"(?:kv|kvartal|q|k)?\.?[ _]?([1-4])(?:\.?[ _]?(?:kv|kvartalet|kvartal|q|k)\.?)?")
_SERIAL = range(20_000, 80_000)  # days from 1954 to 2119 in Excel's count: no year is as large


def text_of(value: Value) -> str:
    """A cell as text: whole numbers without decimals, dates as 2019-07-01."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    return " ".join(str(value).split())


def year_of(value: Value) -> int | None:
    """The year that a heading names, such as `2019`, `År 2019` or `2019*`; None where it names none."""
    if isinstance(value, dt.date):
        return value.year
    found = re.fullmatch(r"(?:år )?((?:19|20)\d{2})[*¹²³)]*", text_of(value).lower())
    return int(found[1]) if found else None


def part_of(value: Value, unit: str) -> int | None:
    """Which month or quarter of a year a heading names: `mars`, `3`, `kv 1`, `Q1`; None where it names none."""
    if isinstance(value, dt.date):
        return value.month if unit == "month" else (value.month + 2) // 3
    said = text_of(value).lower().strip(". ")
    if unit == "quarter":
        found = _QUARTER.fullmatch(said)
        return int(found[1]) if found else None
    if said.isdigit():
        return int(said) if 1 <= int(said) <= len(MONTHS) else None
    return MONTHS.index(fold(said)[:3]) + 1 if fold(said)[:3] in MONTHS and said.isalpha() else None


def label(year: int, part: int, unit: str) -> str:
    """`2019-03`, `2019K1` or `2019`."""
    return f"{year:04d}-{part:02d}" if unit == "month" else f"{year:04d}K{part}" if unit == "quarter" else f"{year:04d}"


def period_of(value: Value, unit: str, epoch: dt.date) -> tuple[str, bool] | None:
    """Label of the period that one cell names, and whether it was a number of a day; None where it names none."""
    calendar = Calendar(unit)
    if isinstance(value, int | float) and not isinstance(value, bool) and int(value) in _SERIAL:
        return calendar.label(calendar.number(epoch + dt.timedelta(days=int(value)))), True
    if isinstance(value, dt.datetime | dt.date):
        return calendar.label(calendar.number(value)), False
    said = text_of(value)
    try:
        return calendar.label(calendar.number(said)), False
    except ValueError:
        pass
    words = re.fullmatch(r"(.+?)[ -]?((?:19|20)\d{2})|((?:19|20)\d{2})[ -]?(.+)", said)
    if unit == "year":
        year = year_of(value)
        return (label(year, 1, unit), False) if year else None
    if not words or unit == "week":
        return None
    part = part_of(words[1] or words[4], unit)
    return (label(int(words[2] or words[3]), part, unit), False) if part else None
