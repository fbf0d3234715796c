"""What `design` answers for one series: the same bytes each time, blind to what came after, honest where it is too small."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from utvardering.data.load import load_panel
from utvardering.outputs import tree_hashes
from utvardering.planning.design import design_study
from utvardering.study.load import load_study

WEBBPLATS = Path(__file__).parents[2] / "studies" / "webbplats"


def planned(root: Path, *, after: float = 1.0, old: str = "", new: str = "") -> Path:
    """Design the example with the values after the start multiplied, and one text of its study file replaced."""
    folder = root / "webbplats"
    (folder / "data").mkdir(parents=True)
    text = (WEBBPLATS / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    table = pd.read_csv(WEBBPLATS / "data" / "serie.csv")
    late = table["manad"] >= "2022-09"
    table.loc[late, "besok_trygg"] = (table.loc[late, "besok_trygg"] * after).astype(int)
    table.to_csv(folder / "data" / "serie.csv", index=False)
    return design_study(folder, root / "build", quick=True)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return planned(tmp_path_factory.mktemp("design"))


def test_another_run_gives_the_same_bytes(example: Path, tmp_path: Path) -> None:
    assert tree_hashes(planned(tmp_path)) == tree_hashes(example)


def test_what_came_after_the_start_changes_nothing(example: Path, tmp_path: Path) -> None:
    other = planned(tmp_path, after=3.0)
    for name in ("power.csv", "detectable.csv", "false_positives.csv", "advice.csv"):
        assert (other / name).read_bytes() == (example / name).read_bytes(), name


def test_the_tables_speak_of_the_series(example: Path) -> None:
    tables = {name: pd.read_csv(example / f"{name}.csv") for name in ("power", "detectable", "false_positives", "advice")}
    assert set(tables["power"]["outcome"]) == {"besok_trygg", "samtal_stodlinjen"}
    assert (tables["power"].groupby(["outcome", "follow_up"])["power"].diff().dropna() >= 0).all()
    assert tables["advice"]["kind"].iloc[-1] == "comparison"
    assert tables["advice"]["rank"].tolist() == list(range(1, len(tables["advice"]) + 1))
    for name in ("detectable", "false_positives", "advice"):
        assert not tables[name]["text"].str.contains("område|kommuner").any()


def test_a_plan_that_finds_too_little_is_said_to_be_unfit(tmp_path: Path) -> None:
    found = planned(tmp_path, old="max_detectable_effect = 0.30", new="max_detectable_effect = 0.02")
    said = pd.read_json(found / "design.json", typ="series")["sentences"]
    assert any("räcker inte" in one or "inte" in one for one in said)
    assert any("ingen uppläggning med en enda serie" in one for one in said)


def test_what_the_checks_open_is_only_the_past() -> None:
    assert load_panel(load_study(WEBBPLATS)).before().sample("besok_trygg").y.shape == (1, 56)
