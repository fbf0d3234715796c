"""Tables: Swedish headings, decimal commas, true minus signs, units and intervals."""

import re

import pandas as pd

from tests.report.fixtures.builds import estimate, make
from utvardering.report import appendix, cells, provenance, tables
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
    shown += [tables.planned_and_done(run), appendix.all_checks(run), appendix.all_robustness(run), tables.balance(run)]
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
    for text in (tables.sure(run), tables.left_out(run), tables.checklist(run), tables.versions(run), provenance.sources(run)):
        cells = text.splitlines()[0].strip("|").split("|")
        assert all(cell.strip() for cell in cells)


def test_weights_are_shares_of_a_methods_whole_weight(tmp_path):
    folder = make(tmp_path)
    of = {"Å1": 0.1, "Å2": 0.6, "Å3": 0.7, "0101": 0.05, "Å5": 0.25, "Å6": 0.3}
    rows = [{"study": "prov", "outcome": "brott", "estimator": "did", "unit": unit, "weight": x} for unit, x in of.items()]
    rows += [{"study": "prov", "outcome": "trygg", "estimator": "did", "unit": "Å9", "weight": 1.0}]
    pd.DataFrame(rows).to_csv(folder / "weights.csv", index=False)
    run = Results.load(folder)
    run.figures["labels"] = {"Å3": "Påhittsvik"}
    shown = appendix.weights(run)
    assert "Påhittsvik 35,0\u00a0%; Å2 30,0\u00a0%; Å6 15,0\u00a0%; Å5 12,5\u00a0%; Å1 5,0\u00a0%" in shown
    assert "| 6 av 25 |" in shown
    assert "0101" not in shown
    assert "Å9" not in shown


def test_no_weights_no_table(tmp_path, capsys):
    run = Results.load(make(tmp_path))
    assert appendix.weights(run) == appendix.bacon(run) == ""
    cells.appendix_weights(run)
    assert not capsys.readouterr().out.strip()


def test_staggered_comparisons_are_named_in_the_readers_language(tmp_path):
    kinds = ("treated vs untreated", "earlier vs later", "later vs earlier", "later vs always treated")
    for language, word in (("sv", "aldrig fick den"), ("en", "never had it")):
        folder = make(tmp_path / language, language=language)
        rows = [{"study": "prov", "outcome": "brott", "comparison": kind, "weight": 0.25, "estimate": -0.1} for kind in kinds]
        pd.DataFrame(rows).to_csv(folder / "bacon.csv", index=False)
        shown = appendix.bacon(Results.load(folder))
        assert word in shown
        assert shown.count("9,5" if language == "sv" else "9.5") == len(kinds)
        assert not any(kind in shown for kind in kinds)


def test_only_a_weighted_mean_is_called_one(tmp_path):
    folder = make(tmp_path)
    frame = pd.read_csv(folder / "estimates.csv")
    assert "vägt medel" not in tables.methods(Results.load(folder), Results.load(folder).primary).lower()
    row = estimate("brott", "forecast_did", -21.0, -30.0, -9.0, estimand="att_weighted", note="weighted mean over blocks")
    pd.concat([frame, pd.DataFrame([row])]).to_csv(folder / "estimates.csv", index=False)
    run = Results.load(folder)
    shown = tables.methods(run, run.primary)
    assert "| Prognosjämförelse, vägt medel |" in shown
    assert "Vägt medel:" in shown
    assert "blocks" not in shown


def test_remarks_of_the_program_stay_in_the_file_and_the_reader_is_told(tmp_path, capsys):
    folder = make(tmp_path)
    frame = pd.read_csv(folder / "estimates.csv")
    frame.assign(note="the weighted comparison misses the treated").to_csv(folder / "estimates.csv", index=False)
    cells.downloads(Results.load(folder))
    said = capsys.readouterr().out
    assert "på engelska" in said
    assert "misses" not in said


def test_numbers_of_checks_have_units(tmp_path):
    values = {"history": (45.0, 36.0), "comparison": (0.51, 1.0), "pretrend": (-0.108, 0.25), "staggered": (5.0, 1.0)}
    values |= {"power": (float("inf"), 0.25), "coverage": (0.07, 0.1), "concurrent": (0.0, 0.0)}
    folder = make(tmp_path, checks=[(check, "pass") for check in values])
    frame = pd.read_csv(folder / "checks.csv")
    frame[["value", "threshold"]] = [values[check] for check in frame["check"]]
    frame.to_csv(folder / "checks.csv", index=False)
    shown = appendix.all_checks(Results.load(folder)).replace("\u00a0", " ")
    for pair in ("45 månader | 36 månader", "0,51 sd | 1,00 sd", "−10,8 % | 25,0 %", "5 st. | 1 st.", "– | 25 %", "7 % | 10 %"):
        assert pair in shown


def test_too_few_areas_and_a_peak_are_not_written_as_other_units(tmp_path):
    folder = make(tmp_path, checks=[("history", "fail"), ("comparison", "fail")])
    frame = pd.read_csv(folder / "checks.csv").assign(value=[0.31, 7.0], threshold=[0.25, 19.0])
    frame.to_csv(folder / "checks.csv", index=False)
    shown = appendix.all_checks(Results.load(folder)).replace("\u00a0", " ")
    assert "31 % | 25 %" in shown
    assert "7 områden | 19 områden" in shown


def test_an_e_value_is_no_effect(tmp_path):
    shown = appendix.all_robustness(Results.load(make(tmp_path)))
    assert "| Dold orsak | E-värde | 1,81 | 1,71 för närmaste gräns | – |" in shown
