"""Is the delivered dose a row of process.csv, so that five files are enough to reach the verdict by hand?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from utvardering.process.assess import PROCESS_COLUMNS, ProcessAssessment
from utvardering.process.dose import Dose
from utvardering.process.write import write_process


def test_a_dose_log_alone_gives_its_row(tmp_path: Path) -> None:
    log = pd.DataFrame({"unit": ["u0"], "week": ["2022-W01"], "planned_hours": [100.0], "delivered_hours": [37.0]})
    write_process(ProcessAssessment(Dose(log), study="prov", language="en", least_dose=0.6), tmp_path)
    row = pd.read_csv(tmp_path / "process.csv").iloc[0]
    assert list(row.index) == list(PROCESS_COLUMNS)
    assert (row["criterion"], row["value"], row["threshold"], row["delivery"]) == ("dose", 0.37, 0.6, True)
    assert pd.isna(row["grade"])
    assert pd.isna(row["final_grade"])
    assert row["text"] == "37% of the planned dose was delivered, the limit is 60%."
