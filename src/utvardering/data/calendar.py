"""Which period does a date, a label or a number belong to? Periods are consecutive integers, whatever their length."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

PER_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1, "index": 1}
"""Periods to a season; `index` has none."""

_WEEK_ZERO = dt.date(1969, 12, 29)  # a Monday
_LABEL = {
    "week": re.compile(r"(\d{4})-?[WV](\d{1,2})", re.IGNORECASE),
    "month": re.compile(r"(\d{4})[-/M]?(\d{1,2})", re.IGNORECASE),
    "quarter": re.compile(r"(\d{4})[- ]?[KQ]([1-4])", re.IGNORECASE),
    "year": re.compile(r"(\d{4})(?:\.0+)?"),
    "index": re.compile(r"(-?\d+)(?:\.0+)?"),
}
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")


@dataclass(frozen=True)
class Calendar:
    """Turns dates and labels into consecutive period numbers and back, for one length of period."""

    unit: str

    @property
    def per_year(self) -> int:
        """Periods in a season: 12 for months; 1 for years and for periods without a calendar."""
        return PER_YEAR[self.unit]

    def number(self, value: object) -> int:
        """Period number of a date, a datetime, a label such as 2019-07 or 2019K3, a year, or an index.

        Raises ValueError where the value names no period of this length.
        """
        if isinstance(value, dt.datetime):
            value = value.date()
        if isinstance(value, dt.date):
            return self._from_date(value)
        if isinstance(value, bool):
            msg = f"needs a {self.unit}, found {value}"
            raise ValueError(msg)  # noqa: TRY004 -- a value that names no period, as below
        if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
            value = str(int(value))
        text = str(value).strip()
        if self.unit != "index" and (match := _DATE.fullmatch(text)):
            return self._from_date(dt.date(int(match[1]), int(match[2]), int(match[3])))
        match = _LABEL[self.unit].fullmatch(text)
        if not match:
            msg = f'needs a {self.unit} such as {self.example}, found "{text}"'
            raise ValueError(msg)
        return self._from_parts(*(int(part) for part in match.groups()))

    @property
    def example(self) -> str:
        """A label that an author could write."""
        return {"week": "2019-W07", "month": "2019-07", "quarter": "2019K3", "year": "2019", "index": "7"}[self.unit]

    def label(self, number: int) -> str:
        """Label of a period as the tables show it: 2019-07, 2019K3, 2019-V07, 2019 or 7."""
        if self.unit == "month":
            return f"{number // 12:04d}-{number % 12 + 1:02d}"
        if self.unit == "quarter":
            return f"{number // 4:04d}K{number % 4 + 1}"
        if self.unit == "week":
            year, week, _ = self.date(number).isocalendar()
            return f"{year:04d}-V{week:02d}"
        return str(number)

    def date(self, number: int) -> dt.date:
        """First day of a period; for `index` a ValueError."""
        if self.unit == "month":
            return dt.date(number // 12, number % 12 + 1, 1)
        if self.unit == "quarter":
            return dt.date(number // 4, number % 4 * 3 + 1, 1)
        if self.unit == "week":
            return _WEEK_ZERO + dt.timedelta(weeks=number)
        if self.unit == "year":
            return dt.date(number, 1, 1)
        msg = "a period without a calendar has no date"
        raise ValueError(msg)

    def starts_inside(self, value: object) -> bool:
        """Whether a date lies after the first day of its period."""
        return isinstance(value, dt.date) and self.unit != "index" and value != self.date(self.number(value))

    def _from_date(self, day: dt.date) -> int:
        if self.unit == "month":
            return day.year * 12 + day.month - 1
        if self.unit == "quarter":
            return day.year * 4 + (day.month - 1) // 3
        if self.unit == "week":
            return (day - _WEEK_ZERO).days // 7
        if self.unit == "year":
            return day.year
        msg = f'needs an integer, since [period] unit is "index", found {day}'
        raise ValueError(msg)

    def _from_parts(self, year: int, part: int = 0) -> int:
        if self.unit == "month":
            if not 1 <= part <= 12:  # noqa: PLR2004 -- months of a year
                msg = f"needs a month 1 to 12, found {part}"
                raise ValueError(msg)
            return year * 12 + part - 1
        if self.unit == "quarter":
            return year * 4 + part - 1
        if self.unit == "week":
            return self._from_date(dt.date.fromisocalendar(year, part, 1))
        return year
