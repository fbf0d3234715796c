"""Identity numbers of persons in a text, however they are spelled: personnummer, samordningsnummer, interim numbers.

A number counts with a month and day that exist and the right check digit (Luhn; Skatteverket, SKV 704). Numbers of
organisations have at least 20 where the month stands, and are none; a sole trader's number is a personnummer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_JOIN = r"[ \t]?[-+/.]?[ \t]?"
_NUMBER = re.compile(
    r"(?<![\d])(?<!\d[.,])"
    r"((?:18|19|20)(?=[ \t./-]?\d{2}[ \t./-]?\d{2}[ \t./-]?\d{2}))?[ \t]?(\d{2})([ \t./-]?)(\d{2})\3(\d{2})"
    rf"({_JOIN})(\d[ \t]?\d[ \t]?\d[ \t]?\d)(?!\d|[.,]\d)"
)
_INTERIM = re.compile(
    r"(?<![\w.,])(?:18|19|20)?(\d{2})[-/.]?(\d{2})[-/.]?(\d{2})[ \t]?[-+]?[ \t]?([TRSUWXJKLMNPF])(\d{3})(?!\w)", re.IGNORECASE
)
_SPREAD = re.compile(r"^\s*\d(?:[ ._/-]*\d){9}(?:(?:[ ._/-]*\d){2})?\s*$")
_THOUSANDS = re.compile(r"^\s*\d{1,3}(?:[ .]\d{3})+\s*$")
_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_COORDINATION = 60
"""What a samordningsnummer adds to the day."""


def identity_numbers(text: str) -> Iterator[re.Match[str]]:
    """Every identity number in a plain text."""
    for match in _NUMBER.finditer(text):
        century, year, between, month, day, join, last = match.groups()
        digits = f"{year}{month}{day}{''.join(last.split())}"
        if _is_day(month, day) and luhn(digits) and not _is_moment(century, between, join, digits):
            yield match
    for match in _INTERIM.finditer(text):
        if _is_day(match[2], match[3]):
            yield match


def is_number_spread_out(text: str) -> bool:
    """Whether the digits of a short text, however spaced, are an identity number: 8112 28 98 74; not 1 234 567 890."""
    if _THOUSANDS.match(text) or not _SPREAD.match(text):
        return False
    digits = "".join(char for char in text if char.isdigit())
    return next(identity_numbers(digits), None) is not None


def luhn(digits: str) -> bool:
    """Whether the last digit is the check digit of those before it."""
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(digits)]
    return sum(value // 10 + value % 10 for value in doubled) % 10 == 0


def _is_day(month: str, day: str) -> bool:
    number = int(day) - (_COORDINATION if int(day) > _COORDINATION else 0)
    return 1 <= int(month) <= len(_DAYS) and 1 <= number <= _DAYS[int(month) - 1]


def _is_moment(century: str | None, between: str, join: str, digits: str) -> bool:
    """Whether it reads as a date of this century and a time of day: 2019-07-01 0800, 201907010800."""
    if century != "20" or (join.strip() and not between) or "-" in join or "+" in join:
        return False
    return digits[6:8] < "24" and digits[8:] < "60"
