"""What was the effect in period t on those who began in period g: ATT(g, t)?

ATT(g, t) = E[Y_t − Y_b | G = g] − E[Y_t − Y_b | C], where b = g − 1 − anticipation is the last period before anything may
have happened and C are the units that never get the measure, or have not got it by t (Callaway & Sant'Anna 2021, theorem 1).
With covariates the second mean is adjusted (`doubly_robust`). Every ATT(g, t) is a sum of outcomes with weights that do not
depend on them: the contrast, which re-assignments and standard errors both stand on.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import NEVER
from utvardering.estimators.doubly_robust import adjust


@dataclass(frozen=True)
class Cohorts:
    """Who began when. Periods are positions among T.

    code   (N,) cohort of each unit, −1 for those that never begin
    first  (P,) first period under the measure
    began  (P,) period in which the measure began: `first`, or the one before where that one was dropped as a partial one
    """

    code: NDArray[np.intp]
    first: NDArray[np.int64]
    began: NDArray[np.int64]

    @property
    def began_by_row(self) -> NDArray[np.int64]:
        """(P + 1,) as `began`, with NEVER in the last row, which is that of the code −1."""
        return np.append(self.began, NEVER)


@dataclass(frozen=True)
class Material:
    """All that a contrast depends on, and the outcome.

    values (N, T), NaN where missing; weights (N, T) or None; covariates (N, T, k) taken at the base period, or None;
    groups (N,) codes within which the comparison is made, or None. not_yet: later starters are compared with too.
    universal: periods before the start are held against the base period as well, else against the period before them.
    """

    values: NDArray[np.float64]
    not_yet: bool = False
    anticipation: int = 0
    universal: bool = True
    weights: NDArray[np.float64] | None = None
    covariates: NDArray[np.float64] | None = None
    groups: NDArray[np.int64] | None = None

    @property
    def plain(self) -> bool:
        """Whether a contrast depends on nothing but who began when."""
        others = (self.weights, self.covariates, self.groups)
        return all(other is None for other in others) and not bool(np.isnan(self.values).any())


@dataclass(frozen=True)
class GroupTime:
    """C effects ATT(g, t), with what each unit adds to them.

    cohort, period, base  (C,) which cohort, in which period, held against which period
    effects               (C,)
    row                   (N,) row of `contrast` that holds for a unit
    contrast              (R, C) weight of a unit's change from base to period; rows are cohorts (the last: never) or units
    centre                (R, C) mean change in the arm of a row; or None, and then
    scores                (N, C) influence of each unit on each effect, whose squares sum to its variance
    used                  (N, T) cells that some effect uses; empty where nothing is scored and cells are averaged
    lost                  cohort and period pairs that nobody is left to be compared in
    unseen                cohort and period pairs in which no unit of the cohort has a value
    """

    cohort: NDArray[np.intp]
    period: NDArray[np.intp]
    base: NDArray[np.intp]
    effects: NDArray[np.float64]
    row: NDArray[np.intp]
    contrast: NDArray[np.float64]
    centre: NDArray[np.float64] | None
    scores: NDArray[np.float64] | None
    used: NDArray[np.bool_]
    lost: tuple[tuple[int, int], ...] = field(default=())
    unseen: tuple[tuple[int, int], ...] = field(default=())

    def pattern(self, weights: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K, R, T) weight of an outcome in K weighted sums of the effects; weights (C, K)."""
        step = self._step()
        used = [np.flatnonzero(column) for column in weights.T]
        return np.stack(
            [self.contrast[:, some] @ (column[some, None] * step[some]) for some, column in zip(used, weights.T, strict=True)]
        )

    def variance(self, weights: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
        """(K,) Σ_i σ²_i Σ_t v²_it of K weighted sums of the effects, v as in `pattern`; weights (C, K), noise (N,) the σ²_i."""
        step = self._step()
        spread = (self.contrast[self.row].T * noise) @ self.contrast[self.row] * (step @ step.T)
        return np.sum(weights * (spread @ weights), axis=0)

    def _step(self) -> NDArray[np.float64]:
        """(C, T) 1 in the period and −1 in the base period of each effect."""
        step = np.zeros((len(self.effects), self.used.shape[1]))
        place = np.arange(len(self.effects))
        step[place, self.period] = 1.0
        step[place, self.base] -= 1.0
        return step

    def influence(self, weights: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, K) influence of each unit on K weighted sums of the effects; weights (C, K)."""
        if self.scores is not None:
            return self.scores @ weights
        assert self.centre is not None  # noqa: S101 -- one of the two is always there
        middle = (self.contrast * self.centre) @ weights
        pattern = self.pattern(weights)
        found = np.empty((len(values), weights.shape[1]))
        for r in range(len(self.contrast)):
            inside = self.row == r
            found[inside] = values[inside] @ pattern[:, r].T - middle[r]
        return found


def group_time(material: Material, cohorts: Cohorts, *, scored: bool = True) -> GroupTime:
    """Every ATT(g, t) that can be had. scored: False leaves out what only standard errors need.

    Raises NoOverlapError (`doubly_robust`) where covariates leave no comparison.
    """
    cells = _cells(cohorts, material)
    return _closed(material, cohorts, cells) if material.plain else _adjusted(material, cohorts, cells, scored=scored)


def base_period(cohorts: Cohorts, anticipation: int) -> NDArray[np.int64]:
    """(P,) the period that each cohort is held against; negative where the panel begins too late."""
    return cohorts.began - 1 - anticipation


def _cells(cohorts: Cohorts, material: Material) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """(C,) cohort, period and base of every pair that differs."""
    n_periods = material.values.shape[1]
    base = base_period(cohorts, material.anticipation)
    cohort = np.repeat(np.arange(len(base)), n_periods)
    period = np.tile(np.arange(n_periods), len(base))
    against = base[cohort].astype(np.intp)
    if not material.universal:
        against = np.where(period <= against, period - 1, against)
    keep = (period != against) & (against >= 0)
    return cohort[keep], period[keep], against[keep]


def _compared(cohorts: Cohorts, material: Material, cohort: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(P + 1, C) which cohorts (last row: never) stand for a cell whose last period is `last`."""
    row = np.arange(len(cohorts.first) + 1)[:, None]
    never = row == len(cohorts.first)
    if not material.not_yet:
        return np.broadcast_to(never, (len(row), len(cohort)))
    later = cohorts.began_by_row[:, None] > last + material.anticipation
    return never | (later & (row != cohort))


def _closed(
    material: Material, cohorts: Cohorts, cells: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]
) -> GroupTime:
    """From cohort means alone: complete cells, no weights, no covariates."""
    cohort, period, base = cells
    values = material.values
    count = len(cohorts.first)
    row = np.where(cohorts.code < 0, count, cohorts.code)
    size = np.bincount(row, minlength=count + 1)
    total = np.stack([values[row == r].sum(axis=0) for r in range(count + 1)])
    mean = total / np.maximum(size, 1)[:, None]
    compared = _compared(cohorts, material, cohort, np.maximum(period, base))
    held = compared * size[:, None]
    whole = held.sum(axis=0)
    keep = whole > 0
    lost = tuple(zip(cohort[~keep].tolist(), period[~keep].tolist(), strict=True))
    cohort, period, base, compared, whole, held = (
        cohort[keep],
        period[keep],
        base[keep],
        compared[:, keep],
        whole[keep],
        held[:, keep],
    )
    change = mean[:, period] - mean[:, base]
    place = np.arange(len(cohort))
    treated_mean = change[cohort, place]
    other_mean = (held * change).sum(axis=0) / whole
    contrast = np.where(compared, -1.0 / whole, 0.0)
    contrast[cohort, place] = 1.0 / size[cohort]
    centre = np.broadcast_to(other_mean, contrast.shape).copy()
    centre[cohort, place] = treated_mean
    used = np.ones(values.shape, dtype=bool)
    return GroupTime(cohort, period, base, treated_mean - other_mean, row, contrast, centre, None, used, lost)


def _adjusted(
    material: Material,
    cohorts: Cohorts,
    cells: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]],
    *,
    scored: bool,
) -> GroupTime:
    """With missing cells, weights, groups or covariates: each pair of periods on the units that have values in both."""
    cohort, period, base = cells
    values = material.values
    row = np.where(cohorts.code < 0, len(cohorts.first), cohorts.code)
    compared = _compared(cohorts, material, cohort, np.maximum(period, base))
    seen = np.isfinite(values)
    known = seen if material.covariates is None else seen & np.isfinite(material.covariates).all(axis=2)
    inside = (compared[row] | (row[:, None] == cohort)) & seen[:, period] & known[:, base]
    own = row[:, None] == cohort
    present, other = (inside & own).any(axis=0), (inside & ~own).any(axis=0)
    unseen = _pairs(cohort, period, ~present)
    lost = _pairs(cohort, period, present & ~other)
    keep = np.flatnonzero(present & other)
    chosen = (cohort[keep], period[keep], base[keep])
    if material.covariates is None and material.groups is None:
        averaged = _averaged(material, chosen, own[:, keep], inside[:, keep], scored=scored)
        effects, contrast, scores, used = averaged
        return GroupTime(*chosen, effects, np.arange(len(values)), contrast, None, scores, used, lost, unseen)
    effects = np.empty(len(keep))
    contrast = np.zeros((len(values), len(keep)))
    scores = np.zeros_like(contrast) if scored else None
    used = np.zeros(values.shape, dtype=bool)
    for together in _alike(cohort[keep], base[keep], inside[:, keep]):
        first = keep[together[0]]
        units = np.flatnonzero(inside[:, first])
        b = base[first]
        change = values[np.ix_(units, period[keep[together]])] - values[units, b][:, None]
        weights = np.ones(len(units)) if material.weights is None else material.weights[units, b]
        covariates = None if material.covariates is None else material.covariates[units, b]
        groups = None if material.groups is None else material.groups[units]
        found = adjust(own[units, first], weights, covariates, groups)
        effects[together] = found.contrast @ change
        contrast[np.ix_(units, together)] = found.contrast[:, None]
        used[np.ix_(units, np.append(period[keep[together]], b))] = True
        if scores is not None:
            scores[np.ix_(units, together)] = found.influence(change)
    return GroupTime(*chosen, effects, np.arange(len(values)), contrast, None, scores, used, lost, unseen)


def _averaged(
    material: Material,
    cells: tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]],
    own: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    *,
    scored: bool,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64] | None, NDArray[np.bool_]]:
    """Effects (C,), contrast and scores (N, C) and used cells from weighted means of the units inside (N, C)."""
    _, period, base = cells
    weights = inside.astype(float) if material.weights is None else inside * material.weights[:, base]
    treated, other = weights * own, weights * ~own
    treated, other = treated / treated.sum(axis=0), other / other.sum(axis=0)
    contrast = treated - other
    change = np.where(inside, material.values[:, period] - material.values[:, base], 0.0)
    used = np.zeros(material.values.shape, dtype=bool)
    if not scored:
        return np.sum(contrast * change, axis=0), contrast, None, used
    treated_mean, other_mean = np.sum(treated * change, axis=0), np.sum(other * change, axis=0)
    scores = treated * (change - treated_mean) - other * (change - other_mean)
    for c in range(len(period)):
        used[inside[:, c], period[c]] = True
        used[inside[:, c], base[c]] = True
    return treated_mean - other_mean, contrast, scores, used


def _pairs(cohort: NDArray[np.intp], period: NDArray[np.intp], which: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    return tuple(zip(cohort[which].tolist(), period[which].tolist(), strict=True))


def _alike(cohort: NDArray[np.intp], base: NDArray[np.intp], inside: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    """Positions of the cells that share cohort, base period and units, and so one contrast."""
    kinds: dict[tuple[int, int, bytes], list[int]] = {}
    packed = np.packbits(inside, axis=0).T.copy()
    for place, (g, b) in enumerate(zip(cohort.tolist(), base.tolist(), strict=True)):
        kinds.setdefault((g, b, packed[place].tobytes()), []).append(place)
    return [np.array(places, dtype=np.intp) for places in kinds.values()]
