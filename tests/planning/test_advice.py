"""Nothing is advised that gives false alarms."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.checks.pasts import a_study
from utvardering.planning.alarm_tables import AlarmRow, alarm_rows, fitness, rates_that_hold
from utvardering.planning.cases import Case, Item
from utvardering.planning.power_tables import DetectableRow
from utvardering.planning.store import Store


@pytest.mark.parametrize(
    ("verdict", "rate", "holds"),
    [("pass", 0.12, True), ("fail", 0.3, False), ("not_evaluated", 0.54, False), ("not_evaluated", 0.05, True)],
)
def test_an_analysis_holds_by_its_rate(verdict: str, rate: float, holds: bool) -> None:  # noqa: FBT001 -- a table of cases
    row = AlarmRow("s", "y", "did", "cluster", True, rate, 0, 1, 1 - rate, 0, 1, 99, 30.0, 2.0, 0.10, verdict, "")  # noqa: FBT003 -- a row
    assert rates_that_hold((row,)) == ({("y", "did", "cluster")} if holds else set())


@pytest.mark.parametrize(
    ("effect", "verdict", "said"),
    [
        (0.10, "pass", "The plan is fit: "),
        (0.10, "not_evaluated", "The plan can find effects within the limit of the study. How often "),
        (
            0.20,
            "pass",
            "The plan finds effects within the study's limit 25%, but not the smallest change that the study says matters, 10%",
        ),
        (0.30, "pass", "The plan is not fit: effects within the limit 25% are not found in four cases of five. "),
        (float("inf"), "pass", "The plan is not fit: effects within the limit 25% are not found in four cases of five. "),
        (0.10, "fail", "The plan is not fit: "),
    ],
)  # fmt: skip -- one sentence a line
def test_a_plan_is_fit_only_where_it_finds_the_smallest_effect_of_interest(effect: float, verdict: str, said: str) -> None:
    plan = a_study(report={"language": "en"})
    found = DetectableRow("s", "y", "did", "randomization", True, "planned", 1, 3, effect, "")  # noqa: FBT003 -- a row
    row = AlarmRow("s", "y", "did", "randomization", True, 0.05, 0, 1, 0.95, 0, 1, 99, 30.0, 2.0, 0.10, verdict, "")  # noqa: FBT003 -- a row
    assert fitness(plan, (found,), (row,)).startswith(said)


def test_tries_that_could_not_be_computed_are_told(tmp_path: Path) -> None:
    case = Case("false_positives", "y", "balanced_weights", "randomization", True, "planned", 1, 3, 10)  # noqa: FBT003 -- a row
    item, store = Item(case, 6, 0, 10), Store(tmp_path)
    part = {"units": [[3]], "rejects": [False], "holds": [True], "reach": 20, "peak": False, "loose": ""}
    store.put(item.name, part)
    plan = a_study(report={"language": "sv"})
    (row,) = alarm_rows(plan, (case,), (item,), store)
    assert row.text.replace("\N{NO-BREAK SPACE}", " ") == (
        "Det går inte att säga hur ofta analysen (placebotest) ger falskt larm: dragningarna ur historien (1) motsvarar 1 "
        "oberoende, och 20 behövs. Falskt larm i 0 % av dragningarna (90 % intervall 0 % till 95 %). I 9 av 10 försök gick "
        "analysen inte att räkna ut."
    )
