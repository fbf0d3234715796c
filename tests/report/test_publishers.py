"""The embedded publisher: what it renders, what it keeps, what it refuses, and that it gives the same bytes twice."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped] # psutil ships no types
import pytest
from lxml import html

from utvardering.errors import PublishError
from utvardering.report.publishers import PublishedSite, publish, quarto

if TYPE_CHECKING:
    from types import ModuleType

REPOSITORY = Path(__file__).resolve().parents[2]
SAMPLE = Path(__file__).parent / "sample"
CONTRACT = REPOSITORY.parent / "shared" / "reference" / "quarto"
STUDY = "studier/belysning/index.qmd"


def stage(folder: Path) -> Path:
    """A copy of the sample project, whose design files are links to those of the real reports."""
    return Path(shutil.copytree(SAMPLE, folder))


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> PublishedSite:
    return publish(SAMPLE, tmp_path_factory.mktemp("published") / "_site", publisher="embedded")


@pytest.fixture(scope="module")
def study_page(published: PublishedSite) -> html.HtmlElement:
    return html.parse(published.site / "studier/belysning/index.html").getroot()


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A project of one page without cells, to which a test adds the fault it is about."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "_quarto.yml").write_text("project:\n  type: website\nwebsite:\n  title: Prov\nlang: sv\n", encoding="utf-8")
    (folder / "index.qmd").write_text("---\ntitle: Prov\n---\n\nText.\n", encoding="utf-8")
    return folder


def refused(project: Path, body: str, *, execute: bool = False) -> str:
    """The message of the error that publishing a page with this body gives."""
    options = "execute:\n  echo: false\n" if execute else ""
    (project / "index.qmd").write_text(f"---\ntitle: Prov\n{options}---\n\n{body}\n", encoding="utf-8")
    with pytest.raises(PublishError) as error:
        publish(project, project.parent / "_site", publisher="embedded")
    assert error.value.exit_code == 6
    return str(error.value)


def files_of(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def text(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_site_holds_pages_pdfs_and_nothing_else_of_the_project(published: PublishedSite) -> None:
    names = set(files_of(published.site))
    assert {
        "index.html",
        "studier/belysning/index.html",
        "studier/belysning/belysning.pdf",
        "studier/lighting/lighting.pdf",
    } <= names
    assert "studier/belysning/results/skattning.csv" in names
    assert not [name for name in names if name.endswith((".qmd", ".yml", ".typ", ".bib", ".scss"))]
    assert published.publisher == "embedded"
    assert all(path.is_file() for path in (*published.pages, *published.pdfs))
    assert len(published.rendered) == 5


def test_cross_references_are_numbered_in_the_language_of_the_page(
    published: PublishedSite, study_page: html.HtmlElement
) -> None:
    shown = {link.get("href"): text(link) for link in study_page.xpath("//a[contains(@class, 'quarto-xref')]")}
    assert shown == {
        "#tbl-effekt": "Tabell 1",
        "#fig-effekt": "Figur 1",
        "#sec-sakert": "Avsnitt 4",
        "#eq-modell": "Ekvation 1",
        "#tbl-fragor": "Tabell 2",
    }
    english = html.parse(published.site / "studier/lighting/index.html").getroot()
    assert [text(link) for link in english.xpath("//a[contains(@class, 'quarto-xref')]")] == ["Figure 1", "Section 1"]
    assert english.get("lang") == "en"
    assert "Skip to content" in text(english)
    assert "Note" in text(english.xpath("//*[contains(@class, 'callout-note')]")[0])


def test_inline_expressions_and_asis_output_are_text(study_page: html.HtmlElement) -> None:
    main = text(study_page.xpath("//main")[0])
    assert "minskade med 1,00 per 1 000 invånare" in main
    assert [text(item) for item in study_page.xpath("//main//ul[not(ancestor::dl)]/li")][:1] == [
        "Stölder: ingen säkerställd förändring"
    ]
    assert "{python}" not in main
    assert "{{<" not in main


def test_callouts_without_title_have_the_swedish_one(study_page: html.HtmlElement) -> None:
    titles = [text(title) for title in study_page.xpath("//*[@class='callout-title']")]
    assert titles == ["Sammanfattning", "Andra sätt att räkna", "Varning", "Tips"]


def test_conditional_content_follows_the_format(published: PublishedSite, study_page: html.HtmlElement) -> None:
    assert "bara på webben" in text(study_page)
    assert "bara i pdf" not in text(study_page)
    words = pdf_text(published.site / "studier/belysning/belysning.pdf")
    assert "bara i pdf" in words
    assert "bara på webben" not in words


def test_tables_stand_in_a_named_region_that_can_be_focused(study_page: html.HtmlElement) -> None:
    regions = study_page.xpath("//table/parent::div")
    assert [(region.get("role"), region.get("tabindex")) for region in regions] == [("region", "0")] * 2
    assert regions[0].get("aria-label").startswith("Tabell\xa01: Skattad effekt")


def test_pictures_have_alt_text_on_the_page(study_page: html.HtmlElement) -> None:
    (image,) = study_page.xpath("//main//img")
    assert image.get("alt").startswith("Före starten ligger")
    assert image.get("src") == "index_files/figure-html/fig-effekt-output-1.svg"


def test_simulated_data_say_so_on_the_page_and_on_every_sheet(published: PublishedSite, study_page: html.HtmlElement) -> None:
    notice = "Simulerade data: siffrorna är påhittade"
    assert notice in text(study_page.xpath("//*[contains(@class, 'simulated-notice')]")[0])
    sheets = pdf_text(published.site / "studier/belysning/belysning.pdf").split("\f")
    assert all(notice in sheet for sheet in sheets if sheet.strip())


def test_listings_show_the_chosen_documents_with_swedish_headings(published: PublishedSite) -> None:
    page = html.parse(published.site / "index.html").getroot()
    crime, safety = page.xpath("//table")
    assert [text(cell) for cell in crime.xpath(".//th|.//td")] == [
        "Titel",
        "Undertitel",
        "Datum",
        "Effekt",
        "Ny belysning vid gångvägarna i Provköping",
        "Uppföljning 2021–2024",
        "2026-03-02",
        "Minskade",
    ]
    assert crime.xpath(".//a/@href") == ["studier/belysning/index.html"]
    assert safety.xpath(".//a/@href") == ["studier/lighting/index.html"]


def test_pdfs_conform_to_pdf_ua_1(published: PublishedSite) -> None:
    page = pytest.importorskip("page", reason="page-validation is not installed")
    for pdf in published.pdfs:
        report = page.validate_pdf(str(pdf), profile=page.ValidationProfile.PDF_UA_1)
        assert report.is_compliant, report
        assert report.rules.total > 100


def pdf_text(pdf: Path) -> str:
    program = shutil.which("pdftotext")
    if program is None:
        pytest.skip("pdftotext is not installed")
    command = [program, "-layout", str(pdf), "-"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.replace("\xa0", " ")


def test_pdf_is_numbered_as_the_page_is(published: PublishedSite) -> None:
    words = " ".join(pdf_text(published.site / "studier/belysning/belysning.pdf").split())
    for shown in ("Figur 1: Skillnad mot", "Tabell 1: Skattad effekt", "se Avsnitt 4", "bygger på Ekvation 1", "Sida 1 av"):
        assert shown in words
    assert "Page 1 of" in pdf_text(published.site / "studier/lighting/lighting.pdf")


def test_two_clean_renders_are_identical(published: PublishedSite, tmp_path: Path) -> None:
    again = publish(SAMPLE, tmp_path / "_site", publisher="embedded")
    first, second = files_of(published.site), files_of(again.site)
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []


def test_publishing_writes_nothing_in_the_sources_nor_at_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    project = stage(tmp_path / "project")
    before = files_of(project)
    publish(project, tmp_path / "out" / "_site", publisher="embedded")
    assert files_of(project) == before
    assert files_of(home) == {}


def test_only_what_changed_is_rendered_again(tmp_path: Path) -> None:
    project, site = stage(tmp_path / "project"), tmp_path / "out" / "_site"
    publish(project, site, publisher="embedded")
    started = time.perf_counter()
    unchanged = publish(project, site, publisher="embedded")
    assert time.perf_counter() - started < 2  # the time the design allows for a publishing that has nothing to do
    assert unchanged.rendered == ()
    assert len(unchanged.reused) == 5
    kept = (site / "studier/belysning/belysning.pdf").read_bytes()
    page = project / "studier/lighting/index.qmd"
    page.write_text(page.read_text(encoding="utf-8").replace("48 of 100", "49 of 100"), encoding="utf-8")
    changed = publish(project, site, publisher="embedded")
    assert changed.rendered == ("index.qmd", "studier/lighting/index.qmd")
    assert "49 of 100" in (site / "studier/lighting/index.html").read_text(encoding="utf-8")
    assert (site / "studier/belysning/belysning.pdf").read_bytes() == kept


@pytest.mark.parametrize(
    ("changed", "rendered"),
    [
        ("studier/belysning/results/skattning.csv", {"index.qmd", STUDY}),
        ("_gemensamt.qmd", {"index.qmd", STUDY}),
        ("kallor.bib", {"index.qmd", "lasning.qmd", "tillganglighet.qmd", STUDY, "studier/lighting/index.qmd"}),
        ("typst-template.typ", {"index.qmd", "lasning.qmd", "tillganglighet.qmd", STUDY, "studier/lighting/index.qmd"}),
        ("tillganglighet.qmd", {"index.qmd", "tillganglighet.qmd"}),
    ],
)
def test_a_change_reaches_every_page_that_may_show_it(changed: str, rendered: set[str], tmp_path: Path) -> None:
    from utvardering.report.publishers.project import read_project
    from utvardering.report.publishers.stamps import document_hashes

    project = stage(tmp_path / "project")
    before = document_hashes(read_project(project), "embedded")
    file = project / changed
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    after = document_hashes(read_project(project), "embedded")
    assert {path for path in after if after[path] != before[path]} == rendered


def test_a_site_that_was_tampered_with_is_made_again(small: Path, tmp_path: Path) -> None:
    site = tmp_path / "_site"
    publish(small, site, publisher="embedded")
    (site / "index.html").write_text("another text", encoding="utf-8")
    assert publish(small, site, publisher="embedded").rendered == ("index.qmd",)
    assert "another text" not in (site / "index.html").read_text(encoding="utf-8")


def test_a_failing_cell_is_named_and_leaves_the_old_site(tmp_path: Path) -> None:
    project, site = stage(tmp_path / "project"), tmp_path / "out" / "_site"
    publish(project, site, publisher="embedded")
    before = files_of(site)
    page = project / STUDY
    source = page.read_text(encoding="utf-8").replace('effect = pd.read_csv("results/skattning.csv")', "effect = 1 / 0")
    page.write_text(source, encoding="utf-8")
    with pytest.raises(PublishError) as error:
        publish(project, site, publisher="embedded")
    line = source.splitlines().index("#| label: setup") + 1
    assert str(error.value) == (
        f"{STUDY}: cell setup failed.\n"
        f"  line {line}: {STUDY}: ZeroDivisionError: division by zero (run the study again, or mend the cell)"
    )
    assert files_of(site) == before
    assert sorted(path.name for path in site.parent.iterdir() if path.suffix != ".lock") == [".quarto", "_site"]


def test_a_failing_inline_expression_is_named(small: Path) -> None:
    assert "inline `1 / 0` failed" in refused(small, "Det blev `{python} 1 / 0` brott.")


def test_results_of_inline_expressions_are_not_read_as_markdown(small: Path) -> None:
    (small / "index.qmd").write_text("---\ntitle: Prov\n---\n\nSvar: `{python} '*a* <b> 1_0'`.\n", encoding="utf-8")
    site = publish(small, small.parent / "_site", publisher="embedded").site
    assert "Svar: *a* &lt;b&gt; 1_0." in (site / "index.html").read_text(encoding="utf-8")


def test_a_reference_that_a_cell_wrote_must_resolve(small: Path) -> None:
    body = "```{python}\n#| label: writes\n#| output: asis\nprint('Se @fig-saknas och @okand2020.')\n```"
    assert refused(small, body, execute=True) == (
        "index.qmd cannot be published.\n"
        "  line 10: index.qmd: @fig-saknas refers to nothing in this document: "
        "label a figure, table, equation or heading fig-saknas\n"
        "  line 10: index.qmd: @okand2020 is not in the bibliography: add okand2020 to the .bib file"
    )


def test_a_picture_that_a_cell_wrote_must_have_alt_text(small: Path) -> None:
    (small / "bild.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    body = "```{python}\n#| label: writes\n#| output: asis\nprint('![](bild.svg)')\n```"
    assert "bild.svg has no alt text: say what it shows" in refused(small, body, execute=True)


def test_nothing_may_come_from_another_host(small: Path) -> None:
    body = '<script src="https://example.org/a.js"></script>\n\n<img src="//example.org/b.png" alt="b">'
    message = refused(small, body)
    assert "loads https://example.org/a.js from another host" in message
    assert "loads //example.org/b.png from another host" in message


def test_a_link_to_nothing_is_refused(small: Path) -> None:
    assert "points to saknas.html, which is not in the site" in refused(small, "[Läs](saknas.qmd)")


def test_a_footnote_without_text_is_refused(small: Path) -> None:
    assert "footnote [^1] has no text" in refused(small, "Text.[^1]")


def test_a_heading_that_leaves_a_level_out_is_refused(small: Path) -> None:
    assert "a heading of level 4 follows one of level 2" in refused(small, "## A\n\n#### B")


def test_what_pandoc_warns_of_is_refused(small: Path) -> None:
    assert "Div at line 1 column 1 unclosed" in refused(small, "::: {.a}\n\nText.")


def test_a_link_to_nothing_is_still_refused_in_listings(small: Path) -> None:
    (small / "index.qmd").write_text(
        "---\ntitle: Prov\nlisting:\n  contents: [rader.yml]\n  fields: [title]\n---\n", encoding="utf-8"
    )
    (small / "rader.yml").write_text("- title: Ej hämtad\n- title: Borta\n  path: borta.html\n", encoding="utf-8")
    with pytest.raises(PublishError, match=r"points to borta.html, which is not in the site"):
        publish(small, small.parent / "_site", publisher="embedded")


def test_a_shortcode_without_value_is_refused(small: Path) -> None:
    assert "{{< var kontakt >}} has no value" in refused(small, "Skriv till {{< var kontakt >}}.")


def test_an_unknown_publisher_is_refused(small: Path) -> None:
    with pytest.raises(PublishError, match="choose auto, quarto or embedded"):
        publish(small, small.parent / "_site", publisher="word")


def contract() -> ModuleType:
    if not CONTRACT.is_dir():
        pytest.skip("the reference project of the real Quarto is not beside this repository")
    spec = importlib.util.spec_from_file_location("extract", CONTRACT / "extract.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES = {"index": "index.html", "report": "studier/exempelstad/index.html"}


def same_aspects(publisher: str, folder: Path) -> None:
    extract = contract()
    shutil.copytree(CONTRACT / "project", folder / "project", copy_function=shutil.copyfile)
    site = publish(folder / "project", folder / "out" / "_site", publisher=publisher).site
    for name, page in PAGES.items():
        expected = json.loads((CONTRACT / f"expected-{name}.json").read_text(encoding="utf-8"))
        assert len(expected) == 13
        assert extract.aspects(str(site / page)) == expected, name


def test_embedded_shows_what_quarto_shows(tmp_path: Path) -> None:
    same_aspects("embedded", tmp_path)


@pytest.mark.quarto
@pytest.mark.skipif(quarto.version() is None, reason="no quarto of version 1.9 or newer on PATH")
def test_quarto_shows_what_it_showed(tmp_path: Path) -> None:
    same_aspects("quarto", tmp_path)


@pytest.mark.quarto
@pytest.mark.skipif(quarto.version() is None, reason="no quarto of version 1.9 or newer on PATH")
def test_quarto_renders_the_sample(tmp_path: Path) -> None:
    site = publish(SAMPLE, tmp_path / "_site", publisher="quarto")
    assert site.publisher == "quarto"
    assert all(path.is_file() for path in (*site.pages, *site.pdfs))


def test_what_quarto_says_of_a_failing_cell_is_told_in_short() -> None:
    said = "[2/3] studier/a/index.qmd\n\n#| label: setup\nTraceback\nNameError: name 'x' is not defined\n"
    assert str(quarto.failure(said)) == (
        "Quarto could not render studier/a/index.qmd: cell setup failed.\n"
        "  studier/a/index.qmd: NameError: name 'x' is not defined (run the study again, or mend the cell)"
    )


def test_an_unchanged_site_does_not_load_what_renders(published: PublishedSite) -> None:
    code = (
        "import sys; from pathlib import Path; from utvardering.report.publishers import publish; "
        f"r = publish(Path({str(SAMPLE)!r}), Path({str(published.site)!r}), publisher='embedded'); "
        "heavy = {'jupytext', 'nbclient', 'typst', 'pypandoc', 'lxml', 'pandas', 'matplotlib'}; "
        "print(r.rendered, sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)
    assert re.sub(r"\s+", "", done.stdout) == "()[]"


def test_blank_lines_between_paragraphs_and_cells_keep_them_apart(small: Path) -> None:
    body = "Ett.\n\n\nTvå.\n\n\n```{python}\n#| label: nothing\n#| include: false\nx = 3\n```\nTre `{python} x`."
    (small / "index.qmd").write_text(f"---\ntitle: Prov\n---\n\n{body}\n", encoding="utf-8")
    site = publish(small, small.parent / "_site", publisher="embedded").site
    page = html.parse(site / "index.html").getroot()
    assert [text(paragraph) for paragraph in page.xpath("//main/p")] == ["Ett.", "Två.", "Tre 3."]


def test_the_sites_own_words_say_their_language_on_a_page_in_another(published: PublishedSite) -> None:
    english = html.parse(published.site / "studier/lighting/index.html").getroot()
    assert [part.get("lang") for part in english.xpath("//body/header//nav/ul | //*[@class='site-title'] | //footer/div")] == [
        "sv"
    ] * 3
    index = html.parse(published.site / "index.html").getroot()
    assert index.xpath("//td//span[@lang='en']/text()") == ["New lighting at the footpaths"]


@pytest.mark.parametrize("expression", ["1 + 1", "1 / 0"])
def test_no_kernel_outlives_the_publishing(expression: str, small: Path) -> None:
    (small / "index.qmd").write_text(f"---\ntitle: Prov\n---\n\nSvar: `{{python}} {expression}`.\n", encoding="utf-8")
    before = set(psutil.Process().children(recursive=True))
    with nullcontext() if expression == "1 + 1" else pytest.raises(PublishError):
        publish(small, small.parent / "_site", publisher="embedded")
    assert set(psutil.Process().children(recursive=True)) <= before
