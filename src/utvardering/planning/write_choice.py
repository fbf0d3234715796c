"""Put a proposed comparison into `study.toml`, only when asked to: the units by name and the rule in words, comments kept."""

from __future__ import annotations

import os
from pathlib import Path

import tomlkit
from tomlkit.items import Array, Table

from utvardering.data.load import load_panel
from utvardering.errors import StudyError
from utvardering.planning.candidates import Proposal, Rule, propose_comparison
from utvardering.study import load_study
from utvardering.study.model import Study
from utvardering.study.source import STUDY_FILE

LOCK = "plan.lock"

_ON_A_LINE = 4  # units from which on each stands on a line of its own


def choose_comparison(study: str | Path, choice: str) -> Rule:
    """Propose a comparison for a study and write one choice into its file; raises as the steps do."""
    loaded = load_study(study)
    proposal = propose_comparison(loaded, load_panel(loaded).before())
    write_choice(loaded, proposal, choice)
    return proposal[choice]


def write_choice(study: Study, proposal: Proposal, choice: str) -> Path:
    """Write `units` and `rule` of [comparison] as one choice of the proposal has them, in place of `units` and `choose`.

    The units are written by name: they stay the same when earlier data are revised or more areas come, and a registered plan
    says who they are. Everything else of the file is left as it is. Raises a StudyError for a registered study, for a choice
    that is not in the proposal, and where the study would not load with it; the file is then untouched.
    """
    path = study.folder / STUDY_FILE
    if study.study.status != "draft" or (study.folder / LOCK).exists():
        msg = (
            f"{study.id}: the plan is registered, and its comparison is not changed; write an amendment in protokoll.md instead"
        )
        raise StudyError(msg)
    there = {rule.choice: rule for rule in proposal.rules if rule.choice != "planned"}
    if choice not in there:
        named = f"; choose among {', '.join(there)}" if there else ": no unit can be compared with"
        why = "is what the plan has already" if choice == "planned" else "was not found for this study"
        msg = f"{study.id}: {choice} {why}{named}"
        raise StudyError(msg)
    rule = there[choice]
    with path.open(encoding="utf-8-sig", newline="") as file:
        text = file.read()
    new = path.with_name(f".{STUDY_FILE}.new{os.getpid()}")
    try:
        with new.open("w", encoding="utf-8", newline="") as file:
            file.write(_changed(text, list(rule.units), rule.rule))
        _require_sound(new, path)
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return path


def _require_sound(new: Path, path: Path) -> None:
    """Raise what is wrong with the new file, under the name of the old one."""
    try:
        load_study(new)
    except StudyError as error:
        raise StudyError(error.message.replace(new.name, path.name), error.problems) from error


def _changed(text: str, units: list[str], rule: str) -> str:
    document = tomlkit.parse(text)
    if "comparison" not in document:
        document["comparison"] = tomlkit.table()
    table = document["comparison"]
    if not isinstance(table, Table):  # a table in braces, or keys with points
        table.pop("choose", None)
        table.update({"rule": rule, "units": units})
        return tomlkit.dumps(document)
    table["rule"] = rule
    if "choose" in table:
        table.remove("choose")
    table["units"] = _array(units)
    written = tomlkit.dumps(document)
    return written.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in text else written


def _array(units: list[str]) -> Array:
    array = tomlkit.array()
    array.extend(units)
    return array.multiline(len(units) > _ON_A_LINE)
