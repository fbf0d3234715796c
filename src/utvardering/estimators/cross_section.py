"""A panel as one row per area: how much the outcome changed from before the start to after, and what the area was like before.

Nothing of a covariate after the start is used, but where it is an effect of the measure; such a name is never adjusted for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import additive_values, require_periods, without_anticipation
from utvardering.estimators.did import unit_noise
from utvardering.inference.noise import seen_mean
from utvardering.study.model import Outcome


@dataclass(frozen=True)
class CrossSection:
    """N areas with a value of the outcome on both sides of the start.

    change      (N,) mean of the outcome after the start less the mean before, on the additive scale
    others      (N, K) covariates before the start, standardised, and a column for each group of the period effects but one
    weight      (N,) analysis weight
    noise       (N,) predicted variance of the change, up to a factor
    n_obs       cells of the outcome that were used
    note        which areas were left out, and why
    """

    sample: Sample
    scale: str
    change: NDArray[np.float64]
    others: NDArray[np.float64]
    weight: NDArray[np.float64]
    noise: NDArray[np.float64]
    n_obs: int
    note: str = ""

    @property
    def treated(self) -> NDArray[np.bool_]:
        """(N,) whether the area got the measure."""
        return self.sample.treated


def cross_section(whole: Sample, outcome: Outcome, names: tuple[str, ...]) -> CrossSection:
    """The areas of a sample as a cross-section, with the covariates named.

    Areas without a value on one side of the start, of a covariate before it, or without weight are left out. Raises DesignError
    where starts differ, or where nothing is left to compare.
    """
    require_periods(whole, outcome)
    start = whole.common_start
    if start is None:
        msg = (
            f"{outcome.id}: the areas started at different times, and adjusted compares one time before with one after; "
            'write estimator = "staggered_did"'
        )
        raise DesignError(msg)
    sample = without_anticipation(whole)
    start -= whole.anticipation
    values, scale = additive_values(sample, outcome)
    seen = np.isfinite(values)
    course = _period_effects(values, sample.treated) if not seen.all() else np.zeros(values.shape[1])
    net = values - course
    before, after = (seen_mean(part, 1)[:, 0] for part in (net[:, :start], net[:, start:]))
    levels = _levels(sample, names, start, outcome)
    weights = sample.grid.weights
    weight = np.ones(len(values)) if weights is None else seen_mean(np.where(seen, weights, np.nan), 1)[:, 0]
    keep = np.isfinite(after - before) & np.isfinite(levels).all(axis=1) & (np.nan_to_num(weight) > 0)
    note = "" if keep.all() else f"{int((~keep).sum())} areas are left out, which lack values before or after the start"
    if not (keep & sample.treated).any() or not (keep & ~sample.treated).any():
        which = "treated" if not (keep & sample.treated).any() else "comparison"
        msg = f"{outcome.id}: no {which} area has values before and after the start and of {', '.join(names) or 'its weight'}"
        raise DesignError(msg)
    kept = sample.only(keep)
    lengths = 1 / seen[keep, :start].sum(axis=1) + 1 / seen[keep, start:].sum(axis=1)
    return CrossSection(
        kept,
        scale,
        (after - before)[keep],
        np.column_stack([_standardised(levels[keep]), *_group_columns(kept)]),
        weight[keep],
        unit_noise(kept, values[keep]) * lengths,
        int(seen[keep].sum()),
        note,
    )


def change_of(sample: Sample, name: str) -> NDArray[np.float64]:
    """(N,) change of a covariate from before the start to after, for a name that is an effect of the measure."""
    start = int(sample.start[sample.treated].min())
    values = sample.grid.covariates[name]
    return (seen_mean(values[:, start:], 1) - seen_mean(values[:, : max(start - sample.anticipation, 1)], 1))[:, 0]


def level_of(sample: Sample, name: str) -> NDArray[np.float64]:
    """(N,) mean of a covariate over the periods before the start, less anticipation."""
    start = int(sample.start[sample.treated].min())
    return seen_mean(sample.grid.covariates[name][:, : max(start - sample.anticipation, 1)], 1)[:, 0]


def _levels(sample: Sample, names: tuple[str, ...], start: int, outcome: Outcome) -> NDArray[np.float64]:
    absent = [name for name in names if name not in sample.grid.covariates]
    if absent:
        msg = f"{outcome.id}: {', '.join(absent)} cannot be adjusted for, since the data hold no such column for its periods"
        raise DesignError(msg)
    columns = [seen_mean(sample.grid.covariates[name][:, :start], 1)[:, 0] for name in names]
    return np.column_stack(columns) if columns else np.empty((len(sample.y), 0))


def _standardised(levels: NDArray[np.float64]) -> NDArray[np.float64]:
    spread = levels.std(axis=0)
    return (levels - levels.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def _group_columns(sample: Sample) -> list[NDArray[np.float64]]:
    if sample.groups is None:
        return []
    return [(sample.groups == code).astype(float) for code in np.unique(sample.groups)[1:]]


def _period_effects(values: NDArray[np.float64], treated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(T,) period effects of the comparison areas, by least squares with area effects, so that a gap moves no mean."""
    seen = np.isfinite(values) & ~treated[:, None]
    y = np.where(seen, np.nan_to_num(values), 0.0)
    count = np.maximum(seen.sum(axis=1), 1)
    share = seen / count[:, None]
    products = np.diag(seen.sum(axis=0).astype(float)) - seen.T.astype(float) @ share
    return np.asarray(np.linalg.lstsq(products, y.sum(axis=0) - share.T @ y.sum(axis=1), rcond=None)[0], dtype=np.float64)
