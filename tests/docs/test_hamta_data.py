"""Does the guide to fetching data do what it says? Its commands against a server on this machine."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.data.kolada_server import serving
from utvardering.cli import app
from utvardering.data.municipalities import municipalities
from utvardering.data.sources import read_sources

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "hamta-data.md").read_text(encoding="utf-8")


def cells(*, revised=0):
    """Made-up counts of every municipality, as rates; one is `revised` more."""
    found = {}
    for place, unit in enumerate(["0000", *municipalities()]):
        for year in range(2010, 2023):
            people = 10_000_003 if unit == "0000" else 10_007 + place
            count = 60_000 if unit == "0000" else 40 + place + revised * (unit == "0114" and year == 2012)
            found["N01951", unit, year] = people
            found["N07403", unit, year] = None if year < 2017 and place == 2 else count * 100_000 / people
    return found


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)


def run(line, *more):
    program, *arguments = shlex.split(line)
    assert program == "utvardering"
    done = CliRunner().invoke(app, [*arguments, *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_the_guide_is_followed_to_its_end(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("studies").mkdir()
    new, fetch, again = (block.strip() for block in blocks("sh"))
    run(new)
    study = tmp_path / "studies" / "valdsbrott"
    (study / "data" / "sources.toml").write_text(blocks("toml")[0], encoding="utf-8")
    with serving(cells()) as kolada:
        address = ("--address", f"kolada={kolada.address}")
        said = run(fetch, *address)
        assert "data/brott.csv: fetched, 3770 rows; kept as data/vintages/" in said
        assert "värden till och med 2016 saknas" in said
        assert "kommunernas summa täcker" in said
        kolada.cells = cells(revised=1)
        said = run(again, *address, "--only", "data/brott.csv")
    assert "data/brott.csv: changed, 3770 rows" in said
    assert '1 figure revised (the largest valdsbrott of 0114 2012: "41" became "42")' in said
    for named in re.findall(r"`(brott\.[a-z.]+\.csv|brott\.missing\.csv)`", GUIDE):
        assert list(study.glob(f"data/vintages/*/{named}")), named
    written = (study / "data" / "sources.toml").read_text(encoding="utf-8")
    assert all(line in written for line in blocks("toml")[0].splitlines())
    (source,) = read_sources(study)
    assert source.address
    assert source.licence
    assert source.retrieved


def test_the_list_of_municipalities_that_are_alike_is_fetched_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    Path("study.toml").write_text("schema = 1\n", encoding="utf-8")
    Path("data/sources.toml").write_text(blocks("toml")[1], encoding="utf-8")
    with serving(cells()) as kolada:
        assert "data/liknande.csv: fetched, 10 rows" in run("utvardering data fetch .", "--address", f"kolada={kolada.address}")


def test_its_messages_are_those_of_the_program():
    folder = Path(__file__).parents[2] / "src" / "utvardering" / "data" / "connectors"
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    for said in re.findall(r"^\| `([a-z ]+)` \|", GUIDE.partition("## Om det inte går")[2], re.MULTILINE):
        assert said in source, said


@pytest.mark.parametrize("option", ["--only", "--address", "--quiet", "--json"])
def test_the_verb_names_its_options(option):
    done = CliRunner().invoke(app, ["data", "fetch", "--help"])
    assert option in done.output


def test_an_address_that_is_none_ends_with_two():
    done = CliRunner().invoke(app, ["data", "fetch", "studies/_template", "--address", "kolada"])
    assert done.exit_code == 2
    assert '--address: needs NAME=URL, such as kolada=https://api.kolada.se/v3, found "kolada"' in done.stderr


def test_a_study_without_connectors_ends_with_three(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "study.toml").write_text("schema = 1\n", encoding="utf-8")
    (tmp_path / "data" / "sources.toml").write_text('[[source]]\nfile = "egen.csv"\n', encoding="utf-8")
    done = CliRunner().invoke(app, ["data", "fetch", str(tmp_path), "--json"])
    assert done.exit_code == 3
    assert '"exit_code": 3' in done.stdout
