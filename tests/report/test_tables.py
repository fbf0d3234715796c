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


def test_reasons_name_methods_and_leave_out_the_words_of_an_error(tmp_path):
    run = Results.load(make(tmp_path))
    said = "metoden did kunde inte användas (the design has no period before the start)"
    assert tables.reason(run, said) == "metoden skillnad i skillnader kunde inte användas"
    assert tables.reason(run, "planens metod poisson_did är gjord för antal") == (
        "planens metod skillnad i skillnader för antal är gjord för antal"
    )
    assert tables.reason(run, "Slogs ihop med en annan stadsdel 2021.") == "Slogs ihop med en annan stadsdel 2021."


def test_every_column_of_a_table_has_a_heading(tmp_path):
    run = Results.load(make(tmp_path))
    for text in (tables.sure(run), tables.left_out(run), tables.checklist(run), tables.versions(run), tables.sources(run)):
        cells = text.splitlines()[0].strip("|").split("|")
        assert all(cell.strip() for cell in cells)
