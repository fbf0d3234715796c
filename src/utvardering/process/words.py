"""How are criteria, sets and grades called in the language of the report?"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from utvardering.process.criteria_sets import criteria_set, ready_sets
from utvardering.process.model import Criterion
from utvardering.wording import say


@cache
def scale(language: str) -> dict[int, tuple[str, str]]:
    """Grade to its word and what it means where a criterion has no words of its own."""
    table = tomllib.loads((Path(__file__).parent / "scale.toml").read_text(encoding="utf-8"))[language]
    return {int(grade): (str(word), str(meaning)) for grade, (word, meaning) in table.items()}


def title(criterion: Criterion, language: str) -> str:
    """A criterion's name in a language; the Swedish one where it has no other."""
    return (criterion.title_en if language == "en" else "") or criterion.title


def question(criterion: Criterion, language: str) -> str:
    """What the assessor asks, likewise."""
    return (criterion.question_en if language == "en" else "") or criterion.question


def meaning(criterion: Criterion, grade: int, language: str) -> str:
    """What a grade means: by the criterion's own words, which are Swedish, or by the common scale."""
    if criterion.anchors and language == "sv":
        return criterion.anchors[grade]
    return scale(language)[grade][1]


def set_title(name: str, language: str) -> str:
    """A set's name in a language."""
    if name not in ready_sets():
        return say(language, "process", "own_criteria")
    found = criteria_set(name)
    return found.title_en if language == "en" else found.title
