"""What a study says in its own language, where its report has another: found here, marked by the filter `words.lua`.

A reader program has to know in which language to read a text aloud (WCAG 3.1.2). Names are no language and stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from utvardering.report.results import Results

SMALL_WORDS = {
    "sv": frozenset("och i av på som för att den det är med till om inte ska en ett var har de vid från eller".split()),  # noqa: SIM905 -- a list of words
    "en": frozenset("and in of on that for to the is with not shall a an was has they at from or by it".split()),  # noqa: SIM905 -- a list of words
}
"""Words that a text of a few sentences cannot do without."""
KEYS = frozenset(
    {"title", "question", "problem", "plan", "name", "description", "mechanism", "concurrent", "rule", "reason", "source"}
    | {"lottery_source", "replication", "review", "event_cost_source", "price_index_source", "dose_unit"}
)
"""Keys of the study file under which a person writes a text."""
WORD = re.compile(r"[^\W\d_]+")


def written(value: Any, key: str = "") -> Iterator[str]:  # noqa: ANN401 -- whatever a study file holds
    """Every text that a person has written in a study file, in its order."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from written(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from written(inner, key)
    elif isinstance(value, str) and key in KEYS and WORD.search(value):
        yield value


def said_in(study: Mapping[str, Any]) -> str:
    """The language of a study file, by the small words of its texts; Swedish where they do not tell."""
    words = [word for text in written(study) for word in WORD.findall(text.lower())]
    counts = {language: sum(word in small for word in words) for language, small in SMALL_WORDS.items()}
    return "en" if counts["en"] > counts["sv"] else "sv"


def metadata(run: Results) -> dict[str, Any]:
    """What the filter needs to mark the study's own words; nothing where study and report have one language."""
    language = said_in(run.study)
    if language == run.texts.language:
        return {}
    return {"own-words": {"lang": language, "phrases": sorted(set(written(run.study)))}}


def marked(run: Results, text: str) -> str:
    """A text of the study as it stands, in a block that says its language where that is not the report's."""
    language = said_in({"description": text})
    return text if language == run.texts.language else f'::: {{lang="{language}"}}\n{text}\n:::'
