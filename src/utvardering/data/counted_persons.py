"""What may be told of an outcome that counts persons by area and period? From the panel to what is withheld."""

from __future__ import annotations

import numpy as np

from utvardering.data.panel import NEVER, Panel
from utvardering.disclosure.areas import Counted, Withheld, withheld
from utvardering.study.model import Study


def counts_persons(study: Study) -> bool:
    """Whether any outcome of a study of areas counts persons."""
    return any(outcome.counts == "persons" for outcome in study.outcomes)


def holds_persons(study: Study) -> bool:
    """Whether a study holds persons, or numbers of them that are not told exactly."""
    return study.study.design == "individuals" or counts_persons(study)


def withheld_of(study: Study, panel: Panel, outcome: str) -> Withheld | None:
    """What is withheld of an outcome; None where it counts no persons. Looks at the periods that the panel holds."""
    named = next(one for one in study.outcomes if one.id == outcome)
    if named.counts != "persons" or outcome not in panel.grids:
        return None
    return withheld(counted(panel, outcome), study.report.smallest_cell, _cuts(panel, outcome))


def counted(panel: Panel, outcome: str) -> Counted:
    """The persons of an outcome by area and period; with one series it is compared with nobody."""
    grid = panel.grids[outcome]
    start = np.where(grid.start >= NEVER, len(grid.periods), grid.start)
    return Counted(grid.y, panel.role == "treated", panel.role == "comparison", start, grid.exposure)


def _cuts(panel: Panel, outcome: str) -> tuple[int, ...]:
    """Where the windows of a specification curve begin and end: a year in, the start, half way after, a year before the end."""
    grid = panel.grids[outcome]
    treated = grid.start[panel.role == "treated"]
    count, year = len(grid.periods), grid.calendar.per_year or 1
    first = int(treated.min(initial=count))
    return (year, first - year, first, first + (count - first) // 2, count - year)
