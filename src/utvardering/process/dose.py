"""How much of the planned dose was delivered, by unit and week?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.data.faults import Faults
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.tables import Table, read_table
from utvardering.errors import DataError
from utvardering.study.model import Study

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


def load_dose(study: Study) -> Dose | None:
    """The dose log of `[data] dose`; None where the study keeps none.

    Raises DataError where a column is missing, an hour is negative or no number, or no hours are planned.
    """
    if not study.data.dose:
        return None
    path = study.folder / study.data.dose
    if not path.exists():
        msg = f"{study.data.dose}: no such file in {study.folder.name}; write the path of the dose log or take [data] dose away"
        raise DataError(msg)
    table = read_table(path, study.data.dose)
    refuse_personal_data(table)
    faults = Faults(table.name, table.rows)
    for column in COLUMNS:
        if column not in table.columns:
            faults.add(column, f"column is missing; the dose log needs {', '.join(COLUMNS)}")
    faults.raise_any()
    log = pd.DataFrame({name: table.text(name).to_pylist() for name in ("unit", "week")})
    for name in ("planned_hours", "delivered_hours"):
        log[name] = _hours(table, name, faults)
    faults.raise_any()
    if log["planned_hours"].sum() <= 0:
        faults.add("planned_hours", "no hours are planned at all, so no share can be delivered")
        faults.raise_any()
    return Dose(log)


def _hours(table: Table, name: str, faults: Faults) -> NDArray[np.float64]:
    found = table.numbers(name)
    hours = found.floats
    wrong = np.flatnonzero(found.bad | found.missing | (hours < 0))
    faults.add_rows(wrong, name, lambda k: f'needs hours such as 37.5, found "{table.cell(name, k)}"')
    return hours
