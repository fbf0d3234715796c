"""Amounts as a reader says them: 6,6 miljoner kronor, 26 700 kronor, 1 krona; 6.6 million kronor in English."""

from __future__ import annotations

import math
from typing import Any

from babel.numbers import format_decimal, get_currency_name

from utvardering.wording import NO_BREAK, say

MILLION = 1_000_000
DIGITS = 3
"""Figures that count in an amount that was computed: more would promise a precision that is not there."""


def money(value: float, currency: str, language: str, digits: int | None = DIGITS) -> str:
    """An amount with its currency, a number and its unit on one line; digits: figures that count, None for every krona.

    An unbounded amount is said in words.
    """
    if math.isinf(value):
        return say(language, "money", "unbounded")
    shown = value if digits is None else _figures(value, digits)
    if abs(shown) >= MILLION and (digits is not None or shown % (MILLION / 1000) == 0):
        millions = shown / MILLION
        word = say(language, "money", "million" if millions == 1 else "millions")
        return f"{_decimal(millions, '#,##0.###', language)}{NO_BREAK}{word} {_currency(currency, 2, language)}"
    pattern = "#,##0" if abs(shown) >= 100 or shown == round(shown) else "#,##0.##"  # noqa: PLR2004 -- öre tell nothing from 100 on
    return NO_BREAK.join([_decimal(shown, pattern, language), _currency(currency, shown, language)])


def _figures(value: float, digits: int) -> float:
    """The value rounded to so many figures that count."""
    if not math.isfinite(value) or value == 0:
        return value
    return round(value, digits - 1 - math.floor(math.log10(abs(value))))


def _decimal(value: float, pattern: str, language: str) -> str:
    return str(format_decimal(value, format=pattern, locale=language)).replace("-", "−")


def _currency(code: str, count: float, language: str) -> str:
    """kronor, krona, euro: the Swedish krona without its country, others as CLDR names them."""
    if code == "SEK":
        return say(language, "money", "krona" if count == 1 else "kronor")
    name: Any = get_currency_name(code, count=count, locale=language)
    return str(name).replace(" ", NO_BREAK)
