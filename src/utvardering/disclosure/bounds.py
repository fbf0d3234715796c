"""How closely can a hidden count be worked out from what is told? Linear programmes over every statement that is published.

Cell suppression with complementary suppressions (Fischetti & Salazar-González 2000; Hundepool et al. 2012, Statistical
Disclosure Control, ch. 4): a hidden count is safe when the statements left allow values at least the limit apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

SLACK = 1e-6
"""What a solver may be off, in persons."""


@dataclass(frozen=True)
class Hidden:
    """Which statements must not be told: (m,) those of too few themselves, and those that would give them away."""

    primary: NDArray[np.bool_]
    secondary: NDArray[np.bool_]

    @property
    def all(self) -> NDArray[np.bool_]:
        """(m,) everything that is not told."""
        return self.primary | self.secondary


def is_few(count: float | NDArray[np.float64], smallest: int) -> NDArray[np.bool_]:
    """Whether a count of persons is from 1 to the limit less one; nobody at all is no secret."""
    return (np.asarray(count) > SLACK) & (np.asarray(count) < smallest - SLACK)


def interval(statements: NDArray[np.float64], values: NDArray[np.float64], cell: int) -> tuple[float, float]:
    """The least and most that a cell can be: statements (m, n) @ cells (n,) are values (m,), and no cell is negative."""
    count = statements.shape[1]
    ends = []
    for sign in (1.0, -1.0):
        aim = np.zeros(count)
        aim[cell] = sign
        solved = linprog(
            aim, A_eq=statements if len(statements) else None, b_eq=values if len(values) else None, method="highs"
        )
        ends.append(sign * solved.fun if solved.status == 0 else sign * -np.inf)
    return max(ends[0], 0.0), ends[1]


def hide(cells: NDArray[np.float64], statements: NDArray[np.float64], may_hide: NDArray[np.bool_], smallest: int) -> Hidden:
    """What not to tell, so that no count of few persons is told or can be worked out to less than the limit.

    cells (n,) counts of persons; statements (m, n) coefficients of what would be published about them; may_hide (m,) which of
    these can be left out. A statement about a single cell of few is hidden itself; of the others those that stand in
    connection with a cell that is not safe, the least first, until every cell is. Statements that cannot be hidden, such as
    the totals behind the answer of a study, are then hidden all the same where nothing else helps. Deterministic.
    """
    values = statements @ cells
    single = (statements != 0).sum(axis=1) == 1
    few = is_few(cells, smallest)
    primary = np.array([bool(one and few[np.flatnonzero(row)[0]]) for one, row in zip(single, statements, strict=True)])
    secondary = np.zeros(len(statements), dtype=bool)
    weight = np.abs(statements) @ cells
    order = np.lexsort(
        (np.arange(len(statements)), weight, weight <= SLACK, ~may_hide)
    )  # what says nothing when hidden comes last
    for cell in np.flatnonzero(few):
        while True:
            told = ~(primary | secondary)
            low, high = interval(statements[told], values[told], int(cell))
            if high - low >= smallest - SLACK:
                break
            near = _connected(statements, told, int(cell))
            found = next((row for row in order if told[row] and near[row]), None)
            if found is None:
                break
            secondary[found] = True
    return Hidden(primary, secondary)


def _connected(statements: NDArray[np.float64], told: NDArray[np.bool_], cell: int) -> NDArray[np.bool_]:
    """(m,) statements that a cell hangs together with through those that are told."""
    reached = np.zeros(statements.shape[1], dtype=bool)
    reached[cell] = True
    held = statements != 0
    while True:
        rows = told & held[:, reached].any(axis=1)
        more = reached | held[rows].any(axis=0)
        if (more == reached).all():
            return rows
        reached = more
