"""Which weight does a regression on unit, period and cohort-by-period effects give each cell in a sum of its coefficients?

Any such sum is Σ v_it y_it, and v follows from the normal equations without an outcome (Borusyak, Jaravel & Spiess 2024 for
imputation; the algebra is the same for Sun & Abraham 2021). Unit effects are eliminated by hand, so that a solution costs a
matrix as large as the periods and cohort cells, however many units there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import LinAlgError, cho_factor, cho_solve

from utvardering.errors import DesignError

_LOOSE = 1e-8  # relative: how far weights may miss their targets before a coefficient counts as not identified

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Saturated:
    """Weighted least squares of (N, T) tables on unit effects, period effects by group, and effects of some cohort cells.

    weights     (N, T), 0 where a cell is not used
    groups      (N,) groups of the period effects, counted from 0
    cohort      (N,) cohort of each unit, counted from 0
    dummies     (C, T) whether a cohort has an effect of its own in a period; all False for plain two-way effects
    covariates  (X, N, T) without NaN
    """

    weights: Array
    groups: NDArray[np.int64]
    cohort: NDArray[np.int64]
    dummies: NDArray[np.bool_]
    covariates: Array = field(default_factory=lambda: np.empty((0, 0, 0)))

    @property
    def n_parameters(self) -> int:
        """Covariates, period effects and cohort cells that any used cell has; unit effects are not counted."""
        used = (self.weights > 0).astype(float)
        _, period, cohort = self._sums(used[None])
        return int((period > 0).sum() + (cohort > 0).sum()) + len(self.covariates)

    def fit(self, values: Array) -> Array:
        """(K, N, T) fitted values of (K, N, T) variables without NaN; meant only where all effects are identified."""
        fitted = self._cells(*self._solve(*self._sums(self.weights * values)))
        if len(self.covariates):
            slopes = self._slopes(np.einsum("xnt,nt,knt->xk", self._left, self.weights, values))
            fitted = fitted + np.einsum("xk,xnt->knt", slopes, self._left)
        return fitted

    def weights_of_fit(self, target: Array) -> Array:
        """(K, N, T) weights v with Σ v y = Σ target · fitted value, for (K, N, T) targets; DesignError where not identified."""
        return self._weights(target, self._sums(target), np.einsum("knt,xnt->xk", target, self._given))

    def weights_of_cohorts(self, target: Array) -> Array:
        """(K, N, T) weights v with Σ v y = Σ target · cohort effect of the cell; DesignError where not identified."""
        unit, period, cohort = self._sums(target)
        none = np.zeros((len(self._given), len(target)))
        return self._weights(target, (np.zeros_like(unit), np.zeros_like(period), cohort), none)

    def _weights(self, target: Array, wanted: tuple[Array, Array, Array], by_covariates: Array) -> Array:
        v = self.weights * self._cells(*self._solve(*wanted))
        scale = max(float(np.abs(target).sum(axis=(1, 2)).max()), np.finfo(float).tiny)
        for one, other in zip(self._sums(v), wanted, strict=True):
            if not np.allclose(one, other, rtol=0, atol=_LOOSE * scale):
                msg = "some effects cannot be told apart from unit and period effects"
                raise DesignError(msg)
        if len(self.covariates):
            slopes = self._slopes(by_covariates - np.einsum("knt,xnt->xk", v, self._given))
            v = v + self.weights * np.einsum("xk,xnt->knt", slopes, self._left)
        return v

    @property
    def _given(self) -> Array:
        return self.covariates if len(self.covariates) else np.empty((0, *self.weights.shape))

    @cached_property
    def _left(self) -> Array:
        """(X, N, T) covariates less what the effects explain of them."""
        return self.covariates - self._cells(*self._solve(*self._sums(self.weights * self.covariates)))

    def _slopes(self, right: Array) -> Array:
        cross = np.einsum("xnt,nt,znt->xz", self._left, self.weights, self._left)
        size = np.einsum("xnt,nt,xnt->x", self.covariates, self.weights, self.covariates)
        if np.any(np.linalg.eigvalsh(cross / np.sqrt(np.outer(size, size))) < _LOOSE):
            msg = "a covariate does not vary once unit and period effects are taken out; leave it out"
            raise DesignError(msg)
        return np.asarray(np.linalg.solve(cross, right))

    def _sums(self, table: Array) -> tuple[Array, Array, Array]:
        """(K, N) sums by unit, (K, G, T) by group and period, (K, D) by cohort cell with an effect of its own."""
        by_group = np.zeros((len(table), self._n_groups, table.shape[2]))
        by_cohort = np.zeros((len(table), *self.dummies.shape))
        for g, c in self._blocks:
            part = table[:, self._blocks[g, c]].sum(axis=1)
            by_group[:, g] += part
            by_cohort[:, c] += part
        return table.sum(axis=2), by_group, by_cohort[:, self.dummies]

    @cached_property
    def _n_groups(self) -> int:
        return int(self.groups.max()) + 1

    @cached_property
    def _blocks(self) -> dict[tuple[int, int], NDArray[np.intp]]:
        pairs = np.unique(np.column_stack([self.groups, self.cohort]), axis=0)
        return {(int(g), int(c)): np.flatnonzero((self.groups == g) & (self.cohort == c)) for g, c in pairs}

    @cached_property
    def _inverse_mass(self) -> Array:
        mass = self.weights.sum(axis=1)
        return np.divide(1.0, mass, out=np.zeros_like(mass), where=mass > 0)

    @cached_property
    def _positions(self) -> NDArray[np.int64]:
        """(C, T) place of a cohort cell among the unknowns after the period effects."""
        return self._n_groups * self.weights.shape[1] + np.cumsum(self.dummies).reshape(self.dummies.shape) - 1

    @cached_property
    def _normal(self) -> Array:
        """Normal equations of period effects and cohort cells, unit effects eliminated, made regular."""
        n_periods = self.weights.shape[1]
        size = self._n_groups * n_periods + int(self.dummies.sum())
        normal = np.zeros((size, size))
        for (g, c), rows in self._blocks.items():
            w = self.weights[rows]
            block = np.diag(w.sum(axis=0)) - (w * self._inverse_mass[rows, None]).T @ w
            period = np.arange(g * n_periods, (g + 1) * n_periods)
            own, cells = self.dummies[c], self._positions[c, self.dummies[c]]
            normal[np.ix_(period, period)] += block
            normal[np.ix_(cells, cells)] += block[np.ix_(own, own)]
            normal[np.ix_(period, cells)] += block[:, own]
            normal[np.ix_(cells, period)] += block[own]
        diagonal = np.diag(normal).copy()
        level = diagonal.max(initial=0) or 1.0
        for g in range(self._n_groups):  # within a group, unit effects less a constant and period effects with it fit as well
            period = np.arange(g * n_periods, (g + 1) * n_periods)
            period = period[diagonal[period] > 0]
            normal[np.ix_(period, period)] += level / max(len(period), 1)
        empty = np.flatnonzero(diagonal <= 0)
        normal[empty, empty] = level
        return normal

    @cached_property
    def _factor(self) -> tuple[Array, bool] | None:
        try:
            return cho_factor(self._normal)
        except LinAlgError:
            return None

    def _solve(self, unit: Array, period: Array, cohort: Array) -> tuple[Array, Array, Array]:
        """Effects (K, N), (K, G, T), (K, D) whose weighted sums over cells are those given."""
        scaled = unit * self._inverse_mass
        _, by_period, by_cohort = self._sums(self.weights * scaled[:, :, None])
        right = np.concatenate([(period - by_period).reshape(len(unit), -1), cohort - by_cohort], axis=1).T
        if self._factor is not None:
            found = cho_solve(self._factor, right).T
        else:
            found = np.linalg.lstsq(self._normal, right, rcond=None)[0].T
        count = period[0].size
        by_period, by_cohort = found[:, :count].reshape(period.shape), found[:, count:]
        rest = self._cells(np.zeros_like(unit), by_period, by_cohort)
        return (unit - (self.weights * rest).sum(axis=2)) * self._inverse_mass, by_period, by_cohort

    def _cells(self, unit: Array, period: Array, cohort: Array) -> Array:
        """(K, N, T) sum of the effects that each cell has."""
        table = np.zeros((len(unit), *self.dummies.shape))
        table[:, self.dummies] = cohort
        return unit[:, :, None] + period[:, self.groups] + table[:, self.cohort]
