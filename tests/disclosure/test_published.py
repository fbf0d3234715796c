"""The last gate of a site: a page, its PDF, a picture's words or a file beside it that names somebody stops the publishing."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.disclosure.smuggled import Secret, name, number
from utvardering.errors import PublishError
from utvardering.report.publishers import publish

REPORTS = Path(__file__).resolve().parents[2] / "reports"
PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><title>{words}</title></svg>'
BODIES = {
    "a paragraph": "Text om {words} i en mening.",
    "a heading": "## Om {words}",
    "an alternative text": '![Bilden](bild.svg){{fig-alt="En bild av {words}."}}',
    "a table": "| a | b |\n|---|---|\n| {words} | 1 |",
    "a footnote": "Text.[^1]\n\n[^1]: Enligt {words}.",
    "an inline note": "Text^[Enligt {words}.].",
    "a link's title": '[sida](https://exempel.se "{words}")',
    "raw html": '```{{=html}}\n<div data-note="{words}"></div>\n```',
    "only the pdf": '::: {{.content-visible when-format="typst"}}\n{words}\n:::',
    "a comment": "Text.\n\n```{{=html}}\n<!-- {words} -->\n```",
    "embedded data": '```{{=html}}\n<script type="application/json">{{"vem": "{words}"}}</script>\n```',
    "a picture's title": '![Bilden](bild.svg){{fig-alt="En bild."}}',
}  # fmt: skip


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of one page with its PDF, and the site that it was published to before."""
    folder = tmp_path_factory.mktemp("site") / "prov"
    folder.mkdir()
    for file in ("typst-template.typ", "typst-show.typ"):
        (folder / file).write_bytes((REPORTS / file).read_bytes())
    head = "project:\n  type: website\nwebsite:\n  title: Prov\nlang: sv\nformat:\n  html: default\n  typst: default\n"
    (folder / "_quarto.yml").write_text(head, encoding="utf-8")
    (folder / "bild.svg").write_text(PICTURE.format(words="Bild"), encoding="utf-8")
    (folder / "index.qmd").write_text("---\ntitle: Prov\n---\n\nText.\n", encoding="utf-8")
    publish(folder, folder.parent / "_site", publisher="embedded")
    return folder


@pytest.mark.parametrize("place", BODIES)
@pytest.mark.parametrize("kind", [number, name])
def test_nothing_is_published_that_names_somebody(place: str, kind: object, old: Path) -> None:
    rng = random.Random(f"{place}-{kind.__name__}")  # noqa: S311 -- a test draws, nothing is kept secret by it
    hidden: Secret = kind(rng)
    while not hidden.words.replace("–", "-").replace("\u200b", "").isprintable() or any(
        char > "\uff00" for char in hidden.words
    ):
        hidden = kind(rng)  # the letters of the PDFs have no wide digits, so that the PDF is refused before
    before = (old.parent / "_site" / "index.html").read_bytes()
    (old / "index.qmd").write_text(f"---\ntitle: Prov\n---\n\n{BODIES[place].format(words=hidden.words)}\n", encoding="utf-8")
    (old / "bild.svg").write_text(PICTURE.format(words=hidden.words if "picture" in place else "Bild"), encoding="utf-8")
    with pytest.raises(PublishError) as told:
        publish(old, old.parent / "_site", publisher="embedded")
    assert told.value.exit_code == 6
    assert hidden.kind in str(told.value)
    assert hidden.words not in str(told.value)
    assert (old.parent / "_site" / "index.html").read_bytes() == before, "the old site stands"
