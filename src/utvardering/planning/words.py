"""Numbers of areas and lengths of time as a coordinator says them."""

from __future__ import annotations

from utvardering.data.calendar import Calendar
from utvardering.study.model import Outcome, Study
from utvardering.wording import say


def areas(language: str, count: int) -> str:
    """One area, 3 areas."""
    return say(language, "design", "areas_one" if count == 1 else "areas_many", n=count)


def span(language: str, calendar: Calendar, periods: int) -> str:
    """One month, 24 months; a period without a calendar is a period."""
    return say(language, "design", f"{calendar.unit}_{'one' if periods == 1 else 'many'}", n=periods)


def change(language: str, outcome: Outcome) -> str:
    """A fall, or a rise where that is wanted."""
    return say(language, "design", "rise" if outcome.direction == "increase" else "fall")


def outcome_of(study: Study, outcome: str) -> Outcome:
    """The outcome with an id."""
    return next(one for one in study.outcomes if one.id == outcome)


def about(study: Study, outcome: str, estimator: str, text: str, *, planned: bool) -> str:
    """The sentence with what it is about before it, where that is not the planned analysis of the primary outcome."""
    one, language = outcome_of(study, outcome), study.report.language
    if one.role == "primary" and planned:
        return text
    key = "about_outcome" if planned else "about_method"
    return say(language, "design", key, title=one.title, estimator=say(language, "estimators", estimator), text=text)
