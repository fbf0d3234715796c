"""A whole run with staggered starts: the decomposition beside `did`, and the estimators that are made for it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.evaluate.small import write_study
from utvardering.evaluate import evaluate

ALSO = '["imputation", "sun_abraham", "poisson_staggered"]'


def test_a_run_with_staggered_starts_is_decomposed_and_estimated(tmp_path: Path) -> None:
    folder = write_study(tmp_path, start="2021-03-01", estimator="did", also=ALSO, parks=22)
    found = evaluate(folder, tmp_path / "build")
    table = pd.read_csv(found.folder / "bacon.csv")
    assert list(table.columns) == ["study", "outcome", "comparison", "weight", "estimate"]
    assert set(table["comparison"]) == {"earlier vs later", "later vs earlier", "treated vs untreated"}
    rows = pd.read_csv(found.folder / "estimates.csv")
    for outcome, part in table.groupby("outcome"):
        two_way = rows[(rows["outcome"] == outcome) & (rows["estimator"] == "did")]["estimate"].iloc[0]
        assert (part["weight"] * part["estimate"]).sum() == pytest.approx(two_way, abs=1e-9)  # rounding of counts
    assert set(rows["estimator"]) == {"did", "imputation", "sun_abraham", "poisson_staggered"}
    assert rows["estimate"].notna().all()
    check = found.checks.to_frame().set_index("check").loc["staggered"]
    forbidden = table[(table["outcome"] == "brott") & (table["comparison"] == "later vs earlier")]["weight"].iloc[0]
    assert check["verdict"] == "fail"
    assert f"{100 * forbidden:.0f}" in check["text"]
