"""Which results of others are to be pooled with the own? The rows of `evidence/external.toml`, each with its full source."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, StrictFloat, StrictStr

from utvardering.errors import Problem
from utvardering.study.model import Aim, MeasureKind, Section
from utvardering.study.reading import listed_error, read_file

EXTERNAL = Path("evidence/external.toml")
LEAST_WORDS = 3
"""A source of fewer words names no author, title and place of publication."""

_YEAR = re.compile(r"\b(1[89]|20)\d\d\b")


class ExternalResult(Section):
    """`[[result]]`: an effect that others have published, on the scale of the own studies."""

    measure: MeasureKind = Field(description="Kind of measure", examples=["belysning"])
    aim: Aim = Field(description="What the outcome stands for", examples=["brott"])
    scale: Literal["log_ratio", "difference"] = Field(description="Scale of the estimate", examples=["log_ratio"])
    estimate: StrictFloat = Field(description="The effect on that scale", examples=[-0.12])
    std_error: StrictFloat = Field(description="Its standard error on that scale", gt=0, examples=[0.05])
    source: StrictStr = Field(description="Full source", min_length=1, examples=["Author (year), title, journal, table"])
    design: StrictStr = Field(description="How the result came about", min_length=1, examples=["11 treated squares, DiD"])
    note: StrictStr = Field("", description="What a reader should know")
    direction: Literal["decrease", "increase", ""] = Field(
        "", description="The wanted direction; empty: decrease for brott and ordning, increase for trygghet"
    )
    unit: StrictStr = Field(
        "", description='What a difference is counted in: "share" (0–1) or the id of an outcome; empty: it is not pooled'
    )

    @property
    def wanted(self) -> str:
        """The wanted direction: that of the row, or that of its aim."""
        return self.direction or ("increase" if self.aim == "trygghet" else "decrease")


class ExternalFile(Section):
    """The whole of `evidence/external.toml`."""

    result: tuple[ExternalResult, ...] = Field((), description="Results of others")


def load_external(path: Path = EXTERNAL) -> tuple[ExternalResult, ...]:
    """The rows of the file, none where there is no file.

    Raises a StudyError that lists every problem with its line: unknown keys and values, a source that is not full, and rows
    that stand there twice.
    """
    if not path.is_file():
        return ()
    read = read_file(path, ExternalFile)
    rows = () if read.file is None else getattr(read.file, "result", ())
    problems = list(read.problems)
    seen: dict[tuple[object, ...], int] = {}
    for number, row in enumerate(rows):
        line = read.line(f"result[{number}].source")
        source = getattr(row, "source", "")
        if source and (not _YEAR.search(source) or len(source.split()) < LEAST_WORDS):
            said = f'needs the full source (author, year, title, where it is published and the table), found "{source}"'
            problems.append(Problem(f"result[{number}].source", said, line))
        values = tuple(getattr(row, key, None) for key in ("measure", "aim", "scale", "estimate", "std_error", "source"))
        if values in seen and not read.is_partial:
            said = f"is the same as result[{seen[values]}]; a result counts once"
            problems.append(Problem(f"result[{number}]", said, read.line(f"result[{number}]")))
        seen.setdefault(values, number)
    if problems:
        raise listed_error(read.source, problems)
    return rows
