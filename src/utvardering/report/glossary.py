"""The words of the reports: one source of text, from which come the list as a page and the boxes in the text."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from pathlib import Path

PAGES = {"sv": "ordlista.qmd", "en": "glossary.qmd"}
"""The page of the list in each language, at the root of the site."""
FOLDER = "_glossary"
"""Where the staged project holds the lists that these pages include."""


@dataclass(frozen=True)
class Term:
    """A word of the list, what it means, and its other forms."""

    id: str
    term: str
    means: str
    forms: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """The identifier of its entry on the page."""
        return f"ord-{self.id}"

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every way of writing it that is looked for; what stands in parentheses is explanation."""
        return (self.term.partition(" (")[0], *self.forms)


@dataclass(frozen=True)
class Group:
    """Words that belong together, under a heading."""

    heading: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Glossary:
    """The list in one language."""

    language: str
    title: str
    subtitle: str
    intro: str
    groups: tuple[Group, ...]

    @property
    def terms(self) -> tuple[Term, ...]:
        """Every word in the order of the list."""
        return tuple(term for group in self.groups for term in group.terms)


@cache
def glossary(language: str) -> Glossary:
    """The list of a language: `sv` or `en`."""
    text = files("utvardering.report").joinpath("text", f"ordlista.{language}.toml").read_text(encoding="utf-8")
    read = tomllib.loads(text)
    groups = tuple(
        Group(group["heading"], tuple(Term(**{**one, "forms": tuple(one.get("forms", ()))}) for one in group["term"]))
        for group in read["group"]
    )
    return Glossary(language, read["title"], read["subtitle"], read["intro"], groups)


def listed(words: Glossary) -> str:
    """The list as Markdown: headings, and each word with an identifier that a link can name."""
    parts = [words.intro]
    for group in words.groups:
        parts.append(f"## {group.heading}")
        parts += [f"[{term.term}]{{#{term.anchor}}}\n:   {term.means}" for term in group.terms]
    return "\n\n".join(parts) + "\n"


def write_lists(staging: Path) -> None:
    """The lists that the two pages include."""
    folder = staging / FOLDER
    folder.mkdir(exist_ok=True)
    for language in PAGES:
        (folder / f"{language}.qmd").write_text(listed(glossary(language)), encoding="utf-8")


def metadata(language: str) -> dict[str, Any]:
    """What the filter `words.lua` needs to find words in a page of this language."""
    return {
        "glossary": {
            "page": f"/{PAGES[language]}",
            "terms": [
                {"anchor": term.anchor, "means": term.means, "spellings": list(term.spellings)}
                for term in glossary(language).terms
            ],
        }
    }


def write_metadata(folder: Path, language: str, more: dict[str, Any]) -> None:
    """The words in the language of a report, and `more`, as metadata of its folder, which both publishers read."""
    said = yaml.safe_dump(metadata(language) | more, allow_unicode=True, sort_keys=False, width=10_000)
    (folder / "_metadata.yml").write_text(said, encoding="utf-8")
