"""What has been computed is kept, a file per part, so that an interrupted design goes on where it stopped.

A part lies in a folder named after everything its numbers hang on: the plan, the data before the start and the code. Files are
written under another name and renamed, and the same part always has the same content: two programs at once do no harm.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utvardering.coverage.versions import code_version
from utvardering.data.fingerprint import data_sha256
from utvardering.data.panel import Panel
from utvardering.estimators.registry import ESTIMATORS
from utvardering.study.model import Study
from utvardering.study.register import plan_sha256

FOLDER = ".design"

_OWN = (
    "utvardering.checks.past",
    "utvardering.checks.forecast_past",
    "utvardering.checks.power",
    "utvardering.checks.false_positives",
    "utvardering.checks.pseudo_treated",
    "utvardering.data.panel",
    "utvardering.planning.cases",
    "utvardering.planning.work",
)


@dataclass(frozen=True)
class Store:
    """The folder of one study in one state."""

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


def store_of(study: Study, before: Panel, out: Path) -> Store:
    """The store of a study under `out`, named after its plan, its data before the start and the code of the methods."""
    methods = tuple(sorted({method.run.__module__ for method in ESTIMATORS.values()}))
    state = (plan_sha256(study), data_sha256(study, before), code_version(*_OWN, *methods))
    return Store(out / FOLDER / study.id / hashlib.sha256("|".join(state).encode()).hexdigest()[:16])
