"""Would the same starts, dealt to other units, have shown as much? Placebo tests of means of ATT(g, t).

A mean of ATT(g, t) is Σ_it v_it y_it, where v follows from who began when, never from the outcome. Where cells are complete
and nothing is adjusted for, v_it depends only on the unit's own start, so every re-assignment is a sum over a table (units ×
starts). Otherwise v is computed anew for each re-assignment. A hypothesised effect τ in every period from the start on is
taken from the units that in fact had the measure; for a period before the start it is taken from that period alone. Each
statistic is divided by its predicted standard deviation, √(Σ_i σ²_i Σ_t v²_it).
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from utvardering.estimators.aggregation import Aggregates, aggregate
from utvardering.estimators.doubly_robust import NoOverlapError
from utvardering.estimators.group_time import Cohorts, GroupTime, Material, group_time
from utvardering.inference.randomization import PlaceboTest, studentised_placebo_test
from utvardering.inference.reassignment import Reassignments

FEWEST = 2  # the actual assignment and one other


@dataclass(frozen=True)
class Statistics:
    """(K, R) score under no effect, what a unit of effect adds to it, and standard deviation, column 0 the actual one.

    NaN where a re-assignment has no such effect; whole: every re-assignment has every effect.
    """

    score: NDArray[np.float64]
    slope: NDArray[np.float64]
    deviation: NDArray[np.float64]
    p_smallest: float

    @property
    def whole(self) -> bool:
        """Whether every re-assignment has every effect."""
        return not bool(np.isnan(self.score).any())

    def test(self, k: int, level: float) -> PlaceboTest:
        """The placebo test of mean k over the re-assignments that have it."""
        has = np.isfinite(self.score[k])
        fewer = 0.0 if has.all() else 1 / has.sum()
        p_smallest = max(self.p_smallest, fewer)
        return studentised_placebo_test(self.score[k, has], self.slope[k, has], self.deviation[k, has], p_smallest, level)

    def reach(self, columns: list[int], level: float) -> float:
        """Half-width of the joint band over some means, in their standard errors: a quantile of the largest placebo one."""
        if self.score.shape[1] < FEWEST:
            return float("nan")
        placebo = self.score[columns, 1:] / self.deviation[columns, 1:]
        spread = np.sqrt(np.nanmean(placebo**2, axis=1, keepdims=True))
        scaled = np.divide(np.abs(placebo), spread, out=np.zeros_like(placebo), where=spread > 0)
        return float(np.quantile(np.nan_to_num(scaled).max(axis=0), level, method="higher"))

    def joint_p(self, columns: list[int]) -> float:
        """p-value that none of some means differs from zero, on the largest of their studentised statistics."""
        largest = np.nan_to_num(np.abs(self.score[columns] / self.deviation[columns])).max(axis=0)
        return float(np.mean(largest >= largest[0] * (1 - 1e-9)))  # ties by rounding count


def by_table(
    material: Material, cohorts: Cohorts, found: GroupTime, means: Aggregates, noise: NDArray[np.float64], draws: Reassignments
) -> Statistics:
    """From tables of units by starts; complete cells and nothing adjusted for. noise (N,) is a variance."""
    pattern = found.pattern(means.weights)
    size = np.sum(pattern**2, axis=2)
    score, slope, variance = [], [], []
    for k, (name, key) in enumerate(zip(means.estimand, means.key, strict=True)):
        under = _under(cohorts, material.values.shape[1], key if name == "att_dynamic" else None)
        never, extra = pattern[k, -1], (pattern[k, :-1] - pattern[k, -1]).T
        score.append(np.sum(material.values @ never) + draws.total(material.values @ extra))
        slope.append(np.sum(under @ never) + draws.total(under @ extra))
        variance.append(noise.sum() * size[k, -1] + draws.total(noise[:, None] * (size[k, :-1] - size[k, -1])))
    return _statistics(np.array(score), np.array(slope), np.array(variance), draws.p_smallest)


def by_refits(
    material: Material, cohorts: Cohorts, found: GroupTime, means: Aggregates, noise: NDArray[np.float64], draws: Reassignments
) -> Statistics:
    """From the estimator anew for each re-assignment; one under which it does not exist is no re-assignment.

    Whether it exists depends on who has values and covariates, not on the outcome, so the others remain exchangeable.
    """
    refit = _Refit(material, cohorts, found, means, noise, _ages(cohorts, material.values.shape[1]))
    out = np.full((3, len(means.effects), len(draws.units)), np.nan)
    with threadpool_limits(1, "blas"):  # thousands of small products: threads would only wait for each other
        for r, units in enumerate(draws.units):
            code = np.full(len(cohorts.code), -1, dtype=np.intp)
            code[units] = draws.profiles
            with suppress(NoOverlapError):
                columns, numbers = refit(replace(cohorts, code=code))
                out[:, columns, r] = numbers
    exists = np.isfinite(out[0]).any(axis=0)
    score, slope, variance = out[:, :, exists]
    return _statistics(score, slope, variance, max(draws.p_smallest, 0.0 if exists.all() else 1 / exists.sum()))


@dataclass(frozen=True)
class _Refit:
    """What stays the same over re-assignments; ages (N, T) periods from the actual start."""

    material: Material
    cohorts: Cohorts
    found: GroupTime
    means: Aggregates
    noise: NDArray[np.float64]
    ages: NDArray[np.int64]

    def __call__(self, dealt: Cohorts) -> tuple[list[int], NDArray[np.float64]]:
        """Which of the K means exist, and their (3, ·) score, slope and variance."""
        fit = _only(group_time(self.material, dealt, scored=False), set(_pairs(self.found)))
        if not has_effects(fit, dealt) or set(fit.cohort) != set(self.found.cohort):  # refused where it is the actual one
            return [], np.empty((3, 0))
        weights, columns = self.means.weights, list(range(len(self.means.effects)))
        if self.material.weights is not None or _pairs(fit) != _pairs(self.found):
            wanted = tuple(dict.fromkeys(self.means.estimand))
            placed = aggregate(fit, dealt, cohort_mass(self.material, dealt), wanted)
            names = list(zip(self.means.estimand, self.means.key, strict=True))
            columns = [names.index(name) for name in zip(placed.estimand, placed.key, strict=True)]
            weights = placed.weights
        slopes = _slopes(fit, self.ages, self.cohorts)
        return columns, np.stack([fit.effects @ weights, slopes @ weights, fit.variance(weights, self.noise)])


def cohort_mass(material: Material, cohorts: Cohorts) -> NDArray[np.float64]:
    """(P,) weight of each cohort: its units, by their analysis weights at the base period."""
    treated = cohorts.code >= 0
    weight = unit_weight(material, cohorts)[treated]
    return np.bincount(cohorts.code[treated], weight, minlength=len(cohorts.first)).astype(float)


def unit_weight(material: Material, cohorts: Cohorts) -> NDArray[np.float64]:
    """(N,) analysis weight of each unit at its base period; in the first period for those that never begin."""
    if material.weights is None:
        return np.ones(len(cohorts.code))
    base = np.append(cohorts.began - 1 - material.anticipation, 0)
    weight: NDArray[np.float64] = material.weights[np.arange(len(cohorts.code)), base[cohorts.code]]
    return weight


def has_effects(found: GroupTime, cohorts: Cohorts) -> bool:
    """Whether any ATT(g, t) lies from the start on."""
    return bool((found.period >= cohorts.first[found.cohort]).any())


def _only(found: GroupTime, wanted: set[tuple[int, int]]) -> GroupTime:
    """The effects of these pairs of cohort and period, as far as they are there."""
    keep = np.array([pair in wanted for pair in _pairs(found)], dtype=bool)
    if keep.all():
        return found
    return replace(
        found,
        cohort=found.cohort[keep],
        period=found.period[keep],
        base=found.base[keep],
        effects=found.effects[keep],
        contrast=found.contrast[:, keep],
        centre=None if found.centre is None else found.centre[:, keep],
    )


def _pairs(found: GroupTime) -> list[tuple[int, int]]:
    """Cohort and period of each effect."""
    return list(zip(found.cohort.tolist(), found.period.tolist(), strict=True))


def _ages(cohorts: Cohorts, n_periods: int) -> NDArray[np.int64]:
    """(N, T) periods from the actual start; far below 0 for those that never begin."""
    never = 10 * n_periods
    first: NDArray[np.int64] = np.append(cohorts.first, never)[cohorts.code]
    return np.arange(n_periods) - first[:, None]


def _under(cohorts: Cohorts, n_periods: int, age: int | None) -> NDArray[np.float64]:
    """(N, T) cells that a hypothesised effect is taken from: from the start on, or for an age below 0 that period."""
    ages = _ages(cohorts, n_periods)
    return (ages >= 0 if age is None or age >= 0 else ages == age).astype(float)


def _slopes(found: GroupTime, ages: NDArray[np.int64], cohorts: Cohorts) -> NDArray[np.float64]:
    """(C,) what a unit of hypothesised effect adds to each ATT(g, t); the same rule as `_under`."""
    age = found.period - cohorts.first[found.cohort]
    there, held = ages[:, found.period], ages[:, found.base]
    gain = np.where(age >= 0, there >= 0, there == age) * 1.0 - np.where(age >= 0, held >= 0, held == age)
    return np.sum(found.contrast[found.row] * gain, axis=0)


def _statistics(
    score: NDArray[np.float64], slope: NDArray[np.float64], variance: NDArray[np.float64], p_smallest: float
) -> Statistics:
    """Slopes are scaled so that a hypothesised effect is one of the mean itself.

    Before the start a later starter's own base period may hold it too: then a unit of it adds more than one to the mean.
    """
    deviation = np.sqrt(np.maximum(variance, np.finfo(float).tiny))
    return Statistics(score, slope / slope[:, :1], deviation, p_smallest)
