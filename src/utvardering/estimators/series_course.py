"""What would the series have come to without the measure? The planned lines without change of level and slope, by period."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from utvardering.errors import DesignError
from utvardering.estimators.estimate import planned_job
from utvardering.estimators.interrupted import linear_fit, one_series, poisson_fit, seasons, segments
from utvardering.estimators.registry import ESTIMATORS

if TYPE_CHECKING:
    from utvardering.data.panel import Panel
    from utvardering.estimators.base import Job
    from utvardering.study.model import Study

COLUMNS = ("study", "outcome", "period", "period_from_start", "value", "expected", "expected_low", "expected_high")


@dataclass(frozen=True)
class Course:
    """(T,) what was seen, and what the planned model expects without the measure with its interval, in the outcome's unit."""

    value: NDArray[np.float64]
    expected: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    start: int


def course(job: Job) -> Course:
    """The course of one series; the interval is that of the expected line, not of single periods around it.

    Raises DesignError as `interrupted` does where nothing can be fitted.
    """
    series = one_series(job.sample, job)
    seen = np.isfinite(series.values)
    season = seasons(job.sample.grid.calendar, np.array(job.sample.grid.periods), int(seen[: series.start].sum()))
    design = segments(series, season)
    fit = (poisson_fit if series.counts else linear_fit)(series, design, job.outcome.id)
    without = np.column_stack([design[:, :-2], np.zeros((len(design), 2))])
    line = without @ fit.coefficients
    reach = float(stats.t.ppf((1 + job.estimation.level) / 2, fit.freedom)) * fit.errors(without)
    ends = [line, line - reach, line + reach]
    if series.scale == "log_ratio":
        ends = [np.exp(end + series.offset) for end in ends]
    value = job.sample.y[job.sample.treated].sum(axis=0)
    return Course(np.where(seen, value, np.nan), ends[0], ends[1], ends[2], series.start)


def course_frame(study: Study, panel: Panel) -> pd.DataFrame:
    """`counterfactual.csv`: a row per outcome and period; outcomes whose course cannot be fitted are left out."""
    frames = []
    for outcome in study.outcomes:
        try:
            job = planned_job(study, panel, ESTIMATORS["interrupted"], outcome)
            found = course(job)
        except DesignError:
            continue
        grid = job.sample.grid
        held = {
            "study": study.id,
            "outcome": outcome.id,
            "period": grid.labels,
            "period_from_start": np.arange(len(found.value)) - found.start,
            "value": found.value,
            "expected": found.expected,
            "expected_low": found.low,
            "expected_high": found.high,
        }
        frames.append(pd.DataFrame(held))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=list(COLUMNS))
