"""Which municipalities does Kolada call alike? Its groups "Liknande kommuner" as lists to choose comparison units from."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pyarrow as pa

from utvardering.data.connectors.base import Collected, Query
from utvardering.data.connectors.kolada_reply import Group
from utvardering.data.faults import listed
from utvardering.data.municipalities import code_of
from utvardering.errors import DataError
from utvardering.wording import say

_TITLE = re.compile(r"Liknande kommuner,? (?P<family>.+), (?P<name>[^,]+), (?P<year>\d{4})")


class AlikeQuery(Query):
    """What to fetch instead of figures: the groups of a year, of these families or of all.

    Kolada draws them up anew each year in twelve families that barely overlap: the plan decides which year and which family.
    """

    alike_year: int
    families: tuple[str, ...] = ()


def collected(query: AlikeQuery, groups: Iterable[Group], language: str, address: str) -> Collected:
    """A row per municipality, one that is like it, and the family: the file that `choose = { method = "group" }` reads.

    Raises a DataError where the year or a family has no groups.
    """
    found = [(match, group) for group in groups if (match := _TITLE.fullmatch(group.title))]
    years = sorted({match["year"] for match, _ in found})
    of_year = [(match, group) for match, group in found if match["year"] == str(query.alike_year)]
    families = sorted({match["family"] for match, _ in of_year})
    absent = [name for name in query.families if name not in families]
    if not of_year or absent:
        there = f"the years are {listed(years) or 'none'}" if not of_year else f"the families are {listed(families, 20)}"
        what = f"alike_year: no groups of {query.alike_year}" if not of_year else f"families: no groups of {listed(absent)}"
        message = f"{address}/municipality_groups: {what}; {there}"
        raise DataError(message)
    rows = sorted(_rows(of_year, query.families, address))
    unit, alike, family = zip(*rows, strict=True)
    return Collected(
        table=pa.table({"unit": unit, "alike": alike, "family": family}),
        unit=say(language, "kolada", "alike_unit"),
        licence=say(language, "kolada", "licence"),
        producer=say(language, "kolada", "producer"),
        title=say(language, "kolada", "alike_title", year=query.alike_year),
        address=f"{address}/municipality_groups",
        remarks=(say(language, "kolada", "alike_remark", year=query.alike_year),),
    )


def _rows(
    groups: Iterable[tuple[re.Match[str], Group]], families: tuple[str, ...], address: str
) -> Iterable[tuple[str, str, str]]:
    """Code of a municipality, code of one that is like it, family; a DataError where a title names no municipality."""
    for match, group in groups:
        own = code_of(match["name"])
        if own is None:
            message = f'{address}/municipality_groups: "{group.title}" names no municipality that this program knows'
            raise DataError(message)
        if not families or match["family"] in families:
            yield from ((own, member.member_id, match["family"]) for member in group.members if member.member_id != own)
