"""Do the pages on connectors tell the truth: every key, and an example file of each source that loads?"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "data"))
from pxweb_server import Table, serving

from utvardering.data.connectors.reference import BEGIN, END, QUERIES, reference

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "guides" / "exempel"


def test_the_tables_of_keys_are_those_of_the_models():
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    held = re.search(rf"{BEGIN}\n(.*){END}", text, re.DOTALL)[1]
    assert held.strip() == reference().strip()
    for models in QUERIES.values():
        for model in models:
            assert all(field.description for field in model.model_fields.values()), model


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """The folder of the example after `data fetch`, and what the verb said."""
    folder = tmp_path_factory.mktemp("exempel") / "studies" / "exempel"
    shutil.copytree(EXAMPLE, folder)
    (folder / "study.toml").write_text('[report]\nlanguage = "sv"\n', encoding="utf-8")
    regions = {"1440": "Ale", "1482": "Kungälv", **{f"0{k:03d}": "x" for k in range(1, 289)}}
    population = Table(
        {
            "Region": ("region", regions, False),
            "ContentsCode": ("tabellinnehåll", {"BE0101N1": "Folkmängd"}, False),
            "Tid": ("år", {str(year): str(year) for year in range(2018, 2025)}, False),
        },
        lambda Region, Tid, **_: int(Region) + int(Tid),  # noqa: N803 -- the names of the variables in the table
    )
    with serving({"TAB638": population}) as px:
        program = str(Path(sys.executable).with_name("utvardering"))
        command = [program, "data", "fetch", str(folder), "--address", f"scb={px.address}"]
        done = subprocess.run(command, cwd=folder.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


ROWS = {
    "handelser-per-manad": (48, ["unit", "period", "misshandel", "misshandel_dag", "misshandel_natt", "skadegorelse"]),
    "misshandel": (8, ["unit", "period", "misshandel_man", "preliminary"]),
    "trygghet": (16, ["unit", "period", "otrygga", "otrygga_std_error", "otrygga_n"]),
    "klotter": (32, ["unit", "period", "klotter"]),
    "folkmangd": (6, ["unit", "period", "folkmangd"]),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_example_loads_through_the_verb(name, fetched):
    number, columns = ROWS[name]
    with (fetched[0] / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][: len(columns)] == columns
    assert len(rows) == number + 1
    assert all(cell for row in rows for cell in row)


def test_the_verb_says_what_a_reader_must_know(fetched):
    said = fetched[1]
    for sentence in (
        "kopior av en rad med samma nummer (1)",
        "Preliminära siffror för 2026-01, 2026-02.",
        "otrygga: variansen är 1,3 gånger den i ett obundet slumpmässigt urval (median).",
        "16 av 16 summor som gick att pröva stämmer med sina delar.",
        "Klotter: raderna ovanför rubrikerna (rad 3) är titlar och är inte med.",
    ):
        assert sentence in said
