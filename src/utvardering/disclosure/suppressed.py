"""What was not told, in which table, and why: the rows of `suppressed.csv`, which never hold the number."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import pandas as pd

WHY = ("primary", "secondary", "denominator")
"""Too few persons; would give such a count away; a share or mean of too few."""


@dataclass(frozen=True)
class Suppressed:
    """A row of `suppressed.csv`: in which table what is not shown, and why, without the number; `kind` is one of WHY."""

    study: str
    table: str
    outcome: str
    item: str
    reason: str
    kind: str = "primary"


def suppressed_frame(rows: Iterable[Suppressed]) -> pd.DataFrame:
    """The table of what was not told."""
    return pd.DataFrame([asdict(row) for row in rows], columns=[one.name for one in fields(Suppressed)])
