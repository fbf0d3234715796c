"""Which areas does Statistics Sweden give figures for, in which years, and what may be joined with what?

DeSO and RegSO were drawn anew in 2025: figures up to 2023 bear the codes of 2018 (RegSO: 2020), figures from 2024 those of
2025, and old years are not computed again. A code that stands in both sets need not be the same ground.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NEW_FROM = 2024
NOISE_FROM = 2025


@dataclass(frozen=True)
class AreaSet:
    """A set of areas: their table, how their codes look there, first and last year, and how many there are in the country."""

    table: str
    pattern: re.Pattern[str]
    first: int
    last: int | None
    number: int | None
    suffix: str = ""
    sibling: str = ""
    called: str = ""

    def code(self, region: str) -> str:
        """The code without what tells its year."""
        return region.removesuffix(self.suffix)


AREA_SETS = {
    "municipality": AreaSet("TAB638", re.compile(r"\d{4}"), 1968, None, 290),
    "deso_2018": AreaSet("TAB6574", re.compile(r"\d{4}[ABC]\d{4}"), 2010, 2023, 5984, sibling="deso_2025", called="DeSO_2018"),
    "deso_2025": AreaSet(
        "TAB6574", re.compile(r"\d{4}[ABC]\d{4}_DeSO2025"), 2024, None, 6160, "_DeSO2025", "deso_2018", "DeSO_2025"
    ),
    "regso_2020": AreaSet("TAB6574", re.compile(r"\d{4}R\d{3}"), 2010, 2023, None, sibling="regso_2025", called="RegSO_2020"),
    "regso_2025": AreaSet(
        "TAB6574", re.compile(r"\d{4}R\d{3}_RegSO2025"), 2024, None, None, "_RegSO2025", "regso_2020", "RegSO_2025"
    ),
}


def year_faults(areas: str, first: int, last: int) -> list[str]:
    """What is wrong with asking a set of areas for these years."""
    chosen = AREA_SETS[areas]
    if first > last:
        return [f"first ({first}) lies after last ({last})"]
    if first >= chosen.first and (chosen.last is None or last <= chosen.last):
        return []
    span = f"{chosen.first} to {chosen.last}" if chosen.last else f"from {chosen.first} on"
    if not chosen.sibling:
        return [f"{areas} has figures {span}"]
    why = f"The areas were drawn anew from {NEW_FROM} and old years are not computed again"
    how = f"joining {areas} and {chosen.sibling} needs a table that says how each area was divided"
    return [f"{areas} has figures {span} only. {why}: {how}. Write years within one set"]
