"""A run of a study with a causal model: what it writes, and that an effect which is not identified has no number."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import utvardering as utv
from tests.evaluate.small import write_study

NOT_IDENTIFIED = (
    "Effekten är ej identifierbar enligt den kausala modellen: vägen start ← dold → brott går inte att stänga med det som är "
    "mätt. Mät orsaken, eller ändra modellen om den inte stämmer."
)


def test_an_effect_that_is_not_identified_is_said_and_not_shown(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = write_study(tmp_path, also='["adjusted"]')
    graph = '[causal_model]\nedges = ["dold -> start", "dold -> brott", "start -> brott"]\nunobserved = ["dold"]\n'
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + graph, encoding="utf-8")
    state = np.random.get_state()[1].copy()  # noqa: NPY002 -- the global state is what must not change
    run = utv.evaluate(folder, tmp_path / "build")
    np.testing.assert_array_equal(state, np.random.get_state()[1])  # noqa: NPY002 -- the same
    assert capfd.readouterr() == ("", "")
    assert "adjusted" not in set(pd.read_csv(run.folder / "estimates.csv")["estimator"])
    reasons = pd.read_csv(run.folder / "left_out.csv")["reason"]
    assert reasons.str.contains(NOT_IDENTIFIED, regex=False).any()
    rows = pd.read_csv(run.folder / "robustness.csv").query("check == 'graph'").set_index("variant")
    assert rows.loc["identification", ["verdict", "text"]].tolist() == ["fail", NOT_IDENTIFIED]
    assert "refute" not in set(pd.read_csv(run.folder / "robustness.csv")["check"])
    facts = json.loads((run.folder / "graph.json").read_text(encoding="utf-8"))
    assert facts["identification"]["kind"] == "none"
    assert [node["kind"] for node in facts["nodes"]] == ["unobserved", "treatment", "outcome"]


def test_a_study_without_a_causal_model_has_no_graph(tmp_path: Path) -> None:
    run = utv.evaluate(write_study(tmp_path), tmp_path / "build")
    assert not (run.folder / "graph.json").exists()
    assert not {"graph", "refute"} & set(pd.read_csv(run.folder / "robustness.csv")["check"])
