"""Two versions of a report are held against each other: the next is not written where the difference tells of fewer than k."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import utvardering as utv
from tests.disclosure.test_bounds import areas
from tests.evaluate.small import write_study
from utvardering.data.told_versions import note_told, refuse_telling_difference
from utvardering.disclosure.areas import withheld
from utvardering.disclosure.bounds import is_few
from utvardering.disclosure.rounding import blunted
from utvardering.disclosure.versions import Told, digests_of, persons_between
from utvardering.errors import DataError

SMALLEST = 5
KEY = b"a secret of the test"


def counts(table: np.ndarray) -> dict[str, dict[str, int]]:
    return {f"brott {k}": {f"A{n}": int(value) for n, value in enumerate(column)} for k, column in enumerate(table.T)}


@pytest.mark.parametrize("seed", range(30))
def test_persons_between_versions_are_counted_without_the_old_counts(seed: int) -> None:
    rng = np.random.default_rng(seed)
    old = rng.poisson(rng.choice([0.5, 6, 40]), size=(8, 6))
    change = np.zeros_like(old)
    for _ in range(int(rng.integers(0, 4))):
        change[rng.integers(8), rng.integers(6)] += rng.choice([-1, 1, 2])
    change = np.maximum(change, -old)
    told = Told(SMALLEST, digests_of(counts(old), KEY))
    between = persons_between(told, counts(old + change), KEY, SMALLEST, same_in_columns=False)
    each = [max(column[column > 0].sum(), -column[column < 0].sum()) for column in change.T]
    gone = ((old > 0) & (old + change == 0)).any()
    assert between == sum(each) or (gone and 0 < between <= sum(each)), "a cell that is emptied is one person at least"
    assert (between == 0) == (not change.any())


def test_the_record_holds_no_count_and_no_area() -> None:
    told = digests_of(counts(np.full((3, 2), 7)), secrets.token_bytes(32))
    said = json.dumps(told)
    assert "A1" not in said
    assert len({one for cells in told.values() for one in cells.values()}) == 6, "equal counts do not look alike"


def test_who_moves_is_one_person_and_waves_hold_the_same_persons() -> None:
    old = {"poäng 1": {"True 3": 9, "True 4": 9}, "poäng 2": {"True 3": 9, "True 4": 9}}
    new = {"poäng 1": {"True 3": 8, "True 4": 10}, "poäng 2": {"True 3": 8, "True 4": 10}}
    told = Told(SMALLEST, digests_of(old, KEY))
    assert persons_between(told, new, KEY, SMALLEST, same_in_columns=True) == 1
    assert persons_between(told, new, KEY, SMALLEST, same_in_columns=False) == 2


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study of persons by area, told once."""
    root = tmp_path_factory.mktemp("versions")
    folder = write_study(root, also="[]", parks=24)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    text = text.replace('kind = "count"\n', 'kind = "count"\ncounts = "persons"\n')
    (folder / "study.toml").write_text(text.replace("simulated = true", "simulated = false"), encoding="utf-8")
    study = utv.load_study(folder)
    note_told(study, utv.load_panel(study), root / "build")
    return root


def _changed(told: Path, target: Path, edit: Callable[[pd.DataFrame], pd.DataFrame], plan: tuple[str, str] = ("", "")) -> None:
    """Another version of the study, asked for beside the one told."""
    folder = target / "parken"
    (folder / "data").mkdir(parents=True)
    for name in ("study.toml", "told.key", "data/panel.csv"):
        (folder / name).write_bytes((told / "parken" / name).read_bytes())
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(text.replace(*plan) if plan[0] else text, encoding="utf-8")
    panel = edit(pd.read_csv(folder / "data" / "panel.csv"))
    panel.to_csv(folder / "data" / "panel.csv", index=False)
    study = utv.load_study(folder)
    refuse_telling_difference(study, utv.load_panel(study), told / "build")


def _add(persons: int, row: int = 100) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def edit(panel: pd.DataFrame) -> pd.DataFrame:
        panel.loc[row, "brott"] += persons
        return panel

    return edit


@pytest.mark.parametrize("persons", [-4, -1, 1, 4])
def test_a_version_that_differs_in_a_few_is_not_written(persons: int, told: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="fewer than 5 persons differ") as refused:
        _changed(told, tmp_path, _add(persons))
    assert refused.value.exit_code == 3
    assert "Park" not in str(refused.value), "it does not say where"


def test_few_who_differ_are_found_whatever_else_changes(told: Path, tmp_path: Path) -> None:
    others = ('units = "all"', "units = [" + ", ".join(f'"Park {n:02d}"' for n in range(3, 24)) + "]")
    with pytest.raises(DataError, match="fewer than 5 persons differ"):
        _changed(told, tmp_path / "comparison", _add(1), others)
    with pytest.raises(DataError, match="fewer than 5 persons differ"):
        _changed(told, tmp_path / "period", _add(1), ("last = 2022-12-31", "last = 2022-11-30"))


@pytest.mark.parametrize("smallest", [3, 7, 10])
def test_another_limit_is_refused_while_the_old_version_stands(smallest: int, told: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="told with 5") as refused:
        _changed(told, tmp_path, _add(0), ("[checks]", f"[report]\nsmallest_cell = {smallest}\n[checks]"))
    assert "report.smallest_cell" in str(refused.value)


def test_the_same_data_and_data_that_many_changed_in_are_told(told: Path, tmp_path: Path) -> None:
    _changed(told, tmp_path / "same", _add(0))
    _changed(told, tmp_path / "many", _add(5))
    (told / "build" / ".told" / "parken.json").rename(tmp_path / "kept.json")
    _changed(told, tmp_path / "removed", _add(1))
    (tmp_path / "kept.json").rename(told / "build" / ".told" / "parken.json")


def test_the_record_and_its_key_lie_apart(told: Path) -> None:
    assert (told / "parken" / "told.key").is_file()
    assert not list((told / "build").rglob("*.key"))
    held = (told / "build" / ".told" / "parken.json").read_text(encoding="utf-8")
    assert "Park" not in held


@pytest.mark.parametrize("seed", range(40))
def test_no_period_of_few_follows_from_two_versions_with_a_period_more(seed: int) -> None:
    """The sums of both versions, each known to what it is rounded to: the period between them is not known to less than k."""
    counted = areas(seed, 4.0)
    fewer, more = counted.counts[:, :-1], counted.counts
    for group in (counted.treated, counted.compared):
        sums = [table[group, 6:].sum() for table in (fewer, more)]
        cell = more[group, -1].sum()
        if not is_few(cell, SMALLEST) or is_few(np.array(sums), SMALLEST).any():
            continue
        told = [blunted(float(value), SMALLEST) for value in sums]
        low, high = max(told[1] - told[0] - SMALLEST, 0), told[1] - told[0] + SMALLEST
        assert low <= cell <= high
        assert high - low >= SMALLEST


def test_the_row_of_an_area_is_no_finer_than_its_own_persons() -> None:
    counted = areas(3, 8.0)
    held = withheld(counted, SMALLEST)
    sums = counted.sums()
    for step, own in zip(held.area_steps, sums, strict=True):
        assert step >= SMALLEST / own[own > 0].min()
    assert held.area_steps.max() > held.log_step
