"""Changing one fact in the files of a run changes what the program says exactly as it changes what the printed rules say."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tomlkit

from tests.synthesis.by_hand import judge_by_hand
from tests.synthesis.test_verdict import CHECKS, FALL, LOTTERY, NARROW, RISE, WIDE, checks, plan
from utvardering.checks.base import DesignChecks
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.outputs import write_table
from utvardering.process.assess import ProcessAssessment
from utvardering.process.dose import Dose
from utvardering.study.model import Study
from utvardering.synthesis.verdict import judge


def both(
    folder: Path, one: Study, found: DesignChecks, row: EstimateRow | None, share: float = 1.0
) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
    """What the program says, and what its printed rules give from the files."""
    log = pd.DataFrame({"unit": ["u0"], "week": ["2022-W01"], "planned_hours": [100.0], "delivered_hours": [100 * share]})
    process = ProcessAssessment(Dose(log))
    rows = () if row is None else (row,)
    said = judge(one, found, Estimates(rows), None, process).primary
    file = one.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"folder", "lines", "expected", "truth"})
    (folder / "study.toml").write_text(tomlkit.dumps(file), encoding="utf-8")
    write_table(process.to_frame(), folder / "process.csv")
    write_table(found.to_frame(), folder / "checks.csv")
    write_table(pd.DataFrame([asdict(one) for one in rows], columns=list(asdict(FALL))), folder / "estimates.csv")
    return (said.verdict, said.certainty, said.maryland_level), judge_by_hand(folder)["y"]


def measure(**parts: Any) -> dict[str, Any]:
    return {"measure": {"kind": "other", "name": "Prov", **parts}}


ESTIMATION = {"estimator": "did", "weights": "w"}
FACTS: list[tuple[dict[str, Any], dict[str, str], EstimateRow | None, float]] = [
    ({}, {}, FALL, 1.0),
    ({}, {}, RISE, 1.0),
    ({}, {}, WIDE, 1.0),
    ({}, {}, NARROW, 1.0),
    ({}, {}, None, 1.0),
    ({}, {}, FALL, 0.49),
    ({}, {}, FALL, 0.5),
    ({"checks": {"min_delivered_dose": 0.8}}, {}, FALL, 0.7),
    ({"direction": "increase", "smallest": 0.1}, {}, FALL, 1.0),
    ({"direction": "increase", "smallest": 0.1}, {}, RISE, 1.0),
    ({"direction": "none", "smallest": None}, {}, RISE, 1.0),
    ({"smallest": None}, {}, NARROW, 1.0),
    ({"smallest": -0.02}, {}, NARROW, 1.0),
    *(({}, {name: verdict}, FALL, 1.0) for name in CHECKS for verdict in ("fail", "not_evaluated")),
    *((measure(**LOTTERY), {}, replace(FALL, n_treated=n), 1.0) for n in (9, 10)),
    (measure(**LOTTERY), {"power": "fail"}, FALL, 1.0),
    (measure(**LOTTERY), {}, replace(FALL, inference="cluster", n_treated=29), 1.0),
    *(({}, {}, replace(FALL, inference="cluster", n_treated=n), 1.0) for n in (29, 30)),
    *(({"estimation": ESTIMATION}, {}, replace(FALL, n_treated=n), 1.0) for n in (4, 5)),
    *(({"estimation": ESTIMATION}, {}, replace(FALL, n_comparison=n), 1.0) for n in (19, 20)),
    ({"estimation": {"estimator": "wdd"}}, {}, replace(FALL, estimator="wdd", inference="analytic", n_treated=40), 1.0),
    ({"estimation": {"estimator": "interrupted"}}, {}, replace(FALL, estimator="interrupted", inference="analytic"), 1.0),
]


@pytest.mark.parametrize(("sections", "found", "row", "share"), FACTS, ids=range(len(FACTS)))
def test_one_fact_changes_both_alike(
    tmp_path: Path, sections: dict[str, Any], found: dict[str, str], row: EstimateRow | None, share: float
) -> None:
    program, hand = both(tmp_path, plan(**sections), checks(**found), row, share)
    assert program == hand


def test_the_facts_reach_every_verdict_certainty_and_level(tmp_path: Path) -> None:
    """The table above leaves no branch out: all six verdicts, four words and levels 2 to 5."""
    said = [both(tmp_path, plan(**one), checks(**found), row, share)[0] for one, found, row, share in FACTS]
    assert len({verdict for verdict, _, _ in said}) == 6
    assert {word for _, word, _ in said} == {"very_low", "low", "moderate", "high"}
    assert {level for _, _, level in said} == {2, 3, 4, 5}
