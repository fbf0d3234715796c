"""Which non-negative weights reproduce given totals exactly, and which of the many that do are nearest to equal?

Each of R problems is: minimise Σ w²/v over w ≥ 0 with Aᵀw = b and w = 0 where a unit is not allowed. With unit masses v = 1
that is the least sum of squares, so the least variance of a weighted total of independent units. The constraints alone leave
many answers; this one is unique. Its dual is a smooth, piecewise quadratic problem in as many variables as there are
constraints, w = v max(0, Aλ), solved by semismooth Newton steps with a line search (Qi & Sun 1993, Math. Program. 58:353),
for all R problems at once. It ends after finitely many steps.

`entropy` gives the other usual answer, minimise Σ w log(w/v) (Hainmueller 2012, Polit. Anal. 20:25): weights that are all
positive, w = v exp(Aλ).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

EXACT = 1e-8
"""Relative: how near every total has to be reproduced."""

_DEPENDENT = 1e-9  # relative: what is left of a column that is a combination of others
_CONVERGED = 1e-12  # relative to the targets, well below EXACT, since totals of rare events are small beside their column
_STEPS = 200  # a handful are needed; what has not ended by then has a target on the edge of what can be reached
_SLOPE = 1e-4  # of the first-order decrease: a full Newton step that gains as much is taken
_HALVINGS = 60  # of the interval in which an exact step lies
_SHORTEST = 1e-10  # of a step
_CELLS = 4_000_000  # numbers of one intermediate array: 32 MB
_MANY = 8  # problems that are worth a table of products
_PRODUCTS = 20_000_000  # numbers of the table of products, 160 MB: beyond, second derivatives are summed row by row


def independent(columns: Floats) -> Floats:
    """(N, r) orthonormal basis of the span of (N, m) columns, in their order.

    A column that is a combination of earlier ones, such as a covariate that is the same for all, adds nothing and is dropped:
    its total follows from theirs, for the treated as for the comparison.
    """
    found = np.empty(columns.shape, order="F")
    rank = 0
    for column in columns.T:
        size = np.linalg.norm(column)
        left = column / size if size > 0 else column
        for _ in range(2):  # once more, for what rounding left
            left = left - found[:, :rank] @ (found[:, :rank].T @ left)
        rest = np.linalg.norm(left)
        if rest > _DEPENDENT:
            found[:, rank] = left / rest
            rank += 1
    return np.ascontiguousarray(found[:, :rank])


def minimum_norm(basis: Floats, root: Floats, carried: Floats, allowed: Bools) -> tuple[Floats, Bools]:
    """(R, N) weights with the least Σ w²/v that reproduce what each problem's units have in all, and (R,) whether any do.

    basis: (N, m) orthonormal columns, first the one of the masses: √v ∘ A; root: (N,) √v; carried: (R, N) the mass of the
    units whose totals are to be reproduced, 0 elsewhere; allowed: (R, N) units that may be weighted. Rows without an answer
    hold zeros.
    """
    weights = np.zeros(carried.shape)
    solved = np.zeros(len(carried), dtype=bool)
    rows = max(_CELLS // len(basis), 1)
    for first in range(0, len(carried), rows):
        part = slice(first, first + rows)
        targets = (carried[part] / root) @ basis
        scaled, solved[part] = _newton(basis, root, targets, allowed[part])
        weights[part] = np.where(solved[part][:, None], scaled * root, 0.0)
    return weights, solved


def _newton(basis: Floats, root: Floats, targets: Floats, allowed: Bools) -> tuple[Floats, Bools]:
    """(R, N) the scaled weights w/√v, and (R,) whether they reproduce the targets.

    A problem has no answer once some multipliers show it: no weights of the mass asked for can reach more of the combination
    Aλ than its largest value times that mass (Farkas).
    """
    n_problems, n_constraints = targets.shape
    products = _products(basis) if n_problems >= _MANY else None
    found = np.zeros(allowed.shape)
    solved = np.zeros(n_problems, dtype=bool)
    dual = targets.copy()  # the answer without w ≥ 0, since the basis is orthonormal
    todo = np.arange(n_problems)
    scale = np.abs(targets).max(axis=1)
    total = targets[:, 0] * np.linalg.norm(root)
    eye = np.eye(n_constraints)
    for _ in range(_STEPS):
        line = np.where(allowed[todo], dual[todo] @ basis.T, -np.inf)
        weights = np.maximum(line, 0.0)
        short = targets[todo] - weights @ basis
        error = np.abs(short).max(axis=1)
        done = error <= _CONVERGED * scale[todo]
        found[todo[done]] = weights[done]
        solved[todo[done]] = True
        most = total[todo] * (line / root).max(axis=1)
        worth = np.einsum("rm,rm->r", targets[todo], dual[todo])
        size = np.abs(targets[todo] * dual[todo]).sum(axis=1)
        going = ~done & ~(worth > most + 1e-9 * (size + np.abs(most)))  # rounding of sums of that size
        if not going.any():
            break
        todo, line, short = todo[going], line[going], short[going]
        second = _second(products, basis, line > 0)
        damping = 1e-14 + 1e-6 * np.minimum(error[going] / scale[todo], 1.0)  # keeps an active set too small to solve harmless
        step = np.linalg.solve(second + damping[:, None, None] * eye, short[:, :, None])[:, :, 0]
        dual[todo] += _length(line, np.where(allowed[todo], step @ basis.T, 0.0), targets[todo], step)[:, None] * step
    return found, solved


def _products(basis: Floats) -> Floats | None:
    """(N, m(m + 1)/2) products of every two columns, or None where the table would be too large."""
    n_units, n_constraints = basis.shape
    upper = np.triu_indices(n_constraints)
    return None if n_units * len(upper[0]) > _PRODUCTS else basis[:, upper[0]] * basis[:, upper[1]]


def _second(products: Floats | None, basis: Floats, active: Bools) -> Floats:
    """(R, m, m) second derivatives: sums of products over the active units of each problem."""
    n_constraints = basis.shape[1]
    if products is None:
        return np.array([basis[rows].T @ basis[rows] for rows in active])
    out = np.empty((len(active), n_constraints, n_constraints))
    upper = np.triu_indices(n_constraints)
    out[:, upper[0], upper[1]] = out[:, upper[1], upper[0]] = active.astype(float) @ products
    return out


def _length(line: Floats, change: Floats, targets: Floats, step: Floats) -> Floats:
    """(R,) lengths along each step: 1 where that gains enough, else the one at which the dual is least, found by halving."""
    gain = np.einsum("rm,rm->r", targets, step)

    def value(length: Floats) -> Floats:
        return 0.5 * np.sum(np.maximum(line + length[:, None] * change, 0.0) ** 2, axis=1) - gain * length

    def slope(length: Floats, rows: NDArray[np.intp]) -> Floats:
        reached = np.maximum(line[rows] + length[:, None] * change[rows], 0.0)
        return np.einsum("rn,rn->r", reached, change[rows]) - gain[rows]

    lengths = np.ones(len(line))
    everyone = np.arange(len(line))
    first = slope(np.zeros(len(line)), everyone)
    enough = value(lengths) <= value(np.zeros(len(line))) + _SLOPE * first
    rows = np.flatnonzero(~enough)
    if len(rows) == 0:
        return lengths
    low, high = np.zeros(len(rows)), np.ones(len(rows))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        falling = slope(middle, rows) < 0
        low, high = np.where(falling, middle, low), np.where(falling, high, middle)
        if np.all(high - low <= 1e-3 * high):  # a step need not be exact to end; the last ones are full
            break
    lengths[rows] = high
    return lengths


def entropy(basis: Floats, root: Floats, carried: Floats, allowed: Bools) -> Floats | None:
    """(N,) weights with the least Σ w log(w/v) that reproduce the totals, all positive; None where there are none.

    Arguments as in `minimum_norm`, for one problem: carried and allowed are (N,).
    """
    plain = (basis / root[:, None])[allowed]
    mass = root[allowed] ** 2
    target = (carried / root) @ basis
    dual = np.zeros(len(target))
    dual[0] = np.log(carried.sum() / mass.sum()) * np.linalg.norm(root)
    weights = mass * np.exp(plain @ dual)
    for _ in range(_STEPS):
        short = target - plain.T @ weights
        if np.abs(short).max() <= _CONVERGED * np.abs(target).max():
            out = np.zeros(len(root))
            out[allowed] = weights
            return out
        second = plain.T @ (weights[:, None] * plain)
        try:
            step = np.linalg.solve(second, short)
        except np.linalg.LinAlgError:
            return None
        value, gain, length = weights.sum() - target @ dual, short @ step, 1.0
        while True:
            with np.errstate(over="ignore"):
                weights = mass * np.exp(plain @ (dual + length * step))
            if weights.sum() - target @ (dual + length * step) <= value - _SLOPE * length * gain:
                break
            length /= 2
            if length < _SHORTEST:  # nothing is gained: the target lies on or beyond the edge of what positive weights reach
                return None
        dual = dual + length * step
    return None
