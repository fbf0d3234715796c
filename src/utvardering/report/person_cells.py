"""What the cells of a report on persons call: who was followed, from counts that may be shown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.cells import figures_of, say
from utvardering.report.tables import pipe

if TYPE_CHECKING:
    from utvardering.report.results import Results


def followed(r: Results) -> None:
    """How many are left at each step, how alike the arms are, and how much is not shown."""
    texts, hidden = r.texts, r.tables["suppressed"]
    note = texts("plan.suppressed_intro", n=texts.number(len(hidden))) if len(hidden) else texts("plan.suppressed_none")
    say(texts("plan.flow_intro", limit=_limit(r)), flow(r), *figures_of(r, "followed"), note)


def flow(r: Results) -> str:
    """The persons of each arm at each step."""
    texts = r.texts
    rows = [
        (texts(f"plan.flow_{row.step}"), *(_count(r, float(n)) for n in (row.treated, row.comparison)))
        for row in r.tables["flow"].itertuples()
    ]
    return pipe(texts.raw("plan.flow_columns"), rows, texts("plan.flow_caption"), "tbl-foljdes", "lrr", "60,20,20")


def _count(r: Results, count: float) -> str:
    return r.texts("plan.flow_few", limit=_limit(r)) if math.isnan(count) else r.texts.number(count)


def _limit(r: Results) -> int:
    return int(r.setting("report", "smallest_cell", 5))
