"""Every page in one language: what is read, heard, drawn and printed, over whole sites, and numbers as it writes them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from lxml import html

from tests.report.fixtures.builds import make
from tests.report.fixtures.designs import add_design, plan
from tests.report.pages import SAID, drawn, pieces, printed
from tests.report.reading import LOOSE, POINT, UNGROUPED, english, swedish
from utvardering.evaluate import evaluate
from utvardering.report.figures import write_figures
from utvardering.report.render import render_report

if TYPE_CHECKING:
    from collections.abc import Iterator

REPORTS = os.environ.get("UTVARDERING_SITE", "")
"""A rendered site to be tried as well, such as reports/_site after `make reports`."""
ALLOWED = {
    "abraham": "Sun–Abraham, the name of a method",
    "sun": "Sun–Abraham, the name of a method",
    "be": "Swedish: be om något",
    "like": "Swedish: sakna sin like",
    "moment": "Swedish noun",
    "note": "Swedish columns never have it: the column of estimates.csv, in code font on pages, plain in the PDF",
    "parade": "Swedish: parade områden",
    "periods": "Swedish genitive",
    "prevention": "Swedish noun",
    "rollout": "rollout.csv, in a sentence of the design",
}
"""Words that the lists of common words take for English, each with what it is."""
NAMES = re.compile(r"Journal of Human Resources|Castle Doctrine|castle-doctrine|\bEN 301\s549|WCAG 2\.\d")
FILE = re.compile(r"[\w/.-]+\.(?:csv|toml|json|md|lock|bib|cff|py|qmd)\b|https?://\S+|doi:\S+", re.IGNORECASE)
PLACEHOLDER = re.compile(r"\{\w+\}")
SEED = re.compile(r"(?:frö:?|[Ff]röet|[Ss]lumpfrö:?|seed:?)\s+\d+")
VERSION = re.compile(r"(?:version|utvardering) \d[\d.]*")
STATES = re.compile(
    r"\b(?:New|North|South|West|Rhode|District of) [A-Z]\w+|\b(?:Arkansas|California|Illinois|Iowa|Massachusetts|Wisconsin)\b"
)  # units of the study of American states are proper names


def clean(text: str) -> str:
    """A text without file names, addresses, proper names and what a script fills in."""
    for pattern in (FILE, PLACEHOLDER, NAMES, STATES, VERSION):
        text = pattern.sub(" ", text)
    return text


def foreign(texts: Iterator[str] | list[str]) -> dict[str, str]:
    """English words in Swedish texts, each with where it stood; a letter alone is a name or a footnote."""
    found: dict[str, str] = {}
    for text in texts:
        for word in english(clean(text)):
            if len(word) > 1 and word not in ALLOWED:
                found.setdefault(word, " ".join(text.split())[:100])
    return found


def numbers(texts: Iterator[str] | list[str]) -> list[str]:
    """Numbers written as no Swedish number is: decimal point, loose percent sign or thousands, thousands without a space."""
    found = []
    for text in texts:
        plain = SEED.sub(" ", clean(text))
        for kind in (POINT, LOOSE, UNGROUPED):
            found += [f"{match}: {' '.join(plain.split())[:80]}" for match in kind.findall(plain)]
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Swedish site with every kind of report: an effect, one that cannot be read, a plan and an organisation."""
    root = tmp_path_factory.mktemp("language")
    build = root / "build"
    for name, verdict in (("prov", "effect"), ("oklart", "not_interpretable")):
        write_figures(make(build, name=name, verdict=verdict))
    planned = plan(build)
    add_design(planned)
    write_figures(planned)
    evaluate("studies/organisation", build)
    folders = [build / name for name in ("prov", "oklart", planned.name, "organisation")]
    return render_report(folders, root / "_site", publisher="embedded").site


def swedish_pieces(folder: Path) -> list[str]:
    """All Swedish text of a site."""
    return [text for page in sorted(folder.rglob("*.html")) for language, text in pieces(page) if language == "sv"]


def test_no_english_word_is_read_or_heard_on_a_swedish_site(site):
    assert foreign(swedish_pieces(site)) == {}


def test_no_english_word_is_drawn(site):
    assert foreign([text for picture in site.rglob("*.svg") for text in drawn(picture)]) == {}


def test_no_number_is_written_in_english(site):
    assert numbers(swedish_pieces(site)) == []
    assert numbers([text for picture in site.rglob("*.svg") for text in drawn(picture)]) == []


def test_a_pdf_says_in_english_only_what_is_code_on_its_page(site):
    for pdf in sorted(site.rglob("*.pdf")):
        endings = {"en-sida": "en-sida.html", "bilaga": "bilaga.html"}
        name = next((file for ending, file in endings.items() if pdf.stem.endswith(ending)), "index.html")
        page_text = pdf.with_name(name).read_text(encoding="utf-8").lower()
        said = {word for word in foreign([printed(pdf)]) if word not in page_text}
        assert said == set(), pdf.name


@pytest.mark.skipif(not REPORTS, reason="UTVARDERING_SITE names no rendered site")
def test_the_rendered_reports_are_in_swedish():
    folder = Path(REPORTS)
    said = swedish_pieces(folder)
    assert foreign(said) == {}
    assert numbers(said) == []
    pictures = [text for picture in folder.rglob("*.svg") for text in drawn(picture)]
    assert foreign(pictures) == {}
    assert numbers(pictures) == []


@pytest.fixture(scope="module")
def english_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a Swedish study whose report is in English."""
    root = tmp_path_factory.mktemp("english")
    run = make(root / "build", language="en")
    write_figures(run)
    return render_report([run], root / "_site", publisher="embedded").site / "studier/prov"


@pytest.mark.parametrize(
    ("name", "own"),
    [
        (
            "index.html",
            {"trygghetsvärdar i provköping", "trygghetsvärdar", "närvaro höjer risken att bli sedd.", "inget att säga."},
        ),
        ("en-sida.html", {"trygghetsvärdar i provköping", "trygghetsvärdar", "anmälda brott i centrum"}),
        ("bilaga.html", {"trygghetsvärdar i provköping", "andel trygga ute sen kväll"}),
    ],
)
def test_an_english_report_marks_what_a_swedish_study_says(name, own, english_pages):
    said = [piece for piece in pieces(english_pages / name) if piece[1].strip()]
    assert own <= {" ".join(text.lower().split()) for language, text in said if language == "sv"}


MADE_UP = {
    "Börjar på hög.",
    "Värdet är 0,10, inom gränsen 0,25.",
    "Nivå 3.",
    "Planen i ord.",
    "Fråga",
    "Blev det färre?",
    "Beloppet betalas varje år, i 2024 års priser.",
    "nämns inte i studien",
}
"""What the made-up run says in Swedish whatever the language; a real run speaks the language of its report."""
NOT_SWEDISH = {"kronor": "the currency", "sd": "standard deviations", "prov": "id of the study", "område": "name of a unit"}
SITE = re.compile("Utvärdering av trygghetsåtgärder$")  # the name of the site, in the title of the window, which has no marks


@pytest.mark.parametrize("name", ["index.html", "en-sida.html", "bilaga.html"])
def test_no_swedish_word_is_left_unmarked_in_an_english_report(name, english_pages):
    """But in names, and in attributes, which have one language each."""
    page = html.parse(english_pages / name).getroot()
    for element in page.iter():
        for attribute in SAID:
            element.attrib.pop(attribute, None)
    stripped = english_pages / f"plain-{name}"
    stripped.write_bytes(html.tostring(page, encoding="utf-8"))
    said = {" ".join(text.split()) for language, text in pieces(stripped) if language == "en"} - MADE_UP
    left = {word for text in said if not SITE.search(text) for word in swedish(clean(text))}
    assert left - set(NOT_SWEDISH) == set()


def test_planted_faults_are_seen(tmp_path):
    page = tmp_path / "index.html"
    page.write_text(
        '<html lang="sv"><head><title>Prov</title></head><body><p>Kontrollen failed med 5.1 % av 12345.</p>'
        '<img alt="Before and after"><button aria-label="Close">Stäng</button><p lang="en">This is fine</p>'
        "<code>estimate</code></body></html>",
        encoding="utf-8",
    )
    said = [text for language, text in pieces(page) if language == "sv"]
    assert set(foreign(said)) == {"failed", "before", "and", "after", "close"}
    assert [line.partition(":")[0] for line in numbers(said)] == ["5.1 %", "1 %", "12345"]
    assert swedish("The measure was införd in this område") == ["område"]
