"""The faults that a user can meet, each with its exit code and, where there is one, the place in the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Problem:
    """One fault: where it is, what was found and what to write instead.

    `line` is 1-based and 0 where the place has no line (a missing key, a data file).
    """

    key: str
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{place}{self.key}: {self.message}" if self.key else f"{place}{self.message}"


class UtvarderingError(Exception):
    """A fault that is the user's to mend; `exit_code` is what the command line ends with."""

    exit_code = 1

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems

    def __str__(self) -> str:
        return "\n".join([self.message, *(f"  {problem}" for problem in self.problems)])


class StudyError(UtvarderingError):
    """The study file is wrong; every problem of it is listed at once."""

    exit_code = 2


class DataError(UtvarderingError):
    """The data are wrong, missing, or hold what they must not hold."""

    exit_code = 3


class DataNotFetchedError(DataError):
    """The data are described in `data/sources.toml` but have not been fetched."""


class DesignError(UtvarderingError):
    """No estimate can be computed from this design: says why and what would help."""

    exit_code = 4


class NotBegunError(DesignError):
    """The data end before the start: the study is planned, and there is no effect to estimate yet."""


class ReproductionError(UtvarderingError):
    """A number was not reproduced, or a registered plan was changed."""

    exit_code = 5


class PublishError(UtvarderingError):
    """The report cannot be published: a missing alt text, an unknown reference, a failing cell."""

    exit_code = 6
