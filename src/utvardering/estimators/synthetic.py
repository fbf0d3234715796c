"""The engine behind `synthetic_control` and `synthetic_did`: one contrast with three weightings.

The effect is Σ_t (mean of the treated − Σ_i ω_i Y_it) over the periods after, as a mean, less the same over the periods before
with weights λ_t. Equal ω and λ give difference in differences; ω that reproduce the treated units' own path before the start,
and no λ, give synthetic control (Abadie, Diamond & Hainmueller 2010); ω and λ with an intercept, and a ridge on ω, give
synthetic difference in differences (Arkhangelsky, Athey, Hirshberg, Imbens & Wager 2021, eqs 4–6 and algorithm 1). With
staggered starts each start is fitted by itself against the units that never got the measure, and the effects are averaged
over treated cells (Clarke, Pailañir, Athey & Imbens 2023).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from utvardering.estimators.simplex import Floats, Mask, Problems, nearest_weights, sharing_points

TIE_RIDGE = 1e-4
"""Ridge, in standard deviations of a donor's change, where the method itself has none: it only decides between donor weights
that fit equally well, for those with the smallest sum of squares. The authors' package takes 1e-6."""


_CELLS = 4_000_000  # numbers of one intermediate array: 32 MB


@dataclass(frozen=True)
class Weighting:
    """How donors and periods before are weighted.

    unit_weights, period_weights   sought (True) or all alike (False); period_weights None: the periods before do not count
    intercept                      whether donors need only run parallel to the treated units
    spread                         whether ω has the ridge (N₁T₁)^¼ σ of the article; else TIE_RIDGE · σ
    """

    unit_weights: bool
    period_weights: bool | None
    intercept: bool
    spread: bool


DID = Weighting(unit_weights=False, period_weights=False, intercept=True, spread=False)
SC = Weighting(unit_weights=True, period_weights=None, intercept=False, spread=False)
DIFP = Weighting(unit_weights=True, period_weights=False, intercept=True, spread=False)
"""Synthetic control with an intercept and equal period weights (Doudchenko & Imbens 2016; Ferman & Pinto 2021)."""
SDID = Weighting(unit_weights=True, period_weights=True, intercept=True, spread=True)


@dataclass(frozen=True)
class Fit:
    """Weights of R assignments for treated units with one start.

    start     position of the first period under the measure
    contrast  (R, N) share of each treated unit less the weight of each donor; rows sum to 0
    periods   (R, start) weights of the periods before; zero for synthetic control
    donors    (R, N) whether a unit is a donor
    """

    start: int
    contrast: Floats
    periods: Floats
    donors: Mask

    @property
    def unit_weights(self) -> Floats:
        """(R, N) donor weights, summing to one."""
        return np.where(self.donors, -self.contrast, 0.0)

    def curve(self, values: Floats) -> Floats:
        """(R, T) effect in each period: the gap less its weighted mean before."""
        gap = self.contrast @ values
        return gap - (gap[:, : self.start] * self.periods).sum(axis=1, keepdims=True)

    def effect(self, values: Floats) -> Floats:
        """(R,) mean effect over the periods after."""
        return self.curve(values)[:, self.start :].mean(axis=1)


def fit(
    values: Floats,
    treated: Floats,
    donors: Mask,
    start: int,
    weighting: Weighting,
    *,
    unit_weights: Floats | None = None,
    noise: Floats | None = None,
) -> Fit:
    """Weights for R assignments of treated units with one start.

    values: (N, T) complete; treated: (R, N) share of each unit in the mean of the treated, rows summing to 1; donors: (R, N);
    unit_weights: (R, N) already known ones, for values that differ after the start only; noise: (R,) σ, else each
    assignment's own (`donor_noise`).
    """
    share = donors / donors.sum(axis=1, keepdims=True)
    noise = donor_noise(values[:, :start], donors) if noise is None else noise
    if unit_weights is None:
        unit_weights = _unit_weights(values, treated, donors, start, weighting, noise) if weighting.unit_weights else share
    if weighting.period_weights:
        periods = _period_weights(values, donors, start, noise)
    else:
        periods = np.full((len(treated), start), 0.0 if weighting.period_weights is None else 1 / start)
    return Fit(start, treated - unit_weights, periods, donors)


def _unit_weights(values: Floats, treated: Floats, donors: Mask, start: int, weighting: Weighting, noise: Floats) -> Floats:
    """Least squares of the treated path on the donors' paths before the start, less unit means where there is an intercept.

    Paths are turned into at most N − 1 coordinates, which keeps every distance between units.
    """
    before = values[:, :start]
    paths = before - before.mean(axis=1, keepdims=True) if weighting.intercept else before
    paths = paths - paths.mean(axis=0)
    if start >= len(values):
        left, size, _ = np.linalg.svd(paths, full_matrices=False)
        paths = (left * size)[:, : len(values) - 1]
    n_treated, n_after = (treated > 0).sum(axis=1), values.shape[1] - start
    zeta = (n_treated * n_after) ** 0.25 if weighting.spread else TIE_RIDGE
    return nearest_weights(sharing_points(paths, treated @ paths, donors, start * _ridge(zeta * noise, values)))


def _period_weights(values: Floats, donors: Mask, start: int, noise: Floats) -> Floats:
    """Least squares, over the donors, of their mean after the start on their values before, with an intercept."""
    before = values[:, :start]
    centre = before.mean(axis=1, keepdims=True)  # the level of a unit adds the same to every period: no distance changes
    cells = np.column_stack([before - centre, (values[:, start:] - centre).mean(axis=1)])
    cells = cells - cells.mean(axis=0)
    mask = donors.astype(float)
    number = mask.sum(axis=1)
    weights = np.empty((len(donors), start))
    together = max(_CELLS // (cells.shape[1] * max(cells.shape)), 1)
    for first in range(0, len(donors), together):
        rows = slice(first, first + together)
        mean = mask[rows] @ cells / number[rows, None]
        moments = _products(cells, donors[rows]) - number[rows, None, None] * mean[:, :, None] * mean[:, None, :]
        problems = Problems(
            allowed=np.ones((len(mean), start), dtype=bool),
            ridge=number[rows] * _ridge(TIE_RIDGE * noise[rows], values),
            cross=moments[:, :start, start],
            square=moments[:, start, start],
            gram=moments[:, :start, :start],
        )
        weights[rows] = nearest_weights(problems)
    return weights


def _products(cells: Floats, donors: Mask) -> Floats:
    """(R, T, T) Σ_i y_i y_iᵀ over the donors: the sum over all units less the few that are none, where they are few."""
    others = ~donors
    few = others.sum(axis=1)
    if few.min() < few.max() or 2 * few[0] > donors.shape[1]:
        inside = cells * donors[:, :, None]
        return np.asarray(inside.swapaxes(1, 2) @ inside)
    out = cells[np.nonzero(others)[1].reshape(len(donors), -1)]
    return np.asarray(cells.T @ cells - out.swapaxes(1, 2) @ out)


def donor_noise(before: Floats, donors: Mask) -> Floats:
    """(R,) standard deviation σ of the donors' changes from one period to the next (eq. 5 of the article)."""
    change = np.diff(before, axis=1)
    change = change - change.mean()
    count = donors.sum(axis=1) * change.shape[1]
    total, squares = donors @ change.sum(axis=1), donors @ (change**2).sum(axis=1)
    return np.sqrt(np.maximum(squares - total**2 / count, 0.0) / (count - 1))


def _ridge(root: Floats, values: Floats) -> Floats:
    """Square of a ridge, never so small beside the values that rounding decides in its place."""
    return np.maximum(root**2, 1e-16 * np.var(values))
