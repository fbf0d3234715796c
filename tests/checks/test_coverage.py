"""Is an author warned of a method that is wrong too often in studies like the planned one?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.checks.pasts import N_BEFORE, a_design, a_study, events, means
from tests.evaluate.small import write_study
from utvardering.checks import coverage as looking
from utvardering.checks.coverage import Likeness, coverage, likeness, nearest
from utvardering.coverage.table import DESIGN, FOUND
from utvardering.describe import describe
from utvardering.study.load import load_study


def a_table(rows: list[dict[str, object]]) -> pd.DataFrame:
    """A table of simulated studies in which nothing is wrong but what the rows say."""
    usual = {
        "cell": "c",
        "treated": 1,
        "units": 20,
        "count": 50,
        "starts": "common",
        "drawn": "random",
        "trends": "parallel",
        "effect_grows": False,
        "estimator": "did",
        "inference": "cluster",
        "runs": 500,
        "refused": 0.0,
        "size": 0.05,
        "coverage": 0.95,
    }  # fmt: skip -- the design, then what was found
    return pd.DataFrame([usual | row for row in rows], columns=[*DESIGN, *FOUND])


def test_clustered_inference_with_one_treated_unit_is_warned_of() -> None:
    """By the kept table: too many false alarms, and intervals that are too short."""
    found = coverage(a_design(means(), [N_BEFORE], a_study(estimation={"inference": "cluster"})))
    assert found.verdict == "fail"
    assert found.value > found.threshold == 0.10
    assert "false alarm" in found.text


def test_a_placebo_test_is_not_warned_of() -> None:
    for count in (1, 2, 5, 10):
        found = coverage(a_design(events(), [N_BEFORE] * count, a_study("count", "poisson_did")))
        assert found.verdict == "pass", (count, found.text)
        assert found.value <= 0.10


def test_check_prints_the_warning_in_the_language_of_the_study(tmp_path: Path) -> None:
    plain = load_study(write_study(tmp_path, parks=24))
    assert "warning" not in describe(plain).facts
    folder = write_study(tmp_path, "klustrad", estimator="did", also="[]")
    text = (folder / "study.toml").read_text(encoding="utf-8").replace("seed = 7", 'seed = 7\ninference = "cluster"')
    (folder / "study.toml").write_text(text, encoding="utf-8")
    found = describe(load_study(folder))
    assert found.facts["warning"]["check"] == "coverage"
    assert any(line.startswith("  Varning, kontrollen falska larm i simulerade studier: ") for line in found.lines)


def test_the_limits_are_ten_and_ninety_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    design = a_design(means(), [N_BEFORE], a_study(estimation={"inference": "cluster"}))
    for size, held, verdict, value in (
        (0.10, 0.90, "pass", 0.10),
        (0.11, 0.95, "fail", 0.11),
        (0.05, 0.89, "fail", 0.89),
        (0.02, np.nan, "pass", 0.02),
    ):
        table = a_table([{"size": size, "coverage": held}])
        monkeypatch.setattr(looking, "read_table", lambda table=table: table)
        found = coverage(design)
        assert (found.verdict, found.value) == (verdict, value)


def test_what_was_not_tried_or_refused_is_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    design = a_design(means(), [N_BEFORE], a_study(estimation={"inference": "cluster"}))
    for table in (a_table([{"estimator": "other"}]), a_table([{"refused": 1.0, "size": np.nan}])):
        monkeypatch.setattr(looking, "read_table", lambda table=table: table)
        assert coverage(design).verdict == "not_evaluated"


def test_the_three_nearest_kinds_are_taken() -> None:
    """Nearest in the number of treated first; only designs in which nothing is wrong, with the same kind of starts."""
    table = a_table(
        [
            {"cell": "far", "treated": 10},
            {"cell": "near"},
            {"cell": "units", "units": 60},
            {"cell": "count", "count": 5},
            {"cell": "peak", "drawn": "peak"},
            {"cell": "drift", "trends": "non-parallel"},
            {"cell": "grows", "effect_grows": True},
            {"cell": "staggered", "starts": "staggered"},
        ]
    )
    like = Likeness(1, 22, 40.0, "common")
    assert list(nearest(table, "did", "cluster", like)["cell"]) == ["near", "units", "count"]
    assert list(nearest(table, "did", "cluster", Likeness(2, 22, float("nan"), "staggered"))["cell"]) == ["staggered"]
    placebo = table.assign(inference="randomization")
    assert len(nearest(placebo, "did", "permutation", like)) == 3


def test_a_study_is_described_by_its_past() -> None:
    """Events per unit before the start ÷ 8: a month of 5 over four years is like a year of 30."""
    y = np.full((31, 18), 4.0)
    y[:, N_BEFORE:] = 1e6
    found = likeness(a_design(y, [N_BEFORE, N_BEFORE + 1], a_study("count", "poisson_did")))
    assert found == Likeness(2, 31, 4.0 * N_BEFORE / 8, "staggered")
    assert np.isnan(likeness(a_design(means(), [N_BEFORE])).count)
