"""Where else in an Excel workbook is there text? Hidden sheets, comments, text boxes, names of sheets, document properties.

The parts of the file are read as they are (ECMA-376): what no program shows is seen as well.
"""

from __future__ import annotations

import html
import io
import re
import zipfile

_TEXT = re.compile(r">([^<>]+)<")
_SAVED_BY = re.compile(r"<(dc:creator|cp:lastModifiedBy|author|Manager|Company|Application)\b[^>]*>[^<]*</\1>")
"""Whom an office program writes by itself: nearly every file names the clerk who saved it, and none of it is published."""
_PHONETIC = re.compile(r"<rPh\b.*?</rPh>", re.DOTALL)
_CELL = re.compile(r"<c\b([^>]*)>(.*?)</c>", re.DOTALL)
_VALUE = re.compile(r"<(?:v|t)\b[^>]*>([^<]*)<")
_NAMED = re.compile(
    r'<(?:sheet|definedName|tableColumn|comment|cNvPr|xdr:cNvPr)\b[^>]*?\b(?:name|descr|title|displayName)="([^"]*)"'
)
_RUNS = re.compile(r"<(?:si|comment|text|a:p|is)\b.*?</(?:si|comment|text|a:p|is)>", re.DOTALL)
_CODE = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|\d+|[A-Z])')
"""Codes of a header or footer: &C for the middle."""
PARTS = {
    "the names of the sheets": ("xl/workbook.xml",),
    "the cells of a sheet": ("xl/sharedStrings", "xl/worksheets/"),
    "a comment": ("xl/comments", "xl/threadedComments"),
    "a drawing": ("xl/drawings/", "xl/charts/", "xl/tables/"),
    "the properties of the document": ("docProps/",),
}


def texts_beside(content: bytes) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Where in a workbook there is text, and the text: everything in it, also what no sheet shows."""
    found: dict[str, list[str]] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            for name in sorted(book.namelist()):
                where = next((where for where, starts in PARTS.items() if name.startswith(starts)), "")
                if where and name.endswith((".xml", ".vml")):
                    found.setdefault(where, []).extend(_texts(name, book.read(name).decode("utf-8", "replace")))
    except (zipfile.BadZipFile, OSError):
        return ()
    return tuple((where, tuple(dict.fromkeys(texts))) for where, texts in found.items())


def _texts(name: str, part: str) -> list[str]:
    part = _PHONETIC.sub("", _SAVED_BY.sub("", part))
    named = _NAMED.findall(part)
    if name.startswith("xl/worksheets/"):
        numbers = [_VALUE.search(body) for kind, body in _CELL.findall(part) if 't="s"' not in kind]
        cells = [match[1] for match in numbers if match]
        shown = [text for match in re.finditer(r"<(?:oddHeader|oddFooter)>([^<]*)<", part) if (text := match[1])]
        return [*map(html.unescape, cells), *(_CODE.sub(" ", html.unescape(text)) for text in shown)]
    runs = ["".join(_TEXT.findall(run)) for run in _RUNS.findall(part)]
    rest = _TEXT.findall(_RUNS.sub("<x/>", part))
    return [html.unescape(text).strip() for text in (*named, *runs, *rest) if text.strip()]
