"""Sentences that a municipality reads, from one catalogue per language, with numbers written as that language writes them."""

from __future__ import annotations

import math
import tomllib
from functools import cache
from importlib.resources import files

from babel.numbers import format_decimal

NO_BREAK = "\u00a0"


@cache
def _catalogue(language: str) -> dict[str, dict[str, str]]:
    names = (f"{language}.toml", f"rules.{language}.toml", f"sources.{language}.toml")
    texts = [files(__package__).joinpath(name).read_text(encoding="utf-8") for name in names]
    return {table: sentences for text in texts for table, sentences in tomllib.loads(text).items()}


def say(language: str, table: str, key: str, /, **facts: object) -> str:
    """The sentence `key` of a table in a language, with its facts filled in."""
    return _catalogue(language)[table][key].format(**facts)


def number(value: float, language: str, digits: int = 2) -> str:
    """A number with so many decimals: 0,35 and −1 200 in Swedish, 0.35 and −1,200 in English; ∞ for an unbounded one."""
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return _clean(format_decimal(value, format=pattern, locale=language))


def percent(value: float, language: str, digits: int = 0) -> str:
    """A share as percent: 0.125 is 12,5 % (digits = 1) in Swedish, 12.5% in English."""
    if math.isinf(value):
        return "−∞" if value < 0 else "∞"
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = _clean(format_decimal(100 * value, format=pattern, locale=language))
    return f"{text}{NO_BREAK}%" if language == "sv" else f"{text}%"


def _clean(text: str) -> str:
    """A true minus sign, and no minus before zero."""
    text = text.replace("-", "−")
    return text.removeprefix("−") if text.startswith("−") and not text.strip("−0,. ") else text
