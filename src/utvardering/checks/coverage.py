"""Does the planned method keep what it promises in simulated studies like this one? It is looked up in `coverage.csv`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from utvardering.checks.base import CheckResult, Design
from utvardering.coverage.table import read_table
from utvardering.data.panel import NEVER
from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.estimate import inferences
from utvardering.estimators.registry import planned_method
from utvardering.wording import percent

LARGEST_SIZE = 0.10
SMALLEST_COVERAGE = 0.90
NEAREST = 3
"""So many of the nearest kinds of study are averaged: two of them may be noisy or calm by chance."""
FEWEST_RUNS = 100
"""Rows that stand on fewer simulated studies are not looked at: a size of .05 is then known to ±.04 at best."""
PAST = 8
"""Periods before the start in a simulated study."""
_REFUSED = 0.5
_WEIGHTS = {"treated": 1.0, "units": 0.5, "count": 0.25}
"""What a factor of e counts for in the distance between two kinds of study."""


@dataclass(frozen=True)
class Likeness:
    """What decides which simulated studies are like a study.

    count: events per unit before the start ÷ PAST, NaN where the outcome is no count.
    """

    treated: int
    units: int
    count: float
    starts: str


def coverage(design: Design) -> CheckResult:
    """Fails where the planned estimator and inference were wrong too often in the simulated studies nearest to this one.

    Those are studies in which nothing was wrong (parallel trends, treated drawn at random) with the same kind of starts.
    Fails above a size of LARGEST_SIZE or below a coverage of SMALLEST_COVERAGE; the number is the size, or the coverage where
    that alone is at fault.
    """
    sample = design.sample
    method = planned_method(design.estimation.estimator, design.outcome)
    inference = inferences(method, design.estimation, int(sample.treated.sum()))[0]
    rows = nearest(read_table(), method.name, inference, likeness(design))
    if rows.empty:
        return design.result("coverage", "not_evaluated", np.nan, LARGEST_SIZE, "coverage_unknown")
    if rows["refused"].mean() > _REFUSED or rows["size"].isna().all():
        return design.result("coverage", "not_evaluated", np.nan, LARGEST_SIZE, "coverage_refused")
    language = design.study.report.language
    size, held = float(rows["size"].mean()), float(rows["coverage"].mean())
    facts = {
        "size": percent(size, language),
        "coverage": percent(held, language),
        "size_limit": percent(LARGEST_SIZE, language),
        "coverage_limit": percent(SMALLEST_COVERAGE, language),
    }
    if size > LARGEST_SIZE:
        return design.result("coverage", "fail", size, LARGEST_SIZE, "coverage_fail", **facts)
    if held < SMALLEST_COVERAGE:
        return design.result("coverage", "fail", held, SMALLEST_COVERAGE, "coverage_fail", **facts)
    return design.result("coverage", "pass", size, LARGEST_SIZE, "coverage_pass", **facts)


def likeness(design: Design) -> Likeness:
    """What decides which simulated studies are like this one."""
    sample = design.sample
    starts = sample.start[sample.start < NEVER]
    count = float("nan")
    if design.outcome.kind == "count":
        count = float(np.nanmean(np.nansum(sample.y, axis=1))) / PAST
    common = len(np.unique(starts)) == 1
    return Likeness(len(starts), len(sample.units), count, "common" if common else "staggered")


def nearest(table: pd.DataFrame, estimator: str, inference: str, like: Likeness) -> pd.DataFrame:
    """The NEAREST rows of a method by |ln| of treated, units and count, weighted; empty where it was not tried."""
    plain = (table["drawn"] == "random") & (table["trends"] == "parallel") & ~table["effect_grows"].astype(bool)
    plain &= table["runs"] >= FEWEST_RUNS
    name = "randomization" if inference in RANDOMIZED else inference
    rows = table[plain & (table["estimator"] == estimator) & (table["inference"] == name) & (table["starts"] == like.starts)]
    distance = pd.Series(0.0, index=rows.index)
    for factor, weight in _WEIGHTS.items():
        value = getattr(like, factor)
        if np.isfinite(value):
            distance += weight * np.abs(np.log(rows[factor].astype(float)) - np.log(max(value, 1e-3)))
    return rows.loc[distance.sort_values(kind="stable").index[:NEAREST]]
