"""Staging and publishing: the same files each time, only published tables, one folder a study."""

import json
import re
import sys

import pytest
import yaml

from tests.report.fixtures.builds import make
from utvardering.errors import PublishError
from utvardering.report.figures import write_figures
from utvardering.report.render import default_sources, render_report, stage

ALLOWED = {"csv", "json", "toml", "sha", "utvardering", "reproduce", "make", "study", "studies", "left", "out"}


def build(root, **choices):
    folder = make(root, **choices)
    write_figures(folder)
    return folder


def files(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_two_stagings_of_the_same_run_are_the_same(tmp_path):
    run = build(tmp_path / "build")
    first = files(stage([run], tmp_path / "one"))
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8")) | {"timings": {"data": 99.0}}
    (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert files(stage([run], tmp_path / "two")) == first


def test_the_panel_is_never_staged(tmp_path):
    staged = files(stage([build(tmp_path / "build")], tmp_path / "stage"))
    assert not [name for name in staged if "panel" in name or name.endswith((".parquet", ".geojson"))]


def test_front_matter_says_what_the_publisher_needs(tmp_path):
    stage([build(tmp_path / "build")], tmp_path / "stage")
    text = (tmp_path / "stage/studier/prov/index.qmd").read_text(encoding="utf-8")
    front = yaml.safe_load(text.split("---\n")[1])
    assert front["title"] == "Trygghetsvärdar i Provköping"
    assert front["lang"] == "sv"
    assert front["simulated"] is True
    assert front["verdict"] == "effekt påvisad"
    assert front["format"]["typst"]["output-file"] == "prov.pdf"
    assert "date" not in front
    assert "{{< include ../../_simulated.qmd >}}" in text


def test_the_first_page_holds_aims_apart_and_names_what_is_not_fetched(tmp_path):
    stage([build(tmp_path / "build")], tmp_path / "stage", not_fetched=[("annan", "En annan studie")])
    folder = tmp_path / "stage/_studies"
    assert "anmälda brott i centrum" in (folder / "brott.qmd").read_text(encoding="utf-8")
    assert "andel trygga ute sen kväll" in (folder / "trygghet.qmd").read_text(encoding="utf-8")
    assert "andel trygga" not in (folder / "brott.qmd").read_text(encoding="utf-8")
    assert (folder / "ordning.qmd").read_text(encoding="utf-8") == "Ingen studie har ett sådant utfall ännu.\n"
    assert "- En annan studie: data ej hämtade." in (folder / "not_fetched.qmd").read_text(encoding="utf-8")


def test_a_folder_with_other_things_is_left_alone(tmp_path):
    (tmp_path / "stage").mkdir()
    (tmp_path / "stage/brev.txt").write_text("hej")
    with pytest.raises(PublishError, match="is not empty and holds no staged report"):
        stage([], tmp_path / "stage")
    assert (tmp_path / "stage/brev.txt").read_text() == "hej"


def test_every_section_names_only_what_the_cells_have():
    from utvardering.report import cells

    for file in sorted((default_sources() / "_sections").glob("*.qmd")):
        for name in re.findall(r"^c\.(\w+)\(r\)$", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert callable(getattr(cells, name)), f"{file.name}: c.{name}"


@pytest.mark.parametrize("verdict", ["effect", "not_interpretable"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_cell_speaks_for_every_kind_of_run(tmp_path, monkeypatch, capsys, verdict, language):
    from utvardering.report import cells

    stage([build(tmp_path / "build", verdict=verdict, language=language)], tmp_path / "stage")
    monkeypatch.chdir(tmp_path / "stage/studier/prov")
    run = cells.load()
    for file in sorted((default_sources() / "_sections").glob("*.qmd")):
        for name in re.findall(r"^c\.(\w+)\(r\)$", file.read_text(encoding="utf-8"), re.MULTILINE):
            getattr(cells, name)(run)
    said = capsys.readouterr().out
    assert "nan" not in re.findall(r"\w+", said.lower())
    assert not re.search(r"\{\w+\}", said)
    if language == "sv":
        assert not {"the", "with", "was", "shown", "needs", "which"} & set(re.findall(r"[a-zåäö]+", said.lower()))


def test_a_run_becomes_a_page_and_a_pdf_and_is_then_reused(tmp_path):
    runs = [build(tmp_path / "build")]
    published = render_report(runs, tmp_path / "site", publisher="embedded")
    assert "studier/prov/index.qmd" in published.rendered
    page = (tmp_path / "site/studier/prov/index.html").read_text(encoding="utf-8")
    assert "minskade med" in page
    assert (tmp_path / "site/studier/prov/prov.pdf").read_bytes().startswith(b"%PDF")
    assert (tmp_path / "site/studier/prov/results/figures/metoder.csv").is_file()
    again = render_report(runs, tmp_path / "site", publisher="embedded")
    assert again.rendered == ()


def test_the_report_stands_on_files_alone():
    from pathlib import Path

    from utvardering import report

    allowed = ("errors", "wording", "disclosure", "outputs", "report")
    for file in sorted(Path(report.__file__).parent.rglob("*.py")):
        for name in re.findall(r"^\s*(?:from|import) utvardering\.(\w+)", file.read_text(encoding="utf-8"), re.MULTILINE):
            assert name in allowed, f"{file.name} imports utvardering.{name}"
    assert sys.modules["utvardering.report"]
