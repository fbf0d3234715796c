"""Which units are of the treated units' groups? From a column of the panel, or from a csv with lists of units that are alike.

Kolada's "liknande kommuner" give every municipality seven others in each of twelve families: lists that overlap, so that a
unit has its own and no group is shared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults, listed
from utvardering.data.sheet import Sheet, Units, require_columns
from utvardering.data.tables import Table
from utvardering.study.choice_rules import choices
from utvardering.study.model import Choose, Study
from utvardering.study.vocabulary import did_you_mean


def alike_units(
    study: Study, sheet: Sheet, treated: Iterable[int], table_of: Callable[[str], Table], faults: Faults
) -> NDArray[np.bool_] | None:
    """(N,) units in the group of a treated unit, by the first rule of the study that says where the groups stand; else None.

    Faults of a column go to `faults`; a file raises a DataError with its own.
    """
    rule = next(((key, choose) for key, choose in choices(study) if choose.method == "group"), None)
    if rule is None:
        return None
    key, choose = rule
    places = sorted(treated)
    if choose.column:
        return _by_column(sheet, choose.column, places, faults)
    return _by_file(sheet.units, choose, places, table_of(choose.file), key)


def _by_column(sheet: Sheet, column: str, treated: list[int], faults: Faults) -> NDArray[np.bool_]:
    texts = sheet.constant(column, faults)
    for place in treated:
        if not texts[place]:
            faults.add(column, f'is empty for "{sheet.units.names[place]}"; a treated unit needs its group')
    groups = {texts[place] for place in treated} - {""}
    return np.array([text in groups for text in texts], dtype=bool)


def _by_file(units: Units, choose: Choose, treated: list[int], table: Table, key: str) -> NDArray[np.bool_]:
    wanted = [("unit", f"{key}.file"), ("alike", f"{key}.file"), *([("family", f"{key}.family")] if choose.family else [])]
    require_columns(table, wanted, "", Calendar("index"))
    faults = Faults(table.name, table.rows)
    rows = np.ones(len(table.rows), dtype=bool)
    if "family" in table.columns:
        rows = _of_family(table, choose.family, faults)
    faults.raise_any()
    texts, codes = table.codes("unit")
    place_of = np.array([-1 if (place := units.find(text)) is None else place for text in texts], dtype=np.int64)
    own = rows & np.isin(place_of[codes], treated)
    listed_for = set(place_of[codes[own]].tolist())
    for place in treated:
        if place not in listed_for:
            faults.add("unit", f'has no row for "{units.names[place]}"; write a row for each unit that is like it')
    faults.raise_any()
    found = np.zeros(len(units.names), dtype=bool)
    alike = table.text("alike").to_pylist()
    for row in np.flatnonzero(own):
        place = units.find(alike[row])
        if place is not None:
            found[place] = True
    return found


def _of_family(table: Table, family: str, faults: Faults) -> NDArray[np.bool_]:
    texts, codes = table.codes("family")
    if family and family not in texts:
        faults.add("family", f'has no "{family}".{did_you_mean(family, texts)} The families are {listed(sorted(texts), 12)}')
    elif not family and len(texts) > 1:
        faults.add(
            "family",
            f'holds {listed(sorted(texts), 12)}; the plan decides which one: write such as family = "{min(texts)}" in choose',
        )
    return np.array([text == family or not family for text in texts], dtype=bool)[codes]
