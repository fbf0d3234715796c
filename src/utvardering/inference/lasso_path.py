"""Every solution of a small lasso, corner by corner (Osborne, Presnell & Turlach 2000, IMA J. Numer. Anal. 20:389)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TIE = 1e-10  # of the penalty: corners closer than this are one


def lasso_path(quadratic: NDArray[np.float64], linear: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Solutions of min ½ z'Qz + c'z + λ Σ|z_j| for every λ: corners (·,) in falling order down to 0 and (·, n) z at them.

    quadratic (n, n) Q, positive definite; linear (n,) c. Between corners the solutions lie on straight lines.
    """
    n = len(linear)
    if n == 0:
        return np.zeros(1), np.zeros((1, 0))
    first = int(np.abs(linear).argmax())
    penalty = float(abs(linear[first]))
    corners, solutions = [penalty], [np.zeros(n)]
    signs = {first: float(-np.sign(linear[first]))}
    last = first
    while penalty > 0:
        line = _line(quadratic, linear, signs)
        reached, last, sign = max(_events(line, signs, penalty, last), default=(0.0, -1, 0.0))
        penalty = min(reached, penalty)
        z = line.at_zero + penalty * line.per
        if last >= 0 and sign == 0:
            z[last] = 0.0
            del signs[last]
        elif last >= 0:
            signs[last] = sign
        corners.append(penalty)
        solutions.append(z)
    return np.array(corners), np.array(solutions)


@dataclass(frozen=True)
class _Line:
    """(n,) each: solution and gradient of the smooth part at penalty 0, and what a unit of penalty adds to them."""

    at_zero: NDArray[np.float64]
    per: NDArray[np.float64]
    gradient: NDArray[np.float64]
    drift: NDArray[np.float64]


def _line(quadratic: NDArray[np.float64], linear: NDArray[np.float64], signs: dict[int, float]) -> _Line:
    """The line that the solution follows while the same places are not zero; at_zero and per are 0 elsewhere."""
    places = list(signs)
    at_zero, per = np.zeros((2, len(linear)))
    if places:
        right = -np.column_stack([linear[places], list(signs.values())])
        at_zero[places], per[places] = np.linalg.solve(quadratic[np.ix_(places, places)], right).T
    return _Line(at_zero, per, linear + quadratic @ at_zero, quadratic @ per)


def _events(line: _Line, signs: dict[int, float], penalty: float, last: int) -> Iterator[tuple[float, int, float]]:
    """Penalties below the present one at which a place becomes zero (sign 0) or leaves it; `last` has just done so."""
    for j in range(len(line.per)):
        if j in signs:
            if line.per[j] != 0:
                where = -line.at_zero[j] / line.per[j]
                if 0 < where < penalty * (1 - _TIE) or (0 < where <= penalty and j != last and signs[j] * line.per[j] > 0):
                    yield where, j, 0.0
            continue
        for side in (1.0, -1.0):  # the gradient reaches ± the penalty
            if side != line.drift[j]:
                where = line.gradient[j] / (side - line.drift[j])
                if 0 < where < penalty * (1 - _TIE) or (0 < where <= penalty * (1 + _TIE) and j != last):
                    yield where, j, -side
