"""In which order do the areas begin, if chance decides? A lottery over the treated while the start dates are free."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.planning.cases import estimation_of
from utvardering.study.model import Study


@dataclass(frozen=True)
class RolloutRow:
    """A row of `rollout.csv`: the place of an area in the lottery, its start (empty: it waits), and the seed that drew it."""

    order: int
    unit: str
    start: str
    seed: int


def starts_are_free(study: Study, panel: Panel) -> bool:
    """Whether the data end before every start, so that nothing has begun as far as they know."""
    grid = panel.grids[study.primary.id]
    treated = panel.role == "treated"
    return bool(treated.any() and (grid.start[treated] >= len(grid.periods)).all())


def rollout(study: Study, panel: Panel, places: int = 0) -> tuple[RolloutRow, ...]:
    """The treated in an order drawn from the study's seed, with the plan's start dates handed out from the first on.

    places: as many begin with the measure and the others wait, without a start, as comparison; 0 for all. Empty where the
    starts are not free. Raises DesignError where more places are asked for than there are areas, or the starts are past.
    """
    if not starts_are_free(study, panel):
        if places:
            msg = f"{study.id}: --lottery needs start dates after the data: an order cannot be drawn for what has begun"
            raise DesignError(msg)
        return ()
    grid = panel.grids[study.primary.id]
    treated = np.flatnonzero(panel.role == "treated")
    if not 0 <= places <= len(treated):
        msg = f"{study.id}: --lottery {places}: the study names {len(treated)} areas; write a number from 1 to {len(treated)}"
        raise DesignError(msg)
    seed = estimation_of(study).seed
    rng = np.random.default_rng([seed, zlib.crc32(b"rollout")])
    first = grid.periods[0]
    begins = [grid.calendar.label(first + int(start)) for start in np.sort(grid.start[treated])]
    by_name = sorted(treated, key=lambda unit: panel.units[unit])
    drawn = [by_name[k] for k in rng.permutation(len(by_name))]
    begin = places or len(drawn)
    return tuple(
        RolloutRow(place + 1, panel.units[unit], begins[place] if place < begin else "", seed)
        for place, unit in enumerate(drawn)
    )
