"""Did crime move next door, or did the neighbours gain too? Neighbours are held against the comparison as if treated."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

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
            sample = panel.neighbour_sample(doubt.outcome.id, int(ring))
            found = doubt.again(sample)
        except DesignError as fault:
            yield unanswered(doubt, "displacement", variant, fault)
            continue
        verdict = "fail" if found.ci_low > 0 or found.ci_high < 0 else "pass"
        yield doubt.row("displacement", variant, sample, found, verdict, ring=int(ring))
