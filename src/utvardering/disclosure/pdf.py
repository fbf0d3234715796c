"""What a PDF says: the text of its pages, the alternative texts of its pictures, its bookmarks and its properties."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import pypdfium2
from pypdfium2 import raw

DEEPEST = 64
"""Levels of the structure that are followed; Typst nests some ten."""


def pdf_text(content: bytes) -> str:
    """The text of a PDF in lines. Raises ValueError where it is none."""
    try:
        document = pypdfium2.PdfDocument(content)
    except pypdfium2.PdfiumError as fault:
        raise ValueError(str(fault)) from fault
    try:
        parts = [str(value) for value in document.get_metadata_dict(skip_empty=True).values()]
        parts += [str(mark.get_title()) for mark in document.get_toc()]
        for page in document:
            held = page.get_textpage()
            parts.append(held.get_text_bounded().replace("\r\n", "\n"))
            held.close()
            parts += _alternatives(page)
            page.close()
        return "\n".join(parts)
    finally:
        document.close()


def _alternatives(page: Any) -> list[str]:  # noqa: ANN401 -- the library's own page
    tree = raw.FPDF_StructTree_GetForPage(page)
    if not tree:
        return []
    try:
        count = raw.FPDF_StructTree_CountChildren(tree)
        return [text for n in range(count) for text in _below(raw.FPDF_StructTree_GetChildAtIndex(tree, n), 0)]
    finally:
        raw.FPDF_StructTree_Close(tree)


def _below(element: Any, level: int) -> Iterator[str]:  # noqa: ANN401 -- a pointer of the library
    if not element or level > DEEPEST:
        return
    for ask in (raw.FPDF_StructElement_GetAltText, raw.FPDF_StructElement_GetActualText, raw.FPDF_StructElement_GetTitle):
        size = ask(element, None, 0)
        if size > 2:  # noqa: PLR2004 -- two bytes end an empty text
            held = ctypes.create_string_buffer(size)
            ask(element, held, size)
            yield held.raw[: size - 2].decode("utf-16-le", "replace")
    for n in range(raw.FPDF_StructElement_CountChildren(element)):
        yield from _below(raw.FPDF_StructElement_GetChildAtIndex(element, n), level + 1)
