"""All of `design`: its files, the same bytes however it is computed, blind to what comes after the start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.planning.past_studies import a_folder, counts
from utvardering.data.load import load_panel
from utvardering.errors import DesignError
from utvardering.outputs import tree_hashes
from utvardering.planning.advice import KINDS
from utvardering.planning.cases import cases, items
from utvardering.planning.design import FILES, design_study, keep_design
from utvardering.planning.store import store_of
from utvardering.planning.work import compute
from utvardering.study.load import load_study

COLUMNS = {
    "power": "study outcome estimator inference planned variation n_treated follow_up effect power mc_error tries",
    "detectable": "study outcome estimator inference planned variation n_treated follow_up smallest_detectable_effect text",
    "false_positives": "study outcome estimator inference planned rate low high coverage coverage_low coverage_high draws "
    "effective_draws windows limit verdict text",
    "regression_to_mean": "study outcome unit n_years excess expected_change low high verdict text",
    "rollout": "order unit start seed",
    "advice": "study rank kind outcome value smallest_detectable_effect text",
}


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that design writes for a study whose data end before the start."""
    place = tmp_path_factory.mktemp("planned")
    study = a_folder(place, counts(), data_years=10)
    return design_study(study, place / "build", workers=1, quick=True)


def test_every_table_has_its_columns(planned: Path) -> None:
    for name, columns in COLUMNS.items():
        assert list(pd.read_csv(planned / f"{name}.csv").columns) == columns.split(), name
    assert {path.name for path in planned.iterdir()} <= set(FILES)


def test_design_json_holds_the_contract(planned: Path) -> None:
    facts = json.loads((planned / "design.json").read_text(encoding="utf-8"))
    assert set(facts["outcomes"]) == {"y", "z"}
    for found in facts["outcomes"].values():
        assert {"poisson_did", "did"} <= set(found["smallest_detectable_effect"])
        assert all(0 <= rate <= 1 for rate in found["false_positive_rate"].values())
    assert len(facts["plan_sha256"]) == len(facts["data_sha256"]) == 64
    assert facts["seed"] == 3
    assert facts["sentences"][0].startswith("With 2 areas and 4 years only a fall of at least ")


def test_power_grows_with_the_effect_and_every_row_tells_its_error(planned: Path) -> None:
    rows = pd.read_csv(planned / "power.csv")
    for _, part in rows.groupby(["outcome", "estimator", "inference", "variation", "n_treated", "follow_up"]):
        assert part["effect"].tolist() == [round(-0.05 * k, 2) for k in range(1, 11)]
        assert part["power"].is_monotonic_increasing
    assert (rows["mc_error"] > 0).all()
    assert set(rows["variation"]) == {"planned", "n_treated", "follow_up"}
    detectable = pd.read_csv(planned / "detectable.csv")
    assert (detectable["planned"] & (detectable["variation"] == "planned")).sum() == 2  # one for each outcome


def test_the_clustered_inference_stands_beside_the_planned_one(planned: Path) -> None:
    rows = pd.read_csv(planned / "false_positives.csv")
    for estimator in ("poisson_did", "did"):
        part = rows[(rows["outcome"] == "y") & (rows["estimator"] == estimator)]
        assert set(part["inference"]) == {"randomization", "cluster"}
    assert rows.groupby("outcome")["planned"].sum().tolist() == [1, 1]
    assert ((rows["low"] <= rows["rate"]) & (rows["rate"] <= rows["high"])).all()
    assert (rows["effective_draws"] <= rows["draws"]).all()


def test_advice_is_ranked_by_the_effect_that_can_be_found(planned: Path) -> None:
    rows = pd.read_csv(planned / "advice.csv")
    assert rows["rank"].tolist() == list(range(1, len(rows) + 1))
    assert set(rows["kind"]) <= set(KINDS)
    computed = rows[~rows["kind"].isin(["lottery", "staggered", "none"])]
    assert computed["smallest_detectable_effect"].is_monotonic_increasing
    assert {"lottery", "staggered"} <= set(rows["kind"])


def test_the_rollout_is_drawn_from_the_seed(tmp_path: Path, planned: Path) -> None:
    rows = pd.read_csv(planned / "rollout.csv")
    assert sorted(rows["unit"]) == ["u00", "u01"]
    assert set(rows["start"]) == {2015}
    assert set(rows["seed"]) == {3}
    study = a_folder(tmp_path, counts(), data_years=10, treated=4)
    drawn = [design_study(study, tmp_path / "b", workers=1, quick=True, lottery=2) / "rollout.csv" for _ in range(2)]
    some = pd.read_csv(drawn[0])
    assert some["start"].notna().tolist() == [True, True, False, False]
    assert sorted(some["unit"]) == ["u00", "u01", "u02", "u03"]
    with pytest.raises(DesignError, match="--lottery 5: the study names 4 areas; write a number from 1 to 4"):
        design_study(study, tmp_path / "b", workers=1, quick=True, lottery=5)
    begun = a_folder(tmp_path, counts(), name="begun")
    with pytest.raises(DesignError, match="--lottery needs start dates after the data"):
        design_study(begun, tmp_path / "b", workers=1, quick=True, lottery=1)


def test_a_past_that_can_show_nothing_is_refused_with_the_reason(tmp_path: Path) -> None:
    short = a_folder(tmp_path, counts(), name="kort", before=3)
    with pytest.raises(
        DesignError, match="try the plan on: y: periods before the start: 3; it needs 4; write an earlier first"
    ):
        design_study(short, tmp_path / "b", workers=1, quick=True)
    none = counts()
    none[:2] = 0
    with pytest.raises(DesignError, match="try the plan on: y: the treated have only 0 before the start, and 0 cannot fall"):
        work_out_of_primary(a_folder(tmp_path, none, name="noll"), tmp_path / "b")


def work_out_of_primary(folder: Path, out: Path) -> Path:
    """design without the secondary outcome."""
    file = folder / "study.toml"
    text = file.read_text(encoding="utf-8")
    first = text.index('[[outcomes]]\nid = "z"')
    file.write_text(text[:first] + text[text.index("[estimation]") :], encoding="utf-8")
    return design_study(folder, out, workers=1, quick=True)


def test_the_study_file_is_left_alone(tmp_path: Path) -> None:
    study = a_folder(tmp_path, counts(), data_years=10)
    before = tree_hashes(study)
    design_study(study, tmp_path / "build", workers=1, quick=True)
    assert tree_hashes(study) == before


def test_outcomes_after_the_start_are_never_seen(tmp_path: Path) -> None:
    """Whatever stands in the rows from the start on: every byte is the same."""
    y = counts()
    poisoned = y.copy()
    poisoned[:, 10:] = np.random.default_rng(5).integers(0, 10**6, poisoned[:, 10:].shape)
    seen = [
        tree_hashes(design_study(a_folder(tmp_path / str(k), one), tmp_path / str(k) / "build", workers=1, quick=True))
        for k, one in enumerate((y, poisoned))
    ]
    assert seen[0] == seen[1]
    changed = y.copy()
    changed[5, 3] += 40  # before the start: this must show
    other = design_study(a_folder(tmp_path / "c", changed), tmp_path / "c" / "build", workers=1, quick=True)
    assert tree_hashes(other) != seen[0]


def test_files_of_a_run_stay_and_design_is_kept_while_plan_and_data_are_the_same(tmp_path: Path) -> None:
    study = a_folder(tmp_path, counts())
    (tmp_path / "build" / "prov").mkdir(parents=True)
    (tmp_path / "build" / "prov" / "estimates.csv").write_text("of a run", encoding="utf-8")
    folder = design_study(study, tmp_path / "build", workers=1, quick=True)
    assert (folder / "estimates.csv").read_text(encoding="utf-8") == "of a run"
    loaded = load_study(study)
    before = load_panel(loaded).before()
    (tmp_path / "new").mkdir()
    keep_design(folder, tmp_path / "new", loaded, before)
    assert (tmp_path / "new" / "design.json").read_bytes() == (folder / "design.json").read_bytes()
    assert not (tmp_path / "new" / "estimates.csv").exists()
    (tmp_path / "other").mkdir()
    another = load_study(a_folder(tmp_path / "o", counts(), treated=3))
    keep_design(folder, tmp_path / "other", another, load_panel(another).before())
    assert not any((tmp_path / "other").iterdir())


def test_what_is_kept_is_not_computed_again_and_what_is_broken_is(tmp_path: Path) -> None:
    study = load_study(a_folder(tmp_path, counts(), data_years=10))
    before = load_panel(study).before()
    parts = items(study, before, cases(study, before, quick=True))
    store = store_of(study, before, tmp_path)
    told: list[int] = []
    compute(study, before, parts, store, 1, lambda done, _all, _what: told.append(done))
    assert told == list(range(len(parts) + 1))
    whole = tree_hashes(store.folder)
    broken, lost = (store.folder / f"{parts[k].name}.json" for k in (0, 1))
    broken.write_text('{"found": [0.', encoding="utf-8")
    lost.unlink()
    told.clear()
    compute(study, before, parts, store, 1, lambda done, _all, _what: told.append(done))
    assert told == [len(parts) - 2, len(parts) - 1, len(parts)]
    assert tree_hashes(store.folder) == whole


def test_another_plan_or_past_has_another_store(tmp_path: Path) -> None:
    def folder_of(seed: int = 1, **keys: Any) -> Path:
        study = load_study(a_folder(tmp_path / f"{seed}{keys}", counts(seed), **keys))
        return store_of(study, load_panel(study).before(), tmp_path).folder

    one = folder_of()
    assert folder_of() == one
    assert folder_of(data_years=10) == one
    assert folder_of(treated=3) != one
    assert folder_of(estimator="forecast_did") != one
    assert folder_of(seed=2) != one


def _start(study: Path, out: Path, workers: int) -> subprocess.Popen[bytes]:
    code = (
        "from utvardering.planning.design import design_study\n"
        "if __name__ == '__main__':\n"
        f"    design_study({str(study)!r}, {str(out)!r}, workers={workers}, quick=True)\n"
    )
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.mark.slow
def test_one_worker_two_workers_two_programs_and_a_kill_give_the_same_bytes(tmp_path: Path, planned: Path) -> None:
    """kill -9 in the midst of the work: what was done is kept, nothing is half-written, and the end is the same."""
    study = a_folder(tmp_path, counts(), data_years=10)
    wanted = tree_hashes(planned)
    assert tree_hashes(design_study(study, tmp_path / "two", workers=2, quick=True)) == wanted

    out = tmp_path / "killed"
    running = _start(study, out, 2)
    deadline = time.monotonic() + 120
    while len(list(out.glob(".design/prov/*/*.json"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept = {path: path.read_bytes() for path in out.glob(".design/prov/*/[!.]*.json")}
    assert len(kept) >= 5
    assert not (out / "prov").exists()
    again = [_start(study, out, 1) for _ in range(2)]
    assert [one.wait(timeout=300) for one in again] == [0, 0]
    assert tree_hashes(out / "prov") == wanted
    assert all(path.read_bytes() == content for path, content in kept.items())
