"""Which areas border on a treated one, as far as a map can tell: that of municipalities, or the study's own?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.data.boundaries import outlines
from utvardering.data.municipalities import municipalities, polygons
from utvardering.data.panel import Panel
from utvardering.study.model import Study

TOUCHES = 0.01
"""Metres: a border that two areas share is drawn twice and seldom to the same millimetre."""


def bordering(study: Study, panel: Panel) -> NDArray[np.bool_] | None:
    """(N,) whether a unit that is not treated borders on a treated one on land; None where no map tells.

    An area without an outline in the study's own map is taken not to border. Raises what reading that map raises.
    """
    treated = panel.role == "treated"
    if study.data.boundaries:
        shapes = outlines(study, panel).set_index("unit").geometry.reindex(panel.units)
        near = np.asarray(shapes.distance(shapes[treated].union_all()).fillna(np.inf) <= TOUCHES)
        return near & ~treated
    if not is_municipal(panel):
        return None
    frame = polygons().set_index("code").loc[list(panel.units)]
    touched: NDArray[np.bool_] = np.asarray(frame.geometry.intersects(frame.geometry[treated].union_all()))
    return touched & ~treated


def is_municipal(panel: Panel) -> bool:
    """Whether every unit is a municipality."""
    return set(panel.units) <= set(municipalities())
