"""Does a file hold personal data? Identity numbers, names, addresses and free text are refused, and never repeated."""

from __future__ import annotations

from utvardering.data.tables import Table

MOST_QUOTED = 40  # letters of a cell that a message repeats


def quote(text: str) -> str:
    """A cell as a message may show it."""
    return f'"{text}"' if len(text) <= MOST_QUOTED else f'"{text[: MOST_QUOTED - 1]}…"'


def refuse_personal_data(table: Table) -> None:
    """A DataError that names the columns of a table that look like personal data."""
