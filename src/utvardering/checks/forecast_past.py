"""The placebo test of `forecast_did` on a piece of the past, without learning the same past again for every try.

What a unit's past teaches knows neither who is treated nor what comes after, so it is learned once for a pseudo-start; a
try then costs one generalised least squares. With one pseudo-start for all a unit's score is a row of weights times its
values less what all have in common (`estimators.forecast_did`, whose numbers the tests hold this to).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import profiles
from utvardering.estimators.forecast_blocks import blocks, usable
from utvardering.estimators.forecast_model import learn, less_common, within
from utvardering.inference.randomization import deviations, p_value
from utvardering.inference.reassignment import reassign
from utvardering.study.model import Outcome

Floats = NDArray[np.float64]

_FEWEST_BEFORE, _FEWEST_UNITS = 4, 8  # those of forecast_did
_NO_SPREAD = 1e-9  # relative


@dataclass(frozen=True)
class ForecastPast:
    """What the periods before a pseudo-start teach: (N, B) score weights, (N,) variance of the score, share of precision.

    kept (N₀,): units of the sample that can be forecast; the others of the arrays are those alone
    """

    outcome: Outcome
    kept: NDArray[np.bool_]
    groups: NDArray[np.int64]
    own: Floats
    precision: Floats
    unit: float
    step: Floats
    traits: Floats
    score: Floats
    spread: Floats
    mass: Floats

    def test(self, sample: Sample, rng: np.random.Generator, draws: int) -> tuple[float, float]:
        """p-value and studentised score of the treated units of a sample that differs from the past in their cells alone."""
        if (sample.treated & ~self.kept).any():
            msg = f"{self.outcome.id}: a treated unit cannot be forecast"
            raise DesignError(msg)
        part = sample.only(self.kept)
        values = blocks(part, self.outcome).values / self.unit
        left = np.empty_like(values)
        for code in np.unique(self.groups):
            rows = self.groups == code
            left[rows] = less_common(values[rows], self.precision[rows], self.step, _standardised(self.traits[rows]))
        score = self.own * np.einsum("nb,nb->n", self.score, left)
        picks = reassign(profiles(part.grid.treatment)[0], rng, strata=part.strata, draws=draws, enumerate_up_to=draws)
        sd = deviations(np.repeat((self.own**2 * self.spread)[:, None], 1, axis=1), self.mass, picks)
        statistics = picks.total(score) / sd
        return p_value(statistics), float(statistics[0])


def forecast_past(sample: Sample, outcome: Outcome) -> ForecastPast:
    """Learn from the periods before the one start of a sample; a DesignError where `forecast_did` would refuse."""
    kept = usable(sample, outcome)
    part = sample.only(kept)
    blocked = blocks(part, outcome)
    if blocked.before < _FEWEST_BEFORE or len(part.units) < _FEWEST_UNITS:
        msg = f"{outcome.id}: too short a past or too few units for a forecast"
        raise DesignError(msg)
    past = blocked.values[:, : blocked.before]
    changes = past - past.mean(axis=1, keepdims=True)
    unit = float(np.std(changes - changes.mean(axis=0))) or 1.0
    wander = learn(past / unit, blocked.size, blocked.shape, _standardised(blocked.traits))
    precision = within(wander.covariance())
    before = blocked.before
    block = precision[:, before:, before:]
    weight = np.maximum(block.sum(axis=2), 0.0)
    through = np.einsum("nk,nkl->nl", weight, np.linalg.inv(block))
    to_past = np.einsum("nk,nkj->nj", through, precision[:, before:, :before])
    weights = part.grid.weights
    own = np.ones(len(weight)) if weights is None else weights.mean(axis=1) / weights.mean()
    mass = precision.trace(axis1=1, axis2=2)
    return ForecastPast(
        outcome=outcome,
        kept=kept,
        groups=np.zeros(len(weight), dtype=np.int64) if part.groups is None else part.groups,
        own=own,
        precision=precision,
        unit=unit,
        step=(np.arange(len(blocked.shape)) >= before).astype(float),
        traits=blocked.traits,
        score=np.column_stack([to_past, weight]),
        spread=np.einsum("nk,nk->n", through, weight),
        mass=mass / mass.sum(),
    )


def _standardised(traits: Floats) -> Floats:
    """Traits with mean 0 and spread 1, and their squares; those that do not vary are left out."""
    spread = traits.std(axis=0)
    kept = spread > _NO_SPREAD * np.maximum(np.abs(traits).max(axis=0, initial=0), 1e-300)
    z = (traits[:, kept] - traits[:, kept].mean(axis=0)) / spread[kept]
    return np.column_stack([z, z**2 - (z**2).mean(axis=0)])
