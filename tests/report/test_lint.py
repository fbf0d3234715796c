"""The rules for the sources, each with the exact sentence that its author sees."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from utvardering.errors import PublishError
from utvardering.report.lint import lint_project
from utvardering.report.publishers.project import read_project

REPORTS = Path(__file__).resolve().parents[2] / "reports"

WRONG_PAGES = {
    "undefined-footnote-id",
    "duplicate-reference-labels",
    "heading-hierarchy",
    "undefined-reference-label",
}

FAULTS = {
    "cell without label": (
        "```{python}\n1 + 1\n```",
        ["line 5: index.qmd: cell without label: add `#| label: …` as its first line"],
    ),
    "duplicate label of cells": (
        "```{python}\n#| label: a\n1\n```\n\n```{python}\n#| label: a\n2\n```",
        ["line 10: index.qmd: label a is already used in index.qmd line 5"],
    ),
    "figure cell without alt text": (
        "```{python}\n#| label: fig-a\n#| fig-cap: En bild.\nplot()\n```",
        ["line 5: index.qmd: figure fig-a has no alt text: add `#| fig-alt: …`"],
    ),
    "table cell without caption": (
        "```{python}\n#| label: tbl-a\ntable()\n```",
        ["line 5: index.qmd: table tbl-a has no caption: add `#| tbl-cap: …`"],
    ),
    "image without alt text": (
        "![En bild.](figures/a.svg){#fig-a}",
        ['line 5: index.qmd: figure without alt text: add {fig-alt="…"} after the image'],
    ),
    "unknown reference": (
        "Se @fig-saknas.",
        ["line 5: index.qmd: @fig-saknas refers to nothing in this document: label what it means fig-saknas"],
    ),
    "unknown citation": (
        "Enligt [@okand2020, s. 3] är det så.",
        ["line 5: index.qmd: @okand2020 is not in the bibliography: add okand2020 to the .bib file"],
    ),
    "label used twice": (
        "## Ett {#sec-a}\n\n## Två {#sec-a}",
        ["line 7: index.qmd: label sec-a is used twice: give one of them another label"],
    ),
    "tabset": (
        "::: {.panel-tabset}\n:::",
        ["line 5: index.qmd: tabsets and collapsible callouts shut out screen readers: write the parts one after another"],
    ),
    "all at once": (
        "Se @tbl-x och @y2020.\n\n```{python}\n1\n```",
        [
            "line 7: index.qmd: cell without label: add `#| label: …` as its first line",
            "line 5: index.qmd: @tbl-x refers to nothing in this document: label what it means tbl-x",
            "line 5: index.qmd: @y2020 is not in the bibliography: add y2020 to the .bib file",
        ],
    ),
}

SOUND = {
    "reference to a cell": '```{python}\n#| label: fig-a\n#| fig-cap: "B."\n#| fig-alt: "C."\nplot()\n```\n\nSe @fig-a.',
    "reference to a heading": "## Rubrik {#sec-a}\n\nSe @sec-a.",
    "reference to a later table": "Se @tbl-a.\n\n| a |\n|--|\n| b |\n\n: Rubrik. {#tbl-a}",
    "address": "Skriv till namn@example.org eller läs `@fig-inte`.",
    "code that is shown": "````\n```{python}\n1\n```\n@fig-inte\n````",
    "known citation": "Se @kand2020.",
}


def project(tmp_path: Path, body: str, front: str = "title: Prov") -> list[str]:
    (tmp_path / "_quarto.yml").write_text("project:\n  type: website\nbibliography: a.bib\n", encoding="utf-8")
    (tmp_path / "a.bib").write_text("@book{kand2020, title = {A}}\n", encoding="utf-8")
    (tmp_path / "index.qmd").write_text(f"---\n{front}\n---\n\n{body}\n", encoding="utf-8")
    return [str(problem) for problem in lint_project(read_project(tmp_path))]


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_told(name: str, tmp_path: Path) -> None:
    body, expected = FAULTS[name]
    found = project(tmp_path, body)
    assert found == expected


@pytest.mark.parametrize("name", SOUND)
def test_sound_source_is_let_through(name: str, tmp_path: Path) -> None:
    assert project(tmp_path, SOUND[name]) == []


def test_a_page_must_have_a_title(tmp_path: Path) -> None:
    assert project(tmp_path, "Text.", "lang: sv") == ["line 1: index.qmd: no title: add `title:` to the front matter"]


def test_simulated_data_must_say_so(tmp_path: Path) -> None:
    assert project(tmp_path, "Text.", "title: Prov\nsimulated: true") == [
        "index.qmd: simulated data without a notice: include _simulated.qmd first in the document"
    ]


@pytest.mark.parametrize(
    ("included", "fault"),
    [("_saknas.qmd", "include of _saknas.qmd: no such file"), ("_ring.qmd", "include of _ring.qmd includes itself")],
)
def test_an_include_that_cannot_be_read_is_told(included: str, fault: str, tmp_path: Path) -> None:
    (tmp_path / "_ring.qmd").write_text("{{< include _ring.qmd >}}\n", encoding="utf-8")
    with pytest.raises(PublishError, match=re.escape(fault)):
        project(tmp_path, f"{{{{< include {included} >}}}}")


def test_frozen_cells_are_refused(tmp_path: Path) -> None:
    assert project(tmp_path, "Text.", "title: Prov\nexecute:\n  freeze: auto") == [
        "index.qmd: freeze keeps old numbers when results change: remove it"
    ]


def test_fault_in_an_include_is_placed_in_the_included_file(tmp_path: Path) -> None:
    (tmp_path / "_del.qmd").write_text("Text.\n\nSe @fig-b.\n", encoding="utf-8")
    (found,) = project(tmp_path, "{{< include _del.qmd >}}")
    assert found.startswith("line 3: _del.qmd: @fig-b refers to nothing")


def panache(paths: list[Path]) -> list[str]:
    """The rules of panache that speak of a page which would be wrong, not of its source's style."""
    program = Path(sys.executable).with_name("panache")
    if not program.is_file():
        pytest.skip("panache-cli is not installed in this environment")
    command = [str(program), "lint", "--no-cache", "--isolated", "--color", "never", *map(str, paths)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    return sorted(set(re.findall(r"\[([a-z-]+)\]", done.stdout)) & WRONG_PAGES)


def test_panache_finds_no_wrong_page_among_the_reports() -> None:
    sources = [path for path in sorted(REPORTS.rglob("*.qmd")) if "_site" not in path.parts]
    assert sources
    assert panache(sources) == []


def test_panache_would_find_one(tmp_path: Path) -> None:
    page = tmp_path / "a.qmd"
    page.write_text("Se @fig-a.[^1]\n\n## A {#sec-a}\n\n#### B {#sec-a}\n", encoding="utf-8")
    assert panache([page]) == [
        "duplicate-reference-labels",
        "heading-hierarchy",
        "undefined-footnote-id",
        "undefined-reference-label",
    ]
