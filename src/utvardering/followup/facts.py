"""What is known of a study today: its file, its lock, how far its data reach, and what `build/` holds of it."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from utvardering.data.calendar import Calendar
from utvardering.data.load import load_panel
from utvardering.data.panel import NEVER, Panel
from utvardering.errors import DataNotFetchedError, ReproductionError, UtvarderingError
from utvardering.outputs import sha256
from utvardering.registration.state import verify
from utvardering.study.model import Study

LOCK = "plan.lock"


@dataclass(frozen=True)
class Reach:
    """How far the data of the primary outcome reach: first start and last period as labels, periods from the latest start on.

    `fault` is why they could not be read; `fetched` is False where they have not been fetched.
    """

    start: str = ""
    last: str = ""
    n_after: int = 0
    fetched: bool = True
    fault: str = ""


@dataclass(frozen=True)
class Facts:
    """A study that loads, with what its lock, its data and its run say; empty text or None where there is nothing."""

    study: Study
    registered: dt.date | None
    state: str
    reach: Reach
    evaluated_to: str
    verdict: str
    certainty: str
    run_of_another_plan: bool
    assessed: bool = False
    override: str = ""

    @property
    def calendar(self) -> Calendar:
        """The calendar of the primary outcome."""
        return outcome_calendar(self.study)

    @property
    def start(self) -> dt.date | None:
        """The first start as a date; None where the study has no calendar or names no start."""
        named = [one.start for one in self.study.treated] + [self.study.measure.start]
        dates = [day for day in named if isinstance(day, dt.date)]
        if dates:
            return min(dates)
        return self.first_day(self.reach.start)

    def first_day(self, label: str) -> dt.date | None:
        """First day of a period; None where there is none or the study has no calendar."""
        return _day(self.calendar, label, 0)

    def last_day(self, label: str) -> dt.date | None:
        """Last day of a period; None as above."""
        after = _day(self.calendar, label, 1)
        return after - dt.timedelta(days=1) if after else None

    @property
    def is_evaluated(self) -> bool:
        """Whether `build/` holds a verdict, or the assessment of an organisation."""
        return bool(self.verdict) or self.assessed


def outcome_calendar(study: Study) -> Calendar:
    """The calendar of the primary outcome, or of the study where it has no outcomes."""
    own = next((one.period_unit for one in study.outcomes if one.role == "primary"), None)
    return Calendar(own or (study.period.unit if study.period else "index"))


def _day(calendar: Calendar, label: str, later: int) -> dt.date | None:
    if not label or calendar.unit == "index":
        return None
    return calendar.date(calendar.number(label) + later)


def facts_of(study: Study, build: Path) -> Facts:
    """What the lock, the data and `build/<study>/` say of a study; outcomes are not looked at, only how far they reach."""
    folder = build / study.id
    verdict = _toml(folder / "verdict.toml")
    panel, found = reach(study)
    return Facts(
        study=study,
        registered=registered_at(study.folder),
        state=registration_state(study, panel),
        reach=found,
        evaluated_to=_evaluated_to(study, folder) if verdict else "",
        verdict=str(verdict.get("verdict", "")),
        certainty=str(verdict.get("certainty", "")),
        run_of_another_plan=bool(verdict) and _differs(study.folder / "study.toml", folder / "study.toml"),
        assessed=study.study.design == "organisation" and (folder / "process.csv").is_file(),
        override=json.dumps(verdict["override"] | {"computed_level": verdict["maryland_level"]}, ensure_ascii=False)
        if "override" in verdict
        else "",
    )


def registered_at(folder: Path) -> dt.date | None:
    """The day on which the plan was locked, by its lock; None where there is no lock or it names no day."""
    stated = _toml(folder / LOCK).get("registered_at")
    if isinstance(stated, dt.datetime):
        return stated.date()
    if isinstance(stated, dt.date):
        return stated
    try:
        return dt.date.fromisoformat(str(stated)[:10])
    except ValueError:
        return None


def registration_state(study: Study, panel: Panel | None) -> str:
    """The state of the registration, or broken where plan, lock or rows before the start are not what was registered."""
    try:
        return verify(study, panel).state
    except ReproductionError:
        return "broken"


def reach(study: Study) -> tuple[Panel | None, Reach]:
    """The panel of a study where it can be read, and how far its data reach."""
    if not study.has_panel:
        return None, Reach()
    try:
        panel = load_panel(study)
    except DataNotFetchedError:
        return None, Reach(fetched=False)
    except UtvarderingError as fault:
        return None, Reach(fault=fault.message)
    return panel, _panel_reach(panel, study)


def _panel_reach(panel: Panel, study: Study) -> Reach:
    grid = panel.grids[study.primary.id]
    starts = grid.start[(panel.role == "treated") & (grid.start < NEVER)]
    last = grid.labels[-1] if grid.periods else ""
    if not len(starts):
        return Reach(last=last)
    first, latest = int(starts.min()), int(starts.max())
    label = grid.labels[first] if first < len(grid.labels) else ""
    return Reach(label, last, max(len(grid.periods) - latest, 0))


def _evaluated_to(study: Study, folder: Path) -> str:
    """Last period that the run saw of the primary outcome; empty where the run keeps no panel."""
    path = folder / "panel.parquet"
    if not path.is_file():
        return ""
    panel = pd.read_parquet(path, columns=["outcome", "period", "value"])
    labels = panel.loc[(panel["outcome"] == study.primary.id) & panel["value"].notna(), "period"].unique()
    return max((str(label) for label in labels), key=outcome_calendar(study).number, default="")


def _differs(one: Path, other: Path) -> bool:
    return other.is_file() and sha256(one) != sha256(other)


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
