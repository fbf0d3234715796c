"""Who was followed, how like the arms are, and their means from wave to wave: aggregates only, and what was held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from utvardering.checks.base import Balance
from utvardering.data.cohort import Cohort
from utvardering.disclosure.rounding import blunted, is_tellable, mean_step, rounded
from utvardering.disclosure.suppressed import Suppressed, suppressed_frame
from utvardering.errors import DesignError
from utvardering.individuals.checks import standardised_differences
from utvardering.individuals.missing import followed
from utvardering.individuals.overlap import quantiles, trim
from utvardering.individuals.persons import persons_of
from utvardering.study.model import Study
from utvardering.wording import say

ARMS = ("treated", "comparison")


@dataclass(frozen=True)
class WaveMean:
    """A row of `waves.csv`: an arm in a wave; persons rounded, numbers NaN where they may not be shown."""

    study: str
    outcome: str
    wave: int
    after: bool
    arm: str
    persons: float
    mean: float
    ci_low: float
    ci_high: float
    level: float


@dataclass(frozen=True)
class FlowStep:
    """A row of `flow.csv`: so many persons of each arm are left at a step, rounded, NaN where they are too few to be told."""

    study: str
    step: str
    treated: float
    comparison: float


@dataclass(frozen=True)
class Score:
    """A row of `overlap.csv`: a quantile of the propensities of an arm."""

    study: str
    arm: str
    quantile: float
    score: float


@dataclass(frozen=True)
class Aggregates:
    """All that a run tells of the persons beside its estimates."""

    waves: tuple[WaveMean, ...]
    flow: tuple[FlowStep, ...]
    overlap: tuple[Score, ...]
    suppressed: tuple[Suppressed, ...]

    def frames(self) -> dict[str, pd.DataFrame]:
        """Name of each file to its table."""
        return {
            "waves": _frame(WaveMean, self.waves),
            "flow": _frame(FlowStep, self.flow),
            "overlap": _frame(Score, self.overlap),
            "suppressed": suppressed_frame(self.suppressed),
        }


def _frame(kind: type[Any], rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=[one.name for one in fields(kind)])


def aggregates_of(study: Study, cohort: Cohort) -> Aggregates:
    """Means by wave and arm, persons by step, propensities by arm, and what the limit on small counts left out of them."""
    left_out: list[Suppressed] = []
    waves = tuple(_waves(study, cohort, left_out))
    flow = tuple(_flow(study, cohort, left_out))
    overlap = tuple(_overlap(study, cohort, left_out))
    _, hidden = balance_of(study, cohort)
    return Aggregates(waves, flow, overlap, (*left_out, *hidden))


def balance_of(study: Study, cohort: Cohort) -> tuple[tuple[Balance, ...], tuple[Suppressed, ...]]:
    """Means of outcome and covariates before the start by arm, unweighted, and which of them may not be shown."""
    try:
        persons, _ = persons_of(cohort, study.primary.id)
    except DesignError:
        return (), ()
    differences = standardised_differences(persons, persons.weights)
    rows, hidden = [], []
    for k, name in enumerate((study.primary.id, *cohort.covariates)):
        arms = [persons.features[arm, k] for arm in (persons.treated, ~persons.treated)]
        if all(is_tellable(values, study.report.smallest_cell) for values in arms):
            one, other = (blunted(float(values.mean()), mean_step(values, study.report.smallest_cell)) for values in arms)
            rows.append(Balance(study.id, name, one, other, blunted(float(differences[k]), 0.01)))
        else:
            rows.append(Balance(study.id, name, np.nan, np.nan, np.nan))
            hidden.append(_suppressed(study, "balance", "", name))
    return tuple(rows), tuple(hidden)


def _waves(study: Study, cohort: Cohort, left_out: list[Suppressed]) -> Iterator[WaveMean]:
    level = study.estimation.level if study.estimation else 0.95
    smallest = study.report.smallest_cell
    for outcome in study.outcomes:
        for k, wave in enumerate(cohort.waves):
            for arm, which in zip(ARMS, (cohort.treated, ~cohort.treated), strict=True):
                values = cohort.outcomes[outcome.id][:, k]
                there = which & np.isfinite(values)
                shown = rounded(int(there.sum()), smallest)
                numbers = (np.nan, np.nan, np.nan)
                if shown and is_tellable(values[there], smallest):
                    step = mean_step(values[there], smallest)
                    found = _mean(values[there], cohort.group[there], level)
                    numbers = (blunted(found[0], step), blunted(found[1], step), blunted(found[2], step))
                elif there.any():
                    left_out.append(_suppressed(study, "waves", outcome.id, f"{wave}, {arm}"))
                persons = np.nan if shown is None else float(shown)
                yield WaveMean(study.id, outcome.id, wave, k > cohort.last_before, arm, persons, *numbers, level)


def _mean(values: NDArray[np.float64], group: NDArray[np.int64], level: float) -> tuple[float, float, float]:
    """Mean with an interval from leaving out each group in turn, t(G − 1); no interval where there is one group."""
    codes, at = np.unique(group, return_inverse=True)
    mean, count = float(values.mean()), len(codes)
    if count < 2:  # noqa: PLR2004 -- two groups differ, one does not
        return mean, np.nan, np.nan
    sums, sizes = np.bincount(at, weights=values), np.bincount(at)
    without = (values.sum() - sums) / (len(values) - sizes)
    error = float(np.sqrt((count - 1) / count * np.sum((without - mean) ** 2)))
    reach = float(stats.t.ppf((1 + level) / 2, count - 1)) * error
    return mean, mean - reach, mean + reach


def _flow(study: Study, cohort: Cohort, left_out: list[Suppressed]) -> Iterator[FlowStep]:
    """From everybody in the file to those whom the planned analysis of the primary outcome follows to the end."""
    values = cohort.outcomes[study.primary.id]
    known = np.isfinite(values[:, cohort.last_before])
    for column in cohort.covariates.values():
        known &= np.isfinite(column)
    steps = {"all": np.ones(len(known), dtype=bool), "before": known}
    try:
        persons, _ = persons_of(cohort, study.primary.id)
    except DesignError:
        persons = None
    if persons is not None:
        kept = np.zeros(len(known), dtype=bool)
        kept[known] = trim(persons.treated, persons.features, study.checks.min_overlap).kept
        steps["overlap"] = kept
        if cohort.n_after:
            there = np.zeros(len(known), dtype=bool)
            there[known] = followed(persons)
            steps["followed"] = kept & there
    smallest = study.report.smallest_cell
    for step, which in steps.items():
        counts = [rounded(int((which & arm).sum()), smallest) for arm in (cohort.treated, ~cohort.treated)]
        left_out.extend(
            _suppressed(study, "flow", "", f"{step}, {arm}") for arm, n in zip(ARMS, counts, strict=True) if n is None
        )
        yield FlowStep(study.id, step, *(np.nan if n is None else float(n) for n in counts))


def _overlap(study: Study, cohort: Cohort, left_out: list[Suppressed]) -> Iterator[Score]:
    try:
        persons, _ = persons_of(cohort, study.primary.id)
    except DesignError:
        return
    found = trim(persons.treated, persons.features, study.checks.min_overlap)
    for arm, which in zip(ARMS, (persons.treated, ~persons.treated), strict=True):
        shown = quantiles(found.score[which], study.report.smallest_cell)
        if not shown:
            left_out.append(_suppressed(study, "overlap", "", arm))
        for quantile, score in shown.items():
            yield Score(study.id, arm, quantile, blunted(score, 0.01))


def _suppressed(study: Study, table: str, outcome: str, item: str) -> Suppressed:
    reason = say(study.report.language, "individuals", "suppressed", limit=study.report.smallest_cell)
    return Suppressed(study.id, table, outcome, item, reason)
