"""The follow-up on the command line: a table as wide as the terminal, and the same rows for a program."""

from __future__ import annotations

import io
import shutil
from dataclasses import asdict
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from utvardering.followup.table import FollowUp, Row
from utvardering.report.slide import headline, state
from utvardering.report.texts import Texts

NARROW = 100
"""Columns that the table needs at least; a narrower terminal wraps it."""


def terminal_table(found: FollowUp, language: str = "sv") -> str:
    """The headline, a row a study, and below the table what is to be done; faults of study files as `check` says them."""
    texts = Texts(language)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for name in texts.raw("followup.terminal_columns"):
        table.add_column(name, overflow="fold")
    frame = found.to_frame()
    for row, (_, cells) in zip(found.rows, frame.iterrows(), strict=True):
        table.add_row(*_cells(row, state(cells, texts), texts))
    held = io.StringIO()
    width = max(shutil.get_terminal_size((NARROW, 24)).columns, NARROW)
    console = Console(file=held, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)
    console.print(f"{headline(frame, texts)} ({found.date.isoformat()})\n")
    console.print(table)
    for row in found.rows:
        if row.text:
            console.print(f"{row.study}: {row.text}")
        if row.fault:
            console.print(row.fault)
    return "\n".join(line.rstrip() for line in held.getvalue().splitlines())


def _cells(row: Row, standing: str, texts: Texts) -> tuple[str, ...]:
    none = texts("word.none")
    return (
        row.plan or none,
        row.study,
        texts.name("stage", row.stage),
        texts.name("status", row.status) if row.status else none,
        row.start or none,
        row.follow_up or none,
        texts.name("verdict", row.verdict) if row.verdict else none,
        standing,
    )


def facts(found: FollowUp) -> dict[str, Any]:
    """The date and the rows, for `--json`."""
    return {"date": found.date.isoformat(), "studies": [asdict(row) for row in found.rows]}
