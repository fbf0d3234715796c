"""Doubts: each has a question in both languages, a grade by docs/sureness.md, and a reason where it was not tried."""

import math
import re
import shutil

import pandas as pd
import pytest

from tests.report.fixtures.builds import make
from utvardering.checks.registry import CHECKS
from utvardering.report import appendix, doubt_captions, doubt_data, tables
from utvardering.report.doubts import RULES, doubts, not_tried
from utvardering.report.overturn import overturn
from utvardering.report.results import Results
from utvardering.report.texts import Texts
from utvardering.robustness.registry import ROBUSTNESS

NAN = math.nan


def with_rows(folder, *rows):
    """Replace the robustness rows: (check, variant, estimate, low, high, p, verdict, text)."""
    names = ("check", "variant", "estimate", "ci_low", "ci_high", "p_value", "verdict", "text")
    frame = pd.DataFrame([dict(zip(names, row, strict=True)) for row in rows])
    frame.insert(0, "study", "prov")
    frame.insert(1, "outcome", "brott")
    frame.insert(2, "estimator", "poisson_did")
    frame.to_csv(folder / "robustness.csv", index=False)
    return Results.load(folder)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", [*CHECKS, *ROBUSTNESS])
def test_every_registered_check_and_doubt_has_a_question_and_a_name(name, language):
    texts = Texts(language)
    assert texts.has(f"question.{name}"), name
    assert texts.has(f"name.{name}"), name


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("name", [name for name in ROBUSTNESS if name != "e_value"])
def test_every_doubt_that_can_fail_says_how_it_overturns(name, language):
    assert Texts(language).has(f"overturn.by_{name}")


def test_every_registered_doubt_has_a_rule():
    assert set(ROBUSTNESS) <= set(RULES)


def graded(run):
    return {one.check: (one.grade, one.answer) for one in doubts(run)}


def test_one_failing_row_fails_the_doubt_and_one_passing_row_passes_it(tmp_path):
    run = with_rows(
        make(tmp_path),
        ("placebo_start", "shift=-6", 0.01, -0.1, 0.1, 0.5, "pass", ""),
        ("placebo_start", "shift=-12", 0.3, 0.1, 0.5, 0.01, "fail", ""),
        ("windows", "2020-01..2023-06", -0.2, -0.3, -0.1, 0.01, "pass", ""),
        ("windows", "2020-01..2020-02", NAN, NAN, NAN, NAN, "not_evaluated", "Det finns för få perioder."),
        ("scales", "log", NAN, NAN, NAN, NAN, "not_evaluated", "Några värden är noll eller lägre och har ingen logaritm."),
    )
    found = graded(run)
    assert found["placebo_start"] == ("fail", "Ja. 1 av 2 påhittade starter gav en skillnad utöver slumpen.")
    assert found["windows"][0] == "pass"
    assert "−18,1\u00a0%" in found["windows"][1]
    assert found["scales"] == ("not_evaluated", "Några värden är noll eller lägre och har ingen logaritm.")


def test_an_e_value_and_the_strength_of_a_hidden_cause_are_never_graded(tmp_path):
    run = with_rows(make(tmp_path), ("e_value", "", 1.8, 1.6, NAN, NAN, "not_evaluated", ""))
    assert graded(run)["e_value"][0] == "told"
    assert "1,6 gånger" in graded(run)["e_value"][1]


def test_the_breakdown_value_is_told_and_overturns(tmp_path):
    said = "Slutsatsen håller om skillnaden i trend efter start är högst 1,3 gånger den största före (från ett år till nästa)."
    rows = [
        ("trend_deviation", "relative_magnitude=1.0", -0.2, -0.4, -0.05, NAN, "pass", "x"),
        ("trend_deviation", "breakdown", 1.3049, NAN, NAN, NAN, "pass", said),
    ]
    run = with_rows(make(tmp_path), *rows)
    assert graded(run)["trend_deviation"] == ("pass", said)
    assert "mer än 1,3 gånger den största före" in overturn(run)
    assert "Inget av de 2 tvivel" in overturn(run)


def test_what_failed_is_named_first(tmp_path):
    run = with_rows(make(tmp_path), ("placebo_start", "shift=-6", 0.3, 0.1, 0.5, 0.01, "fail", ""))
    assert "(1 av 2): påhittade starter gav också utslag." in overturn(run)


@pytest.mark.parametrize(("verdict", "word"), [("uncertain", "redan osäkert"), ("not_interpretable", "får inte tolkas")])
def test_without_a_conclusion_there_is_none_to_overturn(tmp_path, verdict, word):
    assert word in overturn(Results.load(make(tmp_path, verdict=verdict)))


def test_a_doubt_with_the_size_of_an_effect_is_not_told_where_it_may_not_be_read(tmp_path):
    found = graded(Results.load(make(tmp_path, verdict="not_interpretable")))
    assert found["leave_one_out"] == ("not_evaluated", "Visas i bilagan, men får inte tolkas.")
    assert found["placebo_start"][0] == "pass"


def test_what_was_not_tried_says_why(tmp_path):
    said = " ".join(not_tried(Results.load(make(tmp_path, neighbours=False))))
    for word in (
        "Andra tidsperioder: planen anger inga.",
        "Grannområden: studien har inga.",
        "Kausal modell: studien har ingen.",
        "Påhittade områden: studien kördes innan provet fanns. Kör den igen.",
        "Andra räknesätt: studien kördes innan provet fanns. Kör den igen.",
        "Alla vägval: studien kördes innan provet fanns. Kör den igen.",
    ):
        assert word in said
    assert "Påhittade starter" not in said


@pytest.mark.parametrize(
    ("file", "was", "now", "reason"),
    [
        ("study.toml", 'kind = "count"', 'kind = "share"', "utfallet är en andel"),
        ("estimates.csv", "poisson_did", "interrupted", "planens metod räknas bara på ett sätt"),
    ],
)
def test_a_plan_with_one_scale_says_so(tmp_path, file, was, now, reason):
    folder = make(tmp_path)
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert was in text
    path.write_text(text.replace(was, now), encoding="utf-8")
    said = " ".join(not_tried(Results.load(folder)))
    assert reason in said


def test_the_rows_of_single_placebo_units_are_not_told_nor_graded(tmp_path):
    """`rank` alone answers; what a unit shows by itself stands in the picture."""
    folder = make(tmp_path)
    run = with_rows(
        folder,
        ("placebo_unit", "rank", NAN, NAN, NAN, 0.5, "fail", "Nio av 19 områden ändrades lika mycket."),
        ("placebo_unit", "omrade 1", -0.5, NAN, NAN, NAN, "pass", "Ett område."),
    )
    (one,) = [row for row in doubts(run) if row.check == "placebo_unit"]
    assert (one.grade, one.answer) == ("fail", "Nio av 19 områden ändrades lika mycket.")


def test_the_appendix_has_no_row_for_each_placebo_unit_and_no_empty_interval(tmp_path):
    folder = make(tmp_path)
    run = with_rows(
        folder,
        ("placebo_unit", "rank", NAN, NAN, NAN, 0.5, "fail", "Nio av 19."),
        ("placebo_unit", "omrade 1", -0.5, NAN, NAN, NAN, "not_evaluated", "Ett område."),
        ("specification_curve", "sign", 0.9, NAN, NAN, NAN, "pass", "Nio av tio."),
        ("specification_curve", "joint", -0.1, NAN, NAN, 0.01, "pass", "Alla på en gång."),
    )
    table = appendix.all_robustness(run)
    assert "omrade 1" not in table
    assert "90\u00a0%" in table
    assert "– till –" not in table


def test_areas_and_neighbours_as_one_are_held_to_their_side_not_to_the_planned_interval():
    """The effect is thinned out over more areas, and another scale has other intervals: neither should lie near the plan."""
    assert doubt_data.part_of("displacement", "spillover_robust") == "side"
    assert doubt_data.part_of("scales", "ratio") == "side"


def test_an_english_reason_in_a_swedish_report_is_told_in_swedish_or_as_english(tmp_path):
    text = "y: every value before the start is 0; did the series begin later?"
    run = with_rows(
        make(tmp_path),
        ("windows", "a..b", NAN, NAN, NAN, NAN, "not_evaluated", text),
        ("scales", "log", NAN, NAN, NAN, NAN, "not_evaluated", "the reason is of a kind that no list knows"),
    )
    assert graded(run)["windows"][1] == "Alla värden före starten är noll."
    assert graded(run)["scales"][1].startswith("Gick inte att pröva med de här uppgifterna.")


def test_the_picture_groups_rows_by_what_they_should_do(tmp_path):
    frame = doubt_data.doubts(Results.load(make(tmp_path)))
    parts = dict(zip(frame["check"], frame["part"], strict=True))
    assert parts == {"": "planned", "leave_one_out": "same", "placebo_start": "zero", "displacement": "zero"}


def test_many_rows_of_one_doubt_share_a_line(tmp_path):
    rows = [("leave_one_out", f"Område {k}", -0.2, -0.3, -0.1, 0.01, "pass", "") for k in range(1, 9)]
    run = with_rows(make(tmp_path), *rows)
    frame = doubt_data.doubts(run)
    assert frame["shared"].sum() == 8
    assert "Utan ett område i taget (8)" in doubt_captions.doubts(run, frame)[1]


SPECIFICATIONS = (
    "study,outcome,specification,planned,estimator,comparison,window,scale,estimate_percent,low,high,p_value,same_sign,"
    """same_conclusion,note
prov,brott,1,false,did,planned,full,rate,-22,-33,-10,0.01,true,true,
prov,brott,2,true,poisson_did,planned,full,rate,-20,-30,-9,0.01,true,true,
prov,brott,3,false,did,smaller_half,no_first_year,log,-5,-20,12,0.4,true,false,
prov,brott,4,false,did,nearest 20,2020-01..2023-06,count,3,-8,14,0.6,false,false,
prov,brott,5,false,event_study,,,,,,,,,,Inte medräknat.
"""
)


def test_the_sentence_says_how_often_sign_and_conclusion_stay(tmp_path):
    folder = make(tmp_path)
    (folder / "specifications.csv").write_text(SPECIFICATIONS, encoding="utf-8")
    rows = [("specification_curve", "joint", -0.1, NAN, NAN, 0.002, "pass", "")]
    run = with_rows(folder, *rows)
    said = doubt_captions.curve_in_words(run)
    assert said.startswith(
        "I **3 av 4** sätt att räkna går ändringen åt samma håll som i planen. I **2 av 4** blir slutsatsen densamma."
    )
    assert "**0,2\u00a0%** av fallen" in said
    assert "Inte medräknat: effekt per period, medelvärde" in said
    frame = doubt_data.specifications(run)
    assert list(frame["kind"]) == ["same", "same", "sign", "other"]
    assert list(frame["comparison"])[-1] == "De 20 mest lika områdena"
    alt = doubt_captions.curve(run, frame, is_cut=False)[1]
    assert "3 går åt samma håll som planen och 2 ger samma slutsats" in alt


def test_ways_that_can_reach_no_conclusion_have_a_mark_of_their_own(tmp_path):
    folder = make(tmp_path)
    text = SPECIFICATIONS.replace("-22,-33,-10,0.01,true,true", "-22,-33,-10,0.01,true,")
    (folder / "specifications.csv").write_text(text, encoding="utf-8")
    assert list(doubt_data.specifications(Results.load(folder))["kind"]) == ["silent", "same", "sign", "other"]


def test_no_machine_names_and_no_decimal_points_in_the_tables(tmp_path):
    run = Results.load(make(tmp_path))
    for text in (tables.doubts(run), appendix.all_robustness(run)):
        assert not re.search(r"\d\.\d|placebo_start|leave_one_out|shift=", text)


def test_a_study_without_robustness_rows_says_so(tmp_path):
    folder = make(tmp_path)
    (folder / "robustness.csv").unlink()
    run = Results.load(folder)
    assert doubts(run) == ()
    assert not_tried(run) == ["Inga tvivel kunde prövas, eftersom det inte finns någon planerad skattning att pröva."]
    shutil.rmtree(folder)
