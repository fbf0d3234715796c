"""`utvardering evidence` on folders of runs that never were: its tables, its pictures, its page and its exit codes."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.evidence.made_up_runs import write_run
from utvardering.cli import app
from utvardering.evidence import weigh_evidence
from utvardering.outputs import tree_hashes
from utvardering.report.render import stage
from utvardering.synthesis.pooling import pool


def run(*words):
    return CliRunner().invoke(app, ["evidence", *words])


@pytest.fixture(scope="module")
def weighed(tmp_path_factory):
    """Six runs: four alike (one uncertain at the wrong side), one that cannot be interpreted, one replication."""
    build = tmp_path_factory.mktemp("runs") / "build"
    for name, estimate, error in (("a", -0.30, 0.05), ("b", -0.10, 0.10), ("c", 0.05, 0.20), ("d", -0.20, 0.08)):
        write_run(build, name, estimate, error, "effect" if name == "a" else "uncertain", dose=None if name == "d" else 0.9)
    write_run(build, "e", -0.77, 0.01, "not_interpretable")
    write_run(build, "f", -0.66, 0.01, "effect", replication="Påhittsson (2020)")
    done = run("--out", str(build), "--external", str(build / "none.toml"))
    assert done.exit_code == 0, done.output
    return build, done.output


def tables(build):
    return {name: pd.read_csv(build / "evidence" / f"{name}.csv") for name in ("pooled", "results", "leave_one_out")}


def test_the_tables_hold_what_pooling_by_hand_gives(weighed):
    found = tables(weighed[0])
    row = found["pooled"].set_index("aim").loc["brott"]
    same = pool(np.array([-0.30, -0.10, 0.05, -0.20]), np.array([0.05, 0.10, 0.20, 0.08]))
    for name in ("k", "fixed", "fixed_low", "fixed_high", "random", "random_low", "random_high", "tau2", "i2"):
        assert row[name] == pytest.approx(getattr(same, name), rel=1e-12), name
    assert np.isnan(row["prediction_low"])
    assert list(found["pooled"].columns[:3]) == ["measure", "aim", "scale"]
    without = found["leave_one_out"][found["leave_one_out"]["aim"] == "brott"].set_index("left_out")
    assert without.loc["a", "fixed"] == pytest.approx(pool(np.array([-0.10, 0.05, -0.20]), np.array([0.10, 0.20, 0.08])).fixed)
    assert sorted(without.index) == ["a", "b", "c", "d"]


def test_every_result_is_listed_with_what_became_of_it(weighed):
    rows = tables(weighed[0])["results"].set_index(["study", "outcome"])
    assert rows.loc[("a", "brott_ute"), ["pooled", "verdict"]].tolist() == [True, "effect"]
    assert rows.loc[("e", "brott_ute"), ["pooled", "why_not"]].tolist() == [False, "not_interpretable"]
    assert np.isnan(rows.loc[("e", "brott_ute"), "estimate"])
    assert rows.loc[("f", "brott_ute"), "why_not"] == "replication"
    assert rows.loc[("a", "moten"), "why_not"] == "process"
    assert "bedrageri" not in rows.index.get_level_values("outcome")
    assert rows.loc[("a", "brott_ute"), ["implementation", "implemented", "cost", "cost_inhabitant"]].tolist() == [
        0.9,
        "yes",
        1_200_000,
        300,
    ]
    assert rows.loc[("d", "brott_ute"), "implemented"] == "unknown"
    assert rows.loc[("c", "brott_ute"), ["certainty", "maryland_level"]].tolist() == ["low", 3]


def test_the_words_say_what_was_pooled(weighed):
    assert "trygghetsvardar, brott, log_ratio, simulated: k = 4" in weighed[1]
    assert "2 listed, not pooled: replication" in weighed[1]


def test_pictures_have_words(weighed):
    figures = json.loads((weighed[0] / "evidence" / "figures.json").read_text(encoding="utf-8"))
    assert {one["of"] for one in figures} == {"brott", "trygghet", "0", "1"}
    for one in figures:
        assert (weighed[0] / "evidence" / f"{one['name']}.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
        assert one["alt"].startswith("Skogsdiagram.")
    forest = next(one for one in figures if one["of"] == "0")
    assert "Sammanvägt, slumpeffekter: −" in forest["alt"]


def test_the_page_shows_no_number_of_what_cannot_be_interpreted(weighed, tmp_path):
    build, _ = weighed
    stage([], tmp_path / "stage", evidence=build / "evidence")
    parts = {path.stem: path.read_text(encoding="utf-8") for path in (tmp_path / "stage" / "_evidence").glob("*.qmd")}
    brott = parts["brott"]
    assert "Går inte att tolka" in brott
    listed = next(line for line in brott.splitlines() if line.startswith("- ") and "Estad" in line)
    assert "Kontrollen trend före start underkändes." in listed
    assert not re.search(r"\d,\d", listed)
    assert "−53,7" not in brott  # 100(exp(−0.77) − 1)
    assert "−48,3" not in "".join(parts.values())  # the replication's
    assert '[−25,9 % (−32,8 % till −18,3 %)]{data-label="Effekt"}' in brott.replace("\u00a0", " ")
    assert "2 av 4, låg (nivå 3 av 5)" in brott
    assert "1,2 miljoner kronor per år" in brott.replace("\u00a0", " ")
    assert "simulerade studier" in parts["pooled"]
    assert "Påhittsson (2020)" in parts["apart"]
    assert (tmp_path / "stage" / "vad-fungerar" / "results.csv").is_file()


def test_the_same_runs_give_the_same_bytes(weighed, tmp_path):
    build, _ = weighed
    shutil.copytree(build, tmp_path / "build", ignore=shutil.ignore_patterns("evidence", ".*"))
    assert run("--out", str(tmp_path / "build"), "--quiet", "--external", "none.toml").exit_code == 0
    assert tree_hashes(tmp_path / "build" / "evidence") == tree_hashes(build / "evidence")


def test_json_has_null_for_no_number(weighed):
    done = run("--out", str(weighed[0]), "--json", "--external", "none.toml")
    found = json.loads(done.output)
    assert found["pooled"][0]["k"] == 4
    assert found["pooled"][0]["prediction_low"] is None


def test_nothing_run_is_a_fault_of_the_data(tmp_path):
    done = run("--out", str(tmp_path / "build"), "--external", "none.toml")
    assert done.exit_code == 3
    assert "no study has been run; run one first: utvardering run STUDY" in done.output


def test_a_run_that_lacks_a_file_says_which(tmp_path):
    write_run(tmp_path / "build", "a")
    (tmp_path / "build" / "a" / "estimates.csv").unlink()
    done = run("--out", str(tmp_path / "build"), "--external", "none.toml")
    assert done.exit_code == 3
    assert "estimates.csv is missing; run the study again: utvardering run a" in done.output
    assert not (tmp_path / "build" / "evidence").exists()


def test_a_wrong_file_of_others_leaves_what_was_there(weighed, tmp_path):
    build, _ = weighed
    before = tree_hashes(build / "evidence")
    (tmp_path / "external.toml").write_text("[[result]]\nmeasure = 1\n", encoding="utf-8")
    done = run("--out", str(build), "--external", str(tmp_path / "external.toml"))
    assert done.exit_code == 2
    assert tree_hashes(build / "evidence") == before


def test_only_a_randomized_error_weighs(tmp_path):
    build = tmp_path / "build"
    for name in "abc":
        write_run(build, name, inference="cluster")
    rows = weigh_evidence(build, tmp_path / "none.toml").results_frame()
    assert set(rows.query("aim == 'brott'")["why_not"]) == {"no_randomized_error"}


def test_a_unit_in_two_studies_counts_once(tmp_path):
    build = tmp_path / "build"
    for name in "abcd":
        write_run(build, name, unit="Storgatan" if name in "ad" else "")
    rows = weigh_evidence(build, tmp_path / "none.toml").results_frame().query("aim == 'brott'").set_index("study")
    assert rows.loc["d", "why_not"] == "same_area"
    assert rows["pooled"].sum() == 3


def test_an_organisation_is_listed_without_an_effect(tmp_path):
    """Its run has no verdict and no estimates, only what was assessed."""
    build = tmp_path / "build"
    write_run(build, "a")
    (build / "lag").mkdir()
    about = (
        '[study]\nid = "lag"\ntitle = "Enheten"\ndesign = "organisation"\n[measure]\nkind = "organisation"\nname = "Enhet"\n'
    )
    (build / "lag" / "study.toml").write_text(about, encoding="utf-8")
    (build / "lag" / "process.csv").write_text("study,level,criterion,grade,grade_max\nlag,strategic,x,3,4\n", encoding="utf-8")
    (build / "lag" / "manifest.json").write_text('{"simulated": true}', encoding="utf-8")
    rows = weigh_evidence(build, tmp_path / "none.toml").results_frame().set_index("study")
    assert rows.loc["lag", ["aim", "why_not", "verdict", "simulated"]].tolist() == ["process", "process", "", True]
