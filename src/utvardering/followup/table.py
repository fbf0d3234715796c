"""All studies by plan row, with status, dates, last verdict and what is to be done: the table of `build/followup/`."""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from utvardering.errors import StudyError, UtvarderingError
from utvardering.followup.facts import Facts, facts_of
from utvardering.followup.remarks import Remark, remarks
from utvardering.outputs import whole_folder, write_json, write_table
from utvardering.report.slide import draw_slide
from utvardering.study.load import load_study
from utvardering.study.source import STUDIES, STUDY_FILE, study_ids
from utvardering.wording import say

FOLDER = "followup"


@dataclass(frozen=True)
class Row:
    """A study as the table shows it: dates as ISO text, empty where there is none; `days_left` is negative when overdue.

    status      draft, registered, retrospective, changed (with amendments), broken (without) or published
    stage       planned, running, evaluated or unreadable
    standing    unreadable, overdue, missing, soon, ok or outside (a replication)
    remarks     the rules behind `text`, separated by blanks
    fault       why the study file could not be read, as `check` says it
    """

    study: str
    title: str
    plan: str
    problem: str
    measure: str
    status: str
    stage: str
    start: str
    registered_at: str
    follow_up: str
    days_left: int | None
    data_to: str
    evaluated_to: str
    verdict: str
    certainty: str
    simulated: bool
    standing: str
    remarks: str
    text: str
    fault: str = ""
    override: str = ""


@dataclass(frozen=True)
class FollowUp:
    """The rows of all studies on a day."""

    date: dt.date
    rows: tuple[Row, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row a study, in the order of the plan rows."""
        frame = pd.DataFrame([asdict(row) for row in self.rows], columns=list(Row.__dataclass_fields__))
        return frame.assign(days_left=frame["days_left"].astype("Int64"))


def follow_up(studies: Path = STUDIES, build: Path = Path("build"), date: dt.date | None = None) -> FollowUp:
    """Every study below `studies`, by plan row, as it stands on a day (default today).

    A study that does not load is listed with its fault. Raises a StudyError where there are no studies at all.
    """
    today = date or dt.datetime.now(tz=dt.UTC).date()
    ids = study_ids(studies)
    if not ids:
        msg = f"{studies.as_posix()}: there are no studies; make one with: utvardering new NAME"
        raise StudyError(msg)
    rows = [_row(studies / name, build, today) for name in ids]
    return FollowUp(today, tuple(sorted(rows, key=_order)))


def _order(row: Row) -> tuple[bool, list[tuple[int, str]], str, str]:
    """Plan rows as a reader orders them, 2 before 10; studies without one last."""
    parts = [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", row.plan.lower())]
    return not row.plan, parts, row.follow_up or "9", row.study


def _row(folder: Path, build: Path, today: dt.date) -> Row:
    try:
        study = load_study(folder)
    except UtvarderingError as fault:
        return _unreadable(folder, fault)
    facts = facts_of(study, build)
    return _known(facts, remarks(facts, today), today)


def _known(facts: Facts, said: list[Remark], today: dt.date) -> Row:
    about, due = facts.study.study, facts.study.study.follow_up
    start = facts.start
    begun = start is None or start <= today
    return Row(
        study=about.id,
        title=about.title,
        plan=about.plan,
        problem=about.problem,
        measure=facts.study.measure.name,
        status=_status(facts),
        stage="evaluated" if facts.is_evaluated else "running" if begun else "planned",
        start=start.isoformat() if start else facts.reach.start,
        registered_at=facts.registered.isoformat() if facts.registered else "",
        follow_up=due.isoformat() if due else "",
        days_left=(due - today).days if due else None,
        data_to=facts.reach.last,
        evaluated_to=facts.evaluated_to,
        verdict=facts.verdict,
        certainty=facts.certainty,
        simulated=facts.study.data.simulated,
        standing=said[0].kind if said else "ok",
        remarks=" ".join(one.key for one in said),
        text=" ".join(one.text for one in said),
        override=facts.override,
    )


def _status(facts: Facts) -> str:
    """The lock says more than the word in the study file, but for a study that has been published."""
    about = facts.study.study
    if about.status == "published":
        return "published"
    if facts.registered is None:
        return "retrospective" if about.retrospective else "draft"
    return facts.state if facts.state in {"broken", "changed", "retrospective"} else "registered"


def _unreadable(folder: Path, fault: UtvarderingError) -> Row:
    """What can still be said of a study whose file has faults: its words where the file is TOML, and what is wrong."""
    try:
        given = tomllib.loads((folder / STUDY_FILE).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        given = {}
    about = given.get("study", {}) if isinstance(given.get("study"), dict) else {}
    word = {key: str(about.get(key, "")) for key in ("title", "plan", "problem", "follow_up", "status")}
    return Row(
        study=folder.name,
        title=word["title"] or folder.name,
        plan=word["plan"],
        problem=word["problem"],
        measure="",
        status=word["status"],
        stage="unreadable",
        start="",
        registered_at="",
        follow_up=word["follow_up"],
        days_left=None,
        data_to="",
        evaluated_to="",
        verdict="",
        certainty="",
        simulated=False,
        standing="unreadable",
        remarks="unreadable",
        text=say("sv", "followup", "unreadable", id=folder.name, count=max(len(fault.problems), 1)),
        fault=str(fault),
    )


def write_follow_up(found: FollowUp, build: Path) -> Path:
    """Write table, date and picture to `build/followup/`, all or nothing; the folder is the result."""
    folder = build / FOLDER
    frame = found.to_frame()
    with whole_folder(folder) as new:
        write_table(frame, new / "followup.csv")
        write_json({"date": found.date.isoformat(), "studies": len(frame)}, new / "followup.json")
        draw_slide(frame, found.date, new)
    return folder
