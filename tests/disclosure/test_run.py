"""A run of areas whose outcomes count persons tells no few of them, in no table or text; an audit says what it left out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import utvardering as utv
from tests.evaluate.small import write_study
from utvardering.audit import audit
from utvardering.data.counted_persons import counted, withheld_of
from utvardering.errors import DataError

SMALLEST = 5
FEW = (("Park 01", "2022-03", 3), ("Park 07", "2020-05", 2))


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of 24 parks in which a period has few treated persons, and a park few before the start; run once."""
    root = tmp_path_factory.mktemp("persons")
    folder = write_study(root, also="[]")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(
        text.replace('kind = "count"\n', 'kind = "count"\ncounts = "persons"\n'), encoding="utf-8"
    )
    panel = pd.read_csv(folder / "data" / "panel.csv")
    treated = panel["omrade"].isin(["Park 01", "Park 02"])
    panel.loc[treated & (panel["manad"] == "2022-03"), "brott"] = [3, 0]
    panel.loc[(panel["omrade"] == "Park 07") & (panel["manad"] < "2021-07"), "brott"] = 0
    panel.loc[(panel["omrade"] == "Park 07") & (panel["manad"] == "2020-05"), "brott"] = 2
    panel.to_csv(folder / "data" / "panel.csv", index=False)
    utv.evaluate(folder, root / "build")
    return root


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "build" / "parken"


def test_the_panel_is_not_written(folder: Path) -> None:
    assert not (folder / "panel.parquet").exists()


def test_rows_of_few_are_withheld_and_listed(root: Path, folder: Path) -> None:
    study = utv.load_study(root / "parken")
    panel = utv.load_panel(study)
    held = withheld_of(study, panel, "brott")
    assert held is not None
    assert held.primary_areas[panel.units.index("Park 07")]
    hidden = {unit for unit, is_hidden in zip(panel.units, held.areas, strict=True) if is_hidden}
    assert len(hidden) >= 2, "alone it would follow from the sum over the comparison"
    doubts = pd.read_csv(folder / "robustness.csv", dtype={"variant": str})
    assert not hidden & set(doubts["variant"])
    assert set(panel.units) & set(doubts["variant"]), "the others are told"
    listed = pd.read_csv(folder / "suppressed.csv", dtype=str)
    assert set(listed["kind"]) == {"primary", "secondary"}
    assert any("Park 07" in item for item in listed["item"])
    assert list(listed.columns[:5]) == ["study", "table", "outcome", "item", "reason"]


def test_numbers_are_no_finer_than_the_limit(root: Path, folder: Path) -> None:
    study = utv.load_study(root / "parken")
    held = withheld_of(study, utv.load_panel(study), "brott")
    assert held is not None
    rows = pd.read_csv(folder / "estimates.csv")
    for column in ("effect_units", "effect_units_low", "effect_units_high"):
        assert np.allclose(rows[column] % SMALLEST, 0), column
    ratios = rows[(rows["scale"] == "log_ratio") & (rows["outcome"] == "brott")]
    for column in ("estimate", "ci_low", "ci_high"):
        steps = ratios[column] / held.log_step
        assert np.allclose(steps, steps.round(), atol=1e-6), f"{column}: multiples, up to rounding of floats"
    assert (rows["ci_low"] < rows["ci_high"]).all()


def test_no_total_follows_from_the_estimates(root: Path, folder: Path) -> None:
    """Counterfactual = units ÷ percent, observed = that plus units: exact numbers gave the treated total to the person."""
    study = utv.load_study(root / "parken")
    row = pd.read_csv(folder / "estimates.csv").query("planned and outcome == 'brott'").iloc[0]
    true = counted(utv.load_panel(study), "brott").groups()[0, 1]
    recovered = row["effect_units"] / (row["effect_percent"] / 100) + row["effect_units"]
    assert abs(recovered - true) > 0.5
    mean = pd.read_csv(folder / "balance.csv").query("variable == 'brott'").iloc[0]["treated"]
    assert abs(mean * 60 - counted(utv.load_panel(study), "brott").groups()[0, 0]) > 0.01


def test_no_sentence_is_finer_than_its_table(root: Path, folder: Path) -> None:
    study = utv.load_study(root / "parken")
    held = withheld_of(study, utv.load_panel(study), "brott")
    assert held is not None
    doubts = pd.read_csv(folder / "robustness.csv")
    for text in doubts[doubts["check"].isin(["leave_one_out", "windows"])]["text"]:
        for found in re.findall(r"([−-]?\d+,\d) %", text)[:3]:
            steps = float(found.replace("−", "-").replace(",", ".")) / 100 / held.log_step
            assert abs(steps - round(steps)) < 0.1 * 1 / (100 * held.log_step), text


def test_the_audit_is_clean_and_says_what_was_left_out(root: Path) -> None:
    found = audit(root / "parken", root / "build", root / "site")
    assert found.is_clean
    assert found.suppressed
    said = "\n".join(found.lines())
    assert "counts persons; no number of fewer than 5" in said
    assert "Park 07" in said


def test_the_audit_finds_what_was_put_there_afterwards(root: Path, folder: Path) -> None:
    events = folder / "robustness.csv"
    kept = events.read_bytes()
    with events.open("a", encoding="utf-8") as file:
        file.write("parken,brott,poisson_did,leave_one_out,Park 07,-0.6,-0.8,-0.4,0.01,pass,x\n")
    (folder / "extra.md").write_text("Samtal med Karin Svensson\n", encoding="utf-8")
    program = str(Path(sys.executable).with_name("utvardering"))
    command = [program, "audit", str(root / "parken"), "--out", str(root / "build"), "--site", str(root / "site"), "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    events.write_bytes(kept)
    (folder / "extra.md").unlink()
    assert ended.returncode == DataError.exit_code
    facts = json.loads(ended.stdout)
    assert facts["clean"] is False
    assert [one["kind"] for one in facts["found"]] == ["a person's name"]
    assert any("robustness.csv tells of brott" in one for one in facts["told"])
    assert "Svensson" not in ended.stdout


def test_a_group_of_few_persons_gets_no_estimate(tmp_path: Path) -> None:
    folder = write_study(tmp_path, also="[]")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    head, *outcomes = text.split("[[outcomes]]")
    tail = outcomes[-1][outcomes[-1].index("[estimation]") :]
    only = head + "[[outcomes]]" + outcomes[0].replace('kind = "count"\n', 'kind = "count"\ncounts = "persons"\n') + tail
    (folder / "study.toml").write_text(only, encoding="utf-8")
    panel = pd.read_csv(folder / "data" / "panel.csv")
    treated = panel["omrade"].isin(["Park 01", "Park 02"])
    panel.loc[treated & (panel["manad"] >= "2021-07"), "brott"] = 0
    panel.loc[treated & (panel["manad"] == "2022-03"), "brott"] = [1, 1]
    panel.to_csv(folder / "data" / "panel.csv", index=False)
    with pytest.raises(utv.errors.UtvarderingError, match="färre än 5 personer"):
        utv.evaluate(folder, tmp_path / "build")
    assert not (tmp_path / "build" / "parken").exists()
