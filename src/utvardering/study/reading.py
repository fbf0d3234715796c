"""What does a TOML file of a study say, held against the model of its keys? All that is wrong is said at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from utvardering.errors import Problem, StudyError, UtvarderingError
from utvardering.study.lines import line_of
from utvardering.study.schema import partial, schema_faults
from utvardering.study.source import Source, read_source
from utvardering.study.syntax import Parsed, parse, unquoted_problems

if TYPE_CHECKING:
    from pathlib import Path

    from utvardering.study.values import Value

File = TypeVar("File", bound=BaseModel)
Error = TypeVar("Error", bound=UtvarderingError)


@dataclass(frozen=True)
class Reading(Generic[File]):
    """A file as objects, and what is wrong with it.

    `file` is None where the text is no TOML. Where `is_partial`, the objects lack the keys that are wrong in themselves.
    """

    source: Source
    parsed: Parsed
    file: File | None
    problems: tuple[Problem, ...]
    is_partial: bool = False

    def line(self, key: str) -> int:
        """Line of a key such as `assessment[0].grade`; that of its table if the key is absent; else 0."""
        return line_of(self.parsed.lines, key)


def read_file(path: Path, model: type[File]) -> Reading[File]:
    """Letters, TOML, keys and values of a file; nothing is raised but for a file that is no text at all."""
    source = read_source(path)
    parsed = parse(source.text)
    if not parsed.complete:
        return Reading(source, parsed, None, (*source.problems, *parsed.problems))
    data = _freeze(parsed.data)
    try:
        return Reading(source, parsed, model.model_validate(data), (*source.problems, *_of_text(parsed, ())))
    except ValidationError as error:
        faults = schema_faults(model, data, error, parsed)
        faulty = {path for fault in faults for path in (fault.path, fault.meant) if path}
        problems = (*source.problems, *_of_text(parsed, tuple(fault.problem for fault in faults)))
        return Reading(source, parsed, partial(model, data, frozenset(faulty)), problems, is_partial=True)


def _of_text(parsed: Parsed, found: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return (*parsed.problems, *found, *unquoted_problems(parsed, {problem.line for problem in found}))


def _freeze(value: Value) -> Value:
    """Lists as tuples, which is what frozen objects hold."""
    if isinstance(value, dict):
        return {key: _freeze(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_freeze(item) for item in value)
    return value


def listed_error(source: Source, problems: list[Problem], kind: type[Error] = StudyError) -> Error:  # type: ignore[assignment]  # mypy knows no default for a type variable
    """The error that lists every problem of a file in the order of its lines, each once."""
    ordered = tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return kind(f"{source.shown}: {count}", ordered)
