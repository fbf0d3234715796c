"""How much would areas chosen at a peak have fallen without any measure, judging by others that stood as high?

The excess of a unit is the logarithm of its last year over its earlier years, less what all units moved; the change is that of
the follow-up over the last year, less what all units moved. Expected is the mean change of the unit-years of the past whose
excess was nearest to that of the treated unit (Galton 1886; Barnett, van der Pols & Dobson 2005), brought to its excess by the
slope over all unit-years: few stood as high as the highest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.checks.past import longest_follow_up
from utvardering.checks.pseudo_treated import pools_like_the_treated
from utvardering.data.panel import Panel, Sample
from utvardering.errors import DesignError
from utvardering.inference.noise import seen_mean
from utvardering.planning.words import change
from utvardering.study.model import Outcome, Study
from utvardering.wording import percent, say

NEAREST = 40
"""Unit-years of the past with the most similar excess; at most a tenth of all there are, at least FEWEST."""
FEWEST = 10
LEVEL = 0.90
_SMALLEST = 0.10  # where the study states no smallest effect of interest


@dataclass(frozen=True)
class RegressionRow:
    """A row of `regression_to_mean.csv`: shares of the last year's level; unit empty for all treated together.

    n_years: unit-years of the past that stood as high; verdict fail = the fall to be expected would look like an effect
    """

    study: str
    outcome: str
    unit: str
    n_years: int
    excess: float
    expected_change: float
    low: float
    high: float
    verdict: str
    text: str


def regression_rows(study: Study, before: Panel) -> tuple[RegressionRow, ...]:
    """Every treated unit and all together, on the outcomes with a wanted direction."""
    return tuple(
        row
        for outcome in study.outcomes
        if outcome.role != "negative_control" and outcome.direction != "none"
        for row in _rows(study, before, outcome)
    )  # fmt: skip -- one row of rows


def _rows(study: Study, before: Panel, outcome: Outcome) -> Iterator[RegressionRow]:
    try:
        sample = before.sample(outcome.id)
    except DesignError:
        return
    season, periods = sample.grid.calendar.per_year, sample.y.shape[1]
    follow_up = longest_follow_up(periods, before.grids[outcome.id].n_after)
    starts = range(2 * season, periods - follow_up + 1)
    treated = np.flatnonzero(sample.treated)
    names = [sample.units[unit] for unit in treated]
    if periods < 2 * season + 1 or not starts:
        no = float("nan")
        text = say(study.report.language, "design", "regression_short")
        yield RegressionRow(study.id, outcome.id, "", 0, no, no, no, no, "not_evaluated", text)
        return
    values = _rate(sample)
    now, _ = _moves(values, periods, season, 0)
    past = [_moves(values, start, season, follow_up) for start in starts]
    excess, changes = (np.column_stack(part) for part in zip(*past, strict=True))
    found = [_expected(excess, changes, float(now[unit]), int(unit)) for unit in treated]
    weight = np.nan_to_num(seen_mean(sample.y[treated, -season:], 1)[:, 0])
    weight = weight / weight.sum() if weight.sum() > 0 else np.full(len(treated), 1 / len(treated))
    peak = pools_like_the_treated(sample, outcome, periods).peak
    together = (float(np.array(part) @ weight) for part in zip(*(one[1:] for one in found), strict=True))
    everyone: tuple[float, ...] = (min(one[0] for one in found), *together)
    label = dict(zip(before.units, before.labels, strict=True))
    who = label[names[0]] if len(names) == 1 else say(study.report.language, "design", "treated_together")
    shown = _shown(study, outcome, sample.y[treated], season)
    if not shown.any() or (len(names) - shown.sum() == 1):  # the others' rows would tell the one that is hidden
        yield _hidden(study, outcome, "", who)
    else:
        yield _row(study, outcome, "", who, everyone, float(now[treated] @ weight), peak=peak)
    for name, one, at, seen in zip(names, found, now[treated], shown, strict=True):
        row = _row(study, outcome, name, label[name], one, float(at), peak=peak)
        yield row if seen else _hidden(study, outcome, name, label[name])


def _shown(study: Study, outcome: Outcome, y: NDArray[np.float64], season: int) -> NDArray[np.bool_]:
    """(n,) units whose last year and earlier ones hold enough persons; all where no persons are counted."""
    if outcome.kind != "count" or outcome.counts != "persons":
        return np.ones(len(y), dtype=bool)
    fewest = np.minimum(np.nansum(y[:, -season:], axis=1), np.nansum(y[:, :-season], axis=1))
    return np.asarray(fewest >= study.report.smallest_cell)


def _hidden(study: Study, outcome: Outcome, unit: str, who: str) -> RegressionRow:
    no, text = float("nan"), say(study.report.language, "design", "regression_few_persons", who=who)
    return RegressionRow(study.id, outcome.id, unit, 0, no, no, no, no, "not_evaluated", text)


def _row(
    study: Study, outcome: Outcome, unit: str, who: str, found: tuple[float, ...], excess: float, *, peak: bool
) -> RegressionRow:
    language, sign = study.report.language, -1.0 if outcome.direction == "decrease" else 1.0
    count, (expected, low, high) = int(found[0]), (float(np.expm1(value)) for value in found[1:])
    limit = abs(outcome.smallest_effect or _SMALLEST)
    stands = sign * excess < 0 and (peak or bool(unit))
    warns = stands and sign * expected >= limit and low * high > 0
    verdict = "not_evaluated" if not np.isfinite(expected) else ("fail" if warns else "pass")
    text = say(
        language,
        "design",
        f"regression_{verdict}{'' if outcome.direction == 'decrease' or verdict == 'not_evaluated' else '_low'}",
        who=who,
        excess=percent(abs(np.expm1(excess)), language),
        value=percent(abs(expected), language),
        low=percent(low, language),
        high=percent(high, language),
        n=count,
        change=change(language, outcome),
    )
    return RegressionRow(study.id, outcome.id, unit, count, float(np.expm1(excess)), expected, low, high, verdict, text)


def _rate(sample: Sample) -> NDArray[np.float64]:
    return sample.y if sample.grid.exposure is None else sample.y / sample.grid.exposure


def _moves(
    values: NDArray[np.float64], start: int, season: int, follow_up: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N,) excess of the last year before a start and change in the follow-up, each less the median of all units."""
    earlier, last, after = (
        seen_mean(part, 1)[:, 0] if part.shape[1] else np.full(len(values), np.nan)
        for part in (values[:, : start - season], values[:, start - season : start], values[:, start : start + follow_up])
    )
    out = []
    for over, under in ((last, earlier), (after, last)):
        known = (over > 0) & (under > 0)
        ratio = np.log(np.divide(over, under, out=np.ones_like(over), where=known))
        out.append(np.where(known, ratio - (np.median(ratio[known]) if known.any() else 0.0), np.nan))
    return out[0], out[1]


def _expected(excess: NDArray[np.float64], changes: NDArray[np.float64], at: float, unit: int) -> tuple[float, ...]:
    """Number of unit-years as high, mean change of those at the excess `at` (each unit counting once) and its interval."""
    usable = np.isfinite(excess) & np.isfinite(changes)
    usable[unit] = False
    rows, columns = np.nonzero(usable)
    count = min(NEAREST, max(len(rows) // 10, FEWEST))
    if not np.isfinite(at) or len(rows) < FEWEST:
        return 0, float("nan"), float("nan"), float("nan")
    nearest = np.argsort(np.abs(excess[rows, columns] - at), kind="stable")[:count]
    stood, moved = excess[rows, columns], changes[rows, columns]
    spread = np.var(stood)
    slope = np.mean((stood - stood.mean()) * (moved - moved.mean())) / spread if spread > 0 else 0.0
    found, of_unit = moved[nearest] - slope * (stood[nearest] - at), rows[nearest]
    means = np.array([found[of_unit == one].mean() for one in np.unique(of_unit)])
    if len(means) < 3:  # noqa: PLR2004 -- a spread between units needs some
        return 0, float("nan"), float("nan"), float("nan")
    reach = float(stats.t.ppf((1 + LEVEL) / 2, len(means) - 1) * means.std(ddof=1) / np.sqrt(len(means)))
    return len(nearest), float(means.mean()), float(means.mean() - reach), float(means.mean() + reach)
