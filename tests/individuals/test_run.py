"""A study of persons goes through every verb, and nothing but aggregates leaves it."""

from __future__ import annotations

import csv
import datetime as dt
import json
import re
import shutil
import tomllib

import numpy as np
import pandas as pd
import pytest
from study_folder import lines_of, write_folder

from utvardering.data.cohort import load_cohort
from utvardering.data.fingerprint import data_sha256
from utvardering.describe import describe
from utvardering.errors import DataError, DesignError, NotBegunError, ReproductionError, StudyError
from utvardering.evaluate import design_any, evaluate, note_planned
from utvardering.outputs import tree_hashes
from utvardering.registration.register import register_study
from utvardering.registration.state import verify
from utvardering.report.render import stage
from utvardering.study.load import load_study

CELL = 5
NOW = dt.datetime(2024, 5, 1, 12, tzinfo=dt.UTC)
FILES = {
    "balance.csv", "checks.csv", "deviations.csv", "estimates.csv", "event_study.csv", "flow.csv", "left_out.csv",
    "manifest.json", "opened.toml", "overlap.csv", "plan.md", "provenance.csv", "registration.json", "robustness.csv",
    "rules.csv", "study.toml", "suppressed.csv", "verdict.toml", "waves.csv",
}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    root = tmp_path_factory.mktemp("run")
    folder = write_folder(root)
    found = evaluate(folder, root / "build")
    site = stage([found.folder], root / "site")
    return folder, found, site


def texts(*folders):
    """Every file below folders as text, whatever it holds."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                yield path, path.read_bytes().decode("utf-8", errors="replace")


def test_a_run_writes_its_tables_and_no_panel(run):
    _, found, _ = run
    assert {path.name for path in found.folder.iterdir() if path.is_file()} == FILES
    verdict = tomllib.loads((found.folder / "verdict.toml").read_text(encoding="utf-8"))
    assert verdict["verdict"] in {"effect", "uncertain"}
    assert {row.check for row in found.checks.rows} == {
        "overlap", "balance", "attrition", "groups", "history", "concurrent", "power",
    }  # fmt: skip
    tried = {row.check for row in found.robustness.rows}
    assert {"placebo_start", "leave_one_out", "adjustments", "missing_waves", "negative_controls", "e_value", "refute"} <= tried


def test_no_pseudonym_no_school_and_no_row_of_a_person_in_any_byte(run):
    folder, found, site = run
    first, *rows = (folder / "data" / "kohort.csv").read_text(encoding="utf-8").splitlines()
    values = {cell for row in rows for cell in (row.split(";")[4], *row.split(";")[6:]) if len(cell) > 8}
    assert len(values) > 300
    for path, text in texts(found.folder, site):
        assert not re.search(r"Q7Z\d", text), path
        assert "Ekskolan" not in text, path
        assert first not in text, path
        assert not {value for value in re.findall(r"\d+\.\d{7,}", text) if value in values}, path


def test_no_count_under_the_limit_in_any_table(run):
    _, found, _ = run
    counted = {"estimates": ("n_treated", "n_comparison", "n_obs"), "waves": ("persons",), "flow": ("treated", "comparison")}
    for name, columns in counted.items():
        frame = pd.read_csv(found.folder / f"{name}.csv")
        for column in columns:
            shown = frame[column].dropna()
            assert len(shown)
            assert ((shown % CELL == 0) & ((shown >= CELL) | (shown == 0))).all(), (name, column)
    balance = pd.read_csv(found.folder / "balance.csv").set_index("variable")
    assert np.isnan(balance.loc["pojke", "treated"]), "three boys of all the treated are told by their share"
    assert np.isfinite(balance.loc["alder", "treated"])
    exact = pd.read_csv(found.folder / "estimates.csv")["effect_percent"]
    assert (exact == exact.round(1)).all()
    hidden = pd.read_csv(found.folder / "suppressed.csv")
    assert "pojke" in set(hidden["item"])
    assert not any(re.search(r"\b[1-4] (person|med)", reason) for reason in hidden["reason"])


def test_every_figure_has_an_alt_text_without_small_counts(run):
    _, found, _ = run
    figures = json.loads((found.folder / "figures" / "figures.json").read_text(encoding="utf-8"))["figures"]
    names = {one["name"] for one in figures}
    assert {"likhet-insats", "tid-normbrytande"} <= names
    for one in figures:
        assert len(one["alt"]) > 30
        assert not re.search(r"\b[1-4] personer", one["alt"] + one["caption"])
        assert not re.search(r"områd|kommun|period", one["alt"] + one["caption"], re.IGNORECASE), one


def test_the_same_persons_by_other_pseudonyms_in_another_order_give_the_same_bytes(run, tmp_path):
    folder, found, _ = run
    first, *rows = lines_of(name="A{:04d}")
    order = {f"A{n:04d}": f"P{(n * 7919) % 10007:05d}" for n in range(200)}
    rows = [";".join([order[row.split(";")[0]], *row.split(";")[1:]]) for row in rows]
    other = write_folder(tmp_path, [first, *rows[::-1]])
    shutil.copy(folder / "opened.toml", other)
    again = evaluate(other, tmp_path / "build")
    one, two = (tree_hashes(place.folder) for place in (found, again))
    assert {name for name in one if one[name] != two[name]} == {"manifest.json"}  # of the seconds it took
    manifests = [json.loads((place.folder / "manifest.json").read_text(encoding="utf-8")) for place in (found, again)]
    for manifest in manifests:
        manifest.pop("timings")
        assert manifest["inputs"]["data/kohort.csv"] == ""
    assert manifests[0] == manifests[1]


def test_a_failed_identifying_check_closes_the_gate(tmp_path):
    folder = write_folder(tmp_path, concurrent='["Ny skolkurator"]')
    with (folder / "study.toml").open("a", encoding="utf-8") as file:
        file.write("[robustness]\nleave_one_out = false\n")
    found = evaluate(folder, tmp_path / "build")
    assert found.verdict.primary.verdict == "not_interpretable"
    assert not any(row.interpretable for row in found.estimates.rows)


def without(column):
    first, *rows = lines_of()
    place = first.split(";").index(column)
    return [";".join(cell for k, cell in enumerate(row.split(";")) if k != place) for row in (first, *rows)]


def only_treated():
    first, *rows = lines_of()
    return [first, *(row for row in rows if row.split(";")[2] == "1")]


@pytest.mark.parametrize(
    ("rows", "kind", "said"),
    [
        (without("skola"), DataError, "skola: is not a column of the file (data.group"),
        (without("vag"), DataError, "vag: is not a column of the file (data.wave"),
        (only_treated(), DataError, "sspf: nobody has 0: there is no comparison"),
        ([f"{row};{'Anna Andersson' if n else 'namn'}" for n, row in enumerate(lines_of())], DataError, "looks like names"),
    ],
    ids=["no group", "no waves", "one arm", "names"],
)
def test_a_wrong_file_is_told_and_nothing_is_written(rows, kind, said, tmp_path):
    folder = write_folder(tmp_path, rows)
    with pytest.raises(kind) as fault:
        evaluate(folder, tmp_path / "build")
    assert said in str(fault.value)
    assert not re.search(r"Q7Z|Andersson|Ekskolan", str(fault.value))
    assert not (tmp_path / "build").exists()
    assert not (folder / "opened.toml").exists()


def test_without_a_review_nothing_is_read_and_the_author_is_told_what_to_do(tmp_path):
    folder = write_folder(tmp_path, review="Skriv diarienumret för etikprövningen här")
    with pytest.raises(
        StudyError, match=r"line \d+: ethics.review: needs the registration number .* etikprovningsmyndigheten.se"
    ):
        evaluate(folder, tmp_path / "build")


def test_too_few_persons_are_refused_before_anything_is_told(tmp_path):
    first, *rows = lines_of()
    few = sorted({row.split(";")[0] for row in rows if row.split(";")[2] == "1"})[:4]
    kept = [row for row in rows if row.split(";")[2] == "0" or row.split(";")[0] in few]
    folder = write_folder(tmp_path, [first, *kept])
    with pytest.raises(StudyError, match=r"report.smallest_cell: is 5, and fewer treated persons"):
        evaluate(folder, tmp_path / "build")


def test_check_says_what_is_there_before_the_start(run):
    folder, _, _ = run
    found = describe(load_study(folder))
    assert any("persons: about" in line and "12 groups" in line for line in found.lines)
    assert found.facts["waves"] == [0, 1, 2]
    assert "attrition" not in found.facts["checks"]


def test_a_study_without_a_wave_after_the_start_is_planned(tmp_path):
    folder = write_folder(tmp_path, lines_of(waves=(0, 1)))
    with pytest.raises(NotBegunError, match="the file ends with wave 1, before the measure starts"):
        evaluate(folder, tmp_path / "build")
    design_any(folder, tmp_path / "build")
    facts = json.loads((tmp_path / "build" / "stod" / "design.json").read_text(encoding="utf-8"))
    assert 0 < facts["outcomes"]["normbrytande"]["smallest_detectable_effect"]["adjusted"] < 2
    built = note_planned(folder, tmp_path / "build")
    assert (built / "design.json").is_file()
    assert json.loads((built / "manifest.json").read_text(encoding="utf-8"))["planned"]
    stage([built], tmp_path / "site")
    assert not any("Q7Z" in text for _, text in texts(built, tmp_path / "site"))


def test_persons_are_not_drawn_by_lot(run, tmp_path):
    with pytest.raises(DesignError, match="--lottery draws areas"):
        design_any(run[0], tmp_path, lottery=3)


def fingerprint(folder):
    study = load_study(folder)
    return data_sha256(study, load_cohort(study))


def test_the_fingerprint_knows_the_waves_before_and_nothing_else(tmp_path):
    first, *rows = lines_of()
    one = fingerprint(write_folder(tmp_path, [first, *rows], name="ett"))
    before = [row for row in rows if row.split(";")[1] != "2"]
    renamed = [row.replace("Q7Z", "Ö9").replace("Ekskolan", "Asp") for row in rows[::-1]]
    same = {"later": before, "renamed": renamed, "joined late": [*rows, "Ny1;2;0;Ekskolan 01;0.1;1;4.0;8.0"]}
    for name, body in same.items():
        assert fingerprint(write_folder(tmp_path, [first, *body], name=name.split()[0])) == one, name
    cells = before[0].split(";")
    changed = [";".join([*cells[:6], "99.0", cells[7]]), *rows[1:]]
    other_arm = [
        ";".join([*(c := row.split(";"))[:2], str(1 - int(c[2])), *c[3:]]) if c0 == row.split(";")[0] else row
        for c0 in [cells[0]]
        for row in rows
    ]  # fmt: skip -- one line a row
    for name, body in {"value": changed, "arm": other_arm}.items():
        assert fingerprint(write_folder(tmp_path, [first, *body], name=f"x{name}")) != one, name


def test_a_registered_plan_of_persons_is_verified_and_its_lock_tells_of_nobody(tmp_path):
    first, *rows = lines_of()
    before = [row for row in rows if row.split(";")[1] != "2"]
    folder = write_folder(tmp_path, [first, *before])
    register_study(folder, tmp_path / "build", NOW)
    lock = (folder / "plan.lock").read_text(encoding="utf-8")
    assert not re.search(r"Q7Z|Ekskolan", lock)
    assert tomllib.loads(lock)["units"] == {}
    (folder / "data" / "kohort.csv").write_text("\n".join([first, *rows]) + "\n", encoding="utf-8")
    study = load_study(folder)
    assert verify(study, load_cohort(study), NOW).state == "registered", "later waves are free"
    changed = [row.rsplit(";", 2)[0] + ";77.0;8.0" if n == 0 else row for n, row in enumerate(rows)]
    (folder / "data" / "kohort.csv").write_text("\n".join([first, *changed]) + "\n", encoding="utf-8")
    with pytest.raises(ReproductionError, match="rows before the start"):
        verify(study, load_cohort(study), NOW)


def test_another_start_is_another_plan(tmp_path):
    folder = write_folder(tmp_path)
    register_study(folder, tmp_path / "build", NOW)
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("last_wave_before = 1", "last_wave_before = 0"), encoding="utf-8")
    study = load_study(folder)
    with pytest.raises(ReproductionError, match=r"data.last_wave_before: registered 1, now 0"):
        verify(study, load_cohort(study), NOW)


def test_tables_are_read_as_tables(run):
    _, found, _ = run
    for name in ("waves", "flow", "overlap", "suppressed"):
        rows = list(csv.reader((found.folder / f"{name}.csv").read_text(encoding="utf-8").splitlines()))
        assert all(len(row) == len(rows[0]) for row in rows)
