"""The weighted displacement difference: by how many events did treated areas, and their neighbours, change more than others?

Counts after the start less counts before, brought to the same time and area, treated less comparison (local), and the same
for the neighbours, where crime could have moved: Wheeler & Ratcliffe (2018, Crime Science 7:11). Differences are additive: they
answer the question where treated and comparison areas have about the same level. The functions on tables of counts are here
too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.errors import DesignError
from utvardering.estimators.area_changes import AreaChanges, area_changes, overdispersion, under_the_measure
from utvardering.estimators.base import (
    RANDOMIZED,
    EffectSize,
    Estimate,
    Job,
    Result,
    from_placebo,
    require_periods,
)
from utvardering.estimators.place_tables import (
    DisplacementDifference,
    DisplacementQuotient,
    PoissonETest,
    RelativeEffectSize,
    displacement_difference,
    displacement_quotient,
    poisson_e_test,
    relative_effect_size,
)
from utvardering.inference.randomization import INNER, linear_placebo_test
from utvardering.inference.reassignment import reassign

__all__ = [
    "DisplacementDifference",
    "DisplacementQuotient",
    "PoissonETest",
    "RelativeEffectSize",
    "displacement_difference",
    "displacement_quotient",
    "poisson_e_test",
    "relative_effect_size",
    "wdd",
]

UNKNOWN_PHI = 4.0
"""Overdispersion where the study's past says too little: the largest seen in a study of many places (1.0 to 4.2)."""
FAR_ABOVE = 2.0
"""A comparison whose level before, per area or exposure, is more than so many times the treated's is told to be far above."""


@dataclass(frozen=True)
class _Part:
    """One estimand: its changes, and the (N,) coefficients of the units named."""

    estimand: str
    changes: tuple[AreaChanges, ...]

    @property
    def estimate(self) -> float:
        return float(sum(one.coefficients() @ (one.after - one.before) for one in self.changes))

    @property
    def poisson_error(self) -> float:
        """Published standard error; a comparison unit of both parts counts once, with the sum of its coefficients."""
        variance: dict[str, float] = {}
        weight: dict[str, float] = {}
        for one in self.changes:
            for unit, coefficient, own in zip(one.sample.units, one.coefficients(), one.variance, strict=True):
                weight[unit] = weight.get(unit, 0.0) + float(coefficient)
                variance[unit] = float(own)
        return float(np.sqrt(sum(weight[unit] ** 2 * own for unit, own in variance.items())))

    def size(self) -> EffectSize:
        """Events as they are, and percent of what the areas concerned would have had without the measure."""
        events = float(sum(one.after[one.treated].sum() for one in self.changes))
        return EffectSize("difference", events - self.estimate, ((1.0, events),), 1.0)


def wdd(job: Job) -> Result:
    """Estimate the events avoided (−) or added (+) over all treated areas and the whole time after.

    Estimands `wdd` (treated against comparison), and with neighbours `wdd_neighbours` and `wdd_total`, their sum. Randomization
    inference for the first two; the sum has no joint re-assignment and stands with analytic inference alone.

    Raises DesignError where starts or ends differ between treated units, or covariates are asked for.
    """
    sample, outcome = job.sample, job.outcome
    require_periods(sample, outcome)
    if job.estimation.covariates:
        msg = f"{outcome.id}: wdd takes no covariates; use did, or remove them"
        raise DesignError(msg)
    if len(np.unique(sample.cluster)) == 1:
        msg = f"{outcome.id}: all units lie in one cluster, so nothing says how much counts vary; remove cluster"
        raise DesignError(msg)
    periods = under_the_measure(sample, outcome.id)
    local = area_changes(sample, periods, outcome.id)
    moved = _neighbours(job, periods)
    parts = [_Part("wdd", (local,))]
    if moved is not None:
        parts += [_Part("wdd_neighbours", (moved,)), _Part("wdd_total", (local, moved))]
    phi = overdispersion(local.sample) if "analytic" in job.inferences else None
    told = describe(local, moved, persons=outcome.counts == "persons")
    rows = []
    for part in parts:
        note = told if part.estimand == "wdd" else ""
        for inference in job.inferences:
            if inference == "analytic":
                rows.append(_analytic(part, phi, job.estimation.level, note))
            elif inference in RANDOMIZED and len(part.changes) == 1:
                rows.append(_randomized(part, job, note))
    return Result(tuple(rows), local.n_obs)


def _neighbours(job: Job, periods: NDArray[np.bool_]) -> AreaChanges | None:
    """The neighbours' changes, None where there are none that can be held against anything."""
    sample = job.neighbours
    if sample is None:
        return None
    if job.sample.grid.weights is None:
        sample = replace(sample, grid=replace(sample.grid, weights=None))
    try:
        return area_changes(sample, periods, job.outcome.id)
    except DesignError:
        return None


def _analytic(part: _Part, phi: float | None, level: float, note: str) -> Estimate:
    """The published Poisson error × √φ, with φ from the past; the published one stands in the note."""
    estimate, published = part.estimate, part.poisson_error
    std_error = published * np.sqrt(UNKNOWN_PHI if phi is None else phi)
    reach, inner = (float(stats.norm.ppf((1 + one) / 2)) * std_error for one in (level, INNER))
    source = f"φ = {UNKNOWN_PHI:g}, since the past says too little" if phi is None else f"φ = {phi:.4g} of the past"
    own = f"published Poisson standard error {published:.6g}, here × √φ, {source}"
    return Estimate(
        estimand=part.estimand,
        scale="difference",
        estimate=estimate,
        std_error=float(std_error),
        ci_low=estimate - reach,
        ci_high=estimate + reach,
        inner_low=estimate - inner,
        inner_high=estimate + inner,
        p_value=float(2 * stats.norm.sf(abs(estimate) / std_error)) if std_error > 0 else float(estimate == 0),
        inference="analytic",
        note="; ".join(one for one in (note, own) if one),
        size=part.size(),
    )


def _randomized(part: _Part, job: Job, note: str) -> Estimate:
    """Treated (or neighbouring) areas re-assigned over themselves and their comparison."""
    (changes,) = part.changes
    profile = np.where(changes.treated, 0, -1).astype(np.intp)
    draws = reassign(profile, job.rng(), strata=changes.sample.strata, draws=job.draws)
    test = linear_placebo_test(changes.scores(), draws, job.estimation.level)
    row = from_placebo(test, job, estimand=part.estimand, scale="difference", estimate=part.estimate, note=note)
    return replace(row, size=part.size())


def describe(local: AreaChanges, moved: AreaChanges | None, *, persons: bool) -> str:
    """The table in words: totals with their weights, a warning where levels differ, the displacement quotient.

    Totals of counts of persons are left out. They are brought to the length of the time after; the comparison's and its area
    weight is what the published table would be divided by.
    """
    treated = local.treated
    start = int(local.sample.start[treated].min())
    lengths = f"{start}:{local.sample.y.shape[1] - start}"
    area = local.held[~treated].sum() / local.held[treated].sum()
    said = [f"time weights {lengths}, area weight of the comparison {area:.4g}"]
    if not persons:
        groups = [("treated", local, treated), ("comparison", local, ~treated)]
        groups += [("neighbours", moved, moved.treated)] if moved is not None else []
        said += [f"{name} {one.before[on].sum():.6g} before, {one.after[on].sum():.6g} after" for name, one, on in groups]
    levels = [local.before[group].sum() / local.held[group].sum() for group in (~treated, treated)]
    if levels[0] > FAR_ABOVE * levels[1]:
        times = f"{levels[0] / levels[1]:.3g} times" if levels[1] > 0 else "infinitely many times"
        said.append(
            f"the comparison's level before was {times} the treated's: an additive difference then answers another question "
            "than a relative one (poisson_did)"
        )
    if moved is not None:
        found = quotient(local, moved)
        number = f"{found.quotient:.4g}" if found.quotient is not None else f"not interpretable: {found.reason}"
        said.append(f"displacement quotient {number}")
    for count, what in (
        (local.n_dropped, "units without a value before or after left out"),
        (local.n_missing, "missing cells"),
    ):
        if count:
            said.append(f"{count} {what}" + (" at their unit's mean" if what == "missing cells" else ""))
    return "; ".join(said)


def quotient(local: AreaChanges, moved: AreaChanges) -> DisplacementQuotient:
    """The displacement quotient of treated, comparison and neighbouring areas."""
    on, there = local.treated, moved.treated
    pairs = [(one.before[rows].sum(), one.after[rows].sum()) for one, rows in ((local, on), (local, ~on), (moved, there))]
    return displacement_quotient(pairs[0], pairs[1], pairs[2])
