"""Names of the causal model against the columns of the data: unknown, measured after all, and the same everywhere."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.evaluate.small import write_study
from utvardering.checks.plan import refuse_hopeless
from utvardering.cli import app
from utvardering.data.load import load_panel
from utvardering.errors import StudyError
from utvardering.study.load import load_study


def written(root: Path, edges: str, unobserved: str = "[]") -> Path:
    """The small study with columns oro (differs) and stad (does not), and this causal model."""
    folder = write_study(root)
    file = folder / "data" / "panel.csv"
    table = pd.read_csv(file)
    level = dict(zip(table["omrade"].unique(), np.random.default_rng(1).normal(size=24).round(3), strict=True))
    table["oro"] = table["omrade"].map(level)
    table["stad"] = 1
    table.to_csv(file, index=False)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text += f"[causal_model]\nedges = {edges}\nunobserved = {unobserved}\n"
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def test_columns_of_the_graph_are_read(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, '["oro -> start", "oro -> brott", "start -> brott", "brott -> klotter"]'))
    panel = load_panel(study)
    assert set(panel.grids["brott"].covariates) == {"oro", "klotter"}
    assert set(panel.grids["klotter"].covariates) == {"oro", "brott"}
    refuse_hopeless(study, panel)


def test_names_that_the_data_do_not_know_are_told_at_once_with_their_lines(tmp_path: Path) -> None:
    edges = '["orro -> start", "polis -> brott", "start -> brott", "oro -> start"]'
    study = load_study(written(tmp_path, edges, '["oro"]'))
    with pytest.raises(StudyError) as told:
        load_panel(study)
    assert [str(problem) for problem in told.value.problems] == [
        'line 57: causal_model.edges[0]: "orro" is neither a column of the data nor unobserved. Did you mean "oro"?',
        (
            'line 57: causal_model.edges[1]: "polis" is neither a column of the data nor unobserved. If it is not measured, '
            'write unobserved = ["polis"]'
        ),
        'line 58: causal_model.unobserved[0]: "oro" is a column of the data, so it is measured; remove it here',
    ]


def test_a_cause_that_is_the_same_everywhere_is_refused(tmp_path: Path) -> None:
    study = load_study(written(tmp_path, '["oro -> start", "stad -> brott", "start -> brott"]'))
    with pytest.raises(StudyError) as told:
        refuse_hopeless(study, load_panel(study))
    assert [str(problem) for problem in told.value.problems] == [
        (
            "line 57: causal_model.edges[1]: stad is 1 in every area before the start, so it explains nothing; remove it from "
            "the model"
        )
    ]


def test_the_command_line_ends_with_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "studies", '["orro -> start", "start -> brott"]')
    with pytest.raises(SystemExit) as ended:
        app(["evaluate", "parken"], standalone_mode=True)
    assert ended.value.code == 2
