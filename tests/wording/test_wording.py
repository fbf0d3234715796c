"""Do both languages say the same things, and are numbers written as each language writes them?"""

from __future__ import annotations

import re
import tomllib
from importlib.resources import files

import pytest

from utvardering.wording import number, percent, say


def catalogue(language):
    names = (f"{language}.toml", f"sources.{language}.toml")
    texts = [files("utvardering.wording").joinpath(name).read_text(encoding="utf-8") for name in names]
    return {table: rows for text in texts for table, rows in tomllib.loads(text).items()}


def test_both_languages_have_the_same_sentences_with_the_same_facts():
    swedish, english = catalogue("sv"), catalogue("en")
    assert {table: set(rows) for table, rows in swedish.items()} == {table: set(rows) for table, rows in english.items()}
    for table, rows in swedish.items():
        for key, sentence in rows.items():
            assert set(re.findall(r"\{(\w+)\}", sentence)) <= set(re.findall(r"\{(\w+)\}", english[table][key])), (table, key)


def test_swedish_sentences_hold_no_english():
    for rows in catalogue("sv").values():
        for sentence in rows.values():
            said = re.sub(r"\{\w+\}", "", sentence)
            assert not re.search(r"\b(the|and|with|before|after|areas|units)\b", said), sentence


def test_a_sentence_is_filled_in():
    assert say("sv", "names", "power") == "styrka"
    assert "3 av" not in say("sv", "left_out", "unused", units=3)
    assert say("sv", "left_out", "unused", units=3).startswith("3 områden")


@pytest.mark.parametrize(
    ("value", "language", "digits", "expected"),
    [
        (0.346, "sv", 2, "0,35"),
        (0.346, "en", 2, "0.35"),
        (-1234.0, "sv", 0, "−1\u00a0234"),
        (-0.001, "sv", 2, "0,00"),
        (float("inf"), "sv", 1, "∞"),
        (float("-inf"), "en", 1, "−∞"),
    ],
)
def test_numbers(value, language, digits, expected):
    assert number(value, language, digits) == expected


def test_percent():
    assert percent(-0.198, "sv", 1) == "−19,8\u00a0%"
    assert percent(0.05, "en") == "5%"
