"""Can these numbers be what the study says they are? Counts, rates, shares, exposure, weights, and a calendar without gaps."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.data.faults import Faults
from utvardering.data.sheet import Sheet
from utvardering.study.model import Outcome

PERCENT = 100


def check_outcome(sheet: Sheet, outcome: Outcome, y: NDArray[np.float64], faults: Faults) -> None:
    """Faults of an outcome's values, by what kind of number they are; `y` is NaN where nothing is to be checked."""

    def fault(cells: NDArray[np.bool_], needs: str, hint: str = "") -> None:
        rows = rows_of(sheet, cells)
        faults.add_rows(rows, outcome.id, lambda row: f"needs {needs}, found {sheet.table.cell(outcome.id, row)}{hint}")

    if outcome.kind == "count":
        fault(y < 0, "a count of 0 or more")
        fault((y > 0) & (y != np.round(y)), "a whole number", '; a rate is written with kind = "rate"')
    elif outcome.kind == "rate":
        fault(y < 0, "a rate of 0 or more")
    elif outcome.kind == "share":
        percent = (y > 1) & (y <= PERCENT)
        faults.add_rows(
            rows_of(sheet, percent),
            outcome.id,
            lambda row: _percent(sheet.table.cell(outcome.id, row), y[sheet.unit[row], sheet.position[row]]),
        )
        fault((y < 0) | (y > PERCENT), "a share from 0 to 1")


def check_divisor(
    sheet: Sheet, column: str, values: NDArray[np.float64], faults: Faults, *, where: NDArray[np.bool_], outcome: str
) -> None:
    """Faults of an exposure or a weight, which must be above zero wherever the outcome has a value."""
    faults.add_rows(rows_of(sheet, where & np.isnan(values)), column, lambda _: f"is empty, though {outcome} has a value")
    faults.add_rows(
        rows_of(sheet, where & (values <= 0)),
        column,
        lambda row: f"needs a number above 0, found {sheet.table.cell(column, row)}",
    )


def check_calendar(sheet: Sheet, concerned: NDArray[np.bool_], column: str, faults: Faults, *, counts: bool) -> None:
    """Faults of periods and units without rows; for counts an unwritten zero is the likely cause of a gap."""
    there = sheet.row_at >= 0
    if not there.any():
        return
    empty = np.flatnonzero(~there.any(axis=0))
    if counts and len(empty):
        spans = ", ".join(spans_of(sheet, empty))
        lacking = "there is no row" if sheet.units.nameless else "no unit has a row"
        faults.add(column, f"{lacking} for {spans}; add the rows, or change first and last in [period]")
    for place in np.flatnonzero(concerned & ~there.any(axis=1)):
        faults.add(column, f'"{sheet.units.names[place]}" has no row within [period]')
    if not counts:
        return
    within = np.maximum.accumulate(there, axis=1) & np.maximum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    gaps = within & ~there & there.any(axis=0) & concerned[:, None]
    for place in np.flatnonzero(gaps.any(axis=1)):
        spans = ", ".join(spans_of(sheet, np.flatnonzero(gaps[place])))
        faults.add(
            column,
            f'"{sheet.units.names[place]}" has no row for {spans}; '
            + (_twin(sheet, int(place)) or "write 0 where nothing happened, and an empty cell where it is not known"),
        )


def _twin(sheet: Sheet, place: int) -> str:
    """A unit whose name differs in capitals and blanks only: most often one area, spelt in two ways."""
    own = sheet.units.names[place]
    plain = "".join(own.casefold().split())
    twins = [name for name in sheet.units.names if name != own and "".join(name.casefold().split()) == plain]
    return f'"{twins[0]}" is spelt almost the same: if it is the same area, write one name in every row' if twins else ""


def rows_of(sheet: Sheet, cells: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Rows of the table that hold these (N, T) cells, in the order of the file."""
    return np.sort(sheet.row_at[cells & (sheet.row_at >= 0)])


def spans_of(sheet: Sheet, positions: NDArray[np.int64], most: int = 5) -> list[str]:
    """`2019-03 to 2019-06`, `2020-01`: consecutive periods told together."""
    runs = np.split(positions, np.flatnonzero(np.diff(positions) > 1) + 1)
    told = [sheet.label(run[0]) if len(run) == 1 else f"{sheet.label(run[0])} to {sheet.label(run[-1])}" for run in runs[:most]]
    return told if len(runs) <= most else [*told, f"and {len(runs) - most} other spans"]


def _percent(text: str, value: float) -> str:
    return f"needs a share from 0 to 1, found {text}: looks like percent: write {value / PERCENT:.6g}"
