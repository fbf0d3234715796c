"""The table of error rates is what its module computes, and every check keeps what it promises there."""

from __future__ import annotations

import pytest

from tests.simulation.error_rates import CELLS, PAGE, kept, row, table

QUICK = ("history", "pretrend", "concurrent", "hidden_cause", "persons: attrition", "persons: history")
"""Checks whose cells are computed anew: a few seconds each."""

WEAK = {"persons: balance"}
"""A check that often does not fail where it should; the page says so."""

FALSE_ALARMS = {"comparison": 0.25, "persons: balance": 0.5}
"""Checks that fail more often than one time in ten where nothing is wrong; the page says so."""


def test_every_cell_is_in_the_table_and_the_page_is_the_table() -> None:
    rows = kept()
    assert [(cell.check, cell.panel) for cell in CELLS] == list(rows)
    assert table(list(rows.values())) in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell.check}, {cell.panel}")
def test_what_must_fail_does_and_what_must_pass_seldom_fails(cell) -> None:
    share = float(kept()[cell.check, cell.panel][4])
    if cell.must == "pass":
        assert share <= FALSE_ALARMS.get(cell.check, 0.1)
    elif cell.check not in WEAK and "nobody" not in cell.panel:
        assert share >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize(
    "cell", [cell for cell in CELLS if cell.check in QUICK], ids=lambda cell: f"{cell.check}, {cell.panel}"
)
def test_cells_are_reproduced(cell) -> None:
    assert row(cell) == kept()[cell.check, cell.panel]
