"""Poisson means that are a unit effect times a period effect times a known exposure, fitted to the margins.

μ_it = a_i b_t E_it maximises the Poisson likelihood exactly when its row and column sums equal those of the data, so the
margins are fitted in turn (Deming & Stephan 1940); with group × period effects each group is a table of its own. A step costs
two matrix–vector products, whatever the number of parameters.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError

_TOLERANCE = 1e-11  # relative misfit of the row sums: far below what any reported digit shows
_STEPS = 20_000


@dataclass
class Margins:
    """A table (N, T) of counts reduced to its sums, with the last fit kept as the start of the next one.

    y may be weighted; exposure must be weighted alike, and be 0 where a cell is missing.
    """

    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    unit: NDArray[np.float64]

    @classmethod
    def of(cls, y: NDArray[np.float64]) -> Margins:
        """Margins of a table without missing cells (write 0 and give no exposure there)."""
        return cls(y.sum(axis=1), y.sum(axis=0), np.ones(len(y)))

    def fit(self, exposure: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(N,) unit and (T,) period effects whose means have the margins of the data."""
        unit = self.unit
        for _ in range(_STEPS):
            period = _ratio(self.columns, unit @ exposure)
            reached = exposure @ period
            gap = np.abs(unit * reached - self.rows)
            unit = _ratio(self.rows, reached)
            if gap.max() <= _TOLERANCE * max(self.rows.max(), 1):
                self.unit = unit
                return unit, period
        msg = "the Poisson means do not settle; a unit or period may have counts in one cell only"
        raise DesignError(msg)


def _ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(top, bottom, out=np.zeros_like(top), where=bottom > 0)
