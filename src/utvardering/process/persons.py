"""Does a process file name a person? Roles, never persons; and no message repeats who it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from utvardering.data.privacy import personal_text
from utvardering.errors import Problem
from utvardering.study.lines import line_of
from utvardering.study.schema import key_text

if TYPE_CHECKING:
    from utvardering.study.syntax import Parsed
    from utvardering.study.values import Value

ROLES = ("role", "addressee", "assessor")
"""Keys that hold a role: there a given name alone already names a person."""
HIDDEN = "what may be personal data"
INSTEAD = {
    "role": 'write the role, such as "extern granskare"',
    "addressee": 'write a board or a role, such as "kommunstyrelsen"',
    "assessor": 'write the id of an [[assessor]], such as "A"',
}


def personal_problems(parsed: Parsed) -> list[Problem]:
    """A problem for each text of the file that seems to hold personal data, wherever it stands; none repeats it."""
    problems = []
    for path, _, what in _found(parsed):
        key = key_text(path)
        name = next((step for step in reversed(path) if isinstance(step, str)), "")
        instead = INSTEAD.get(name, "write the role instead")
        text = f"looks like {what}: a process evaluation names roles, never persons; {instead}"
        problems.append(Problem(key, text, line_of(parsed.lines, key)))
    return problems


def without_persons(problems: list[Problem], parsed: Parsed) -> list[Problem]:
    """The problems with every personal text in their messages hidden."""
    texts = sorted({text for _, text, _ in _found(parsed)}, key=len, reverse=True)
    clean = []
    for problem in problems:
        message = problem.message
        for text in texts:
            message = message.replace(f'"{text}"', HIDDEN).replace(text, HIDDEN)
        if personal_text(message):
            message = f"is wrong, and the line holds {HIDDEN}: a process evaluation names roles, never persons"
        clean.append(Problem(problem.key, message, problem.line))
    return clean


def _found(parsed: Parsed) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    for path, text in _texts(parsed.data):
        key = next((step for step in reversed(path) if isinstance(step, str)), "")
        of_assessor = bool(path) and path[0] == "assessor"
        if what := personal_text(text, role=key in ROLES or (of_assessor and key == "id")):
            yield path, text, what


def _texts(value: Value, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text of a file with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))
