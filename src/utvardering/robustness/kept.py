"""What the doubts have computed is kept by content: a changed text runs nothing again, a changed number does.

What is kept are numbers, never sentences. Each is named after all that it hangs on: the values handed to the method, with the
plan's in them and the texts left out, the code of the rooms that decide numbers, and the versions of the libraries. A run that
was killed goes on where it stopped; a part that is broken is computed anew; what no longer hangs on anything is taken away.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import importlib.metadata
import json
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel

from utvardering.coverage.versions import code_version
from utvardering.outputs import Parts
from utvardering.study.model import Study

FOLDER = ".stress"

ROOMS = ("causal", "estimators", "inference", "robustness")
"""Rooms whose code decides a number of a doubt, once the panel is there."""

MODULES = ("data.calendar", "data.panel", "study.causal_graph")
"""The same of other rooms."""

LIBRARIES = ("dowhy", "linearmodels", "networkx", "numpy", "pandas", "scipy", "statsmodels")

_TEXTS = {"Job": {"language"}, "Outcome": {"title"}}
"""Fields that say something in words and decide no number, by the class that has them."""

_ABANDONED = 3_600  # seconds after which a file under its other name is that of a program that was killed


@dataclass(frozen=True)
class Kept:
    """Where numbers are kept, and which were asked for; without a folder everything is computed anew."""

    parts: Parts | None = None
    asked: set[str] = field(default_factory=set, repr=False, compare=False)

    def value(self, name: str, hangs_on: object, work: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever JSON holds
        """What `work` gives, computed or read: numbers, texts, lists and tables, as JSON gives them back.

        hangs_on: everything that decides them beside the code.
        """
        if self.parts is None:
            return _plain(work())
        key = f"{name}-{digest((_state(), name, hangs_on))[:24]}"
        self.asked.add(key)
        found = self.parts.get(key)
        if isinstance(found, dict) and "value" in found and found.get("sha256") == _sum(found["value"]):
            return found["value"]
        value = _plain(work())
        self.parts.put(key, {"value": value, "sha256": _sum(value)})
        return value

    def clean(self) -> None:
        """Take away what was not asked for: parts of other data, plans or code, and what a killed program left half-done."""
        if self.parts is None or not self.parts.folder.is_dir():
            return
        for path in self.parts.folder.iterdir():
            unasked = path.suffix == ".json" and path.stem not in self.asked
            if unasked or (path.name.startswith(".") and _age(path) > _ABANDONED):
                path.unlink(missing_ok=True)


def kept_for(study: Study, out: Path) -> Kept:
    """The numbers kept for a study under `out`."""
    return Kept(Parts(out / FOLDER / study.id))


def digest(value: object) -> str:
    """Hex digest of numbers, texts, dates, arrays, lists and tables; of what the program itself names, without words."""
    found = hashlib.sha256()
    _add(found, value)
    return found.hexdigest()


def _add(found: Any, value: object) -> None:  # noqa: ANN401 -- hashlib names no type for its hashes
    if isinstance(value, np.ndarray):
        plain = np.where(np.isnan(value), np.nan, value) if value.dtype.kind == "f" else value
        said = repr(plain.tolist()).encode() if value.dtype.kind in "OUT" else np.ascontiguousarray(plain).tobytes()
        found.update(f"array {value.dtype.str if value.dtype.kind not in 'OUT' else ''} {value.shape} {len(said)}:".encode())
        found.update(said)
    elif isinstance(value, BaseModel) or (dataclasses.is_dataclass(value) and not isinstance(value, type)):
        kind = type(value).__name__
        fields = type(value).model_fields if isinstance(value, BaseModel) else type(value).__dataclass_fields__
        _add(found, [kind, *((name, getattr(value, name)) for name in fields if name not in _TEXTS.get(kind, ()))])
    elif isinstance(value, Mapping):
        _add(found, ["table", *((str(name), value[name]) for name in sorted(value, key=str))])
    elif isinstance(value, (list, tuple)):
        found.update(f"list {len(value)}:".encode())
        for item in value:
            _add(found, item)
    elif value is None or isinstance(value, (bool, int, float, str, dt.date, np.generic)):
        said = repr(value.item() if isinstance(value, np.generic) else value).encode()
        found.update(f"one {len(said)}:".encode() + said)
    else:
        msg = f"{type(value).__name__} has no digest"
        raise TypeError(msg)


@cache
def _state() -> str:
    """The code that decides numbers, and the libraries below it."""
    package = Path(__file__).parents[1]
    files = sorted(path for room in ROOMS for path in (package / room).glob("[!_]*.py"))
    names = [*(f"{path.parent.name}.{path.stem}" for path in files), *MODULES]
    versions = [f"{name} {importlib.metadata.version(name)}" for name in LIBRARIES]
    return " ".join([code_version(*(f"utvardering.{name}" for name in names)), platform.python_version(), *versions])


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever JSON holds
    """A value as it comes back from a file, the order of its keys with it."""
    return json.loads(json.dumps(value, sort_keys=True))


def _sum(value: Any) -> str:  # noqa: ANN401 -- whatever JSON holds
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:  # another program has just renamed it
        return 0.0
