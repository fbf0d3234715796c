"""What a process evaluation writes, and when it says that the measure was not carried out."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from tests.process.process_files import RIGHT, changed, write
from utvardering.process.agreement import agreements
from utvardering.process.assess import PROCESS_COLUMNS, ProcessAssessment
from utvardering.process.dose import Dose
from utvardering.process.load import load_process
from utvardering.process.write import write_process
from utvardering.study.load import load_study
from utvardering.synthesis.delivery import why_not_implemented

SECOND = (
    '\n[[assessment]]\ncriterion = "trygghetsvardar.{id}"\ngrade = {grade}\nassessor = "B"\nevidence = ["d1"]\ntext = "t"\n'
)
STUDY = "studies/trygghetsvardar"
SAID = "Den operativa nivån bedöms som inte genomförd: Värdarna finns på plats, betyg {} av 4 ({})."


def assessed(folder, text=RIGHT, share=None):
    found = load_process(write(folder, text))
    log = pd.DataFrame({"unit": ["a"], "week": ["2022-W40"], "planned_hours": [100.0], "delivered_hours": [share]})
    dose = None if share is None else Dose(log)
    return ProcessAssessment(dose, found, agreements(found.graded, ("A", "B")), "prov", "sv")


@pytest.mark.parametrize(
    ("grade", "second", "share", "why"),
    [
        (4, None, None, []),
        (2, None, None, []),
        (1, None, None, [SAID.format(1, "påbörjat")]),
        (0, None, None, [SAID.format(0, "saknas")]),
        (1, 1, None, [SAID.format(1, "påbörjat")]),
        (1, 3, None, []),  # the assessors differ and nothing was settled: no final grade decides
        (4, None, 59.0, ["Levererad dos är 59 % av den planerade, under gränsen 60 %."]),
        (4, None, 60.0, []),
        (0, None, 10.0, ["Levererad dos är 10 % av den planerade, under gränsen 60 %.", SAID.format(0, "saknas")]),
    ],
)
def test_each_rule_and_each_side_of_its_limit(grade, second, share, why, tmp_path):
    text = changed(("grade = 4", f"grade = {grade}"))
    text += SECOND.format(id="leverans", grade=second) if second is not None else ""
    said = why_not_implemented(load_study(STUDY), assessed(tmp_path, text, share))
    assert [line.replace("\N{NO-BREAK SPACE}", " ") for line in said] == why


@pytest.mark.parametrize("criterion", ["rackvidd", "trohet", "anpassning", "logg", "beslut"])
def test_other_criteria_decide_nothing(criterion, tmp_path):
    text = RIGHT + SECOND.format(id=criterion, grade=0)
    assert why_not_implemented(load_study(STUDY), assessed(tmp_path, text)) == ()


def test_the_dose_criterion_decides_too(tmp_path):
    said = why_not_implemented(load_study(STUDY), assessed(tmp_path, RIGHT + SECOND.format(id="dos", grade=1)))
    assert said == ("Den operativa nivån bedöms som inte genomförd: Timmarna gavs, betyg 1 av 4 (påbörjat).",)


def test_nothing_known_decides_nothing():
    assert why_not_implemented(load_study(STUDY), None) == ()


def test_the_tables(tmp_path):
    write_process(assessed(tmp_path), tmp_path)
    rows = pd.read_csv(tmp_path / "process.csv")
    assert list(rows.columns) == list(PROCESS_COLUMNS)
    assert rows[["criterion", "grade", "assessor", "final_grade", "delivery"]].to_numpy().tolist() == [
        ["lag-2023-196.atgardsplan", 3, "A", 2, False],
        ["lag-2023-196.atgardsplan", 1, "B", 2, False],
        ["trygghetsvardar.leverans", 4, "A", 4, True],
    ]
    assert pd.read_csv(tmp_path / "agreement.csv")["n_criteria"].tolist() == [1, 0, 0, 1]
    facts = json.loads((tmp_path / "process.json").read_text(encoding="utf-8"))
    assert facts["criteria"][0]["settled"] == {"date": "2024-05-01", "how": "Planen lästes på nytt."}
    assert [one["median"] for one in facts["levels"]] == [2.0, None, 4.0]
    assert not (tmp_path / "dose.csv").exists()


def test_not_carried_out_can_be_read_from_process_csv_alone(tmp_path):
    write_process(assessed(tmp_path, changed(("grade = 4", "grade = 1"))), tmp_path)
    rows = pd.read_csv(tmp_path / "process.csv")
    assert ((rows["final_grade"] <= 1) & rows["delivery"]).any()
