"""Does more of the dose go with less of the outcome, within the treated areas? Descriptive, and secondary always.

Nobody drew by lot when hours were given: they are fewer when staff are ill, and may be more where it is troubled. So the slope
describes, and decides nothing.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy import stats

from utvardering.data.calendar import Calendar
from utvardering.data.panel import Grid, Panel
from utvardering.process.dose import Dose
from utvardering.study.model import Outcome, Study
from utvardering.wording import percent, say

STEP = 0.10
"""The slope is per ten percentage points of the planned hours."""
LEAST_FREE = 20
"""Fewest degrees of freedom left: the program's own limit."""
LEAST_SPREAD = 0.02
"""Smallest standard deviation of the share that areas and periods leave; below it there is no dose to speak of."""
THURSDAY = 3
NAN = float("nan")
NO_SHARES = (NAN, NAN, NAN)


@dataclass(frozen=True)
class Slope:
    """How an outcome goes with the delivered share, per ten percentage points of the planned hours.

    scale       log_ratio for counts, difference for other outcomes, in the outcome's unit
    n_obs       area-periods with planned hours and an outcome
    verdict     described or not_evaluated, with numbers NaN and the reason in text
    """

    study: str
    outcome: str
    scale: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    level: float
    n_units: int
    n_periods: int
    n_obs: int
    share_mean: float
    share_low: float
    share_high: float
    verdict: str
    text: str


def dose_response(study: Study, panel: Panel, dose: Dose) -> pd.DataFrame:
    """A row for each outcome but the negative controls: the columns of dose_response.csv."""
    rows = [asdict(_slope(study, panel, dose, one)) for one in study.outcomes if one.role != "negative_control"]
    return pd.DataFrame(rows, columns=list(Slope.__dataclass_fields__))


def fit_slope(
    y: NDArray[np.float64],
    share: NDArray[np.float64],
    unit: NDArray[np.int64],
    period: NDArray[np.int64],
    exposure: NDArray[np.float64] | None,
    *,
    counts: bool,
) -> tuple[float, float, int]:
    """Slope per unit of share, its standard error and degrees of freedom, with effects of unit and of period; each (n,).

    Counts: Poisson pseudo-likelihood with the variance scaled by Pearson's statistic (McCullagh & Nelder 1989, 6.2), on the
    log scale; else least squares.
    """
    dummies = [np.ones((len(y), 1)), _dummies(unit), _dummies(period), share[:, None]]
    design = np.hstack(dummies)
    free = len(y) - np.linalg.matrix_rank(design)
    if counts:
        offset = None if exposure is None else np.log(exposure)
        fit = sm.GLM(y, design, family=sm.families.Poisson(), offset=offset).fit(scale="X2")
    else:
        fit = sm.OLS(y, design).fit()
    return float(fit.params[-1]), float(fit.bse[-1]), int(free)


def _dummies(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    return (codes[:, None] == np.unique(codes)[1:]).astype(float)


def _slope(study: Study, panel: Panel, dose: Dose, outcome: Outcome) -> Slope:
    language, level = study.report.language, study.estimation.level if study.estimation else 0.95
    frame = area_periods(panel, dose, outcome.id)
    scale = "log_ratio" if outcome.kind == "count" else "difference"
    sizes = (frame["unit"].nunique(), frame["period"].nunique(), len(frame))
    shares: tuple[float, float, float] = NO_SHARES
    if len(frame):
        shares = (frame["share"].mean(), frame["share"].min(), frame["share"].max())
    reason = _why_not(frame)
    if reason:
        text = say(language, "dose_response", reason)
        return Slope(study.id, outcome.id, scale, NAN, NAN, NAN, NAN, level, *sizes, *shares, "not_evaluated", text)
    estimate, error, free = fit_slope(
        frame["y"].to_numpy(),
        frame["share"].to_numpy(),
        frame["unit"].to_numpy(),
        frame["period"].to_numpy(),
        frame["exposure"].to_numpy() if outcome.exposure else None,
        counts=outcome.kind == "count",
    )
    reach = stats.t.ppf((1 + level) / 2, free) * error
    low, high = STEP * (estimate - reach), STEP * (estimate + reach)
    text = say(language, "dose_response", f"described_{scale}", **_words(STEP * estimate, low, high, level, scale, language))
    return Slope(
        study.id, outcome.id, scale, STEP * estimate, STEP * error, low, high, level, *sizes, *shares, "described", text
    )


def _words(value: float, low: float, high: float, level: float, scale: str, language: str) -> dict[str, str]:
    def shown(x: float) -> str:
        return percent(float(np.expm1(x)) if scale == "log_ratio" else x, language, 1)

    return {"value": shown(value), "low": shown(low), "high": shown(high), "level": percent(level, language)}


def _why_not(frame: pd.DataFrame) -> str:
    """Why no slope can be told: key of its sentence, or nothing."""
    n_units, n_periods = frame["unit"].nunique(), frame["period"].nunique()
    if len(frame) - n_units - n_periods < LEAST_FREE:
        return "few"
    left = frame["share"] - frame.groupby("unit")["share"].transform("mean")
    left -= left.groupby(frame["period"]).transform("mean")
    return "even" if float(left.std()) < LEAST_SPREAD else ""


def area_periods(panel: Panel, dose: Dose, outcome: str) -> pd.DataFrame:
    """A row per treated area and period under the measure with planned hours: unit, period, y, exposure, share.

    A week belongs to the period that holds its Thursday. Empty where the outcome has no calendar or weeks cannot be read.
    """
    grid = panel.grids[outcome]
    hours = _hours(dose, grid.calendar)
    places = {name: k for k, name in enumerate(panel.units)} | {name: k for k, name in enumerate(panel.labels)}
    columns = {number: k for k, number in enumerate(grid.periods)}
    rows = []
    for (unit, number), (planned, delivered) in hours.items():
        place, column = places.get(unit), columns.get(number)
        if place is None or column is None or planned <= 0 or panel.role[place] != "treated":
            continue
        rows.append((place, number, *_cell(grid, place, column), delivered / planned))
    frame = pd.DataFrame(rows, columns=["unit", "period", "y", "exposure", "treatment", "share"])
    return frame[(frame["treatment"] > 0) & frame["y"].notna()].drop(columns="treatment")


def _cell(grid: Grid, place: int, column: int) -> tuple[float, float, float]:
    exposure = float("nan") if grid.exposure is None else float(grid.exposure[place, column])
    return float(grid.y[place, column]), exposure, float(grid.treatment[place, column])


def _hours(dose: Dose, calendar: Calendar) -> dict[tuple[str, int], tuple[float, float]]:
    """Hours planned and delivered by unit and period; empty where a week has no date."""
    weeks = Calendar("week")
    found: dict[tuple[str, int], tuple[float, float]] = {}
    for row in dose.log.itertuples():
        try:
            thursday = weeks.date(weeks.number(row.week)) + dt.timedelta(days=THURSDAY)
            key = (str(row.unit), calendar.number(thursday))
        except ValueError:
            return {}
        planned, delivered = found.get(key, (0.0, 0.0))
        found[key] = (planned + float(row.planned_hours), delivered + float(row.delivered_hours))
    return found
