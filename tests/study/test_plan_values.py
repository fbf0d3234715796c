"""Is the hash of a plan one of what it says, however it is written?"""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import tomlkit

from tests.evaluate.small import write_study
from utvardering.study.choice_rules import KEYS
from utvardering.study.load import load_study
from utvardering.study.plan_values import differences, leaves, plan_leaves, plan_sha256, plan_values
from utvardering.study.requirements import REFUSED

STUDIES = sorted(path.parent for path in (Path(__file__).parents[2] / "studies").glob("*/study.toml"))


def written(values: dict[str, Any], folder: Path, name: str) -> Path:
    target = folder / name
    target.mkdir(exist_ok=True)
    (target / "study.toml").write_text(tomlkit.dumps(values), encoding="utf-8")
    return target


def shuffled(value: Any, rng: random.Random) -> Any:
    """Tables with their keys in another order; lists as they are."""
    if isinstance(value, dict):
        keys = list(value)
        rng.shuffle(keys)
        plain = [key for key in keys if not isinstance(value[key], dict)]  # a table's own values come before its tables
        return {key: shuffled(value[key], rng) for key in [*plain, *(key for key in keys if key not in plain)]}
    return [shuffled(item, rng) for item in value] if isinstance(value, list) else value


def writable(values: dict[str, Any]) -> dict[str, Any]:
    """Without the tables that the design refuses, and the keys of other methods of choice: those have no default to write."""
    kept = {name: value for name, value in values.items() if name not in REFUSED[values["study"]["design"]]}
    others = kept.get("robustness", {}).get("alternative_comparisons", [])
    for choose in [*others, kept.get("comparison", {}).get("choose", {})]:
        for name in [name for name in choose if "method" in choose and name not in {"method", *KEYS[choose["method"]]}]:
            del choose[name]
    return kept


@pytest.mark.parametrize("study", STUDIES, ids=lambda path: path.name)
@pytest.mark.parametrize("defaults", [True, False])
def test_order_of_keys_comments_and_written_defaults_do_not_matter(study: Path, *, defaults: bool, tmp_path: Path) -> None:
    loaded = load_study(study)
    values = shuffled(writable(plan_values(loaded, defaults=defaults)), random.Random(3))  # noqa: S311 -- an order of keys
    again = load_study(written(values, tmp_path, loaded.id))
    assert plan_sha256(again) == plan_sha256(loaded)
    assert differences(plan_leaves(loaded), plan_leaves(again)) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("smallest_effect = -0.10", "smallest_effect = -0.1"),
        ("smallest_effect = -0.10", "smallest_effect = -1.0e-1"),
        ("seed = 7", "seed = 0b111"),
        ("max_imbalance = 2.0", "max_imbalance = 2"),
        ('title = "Ljus i parken"', "title = 'Ljus i parken'"),
        ('title = "Ljus i parken"', 'title = "Ljus i \\u0070arken"'),
        ("start = 2021-07-01", "start = 2021-07-01 # måndag"),
        ('title = "Skadegörelse"', 'title = "Skadego\u0308relse"'),
    ],
)
def test_how_a_value_is_spelled_does_not_matter(tmp_path: Path, old: str, new: str) -> None:
    folder = write_study(tmp_path)
    before = plan_sha256(load_study(folder))
    text = (folder / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new), encoding="utf-8")
    assert plan_sha256(load_study(folder)) == before


def test_status_and_report_are_no_part_of_the_plan(tmp_path: Path) -> None:
    folder = write_study(tmp_path)
    before = plan_sha256(load_study(folder))
    text = (
        (folder / "study.toml")
        .read_text(encoding="utf-8")
        .replace('design = "areas"', 'design = "areas"\nstatus = "published"')
    )
    (folder / "study.toml").write_text(text + '[report]\nlanguage = "en"\nsmallest_cell = 9\n', encoding="utf-8")
    assert plan_sha256(load_study(folder)) == before


def test_every_value_that_is_written_has_its_leaf() -> None:
    study = load_study(next(path for path in STUDIES if path.name == "trygghetsvardar"))
    found = plan_leaves(study)
    assert {re.sub(r"\[.*\]", "", key).split(".")[0] for key in found} >= {"study", "measure", "outcomes", "checks"}
    assert found["outcomes[brott_offentlig_miljo].kind"] == "count"
    assert found["treated[Exempelstad centrum].start"].year == 2022


def test_a_table_that_comes_or_goes_is_told_once() -> None:
    one = {"outcomes": [{"id": "a", "kind": "count"}]}
    two = {"outcomes": [{"id": "a", "kind": "rate"}, {"id": "b", "kind": "count"}]}
    found = {change.key: (change.registered, change.now) for change in differences(leaves(one), leaves(two))}
    assert found == {"outcomes": (["a"], ["a", "b"]), "outcomes[a].kind": ("count", "rate")}


def test_the_order_of_a_list_counts() -> None:
    assert differences({"estimation.also": ["a", "b"]}, {"estimation.also": ["b", "a"]}) != ()
