"""How many more events did each area have after the start than before, brought to the same time and exposure?

The unit-level side of the weighted displacement difference: changes, their Poisson variances, what each unit counts for in the
difference, and how much more than Poisson the past varied.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import take_periods, without_anticipation
from utvardering.estimators.poisson_did import dispersion
from utvardering.estimators.rank_one import Margins
from utvardering.inference.noise import count_spread, seen_mean
from utvardering.inference.randomization import LinearScores

Vector = NDArray[np.float64]

FEWEST_FREEDOM = 10
"""Degrees of freedom from which on the past is taken to say how much counts vary."""


@dataclass(frozen=True)
class AreaChanges:
    """(N,) numbers of each unit with a value on both sides of the start.

    before, after  events as over the whole time after at the unit's exposure then; their difference is the change
    variance       of the change, were the counts Poisson
    held           exposure over the whole time after (periods where there is no exposure)
    past           exposure over the periods seen before
    weight         mean analysis weight, 1 where there is none
    group          code of the period effects
    n_dropped      units left out, n_missing cells without a value among the others, n_obs cells with one
    """

    sample: Sample
    before: Vector
    after: Vector
    variance: Vector
    held: Vector
    past: Vector
    weight: Vector
    group: NDArray[np.int64]
    n_dropped: int
    n_missing: int
    n_obs: int

    @property
    def treated(self) -> NDArray[np.bool_]:
        """(N,) who got the measure."""
        return self.sample.treated

    @property
    def share(self) -> Vector:
        """(N,) share of the treated in the unit's group of period effects."""
        size = self.weight * self.held
        top = np.bincount(self.group, size * self.treated)
        return (top / np.bincount(self.group, size))[self.group]

    def coefficients(self) -> Vector:
        """(N,) what each unit's change counts for in the difference in events over all treated units.

        1 for the treated and −(treated exposure ÷ comparison exposure) for the comparison, where there are neither weights nor
        groups of period effects.
        """
        treated, share = self.treated.astype(float), self.share
        information = float(np.sum(treated * self.weight * self.held * (1 - share)))
        return float(self.held[self.treated].sum()) * self.weight * (treated - share) / information

    def scores(self) -> LinearScores:
        """Scores under no effect, singling out nobody; an effect of so many events is spread over the treated by exposure."""
        size, change = self.weight * self.held, self.weight * (self.after - self.before)
        pooled = np.bincount(self.group, change) / np.bincount(self.group, size)
        treated = self.treated.astype(float)
        slope = size * (treated - self.share) / float(self.held[self.treated].sum())
        return LinearScores(
            score=(change - size * pooled[self.group])[:, None],
            slope=slope[:, None],
            spread=(self.weight**2 * self.predicted_variance())[:, None],
            mass=size / size.sum(),
        )

    def predicted_variance(self) -> Vector:
        """(N,) variance of the change as the time before alone predicts it, by a rule that treats all units alike.

        Each unit's rate before is drawn one event towards the common rate; the binomial spread h of a count after, given both,
        becomes φh + ψh² with φ and ψ from the past (`inference.noise.count_dispersion`).
        """
        seen = self.before / self.held * self.past
        rate = (seen + 1) / (self.past + self.past.sum() / max(seen.sum(), 1.0))
        total = rate * (self.past + self.held)
        share = self.held / (self.past + self.held)
        spread = count_spread(total * share, total)
        phi, psi = dispersion(self.sample)
        return (phi * spread + psi * spread**2) / (1 - share) ** 2


def under_the_measure(sample: Sample, outcome: str) -> NDArray[np.bool_]:
    """(T,) the periods before the one start of all treated units, and those after it in which all have the measure.

    Raises DesignError where starts or ends differ.
    """
    start = sample.common_start
    course = sample.grid.treatment[sample.treated] > 0
    if start is None or np.any(course != course[0]):
        side = "start" if start is None else "end"
        msg = (
            f"{outcome}: the treated units {side} at different times, and a table of before and after holds one time; "
            'take estimator = "poisson_did", or one study for each time'
        )
        raise DesignError(msg)
    return (np.arange(len(sample.grid.periods)) < start) | course[0]


def area_changes(sample: Sample, periods: NDArray[np.bool_], outcome: str) -> AreaChanges:
    """Changes of the units of a sample over the (T,) periods kept, without the periods of anticipation.

    A missing cell counts as its unit's mean on that side of the start. Units without any value on one side are left out.
    """
    whole = without_anticipation(replace(sample, grid=take_periods(sample.grid, periods, shift=0)))
    start = whole.common_start or 0
    grid = whole.grid
    exposure = np.ones_like(grid.y) if grid.exposure is None else grid.exposure
    seen = np.isfinite(grid.y) & np.isfinite(exposure)
    use: NDArray[np.bool_] = np.asarray(seen[:, :start].any(axis=1) & seen[:, start:].any(axis=1))
    one = whole.only(use)
    for rows, name in ((one.treated, "treated"), (~one.treated, "comparison")):
        if not rows.any():
            msg = f"{outcome}: no {name} unit has values on both sides of the start; fill them in or take another period"
            raise DesignError(msg)
    seen, exposure = seen[use], exposure[use]
    events = np.where(seen, one.y, 0.0)
    exposed = np.where(seen, exposure, 0.0)
    (s0, s1), (e0, e1) = ((values[:, :start].sum(axis=1), values[:, start:].sum(axis=1)) for values in (events, exposed))
    held = seen_mean(np.where(seen, exposure, np.nan)[:, start:], 1)[:, 0] * (seen.shape[1] - start)
    weights = None if one.grid.weights is None else seen_mean(np.where(seen, one.grid.weights, np.nan), 1)[:, 0]
    group = np.zeros(len(one.units), dtype=np.int64) if one.groups is None else one.groups
    alone = [code for code in np.unique(group[one.treated]) if one.treated[group == code].all()]
    if alone:
        msg = f"{outcome}: a group of period_effects_by holds treated units only; take larger groups or none"
        raise DesignError(msg)
    return AreaChanges(
        sample=one,
        before=held * s0 / e0,
        after=held * s1 / e1,
        variance=held**2 * (s0 / e0**2 + s1 / e1**2),
        held=held,
        past=e0,
        weight=np.ones(len(held)) if weights is None else weights,
        group=group,
        n_dropped=int((~use).sum()),
        n_missing=int((~seen).sum()),
        n_obs=int(seen.sum()),
    )


def overdispersion(sample: Sample) -> float | None:
    """Quasi-Poisson φ of the counts before the start, at least 1; None where the past says too little.

    Pearson's statistic over its degrees of freedom, in a table of clusters by blocks of the past with an effect for each.
    Blocks are as long as the follow-up, or shorter until FEWEST_FREEDOM degrees are left: lasting changes then show less.
    """
    first = max(int(sample.start[sample.treated].min()), 0)
    codes = np.unique(sample.cluster, return_inverse=True)[1]
    member = (codes == np.arange(codes.max() + 1)[:, None]).astype(float)
    exposure = np.ones_like(sample.y) if sample.grid.exposure is None else sample.grid.exposure
    missing = np.isnan(sample.y) | np.isnan(exposure)
    held = member @ np.where(missing, 0.0, exposure)[:, :first]
    events = member @ np.where(missing, 0.0, sample.y)[:, :first]
    for length in range(min(sample.n_periods_after, first // 2), 0, -1):
        blocks = first // length
        late = slice(first - blocks * length, first)
        y, e = (values[:, late].reshape(len(member), blocks, length).sum(axis=2) for values in (events, held))
        y, e = y[y.sum(axis=1) > 0], e[y.sum(axis=1) > 0]
        y, e = y[:, y.sum(axis=0) > 0], e[:, y.sum(axis=0) > 0]
        freedom = int((e > 0).sum()) - y.shape[0] - y.shape[1] + 1
        if freedom >= FEWEST_FREEDOM:
            unit, period = Margins.of(y).fit(e)
            mean = unit[:, None] * e * period
            used = mean > 0
            return max(float(np.sum((y - mean)[used] ** 2 / mean[used])) / freedom, 1.0)
    return None
