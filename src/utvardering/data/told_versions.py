"""Which version of a study's persons was told, and would the next one tell of a few by its difference from it?

The record lies in `.told/` of the folder that runs write to, its key `told.key` in the study's folder. Neither is copied.
"""

from __future__ import annotations

import json
import secrets
from collections import Counter
from pathlib import Path

import numpy as np

from utvardering.data.cohort import Cohort
from utvardering.data.panel import Panel
from utvardering.disclosure.versions import Counts, Told, digests_of, persons_between
from utvardering.errors import DataError, Problem
from utvardering.study.model import Study

FOLDER = ".told"
KEY = "told.key"


def refuse_telling_difference(study: Study, data: Panel | Cohort, out: Path) -> None:
    """Raise DataError where this version beside the one told before would tell of fewer persons than `smallest_cell`."""
    counts, key, told = _persons(study, data), _key(study), _read(out / FOLDER / f"{study.id}.json")
    if not counts or key is None or told is None:
        return
    smallest, record = study.report.smallest_cell, f"{FOLDER}/{study.id}.json"
    found = []
    if smallest != told.smallest:
        text = (
            f"is {smallest}, but an earlier version was told with {told.smallest}: numbers rounded in two ways tell more than "
            f"either; write {told.smallest}, or take the earlier version away and remove {record} in the folder of the runs"
        )
        found.append(Problem("report.smallest_cell", text, study.line("report.smallest_cell")))
    limit = max(smallest, told.smallest)
    if 0 < persons_between(told, counts, key, limit, same_in_columns=isinstance(data, Cohort)) < limit:
        text = (
            f"fewer than {limit} persons differ from the version told before, so the two together would tell of them; keep "
            f"that version until more have changed. If it was handed to nobody, or has been taken away, remove {record} in "
            "the folder of the runs"
        )
        found.append(Problem("data", text))
    if found:
        msg = f"{study.id}: nothing was written, since the difference between two versions would tell of a few"
        raise DataError(msg, tuple(found))


def note_told(study: Study, data: Panel | Cohort, out: Path) -> None:
    """Keep digests of the version that is told now."""
    counts = _persons(study, data)
    if not counts:
        return
    path, key = study.folder / KEY, _key(study)
    if key is None:
        key = secrets.token_bytes(32)
        try:
            path.write_text(key.hex() + "\n", encoding="ascii")
        except OSError:  # a folder that cannot be written to keeps no key, and docs/methods/disclosure.md says what is lost
            return
    record = out / FOLDER / f"{study.id}.json"
    record.parent.mkdir(parents=True, exist_ok=True)
    new = record.with_suffix(".new")
    new.write_text(json.dumps({"smallest": study.report.smallest_cell, "digests": digests_of(counts, key)}), encoding="ascii")
    new.replace(record)


def _persons(study: Study, data: Panel | Cohort) -> Counts:
    return _of_cohort(data) if isinstance(data, Cohort) else _of_panel(study, data)


def _of_panel(study: Study, panel: Panel) -> Counts:
    found = {}
    for outcome in study.outcomes:
        if outcome.counts != "persons" or outcome.id not in panel.grids:
            continue
        grid = panel.grids[outcome.id]
        whole = np.rint(np.nan_to_num(grid.y)).astype(np.int64)
        for label, column in zip(grid.labels, whole.T.tolist(), strict=True):
            found[f"{outcome.id} {label}"] = dict(zip(panel.units, column, strict=True))
    return found


def _of_cohort(cohort: Cohort) -> Counts:
    columns = {
        f"{name} {wave}": values[:, k] for name, values in cohort.outcomes.items() for k, wave in enumerate(cohort.waves)
    }
    columns |= cohort.covariates
    arms = cohort.treated.tolist()
    return {
        name: Counter(f"{arm} {value:.12g}" for arm, value in zip(arms, values.tolist(), strict=True))
        for name, values in columns.items()
    }


def _key(study: Study) -> bytes | None:
    if study.data.simulated:  # nobody to keep a secret of, and the folder stays as it is
        return study.id.encode()[:32]
    try:
        return bytes.fromhex((study.folder / KEY).read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        return None


def _read(path: Path) -> Told | None:
    try:
        held = json.loads(path.read_bytes())
        return Told(int(held["smallest"]), held["digests"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
