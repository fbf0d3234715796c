"""The technical appendix: a page and a PDF of its own, reached from the report and the one page, and leading back to both."""

import re
from pathlib import Path

import pytest
import yaml
from lxml import html

from tests.report.fixtures.builds import make
from tests.report.fixtures.designs import plan
from utvardering.report.appendix_page import HEADINGS, elsewhere
from utvardering.report.figures import write_figures
from utvardering.report.render import default_sources, render_report, stage
from utvardering.report.results import Results


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published pages of a made-up study."""
    root = tmp_path_factory.mktemp("appendix")
    run = make(root / "build")
    write_figures(run)
    render_report([run], root / "_site", publisher="embedded", stage_dir=root / "stage")
    return root / "_site/studier/prov"


def test_each_of_the_three_texts_leads_to_the_other_two(folder):
    pages = {"index.html", "en-sida.html", "bilaga.html"}
    for name in pages:
        links = set(html.parse(folder / name).xpath("//main//a/@href"))
        assert pages - {name} <= links, name
    assert {file.name for file in folder.glob("*.pdf")} == {"prov.pdf", "prov-en-sida.pdf", "prov-bilaga.pdf"}


def test_the_tables_stand_in_the_appendix_and_not_in_the_report(folder):
    moved = {"tbl-kontroller", "tbl-kanslighet", "tbl-checklista", "tbl-versioner", "tbl-balans"}
    ids = {name: set(html.parse(folder / name).xpath("//main//@id")) for name in ("index.html", "bilaga.html")}
    assert moved <= ids["bilaga.html"]
    assert not moved & ids["index.html"]
    assert "sec-bilaga" in ids["index.html"]


def test_what_the_appendix_says_of_the_report_leads_to_its_section(folder):
    page, report = html.parse(folder / "bilaga.html"), html.parse(folder / "index.html")
    sections = {link.partition("#")[2] for link in page.xpath("//main//a/@href") if link.startswith("index.html#")}
    assert len(sections) > 5
    assert sections <= set(report.xpath("//main//@id"))


def test_every_section_that_a_text_may_name_has_a_heading(tmp_path):
    folder = make(tmp_path)
    said = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(said.replace('design = "areas"', 'design = "individuals"'), encoding="utf-8")
    run = Results.load(folder)
    named = {
        name
        for file in (default_sources() / "_sections").glob("*.qmd")
        for name in re.findall(r"\{#sec-([a-z]+)\}", file.read_text(encoding="utf-8"))
    }
    assert set(HEADINGS) <= named | {"hjalp"}
    for name, key in HEADINGS.items():
        assert elsewhere(run, f"@sec-{name}") == f"[{run.texts(f'heading.{key}')}](index.qmd#sec-{name})"
    assert elsewhere(run, "@sec-bilaga") == "Den här bilagan"


def test_a_study_that_has_not_begun_has_no_appendix(tmp_path):
    folder = stage([plan(tmp_path / "build")], tmp_path / "stage")
    (page,) = (folder / "studier").glob("*/en-sida.qmd")
    assert not page.with_name("bilaga.qmd").exists()
    assert "appendix_link" not in page.read_text(encoding="utf-8")
    assert yaml.safe_load((folder / "_quarto.yml").read_text(encoding="utf-8"))["project"]["render"].count("!appendix.qmd") == 1
