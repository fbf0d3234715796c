"""What must be known to say what a measure cost: how long, how many areas, inhabitants, persons, events, hours of dose."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from utvardering.data.cohort import Cohort
from utvardering.data.panel import Grid, Panel
from utvardering.disclosure.rounding import rounded
from utvardering.process.dose import Dose
from utvardering.study.model import Outcome, Study

INHABITANTS = frozenset({"folkmangd", "folkmängd", "invanare", "invånare", "befolkning", "population", "inhabitants"})
"""Columns of exposure that count who lives in an area."""
WEEKS_PER_YEAR = 365.25 / 7
NAN = float("nan")


@dataclass(frozen=True)
class Followed:
    """An outcome under the measure.

    years     with the measure, the mean over the treated areas; NaN without a calendar
    n_starts  different starts among the treated areas
    events    counted a year in all treated areas together, under the measure; NaN where nothing is counted or may be shown
    few       events are persons, and too few to be shown
    """

    years: float
    n_starts: int = 1
    events: float = NAN
    few: bool = False


@dataclass(frozen=True)
class DoseHours:
    """Hours of the dose log, and for how many years each treated area was in it, on average."""

    planned: float
    delivered: float
    years: float


@dataclass(frozen=True)
class CostFacts:
    """What is known beside the study file and the estimates.

    units        treated areas, or persons in the measure, rounded; NaN where they are too few to be told
    inhabitants  of the treated areas together, the mean over the follow-up; NaN where nobody counted them
    span         first and last year of the follow-up of the primary outcome; None without a calendar
    followed     outcome to what it was under the measure; empty for persons and organisations
    """

    units: float = 1.0
    of_persons: bool = False
    inhabitants: float = NAN
    span: tuple[int, int] | None = None
    followed: dict[str, Followed] = field(default_factory=dict)
    dose: DoseHours | None = None


def cost_facts(study: Study, data: Panel | Cohort | None, dose: Dose | None = None) -> CostFacts:
    """The facts of a run; `data` is None for an organisation."""
    if data is None:
        return CostFacts(dose=_dose(dose, 0))
    if isinstance(data, Cohort):
        count = rounded(int(data.treated.sum()), study.report.smallest_cell)
        return CostFacts(units=float(count) if count else NAN, of_persons=True, dose=_dose(dose, 0))
    treated = data.role == "treated"
    followed = {one.id: _followed(study, one, data.grids[one.id], treated) for one in study.outcomes if one.id in data.grids}
    n_areas = int(treated.sum())
    return CostFacts(
        units=float(n_areas),
        inhabitants=_inhabitants(study, data, treated),
        span=_span(data.grids[study.primary.id], treated),
        followed=followed,
        dose=_dose(dose, n_areas),
    )


def _followed(study: Study, outcome: Outcome, grid: Grid, treated: np.ndarray) -> Followed:
    under = grid.treatment[treated]
    has_calendar = grid.calendar.unit != "index"
    years = float(under.sum()) / len(under) / grid.calendar.per_year if has_calendar and len(under) else NAN
    n_starts = len(np.unique(grid.start[treated]))
    if outcome.kind != "count":
        return Followed(years, n_starts)
    known = (under > 0) & np.isfinite(grid.y[treated])
    events = float(grid.y[treated][known].sum())
    if outcome.counts == "persons" and 0 < events < study.report.smallest_cell:
        return Followed(years, n_starts, few=True)
    seen = float(under[known].sum()) / grid.calendar.per_year / max(len(under), 1)
    return Followed(years, n_starts, events / seen if has_calendar and seen > 0 else NAN)


def _inhabitants(study: Study, panel: Panel, treated: np.ndarray) -> float:
    """Of the first outcome, the primary before others, whose exposure counts inhabitants."""
    for one in sorted(study.outcomes, key=lambda outcome: outcome.role != "primary"):
        grid = panel.grids.get(one.id)
        if one.exposure.casefold() in INHABITANTS and grid is not None and grid.exposure is not None:
            people = np.where(grid.treatment > 0, grid.exposure, NAN)[treated]
            if np.isfinite(people).any(axis=1).all():
                return float(np.nanmean(people, axis=1).sum())
    return NAN


def _span(grid: Grid, treated: np.ndarray) -> tuple[int, int] | None:
    under = np.flatnonzero((grid.treatment[treated] > 0).any(axis=0))
    if grid.calendar.unit == "index" or not len(under):
        return None
    first, last = (grid.calendar.date(grid.periods[place]).year for place in (under[0], under[-1]))
    return first, last


def _dose(dose: Dose | None, n_areas: int) -> DoseHours | None:
    """The log's hours; a week counts for the areas that are in it, or once where there are no areas."""
    if dose is None:
        return None
    log = dose.to_frame()
    weeks = len(log[["unit", "week"]].drop_duplicates()) / n_areas if n_areas else float(log["week"].nunique())
    return DoseHours(dose.planned, dose.delivered, weeks / WEEKS_PER_YEAR)


def is_known(value: float) -> bool:
    """Whether there is a number."""
    return not math.isnan(value)
