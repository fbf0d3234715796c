"""Taking out unit and period effects: two of our own ways, and linearmodels'."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.designs import sample
from utvardering.data.panel import NEVER
from utvardering.errors import DesignError
from utvardering.estimators.absorb import absorb, without_effects

PEER = 1e-6  # linearmodels iterates, and stops here some 1e-7 from the dense answer
DENSE = 1e-11  # rounding of a least-squares fit with some 70 columns


def panel(rng, *, units=30, periods=14, missing=0.15, weights=False, groups=False, covariates=False):
    y = rng.normal(size=(units, periods)) + 5 * rng.normal(size=(units, 1)) + rng.normal(size=periods)
    y[rng.uniform(size=y.shape) < missing] = np.nan
    start = np.full(units, NEVER)
    start[:4] = [6, 6, 8, 9]
    made = sample(y, start)
    grid = made.grid

    if weights:
        grid = replace(grid, weights=rng.uniform(0.5, 3, size=y.shape))
    if covariates:
        grid = replace(grid, covariates={"x": rng.normal(size=y.shape), "z": rng.normal(size=y.shape).cumsum(axis=1)})
    return replace(made, grid=grid, groups=np.arange(units) % 3 if groups else None)


def by_linearmodels(made, names):
    y = made.y
    weights = np.ones_like(y) if made.grid.weights is None else made.grid.weights
    groups = np.zeros(len(y), dtype=int) if made.groups is None else made.groups
    unit, period = np.nonzero(~np.isnan(y))
    columns = [made.grid.treatment, *(made.grid.covariates[name] for name in names)]
    first, rest = without_effects(
        y[unit, period],
        np.column_stack([value[unit, period] for value in columns]),
        unit,
        groups[unit] * y.shape[1] + period,
        weights[unit, period],
    )
    left = np.column_stack([first, rest[:, 0]])
    if names:
        root = np.sqrt(weights[unit, period])[:, None]
        left = left - rest[:, 1:] @ np.linalg.lstsq(root * rest[:, 1:], root * left, rcond=None)[0]
    return left


def by_dummies(made, names):
    """One least-squares fit with a column for each unit, each period of a group and each covariate."""
    y = made.y
    weights = np.ones_like(y) if made.grid.weights is None else made.grid.weights
    groups = np.zeros(len(y), dtype=int) if made.groups is None else made.groups
    unit, period = np.nonzero(~np.isnan(y))
    cells = groups[unit] * y.shape[1] + period
    dummies = [np.eye(len(y))[unit], np.eye(cells.max() + 1)[cells]]
    design = np.column_stack([*dummies, *(made.grid.covariates[name][unit, period] for name in names)])
    values = np.column_stack([value[unit, period] for value in (y, made.grid.treatment)])
    root = np.sqrt(weights[unit, period])[:, None]
    return values - design @ np.linalg.lstsq(root * design, root * values, rcond=None)[0]


@pytest.mark.parametrize("weights", [False, True])
@pytest.mark.parametrize("groups", [False, True])
@pytest.mark.parametrize("covariates", [False, True])
def test_missing_cells_weights_groups_and_covariates_as_dummies_and_linearmodels(weights, groups, covariates):
    made = panel(np.random.default_rng(3), weights=weights, groups=groups, covariates=covariates)
    names = ("x", "z") if covariates else ()
    taken = absorb(made, (made.y, made.grid.treatment), names)
    seen = ~np.isnan(made.y)
    ours = np.column_stack([value[seen] for value in taken.residuals])
    np.testing.assert_allclose(ours, by_dummies(made, names), atol=DENSE)
    np.testing.assert_allclose(ours, by_linearmodels(made, names), atol=PEER)
    assert np.isnan(taken.residuals[0][~seen]).all()


def test_without_missing_cells_elimination_gives_what_sums_give():
    whole = panel(np.random.default_rng(4), missing=0.0)
    one_less = whole.y.copy()
    by_sums = absorb(whole, (whole.y, whole.grid.treatment)).residuals[0]

    almost = np.ones_like(one_less)
    almost[0, 0] = 1 + 1e-9
    other = replace(whole, grid=replace(whole.grid, weights=almost))
    np.testing.assert_allclose(absorb(other, (whole.y, whole.grid.treatment)).residuals[0], by_sums, atol=1e-7)  # of the weight


def test_what_the_effects_take_up_wholly_is_refused():
    made = panel(np.random.default_rng(5))

    flat = replace(made, grid=replace(made.grid, covariates={"x": np.repeat(np.arange(30.0)[:, None], 14, axis=1)}))
    with pytest.raises(DesignError, match="does not vary once unit and period effects are taken out"):
        absorb(flat, (flat.y, flat.grid.treatment), ("x",))
