"""What a reader of a published page reads or hears, each piece with its language; and the words of pictures and PDFs."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

from lxml import html

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

UNREAD = frozenset(["script", "style", "pre", "code", "math", "svg", "template"])
"""What is no text in any language: programs, file names and columns in code font, formulas."""
SAID = ("alt", "aria-label", "title", "placeholder", "label", "data-means", "data-label", "data-none", "data-one", "data-many")
SAID += ("data-fault", "data-status")
"""Attributes whose text reaches a reader, by ear or by a script."""
FILE = re.compile(r"\.(csv|json|toml|md|bib|cff|pdf|png|svg|lock)$|^https?://")
COMMENT = re.compile(r"<!--\s*(.*?)\s*-->", re.DOTALL)
"""Matplotlib draws letters as outlines and writes each text beside them."""
UNREAD_IDS = frozenset({"refs", "tbl-versioner"})
"""References are in the language of the work; the names of programs are in none."""
UNREAD_CLASSES = frozenset({"header-section-number", "toc-section-number"})
"""Numbers of sections have points in every language."""


def pieces(page: Path) -> Iterator[tuple[str, str]]:
    """Language and text of everything on a page that reaches a reader, its title and its attributes with it."""
    root = html.parse(page).getroot()
    language = root.get("lang")
    yield language, root.findtext(".//title") or ""
    yield from _of(root.find("body"), language)


def _of(element: html.HtmlElement, language: str) -> Iterator[tuple[str, str]]:
    if not isinstance(element.tag, str) or element.tag in UNREAD or element.get("id") in UNREAD_IDS:
        return
    if UNREAD_CLASSES & set((element.get("class") or "").split()):
        return
    own = element.get("lang") or language
    for name in SAID:
        if element.get(name):
            yield own, element.get(name)
    is_file = element.tag == "a" and FILE.search((element.text_content() or "").strip())
    if not is_file:
        yield own, element.text or ""
    for child in element:
        yield from _of(child, own)
        if not is_file:
            yield own, child.tail or ""


def drawn(picture: Path) -> list[str]:
    """The texts in a picture."""
    return [found for found in COMMENT.findall(picture.read_text(encoding="utf-8")) if found]


def printed(pdf: Path) -> str:
    """The text of a PDF, words that were broken at the end of a line put together."""
    done = subprocess.run(["pdftotext", str(pdf), "-"], capture_output=True, encoding="utf-8", check=True)
    return re.sub(r"[-\u2010\u00ad]\n(?=[a-zåäö])", "", done.stdout)
