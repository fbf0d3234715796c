"""Which areas border on a treated one, as far as a map that the program carries can tell?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.data.municipalities import municipalities, polygons
from utvardering.data.panel import Panel


def bordering(panel: Panel) -> NDArray[np.bool_] | None:
    """(N,) whether a unit that is not treated borders on a treated one on land; None where the units are no municipalities."""
    if not set(panel.units) <= set(municipalities()):
        return None
    frame = polygons().set_index("code").loc[list(panel.units)]
    treated = panel.role == "treated"
    touched: NDArray[np.bool_] = np.asarray(frame.geometry.intersects(frame.geometry[treated].union_all()))
    return touched & ~treated
