"""Is Brå's export read as Brå writes it, and is everything else refused? The figures are made up."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path

import pytest

from utvardering.data.connectors import Request, connector
from utvardering.data.sources import Break, Source
from utvardering.errors import DataError

MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))["bra"]

HEADER = "Region;Brott;År;Period;Antal;/100 000 inv"
QUERY = {
    "files": ["data/Databasfil.txt"], "offences": {"Misshandel mot man": "misshandel"},
    "first": dt.date(2025, 12, 1), "last": dt.date(2026, 1, 31),
}  # fmt: skip
SOUND = [
    "Ale kommun;Våldsbrott;2025;Dec;..;..;",
    "Ale kommun;Misshandel mot man;2025;Dec;1\u00a0012;5;",
    "Ale kommun;Misshandel mot man;2026 prel.;Jan;9;4;",
    "Hela landet;Våldsbrott;2025;Dec;..;..;",
    "Hela landet;Misshandel mot man;2025;Dec;14278;135;",
    "Hela landet;Misshandel mot man;2026 prel.;Jan;498;5;",
]


def write(folder: Path, rows, name="Databasfil.txt", header=HEADER):
    (folder / "data").mkdir(exist_ok=True)
    content = rows if isinstance(rows, bytes) else "\r\n".join([f"{header}", *rows, ""]).encode("iso-8859-1")
    (folder / "data" / name).write_bytes(content)


def collect(folder, query=None, language="en"):
    source = Source("data/brott.csv", connector="bra", query={**QUERY, **(query or {})})
    return connector("bra").collect(Request(source, folder, folder / "work", dt.date(2026, 3, 1), language=language))


def message(folder, rows, query=None, **how):
    write(folder, rows, **how)
    with pytest.raises(DataError) as fault:
        collect(folder, query)
    return str(fault.value)


def test_counts_with_grouped_digits_and_preliminary_figures_marked(tmp_path):
    write(tmp_path, SOUND)
    found = collect(tmp_path)
    assert found.table.to_pydict() == {
        "unit": ["1440", "1440"], "period": ["2025-12", "2026-01"], "misshandel": [1012, 9], "preliminary": [0, 1],
    }  # fmt: skip
    assert (found.producer, found.unit) == ("Brå", "number of reported offences")
    assert found.remarks[0].startswith("Reported offences are offences times the readiness to report.")
    assert any(remark.startswith("Preliminary figures for 2026-01.") for remark in found.remarks)


def test_preliminary_figures_can_be_left_out(tmp_path):
    write(tmp_path, SOUND)
    found = collect(tmp_path, {"preliminary": "leave_out"})
    assert found.table.to_pydict() == {"unit": ["1440"], "period": ["2025-12"], "misshandel": [1012]}


def test_years_and_quarters_and_regions_that_are_no_municipality(tmp_path):
    rows = [
        "Hela landet;Stöld;År;2025;14278;135;",
        "Hela landet;Stöld;År;2026 prel.;14000;135;",
        "Hela landet;Stöld;2025;Kv 4;5;1;",
    ]
    write(tmp_path, rows)
    query = {"offences": {"Stöld": "stold"}, "regions": ["Hela landet"]}
    found = collect(tmp_path, {**query, "period": "year", "last": dt.date(2026, 12, 31)}).table.to_pydict()
    assert found == {"unit": ["Hela landet"] * 2, "period": ["2025", "2026"], "stold": [14278, 14000], "preliminary": [0, 1]}
    found = collect(tmp_path, {**query, "period": "quarter", "first": dt.date(2025, 10, 1), "last": dt.date(2025, 12, 31)})
    assert found.table.to_pydict() == {"unit": ["Hela landet"], "period": ["2025K4"], "stold": [5]}


def test_a_label_under_several_parents_is_told_apart(tmp_path):
    rows = [
        "Ale kommun;Misshandel;2025;Dec;..;..;", "Ale kommun;mot kvinna;2025;Dec;12;5;", "Ale kommun;mot man;2025;Dec;7;5;",
        "Ale kommun;Hot;2025;Dec;..;..;", "Ale kommun;mot kvinna;2025;Dec;3;5;",
    ]  # fmt: skip
    window = {"last": dt.date(2025, 12, 31)}
    assert message(tmp_path, rows, {"offences": {"mot kvinna": "kvinna"}, **window}) == (
        'data/Databasfil.txt: 1 problem\n  Brott: "mot kvinna" stands under several parents with different numbers; write one '
        "of "
        '"Hot > mot kvinna", "Misshandel > mot kvinna" in query.offences'
    )
    found = collect(tmp_path, {"offences": {"Misshandel > mot kvinna": "misshandel", "Hot > mot kvinna": "hot"}, **window})
    assert found.table.to_pydict() == {"unit": ["1440"], "period": ["2025-12"], "misshandel": [12], "hot": [3]}
    write(tmp_path, [row.replace(";3;5", ";12;5") for row in rows])
    found = collect(tmp_path, {"offences": {"mot kvinna": "kvinna"}, **window})
    assert found.table.column("kvinna").to_pylist() == [12]
    assert any(remark.startswith("Values that stand several times with the same figure") for remark in found.remarks)


def test_two_dots_stay_empty_and_a_series_that_begins_late_is_a_break(tmp_path):
    write(tmp_path, ["Ale kommun;Stöld;2025;Dec;..;..;", "Ale kommun;Stöld;2026 prel.;Jan;9;4;"])
    found = collect(tmp_path, {"offences": {"Stöld": "stold"}})
    assert found.table.column("stold").to_pylist() == [None, 9]
    assert found.breaks == (Break("2026-01", "no figures before this period", ("stold",)),)
    assert 'stold: 1 of 2 values are ".." at Brå. They stay empty and are not zero: 1440 2025-12.' in found.remarks


def test_several_exports_are_one_table_and_must_agree(tmp_path):
    write(tmp_path, SOUND[:2])
    write(tmp_path, SOUND[2:3], "del2.txt")
    files = {"files": ["data/Databasfil.txt", "data/del2.txt"]}
    assert collect(tmp_path, files).table.column("misshandel").to_pylist() == [1012, 9]
    write(tmp_path, [SOUND[1].replace("1\u00a0012", "1013"), SOUND[2]], "del2.txt")
    with pytest.raises(DataError) as fault:
        collect(tmp_path, files)
    assert str(fault.value) == (
        "data/del2.txt: 1 problem\n  line 2: Misshandel mot man, Ale kommun, 2025-12: 1013 here and 1012 in "
        "data/Databasfil.txt; the "
        "two were exported at different times: keep the newer file"
    )


EXPORT = "choose the export Databasfil (.txt) at Brå, with the number of offences (Antal)"
WRONG = {
    "html": (b"<html><table><tr><td>1&nbsp;012</td></tr></table></html>", {}),
    "workbook": (b"PK\x03\x04", {}),
    "no_rows": ([], {}),
    "another_file": (b"Kommun;Antal\n", {}),
    "no_counts": (b"Region;Brott;\xc5r;Period;/100 000 inv\n", {}),
    "lines": (
        [
            "Ahle kommun;Stöld;2025;Dec;1;1;",
            "Ale kommun;Stöld;2025;Decc;1;1;",
            "Ale kommun;Stöld;2025;Dec;ett;1;",
            "Ale kommun;Stöld",
        ],
        {},
    ),
    "region": (["Ahle kommun;Misshandel mot man;2025;Dec;1;1;"], {}),
    "missing_cells": (SOUND[:2], {}),
    "not_asked": (SOUND, {"offences": {"Misshandel mot men": "m"}, "regions": ["Helalandet"]}),
    "no_such_period": (SOUND, {"period": "year"}),
    "heading_only": (SOUND[:2], {"offences": {"Våldsbrott": "vald"}, "last": dt.date(2025, 12, 31)}),
}


@pytest.mark.parametrize("name", WRONG)
def test_messages(name, tmp_path):
    rows, query = WRONG[name]
    assert message(tmp_path, rows, query) == MESSAGES[name]


def test_queries_that_contradict_themselves():
    faults = connector("bra").faults
    assert faults(QUERY) == ()
    wrong = {**QUERY, "offences": {"a": "unit", "b": "x", "c": "x"}, "last": dt.date(2020, 1, 1)}
    assert faults(wrong) == (MESSAGES["query"],)
