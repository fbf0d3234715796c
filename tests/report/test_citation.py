"""How a report is cited: dated by the study itself, the same each time, readable by the programs that read such files."""

import datetime as dt
import re

import pytest
import yaml
from lxml import html

from tests.report.fixtures.builds import make
from tests.report.fixtures.designs import plan
from utvardering.report import citation
from utvardering.report.figures import write_figures
from utvardering.report.render import render_report, stage
from utvardering.report.results import Results

ENTRY = re.compile(r'\A@misc\{([a-z0-9-]+),\n((?:  \w+ = ".*",\n)+)\}\n\Z')
FIELD = re.compile(r'  (\w+) = "(.*)",\n')
CFF_KEYS = {
    "cff-version", "message", "type", "title", "authors", "version", "date-released", "doi", "identifiers", "preferred-citation"
}  # fmt: skip


def with_doi(folder, doi="10.5281/zenodo.1234567"):
    said = (folder / "study.toml").read_text(encoding="utf-8")
    (folder / "study.toml").write_text(said.replace("[report]\n", f'[report]\ndoi = "{doi}"\n'), encoding="utf-8")
    (folder / "registration.json").write_text('{"plan_sha256_now": "0123456789abcdef"}', encoding="utf-8")
    return folder


def test_the_sentence_names_authors_year_title_plan_and_doi(tmp_path):
    assert citation.sentence(Results.load(with_doi(make(tmp_path)))) == (
        "Provköpings analysgrupp (2023). *Trygghetsvärdar i Provköping*. Utvärdering av trygghetsvärdar. "
        "Studie prov, plan 0123456789ab. Beräknad med utvardering 0.1.0. Simulerade data. "
        "<https://doi.org/10.5281/zenodo.1234567>"
    )


def test_the_entry_is_bibtex_with_nothing_that_bibtex_would_read_as_a_command(tmp_path):
    folder = with_doi(make(tmp_path))
    said = (folder / "study.toml").read_text(encoding="utf-8")
    said = said.replace("Trygghetsvärdar i Provköping", "Värdar & ”100 % trygga” _i_ {centrum} #1")
    (folder / "study.toml").write_text(said, encoding="utf-8")
    found = citation.bibtex(Results.load(folder))
    key, body = ENTRY.match(found).groups()
    fields = dict(FIELD.findall(body))
    assert key == "prov2023"
    assert fields["title"] == r"{Värdar \& ”100 \% trygga” \_i\_ \{centrum\} \#1}"
    assert fields["author"] == "{Provköpings analysgrupp}"
    assert (fields["year"], fields["date"]) == ("2023", "2023-12-31")
    assert fields["doi"] == "10.5281/zenodo.1234567"
    unescaped = re.sub(r"\\[{}]", "", body)
    assert unescaped.count("{") == unescaped.count("}")


def test_the_file_holds_what_the_citation_file_format_asks_for(tmp_path):
    """Also read once by cffconvert 2.0 and its schema, whose old dependencies cannot be installed beside ours."""
    said = yaml.safe_load(citation.citation_file(Results.load(with_doi(make(tmp_path)))))
    assert set(said) <= CFF_KEYS
    assert said["cff-version"] == "1.2.0"
    assert said["authors"] == [{"name": "Provköpings analysgrupp"}]
    assert said["date-released"] == "2023-12-31"
    assert said["identifiers"][0]["value"] == "sha256:0123456789abcdef"
    report = said["preferred-citation"]
    assert (report["type"], report["year"], report["doi"]) == ("report", 2023, "10.5281/zenodo.1234567")


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ('{"registered_at": "2024-02-01T10:00:00Z"}', dt.date(2024, 2, 1)),
        ('{"registered_at": "2022-02-01T10:00:00Z", "opened_at": "2024-03-05T10:00:00Z"}', dt.date(2024, 3, 5)),
        ('{"registered_at": "2022-02-01T10:00:00Z", "opened_at": null}', dt.date(2023, 12, 31)),
    ],
)
def test_the_date_is_the_latest_that_the_study_states(stated, date, tmp_path):
    folder = make(tmp_path)
    (folder / "registration.json").write_text(stated, encoding="utf-8")
    assert citation.latest_date(Results.load(folder)) == date


def test_a_study_without_authors_or_dates_is_cited_all_the_same(tmp_path):
    folder = plan(tmp_path)
    for name in ("plan.lock", "registration.json"):
        (folder / name).unlink(missing_ok=True)
    said = re.sub(r"^authors = .*\n", "", (folder / "study.toml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    (folder / "study.toml").write_text(said, encoding="utf-8")
    run = Results.load(folder)
    assert citation.sentence(run).startswith("[ansvarig utgivare] (u.å.). ")
    assert "year" not in citation.bibtex(run)
    assert "date-released" not in yaml.safe_load(citation.citation_file(run))


def test_the_page_holds_the_citation_its_files_and_what_programs_read(tmp_path):
    folder = with_doi(make(tmp_path / "build"))
    write_figures(folder)
    site = render_report([folder], tmp_path / "_site", publisher="embedded").site / "studier/prov"
    page = html.parse(site / "index.html").getroot()
    links = page.xpath("//main//a/@href")
    assert {"results/prov.bib", "results/CITATION.cff", "https://doi.org/10.5281/zenodo.1234567"} <= set(links)
    assert (site / "results/prov.bib").read_text(encoding="utf-8") in page.xpath("string(//main)") + "\n"
    tags = [(tag.get("name"), tag.get("content")) for tag in page.xpath("//head/meta[@name]")]
    assert ("citation_title", "Trygghetsvärdar i Provköping") in tags
    assert ("citation_author", "Provköpings analysgrupp") in tags
    assert ("citation_publication_date", "2023/12/31") in tags
    assert ("DC.identifier", "https://doi.org/10.5281/zenodo.1234567") in tags
    assert not page.xpath("//body//meta")


def test_two_stagings_give_the_same_files(tmp_path):
    folder = with_doi(make(tmp_path / "build"))
    one, two = (stage([folder], tmp_path / name) / "studier/prov/results" for name in ("one", "two"))
    for name in ("CITATION.cff", "prov.bib"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
