"""What does a study file say? Text to values to frozen objects, with all that is wrong said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study.model import ExpectedFile, Study, StudyFile
from utvardering.study.persons import refuse_persons
from utvardering.study.reading import listed_error, read_file
from utvardering.study.rules import rule_problems
from utvardering.study.source import find_study
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

EXPECTED_FILE = "expected.toml"


def load_study(path: str | Path) -> Study:
    """The study in a folder, in a file, or with an id under `studies/`.

    Raises a StudyError that lists every problem of the file in the order of its lines: letters, TOML, keys and values,
    and contradictions between keys; before that a DataError where it, its protocol or its sources hold personal data.
    """
    read = read_file(find_study(path), StudyFile)
    refuse_persons(read.source.path.parent, read.source.shown, read.source.text, read.parsed)
    if read.file is None:
        raise listed_error(read.source, list(read.problems))
    study = _study(read.file, read.source.path.resolve().parent, read.parsed.lines)
    problems = [*read.problems, *rule_problems(study, partial=read.is_partial)]
    if problems:
        raise listed_error(read.source, problems)
    expected = _load_expected(read.source.path.parent / EXPECTED_FILE, study)
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
    read = read_file(path, ExpectedFile)
    if read.file is None:
        raise listed_error(read.source, list(read.problems))
    problems = list(read.problems)
    if not read.is_partial:
        problems += _unknown_outcomes(read.file, study, read.parsed.lines)
    if problems:
        raise listed_error(read.source, problems)
    return read.file


def _unknown_outcomes(file: ExpectedFile, study: Study, lines: dict[str, int]) -> list[Problem]:
    ids = [outcome.id for outcome in study.outcomes]
    named = [(f"expected[{i}].outcome", row.outcome) for i, row in enumerate(file.expected)]
    named += [(f"truth.{name}", name) for name in file.truth]
    return [
        Problem(key, f'"{name}" is not an outcome of the study.{did_you_mean(name, ids)}', lines.get(key, 0))
        for key, name in named
        if name not in ids
    ]
