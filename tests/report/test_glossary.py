"""The words of the reports: one source, held against GLOSSARY.md and the texts, found in every form, plain text in the PDF."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from lxml import html

from tests.report.reading import english, lix
from utvardering.report.glossary import PAGES, glossary, metadata
from utvardering.report.publishers import publish
from utvardering.report.render import default_sources, stage

ROOT = Path(__file__).parents[2]
SECTION = """---
title: Prov
---

Åtgärden gav ett intervall. Intervallet, som åtgärden gav, är smalt (*95 % intervall*).

## Konfidensintervall i en rubrik

Se [ett intervall](ordlista.qmd), `dos` och **dold orsak**: en *dold
orsak* är inte mätt. E-värdet (en kvot) är "högt".

### En mindre rubrik

Dolda orsaker och intervall.

![Ett placebotest](bild.svg){#fig-a fig-alt="En dos"}

| Utfall | Dos |
|:--|:--|
| utfall | dos |

::: {.korthet}
Dos
:   Dosen var hög.
:::

## Nästa

Ej tolkningsbart är inte osäkert, och åtgärdslagret är inget ord. Effekt påvisad.
"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory):
    """A page with every kind of place in which a word can stand, and its PDF."""
    root = tmp_path_factory.mktemp("glossary")
    project = stage([], root / "stage")
    folder = project / "studier" / "prov"
    folder.mkdir()
    (folder / "_metadata.yml").write_text(_yaml(), encoding="utf-8")
    source = SECTION.replace("title: Prov\n", "title: Prov\nformat:\n  html: default\n  typst: default\n")
    (folder / "index.qmd").write_text(source.replace("(ordlista.qmd)", "(../../ordlista.qmd)"), encoding="utf-8")
    (folder / "bild.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', encoding="utf-8")
    site = publish(project, root / "_site", publisher="embedded").site
    return site / "studier/prov"


def _yaml() -> str:
    import yaml

    return yaml.safe_dump(metadata("sv"), allow_unicode=True)


def test_first_of_each_word_in_each_section_leads_to_its_entry(page):
    shown = html.parse(page / "index.html").getroot()
    links = [("".join(link.itertext()), link.get("href").partition("#")[2]) for link in shown.xpath("//main//a[@class='ord']")]
    assert links == [
        ("Åtgärden", "ord-atgard"),
        ("intervall", "ord-intervall"),
        ("dold orsak", "ord-dold-orsak"),
        ("E-värdet", "ord-e-varde"),
        ("intervall", "ord-intervall"),
        ("Dosen", "ord-dos"),
        ("Ej tolkningsbart", "ord-ej-tolkningsbart"),
        ("osäkert", "ord-osakert"),
        ("Effekt påvisad", "ord-effekt"),
    ]
    assert {link.get("href").partition("#")[0] for link in shown.xpath("//main//a[@class='ord']")} == {"../../ordlista.html"}
    assert "title" not in {name for link in shown.xpath("//a[@class='ord']") for name in link.keys()}  # noqa: SIM118 -- lxml


def test_every_link_has_its_entry_and_says_what_it_means(page):
    entries = html.parse(page.parents[1] / "ordlista.html").getroot()
    means = {term.anchor: term.means for term in glossary("sv").terms}
    for link in html.parse(page / "index.html").getroot().xpath("//main//a[@class='ord']"):
        anchor = link.get("href").partition("#")[2]
        assert entries.xpath(f"//*[@id='{anchor}']")
        assert link.get("data-means") == means[anchor]


def test_the_text_is_the_same_with_and_without_links_and_plain_in_the_pdf(page):
    shown = " ".join(html.parse(page / "index.html").getroot().xpath("string(//main)").split())
    assert "Intervallet, som åtgärden gav, är smalt (95 % intervall)." in shown
    assert 'E-värdet (en kvot) är "högt".' in shown
    done = subprocess.run(["pdftotext", str(page / "index.pdf"), "-"], capture_output=True, encoding="utf-8", check=True)
    assert "Ej tolkningsbart är inte osäkert" in " ".join(done.stdout.split())
    assert "Den minsta ändring" not in done.stdout


@pytest.mark.parametrize("language", ["sv", "en"])
def test_the_list_has_each_word_once_and_explains_it_easily(language):
    words = glossary(language)
    spellings = [spelling.lower() for term in words.terms for spelling in term.spellings]
    assert len(spellings) == len(set(spellings))
    assert len({term.id for term in words.terms}) == len(words.terms)
    assert all(term.means.endswith(".") for term in words.terms)
    assert [term.id for term in words.terms] == [term.id for term in glossary("sv").terms]
    said = " ".join(term.means for term in words.terms)
    assert lix(said) < 45
    if language == "sv":
        assert not english(said)
    front = (default_sources() / PAGES[language]).read_text(encoding="utf-8")
    assert f"title: {words.title}\nsubtitle: {words.subtitle}\n" in front


def test_every_word_of_the_list_is_a_term_of_the_glossary():
    terms = {line.split("|")[1].strip() for line in _rows()}
    assert {term.term for term in glossary("sv").terms} <= terms


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_verdict_is_explained(language):
    text = (ROOT / f"src/utvardering/report/text/{language}.toml").read_text(encoding="utf-8")
    verdicts = tomllib.loads(text)["verdict"]
    about_numbers = {"reproduced", "not_reproduced"}  # of published work, said in plain words in the sentence itself
    assert {said for name, said in verdicts.items() if name not in about_numbers} <= {
        term.term for term in glossary(language).terms
    }


SELF_EXPLAINED = {
    "annan bedömning bredvid": "everyday words",
    "annan modell av serien": "explained where it stands",
    "andras resultat": "everyday words",
    "avstånd i likhet": "explained in the caption of its table",
    "det väntade": "everyday words",
    "en studie utelämnad i taget": "everyday words",
    "EMMIE": "explained where it stands",
    "exponering": "only in a caption, in parentheses",
    "gränser": "everyday word",
    "händelse": "everyday word",
    "händelsestudie": "only in the name of a method",
    "kontrollserie": "explained where it stands",
    "klustrat medelfel": "name of a method, in tables",
    "olika startdatum": "everyday words",
    "omfördelning": "explained where it stands",
    "ordning": "everyday word, also for a sequence",
    "mättillfälle": "everyday word",
    "område": "everyday word",
    "placebovarians": "name of a method, in tables",
    "plan": "everyday word",
    "påhittat område": "explained where it stands",
    "regel": "everyday word",
    "ring": "explained in the note of its picture",
    "skogsdiagram": "only in an alternative text",
    "slutligt betyg": "explained where it stands",
    "SSPF": "name of a measure",
    "start": "everyday word",
    "syntetisk skillnad i skillnader": "its parts are explained",
    "tidsstämpel": "explained where it stands",
    "trygghetsvärdar": "name of a measure",
    "underlag": "everyday word",
    "uppföljning": "everyday word",
    "vild klusterbootstrap": "name of a method, in tables",
    "våg": "explained where it stands",
    "vägd undanträngningsskillnad": "its parts are explained",
    "lås": "everyday word",
    "bilaga": "everyday word",
    "ordlista": "everyday word",
}
"""Terms of GLOSSARY.md that the texts use and the list leaves out, each with its reason."""


def test_no_term_of_the_glossary_that_the_texts_use_is_left_unexplained():
    folder = ROOT / "src/utvardering"
    files = [*sorted((folder / "report/text").glob("*sv.toml")), folder / "wording/sv.toml"]
    text = "\n".join(file.read_text(encoding="utf-8").lower() for file in files if not file.name.startswith("ordlista"))
    explained = {spelling.lower() for term in glossary("sv").terms for spelling in term.spellings}
    left = set()
    for line in _rows():
        term = line.split("|")[1].strip()
        if term.partition(" (")[0].lower() in explained or term in SELF_EXPLAINED:
            continue
        if re.search(rf"(?<!\w){re.escape(term.lower())}(?!\w)", text):
            left.add(term)
    assert left == set()


def _rows() -> list[str]:
    lines = (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.startswith("| ") and not line.startswith("| svenska")]
