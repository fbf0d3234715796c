"""What does a run of a registered study write, and does the report put plan and outcome side by side?"""

from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

import utvardering as utv
from tests.evaluate.small import write_study
from tests.registration.locked import amend, commit, git, lock_values, registered, replace, verified, write_lock
from utvardering.cli import app
from utvardering.errors import ReproductionError, StudyError
from utvardering.publish import publish_reports
from utvardering.registration import files
from utvardering.registration.register import register_study
from utvardering.report import cells
from utvardering.report.results import Results
from utvardering.report.sentences import deviations, proofs, registration
from utvardering.reproduce import reproduce
from utvardering.study.load import load_study
from utvardering.study.opened import OPENED
from utvardering.study.plan_values import plan_sha256
from utvardering.study.register import LOCK

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registered study in git, amended before it was run, and run once."""
    root = tmp_path_factory.mktemp("run")
    folder = registered(root / "studies")
    git(root, "init", "-q", "-b", "main")
    commit(root, files.dt.datetime(2021, 6, 15, 12, 30, tzinfo=files.dt.UTC))
    replace(folder / "study.toml", "smallest_effect = -0.10", "smallest_effect = -0.20")
    replace(folder / "study.toml", 'also = ["did", "event_study"]', 'also = ["did"]')
    amend(folder, f"- `estimation.also`: två → en\n\nPlan: {plan_sha256(load_study(folder))}", reason="Kostnaden blev högre.")
    utv.evaluate(folder, root / "build")
    return root


@pytest.fixture
def copy(workplace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(workplace, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def test_the_first_opening_is_written_once(workplace: Path) -> None:
    folder = workplace / "studies" / "parken"
    opened = tomllib.loads((folder / OPENED).read_text(encoding="utf-8"))
    assert opened["plan_sha256"] == plan_sha256(load_study(folder))
    assert opened["opened_at"].utcoffset().total_seconds() == 0
    assert sorted(path.name for path in folder.iterdir()) == ["data", OPENED, LOCK, "protokoll.md", "study.toml"]
    before = (folder / OPENED).read_bytes()
    utv.evaluate(folder, workplace / "other")
    assert (folder / OPENED).read_bytes() == before
    first, second = (
        json.loads((workplace / name / "parken" / "registration.json").read_text("utf-8")) for name in ("build", "other")
    )
    assert first == second


def test_the_folder_of_the_run_holds_the_registration(workplace: Path) -> None:
    build = workplace / "build" / "parken"
    facts = json.loads((build / "registration.json").read_text(encoding="utf-8"))
    lock = lock_values(workplace / "studies" / "parken")
    assert facts["state"] == "changed"
    assert facts["registered_at"] == "2021-06-15T12:00:00Z"
    assert facts["plan_sha256"] == lock["plan_sha256"] != facts["plan_sha256_now"]
    assert facts["data_sha256"] == lock["data_sha256"]
    assert facts["before_start"] is True
    assert [one["kind"] for one in facts["proofs"]] == ["git"]
    assert facts["amendments"][0]["keys"] == ["estimation.also"]
    assert facts["amendments"][0]["reason"] == "Kostnaden blev högre."
    assert facts["statement"].startswith(
        "Planen låstes 2021-06-15. Åtgärden hade då inte börjat. Planen har ändrats sedan den låstes."
    )
    for name in (LOCK, OPENED):
        assert (build / name).read_bytes() == (workplace / "studies" / "parken" / name).read_bytes()
    manifest = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    assert {"registration.json", "deviations.csv", LOCK, OPENED} <= manifest["outputs"].keys()


def test_each_deviation_has_its_date_and_reason(workplace: Path) -> None:
    frame = pd.read_csv(workplace / "build" / "parken" / "deviations.csv", dtype=str)
    assert list(frame.columns) == list(files.COLUMNS)
    assert list(frame["key"]) == ["outcomes[brott].smallest_effect", "estimation.also"]
    assert set(frame["amended_on"]) == {"2021-08-01"}
    said = "Anmälda brott (`outcomes[brott].smallest_effect`): planerat −0,1, nu −0,2."
    assert frame["text"][0] == f"{said} Ändrat 2021-08-01. Skäl: Kostnaden blev högre."
    assert "planerat did; event_study, nu did." in frame["text"][1]


def test_the_documents_name_the_files_and_columns() -> None:
    text = (ROOT / "docs" / "outputs.md").read_text(encoding="utf-8")
    assert f"| {', '.join(files.COLUMNS)} |" in text
    for name in ("registration.json", "deviations.csv", "plan.lock", "opened.toml"):
        assert f"`{name}`" in text


def test_the_report_puts_plan_and_outcome_side_by_side(workplace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = Results.load(workplace / "build" / "parken")
    cells.registered(results)
    said = capsys.readouterr().out
    assert "Planen låstes 2021-06-15. Åtgärden hade då inte börjat. Planen har ändrats sedan den låstes." in said
    assert "Detta står bakom datumet:\n\n- git: plan.lock checkades in 2021-06-15" in said
    assert "Ett lås som görs om från början med ett annat datum kan inte upptäckas i efterhand" in said
    cells.done(results)
    table = capsys.readouterr().out
    assert "effekt per period" in table.split("Andra metoder", 1)[1].split("|")[1]  # what was locked, not what is planned now
    cells.deviations(results)
    assert "Skäl: Kostnaden blev högre." in capsys.readouterr().out
    cells.plan(results)
    assert capsys.readouterr().out.startswith("Så här lyder planen nu.")


def test_without_a_lock_the_report_says_what_cannot_be_seen(tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    results = Results.load(utv.evaluate(folder, tmp_path / "build").folder)
    assert registration(results).startswith("Planen är inte låst i förväg.")
    assert "Utfallen efter starten öppnades första gången" in registration(results)
    assert proofs(results) == []
    assert deviations(results)[-1].startswith("Planen är inte låst.")
    with pytest.raises(StudyError, match="outcomes after the start have been opened"):
        register_study(folder, tmp_path / "build")
    (folder / OPENED).unlink()
    with pytest.raises(StudyError, match="holds results of a run"):
        register_study(folder, tmp_path / "build")


def test_two_clean_runs_of_a_registered_study_are_the_same(copy: Path) -> None:
    (copy / "studies" / "parken" / OPENED).unlink()  # so that the first of the two is the one that opens
    assert reproduce("parken", with_report=False).facts["files"] > 10


@pytest.mark.parametrize("where", ["studies", "build"])
@pytest.mark.parametrize("what", ["plan", "lock", "status"])
def test_a_report_of_a_changed_study_is_refused(copy: Path, where: str, what: str) -> None:
    folder = copy / where / "parken"
    if what == "plan":
        replace(folder / "study.toml", "seed = 7", "seed = 8")
    elif what == "lock":
        write_lock(folder, lock_values(folder) | {"program_version": "9"}, sealed=False)
    else:
        replace(folder / "study.toml", 'status = "registered"', 'status = "draft"')
        (folder / LOCK).unlink()
    with pytest.raises(ReproductionError):
        publish_reports(None, copy / "build", copy / "site")
    assert CliRunner().invoke(app, ["report", "parken", "--quiet"]).exit_code == 5
    assert not (copy / "site").exists()


def test_a_report_of_changed_rows_is_refused(copy: Path) -> None:
    replace(copy / "studies" / "parken" / "data" / "panel.csv", "Park 01,2019-01,", "Park 01,2019-01,9")
    with pytest.raises(ReproductionError, match="rows before the start"):
        publish_reports("parken", copy / "build", copy / "site")


def test_another_version_of_the_program_is_a_deviation(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "program_version", lambda: "9.9")
    frame = files.deviations_frame(verified(copy / "studies" / "parken"))
    assert frame["text"].iloc[-1] == "Planen låstes med version 0.1.0 av programmet och analyseras med version 9.9."
