"""The panel as forecasts see it: complete blocks of periods, on the scale of the effect, with their precision.

Months and weeks are put together, so that neither the season nor a month with two events decides a forecast. Blocks are
counted from the first start in both directions; one that would hold periods of both sides never arises.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import additive_values
from utvardering.study.model import Outcome

Array = NDArray[np.float64]

LENGTHS = {"year": (1,), "quarter": (4, 2, 1), "month": (12, 6, 3, 2, 1), "week": (52, 26, 13, 4, 2, 1), "index": (4, 2, 1)}
"""Block lengths that divide a year, the longest first."""

BLOCKS_BEFORE = 6
"""Blocks wanted before the start: covariances are learned from fewer only where the past is shorter."""


@dataclass(frozen=True)
class Blocks:
    """Values (N, B) on the scale of the effect, shares of treatment (N, B), the blocks before the first start, and precision.

    size (N,): relative precision of a unit's value, mean 1; shape (B,): that of a block; traits (N, Q): what
    units may have in common beside time: size and rate of counts before the start; length: periods to a block.
    """

    values: Array
    treatment: Array
    before: int
    size: Array
    shape: Array
    traits: Array
    scale: str
    length: int


def block_length(sample: Sample) -> int:
    """Periods to a block: the longest that leaves BLOCKS_BEFORE before the start and no more than the follow-up."""
    first = int(sample.start[sample.treated].min())
    after = sample.y.shape[1] - first
    lengths = LENGTHS[sample.grid.calendar.unit]
    fitting = [length for length in lengths if length <= after and first // length >= BLOCKS_BEFORE]
    if sample.common_start is None or np.any((sample.grid.treatment > 0) & (sample.grid.treatment < 1)):
        return 1
    return fitting[0] if fitting else 1


def blocks(sample: Sample, outcome: Outcome) -> Blocks:
    """Fold a complete sample without anticipation periods; raises DesignError where the past is too short or too sparse."""
    grid = sample.grid
    first, length = int(sample.start[sample.treated].min()), block_length(sample)
    offset = first % length
    edges = np.unique(np.concatenate([[0], np.arange(offset, grid.y.shape[1], length)]))
    lengths = np.diff([*edges, grid.y.shape[1]]).astype(float)
    before = int(np.sum(edges < first))
    treatment = np.add.reduceat(grid.treatment, edges, axis=1) / lengths
    if outcome.kind != "count":
        values, scale = additive_values(sample, outcome)
        means = np.add.reduceat(values, edges, axis=1) / lengths
        size, none = np.ones(len(values)), np.zeros((len(values), 0))
        return Blocks(means, treatment, before, size, lengths / lengths.mean(), none, scale, length)
    exposure = np.ones_like(grid.y) if grid.exposure is None else grid.exposure
    events, exposed = (np.add.reduceat(values, edges, axis=1) for values in (grid.y, exposure))
    half = 0.5 * float(events.min() < 1)
    if events[sample.treated][:, before:].sum() == 0:
        msg = f"{outcome.id}: no events among the treated units after the start, so no ratio exists; take another outcome"
        raise DesignError(msg)
    size = events[:, :before].sum(axis=1) / before
    level = size[sample.treated].mean()
    if level < _SPARSE:
        msg = (
            f"{outcome.id}: the treated units have {level:.1f} events in a block of {length} periods, too few for a forecast "
            'of a logarithm; write estimator = "poisson_did"'
        )
        raise DesignError(msg)
    rate = size / exposed[:, :before].mean(axis=1)
    values = np.log((events + half) / exposed)
    shape = np.maximum(events.sum(axis=0), 1.0)
    traits = np.log(np.column_stack([size, rate]))
    return Blocks(values, treatment, before, size / size.mean(), shape / shape.mean(), traits, "log_ratio", length)


_SPARSE = 2.0  # events: below, the logarithm of a count with a half added is far from unbiased


def usable(sample: Sample, outcome: Outcome) -> NDArray[np.bool_]:
    """(N,) units with every value and, for counts, an event before the first start; a treated one without is refused."""
    first = int(sample.start[sample.treated].min())
    whole = np.all(np.isfinite(sample.y), axis=1)
    if outcome.kind == "count":
        whole &= np.nansum(sample.y[:, :first], axis=1) > 0
    lost = np.array(sample.units)[sample.treated & ~whole]
    if len(lost):
        msg = (
            f"{outcome.id}: {', '.join(map(str, lost[:3]))} lacks values, or any event before the start, and cannot be "
            "forecast; fill them in or choose another estimator"
        )
        raise DesignError(msg)
    return whole
