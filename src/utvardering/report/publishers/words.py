"""The few words that a page shows of its own, in Swedish and English; the Swedish ones are those Quarto uses."""

from __future__ import annotations

SWEDISH = {
    "fig": "Figur",
    "tbl": "Tabell",
    "eq": "Ekvation",
    "sec": "Avsnitt",
    "callout-note": "Notera",
    "callout-tip": "Tips",
    "callout-warning": "Varning",
    "callout-important": "Viktigt",
    "callout-caution": "Försiktigt",
    "table": "Tabell som kan rullas i sidled",
    "title": "Titel",
    "subtitle": "Undertitel",
    "date": "Datum",
    "author": "Författare",
    "description": "Beskrivning",
    "categories": "Kategorier",
    "published": "Publicerad",
    "contents": "Innehåll",
    "skip": "Hoppa till innehållet",
    "main-menu": "Huvudmeny",
    "footer": "Sidfot",
    "pdf": "Hämta sidan som pdf",
    "search": "Sök på webbplatsen",
    "search-none": "Inga träffar.",
    "search-one": "1 träff",
    "search-many": "{n} träffar",
    "search-fault": "Sökningen kunde inte laddas.",
}

ENGLISH = {
    "fig": "Figure",
    "tbl": "Table",
    "eq": "Equation",
    "sec": "Section",
    "callout-note": "Note",
    "callout-tip": "Tip",
    "callout-warning": "Warning",
    "callout-important": "Important",
    "callout-caution": "Caution",
    "table": "Table that scrolls sideways",
    "title": "Title",
    "subtitle": "Subtitle",
    "date": "Date",
    "author": "Author",
    "description": "Description",
    "categories": "Categories",
    "published": "Published",
    "contents": "Contents",
    "skip": "Skip to content",
    "main-menu": "Main menu",
    "footer": "Footer",
    "pdf": "Download this page as PDF",
    "search": "Search this site",
    "search-none": "No results.",
    "search-one": "1 result",
    "search-many": "{n} results",
    "search-fault": "The search could not be loaded.",
}


def words(lang: str) -> dict[str, str]:
    """The words of `lang`: Swedish unless the language is English."""
    return ENGLISH if lang.lower().startswith("en") else SWEDISH
