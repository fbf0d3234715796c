"""What was the effect over all cohorts and periods, by time from the start, by cohort, by calendar period?

Weighted means of ATT(g, t) with the cohorts' sizes as weights (Callaway & Sant'Anna 2021, section 3). Sizes are estimated
too, and that is part of the standard error.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.estimators.group_time import Cohorts, GroupTime

OVERALL = ("att", "att_dynamic", "att_group", "att_calendar")


@dataclass(frozen=True)
class Aggregates:
    """K weighted means of C effects.

    estimand, key  (K,) one of OVERALL; None for the mean over all, else period from the start, cohort or period
    weights        (C, K)
    shares         (P, K) what a unit of weight more in a cohort adds through the cohort sizes
    effects        (K,)
    """

    estimand: tuple[str, ...]
    key: tuple[int | None, ...]
    weights: NDArray[np.float64]
    shares: NDArray[np.float64]
    effects: NDArray[np.float64]

    def places(self, estimand: str) -> list[int]:
        """Columns of the parts of an estimand, in order."""
        return [k for k, name in enumerate(self.estimand) if name == estimand and self.key[k] is not None]

    def overall(self, estimand: str) -> int:
        """Column of the mean over all."""
        return next(k for k, name in enumerate(self.estimand) if name == estimand and self.key[k] is None)


@dataclass(frozen=True)
class _Mean:
    """Weights (C,) and share terms (P,) of one mean."""

    weights: NDArray[np.float64]
    shares: NDArray[np.float64]


def influence(
    found: GroupTime, cohorts: Cohorts, means: Aggregates, values: NDArray[np.float64], unit_weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(N, K) influence of each unit on each mean, cohort sizes included; squares sum to the variance. unit_weight (N,)."""
    scores = found.influence(means.weights, values)
    treated = cohorts.code >= 0
    scores[treated] += unit_weight[treated, None] * means.shares[cohorts.code[treated]]
    return scores


def aggregate(found: GroupTime, cohorts: Cohorts, mass: NDArray[np.float64], wanted: tuple[str, ...] = OVERALL) -> Aggregates:
    """The means that are wanted; mass (P,) is the weight of each cohort. At least one effect must lie after a start."""
    from_start = found.period - cohorts.first[found.cohort]
    after = from_start >= 0
    parts: list[tuple[str, int | None, _Mean]] = []

    def mean_of(chosen: NDArray[np.bool_]) -> _Mean:
        held = mass[found.cohort] * chosen
        weights = held / held.sum()
        gap = chosen * (found.effects - weights @ found.effects) / held.sum()
        return _Mean(weights, np.bincount(found.cohort, gap, minlength=len(mass)).astype(float))

    def average(means: list[_Mean]) -> _Mean:
        return _Mean(np.mean([one.weights for one in means], axis=0), np.mean([one.shares for one in means], axis=0))

    if "att" in wanted:
        parts.append(("att", None, mean_of(after)))
    if "att_dynamic" in wanted:
        ages = np.unique(from_start)
        means = [mean_of(from_start == age) for age in ages]
        parts += [("att_dynamic", int(age), mean) for age, mean in zip(ages, means, strict=True)]
        parts.append(("att_dynamic", None, average([mean for age, mean in zip(ages, means, strict=True) if age >= 0])))
    if "att_group" in wanted:
        groups = np.unique(found.cohort[after])
        means = [_equal(after & (found.cohort == g), len(mass)) for g in groups]
        parts += [("att_group", int(g), mean) for g, mean in zip(groups, means, strict=True)]
        parts.append(("att_group", None, _over_groups(found, groups, means, mass)))
    if "att_calendar" in wanted:
        times = np.unique(found.period[after])
        means = [mean_of(after & (found.period == t)) for t in times]
        parts += [("att_calendar", int(t), mean) for t, mean in zip(times, means, strict=True)]
        parts.append(("att_calendar", None, average(means)))
    weights = np.column_stack([mean.weights for _, _, mean in parts])
    return Aggregates(
        estimand=tuple(name for name, _, _ in parts),
        key=tuple(key for _, key, _ in parts),
        weights=weights,
        shares=np.column_stack([mean.shares for _, _, mean in parts]),
        effects=found.effects @ weights,
    )


def _equal(chosen: NDArray[np.bool_], n_cohorts: int) -> _Mean:
    """Plain mean of a cohort's own effects."""
    return _Mean(chosen / chosen.sum(), np.zeros(n_cohorts))


def _over_groups(found: GroupTime, groups: NDArray[np.intp], means: list[_Mean], mass: NDArray[np.float64]) -> _Mean:
    """Mean of the cohorts' means by cohort size.

    R's did 2.1.2 looks the sizes' part of the standard error up in a list of cells as if it were one of cohorts, and so
    uses other cohorts' units (tests/reference/test_staggered.py shows it); here each cohort has its own.
    """
    held = mass[groups] / mass[groups].sum()
    weights = held @ np.array([mean.weights for mean in means])
    shares = np.zeros(len(mass))
    own = np.array([mean.weights @ found.effects for mean in means])
    shares[groups] = (own - weights @ found.effects) / mass[groups].sum()
    return _Mean(weights, shares)
