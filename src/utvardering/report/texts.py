"""The words of the report in one language, with its numbers, intervals and periods written as that language writes them."""

from __future__ import annotations

import math
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from utvardering.wording import NO_BREAK, number, percent

_LABEL = {
    "quarter": re.compile(r"(\d{4})K(\d)"),
    "week": re.compile(r"(\d{4})-[VW](\d{1,2})"),
    "month": re.compile(r"(\d{4})-(\d{2})"),
    "date": re.compile(r"(\d{4})-(\d{2})-\d{2}"),
    "year": re.compile(r"(-?\d+)"),
}
_PER_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1, "index": 1}


@cache
def _catalogue(language: str, design: str = "") -> dict[str, Any]:
    """Tables of sentences; a design of its own kind says some of them in its own words."""
    folder = files("utvardering.report").joinpath("text")
    found = tomllib.loads(folder.joinpath(f"{language}.toml").read_text(encoding="utf-8"))
    own = folder.joinpath(f"{design}.{language}.toml")
    if design and own.is_file():
        for table, sentences in tomllib.loads(own.read_text(encoding="utf-8")).items():
            found[table] = {**found[table], **sentences}
    return found


@dataclass(frozen=True)
class Texts:
    """The catalogue of a language: `texts("summary.effect", title=…)` is a sentence with its facts filled in."""

    language: str
    design: str = ""

    def __call__(self, key: str, **facts: object) -> str:
        """A sentence of the catalogue with its facts filled in."""
        found = self.raw(key)
        return str(found).format(**facts) if facts else str(found)

    def raw(self, key: str) -> Any:  # noqa: ANN401 -- a sentence, a list of sentences or a table of them
        """What the catalogue holds at `table.key`, facts not filled in."""
        value: Any = _catalogue(self.language, self.design)
        for part in key.split("."):
            value = value[part]
        return value

    def has(self, key: str) -> bool:
        """Whether the catalogue holds `table.key`."""
        table, _, name = key.partition(".")
        return name in _catalogue(self.language, self.design)[table]

    def name(self, table: str, key: str) -> str:
        """The reader's name of a machine name; the machine name where there is none."""
        return str(_catalogue(self.language, self.design)[table].get(key, key))

    def number(self, value: float, digits: int = 0) -> str:
        """A number with so many decimals; a dash where there is none."""
        return self("word.none") if math.isnan(value) else number(value, self.language, digits)

    def percent(self, value: float, digits: int = 0) -> str:
        """A number that already is in percent; a dash where there is none."""
        return self("word.none") if math.isnan(value) else percent(value / 100, self.language, digits)

    def signed_percent(self, value: float, digits: int = 1) -> str:
        """Percent with its sign: +4,2 %, −3,0 %, 0,0 %."""
        said = self.percent(value, digits)
        return f"+{said}" if value > 0 and said.strip("0,.% " + NO_BREAK) else said

    def signed_range(self, low: float, high: float, digits: int = 1) -> str:
        """An interval in percent with signs."""
        return self("words.range", low=self.signed_percent(low, digits), high=self.signed_percent(high, digits))

    def number_range(self, low: float, high: float, digits: int = 0) -> str:
        """An interval in plain numbers."""
        return self("words.range", low=self.number(low, digits), high=self.number(high, digits))

    def length(self, count: int, unit: str) -> str:
        """How long: 30 månader, 1 år."""
        one, many = self.raw(f"unit.{unit}")
        return f"{self.number(count)}{NO_BREAK}{one if count == 1 else many}"

    def joined(self, items: list[str]) -> str:
        """a, b och c."""
        if len(items) <= 1:
            return "".join(items)
        return ", ".join(items[:-1]) + f" {self('word.and')} {items[-1]}"

    def period(self, label: str, unit: str) -> str:
        """A period as a reader says it: juli 2022, kvartal 3 2022."""
        year, part = parts(label)
        if unit == "month" and part:
            return self("period.month", name=self.raw("period.months")[part - 1], year=year)
        return self(f"period.{unit}", year=year, part=part)


def unit_of(label: str) -> str:
    """The length of the period that a label names: month for 2022-07; index where it names none."""
    return next((unit for unit in ("quarter", "week", "month", "year") if _LABEL[unit].fullmatch(label)), "index")


def parts(label: str) -> tuple[int, int]:
    """Year and number within the year of a period's label; 0 where it has no such number."""
    for pattern in _LABEL.values():
        if match := pattern.fullmatch(label):
            groups = [int(group) for group in match.groups()]
            return groups[0], groups[1] if len(groups) > 1 else 0
    return 0, 0


def position(label: str, unit: str) -> float:
    """Where a period lies on an axis in years; an index where the study has no calendar."""
    year, part = parts(label)
    return year + (part - 1) / _PER_YEAR[unit] if part else float(year)


def per_year(unit: str) -> int:
    """Periods in a year; 1 where there is no calendar."""
    return _PER_YEAR[unit]


def upper_first(text: str) -> str:
    """The text with a capital letter first."""
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """The text as it stands inside a sentence; abbreviations such as SSPF are kept."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]
