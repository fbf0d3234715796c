"""How well do assessors agree? Share of equal grades, Cohen's weighted kappa and Krippendorff's alpha for ordinal grades."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.inter_rater import cohens_kappa

from utvardering.process.load import Graded
from utvardering.process.model import GRADE_MAX, LEVELS

LEAST = 10
"""Fewest criteria graded by both for a coefficient: the program's own limit; below it one grade moves it by tenths."""
TWO = 2


@dataclass(frozen=True)
class Agreement:
    """Agreement of assessors on one level, or on all of them.

    level       strategic, tactical, operational or all
    assessors   ids, separated by a comma and a blank
    n_criteria  criteria that at least two of them graded
    same        share with equal grades; `within_one` at most one step apart; NaN where none were graded by two
    kappa       Cohen's kappa with linear weights and its 95 % interval (two assessors); NaN where not computed
    alpha       Krippendorff's alpha, ordinal; NaN where not computed
    reason      why coefficients are missing: few, constant or empty text
    """

    level: str
    assessors: str
    n_criteria: int
    same: float
    within_one: float
    kappa: float
    kappa_low: float
    kappa_high: float
    alpha: float
    reason: str


def weighted_kappa(one: NDArray[np.int64], other: NDArray[np.int64], n_grades: int) -> tuple[float, float, float]:
    """Cohen's kappa with linear weights and its asymptotic 95 % interval, of two assessors' grades 0 … n_grades − 1, (n,).

    NaN where both give one and the same grade throughout: chance then explains everything. Cohen (1968), with the weights of
    Cicchetti & Allison (1971), by statsmodels.
    """
    table = np.zeros((n_grades, n_grades))
    np.add.at(table, (one, other), 1.0)
    if not len(one) or len(np.union1d(one, other)) == 1:
        return (float("nan"),) * 3
    if (one == other).all():
        return 1.0, 1.0, 1.0
    found = cohens_kappa(table, wt="linear")
    return float(found.kappa), float(found.kappa_low), float(found.kappa_upp)


def krippendorff_alpha(grades: NDArray[np.float64]) -> float:
    """Krippendorff's alpha for ordinal grades, (n assessors, n criteria), NaN where an assessor gave none.

    Criteria with fewer than two grades are left out. NaN where only one grade occurs. Krippendorff (2011), "Computing
    Krippendorff's Alpha-Reliability": coincidences of values within criteria against those expected from all pairable values.
    """
    given = grades[:, (~np.isnan(grades)).sum(axis=0) >= TWO]
    values = np.unique(given[~np.isnan(given)])
    if len(values) < TWO:
        return float("nan")
    counts = (given[:, :, None] == values).sum(axis=0).astype(float)  # criteria × values
    per_criterion = counts.sum(axis=1)
    pairs = counts[:, :, None] * counts[:, None, :] - counts[:, :, None] * np.eye(len(values))
    coincidences = (pairs / (per_criterion - 1)[:, None, None]).sum(axis=0)
    totals = coincidences.sum(axis=0)
    place = np.arange(len(values))
    low, high = np.minimum.outer(place, place), np.maximum.outer(place, place)
    reach = np.cumsum(totals)
    between = reach[high] - reach[low] + totals[low]
    distance = (between - (totals[low] + totals[high]) / 2) ** 2
    expected = np.outer(totals, totals) - np.diag(totals)
    return float(1 - (totals.sum() - 1) * (coincidences * distance).sum() / (expected * distance).sum())


def agreements(graded: tuple[Graded, ...], assessors: tuple[str, ...]) -> tuple[Agreement, ...]:
    """Agreement on each level and on all of them, for every pair of assessors and, with more than two, all together."""
    groups = [*combinations(assessors, TWO)]
    if len(assessors) > TWO:
        groups.append(assessors)
    return tuple(
        _agreement(level, [one for one in graded if level in {"all", one.criterion.level}], group)
        for group in groups
        for level in (*LEVELS, "all")
    )


def _agreement(level: str, graded: list[Graded], group: tuple[str, ...]) -> Agreement:
    grades = np.array([[one.grades.get(name, np.nan) for one in graded] for name in group], dtype=float).reshape(len(group), -1)
    both = grades[:, (~np.isnan(grades)).sum(axis=0) >= TWO]
    n = both.shape[1]
    spread = np.nanmax(both, axis=0) - np.nanmin(both, axis=0) if n else np.array([])
    same, within = (float(np.mean(spread <= limit)) if n else float("nan") for limit in (0, 1))
    nothing = (float("nan"),) * 3
    reason = "few" if n < LEAST else "constant" if len(np.unique(both[~np.isnan(both)])) < TWO else ""
    pair = len(group) == TWO and not reason
    kappa = weighted_kappa(both[0].astype(np.int64), both[1].astype(np.int64), GRADE_MAX + 1) if pair else nothing
    alpha = float("nan") if reason else krippendorff_alpha(grades)
    return Agreement(level, ", ".join(group), n, same, within, *kappa, alpha, reason)
