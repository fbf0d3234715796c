"""A small study whose plan is registered, in a folder or in a real git repository."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import tomlkit

from tests.evaluate.small import write_study
from utvardering.data.load import load_panel
from utvardering.registration.register import register_study
from utvardering.registration.state import Registration, verify
from utvardering.study.load import load_study
from utvardering.study.plan_values import digest
from utvardering.study.register import LOCK

NOW = dt.datetime(2021, 6, 15, 12, 0, tzinfo=dt.UTC)
"""Two weeks before the measure of the small study begins."""


def draft(root: Path, name: str = "parken") -> Path:
    """A study that may be registered: data from before and after the start, nothing opened."""
    folder = write_study(root, name)
    replace(folder / "study.toml", 'design = "areas"\n', 'design = "areas"\nfollow_up = 2023-06-30 # vartannat år\n')
    (folder / "protokoll.md").write_text("# Protokoll\n\n## Ändringar\n\nInga.\n", encoding="utf-8")
    return folder


def registered(root: Path, now: dt.datetime = NOW) -> Path:
    """The same study, registered."""
    folder = draft(root)
    register_study(folder, root / "build", now)
    return folder


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def verified(folder: Path) -> Registration:
    """What every verb asks first, with the data."""
    study = load_study(folder)
    return verify(study, load_panel(study))


def amend(folder: Path, text: str, date: str = "2021-08-01", reason: str = "Nämnden beslutade det.") -> None:
    """Add an amendment with these lines to the protocol."""
    with (folder / "protokoll.md").open("a", encoding="utf-8") as file:
        file.write(f"\n## Ändring {date}\n\n{reason}\n\n{text}\n")


def lock_values(folder: Path) -> dict:
    return tomllib.loads((folder / LOCK).read_text(encoding="utf-8"))


def write_lock(folder: Path, values: dict, *, sealed: bool) -> None:
    """Write a lock with other values; `sealed` as an adversary does, with a hash that fits."""
    if sealed:
        values = values | {"lock_sha256": digest({key: value for key, value in values.items() if key != "lock_sha256"})}
    (folder / LOCK).write_text(tomlkit.dumps(values), encoding="utf-8")


def git(folder: Path, *arguments: str, date: dt.datetime | None = None) -> str:
    """Run git as somebody, at a date."""
    when = {"GIT_AUTHOR_DATE": date.isoformat(), "GIT_COMMITTER_DATE": date.isoformat()} if date else {}
    somebody = ["-c", "user.name=Provkommun", "-c", "user.email=prov@example.se", "-c", "commit.gpgsign=false"]
    program = shutil.which("git")
    assert program
    done = subprocess.run(
        [program, *somebody, *arguments], cwd=folder, env=os.environ | when, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def commit(root: Path, date: dt.datetime, message: str = "läge") -> str:
    """Commit everything at a date; the new commit."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message, date=date)
    return git(root, "rev-parse", "HEAD")


def repository(root: Path, name: str = "studies") -> Path:
    """A git repository in which the draft was committed, the plan registered a day later and the lock committed at once."""
    root.mkdir(parents=True, exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    folder = draft(root / name)
    commit(root, NOW - dt.timedelta(days=1))
    register_study(folder, root / "build", NOW)
    commit(root, NOW + dt.timedelta(minutes=5))
    return folder
