"""Which data were known before the start? One hash for them, and what was seen of each outcome.

The hash is over numbers, not over files: the order of rows, the file format and every row from the start on leave it as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.by_design import Data
from utvardering.data.cohort import Cohort
from utvardering.data.cohort_fingerprint import cohort_seen, cohort_sha256
from utvardering.data.panel import NEVER, Grid, Panel
from utvardering.study.model import Study


@dataclass(frozen=True)
class Seen:
    """What was known of an outcome before the start: first and last period, units and cells with a value, and their hash."""

    outcome: str
    first: str
    last: str
    units: int
    cells: int
    sha256: str


def data_sha256(study: Study, panel: Data, until: Mapping[str, str] | None = None) -> str:
    """Hex digest of what the data say before the first start: values, exposure, weights, covariates, roles and groups.

    panel   of this study, or its cohort; cut by `before()` here, so that a whole one gives the same
    until   outcome to the label of the last period that counts; periods after it, and outcomes that are not named, are left out
    """
    if isinstance(panel, Cohort):
        return cohort_sha256(study, panel, until)
    before = panel.before()
    told = [[one.outcome, one.sha256] for one in seen_before(study, before, until)]
    return _digest({"outcomes": sorted(told), "units": _units(before, known_units(before, until))})


def seen_before(study: Study, panel: Data, until: Mapping[str, str] | None = None) -> tuple[Seen, ...]:
    """What the data say of each outcome of the study before the first start; `until` as in `data_sha256`."""
    if isinstance(panel, Cohort):
        return cohort_seen(study, panel, until)
    grids = panel.before().grids
    named = [outcome.id for outcome in study.outcomes if until is None or outcome.id in until]
    return tuple(_seen(grids[name], panel.units, until[name] if until else None) for name in named if name in grids)


def known_units(panel: Panel, until: Mapping[str, str] | None = None) -> list[int]:
    """Places of the units of which anything is known before the first start, by name; `until` as in `data_sha256`."""
    known = np.zeros(len(panel.units), dtype=bool)
    for name, grid in panel.before().grids.items():
        if until is None or name in until:
            known |= _known(grid, until[name] if until else None).any(axis=1)
    return [place for place in _by_name(panel.units) if known[place]]


def _seen(grid: Grid, units: tuple[str, ...], last: str | None) -> Seen:
    columns = _columns(grid)
    known = _known(grid, last)
    at = np.flatnonzero(known.any(axis=0))
    rows = np.array([place for place in _by_name(units) if known[place].any()], dtype=np.int64)
    labels = [grid.labels[k] for k in at]
    names = [units[place] for place in rows]
    digest = hashlib.sha256(_text({"outcome": grid.outcome, "columns": list(columns), "periods": labels, "units": names}))
    for values in columns.values():
        digest.update(_bytes(values[np.ix_(rows, at)]))
    cells = int(np.isfinite(grid.y[:, at]).sum())
    return Seen(grid.outcome, labels[0] if labels else "", labels[-1] if labels else "", len(rows), cells, digest.hexdigest())


def _columns(grid: Grid) -> dict[str, NDArray[np.float64]]:
    """Name of each column to its (N, T) numbers, by name."""
    columns = {"value": grid.y}
    columns |= {} if grid.exposure is None else {"exposure": grid.exposure}
    columns |= {} if grid.weights is None else {"weights": grid.weights}
    columns |= {f"covariate {name}": grid.covariates[name] for name in sorted(grid.covariates)}
    return columns


def _known(grid: Grid, last: str | None) -> NDArray[np.bool_]:
    """(N, T) cells in which anything is known, up to the period `last`."""
    known = np.zeros(grid.y.shape, dtype=bool)
    for values in _columns(grid).values():
        known |= ~np.isnan(values)
    if last is not None:
        known &= np.array(grid.periods, dtype=np.int64) <= (grid.calendar.number(last) if last else -NEVER)
    return known


def _units(panel: Panel, places: list[int]) -> list[list[object]]:
    """A row per unit: name, role, ring, start, and the first of the units that share its cluster, stratum and group."""
    first_grid = next(iter(panel.grids.values()), None)
    groups = [_companions(codes, places, panel.units) for codes in (panel.cluster, panel.strata, panel.groups)]
    beside = panel.neighbour_comparison
    return [
        [
            panel.units[place],
            str(panel.role[place]),
            int(panel.ring[place]),
            bool(beside[place]) if beside is not None else False,
            _start(first_grid, place),
            *(companion[k] for companion in groups),
        ]
        for k, place in enumerate(places)
    ]


def _start(grid: Grid | None, place: int) -> int | None:
    """Number of the period in which the measure began in a unit."""
    if grid is None or not grid.periods or grid.start[place] >= NEVER:
        return None
    return grid.periods[0] + int(grid.start[place])


def _companions(codes: NDArray[np.int64] | None, places: list[int], units: tuple[str, ...]) -> list[str]:
    """The first unit, by name, with the same code: what the groups are called does not matter."""
    if codes is None:
        return [""] * len(places)
    first: dict[int, str] = {}
    return [first.setdefault(int(codes[place]), units[place]) for place in places]


def _by_name(units: tuple[str, ...]) -> list[int]:
    return sorted(range(len(units)), key=units.__getitem__)


def _bytes(values: NDArray[np.float64]) -> bytes:
    """The numbers as bytes: one NaN for every NaN and one zero."""
    return (np.where(np.isnan(values), np.nan, values) + 0.0).astype("<f8").tobytes()


def _digest(value: object) -> str:
    return hashlib.sha256(_text(value)).hexdigest()


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
