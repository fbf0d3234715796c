"""What are the units called? `[data] unit_labels`: a csv with the columns unit and label."""

from __future__ import annotations

from collections.abc import Callable

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults
from utvardering.data.sheet import Units, require_columns
from utvardering.data.tables import Table
from utvardering.study.model import Study


def read_labels(study: Study, units: Units, table_of: Callable[[str], Table]) -> tuple[str, ...]:
    """A label per unit; the units' own where the file has none."""
    if not study.data.unit_labels:
        return units.labels
    table = table_of(study.data.unit_labels)
    require_columns(table, [("unit", "data.unit_labels"), ("label", "data.unit_labels")], "", Calendar("index"))
    faults = Faults(table.name, table.rows)
    labels = list(units.labels)
    seen: set[int] = set()
    for row, (unit, label) in enumerate(zip(table.text("unit").to_pylist(), table.text("label").to_pylist(), strict=True)):
        place = units.find(unit)
        if place is None:
            continue
        if place in seen:
            faults.add("unit", f'"{unit}" has a label already', int(table.rows[row]))
        seen.add(place)
        labels[place] = label or labels[place]
    faults.raise_any()
    return tuple(labels)
