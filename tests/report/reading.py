"""How hard a Swedish text is to read, and what does not belong in one."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
END = re.compile(r"[.!?:](?=\s|$)")
LONG = 6
"""Words of more letters than this are long."""
ENGLISH = frozenset(
    WORD.findall(
        "the of and is are was were with from this that which not by between than estimate estimated treated control treatment "
        "outcome outcomes comparison group baseline sample significant verdict certainty check checks failed passed "
        "robustness pretrend power spillover benchmark summary report unknown none nan null true false"
    )
)
"""English function words, and words of the code that could slip through into a sentence."""
POINT = re.compile(r"\d\.\d+\s?%|(?<![\d.])\d+\.\d+(?![\d.])")
"""A decimal point; version numbers have two."""
LOOSE = re.compile(r"\d (?:%|\d{3}\b)")
"""A number that a line break could part from its percent sign or its thousands."""


def lix(text: str) -> float:
    """Läsbarhetsindex (Björnsson 1968): words per sentence + 100 × long words ÷ words; a colon ends a sentence too."""
    plain = re.sub(r"[*_`]", "", text)
    words = WORD.findall(plain)
    sentences = max(1, len(END.findall(plain)))
    return len(words) / sentences + 100 * sum(len(word) > LONG for word in words) / len(words)


def english(text: str) -> list[str]:
    """The English words of a text, in order."""
    return [word for word in WORD.findall(text.lower()) if word in ENGLISH]
