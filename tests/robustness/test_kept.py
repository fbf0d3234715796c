"""What is kept of the doubts: a text runs nothing again, a number does; kills, broken files and two programs at once."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import utvardering as utv
from tests.designs import estimation, job, noise, outcome, sample, treated_first
from tests.evaluate.small import write_study
from utvardering.coverage import versions
from utvardering.outputs import Parts, tree_hashes
from utvardering.robustness import kept as kept_module
from utvardering.robustness.kept import MODULES, ROOMS, Kept, digest, kept_for
from utvardering.robustness.registry import ROBUSTNESS

KEYS = """
[causal_model]
edges = ["storlek -> start", "storlek -> brott", "start -> brott"]
[robustness]
placebo_shifts = [-6]
trend_deviations = [0.5]
smoothness = [0.02]
windows = [[2019-07-01, 2022-06-30]]
alternative_comparisons = [{ method = "nearest", n = 15, on = ["brott"] }]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = write_study(tmp_path_factory.mktemp("kept"), also="[]", parks=22)
    file, panel = found / "study.toml", found / "data" / "panel.csv"
    file.write_text(file.read_text(encoding="utf-8") + KEYS, encoding="utf-8")
    frame = pd.read_csv(panel)
    frame["storlek"] = frame["omrade"].str[-2:].astype(int) * 7 % 11
    frame.to_csv(panel, index=False)
    return found


@pytest.fixture(autouse=True, scope="module")
def _without_the_curve() -> Iterator[None]:
    """The specification curve takes most of the time and is kept by the same means."""
    curve = ROBUSTNESS.pop("specification_curve")
    yield
    ROBUSTNESS["specification_curve"] = curve


class Watched(Parts):
    """Parts that note what was written."""

    def put(self, name: str, value: dict[str, Any]) -> None:
        WRITTEN.append(name)
        super().put(name, value)


WRITTEN: list[str] = []


def stressed(folder: Path, out: Path | None) -> tuple[str, int]:
    """The table of a run's doubts, and how many numbers it had to compute."""
    study = utv.load_study(folder)
    panel = utv.load_panel(study)
    WRITTEN.clear()
    kept = None if out is None else Kept(Watched(kept_for(study, out).parts.folder))
    found = utv.stress(study, panel, utv.estimate_effects(study, panel), None, kept)
    return found.to_frame().to_csv(), len(WRITTEN)


@pytest.fixture(scope="module")
def first(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, int]:
    out = tmp_path_factory.mktemp("out")
    return out, *stressed(folder, out)


def changed(folder: Path, to: Path, old: str, new: str, file: str = "study.toml") -> Path:
    """A copy of the study with a text replaced."""
    target = to / folder.name
    for path in folder.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            if path.name == Path(file).name:
                assert old in text
                text = text.replace(old, new, 1)
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text(text, encoding="utf-8")
    return target


def test_with_and_without_what_is_kept_the_rows_are_the_same_bytes(folder: Path, first: tuple[Path, str, int]) -> None:
    out, table, computed = first
    assert computed > 30
    assert stressed(folder, out) == (table, 0)
    assert stressed(folder, None) == (table, 0)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Ljus i parken"', 'title = "Ljus och mörker"'),
        ('title = "Anmälda brott"', 'title = "Brott"'),
        ('name = "Ljus"', 'name = "Ljus"\ndescription = "Tolv stolpar"'),
        ("[data]", "# ett ord om datat\n[data]"),
        ("[causal_model]", '[report]\nlanguage = "en"\n[causal_model]'),
    ],
    ids=["title", "title of an outcome", "description", "comment", "language"],
)
def test_a_changed_text_computes_nothing(
    folder: Path, first: tuple[Path, str, int], tmp_path: Path, old: str, new: str
) -> None:
    out = first[0]
    assert stressed(changed(folder, tmp_path, old, new), out)[1] == 0


@pytest.mark.parametrize(
    ("old", "new", "file"),
    [
        ("seed = 7", "seed = 8", "study.toml"),
        ("seed = 7", "seed = 7\nlevel = 0.9", "study.toml"),
        ("Park 01,2020-01,", "Park 01,2020-01,1", "panel.csv"),
    ],
    ids=["seed", "level", "data"],
)
def test_a_changed_number_computes_every_estimate_again(
    folder: Path, first: tuple[Path, str, int], tmp_path: Path, old: str, new: str, file: str
) -> None:
    out, before, _ = first
    table, _ = stressed(changed(folder, tmp_path, old, new, file), tmp_path)
    now, then = ({path.name for path in (one / ".stress" / "parken").iterdir()} for one in (tmp_path, out))
    assert not {name.split("-")[0] for name in now & then} & {"again", "blocks", "specification"}
    assert table != before


def test_changed_code_computes_everything_again(
    folder: Path, first: tuple[Path, str, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, table, computed = first
    stressed(folder, tmp_path)
    read = versions._read  # noqa: SLF001 -- what a changed file would give

    def other(name: str) -> tuple[str, tuple[str, ...]]:
        text, imported = read(name)
        return text + " " * (name == "utvardering.inference.randomization"), imported

    monkeypatch.setattr(versions, "_read", other)
    kept_module._state.cache_clear()  # noqa: SLF001 -- as in a new process
    try:
        assert stressed(folder, tmp_path) == (table, computed)
    finally:
        kept_module._state.cache_clear()  # noqa: SLF001 -- the same
    assert len(list((tmp_path / ".stress" / "parken").iterdir())) == computed  # parts of the code before are gone


def squares(kept: Kept, told: list[int], stop: int = 99) -> list[object]:
    """Twelve numbers of which each is told when it is computed; a person stops at one."""

    def work(k: int) -> dict[str, float]:
        if k == stop:
            raise KeyboardInterrupt
        told.append(k)
        return {"square": k**2 / 3, "none": float("nan")}

    return [kept.value("square", (k, "a word"), lambda k=k: work(k)) for k in range(12)]


def a_folder(path: Path) -> Kept:
    return Kept(Parts(path))


def test_broken_parts_are_computed_anew(tmp_path: Path) -> None:
    told: list[int] = []
    found = squares(a_folder(tmp_path), told)
    parts, whole = sorted(tmp_path.iterdir()), tree_hashes(tmp_path)
    text = parts[1].read_text(encoding="utf-8")
    parts[0].write_text('{"value": [0.', encoding="utf-8")
    parts[1].write_text(re.sub(r'"square": (\d)', r'"square": 9\1', text), encoding="utf-8")
    parts[2].write_text("[]", encoding="utf-8")
    parts[3].write_bytes(b"\xff\xfe")
    parts[4].unlink()
    told.clear()
    assert repr(squares(a_folder(tmp_path), told)) == repr(found)
    assert len(told) == 5
    assert tree_hashes(tmp_path) == whole


def test_a_run_that_was_stopped_goes_on_where_it_was(tmp_path: Path) -> None:
    told: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        squares(a_folder(tmp_path), told, stop=7)
    squares(a_folder(tmp_path), told)
    assert told == list(range(12))


def test_what_was_not_asked_for_is_taken_away_and_fresh_scratch_is_left(tmp_path: Path) -> None:
    old = a_folder(tmp_path)
    old.value("of other data", 1, lambda: 1)
    kept = a_folder(tmp_path)
    kept.value("of these", 1, lambda: 2)
    abandoned, fresh = tmp_path / ".a.1", tmp_path / ".b.2"
    for path in (abandoned, fresh):
        path.write_text("{", encoding="utf-8")
    os.utime(abandoned, (0, 0))
    kept.clean()
    assert sorted(path.name.split("-")[0] for path in tmp_path.iterdir()) == [".b.2", "of these"]


def test_two_programs_at_once_and_a_killed_one_do_no_harm(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from utvardering.outputs import Parts\n"
        "from utvardering.robustness.kept import Kept\n"
        "kept = Kept(Parts(Path(sys.argv[1])))\n"
        "print([kept.value('cube', k, lambda: [k**3 / 7] * 2000)[0] for k in range(int(sys.argv[2]))])\n"
        "kept.clean()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    killed = subprocess.Popen([*command, "1000000"], stdout=subprocess.PIPE, encoding="utf-8")
    while not list(tmp_path.glob("*.json")):
        assert killed.poll() is None
        time.sleep(0.01)
    killed.kill()
    killed.communicate()
    both = [subprocess.Popen([*command, "300"], stdout=subprocess.PIPE, encoding="utf-8") for _ in range(2)]
    wanted = f"{[k**3 / 7 for k in range(300)]}\n"
    assert [process.communicate(timeout=300)[0] for process in both] == [wanted, wanted]
    assert len(list(tmp_path.glob("[!.]*.json"))) == 300


def test_what_an_estimate_hangs_on_is_in_its_name_and_words_are_not() -> None:
    y = 5 + noise(np.random.default_rng(1), 6, 8)
    one = job(sample(y, treated_first(6, [4])), outcome(), estimation())
    same = dataclasses.replace(one, language="sv", outcome=outcome(title="Annat"))
    assert digest(one) == digest(same)
    moved = y.copy()
    moved[5, 7] += 1e-12
    others = [
        dataclasses.replace(one, sample=sample(moved, treated_first(6, [4]))),
        dataclasses.replace(one, sample=sample(y, treated_first(6, [5]))),
        dataclasses.replace(one, sample=sample(y, treated_first(6, [4]), anticipation=1)),
        dataclasses.replace(one, estimation=estimation(seed=2)),
        dataclasses.replace(one, outcome=outcome("share")),
        dataclasses.replace(one, inferences=("cluster",)),
        dataclasses.replace(one, draws=99),
    ]
    assert len({digest(found) for found in (one, *others)}) == 1 + len(others)


def test_lists_do_not_run_into_each_other_and_every_nan_is_one() -> None:
    assert digest([["a"], "b"]) != digest([["a", "b"]])
    assert digest("1") != digest(1)
    assert digest(np.array([1.0, np.nan])) == digest(np.array([1.0, -np.nan]))
    assert digest(np.zeros((2, 3))) != digest(np.zeros((3, 2)))
    assert digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    with pytest.raises(TypeError, match="set has no digest"):
        digest({1, 2})


def test_every_module_that_a_doubt_computes_with_is_in_its_state() -> None:
    """Other rooms that robustness imports either decide no number of a doubt, once the panel is there, or are listed."""
    package = Path(utv.__file__).parent
    told = {"data.counted_persons", "disclosure.rounding"}  # what the sentences are rounded to, never what is computed
    read = told | {"coverage.versions", "data.load", "study.model", "study.vocabulary", "estimators.registry"}
    found = set()
    for path in (package / "robustness").glob("*.py"):
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith("from utvardering."):
                found.add(line.split()[1].removeprefix("utvardering."))
    outside = {name for name in found if name.split(".")[0] not in {*ROOMS, "errors", "outputs", "wording"}}
    assert outside - set(MODULES) <= read
