"""Does a study's own text name anybody but its authors? Its file, its protocol and its sources are all published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from utvardering.disclosure.files import text_of
from utvardering.disclosure.gate import kinds_in
from utvardering.disclosure.plain import folded
from utvardering.errors import DataError, Problem
from utvardering.study.lines import line_of
from utvardering.study.schema import key_text

if TYPE_CHECKING:
    from utvardering.study.syntax import Parsed
    from utvardering.study.values import Value

BESIDE = ("protokoll.md", "data/sources.toml")
RULE = "a study is published and names no person but its authors; take it out"


def refuse_persons(folder: Path, shown: str, text: str, parsed: Parsed) -> None:
    """Raise a DataError that lists where the study file, its protocol and its sources seem to hold personal data.

    It repeats no value. Names under `[study] authors` may stand anywhere. shown: how messages call the study file.
    """
    authors = _authors(parsed)
    problems = []
    for path, value in _texts(parsed.data):
        key = key_text(path)
        names = frozenset({folded(value)}) if path[:2] == ("study", "authors") else authors
        problems += [Problem(key, _said(kind), line_of(parsed.lines, key)) for kind in kinds_in(value, names)]
    for number, line in enumerate(text.splitlines(), start=1):
        problems += [Problem("", _said(kind), number) for kind in kinds_in(line.partition("#")[2], authors)]
    _raise(shown, problems)
    for name in BESIDE:
        beside = folder / name
        if beside.is_file():
            said = beside.read_bytes().decode("utf-8", "replace").splitlines() if beside.suffix == ".md" else _lines(beside)
            _raise(
                name, [Problem("", _said(kind), n) for n, line in enumerate(said, start=1) for kind in kinds_in(line, authors)]
            )


def _raise(shown: str, problems: list[Problem]) -> None:
    if problems:
        different = tuple(dict.fromkeys(problems))
        heading = f"{shown}: {len(different)} problem{'s' if len(different) > 1 else ''}"
        raise DataError(heading, different)


def _said(kind: str) -> str:
    return f"holds what looks like {kind}: {RULE}"


def _lines(path: Path) -> list[str]:
    """The lines of a TOML file, as they stand; what does not parse is told by whoever reads it."""
    try:
        hidden = text_of(path)
    except ValueError:
        hidden = ""
    lines = path.read_bytes().decode("utf-8", "replace").splitlines()
    return [*lines, re.sub(r"\n", " \n ", hidden)] if hidden else lines


def _authors(parsed: Parsed) -> frozenset[str]:
    study = parsed.data.get("study")
    given = study.get("authors") if isinstance(study, dict) else None
    return frozenset(folded(name) for name in given if isinstance(name, str)) if isinstance(given, list) else frozenset()


def _texts(value: Value, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every text and every key of a file with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, int) and not isinstance(value, bool):
        yield path, str(value)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield path, key
            yield from _texts(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, (*path, number))
