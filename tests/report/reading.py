"""How hard a Swedish text is to read, and what does not belong in one."""

from __future__ import annotations

import re
from functools import cache

from wordfreq import zipf_frequency

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
END = re.compile(r"[.!?:](?=\s|$)")
LONG = 6
"""Words of more letters than this are long."""
MARGIN = 1.0
"""A word is foreign when it is at least ten times as common in the other language (Zipf scale, wordfreq) …"""
COMMON = 3.0
"""… and stands there at least once in a million words; rarer ones are names and terms, of which no list knows the language."""
CODE = frozenset(
    {"baseline", "pretrend", "spillover", "benchmark", "robustness", "nan", "null", "none", "estimand", "regressor"}
    | {"covariate", "covariates", "placebos", "outcomes"}
)
"""Words of the code that are too rare in any language for a list of common words."""
POINT = re.compile(r"\d\.\d+\s?%|(?<![\d.])\d+\.\d+(?![\d.])")
"""A decimal point; version numbers have two."""
LOOSE = re.compile(r"\d (?:%|\d{3}\b)")
"""A number that a line break could part from its percent sign or its thousands."""
UNGROUPED = re.compile(r"(?<![\w.,:/-])\d{5,}(?![\w/-])")
"""Five digits or more in one run: thousands without a space."""


def lix(text: str) -> float:
    """Läsbarhetsindex (Björnsson 1968): words per sentence + 100 × long words ÷ words; a colon ends a sentence too."""
    plain = re.sub(r"[*_`]", "", text)
    words = WORD.findall(plain)
    sentences = max(1, len(END.findall(plain)))
    return len(words) / sentences + 100 * sum(len(word) > LONG for word in words) / len(words)


@cache
def is_foreign(word: str, language: str, own: str) -> bool:
    """Whether a word in small letters is of `language` and not of `own`."""
    there = zipf_frequency(word, language)
    return there >= COMMON and there - zipf_frequency(word, own) >= MARGIN


def english(text: str) -> list[str]:
    """The English words of a Swedish text, in order."""
    return [word for word in WORD.findall(text.lower()) if word in CODE or is_foreign(word, "en", "sv")]


def swedish(text: str) -> list[str]:
    """The Swedish words of an English text, in order."""
    return [word for word in WORD.findall(text.lower()) if is_foreign(word, "sv", "en")]
