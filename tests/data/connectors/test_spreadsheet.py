"""Is a workbook read as a municipality sends it: titles, merged headings, totals, notes, marks, hidden rows? Made up."""

from __future__ import annotations

import datetime as dt
import tomllib
import zipfile
from pathlib import Path

import openpyxl
import pytest

from utvardering.data.connectors import Request, connector
from utvardering.data.sources import Source
from utvardering.errors import DataError

MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))["spreadsheet"]
QUARTERS = {
    "file": "data/brott.xlsx", "unit": "Område", "levels": ["year", "quarter"], "period_unit": "quarter", "outcome": "brott",
    "marks": {"-": 0, "<5": "missing", "..": "missing"},
}  # fmt: skip
ROWS = [
    ["Anmälda brott i Exempelstad"],
    [],
    ["Område", 2019, None, None, 2020, None, None],
    [None, "kv 1", "kv 2", "Summa", "kv 1", "kv 2", "Summa"],
    ["Centrum", 1, 2, 3, "1 001", "-", 1001],
    ["Norra", 1, "<5", "..", 1, 1, 2],
    ["Summa", 2, "..", "..", 1002, 1, 1003],
    [],
    ["Källa: eget uttag. Uppgifterna är påhittade."],
]
LONG = {"file": "data/brott.xlsx", "unit": "Område", "period": "Månad", "period_unit": "month", "outcomes": {"Brott": "brott"}}


def book(folder, sheets, merged=(), hidden=()):
    (folder / "data").mkdir(exist_ok=True)
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
        for place in merged:
            sheet.merge_cells(place)
        for row in hidden:
            sheet.row_dimensions[row].hidden = True
    made.save(folder / "data" / "brott.xlsx")


def collect(folder, query):
    source = Source("data/panel.csv", connector="spreadsheet", query=query)
    return connector("spreadsheet").collect(Request(source, folder, folder / "work", dt.date(2026, 3, 1), language="en"))


def values(found, column="brott"):
    units, periods, figures = (found.table.column(name).to_pylist() for name in ("unit", "period", column))
    return dict(zip(zip(units, periods, strict=True), figures, strict=True))


EXPECTED = {
    ("Centrum", "2019K1"): 1, ("Centrum", "2019K2"): 2, ("Centrum", "2020K1"): 1001, ("Centrum", "2020K2"): 0,
    ("Norra", "2019K1"): 1, ("Norra", "2019K2"): None, ("Norra", "2020K1"): 1, ("Norra", "2020K2"): 1,
}  # fmt: skip


@pytest.mark.parametrize("merged", [("A3:A4", "B3:D3", "E3:G3"), ()], ids=["merged", "written-once"])
def test_headings_over_headings_totals_notes_and_hidden_rows(merged, tmp_path):
    book(tmp_path, {"Brott": ROWS}, merged, hidden=[6])
    found = collect(tmp_path, QUARTERS)
    assert values(found) == EXPECTED
    assert list(found.remarks[:-1]) == [
        "Brott: rows of notes under the table, from row 9, are left: 1.",
        "Brott: the rows above the header (row 3) are titles and are left.",
        "Brott: hidden rows that are taken: 1 (the first is row 6).",
        "Brott: totals are left (rows: 1, columns: 2).",
        'Brott: cells with the mark "-": 1.',
        'Brott: cells with the mark "..": 3.',
        'Brott: cells with the mark "<5": 1.',
        "6 of 6 totals that could be checked are the sum of their parts.",
    ]
    without = collect(tmp_path, {**QUARTERS, "hidden": "leave_out", "totals_may_differ": True})
    assert {unit for unit, _ in values(without)} == {"Centrum"}


def test_periods_in_rows_as_dates_names_and_excels_numbers_of_days(tmp_path):
    rows = [
        ["Område", "Månad", "Brott", "Kommentar"], ["Centrum", dt.date(2019, 3, 1), 4, "x"], ["Centrum", "apr 2019", 5, None],
        ["Centrum", 43586, 6, None], ["Centrum", "2019-06", "7", None],
    ]  # fmt: skip
    book(tmp_path, {"Blad1": rows})
    found = collect(tmp_path, LONG)
    assert values(found) == {("Centrum", f"2019-0{month}"): month + 1 for month in (3, 4, 5, 6)}
    assert 'Blad1: columns that were not asked for: "Kommentar".' in found.remarks
    assert "Blad1: periods written as Excel's numbers of days, read as dates: 1." in found.remarks


def test_sheets_that_are_years_units_or_outcomes(tmp_path):
    rows = [["Område", "Brott", "Klotter"], ["Centrum", 1, 2], ["Norra", 3, 4]]
    query = {"file": "data/brott.xlsx", "unit": "Område", "outcomes": {"Brott": "brott", "Klotter": "klotter"}}
    book(tmp_path, {"2019": rows, "2020": rows})
    found = collect(tmp_path, {**query, "sheet_is": "period"})
    assert values(found, "klotter") == {
        ("Centrum", "2019"): 2,
        ("Centrum", "2020"): 2,
        ("Norra", "2019"): 4,
        ("Norra", "2020"): 4,
    }
    wide = [["Område", 2019, 2020], ["Centrum", 1, 2]]
    book(tmp_path, {"Brott": wide, "Klotter": wide, "Totalt": wide})
    found = collect(tmp_path, {**query, "sheet_is": "outcome", "levels": ["year"], "sheets": ["Brott", "Klotter"]})
    assert values(found) == values(found, "klotter") == {("Centrum", "2019"): 1, ("Centrum", "2020"): 2}
    assert found.remarks[0] == 'Sheets that are not read: "Totalt".'
    book(tmp_path, {"Centrum": [["År", "Brott"], [2019, 1], ["Totalt", 1]], "Hela kommunen": [["År", "Brott"], [2019, 9]]})
    query = {"file": "data/brott.xlsx", "sheet_is": "unit", "period": "År", "outcomes": {"Brott": "brott"}}
    assert values(collect(tmp_path, query)) == {("Centrum", "2019"): 1}


def test_outcomes_over_years(tmp_path):
    rows = [["Område", "Brott", None, "Klotter", None], [None, 2019, 2020, 2019, 2020], ["Centrum", 1, 2, 3, 4]]
    book(tmp_path, {"Blad1": rows}, ("B1:C1", "D1:E1"))
    query = {"file": "data/brott.xlsx", "unit": "Område", "levels": ["outcome", "year"], "outcomes": {"Klotter": "klotter"}}
    assert values(collect(tmp_path, query), "klotter") == {("Centrum", "2019"): 3, ("Centrum", "2020"): 4}


ODS = """<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="Brott"><table:table-column table:number-columns-repeated="3"/>
{rows}<table:table-row table:number-rows-repeated="1048000">
<table:table-cell table:number-columns-repeated="16384"/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document-content>"""


def test_a_workbook_of_libreoffice(tmp_path):
    def cell(value):
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'

    rows = [["Område", 2019, 2020], ["Centrum", 1, "1 002"], ["Summa", 1, 1002]]
    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    (tmp_path / "data").mkdir()
    with zipfile.ZipFile(tmp_path / "data" / "brott.ods", "w") as archive:
        archive.writestr("content.xml", ODS.format(rows=rows))
    found = collect(tmp_path, {"file": "data/brott.ods", "unit": "Område", "levels": ["year"], "outcome": "brott"})
    assert values(found) == {("Centrum", "2019"): 1, ("Centrum", "2020"): 1002}
    assert "2 of 2 totals that could be checked are the sum of their parts." in found.remarks


def changed(row, place, value):
    return [[*line[:place], value, *line[place + 1 :]] if number == row else line for number, line in enumerate(ROWS, start=1)]


SHORT = [["Område", "Månad", "Brott"], ["Centrum", "2019-01", 1]]
WRONG = {
    "marks": (ROWS, {**QUARTERS, "marks": {}}),
    "total": (changed(7, 4, 1003), QUARTERS),
    "unit": (ROWS, {**QUARTERS, "unit": "Omrade"}),
    "quarter": (changed(4, 1, "vår"), QUARTERS),
    "year": (changed(3, 4, "nästa år"), QUARTERS),
    "outcome": (SHORT, {**LONG, "outcomes": {"Brotten": "brott"}}),
    "period": ([*SHORT, ["Centrum", "våren", 1]], LONG),
    "twice": ([*SHORT, SHORT[1]], LONG),
    "no_unit": ([*SHORT, [None, "2019-02", 1]], LONG),
    "formula": ([*SHORT, ["Centrum", "2019-02", "=C2+1"]], LONG),
    "names": ([*SHORT, ["Anna Andersson", "2019-01", 1]], LONG),
    "sheet": (SHORT, {**LONG, "sheets": ["Brot"]}),
    "workbook": (b"PK, but no workbook", LONG),
}


@pytest.mark.parametrize("name", WRONG)
def test_messages(name, tmp_path):
    rows, query = WRONG[name]
    if isinstance(rows, bytes):
        (tmp_path / "data").mkdir()
        (tmp_path / "data" / "brott.xlsx").write_bytes(rows)
    else:
        book(tmp_path, {"Brott": rows}, ("A3:A4",) if rows[2:] and rows[2][0] == "Område" else ())
    with pytest.raises(DataError) as fault:
        collect(tmp_path, query)
    assert str(fault.value) == MESSAGES[name]


def test_queries_that_contradict_themselves():
    faults = connector("spreadsheet").faults
    assert faults(QUARTERS) == ()
    assert faults({"file": "a.xlsx"}) == (MESSAGES["query"],)
