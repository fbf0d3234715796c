"""What does a study file say? Text to values to frozen objects, with all that is wrong said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pydantic import ValidationError

from utvardering.errors import Problem, StudyError
from utvardering.study.model import ExpectedFile, Study, StudyFile
from utvardering.study.rules import rule_problems
from utvardering.study.schema import Fault, partial, schema_faults
from utvardering.study.source import Source, find_study, read_source
from utvardering.study.syntax import Parsed, parse, unquoted_problems
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from utvardering.study.values import Value

EXPECTED_FILE = "expected.toml"

File = TypeVar("File", StudyFile, ExpectedFile)


def load_study(path: str | Path) -> Study:
    """The study in a folder, in a file, or with an id under `studies/`.

    Raises a StudyError that lists every problem of the file in the order of its lines: letters, TOML, keys and values,
    and contradictions between keys.
    """
    source = read_source(find_study(path))
    parsed = parse(source.text)
    if not parsed.complete:
        raise _error(source, [*source.problems, *parsed.problems])
    file, faults = _validate(StudyFile, parsed)
    study = _study(file, source.path.resolve().parent, parsed.lines)
    problems = [*source.problems, *_problems(parsed, faults), *rule_problems(study, partial=bool(faults))]
    if problems:
        raise _error(source, problems)
    expected = _load_expected(source.path.parent / EXPECTED_FILE, study)
    return study.model_copy(update={"expected": expected.expected, "truth": dict(expected.truth)})


def _study(file: StudyFile, folder: Path, lines: dict[str, int]) -> Study:
    given = {name: value for name, value in file.__dict__.items() if name in StudyFile.model_fields}
    study = Study.model_construct(_fields_set=file.model_fields_set, **given, folder=folder, lines=lines)
    for name in StudyFile.model_fields.keys() - given.keys():  # faulty keys have no default either
        study.__dict__.pop(name, None)
    return study


def _load_expected(path: Path, study: Study) -> ExpectedFile:
    if not path.is_file():
        return ExpectedFile()
    source = read_source(path)
    parsed = parse(source.text)
    if not parsed.complete:
        raise _error(source, [*source.problems, *parsed.problems])
    file, faults = _validate(ExpectedFile, parsed)
    problems = [*source.problems, *_problems(parsed, faults)]
    if not faults:
        problems += _unknown_outcomes(file, study, parsed.lines)
    if problems:
        raise _error(source, problems)
    return file


def _unknown_outcomes(file: ExpectedFile, study: Study, lines: dict[str, int]) -> list[Problem]:
    ids = [outcome.id for outcome in study.outcomes]
    named = [(f"expected[{i}].outcome", row.outcome) for i, row in enumerate(file.expected)]
    named += [(f"truth.{name}", name) for name in file.truth]
    return [
        Problem(key, f'"{name}" is not an outcome of the study.{did_you_mean(name, ids)}', lines.get(key, 0))
        for key, name in named
        if name not in ids
    ]


def _validate(model: type[File], parsed: Parsed) -> tuple[File, list[Fault]]:
    """The file as objects, and what is wrong with it; where something is, the objects lack the faulty keys."""
    data = _freeze(parsed.data)
    try:
        return model.model_validate(data), []
    except ValidationError as error:
        faults = schema_faults(model, data, error, parsed)
        faulty = {path for fault in faults for path in (fault.path, fault.meant) if path}
        return partial(model, data, frozenset(faulty)), faults


def _problems(parsed: Parsed, faults: list[Fault]) -> list[Problem]:
    found = [fault.problem for fault in faults]
    return [*parsed.problems, *found, *unquoted_problems(parsed, {problem.line for problem in found})]


def _freeze(value: Value) -> Value:
    """Lists as tuples, which is what frozen objects hold."""
    if isinstance(value, dict):
        return {key: _freeze(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_freeze(item) for item in value)
    return value


def _error(source: Source, problems: list[Problem]) -> StudyError:
    ordered = tuple(sorted(dict.fromkeys(problems), key=lambda problem: problem.line))
    count = "1 problem" if len(ordered) == 1 else f"{len(ordered)} problems"
    return StudyError(f"{source.shown}: {count}", ordered)
