"""Is only the comparison written, only when it may be, and does the file still load?"""

from __future__ import annotations

import importlib
from pathlib import Path

import numpy as np
import pytest

from tests.study.example import STUDY
from utvardering.cli import app
from utvardering.data import load_panel
from utvardering.errors import StudyError
from utvardering.planning.candidates import Proposal, propose_comparison
from utvardering.planning.write_choice import choose_comparison, write_choice
from utvardering.study import Study, load_study

AREAS = ("Centrum", "Grannstad", "Parken", *(f"Område {k:02d}" for k in range(1, 9)))


def make(folder: Path, *edits: tuple[str, str], newline: str = "\n") -> tuple[Study, Proposal]:
    """The example study with 24 months before its start, and what is proposed for it."""
    here = folder / "prov"
    (here / "data").mkdir(parents=True)
    rng = np.random.default_rng(4)
    rows = [
        f"{unit};{year}-{month:02d};{rng.poisson(40)};{0.5 + 0.01 * month:.3f};{1000 + 10 * place}"
        for place, unit in enumerate(AREAS)
        for year in (2020, 2021, 2022)
        for month in range(1, 13)
    ]
    (here / "data/panel.csv").write_text("\n".join(["omrade;manad;brott;trygg;folkmangd", *rows]), encoding="utf-8")
    text = STUDY.replace("first = 2018-01-01", "first = 2020-01-01").replace("last = 2024-12-31", "last = 2022-12-31")
    text = text.replace("level = 0.95", "level = 0.8") + "\n[checks]\nmin_comparison_units = 5\n"
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    (here / "study.toml").write_bytes(text.replace("\n", newline).encode())
    study = load_study(here)
    return study, propose_comparison(study, load_panel(study).before())


COMMENTED = ('units = "all"', 'rule = ""   # regeln i ord\nunits = "all" # alla andra')


@pytest.mark.parametrize("name", ["nearest", "matched", "donors"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_units_and_rule_are_written_and_nothing_else(name: str, newline: str, tmp_path: Path) -> None:
    study, proposal = make(tmp_path, COMMENTED, newline=newline)
    path = study.folder / "study.toml"
    before = path.read_bytes().decode()
    assert write_choice(study, proposal, name) == path
    after = path.read_bytes().decode()
    new = load_study(study.folder)
    assert new.comparison.units == proposal[name].units
    assert new.comparison.rule == proposal[name].rule
    assert new.comparison.excluded == study.comparison.excluded
    assert new.model_copy(update={"comparison": study.comparison, "lines": study.lines}) == study
    assert ("\r\n" in after) == (newline == "\r\n")
    assert after.count("\n") == after.count(newline)
    kept = [line for line in before.split(newline) if not line.startswith(("rule =", "units = "))]
    assert [line for line in kept if line not in after.split(newline)] == []
    assert "# regeln i ord" in after
    assert "# alla andra" in after
    panel = load_panel(new)
    assert {unit for unit, role in zip(panel.units, panel.role, strict=True) if role == "comparison"} == set(
        proposal[name].units
    )
    assert sorted(each.name for each in study.folder.iterdir()) == ["data", "study.toml"]


def test_a_choice_by_rule_gives_place_to_the_units(tmp_path: Path) -> None:
    rule = 'choose = { method = "nearest", n = 6, on = ["folkmangd"] }'
    study, proposal = make(tmp_path, ('units = "all"', rule))
    write_choice(study, proposal, "matched")
    text = (study.folder / "study.toml").read_text(encoding="utf-8")
    assert "choose" not in text
    assert load_study(study.folder).comparison.units == proposal["matched"].units


def test_a_comparison_in_braces_is_written_too(tmp_path: Path) -> None:
    old = '[comparison]\nunits = "all"\nexcluded = [{ unit = "Grannstad", reason = "Gränsar dit" }]\n'
    study, proposal = make(tmp_path, (old, ""), ("schema = 1\n", 'schema = 1\ncomparison = { units = "all" }\n'))
    write_choice(study, proposal, "nearest")
    assert load_study(study.folder).comparison.units == proposal["nearest"].units


def test_a_choice_is_proposed_and_written_in_one_step(tmp_path: Path) -> None:
    study, proposal = make(tmp_path)
    assert choose_comparison(study.folder, "nearest") == proposal["nearest"]
    assert load_study(study.folder).comparison.units == proposal["nearest"].units


def test_the_verb_writes_the_choice_before_it_works_out_the_design(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    study, proposal = make(tmp_path)
    seen = []

    def design_study(given: Study, out: Path, *_: object, **__: object) -> Path:
        seen.append(given.comparison.units)
        out.mkdir()
        (out / "design.json").write_text('{"sentences": ["klart"]}', encoding="utf-8")
        return out

    monkeypatch.setattr(importlib.import_module("utvardering.evaluate"), "design_study", design_study)
    arguments = [str(study.folder), "--out", str(tmp_path / "ut"), "--write-comparison", "matched"]
    with pytest.raises(SystemExit) as ended:
        app(["design", *arguments])
    assert ended.value.code == 0
    assert seen == [proposal["matched"].units]
    told = f"study.toml now compares with 5 units: {proposal['matched'].rule}"
    assert told in " ".join(capsys.readouterr().out.split())


def told(study: Study, proposal: Proposal, name: str) -> str:
    """The message, once it is seen that nothing was written."""
    before = (study.folder / "study.toml").read_bytes()
    with pytest.raises(StudyError) as error:
        write_choice(study, proposal, name)
    assert (study.folder / "study.toml").read_bytes() == before
    assert not list(study.folder.glob(".study*"))
    return str(error.value)


REGISTERED = "prov: the plan is registered, and its comparison is not changed; write an amendment in protokoll.md instead"


@pytest.mark.parametrize("status", ["registered", "published"])
def test_a_registered_plan_is_not_changed(status: str, tmp_path: Path) -> None:
    study, proposal = make(tmp_path, ('design = "areas"', f'design = "areas"\nstatus = "{status}"'))
    assert told(study, proposal, "nearest") == REGISTERED


def test_a_lock_is_enough(tmp_path: Path) -> None:
    study, proposal = make(tmp_path)
    (study.folder / "plan.lock").write_text("", encoding="utf-8")
    assert told(study, proposal, "nearest") == REGISTERED


def test_choices_that_are_not_there(tmp_path: Path) -> None:
    study, proposal = make(tmp_path)
    assert told(study, proposal, "group") == "prov: group was not found for this study; choose among nearest, matched, donors"
    assert (
        told(study, proposal, "planned") == "prov: planned is what the plan has already; choose among nearest, matched, donors"
    )
    none = Proposal("prov", "", "", "", ())
    assert told(study, none, "nearest") == "prov: nearest was not found for this study: no unit can be compared with"


def test_a_plan_that_would_not_load_is_not_written(tmp_path: Path) -> None:
    """The study has changed since the proposal: one of its units is a neighbour now."""
    study, proposal = make(tmp_path)
    path = study.folder / "study.toml"
    unit = proposal["nearest"].units[0]
    path.write_text(path.read_text(encoding="utf-8").replace('["Parken"]', f'["{unit}"]'), encoding="utf-8")
    message = told(load_study(study.folder), proposal, "nearest")
    assert message.splitlines()[0].endswith("prov/study.toml: 1 problem")
    assert message.splitlines()[1].endswith(
        f'"{unit}" is a neighbour, where crime could have moved; remove it here or from [neighbours]'
    )
