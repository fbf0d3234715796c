"""What does the git history around a study say of a file: when it came, what it held, whether it was taken away?"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_SECONDS = 60
State = Literal["no_git", "no_repository", "unreadable", "shallow", "whole"]


@dataclass(frozen=True)
class Change:
    """A commit that touched a file: `kind` is A (added), M (modified) or D (deleted); the date is the committer's."""

    commit: str
    date: dt.datetime
    kind: str


@dataclass(frozen=True)
class SignedTag:
    """An annotated tag whose tree holds a file as it is now; `verified` where the keys of this computer vouch for it."""

    name: str
    date: dt.datetime
    verified: bool


class History:
    """The commits that lead to HEAD, as far as they concern one folder. Every question has an answer without git too."""

    def __init__(self, folder: Path) -> None:
        """Look for git and a repository around the folder."""
        self.folder = folder
        self.program = shutil.which("git")
        self.state: State = self._state()

    @property
    def is_there(self) -> bool:
        """Whether there are commits to ask."""
        return self.state in {"shallow", "whole"}

    def head(self) -> str:
        """The commit that is checked out; empty where there is none."""
        return self._text("rev-parse", "--verify", "--quiet", "HEAD^{commit}") if self.is_there else ""

    def changes(self, name: str) -> tuple[Change, ...]:
        """Commits that added, modified or deleted a file of the folder, the oldest first."""
        if not self.is_there:
            return ()
        ordered = ("--full-history", "--no-renames", "--topo-order", "--reverse")
        told = self._text("log", *ordered, "--format=%x01%H %cI", "--name-status", "--", name)
        found = []
        for entry in told.split("\x01")[1:]:
            first, *rows = [line for line in entry.splitlines() if line.strip()]
            commit, _, date = first.partition(" ")
            found += [Change(commit, dt.datetime.fromisoformat(date), row[0]) for row in rows[:1]]
        return tuple(found)

    def content(self, name: str, commit: str) -> bytes | None:
        """What a file of the folder held in a commit."""
        done = self._run("cat-file", "blob", f"{commit}:./{name}")
        return done.stdout if done and done.returncode == 0 else None

    def date_of(self, commit: str) -> dt.datetime | None:
        """The committer's date of a commit that leads to HEAD; None where it does not, or is unknown."""
        done = self._run("merge-base", "--is-ancestor", commit, "HEAD") if self.is_there else None
        if not done or done.returncode:
            return None
        return dt.datetime.fromisoformat(self._text("show", "--no-patch", "--format=%cI", commit))

    def first_with(self, name: str, text: str) -> dt.datetime | None:
        """When a text first came into a file of the folder."""
        if not self.is_there:
            return None
        told = self._text("log", "--topo-order", "--reverse", "--format=%cI", f"-S{text}", "--", name).split()
        return dt.datetime.fromisoformat(told[0]) if told else None

    def signed_tags(self, name: str) -> tuple[SignedTag, ...]:
        """Signed tags whose tree holds the file as it is now, the oldest first."""
        blob = self._text("hash-object", "--", name) if self.is_there and (self.folder / name).is_file() else ""
        if not blob:
            return ()
        told = self._text("for-each-ref", "--format=%(objecttype) %(taggerdate:iso-strict) %(refname)", "refs/tags")
        found = []
        for kind, date, ref in (row.split(" ", 2) for row in told.splitlines()):
            if kind != "tag" or self._text("rev-parse", "--verify", "--quiet", f"{ref}:./{name}") != blob:
                continue
            if "-----BEGIN " in self._text("cat-file", "tag", ref):
                checked = self._run("verify-tag", ref.removeprefix("refs/tags/"))
                good = checked is not None and checked.returncode == 0
                found.append(SignedTag(ref.removeprefix("refs/tags/"), dt.datetime.fromisoformat(date), good))
        return tuple(sorted(found, key=lambda tag: tag.date))

    def _state(self) -> State:
        if not self.program:
            return "no_git"
        done = self._run("rev-parse", "--is-shallow-repository")
        if done is None:
            return "unreadable"
        if done.returncode == 0:
            return "shallow" if done.stdout.strip() == b"true" else "whole"
        return "no_repository" if b"not a git repository" in done.stderr else "unreadable"

    def _text(self, *arguments: str) -> str:
        done = self._run(*arguments)
        return done.stdout.decode("utf-8", errors="replace").strip() if done and done.returncode == 0 else ""

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes] | None:
        if not self.program:
            return None
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        silent = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat"}
        command = [self.program, "-C", str(self.folder), "-c", "log.showSignature=false", "-c", "core.quotePath=false"]
        try:
            return subprocess.run(  # noqa: S603 -- the arguments are this program's own
                [*command, *arguments], capture_output=True, check=False, env=kept | silent, timeout=_SECONDS
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
