"""How much of the planned dose was delivered, by unit and week?"""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

COLUMNS = ("unit", "week", "planned_hours", "delivered_hours")


@dataclass(frozen=True)
class Dose:
    """The dose log: a row per unit and week, hours planned and delivered."""

    log: pd.DataFrame

    @property
    def planned(self) -> float:
        """Hours planned over all units and weeks."""
        return float(self.log["planned_hours"].sum())

    @property
    def delivered(self) -> float:
        """Hours delivered over all units and weeks."""
        return float(self.log["delivered_hours"].sum())

    @property
    def share(self) -> float:
        """Delivered share of the planned hours."""
        return self.delivered / self.planned

    def to_frame(self) -> pd.DataFrame:
        """A row per unit and week."""
        return self.log.copy()
