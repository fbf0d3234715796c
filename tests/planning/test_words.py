"""Swedish plurals and units."""

from __future__ import annotations

import pytest

from utvardering.data.calendar import Calendar
from utvardering.planning.words import areas, span


@pytest.mark.parametrize(
    ("unit", "one", "many"),
    [
        ("week", "en vecka", "6 veckor"),
        ("month", "en månad", "6 månader"),
        ("quarter", "ett kvartal", "6 kvartal"),
        ("year", "ett år", "6 år"),
        ("index", "en period", "6 perioder"),
    ],
)
def test_spans_of_time(unit: str, one: str, many: str) -> None:
    assert span("sv", Calendar(unit), 1) == one
    assert span("sv", Calendar(unit), 6) == many


def test_areas() -> None:
    assert (areas("sv", 1), areas("sv", 3), areas("en", 1)) == ("ett område", "3 områden", "one area")
