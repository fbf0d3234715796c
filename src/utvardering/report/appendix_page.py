"""The technical appendix as a page and a PDF of its own: which studies have one, its front matter, and its ways back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from utvardering.report.results import Results

PAGE = "bilaga"
"""Name of the page in the folder of a study; its PDF is `<id>-bilaga.pdf`."""
SOURCE = "appendix.qmd"
LINK = "{{< include _sections/appendix_link.qmd >}}"
"""What the one page leaves out where there is no appendix."""
REFERENCE = re.compile(r"@sec-([a-z]+)")
HEADINGS = {
    "plan": "plan",
    "mekanism": "mechanism",
    "genomforande": "implementation",
    "effekt": "effect",
    "data": "data",
    "begransningar": "limits",
    "foljdes": "followed",
    "sakerhet": "sure",
    "ekonomi": "economics",
    "flyttade": "moved",
    "hjalp": "design_help",
    "svar": "design",
}
"""Sections of the report that the appendix points to, by their identifiers, and the keys of their headings."""


def has_one(run: Results) -> bool:
    """Whether a study has an appendix: it does when an effect was evaluated."""
    return not (run.is_planned or run.is_organisation)


def ways(run: Results) -> dict[str, str]:
    """What the three texts of a study call each other."""
    return {name: run.texts(f"appendix.page_{name}") for name in ("link", "about", "whole", "intro")}


def front_matter(run: Results, report: dict[str, Any]) -> dict[str, Any]:
    """The front matter of the page, from that of the whole report: its own title and PDF."""
    texts = run.texts
    kept = ("lang", "author", "date", "heading", "onepage", "appendix", "jupyter", "simulated", "simulated-notice")
    return {
        "title": texts("appendix.page_title"),
        "pagetitle": texts("appendix.page_pagetitle", title=run.title),
        "subtitle": run.title,
        **{key: report[key] for key in kept if key in report},
        "format": {"html": "default", "typst": {"output-file": f"{run.id}-{PAGE}.pdf"}},
    }


def elsewhere(run: Results, text: str) -> str:
    """References to sections of the report as links to its page, since no number of a section reaches from page to page."""
    texts = run.texts

    def link(match: re.Match[str]) -> str:
        name = match.group(1)
        if name == PAGE:
            return texts("appendix.page_here")
        return f"[{texts(f'heading.{HEADINGS[name]}')}](index.qmd#sec-{name})"

    return REFERENCE.sub(link, text)
