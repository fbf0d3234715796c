"""What has been computed is kept, a file per part, so that an interrupted design goes on where it stopped.

A part lies in a folder named after everything its numbers hang on: the plan, the data before the start and the code.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from utvardering.coverage.versions import code_version
from utvardering.data.fingerprint import data_sha256
from utvardering.data.panel import Panel
from utvardering.estimators.registry import ESTIMATORS
from utvardering.outputs import Parts
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


class Store(Parts):
    """The folder of one study in one state."""


def store_of(study: Study, before: Panel, out: Path) -> Store:
    """The store of a study under `out`, named after its plan, its data before the start and the code of the methods."""
    methods = tuple(sorted({method.run.__module__ for method in ESTIMATORS.values()}))
    state = (plan_sha256(study), data_sha256(study, before), code_version(*_OWN, *methods))
    return Store(out / FOLDER / study.id / hashlib.sha256("|".join(state).encode()).hexdigest()[:16])
