"""What is overdue, missing or worth knowing of a study on a given day? One rule a remark, in the order of urgency.

Lag (2023:196): the lägesbild (4 §), the plan of measures on that basis (5 §), its follow-up at least every second year (6 §),
and reporting to kommunfullmäktige (13 §).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from utvardering.followup.facts import LOCK, Facts
from utvardering.wording import say

YEARS = 2
"""At least every second year: lag (2023:196), 6 §."""
SOON = 90
"""Days before a follow-up from which it is said to be near."""
URGENCY = ("unreadable", "overdue", "missing", "soon", "ok", "outside")
"""How a study stands, the most urgent first; outside is a replication, which is no measure of the plan."""


@dataclass(frozen=True)
class Remark:
    """A sentence about a study; `kind` is one of URGENCY, `key` names the rule."""

    kind: str
    key: str
    text: str


def remarks(facts: Facts, today: dt.date) -> list[Remark]:
    """Everything to be said of a study on a day, the most urgent first."""
    about = facts.study
    if about.is_replication:
        return [_remark(facts, "outside", "replication")]
    found = [*_dates(facts, today), *_missing(facts), *_registration(facts, today), *_data(facts, today)]
    return sorted(found, key=lambda one: URGENCY.index(one.kind))


def _remark(facts: Facts, kind: str, key: str, **more: object) -> Remark:
    return Remark(kind, key, say(facts.study.report.language, "followup", key, id=facts.study.id, **more))


def _dates(facts: Facts, today: dt.date) -> Iterator[Remark]:
    due = facts.study.study.follow_up
    if due is None:
        yield _remark(facts, "missing", "no_follow_up")
        return
    days = (due - today).days
    if days < 0:
        yield _remark(facts, "overdue", "overdue", date=due, days=-days)
    elif days <= SOON:
        yield _remark(facts, "soon", "soon", date=due, days=days)
    event, base = counted_from(facts)
    if base is not None and due > years_later(base, YEARS):
        yield _remark(facts, "missing", f"late_{event}", date=due, base=base)


def counted_from(facts: Facts) -> tuple[str, dt.date | None]:
    """From when the two years are counted: the end of the last evaluated period, else the earlier of start and registration."""
    evaluated = facts.last_day(facts.evaluated_to)
    if evaluated is not None:
        return "evaluated", evaluated
    dates = [("start", facts.start), ("registered", facts.registered)]
    known = [(day, event) for event, day in dates if day is not None]
    if not known:
        return "", None
    day, event = min(known)
    return event, day


def years_later(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; 28 February where that year has no 29th."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def _missing(facts: Facts) -> Iterator[Remark]:
    about = facts.study.study
    if not about.plan:
        yield _remark(facts, "missing", "no_plan")
    if not about.problem:
        yield _remark(facts, "missing", "no_problem")


def _registration(facts: Facts, today: dt.date) -> Iterator[Remark]:
    about = facts.study.study
    has_lock = (Path(facts.study.folder) / LOCK).is_file()
    if has_lock and facts.registered is None:
        yield _remark(facts, "missing", "lock_unreadable")
    elif has_lock and facts.state == "broken":
        yield _remark(facts, "missing", "plan_broken")
    elif has_lock and facts.state == "changed":
        yield _remark(facts, "ok", "plan_changed")
    elif not has_lock and facts.state == "broken":
        yield _remark(facts, "missing", "no_lock")
    elif not has_lock and not about.retrospective:
        if facts.start is not None and today < facts.start:
            yield _remark(facts, "soon", "not_registered", start=facts.start)
        elif facts.start is not None:
            yield _remark(facts, "ok", "never_registered", start=facts.start)


def _data(facts: Facts, today: dt.date) -> Iterator[Remark]:
    found = facts.reach
    if not found.fetched:
        yield _remark(facts, "missing", "not_fetched")
    elif found.fault:
        yield _remark(facts, "missing", "data_fault")
    elif found.last and facts.start is not None and today >= facts.start and not found.n_after:
        yield _remark(facts, "soon", "no_data_after", last=found.last, start=facts.start)
    elif not facts.is_evaluated and found.n_after >= facts.study.checks.min_periods_after:
        yield _remark(facts, "soon", "ready", last=found.last)
    elif facts.is_evaluated and facts.evaluated_to and found.last not in {"", facts.evaluated_to}:
        yield _remark(facts, "soon", "new_data", last=found.last, evaluated=facts.evaluated_to)
    if facts.is_evaluated and facts.run_of_another_plan:
        yield _remark(facts, "soon", "another_plan")
