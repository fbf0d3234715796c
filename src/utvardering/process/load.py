"""What does `process.toml` say? Assessments with their criteria and evidence, and everything that is wrong at once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from utvardering.errors import DataError
from utvardering.process.criteria_sets import criteria_set, ready_sets
from utvardering.process.model import Assessor, Criterion, Evidence, Factor, ProcessFile, Settled
from utvardering.process.override import Placed, override_problems, placed
from utvardering.process.persons import personal_problems, without_persons
from utvardering.process.rules import process_problems
from utvardering.study.reading import listed_error, read_file

PROCESS_FILE = "process.toml"
OWN = "egna"
"""The set of a study's criteria that extend no ready one."""


@dataclass(frozen=True)
class Graded:
    """A criterion of the study with the grades it got: assessor to grade, evidence and text, in the order of the file."""

    id: str
    set_id: str
    criterion: Criterion
    grades: dict[str, int]
    evidence: dict[str, tuple[str, ...]]
    texts: dict[str, str]
    settled: Settled | None = None

    @property
    def final(self) -> int | None:
        """The settled grade; that of all assessors where they agree; None where they differ and nothing was settled."""
        if self.settled is not None:
            return self.settled.grade
        given = set(self.grades.values())
        return given.pop() if len(given) == 1 else None


@dataclass(frozen=True)
class Process:
    """A process evaluation as its file states it; criteria in the order of the sets, only those that were assessed.

    `sets` are the ids of the criteria sets, `unassessed` id to criterion of the sets that nobody assessed.
    """

    sets: tuple[str, ...]
    assessors: tuple[Assessor, ...]
    evidence: tuple[Evidence, ...]
    graded: tuple[Graded, ...]
    factors: tuple[Factor, ...]
    unassessed: dict[str, Criterion]
    simulated: bool
    language: str = "sv"
    overrides: tuple[Placed, ...] = ()


def load_process(folder: Path) -> Process | None:
    """The process evaluation in the folder of a study; None where it has no `process.toml`.

    Raises a StudyError that lists every problem of the file; a DataError where one of them is personal data, which no message
    repeats.
    """
    path = folder / PROCESS_FILE
    if not path.is_file():
        return None
    read = read_file(path, ProcessFile)
    personal = personal_problems(read.parsed)
    problems = [*read.problems]
    if read.file is not None:
        problems += [*process_problems(read), *override_problems(read)]
    problems = [*without_persons(problems, read.parsed), *personal]
    if problems or read.file is None:
        kind = DataError if any(problem in personal for problem in problems) else None
        raise listed_error(read.source, problems, kind) if kind else listed_error(read.source, problems)
    return replace(_process(read.file), overrides=placed(read, read.file.override))


def _process(file: ProcessFile) -> Process:
    criteria = all_criteria(file)
    grades: dict[str, dict[str, int]] = {}
    evidence: dict[str, dict[str, tuple[str, ...]]] = {}
    texts: dict[str, dict[str, str]] = {}
    for one in file.assessment:
        grades.setdefault(one.criterion, {})[one.assessor] = one.grade
        evidence.setdefault(one.criterion, {})[one.assessor] = one.evidence
        texts.setdefault(one.criterion, {})[one.assessor] = one.text
    settled = {one.criterion: one for one in file.settled}
    graded = tuple(
        Graded(name, set_id, criterion, grades[name], evidence[name], texts[name], settled.get(name))
        for name, (set_id, criterion) in criteria.items()
        if name in grades
    )
    sets = tuple(dict.fromkeys((*file.criteria, *(set_id for set_id, _ in criteria.values()))))
    unassessed = {name: criterion for name, (_, criterion) in criteria.items() if name not in grades}
    return Process(sets, file.assessor, file.evidence, graded, file.factor, unassessed, file.simulated, file.language)


def all_criteria(file: ProcessFile) -> dict[str, tuple[str, Criterion]]:
    """Full id to set and criterion: of the ready sets in their order, each followed by what the study adds to it."""
    found: dict[str, tuple[str, Criterion]] = {}
    known = [name for name in file.criteria if name in ready_sets()]
    for name in known:
        found |= {f"{name}.{one.id}": (name, one) for one in criteria_set(name).criterion}
        found |= {one.id: (name, one) for one in file.criterion if one.id.rpartition(".")[0] == name}
    found |= {one.id: (OWN, one) for one in file.criterion if one.id not in found}
    return found
