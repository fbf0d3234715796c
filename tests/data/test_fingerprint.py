"""Is the hash of what was known before the start one of the numbers alone?"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace

import numpy as np
import pytest

from tests.evaluate.small import write_study
from utvardering.data.fingerprint import data_sha256, known_units, seen_before
from utvardering.data.load import load_panel
from utvardering.data.panel import Panel
from utvardering.study.load import load_study
from utvardering.study.model import Study


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, Panel]:
    study = load_study(write_study(tmp_path_factory.mktemp("fingerprint")))
    return study, load_panel(study)


def slowly(panel: Panel, outcome: str) -> str:
    """The hash of an outcome, cell by cell."""
    grid = panel.before().grids[outcome]
    cells = {
        (panel.units[i], grid.labels[t]): float(grid.y[i, t])
        for i in range(len(panel.units))
        for t in range(len(grid.periods))
        if not math.isnan(grid.y[i, t])
    }
    units, periods = sorted({unit for unit, _ in cells}), sorted({period for _, period in cells})
    head = {"outcome": outcome, "columns": ["value"], "periods": periods, "units": units}
    digest = hashlib.sha256(json.dumps(head, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
    for unit in units:
        for period in periods:
            digest.update(np.array(cells.get((unit, period), math.nan), dtype="<f8").tobytes())
    return digest.hexdigest()


def test_the_hash_is_that_of_the_cells(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    assert {one.outcome: one.sha256 for one in seen_before(study, panel)} == {
        outcome.id: slowly(panel, outcome.id) for outcome in study.outcomes
    }


def test_what_was_seen_is_told(loaded: tuple[Study, Panel]) -> None:
    first = seen_before(*loaded)[0]
    assert (first.outcome, first.first, first.last, first.units, first.cells) == ("brott", "2019-01", "2021-06", 24, 720)


def test_a_whole_panel_and_one_cut_before_the_start_give_the_same(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    assert data_sha256(study, panel) == data_sha256(study, panel.before()) == data_sha256(study, panel.before().before())


def with_grid(panel: Panel, **fields: object) -> Panel:
    return replace(panel, grids=panel.grids | {"brott": replace(panel.grids["brott"], **fields)})  # type: ignore[arg-type] -- as named


def test_every_column_and_group_counts(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    shape = panel.grids["brott"].y.shape
    ones, groups = np.ones(shape), np.arange(len(panel.units)) % 3
    others = [
        with_grid(panel, exposure=ones),
        with_grid(panel, weights=ones),
        with_grid(panel, covariates={"inkomst": ones}),
        with_grid(panel, covariates={"inkomst": 2 * ones}),
        replace(panel, cluster=groups),
        replace(panel, strata=groups),
        replace(panel, groups=groups),
        replace(panel, ring=np.where(panel.role == "comparison", 1, 0)),
        panel.with_roles(np.where(np.arange(len(panel.units)) == 7, "excluded", panel.role)),
        with_grid(panel, start=np.where(panel.role == "treated", 31, panel.grids["brott"].start)),
    ]
    hashes = [data_sha256(study, one) for one in (panel, *others)]
    assert len(set(hashes)) == len(hashes)


def test_names_of_groups_signs_of_zero_and_kinds_of_nan_do_not_count(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    groups = np.arange(len(panel.units)) % 3
    assert data_sha256(study, replace(panel, strata=groups)) == data_sha256(study, replace(panel, strata=7 - 2 * groups))
    y = panel.grids["brott"].y.copy()
    y[0, 0], y[1, 1] = 0.0, np.nan
    one = with_grid(panel, y=y)
    y = y.copy()
    y[0, 0], y[1, 1] = -0.0, np.uint64(0xFFF8000000000001).view(np.float64)
    assert data_sha256(study, one) == data_sha256(study, with_grid(panel, y=y))


def test_the_order_of_units_does_not_count(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    order = np.random.default_rng(5).permutation(len(panel.units))
    grids = {
        name: replace(grid, y=grid.y[order], treatment=grid.treatment[order], start=grid.start[order])
        for name, grid in panel.grids.items()
    }
    units = tuple(panel.units[place] for place in order)
    moved = replace(
        panel,
        units=units,
        labels=units,
        role=panel.role[order],
        ring=panel.ring[order],
        cluster=panel.cluster[order],
        grids=grids,
    )
    assert data_sha256(study, moved) == data_sha256(study, panel)
    assert [moved.units[place] for place in known_units(moved)] == sorted(units)


def test_until_leaves_out_what_came_later(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    until = {"brott": "2020-12", "klotter": "2021-06", "skadegorelse": ""}
    seen = {one.outcome: one for one in seen_before(study, panel, until)}
    assert (seen["brott"].last, seen["brott"].cells) == ("2020-12", 24 * 24)
    assert (seen["skadegorelse"].first, seen["skadegorelse"].cells) == ("", 0)
    y = panel.grids["brott"].y.copy()
    y[:, 24:30] += 1
    assert data_sha256(study, with_grid(panel, y=y), until) == data_sha256(study, panel, until)
    y[0, 23] += 1
    assert data_sha256(study, with_grid(panel, y=y), until) != data_sha256(study, panel, until)


def test_outcomes_after_the_start_do_not_count(loaded: tuple[Study, Panel]) -> None:
    study, panel = loaded
    y = panel.grids["brott"].y.copy()
    y[:, 30:] = np.random.default_rng(2).uniform(0, 1e9, y[:, 30:].shape)
    assert data_sha256(study, with_grid(panel, y=y)) == data_sha256(study, panel)
    assert seen_before(study, with_grid(panel, y=y)) == seen_before(study, panel)
