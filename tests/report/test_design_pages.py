"""Pages before the start: what the files allow is said and drawn, and what they lack is left out."""

import re

import pytest

from tests.followup.test_followup import words as words_outside
from tests.report.fixtures.builds import make
from tests.report.fixtures.designs import add_design, plan
from utvardering.report import design_cells, design_data, design_tables, design_words
from utvardering.report.design_figures import draw_design
from utvardering.report.figures import write_figures
from utvardering.report.render import default_sources, found_builds, render_report, stage
from utvardering.report.results import DESIGN_TABLES, Results

SECTIONS = ("answer", "design", "planned_plan", "planned_data")


def results(root, **choices):
    return Results.load(add_design(plan(root), **choices))


@pytest.mark.parametrize(
    ("choices", "answer", "said"),
    [
        ({}, "yes", "Med 1 område och 24 månader kan en minskning på minst **8\u00a0%** upptäckas."),
        ({"smallest": 0.34}, "large_only", "kan först en minskning på minst **34\u00a0%** upptäckas."),
        ({"smallest": 0.61}, "no", "kan inte ens en minskning på 50\u00a0% upptäckas säkert."),
        ({"smallest": float("inf")}, "no", "kan inte ens en minskning på 50\u00a0% upptäckas säkert."),
        ({"alarms": "fail", "rate": 0.31}, "false_alarms", "Den ger falskt larm i 31\u00a0% av fallen när inget har hänt."),
    ],
)
def test_the_answer_follows_from_the_files(tmp_path, choices, answer, said):
    run = results(tmp_path, **choices)
    assert design_words.answer(run) == answer
    assert said in design_words.answer_sentence(run).replace("24\u00a0", "24 ")


def test_without_design_the_answer_is_that_it_is_not_known(tmp_path):
    run = Results.load(plan(tmp_path))
    assert design_words.answer(run) == "unknown"
    assert not run.has_design
    assert list(draw_design(run)) == []


def test_power_between_the_effects_that_were_tried(tmp_path):
    run = results(tmp_path, smallest=0.25)
    assert design_data.power_at(run, run.primary, 0.15) == pytest.approx((0.32 + 0.64) / 2)
    assert design_data.power_at(run, run.primary, 0.10) == pytest.approx(0.32)
    assert design_data.power_at(run, run.primary, 0.6) != design_data.power_at(run, run.primary, 0.6)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_figure_holds_its_words_and_has_an_alt_text_with_numbers(tmp_path, language):
    folder = add_design(plan(tmp_path, language=language))
    drawn = list(draw_design(Results.load(folder)))
    assert [one.figure.name for one in drawn] == ["styrka", "hjalp", "likhet", "fore-start"]
    for one in drawn:
        outside, smallest, _ = words_outside(one.chart)
        assert not outside, one.figure.name
        assert smallest >= 9
        assert re.search(r"\d", one.figure.alt)
        assert one.figure.caption.startswith("**")
        assert not re.search(r"\{\w+\}|\bnan\b", one.figure.alt + one.figure.caption)


def test_what_helps_is_only_what_was_tried(tmp_path):
    frame = design_data.helps(results(tmp_path))
    assert list(frame["label"]) == ["Planen", "5 områden", "48\u00a0månader uppföljning", "Metod: prognosjämförelse"]
    assert list(frame["value"]) == pytest.approx([8, 4, 7, 7.5])


@pytest.mark.parametrize("missing", DESIGN_TABLES)
def test_a_part_without_its_file_is_left_out(tmp_path, capsys, missing):
    folder = add_design(plan(tmp_path))
    (folder / f"{missing}.csv").unlink()
    write_figures(folder)
    said = speak(Results.load(folder), capsys)
    assert "nan" not in re.findall(r"\w+", said.lower())
    headings = re.findall(r"^### (.+?) \{", said, re.MULTILINE)
    assert "Vad skulle hjälpa mest?" in headings
    gone = {"rollout": "I vilken ordning börjar områdena?", "regression_to_mean": "Valdes områdena vid en topp?"}
    assert gone.get(missing) not in headings


def speak(run, capsys):
    """Everything that the cells of the page print."""
    for name in SECTIONS:
        for cell in re.findall(r"^d\.(\w+)\(r\)$", (default_sources() / f"_sections/{name}.qmd").read_text(), re.MULTILINE):
            getattr(design_cells, cell)(run)
    return capsys.readouterr().out


def test_the_page_says_no_english_and_no_number_without_its_unit(tmp_path, capsys):
    folder = add_design(plan(tmp_path))
    write_figures(folder)
    said = speak(Results.load(folder), capsys)
    assert not {"the", "with", "was", "shown", "needs", "which", "planned"} & set(re.findall(r"[a-zåäö]+", said.lower()))
    assert not re.search(r"\{\w+\}", said)
    assert "Falskt larm i 5 % av dragningarna." in said
    assert "Förslag: välj de mest lika." in said
    assert "Områdena valdes vid en topp." in said
    assert "Centrum låg högt." not in said
    assert "Planen är inte låst än." in said


def test_the_recommended_comparison_stands_beside_the_plan(tmp_path):
    run = results(tmp_path)
    assert design_data.shown_choices(run, "design_balance") == ["planned", "nearest"]
    assert "**De mest lika**" in design_tables.choices(run)
    assert design_data.shown_choices(results(tmp_path / "b", choice="planned"), "before") == ["planned"]


def test_a_planned_study_gets_a_page_and_a_place_on_the_index(tmp_path):
    folder = add_design(plan(tmp_path / "build"))
    write_figures(folder)
    run = make(tmp_path / "build")
    write_figures(run)
    assert found_builds(tmp_path / "build") == [folder, run]
    published = render_report([folder, run], tmp_path / "site", publisher="embedded")
    assert "studier/plan/index.qmd" in published.rendered
    page = (tmp_path / "site/studier/plan/index.html").read_text(encoding="utf-8")
    assert "Ja, studien kan ge svar." in page
    assert "Simulerade data" in page
    assert (tmp_path / "site/studier/plan/plan.pdf").read_bytes().startswith(b"%PDF")
    index = (tmp_path / "site/index.html").read_text(encoding="utf-8")
    assert "Planerade studier" in index
    listing = index.split('class="listing"')[1].split("</table>")[0]
    assert "studier/prov/" in listing
    assert "studier/plan/" not in listing
    report = (tmp_path / "site/studier/prov/index.html").read_text(encoding="utf-8")
    assert "Kunde studien ge svar?" not in report


def test_a_report_of_a_study_with_design_files_says_whether_it_could_answer(tmp_path):
    folder = add_design(make(tmp_path / "build"))
    write_figures(folder)
    stage([folder], tmp_path / "stage")
    text = (tmp_path / "stage/studier/prov/index.qmd").read_text(encoding="utf-8")
    assert "{{< include ../../_sections/design.qmd >}}" in text
    assert "Kunde studien ge svar?" in text
    assert {one["name"] for one in Results.load(folder).figures["figures"]} >= {"metoder", "styrka", "likhet"}


def test_a_planned_study_without_design_is_published_with_its_plan_alone(tmp_path):
    folder = plan(tmp_path / "build")
    stage([folder], tmp_path / "stage")
    text = (tmp_path / "stage/studier/plan/index.qmd").read_text(encoding="utf-8")
    assert "design.qmd" not in text
    assert "answer.qmd" in text
