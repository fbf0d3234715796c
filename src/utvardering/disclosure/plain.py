"""A text as it reads: other scripts' digits, wide letters, invisible characters and odd dashes and spaces made plain."""

from __future__ import annotations

import unicodedata

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u00ad"
_SPACES = "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = (
    "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061"
    "\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff\u180e\u034f\u061c\u115f"
    "\u1160\u17b4\u17b5\u3164\uffa0"
)
_TABLE = str.maketrans({**dict.fromkeys(_DASHES, "-"), **dict.fromkeys(_SPACES, " "), **dict.fromkeys(_INVISIBLE)})


def plain(text: str) -> str:
    """The text with plain digits, dashes and spaces, without what cannot be seen; its length may differ."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text.translate(_TABLE)).translate(_TABLE)
    if text.isascii():
        return text
    return "".join(_digit(char) if char.isdigit() and not char.isascii() else char for char in text)


def folded(word: str) -> str:
    """Lower case without accents, `_` between words."""
    if word.isascii():
        return "_".join(word.lower().replace("-", " ").split())
    bare = unicodedata.normalize("NFKD", word.lower())
    return "_".join("".join(char for char in bare if not unicodedata.combining(char)).replace("-", " ").split())


def _digit(char: str) -> str:
    value = unicodedata.digit(char, None)
    return char if value is None else str(value)
