"""Which weights, none negative and summing to one, come nearest to a target? Many such problems at once, solved exactly.

Each problem is: minimise ‖Σ_i w_i z_i − b‖² + c ‖w‖² over w ≥ 0, Σ w = 1, w_i = 0 where i is not allowed. The solution is
unique for c > 0. Both methods end at the optimum and not near it: they find out which weights are positive, and these follow
from linear equations.

- `by_active_set`: one weight enters at a time (Lawson & Hanson 1974, ch. 23; Wolfe 1976 for the nearest point of a polytope).
  Fast where few weights are positive, as without a ridge.
- `by_dual_newton`: semismooth Newton steps on the dual, which is smooth but for kinks (Qi & Sun 1993). Fast where many are
  positive, as with a ridge.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Index = NDArray[np.intp]

OPTIMAL = 1e-10
"""Relative to the squared distances: no change of the weights gains more than this."""

_WITHIN = 1e-14  # of the squared distances: a target so near is within the hull of its points

_SPREADING = 1e-3  # of the squared distances: a ridge above it makes many weights positive
_STEPS = 100  # Newton steps; about ten are needed, and what is not optimal then is solved by the active set


@dataclass(frozen=True)
class Problems:
    """R problems with n weights each.

    allowed  (R, n) weights that may be positive, at least one in each row
    ridge    (R,) c > 0
    cross    (R, n) z_i·b
    square   (R,) b·b
    points   (n, q) z, where all problems share them; else
    gram     (R, n, n) z_i·z_j
    """

    allowed: Mask
    ridge: Floats
    cross: Floats
    square: Floats
    points: Floats | None = None
    gram: Floats | None = None

    def rows(self, rows: Index) -> Problems:
        """Some of the problems."""
        return replace(
            self,
            allowed=self.allowed[rows],
            ridge=self.ridge[rows],
            cross=self.cross[rows],
            square=self.square[rows],
            gram=None if self.gram is None else self.gram[rows],
        )

    @property
    def scale(self) -> Floats:
        """(R,) size of the squared distances, against which a gain is small."""
        own = _squares(self)
        size = (own * self.allowed).sum(axis=1) / self.allowed.sum(axis=1)
        return np.maximum(size + self.square + self.ridge, np.finfo(float).tiny)

    def product(self, weights: Floats, rows: Index | None = None) -> Floats:
        """(m, n) z_i · Σ_j w_j z_j for the weights of all problems or of some."""
        if self.points is not None:
            return (weights @ self.points) @ self.points.T
        whole = rows is None or len(rows) == len(self.allowed)  # a copy of all would cost more than the product
        gram = self.gram if whole else self.gram[rows]  # type: ignore[index] # one of the two is given
        return np.matmul(gram, weights[:, :, None])[:, :, 0]  # type: ignore[arg-type] # the same

    def block(self, rows: Index, index: Index) -> Floats:
        """(m, k, k) products of the k points `index` (m, k) of some problems."""
        if self.points is not None:
            chosen = self.points[index]
            return chosen @ chosen.swapaxes(1, 2)
        return self.gram[rows[:, None, None], index[:, :, None], index[:, None, :]]  # type: ignore[index] # one is given


def sharing_points(points: Floats, targets: Floats, allowed: Mask, ridge: Floats) -> Problems:
    """Problems with the same (n, q) points and (R, q) targets."""
    return Problems(allowed, ridge, targets @ points.T, (targets**2).sum(axis=1), points=points)


def nearest_weights(problems: Problems) -> Floats:
    """(R, n) weights, on one thread: matrices are small, and threads that wait for each other cost more than they save.

    Dual Newton steps where the ridge spreads the weights, the active set elsewhere. A target within the hull of its points is
    reached by many weights: the ones with the smallest sum of squares are then found by dual Newton steps.
    """
    with _blas().limit(limits=1, user_api="blas"):
        return _nearest_weights(problems)


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController()


def _nearest_weights(problems: Problems) -> Floats:
    scale = problems.scale
    spread = problems.ridge * problems.allowed.sum(axis=1) > _SPREADING * scale
    weights = np.empty(problems.allowed.shape)
    _solve(problems, weights, np.flatnonzero(spread), by_dual_newton)
    _solve(problems, weights, np.flatnonzero(~spread), by_active_set)
    held = problems.product(weights)
    gap = _gap(problems, weights, held) / scale
    distance = (weights * (held - 2 * problems.cross)).sum(axis=1) + problems.square
    objective = distance + problems.ridge * (weights**2).sum(axis=1)
    other = weights.copy()
    _solve(problems, other, np.flatnonzero(spread & (gap > OPTIMAL)), by_active_set)
    _solve(problems, other, np.flatnonzero(~spread & (distance <= _WITHIN * scale)), by_dual_newton)
    held = problems.product(other)
    rival = (other * (held - 2 * problems.cross)).sum(axis=1) + problems.square + problems.ridge * (other**2).sum(axis=1)
    better = (rival < objective) | (_gap(problems, other, held) / scale < gap)
    return np.where(better[:, None], other, weights)


def optimality_gap(problems: Problems, weights: Floats) -> Floats:
    """(R,) what a step towards the best single point gains at first order (Frank & Wolfe 1956), relative to the distances."""
    return _gap(problems, weights, problems.product(weights)) / problems.scale


def by_active_set(problems: Problems) -> Floats:
    """(R, n) weights; one that enters for a gain within rounding is left out.

    Ends at any weights that reach a target within the hull of its points.
    """
    count, size = problems.allowed.shape
    own = np.where(problems.allowed, _squares(problems) - 2 * problems.cross, np.inf)
    weights = np.zeros((count, size))
    weights[np.arange(count), own.argmin(axis=1)] = 1
    held = weights > 0
    scale = problems.scale
    tolerance = 1e-13 * scale  # rounding of sums of some hundred numbers
    entered = np.full(count, -1)
    open_rows = np.arange(count)
    for _ in range(50 * size):
        if len(open_rows) == 0:
            break
        trial, stuck = _equality(problems, scale, held, open_rows, entered)
        whole = ((trial > 0) | ~held[open_rows]).all(axis=1) & ~stuck
        back = ~whole & ~stuck
        _retreat(weights, held, open_rows[back], trial[back])
        rows = open_rows[whole]
        weights[rows] = trial[whole]
        reached = problems.product(weights[rows], rows) - problems.cross[rows]
        distance = (weights[rows] * (reached - problems.cross[rows])).sum(axis=1) + problems.square[rows]
        slopes = reached + problems.ridge[rows, None] * weights[rows]
        level = (weights[rows] * slopes).sum(axis=1)
        outside = np.where(problems.allowed[rows] & ~held[rows], slopes, np.inf)
        new = outside.argmin(axis=1)
        gains = (outside[np.arange(len(rows)), new] < level - tolerance[rows]) & (distance > _WITHIN * scale[rows])
        held[rows[gains], new[gains]] = True
        entered[rows[gains]] = new[gains]
        still = back.copy()
        still[np.flatnonzero(whole)[gains]] = True
        open_rows = open_rows[still]
    return weights


def _equality(problems: Problems, scale: Floats, held: Mask, rows: Index, entered: Index) -> tuple[Floats, Mask]:
    """Weights of the held points were their sign free, and whether the point that came in last would go out at once."""
    mine = held[rows]
    width = int(mine.sum(axis=1).max())
    index = np.argsort(~mine, axis=1, kind="stable")[:, :width]
    valid = np.take_along_axis(mine, index, axis=1)
    shift = scale[rows, None, None]  # a constant added to every product: the weights sum to one
    system = np.where(valid[:, :, None] & valid[:, None, :], problems.block(rows, index) + shift, 0.0)
    diagonal = np.arange(width)
    system[:, diagonal, diagonal] += np.where(valid, problems.ridge[rows, None], 1.0)
    sides = np.stack([np.take_along_axis(problems.cross[rows], index, axis=1) * valid, valid.astype(float)], axis=2)
    solved = np.linalg.solve(system, sides)
    solved += np.linalg.solve(system, sides - system @ solved)  # refined once
    toward, along = solved[..., 0], solved[..., 1]
    factor = (1 - toward.sum(axis=1)) / along.sum(axis=1)
    trial = np.zeros(mine.shape)
    np.put_along_axis(trial, index, np.where(valid, toward + factor[:, None] * along, 0.0), axis=1)
    each, last = np.arange(len(rows)), entered[rows]
    return trial, (last >= 0) & mine[each, last] & (trial[each, last] <= 0)


def _retreat(weights: Floats, held: Mask, rows: Index, trial: Floats) -> None:
    """Go towards the trial until the first weight is 0, and let that one go."""
    mine = weights[rows]
    falling = held[rows] & (trial <= 0)
    share = np.where(falling, mine / np.where(falling, mine - trial, 1.0), np.inf)
    step = share.min(axis=1, keepdims=True)
    gone = share <= step
    weights[rows] = np.where(gone, 0.0, mine + step * (trial - mine))
    held[rows] &= ~gone


def by_dual_newton(problems: Problems) -> Floats:
    """(R, n) weights.

    With s = (b − Σ w z) ÷ c the weights are the projection of the products z·s onto the simplex, and s is the root of the
    gradient of a convex function, quadratic between kinks: Newton's step is exact once the positive weights are known.
    """
    points, targets = _coordinates(problems)
    count, width = targets.shape
    ridge, allowed = problems.ridge, problems.allowed
    dual = np.zeros((count, width))
    weights = _onto_simplex(np.zeros(allowed.shape), allowed)
    value = _dual_value(np.zeros(allowed.shape), targets, ridge, dual, weights)
    squares = _Squares.of_all(points, count)
    open_rows = np.arange(count)
    for _ in range(_STEPS):
        rows = open_rows
        mine = points if points.ndim == 2 else points[rows]  # noqa: PLR2004 -- shared by all problems
        held = weights[rows] > 0
        gradient = ridge[rows, None] * dual[rows] - targets[rows] + _combine(mine, weights[rows])
        step = -np.linalg.solve(squares.curvature(rows, held, ridge[rows]), gradient[:, :, None])[:, :, 0]
        slope = (gradient * step).sum(axis=1)
        length = np.ones(len(rows))
        for _halving in range(30):
            trial = dual[rows] + length[:, None] * step
            reach = _project(mine, trial)
            found = _onto_simplex(reach, allowed[rows])
            worth = _dual_value(reach, targets[rows], ridge[rows], trial, found)
            too_far = worth > value[rows] + 1e-4 * length * slope + 1e-13 * np.abs(value[rows])
            if not too_far.any():
                break
            length[too_far] /= 2
        settled = (length == 1) & ((found > 0) == held).all(axis=1)
        dual[rows], weights[rows], value[rows] = trial, found, worth
        open_rows = rows[~settled]
        if len(open_rows) == 0:
            break
    return weights


def _coordinates(problems: Problems) -> tuple[Floats, Floats]:
    """Points, (n, q) shared or (R, n, n), and (R, q) targets that have the products of the problems."""
    if problems.points is not None:
        points = problems.points
        return points, np.asarray(np.linalg.lstsq(points, problems.cross.T, rcond=1e-13)[0].T, dtype=np.float64)
    value, vector = np.linalg.eigh(problems.gram)  # type: ignore[arg-type] # one of the two is given
    sound = value > 1e-13 * value[:, -1:]  # what rounding leaves of a zero
    root = np.sqrt(np.where(sound, value, 0.0))
    along = np.matmul(problems.cross[:, None, :], vector)[:, 0, :]
    return vector * root[:, None, :], np.divide(along, root, out=np.zeros_like(along), where=sound)


@dataclass
class _Squares:
    """Σ z zᵀ over the points that count in each problem, brought up to date by those that came and went.

    points (n, q) shared or (R, n, q); counted (R, n); total (R, q, q)
    """

    points: Floats
    counted: Mask
    total: Floats

    @classmethod
    def of_all(cls, points: Floats, count: int) -> _Squares:
        total = points.swapaxes(-1, -2) @ points
        width = points.shape[-1]
        whole = np.broadcast_to(total, (count, width, width)).copy()
        return cls(points, np.ones((count, points.shape[-2]), dtype=bool), whole)

    def curvature(self, rows: Index, held: Mask, ridge: Floats) -> Floats:
        """(m, q, q) c I + Σ (z − z̄)(z − z̄)ᵀ over the k held points of some problems."""
        changed = held ^ self.counted[rows]
        for row, moved, mine in zip(rows, changed, held, strict=True):
            part = self._of(row)[moved]
            self.total[row] += part.T @ (part * np.where(mine[moved], 1.0, -1.0)[:, None])
        self.counted[rows] = held
        number = held.sum(axis=1)
        points = self.points if self.points.ndim == 2 else self.points[rows]  # noqa: PLR2004 -- shared by all problems
        mean = _combine(points, held.astype(float)) / number[:, None]
        curvature = self.total[rows] - (number[:, None] * mean)[:, :, None] * mean[:, None, :]
        diagonal = np.arange(curvature.shape[1])
        curvature[:, diagonal, diagonal] += ridge[:, None]
        return curvature

    def _of(self, row: int) -> Floats:
        return self.points if self.points.ndim == 2 else self.points[row]  # noqa: PLR2004 -- shared by all problems


def _onto_simplex(values: Floats, allowed: Mask) -> Floats:
    """(R, n) nearest point of the simplex over the allowed places (Held, Wolfe & Crowder 1974)."""
    low = np.where(allowed, values, -np.inf)
    order = -np.sort(-low, axis=1)
    finite = np.isfinite(order)
    order = np.where(finite, order, 0.0)
    total = np.cumsum(order, axis=1) - 1
    number = (finite & (order * np.arange(1, values.shape[1] + 1) > total)).sum(axis=1, keepdims=True)
    return np.maximum(low - np.take_along_axis(total, number - 1, axis=1) / number, 0.0)


def _dual_value(reach: Floats, targets: Floats, ridge: Floats, dual: Floats, weights: Floats) -> Floats:
    penalty = ridge / 2 * (dual**2).sum(axis=1)
    return penalty - (targets * dual).sum(axis=1) + (reach * weights).sum(axis=1) - (weights**2).sum(axis=1) / 2


def _solve(problems: Problems, weights: Floats, rows: Index, method: Callable[[Problems], Floats]) -> None:
    if len(rows):
        weights[rows] = method(problems.rows(rows))


def _squares(problems: Problems) -> Floats:
    """(n,) or (R, n) z_i·z_i."""
    if problems.points is not None:
        return (problems.points**2).sum(axis=1)
    return np.diagonal(problems.gram, axis1=1, axis2=2)  # type: ignore[arg-type] # one of the two is given


def _gap(problems: Problems, weights: Floats, held: Floats) -> Floats:
    slopes = held - problems.cross + problems.ridge[:, None] * weights
    return np.maximum((weights * slopes).sum(axis=1) - np.where(problems.allowed, slopes, np.inf).min(axis=1), 0.0)


def _combine(points: Floats, weights: Floats) -> Floats:
    return weights @ points if points.ndim == 2 else np.matmul(weights[:, None, :], points)[:, 0, :]  # noqa: PLR2004 -- shared


def _project(points: Floats, directions: Floats) -> Floats:
    return directions @ points.T if points.ndim == 2 else np.matmul(points, directions[:, :, None])[:, :, 0]  # noqa: PLR2004 -- shared
