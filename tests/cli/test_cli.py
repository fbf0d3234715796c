"""Do the verbs end with the documented codes, speak in words, and never show a traceback?"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.evaluate.small import write_study
from utvardering import cli

RUNNER = CliRunner()
pytestmark = pytest.mark.usefixtures("workplace")


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with one study, as the working directory."""
    write_study(tmp_path / "studies")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(*arguments):
    return RUNNER.invoke(cli.app, list(arguments))


def test_check_says_what_the_data_hold():
    found = call("check", "parken")
    assert found.exit_code == 0
    assert "2 treated, 22 comparison" in found.stdout
    assert "smallest p-value" in found.stdout


def test_check_page_is_plain_swedish():
    found = call("check", "parken", "--page")
    assert found.exit_code == 0
    assert "Frågan" in found.stdout
    assert "1 juli 2021" in found.stdout.replace("\u00a0", " ")


def test_run_writes_the_tables_and_speaks(workplace):
    found = call("run", "parken")
    assert found.exit_code == 0
    assert found.stdout.startswith("build/parken: effect")
    assert (workplace / "build" / "parken" / "estimates.csv").exists()


def test_design_speaks_and_gives_one_object(workplace):
    found = call("design", "parken", "--quick", "--workers", "1")
    assert found.exit_code == 0, found.stdout
    assert "build/parken:" in found.stdout
    assert "kan bara en minskning på minst" in found.stdout
    assert ": 0 of " in found.stderr
    again = call("design", "parken", "--quick", "--workers", "1", "--json")
    facts = json.loads(again.stdout)
    assert all(found["smallest_detectable_effect"] for found in facts["outcomes"].values())
    assert (workplace / "build" / "parken" / "detectable.csv").exists()
    assert call("design", "parken", "--quick", "--lottery", "1").exit_code == 4  # the measure has begun


def test_run_json_is_one_object(workplace):
    found = call("run", "studies/parken", "--json", "--out", "annat")
    assert found.exit_code == 0
    facts = json.loads(found.stdout)
    assert facts["verdict"] == "effect"
    assert facts["ci_low"] < facts["estimate"] < facts["ci_high"] < 0
    assert (workplace / "annat" / "parken" / "verdict.toml").exists()


def test_quiet_says_nothing():
    found = call("run", "parken", "--quiet")
    assert (found.exit_code, found.stdout) == (0, "")


def test_new_then_check():
    assert call("new", "ljus-i-parken").exit_code == 0
    assert call("check", "ljus-i-parken").exit_code == 0
    again = call("new", "ljus-i-parken")
    assert again.exit_code == 2
    assert "ljus-i-parken" in again.stderr


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        (lambda folder: (folder / "study.toml").unlink(), 2, "study.toml"),
        (lambda folder: _replace(folder, 'role = "primary"', 'role = "primär"'), 2, 'found "primär"'),
        (lambda folder: (folder / "data" / "panel.csv").unlink(), 3, "data/panel.csv"),
        (
            lambda folder: _replace(folder, "start = 2021-07-01\n[[treated]]", "start = 2019-01-01\n[[treated]]"),
            2,
            "treated[0].start",
        ),
    ],
)
def test_faults_end_with_their_code_and_no_traceback(workplace, spoil, code, said):
    spoil(workplace / "studies" / "parken")
    found = call("run", "parken")
    assert found.exit_code == code, found.stderr
    assert said in found.stderr
    assert "Traceback" not in found.stderr
    assert not (workplace / "build" / "parken").exists()


def test_no_estimate_ends_with_four(workplace):
    folder = workplace / "studies" / "parken"
    path = folder / "data" / "panel.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    empty = [",".join([*line.split(",")[:2], "0", "0", "0"]) for line in lines[1:]]
    path.write_text("\n".join([lines[0], *empty]), encoding="utf-8")
    found = call("run", "parken")
    assert found.exit_code == 4
    assert "every value is the same" in found.stderr


def test_faults_come_as_json_too(workplace):
    _replace(workplace / "studies" / "parken", "2022-12-31", '"december 2022"')
    found = call("run", "parken", "--json")
    assert found.exit_code == 2
    facts = json.loads(found.stdout)
    assert facts["problems"][0]["key"] == "period.last"
    assert facts["problems"][0]["line"] > 0


def test_a_report_of_nothing_ends_with_six():
    found = call("report", "parken")
    assert found.exit_code == 6
    assert "run it first" in found.stderr
    assert call("report").exit_code == 2


def test_not_reproduced_ends_with_five(workplace):
    expected = (
        '[[expected]]\noutcome = "brott"\nestimator = "poisson_did"\nestimate = 0.0\ntolerance = 1e-9\nsource = "påhittad"\n'
    )
    (workplace / "studies" / "parken" / "expected.toml").write_text(expected, encoding="utf-8")
    found = call("reproduce", "parken", "--no-report")
    assert found.exit_code == 5
    assert "not reproduced" in found.stderr


def test_a_study_without_fetched_data_is_noted_when_asked(workplace):
    folder = workplace / "studies" / "parken"
    (folder / "data" / "panel.csv").unlink()
    source = (
        '[[source]]\nfile = "data/panel.csv"\nproducer = "Exempelstad"\ntitle = "Brott"\naddress = ""\nretrieved = 2024-01-01\n'
        'licence = "CC0"\nsha256 = ""\nunit = "antal"\nconnector = "kolada"\n'
    )
    (folder / "data" / "sources.toml").write_text(source, encoding="utf-8")
    assert call("run", "parken").exit_code == 3
    found = call("run", "parken", "--skip-unfetched")
    assert found.exit_code == 0
    assert not (workplace / "build" / "parken" / "verdict.toml").exists()


def test_a_fault_of_the_program_is_one_sentence(monkeypatch):
    def broken(*_args, **_named):
        raise ZeroDivisionError

    monkeypatch.setattr(importlib.import_module("utvardering.evaluate"), "load_data", broken)
    found = call("run", "parken")
    assert found.exit_code == 1
    assert "a fault of the program: ZeroDivisionError" in found.stderr


def test_the_installed_command_speaks_plainly_without_a_terminal():
    command = Path(sys.executable).with_name("utvardering")
    done = subprocess.run(
        [command, "run", "parken"], capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"}
    )
    assert done.returncode == 0, done.stderr
    assert "parken: estimates" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


def _replace(folder, old, new):
    path = folder / "study.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_followup_prints_a_table_and_writes_the_folder(workplace):
    _replace(
        workplace / "studies" / "parken", 'design = "areas"\n', 'design = "areas"\nplan = "plan:3"\nfollow_up = 2022-06-30\n'
    )
    found = call("followup", "--date", "2022-07-30")
    assert found.exit_code == 0
    assert found.stdout.startswith("1 av 1 åtgärder har passerat sitt datum för uppföljning (2022-07-30)\n")
    assert "Försenad 30 dagar" in found.stdout
    assert {path.name for path in (workplace / "build" / "followup").iterdir()} == {
        "followup.csv",
        "followup.json",
        "uppfoljning.png",
        "uppfoljning.svg",
    }


def test_followup_as_json_lists_what_does_not_load_too(workplace):
    _replace(workplace / "studies" / "parken", 'role = "primary"', 'role = "primär"')
    found = call("followup", "--json", "--out", "annat", "--date", "2022-07-30")
    assert found.exit_code == 0
    facts = json.loads(found.stdout)
    assert facts["date"] == "2022-07-30"
    assert facts["studies"][0]["standing"] == "unreadable"
    assert 'found "primär"' in facts["studies"][0]["fault"]


def test_followup_of_no_day_ends_with_two():
    found = call("followup", "--date", "30 juni")
    assert found.exit_code == 2
    assert found.stderr == '--date: needs a date such as 2026-11-22, found "30 juni"\n'


def test_a_reader_that_stops_is_no_fault_of_the_program():
    """As `utvardering check --page | head` does: nothing is said, and the code is that of a closed pipe."""
    command = [sys.executable, "-c", "from utvardering.cli import main; main()", "check", "parken", "--page"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        done.stdout.close()
        said = done.stderr.read()
    assert (done.returncode, said) == (141, b"")
