"""Nothing is advised that gives false alarms."""

from __future__ import annotations

import pytest

from utvardering.planning.alarm_tables import AlarmRow, rates_that_hold


@pytest.mark.parametrize(
    ("verdict", "rate", "holds"),
    [("pass", 0.12, True), ("fail", 0.3, False), ("not_evaluated", 0.54, False), ("not_evaluated", 0.05, True)],
)
def test_an_analysis_holds_by_its_rate(verdict: str, rate: float, holds: bool) -> None:  # noqa: FBT001 -- a table of cases
    row = AlarmRow("s", "y", "did", "cluster", True, rate, 0, 1, 1 - rate, 0, 1, 99, 30.0, 2.0, 0.10, verdict, "")  # noqa: FBT003 -- a row
    assert rates_that_hold((row,)) == ({("y", "did", "cluster")} if holds else set())
