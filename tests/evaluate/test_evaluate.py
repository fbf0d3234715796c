"""Does a run write what the documents promise, all of it or nothing, and the same each time?"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import utvardering as utv
from tests.evaluate.small import write_study
from utvardering.describe import describe
from utvardering.errors import DataError, NotBegunError, ReproductionError, StudyError
from utvardering.outputs import tree_hashes
from utvardering.reproduce import reproduce

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    folder = write_study(root)
    return utv.evaluate(folder, root / "build")


def test_files_and_columns_are_those_of_the_documents(run):
    table = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    documented = dict(re.findall(r"^\| `([a-z_]+\.csv)` \| [^|]+ \| ([^|]+) \|$", table, re.MULTILINE))
    for name in ("estimates.csv", "event_study.csv", "checks.csv", "balance.csv", "robustness.csv", "left_out.csv"):
        assert list(pd.read_csv(run.folder / name).columns) == documented[name].split(", "), name
    assert (run.folder / "panel.parquet").exists()
    assert (run.folder / "plan.md").exists()


def test_exactly_one_row_per_outcome_is_planned(run):
    estimates = pd.read_csv(run.folder / "estimates.csv")
    assert estimates[estimates["planned"]].groupby("outcome").size().eq(1).all()
    planned = estimates[estimates["planned"]]
    assert set(planned["inference"]) == {"randomization"}
    assert set(planned["estimator"]) == {"poisson_did"}
    key = ["outcome", "estimator", "estimand", "inference", "weights"]
    assert not estimates[key].duplicated().any()


def test_a_clustered_interval_stands_beside_every_randomized_one(run):
    estimates = pd.read_csv(run.folder / "estimates.csv")
    assert estimates.groupby(["outcome", "estimator"])["inference"].agg(set).eq({"randomization", "cluster"}).all()


def test_the_effect_is_found_and_told(run):
    verdict = tomllib.loads((run.folder / "verdict.toml").read_text(encoding="utf-8"))
    assert verdict["verdict"] == "effect"
    row = pd.read_csv(run.folder / "estimates.csv").query("outcome == 'brott' and planned").iloc[0]
    assert row["effect_percent_low"] <= -50 <= row["effect_percent_high"]
    observed = run.panel.sample("brott")
    after = observed.y[observed.treated][:, 30:].sum()
    assert row["effect_units"] == pytest.approx(after * (1 - 1 / (1 + row["effect_percent"] / 100)))


def test_secondary_outcomes_within_an_aim_are_adjusted(run):
    rows = pd.read_csv(run.folder / "estimates.csv").query("planned").set_index("outcome")
    assert rows.loc[["klotter", "skadegorelse"], "p_adjusted"].notna().all()
    assert (rows.loc[["klotter", "skadegorelse"], "p_adjusted"] >= rows.loc[["klotter", "skadegorelse"], "p_value"]).all()
    assert pd.isna(rows.loc["brott", "p_adjusted"])


def test_two_runs_give_the_same_bytes(run, tmp_path):
    again = utv.evaluate(run.study, tmp_path / "build")
    first, second = tree_hashes(run.folder), tree_hashes(again.folder)
    differing = {name for name in first | second if first.get(name) != second.get(name)}
    assert differing <= {"manifest.json"}
    manifests = [json.loads((one.folder / "manifest.json").read_text(encoding="utf-8")) for one in (run, again)]
    for manifest in manifests:
        manifest.pop("timings")
    assert manifests[0] == manifests[1]


def test_a_run_that_fails_leaves_the_last_one_untouched(tmp_path):
    folder = write_study(tmp_path)
    done = utv.evaluate(folder, tmp_path / "build")
    before = tree_hashes(done.folder)
    (folder / "data" / "panel.csv").write_text("omrade,manad,brott\nPark 01,2019-01,mycket\n", encoding="utf-8")
    with pytest.raises(DataError):
        utv.evaluate(folder, tmp_path / "build")
    assert tree_hashes(done.folder) == before
    assert {path.name for path in (tmp_path / "build").iterdir()} <= {"parken", ".stress", ".parken.lock"}


def test_a_failed_identifying_check_closes_the_gate(tmp_path):
    done = utv.evaluate(write_study(tmp_path, concurrent='["Nya kameror i juli 2021"]'), tmp_path / "build")
    estimates = pd.read_csv(done.folder / "estimates.csv")
    assert not estimates["interpretable"].any()
    assert done.verdict.primary.verdict == "not_interpretable"
    assert done.verdict.primary.certainty == "very_low"
    assert "Nya kameror i juli 2021" in done.verdict.primary.reasons["verdict"][0]


def test_staggered_starts_close_the_gate_for_two_way_estimators(tmp_path):
    done = utv.evaluate(write_study(tmp_path, start="2020-07-01"), tmp_path / "build")
    assert done.checks["staggered"].verdict == "fail"
    assert done.verdict.primary.verdict == "not_interpretable"


def test_a_plan_that_cannot_reach_its_level_is_refused_with_its_line(tmp_path):
    with pytest.raises(StudyError) as fault:
        utv.evaluate(write_study(tmp_path, parks=6), tmp_path / "build")
    assert "0.95 cannot be reached: randomization inference with 2 treated of 6 units gives no p-value below 0.067" in str(
        fault.value
    )
    assert fault.value.problems[0].line > 0


def test_reproduce_names_the_number_that_differs(tmp_path):
    folder = write_study(tmp_path)
    expected = (
        '[[expected]]\noutcome = "brott"\nestimator = "poisson_did"\nestimate = -0.1\ntolerance = 1e-9\nsource = "påhittad"\n'
    )
    (folder / "expected.toml").write_text(expected, encoding="utf-8")
    with pytest.raises(ReproductionError, match=r"expected -0.1 ± 1e-09"):
        reproduce(folder, with_report=False)


def test_the_public_names_work_whatever_was_imported_first(run):
    assert callable(utv.evaluate)
    panel = utv.load_panel(run.study)
    checks = utv.check_design(run.study, panel.before())
    estimates = utv.estimate_effects(run.study, panel)
    robustness = utv.stress(run.study, panel, estimates)
    verdict = utv.judge(run.study, checks, estimates, robustness, utv.assess_process(run.study))
    assert verdict.primary == run.verdict.primary
    for result in (panel, checks, estimates, robustness):
        assert not result.to_frame().empty


def test_a_study_whose_data_end_before_the_start_is_told_what_it_can_do(tmp_path):
    folder = write_study(tmp_path)
    panel = folder / "data" / "panel.csv"
    head, *rows = panel.read_text(encoding="utf-8").splitlines()
    panel.write_text("\n".join([head, *(row for row in rows if row.split(",")[1] < "2021-07"), ""]), encoding="utf-8")
    assert describe(utv.load_study(folder)).facts["outcomes"]["brott"]["p_smallest"] == pytest.approx(1 / 276)
    with pytest.raises(NotBegunError) as fault:
        utv.evaluate(folder, tmp_path / "build")
    assert str(fault.value) == (
        "parken: the data end (2021-06) before the measure starts, so there is no effect to estimate yet; "
        "utvardering design parken says what the study can find, and utvardering register parken locks the plan"
    )


def test_a_roll_out_to_all_compares_with_those_who_begin_later(tmp_path):
    folder = write_study(tmp_path, estimator="staggered_did", also='["imputation", "sun_abraham"]')
    text = (folder / "study.toml").read_text(encoding="utf-8")
    one = '[[treated]]\nunit = "Park 02"\nstart = 2021-07-01\n'
    starts = ["2021-07-01"] * 7 + ["2021-12-01"] * 8 + ["2022-06-01"] * 8
    rows = [f'[[treated]]\nunit = "Park {k:02d}"\nstart = {start}\n' for k, start in enumerate(starts, 2)]
    text = text.replace(one, "".join(rows)).replace("seed = 7", 'seed = 7\ncomparison_group = "not_yet"')
    text = text.replace("max_imbalance = 2.0", "max_imbalance = 2.0\nmin_comparison_units = 8")
    (folder / "study.toml").write_text(text, encoding="utf-8")
    done = utv.evaluate(folder, tmp_path / "build")
    planned = done.estimates.planned("brott")
    assert (planned.n_treated, planned.n_comparison) == (24, 0)
    assert done.checks["comparison"].text.startswith("8 jämförelseområden.")
    left = {item.unit: item.reason for item in done.estimates.left_out if item.outcome == "brott"}
    assert left["Park 24"].startswith("inget område att jämföra med från dess start")
    assert not left.keys() & {"Park 01", "Park 09"}
