"""What does `register` lock, what does it refuse, and do outcomes after the start ever enter it?"""

from __future__ import annotations

import datetime as dt
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from tests.registration.locked import NOW, draft, lock_values, registered, replace, verified
from utvardering.cli import app
from utvardering.data import panel as panels
from utvardering.errors import DataError, StudyError
from utvardering.registration.register import register_study, write_page
from utvardering.study.load import load_study
from utvardering.study.opened import OPENED, note_opened
from utvardering.study.register import LOCK, read_lock

RUN = CliRunner()


def lock_of(folder: Path) -> str:
    register_study(folder, folder.parent / "build", NOW)
    return (folder / LOCK).read_text(encoding="utf-8")


def refused(folder: Path, build: Path | None = None) -> StudyError:
    with pytest.raises(StudyError) as caught:
        register_study(folder, build or folder.parent / "build", NOW)
    assert not (folder / LOCK).exists()
    assert load_study(folder).study.status == "draft"
    return caught.value


@pytest.mark.parametrize("poison", ["times a million", "nothing", "zeros", "negative of the effect", "gone", "other units"])
def test_outcomes_after_the_start_never_enter_the_lock(tmp_path: Path, poison: str) -> None:
    clean = lock_of(draft(tmp_path / "clean"))
    folder = draft(tmp_path / "poisoned")
    file = folder / "data" / "panel.csv"
    frame = pd.read_csv(file)
    after, outcomes = frame["manad"] >= "2021-07", ["brott", "klotter", "skadegorelse"]
    frame[outcomes] = frame[outcomes].astype(float)
    if poison == "times a million":
        frame.loc[after, outcomes] *= 1_000_000
    elif poison == "nothing":
        frame.loc[after, outcomes] = np.nan
    elif poison == "zeros":
        frame.loc[after, outcomes] = 0
    elif poison == "negative of the effect":
        frame.loc[after & frame["omrade"].isin(["Park 01", "Park 02"]), outcomes] *= 9
    elif poison == "gone":
        frame = frame[~after]
    else:
        new = frame[after & (frame["omrade"] == "Park 24")].assign(omrade="Park 99")
        frame = pd.concat([frame, new])
    frame.to_csv(file, index=False)
    assert lock_of(folder) == clean


def test_register_never_looks_at_a_grid_that_goes_beyond_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The panel is cut before anything is asked of it: a sample of the whole one is never taken."""
    seen = []
    sample = panels.Panel.sample

    def watched(self: panels.Panel, *args: object, **named: object) -> panels.Sample:
        seen.append(max(len(grid.periods) for grid in self.grids.values()))
        return sample(self, *args, **named)  # type: ignore[arg-type] -- handed through

    monkeypatch.setattr(panels.Panel, "sample", watched)
    register_study(draft(tmp_path), tmp_path / "build", NOW)
    assert seen
    assert max(seen) == 30


def test_the_lock_holds_what_it_says(tmp_path: Path) -> None:
    folder = registered(tmp_path)
    lock, problems = read_lock(folder / LOCK)
    assert problems == []
    assert lock is not None
    assert lock.registered_at == NOW
    assert lock.units["treated"] == ["Park 01", "Park 02"]
    assert len(lock.units["comparison"]) == 22
    assert {name: seen["last"] for name, seen in lock.seen.items()} == dict.fromkeys(
        ("brott", "klotter", "skadegorelse"), "2021-06"
    )
    assert lock.seen["brott"]["cells"] == 24 * 30
    assert lock.plan["checks"] == {"max_imbalance": 2}
    assert lock.defaults["checks.max_pretrend"] == 0.1
    assert lock.leaves["outcomes[brott].smallest_effect"] == -0.1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('design = "areas"\n', 'design = "areas"\nstatus = "draft" # än så länge\n'),
        ("[study]\n", "[study] # frågan\n"),
        ("simulated = true\n", "simulated = true # påhittade tal\n"),
    ],
)
def test_the_status_is_set_and_nothing_else(tmp_path: Path, before: str, after: str) -> None:
    folder = draft(tmp_path)
    replace(folder / "study.toml", before, after)
    old = (folder / "study.toml").read_text(encoding="utf-8")
    register_study(folder, tmp_path / "build", NOW)
    new = (folder / "study.toml").read_text(encoding="utf-8")
    assert load_study(folder).study.status == "registered"
    if 'status = "draft"' in old:
        assert new == old.replace('status = "draft"', 'status = "registered"')
    else:
        assert new.replace('status = "registered"\n', "") == old


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_mark_stay(tmp_path: Path, mark: bytes) -> None:
    folder = draft(tmp_path)
    file = folder / "study.toml"
    file.write_bytes(mark + file.read_bytes().replace(b"\n", b"\r\n"))
    register_study(folder, tmp_path / "build", NOW)
    content = file.read_bytes()
    assert content.startswith(mark + b"schema")
    assert content.count(b"\r\n") >= content.count(b"\n") - 1  # the one new line may end as this computer's do
    assert verified(folder).state == "registered"


def test_a_second_registration_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = registered(tmp_path)
    before = (folder / LOCK).read_bytes()
    with pytest.raises(StudyError, match="the plan is registered already") as caught:
        register_study(folder, tmp_path / "build", NOW)
    assert "utvardering check parken prints the dated amendment to add to protokoll.md" in str(caught.value)
    assert (folder / LOCK).read_bytes() == before


def test_opened_outcomes_are_refused(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    note_opened(folder, "00" * 32, "0.1.0", NOW - dt.timedelta(days=3))
    fault = refused(folder)
    assert fault.exit_code == 2
    assert "they were opened on 2021-06-12" in str(fault)
    assert "Write retrospective = true under [study]" in str(fault)


def test_results_of_a_run_are_refused_though_the_note_is_gone(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    (tmp_path / "build" / "parken").mkdir(parents=True)
    (tmp_path / "build" / "parken" / "estimates.csv").write_text("study\n", encoding="utf-8")
    assert "holds results of a run" in str(refused(folder, tmp_path / "build"))


def test_an_opened_note_that_nobody_can_read_is_refused(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    (folder / OPENED).write_text("", encoding="utf-8")
    assert "opened.toml is there" in str(refused(folder))


def test_a_retrospective_plan_can_be_locked_and_says_so(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    replace(folder / "study.toml", 'design = "areas"\n', 'design = "areas"\nretrospective = true\n')
    note_opened(folder, "00" * 32, "0.1.0", NOW - dt.timedelta(days=3))
    done = register_study(folder, tmp_path / "build", NOW)
    assert done.registration.state == "retrospective"
    assert verified(folder).state == "retrospective"


def test_a_plan_without_its_follow_up_is_refused(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    replace(folder / "study.toml", "follow_up = 2023-06-30 # vartannat år\n", "")
    fault = refused(folder)
    assert [problem.key for problem in fault.problems] == ["study.follow_up"]
    assert "Write such as follow_up = 2026-06-30" in str(fault)


def test_a_hopeless_plan_is_refused(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    frame = pd.read_csv(folder / "data" / "panel.csv")
    frame[frame["omrade"] < "Park 06"].to_csv(folder / "data" / "panel.csv", index=False)
    assert "0.95 cannot be reached" in str(refused(folder))


def test_data_that_do_not_load_are_refused(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    replace(folder / "data" / "panel.csv", "Park 01,2019-01,", "Park 01,2019-01,många")
    with pytest.raises(DataError):
        register_study(folder, tmp_path / "build", NOW)
    assert not (folder / LOCK).exists()


def test_treated_units_that_only_later_rows_name_are_refused(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = re.sub(r"\[\[treated\]\]\n(.*\n){2}", "", text, count=1)
    text = re.sub(r"\[\[treated\]\]\n(.*\n){2}", '[treated_from]\nindicator = "under"\n', text, count=1)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    frame = pd.read_csv(folder / "data" / "panel.csv").assign(under=0)
    frame[frame["manad"] < "2021-07"].to_csv(folder / "data" / "panel.csv", index=False)
    assert "the data do not say yet which units get the measure" in str(refused(folder))


def test_an_organisation_is_locked_without_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert RUN.invoke(app, ["new", "annan", "--design", "organisation"]).exit_code == 0
    done = register_study("annan", tmp_path / "build", NOW)
    assert done.registration.state == "registered"
    assert done.registration.lock is not None
    assert (done.registration.lock.units, done.registration.lock.seen) == ({}, {})
    assert "the lock holds the plan, not the criteria or the assessments" in done.notes[0]


@pytest.mark.parametrize("failing", [LOCK, "study.toml"])
def test_a_folder_that_cannot_be_written_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    folder = draft(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if Path(target).name == failing:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(StudyError, match="nothing was changed"):
        register_study(folder, tmp_path / "build", NOW)
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_what_the_author_should_know_is_said(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    replace(folder / "study.toml", "smallest_effect = -0.10\n", "")
    replace(folder / "study.toml", "follow_up = 2023-06-30", "follow_up = 2022-06-30")
    notes = register_study(folder, tmp_path / "build", NOW).notes
    assert any(
        "the file already holds 18 periods from the start on; this program has not opened them" in note for note in notes
    )
    assert any("no smallest_effect" in note for note in notes)
    assert "follow_up is 2022-06-30, before the end of the last period of the analysis (2022-12-31)" in notes
    assert any("nothing proves the date of a lock alone" in note for note in notes)


def test_the_verb_speaks_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    draft(tmp_path / "studies")
    done = RUN.invoke(app, ["register", "parken", "--json"])
    assert done.exit_code == 0
    facts = json.loads(done.stdout)
    assert facts["state"] == "registered"
    assert facts["plan_sha256"] == lock_values(tmp_path / "studies" / "parken")["plan_sha256"]
    again = RUN.invoke(app, ["register", "parken", "--json"])
    assert again.exit_code == 2
    assert json.loads(again.stdout)["exit_code"] == 2


def test_check_of_a_changed_plan_ends_with_5(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = registered(tmp_path / "studies")
    assert "Planen låstes 2021-06-15." in RUN.invoke(app, ["check", "parken"]).stdout
    replace(folder / "study.toml", "seed = 7", "seed = 8")
    for verb in ("check", "run"):
        done = RUN.invoke(app, [verb, "parken", "--quiet"])
        assert done.exit_code == 5, verb
        assert "estimation.seed: registered 7, now 8" in done.stderr
    assert not (folder / OPENED).exists()


def test_a_design_that_is_there_is_brought_up_to_date(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    build = tmp_path / "build" / "parken"
    build.mkdir(parents=True)
    (build / "design.json").write_text("{}", encoding="utf-8")
    register_study(folder, tmp_path / "build", NOW)
    assert json.loads((build / "registration.json").read_text(encoding="utf-8"))["state"] == "registered"
    assert (build / LOCK).read_bytes() == (folder / LOCK).read_bytes()
    assert 'status = "registered"' in (build / "study.toml").read_text(encoding="utf-8")
    assert (build / "design.json").read_text(encoding="utf-8") == "{}"


@pytest.mark.parametrize(("language", "word"), [("sv", "Hypoteser"), ("en", "Hypotheses")])
def test_the_preanalysis_plan_is_written_before_and_after(tmp_path: Path, language: str, word: str) -> None:
    folder = draft(tmp_path)
    before = write_page(folder, language).read_text(encoding="utf-8")
    assert f"## {word}\n" in before
    assert not (folder / LOCK).exists()
    assert {"sv": "Planen är inte låst än.", "en": "The plan is not locked yet."}[language] in before
    assert "| `brott` | 2019-01 | 2021-06 | 24 | 720 |" in before
    register_study(folder, tmp_path / "build", NOW)
    after = write_page(folder, language).read_text(encoding="utf-8")
    assert lock_values(folder)["plan_sha256"] in after
    assert {"sv": "Låst 2021-06-15 12:00:00 UTC", "en": "Locked 2021-06-15 12:00:00 UTC"}[language] in after
    headings = re.findall(r"^## (.+)$", after, re.MULTILINE)
    assert len(headings) == len(set(headings)) == 15
    if language == "en":  # the author's own words stay as they are; the program's are English
        assert not re.search(
            r"\b(och|inte|planen|åtgärden|innan)\b", "\n".join(line for line in after.splitlines() if "**" not in line)
        )


def test_the_preanalysis_plan_of_another_language_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="needs sv or en"):
        write_page(draft(tmp_path), "de")


def test_nothing_but_the_lock_and_the_status_is_left_behind(tmp_path: Path) -> None:
    folder = draft(tmp_path)
    before = {path.relative_to(folder) for path in folder.rglob("*")}
    register_study(folder, tmp_path / "build", NOW)
    assert {path.relative_to(folder) for path in folder.rglob("*")} - before == {Path(LOCK)}
    assert not (tmp_path / "build").exists()
    assert (folder / "study.toml").stat().st_mode == (folder / "protokoll.md").stat().st_mode
