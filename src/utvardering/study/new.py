"""How does an author begin? With a copy of a study that already works, which is then changed piece by piece."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import get_args

from utvardering.errors import StudyError
from utvardering.study.model import Design
from utvardering.study.source import STUDIES, STUDY_FILE
from utvardering.study.syntax import quote
from utvardering.study.values import show, slug
from utvardering.study.vocabulary import did_you_mean

VARIANTS = "variants"
LONGEST_NAME = 60


def new_study(name: str, design: str = "areas", root: Path = STUDIES) -> Path:
    """Folder of a new study under `root`: the template with its own id and title.

    Raises a StudyError where the name is no id, the folder exists already, or there is no such design.
    """
    _check_name(name)
    if design not in get_args(Design):
        choices = ", ".join(get_args(Design))
        msg = f"{show(design)} is not a design; the designs are {choices}.{did_you_mean(design, get_args(Design))}"
        raise StudyError(msg)
    folder = root / name
    if folder.exists():
        msg = f"{folder.as_posix()}: exists already; choose another name, or change the study that is there"
        raise StudyError(msg)
    root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as scratch:
        made = Path(scratch) / name
        _copy(template(), made, design)
        _set_name(made / STUDY_FILE, name)
        made.rename(folder)
    return folder


def template() -> Path:
    """Folder of the template: inside an installed package, or in the source tree."""
    inside = Path(__file__).parent / "template"
    return inside if inside.is_dir() else Path(__file__).parents[3] / "studies" / "_template"


def _check_name(name: str) -> None:
    if re.fullmatch(r"[a-z0-9][a-z0-9-]*", name) and len(name) <= LONGEST_NAME:
        return
    right = slug(name)[:LONGEST_NAME].strip("-")
    hint = f"; write {right}" if right else ", such as trygghetsvardar-centrum"
    needed = f"it needs small letters a-z, digits and hyphens, at most {LONGEST_NAME}"
    msg = f"{show(name)} cannot be the name of a study: {needed}{hint}"
    raise StudyError(msg)


def _copy(source: Path, folder: Path, design: str) -> None:
    if design == "areas":
        shutil.copytree(source, folder, ignore=shutil.ignore_patterns(VARIANTS))
        return
    folder.mkdir()
    shutil.copy(source / VARIANTS / f"{design}.toml", folder / STUDY_FILE)
    shutil.copy(source / "protokoll.md", folder)
    if (own := source / VARIANTS / design).is_dir():  # files that its study file names
        shutil.copytree(own, folder, dirs_exist_ok=True)
    elif design != "organisation":
        (folder / "data").mkdir()


def _set_name(file: Path, name: str) -> None:
    text = file.read_text(encoding="utf-8")
    title = name.replace("-", " ").capitalize()
    text = re.sub(r'^id = "[^"]*"', f"id = {quote(name)}", text, count=1, flags=re.MULTILINE)
    text = re.sub(r'^title = "[^"]*"', f"title = {quote(title)}", text, count=1, flags=re.MULTILINE)
    file.write_text(text, encoding="utf-8", newline="\n")
