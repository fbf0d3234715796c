"""The text of a file that is about to be published: what a reader sees, what a program reads, and what only the file knows.

Of pictures the words and not the outlines; of tables the cells, one a line; of PDFs text, alternative texts and properties.
"""

from __future__ import annotations

import csv
import gzip
import html
import io
import json
import re
import tomllib
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

from utvardering.disclosure.workbook import texts_beside

TEXTS = (".md", ".bib", ".txt", ".lock", ".qmd", ".yml", ".yaml", ".log")
OUTLINES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".gif",
    ".webp",
    ".woff",
    ".woff2",
    ".ttf",
    ".otf",
    ".wasm",
    ".ico",
    ".pagefind",
    ".pf_meta",
    ".pf_index",
    ".js",
    ".css",
    ".scss",
)
"""Files without text of the study: pictures of points, letters, and the program's own scripts and styles."""

_DRAWN = re.compile(
    rb'\s(?:d|points|transform|style|class|viewBox|x|y|x1|x2|y1|y2|cx|cy|r|rx|ry|width|height|href|xlink:href|clip-path|id)="[^"]*"'
)
_TAG = re.compile(r"<[^>]*>", re.DOTALL)
_ATTRIBUTE = re.compile(
    r"""\s(?:alt|title|content|value|placeholder|label|summary|aria-[a-z]+|data-[a-z-]+|name|href|download|id)\s*=\s*("[^"]*"|'[^']*')"""
)
_INLINE = re.compile(r"</?(?:a|abbr|b|strong|em|i|span|sub|sup|small|code|mark|q|cite|time|wbr|bdi|u)\b[^>]*>", re.IGNORECASE)
_STYLE = re.compile(r"<style\b.*?</style>", re.DOTALL | re.IGNORECASE)
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_SVG = re.compile(rb"<svg\b.*?</svg>", re.DOTALL)


def is_read(path: Path) -> bool:
    """Whether a file may hold text of a study."""
    return path.suffix.lower() not in OUTLINES


def text_of(path: Path) -> str:
    """The text of a file, cells and items on lines of their own. Raises ValueError where it cannot be read."""
    read = _READERS.get(path.suffix.lower(), _plain)
    try:
        return read(path.read_bytes())
    except (ValueError, OSError, zipfile.BadZipFile) as fault:
        raise ValueError(path.name) from fault


def _plain(content: bytes) -> str:
    if b"\0" in content[:1000] and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return ""
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _cells(content: bytes) -> str:
    csv.field_size_limit(10_000_000)
    found = dict.fromkeys(cell for row in csv.reader(io.StringIO(_plain(content))) for cell in row)
    return "\n".join(cell for cell in found if not _is_decimal(cell))


def _is_decimal(cell: str) -> bool:
    """Whether a cell is a number with decimals, whose digits are no identity number."""
    head, point, tail = cell.lstrip("-").partition(".")
    return bool(point) and head.isdigit() and tail.replace("e-", "").replace("e+", "").isdigit()


def _values(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from _values(item)
    elif isinstance(value, list):
        for item in value:
            yield from _values(item)
    elif isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        yield str(value)


def _json(content: bytes) -> str:
    return "\n".join(_values(json.loads(_plain(content))))


def _toml(content: bytes) -> str:
    text = _plain(content)
    notes = [line.partition("#")[2] for line in text.splitlines() if "#" in line]
    return "\n".join([*_values(tomllib.loads(text)), *notes])


def _svg(content: bytes) -> str:
    return _html(_DRAWN.sub(b"", content))


def _html(content: bytes) -> str:
    text = _plain(_SVG.sub(lambda found: _DRAWN.sub(b"", found[0]), content) if b"<svg" in content else content)
    text = _STYLE.sub("", text)
    said = [match[1][1:-1] for match in _ATTRIBUTE.finditer(text)]
    notes = _COMMENT.findall(text)
    bare = _TAG.sub("\n", _INLINE.sub("", _COMMENT.sub("", text)))
    return html.unescape("\n".join([bare, *dict.fromkeys(said), *notes]))


def _fragment(content: bytes) -> str:
    raw = gzip.decompress(content)
    return raw[raw.find(b"{") :].decode("utf-8", "replace")


def _workbook(content: bytes) -> str:
    return "\n".join(text for _, texts in texts_beside(content) for text in texts)


def _parquet(content: bytes) -> str:
    import pyarrow as pa  # noqa: PLC0415 -- only a run has such a file, and pyarrow is slow to import
    import pyarrow.compute as pc  # noqa: PLC0415 -- as above
    import pyarrow.parquet as pq  # noqa: PLC0415 -- as above

    table = pq.read_table(pa.BufferReader(content))
    texts = [
        table.column(name)
        for name in table.column_names
        if pa.types.is_string(table.schema.field(name).type)
        or pa.types.is_large_string(table.schema.field(name).type)
        or pa.types.is_integer(table.schema.field(name).type)
    ]
    return "\n".join([*table.column_names, *(str(value) for column in texts for value in pc.unique(column).to_pylist())])


def _pdf(content: bytes) -> str:
    from utvardering.disclosure.pdf import pdf_text  # noqa: PLC0415 -- only published pages have one

    return pdf_text(content)


_READERS: dict[str, Callable[[bytes], str]] = {
    ".csv": _cells,
    ".tsv": _cells,
    ".json": _json,
    ".geojson": _json,
    ".toml": _toml,
    ".lock": _toml,
    ".html": _html,
    ".htm": _html,
    ".xml": _html,
    ".svg": _svg,
    ".xlsx": _workbook,
    ".parquet": _parquet,
    ".pdf": _pdf,
    ".pf_fragment": _fragment,
}
