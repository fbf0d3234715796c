"""Is an override in `process.toml` dated, signed and reasoned? What it may say is decided where the rules have been tried."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from utvardering.errors import Problem, StudyError
from utvardering.process.model import Override, ProcessFile
from utvardering.study.model import Study
from utvardering.study.reading import Reading, listed_error
from utvardering.study.source import Source
from utvardering.study.values import show
from utvardering.study.vocabulary import did_you_mean

WHAT = ("verdict", "certainty", "maryland_level")
LEAST_WORDS, LEAST_LETTERS = 6, 40
"""Below so much a reason is a label, and no reader could judge it."""


@dataclass(frozen=True)
class Placed:
    """An override with its place in the file, for messages that can only be given once the rules have been tried."""

    said: Override
    number: int
    lines: dict[str, int]
    source: Source

    def problem(self, key: str, message: str) -> Problem:
        """A fault of one of its keys."""
        return Problem(f"override[{self.number}].{key}", message, self.lines.get(key, 0))


def placed(read: Reading[ProcessFile], overrides: tuple[Override, ...]) -> tuple[Placed, ...]:
    """Each override with the lines of its keys."""
    return tuple(
        Placed(one, i, {key: read.line(f"override[{i}].{key}") for key in Override.model_fields}, read.source)
        for i, one in enumerate(overrides)
    )


def refused(found: list[tuple[Placed, Problem]]) -> StudyError:
    """The error that lists what is wrong with overrides."""
    return listed_error(found[0][0].source, [problem for _, problem in found])


def override_problems(read: Reading[ProcessFile], today: dt.date | None = None) -> Iterator[Problem]:
    """What is wrong with the overrides of a file, whatever the rules say."""
    file = read.file
    if file is None:
        return
    ids = [one.id for one in file.evidence]
    for i, one in enumerate(file.override):
        found = _said_of(one, file.override[:i], today, partial=read.is_partial)
        for key, text in found.items():
            yield Problem(f"override[{i}].{key}", text, read.line(f"override[{i}].{key}"))
        for j, name in enumerate(getattr(one, "evidence", ())):
            if name not in ids:
                key = f"override[{i}].evidence[{j}]"
                hint = did_you_mean(name, ids)
                text = f"{show(name)} is not an [[evidence]] of this file.{hint} Add it, or correct the name"
                yield Problem(key, text, read.line(key))


def _said_of(one: Override, before: tuple[Override, ...], today: dt.date | None, *, partial: bool) -> dict[str, str]:
    """Key to what is wrong with it; a key that is wrong in itself has been told and is not judged."""
    found: dict[str, str] = {}
    rules: tuple[Callable[[], dict[str, str]], ...] = (
        lambda: _named(one, before),
        lambda: _dated(one, today),
        lambda: _reasoned(one),
    )
    for rule in rules:
        try:
            found |= rule()
        except AttributeError:
            if not partial:
                raise
    return found


def _named(one: Override, before: tuple[Override, ...]) -> dict[str, str]:
    if all(getattr(one, key) is None for key in WHAT):
        text = 'is missing: what is overridden. Write verdict, certainty or maryland_level, such as certainty = "low"'
        return {"verdict": text}
    if one.outcome in {other.outcome for other in before}:
        of = show(one.outcome) if one.outcome else "the primary outcome"
        return {"outcome": f"{of} is overridden twice; write one [[override]] with all that it changes"}
    return {}


def _dated(one: Override, today: dt.date | None) -> dict[str, str]:
    now = today or dt.datetime.now(dt.UTC).date()
    if one.date > now:
        return {"date": f"is {one.date}, which has not come yet; write the day on which it was decided"}
    return {}


def _reasoned(one: Override) -> dict[str, str]:
    words, letters = len(one.reason.split()), len(one.reason.strip())
    if words < LEAST_WORDS or letters < LEAST_LETTERS:
        least = f"at least {LEAST_WORDS} words and {LEAST_LETTERS} letters, found {words} and {letters}"
        return {"reason": f"needs a reason that a reader can judge, {least}; write what the rules do not see"}
    return {}


def refuse_unknown_outcomes(study: Study, overrides: tuple[Placed, ...]) -> None:
    """Raise a StudyError where an override names an outcome that the study has not, or there is no verdict to override."""
    ids = [outcome.id for outcome in study.outcomes]
    wrong = []
    for one in overrides:
        if study.study.design == "organisation":
            text = "a study of an organisation has no verdict, so there is nothing to override; take the table away"
            wrong.append((one, one.problem("verdict", text)))
        elif one.said.outcome and one.said.outcome not in ids:
            hint = did_you_mean(one.said.outcome, ids)
            text = f"{show(one.said.outcome)} is no outcome of the study; they are {', '.join(ids)}.{hint}"
            wrong.append((one, one.problem("outcome", text)))
    primary = next((outcome.id for outcome in study.outcomes if outcome.role == "primary"), "")
    named = [one.said.outcome or primary for one in overrides]
    for i, one in enumerate(overrides):
        if named[i] in named[:i] and one.said.outcome != overrides[named.index(named[i])].said.outcome:
            text = f"{show(named[i])} is the primary outcome, which another [[override]] changes; write one of them"
            wrong.append((one, one.problem("outcome", text)))
    if wrong:
        raise refused(wrong)
