"""A sentence of a run in the reader's language, also where it is the reason of something that could not be computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.wording.refusals import in_words

if TYPE_CHECKING:
    from utvardering.report.results import Results

_ENGLISH = (" the ", " is ", " are ", " needs ", " no ", " of ", " cannot ", " has ", " and ", " which ")


def in_language(results: Results, text: str) -> str:
    """The text itself; in a Swedish report a reason that only is there in English is told as such, and left to the tables."""
    language = results.texts.language
    if language == "en" or not text:
        return text
    said = in_words(text, language)
    padded = f" {said.lower()} "
    return results.texts("answer.in_english") if sum(word in padded for word in _ENGLISH) > 1 else said
