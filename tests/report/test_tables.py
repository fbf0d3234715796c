"""Tables: Swedish headings, decimal commas, true minus signs, units and intervals."""

import re

from tests.report.fixtures.builds import make
from utvardering.report import tables
from utvardering.report.results import Results


def test_every_method_with_its_interval_in_percent(tmp_path):
    text = tables.methods(Results.load(make(tmp_path)), Results.load(make(tmp_path)).primary)
    assert "| Metod | Osäkerhet | Effekt | 95\u00a0% intervall | Antal |" in text
    assert "**−20,0\u00a0%**" in text
    assert "−30,0\u00a0% till −9,0\u00a0%" in text
    assert "#tbl-metoder" in text


def test_a_pipe_in_a_cell_stays_in_its_cell():
    assert "a \\| b" in tables.pipe(["x"], [["a | b"]])


def test_no_decimal_points_in_swedish_tables(tmp_path):
    run = Results.load(make(tmp_path))
    shown = [tables.sure(run), tables.methods(run, run.primary), tables.other_outcomes(run), tables.neighbours(run)]
    shown += [tables.planned_and_done(run), tables.all_checks(run), tables.all_robustness(run), tables.balance(run)]
    for text in shown:
        assert not re.search(r"\d\.\d", text), text
        assert not re.search(r"-\d", text.replace("tbl-", "")), text


def test_the_reasons_of_the_program_are_told_in_swedish(tmp_path):
    run = Results.load(make(tmp_path))
    assert tables.reason(run, "not named in the study") == "nämns inte i studien"
    assert (
        tables.reason(run, "did: the design has no period before the start")
        == "metoden skillnad i skillnader kunde inte användas"
    )
    assert tables.reason(run, "Slogs ihop med en annan stadsdel 2021.") == "Slogs ihop med en annan stadsdel 2021."
    assert tables.reason(run, "some of the values are not what is needed") == "se left_out.csv"


def test_every_column_of_a_table_has_a_heading(tmp_path):
    run = Results.load(make(tmp_path))
    for text in (tables.sure(run), tables.left_out(run), tables.checklist(run), tables.versions(run), tables.sources(run)):
        cells = text.splitlines()[0].strip("|").split("|")
        assert all(cell.strip() for cell in cells)
