"""How results are written: CSV that any program reads, whole folders put in place at once, and hashes of everything."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from utvardering.disclosure.gate import require_nothing_personal


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8 CSV: full precision, `true`/`false`, empty for no value, `inf` for an unbounded limit."""
    out = frame.copy()
    for name in out.select_dtypes("bool").columns:
        out[name] = out[name].map({True: "true", False: "false"})
    out.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")


def write_json(value: Any, path: Path) -> None:  # noqa: ANN401 -- whatever JSON holds
    """Indented UTF-8 JSON with sorted keys."""
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def sha256(path: Path) -> str:
    """Hex digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree_hashes(folder: Path) -> dict[str, str]:
    """Relative path to digest of every file below a folder."""
    return {path.relative_to(folder).as_posix(): sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


@dataclass(frozen=True)
class Parts:
    """A folder of what has been computed, a file per part.

    Files are written under another name and renamed: a program that is killed leaves no half part, and where the same part
    always has the same content two programs at once do no harm.
    """

    folder: Path

    def get(self, name: str) -> dict[str, Any] | None:
        """A part that is there; None where it is not, or is no whole JSON."""
        try:
            found: dict[str, Any] = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        return found

    def put(self, name: str, value: dict[str, Any]) -> None:
        """Keep a part."""
        self.folder.mkdir(parents=True, exist_ok=True)
        scratch = self.folder / f".{name}.{os.getpid()}"
        scratch.write_text(json.dumps(value, sort_keys=True), encoding="utf-8")
        scratch.replace(self.folder / f"{name}.json")


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target that takes its place when everything is written; on a fault the target is untouched.

    It is searched first: a DataError where a file in it holds personal data. Two programs that write the same target take
    turns: the second waits until the first has put its folder in place.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    new, old = (target.parent / f".{target.name}.{kind}" for kind in ("new", "old"))
    with FileLock(target.parent / f".{target.name}.lock"):
        shutil.rmtree(new, ignore_errors=True)  # of a program that was killed: a living one would hold the lock
        if old.exists() and not target.exists():
            old.rename(target)
        shutil.rmtree(old, ignore_errors=True)
        new.mkdir()
        try:
            yield new
            require_nothing_personal(new)
            if target.exists():
                target.rename(old)
            new.rename(target)
            shutil.rmtree(old, ignore_errors=True)
        finally:
            shutil.rmtree(new, ignore_errors=True)
