"""Which data on persons were known before the start? One hash for them, without anything that tells who a person is.

Persons are rows of numbers, groups the rows of their persons: neither the order of rows, nor pseudonyms, nor names of groups,
nor any wave from the start on is part of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from utvardering.data.cohort import Cohort
from utvardering.disclosure.rounding import rounded
from utvardering.study.model import Study

if TYPE_CHECKING:
    from utvardering.data.fingerprint import Seen

TOLD = 10
"""Counts are told to the nearest ten: the same whatever smallest_cell is, which is no part of a registered plan."""


def cohort_sha256(study: Study, cohort: Cohort, until: Mapping[str, str] | None = None) -> str:
    """Hex digest of outcomes, covariates, arms and groups before the start; `until` as in `fingerprint.data_sha256`."""
    columns = _columns(study, cohort, until)
    digest = hashlib.sha256(repr([(name, waves) for name, waves, _ in columns]).encode())
    digest.update(_persons(cohort, [values for _, _, values in columns]))
    return digest.hexdigest()


def cohort_seen(study: Study, cohort: Cohort, until: Mapping[str, str] | None = None) -> tuple[Seen, ...]:
    """What the waves before the start say of each outcome; `units` are persons, told like `cells` to the nearest ten."""
    from utvardering.data.fingerprint import Seen  # noqa: PLC0415 -- fingerprint asks this module where the data are a cohort

    found = []
    for name, waves, values in _columns(study, cohort, until):
        if name not in cohort.outcomes:
            continue
        known = np.isfinite(values)
        seen = [wave for k, wave in enumerate(waves) if known[:, k].any()]
        digest = hashlib.sha256(repr((name, seen)).encode() + _persons(cohort, [values])).hexdigest()
        units, cells = (rounded(int(count), TOLD) or 0 for count in (known.any(axis=1).sum(), known.sum()))
        found.append(Seen(name, str(seen[0]) if seen else "", str(seen[-1]) if seen else "", units, cells, digest))
    return tuple(found)


def _columns(
    study: Study, cohort: Cohort, until: Mapping[str, str] | None
) -> list[tuple[str, tuple[int, ...], NDArray[np.float64]]]:
    """Name, waves and (P, W) values of each outcome before the start, and of each covariate, which has one value."""
    found = []
    for outcome in study.outcomes:
        if outcome.id not in cohort.outcomes or (until is not None and outcome.id not in until):
            continue
        last = int(until[outcome.id]) if until and until[outcome.id] else cohort.waves[cohort.last_before]
        count = sum(wave <= last for wave in cohort.waves[: cohort.last_before + 1])
        found.append((outcome.id, cohort.waves[:count], cohort.outcomes[outcome.id][:, :count]))
    covariates = [(name, (), cohort.covariates[name][:, None]) for name in sorted(cohort.covariates)]
    return sorted(found, key=lambda column: column[0]) + covariates


def _persons(cohort: Cohort, columns: list[NDArray[np.float64]]) -> bytes:
    """The persons of whom anything is known, as sorted rows within sorted groups."""
    values = np.column_stack(columns) if columns else np.empty((len(cohort.treated), 0))
    known = np.isfinite(values).any(axis=1)
    plain = np.where(np.isnan(values), np.nan, values) + 0.0  # one NaN for every NaN and one zero
    rows = np.column_stack([cohort.treated.astype(float), plain]).astype("<f8")
    groups: dict[int, list[bytes]] = {}
    for code, row in zip(cohort.group[known], rows[known], strict=True):
        groups.setdefault(int(code), []).append(row.tobytes())
    digests = sorted(hashlib.sha256(b"".join(sorted(members))).digest() for members in groups.values())
    return b"".join(digests)
