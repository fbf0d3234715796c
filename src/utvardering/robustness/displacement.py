"""Did crime move next door, or did the neighbours gain too? Neighbours are held against the comparison as if treated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from utvardering.data.panel import NEVER, Panel
from utvardering.errors import DesignError
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered


def displacement(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per ring of neighbours, by the planned analysis from the first start on.

    Passes where the interval holds no change; a change in either direction fails: then the comparison of treated with
    untreated areas tells only part of what happened.
    """
    panel = doubt.panel
    for ring in np.unique(panel.ring[panel.role == "neighbour"]):
        variant = f"ring={ring}"
        try:
            moved = _as_treated(doubt, int(ring))
            sample = moved.sample(doubt.outcome.id)
            found = doubt.again(sample)
        except DesignError as fault:
            yield unanswered(doubt, "displacement", variant, fault)
            continue
        verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
        yield doubt.row("displacement", variant, sample, found, verdict, ring=int(ring))


def _as_treated(doubt: Doubt, ring: int) -> Panel:
    panel = doubt.panel
    chosen = (panel.role == "neighbour") & (panel.ring == ring)
    role = np.where(panel.role == "treated", "excluded", np.where(chosen, "treated", panel.role))
    if panel.neighbour_comparison is not None:
        role = np.where(role == "comparison", "excluded", role)
        role = np.where(panel.neighbour_comparison, "comparison", role)
    grid = panel.grids[doubt.outcome.id]
    first = int(grid.start[grid.start < NEVER].min())
    start = np.where(chosen, first, NEVER)
    treatment = (np.arange(len(grid.periods)) >= start[:, None]).astype(float)
    moved = panel.with_roles(role)
    return replace(moved, grids={**moved.grids, doubt.outcome.id: replace(grid, start=start, treatment=treatment)})
