"""Can a reader follow a figure to its file, and is what must be known of the figures told?"""

from __future__ import annotations

import json

import pandas as pd

from tests.report.fixtures.builds import make
from utvardering.report import provenance
from utvardering.report.results import Results

SOURCES = """\
[[source]]
file = "brott.csv"
producer = "Kolada"
title = "Våldsbrott"
address = "https://api.example.org/v3"
retrieved = 2026-11-01
licence = "CC0"
breaks = [{ at = 2018, what = "nya kategorier", columns = ["brott"] }, 2020, "räknas om varje år"]
remarks = ["Kommunernas summa täcker en del av riket."]
"""


def run(tmp_path):
    folder = make(tmp_path)
    (folder / "sources.toml").write_text(SOURCES, encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    (folder / "manifest.json").write_text(
        json.dumps(manifest | {"inputs": {"data/brott.csv": "0123456789abcdef" * 4}}), encoding="utf-8"
    )
    rows = [
        {"file": "data/brott.csv", "column": "kommun", "use": "unit", "outcome": "", "unit": "antal"},
        {"file": "data/brott.csv", "column": "brott", "use": "outcome", "outcome": "brott", "unit": "antal"},
        {"file": "data/brott.csv", "column": "folkmangd", "use": "exposure", "outcome": "brott", "unit": "antal"},
        {"file": "data/brott.csv", "column": "folkmangd", "use": "exposure", "outcome": "trygg", "unit": "antal"},
        {"file": "data/dos.csv", "column": "", "use": "dose", "outcome": "", "unit": ""},
    ]
    pd.DataFrame(rows).to_csv(folder / "provenance.csv", index=False)
    return Results.load(folder)


def test_a_file_is_told_with_address_date_licence_and_checksum(tmp_path):
    origin = "Kolada: Våldsbrott. <https://api.example.org/v3>. Hämtad 2026-11-01. Licens: CC0."
    row = f"| `data/brott.csv` | {origin} | `0123456789ab…` |"
    assert row in provenance.sources(run(tmp_path)).splitlines()


def test_every_column_is_told_once_with_its_file(tmp_path):
    found = run(tmp_path)
    title = next(one.title for one in found.outcomes if one.id == "brott")
    shown = [line for line in provenance.columns(found).splitlines() if "`data/" in line]
    assert shown == [
        "| Områdets namn | `kommun` | `data/brott.csv` |",
        f"| {title} (antal) | `brott` | `data/brott.csv` |",
        "| Det som antalet ställs mot | `folkmangd` | `data/brott.csv` |",
        "| Arbetade timmar | – | `data/dos.csv` |",
    ]


def test_breaks_and_remarks_are_told(tmp_path):
    assert provenance.notes(run(tmp_path)).splitlines()[2:] == [
        "- `brott.csv`: Serien bryts 2018: nya kategorier (`brott`).",
        "- `brott.csv`: Serien bryts 2020.",
        "- `brott.csv`: räknas om varje år",
        "- `brott.csv`: Kommunernas summa täcker en del av riket.",
    ]
