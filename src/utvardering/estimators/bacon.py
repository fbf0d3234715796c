"""Goodman-Bacon (2021): of which comparisons of two groups does two-way fixed effects with staggered starts consist?

On a complete panel without weights its estimate is a weighted mean of differences in differences between units that start at
one time and those that start later, started earlier, never start or were always under the measure. Those held against units
already under it are the forbidden ones: an effect that grows enters them with the wrong sign. Weights follow from starts alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.data.panel import NEVER, Panel
from utvardering.errors import DesignError
from utvardering.estimators.base import additive_values
from utvardering.estimators.estimate import Estimates
from utvardering.study.model import Study

EARLIER_LATER = "earlier vs later"
LATER_EARLIER = "later vs earlier"
UNTREATED = "treated vs untreated"
ALWAYS = "later vs always treated"
FORBIDDEN = (LATER_EARLIER, ALWAYS)
"""Comparisons with units that are under the measure already."""


@dataclass(frozen=True)
class Comparison:
    """A kind of comparison: its share of the weight, and the mean of its differences in differences."""

    comparison: str
    weight: float
    estimate: float


@dataclass(frozen=True)
class _Pair:
    """Treated and control start, periods before and after for the difference in differences, weight before scaling."""

    kind: str
    treated: int
    control: int
    periods: tuple[slice, slice]
    weight: float


def bacon(y: NDArray[np.float64], treatment: NDArray[np.float64]) -> tuple[Comparison, ...]:
    """Weight and estimate of each kind of comparison; weight × estimate sum to the two-way fixed-effects estimate.

    y: (N, T) without missing values; treatment: (N, T) of 0 and 1, which never goes back to 0. Raises DesignError otherwise, or
    where treatment does not differ.
    """
    if np.isnan(y).any():
        msg = "the decomposition needs a value of every unit in every period"
        raise DesignError(msg)
    start = starts_of(treatment)
    pairs = list(_pairs(start, y.shape[1]))
    total = sum(pair.weight for pair in pairs)
    mean = {int(one): y[start == one].mean(axis=0) for one in np.unique(start)}
    sums: dict[str, list[float]] = {}
    for pair in pairs:
        before, after = pair.periods
        gap = mean[pair.treated] - mean[pair.control]
        found = sums.setdefault(pair.kind, [0.0, 0.0])
        found[0] += pair.weight / total
        found[1] += pair.weight / total * float(gap[after].mean() - gap[before].mean())
    kinds = (EARLIER_LATER, LATER_EARLIER, UNTREATED, ALWAYS)
    return tuple(Comparison(kind, sums[kind][0], sums[kind][1] / sums[kind][0]) for kind in kinds if kind in sums)


def forbidden_share(start: NDArray[np.int64], n_periods: int) -> float:
    """Share of the weight on comparisons with units already under the measure; start (N,), NEVER for the untreated."""
    pairs = list(_pairs(start, n_periods))
    return sum(pair.weight for pair in pairs if pair.kind in FORBIDDEN) / sum(pair.weight for pair in pairs)


def starts_of(treatment: NDArray[np.float64]) -> NDArray[np.int64]:
    """(N,) first period under the measure, NEVER for the untreated."""
    on = treatment > 0
    if not np.isin(treatment, (0, 1)).all() or (on[:, :-1] & ~on[:, 1:]).any():
        msg = "the decomposition needs a measure that covers whole periods and does not end"
        raise DesignError(msg)
    return np.where(on.any(axis=1), on.argmax(axis=1), NEVER)


def _pairs(start: NDArray[np.int64], n_periods: int) -> Iterator[_Pair]:
    """Pairs of groups with weights proportional to equations 10e to 10g of Goodman-Bacon (2021)."""
    share = {int(one): float(np.mean(start == one)) for one in np.unique(start)}
    if len(share) < 2:  # noqa: PLR2004 -- a comparison takes two
        msg = "treatment does not differ between units, so there is nothing to decompose"
        raise DesignError(msg)
    timed = [one for one in share if 0 < one < NEVER]
    for treated in timed:
        under = 1 - treated / n_periods
        for control, kind in ((NEVER, UNTREATED), (0, ALWAYS)):
            if control in share:
                weight = share[treated] * share[control] * under * (1 - under)
                yield _Pair(kind, treated, control, (slice(treated), slice(treated, None)), weight)
    for early in timed:
        for late in (one for one in timed if one > early):
            product = share[early] * share[late]
            first, second = 1 - early / n_periods, 1 - late / n_periods
            forward = product * (first - second) * (1 - first)
            yield _Pair(EARLIER_LATER, early, late, (slice(early), slice(early, late)), forward)
            back = product * second * (first - second)
            yield _Pair(LATER_EARLIER, late, early, (slice(early, late), slice(late, None)), back)


def bacon_frame(study: Study, panel: Panel, estimates: Estimates) -> pd.DataFrame:
    """A row per outcome × kind of comparison, where `did` ran without weights on staggered starts and is so decomposed.

    Not where values are missing or dropped, where covariates or period effects by group are taken out, or where a measure ends
    or covers parts of periods: then the estimate is no mean of these comparisons.
    """
    rows = []
    for outcome in study.outcomes:
        ran = any(row.outcome == outcome.id and row.estimator == "did" and row.weights == "" for row in estimates.rows)
        if not ran or study.estimation is None or study.estimation.covariates or panel.groups is not None:
            continue
        sample = panel.sample(outcome.id)
        if sample.common_start is not None or sample.anticipation:
            continue
        try:
            found = bacon(additive_values(sample, outcome)[0], sample.grid.treatment)
        except DesignError:
            continue
        rows += [{"study": study.id, "outcome": outcome.id, **asdict(one)} for one in found]
    return pd.DataFrame(rows, columns=["study", "outcome", "comparison", "weight", "estimate"])
