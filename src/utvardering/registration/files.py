"""What a run writes of the registration: `registration.json` and `deviations.csv`."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from utvardering.outputs import write_json, write_table
from utvardering.registration.state import Registration, program_version
from utvardering.study.model import Study
from utvardering.study.opened import OPENED
from utvardering.study.page import study_page
from utvardering.study.plan_values import Difference, shown
from utvardering.study.protocol import PROTOCOL, Amendment
from utvardering.study.register import LOCK, is_open
from utvardering.study.source import STUDY_FILE
from utvardering.study.wording import Wording
from utvardering.wording import say

COLUMNS = ("study", "key", "registered", "now", "amended_on", "reason", "text")
_SECTIONS = {
    "schema": "data",
    "study": "question",
    "period": "place",
    "treated": "place",
    "treated_from": "place",
    "neighbours": "comparison",
    "estimation": "analysis",
    "causal_model": "causal",
}
"""Tables of the study file that bear another heading on the page of the plan."""


def write_registration(found: Registration, folder: Path) -> None:
    """Write what is known of the registration into the folder of a run."""
    write_json(registration_facts(found), folder / "registration.json")
    write_table(deviations_frame(found), folder / "deviations.csv")


def refresh_registration(found: Registration, folder: Path) -> None:
    """Bring the folder of an earlier run or design up to date, where there is one: the registration and what it stands on."""
    if not folder.is_dir():
        return
    write_registration(found, folder)
    (folder / "plan.md").write_text(study_page(found.study), encoding="utf-8")
    for name in (STUDY_FILE, PROTOCOL, LOCK, OPENED):
        if (found.study.folder / name).is_file():
            shutil.copyfile(found.study.folder / name, folder / name)


def registration_facts(found: Registration) -> dict[str, Any]:
    """State, hashes, proofs, doubts, amendments and the statement that says it in words."""
    lock, opened = found.lock, found.opened
    return {
        "study": found.study.id,
        "state": found.state,
        "registered_at": _utc(lock.registered_at) if lock else None,
        "plan_sha256": lock.plan_sha256 if lock else found.plan,
        "plan_sha256_now": found.plan,
        "data_sha256": lock.data_sha256 if lock else None,
        "program_version": lock.program_version if lock else None,
        "git_commit": lock.git_commit if lock else None,
        "seen": {name: {key: one[key] for key in ("first", "last", "units", "cells")} for name, one in lock.seen.items()}
        if lock
        else {},
        "opened_at": _utc(opened.opened_at) if opened else None,
        "before_start": _before_start(found),
        "proofs": [{"kind": one.kind, "date": one.date, "statement": one.statement} for one in found.proofs],
        "doubts": list(found.doubts),
        "summary": summary(found),
        "limits": limits(found),
        "statement": statement(found),
        "amendments": [
            {
                "date": one.date.isoformat(),
                "plan_sha256": one.plan or None,
                "data_sha256": one.data or None,
                "keys": list(one.keys),
                "reason": one.reason,
            }
            for one in found.amendments
        ],
    }


def statement(found: Registration) -> str:
    """What a reader may trust: whether and when the plan was locked, what proves it, and what cannot be proved."""
    if found.lock is None:
        return summary(found)
    language = found.study.report.language
    proofs = [one.statement for one in found.proofs]
    told = [say(language, "registration", "proved"), *proofs] if proofs else [say(language, "registration", "unproved")]
    return " ".join([summary(found), *told, *found.doubts, limits(found)])


def summary(found: Registration) -> str:
    """Whether and when the plan was locked, before or after the start, and when outcomes were first opened."""
    language, lock = found.study.report.language, found.lock

    def tell(key: str, **facts: object) -> str:
        return say(language, "registration", key, **facts)

    opened = [tell("opened", date=found.opened.opened_at.date())] if found.opened else []
    opened = [tell("opened_unrecorded")] if found.unrecorded else opened
    if lock is None:
        return " ".join([tell(found.state), *opened])
    retrospective = found.state == "retrospective"
    said = [tell("retrospective_locked" if retrospective else "locked", date=lock.registered_at.date())]
    start = _first_start(found.study)
    if start is not None and not retrospective:
        said.append(tell("before_start") if _before_start(found) else tell("after_start", start=start))
    said.append(tell("changed" if found.is_changed else "unchanged"))
    return " ".join([*said, *(opened or [tell("not_opened")])])


def limits(found: Registration) -> str:
    """What no lock can show; empty where there is none."""
    language = found.study.report.language
    keys = ("remade", "elsewhere") if found.lock else ()
    return " ".join(say(language, "registration", key) for key in keys)


def deviations_frame(found: Registration) -> pd.DataFrame:
    """A row for each key in which the present plan differs from the registered one, for revised rows, and for the version."""
    rows: list[dict[str, str]] = []
    lock, study = found.lock, found.study
    language = study.report.language
    if lock is not None:
        rows += [_difference(found, one) for one in found.differences]
        if found.rows is not None and found.rows.changed:
            cover = next((one for one in reversed(found.amendments) if one.covers_data(found.rows.sha256)), None)
            names = {outcome.id: outcome.title for outcome in study.outcomes} | {
                "units": say(language, "registration", "units")
            }
            what = ", ".join(names.get(name, name) for name in found.rows.changed)
            text = say(language, "registration", "data", what=what)
            rows.append(_row(found, "data_sha256", (lock.data_sha256, found.rows.sha256), cover, text))
        if lock.program_version != program_version():
            facts = {"registered": lock.program_version, "now": program_version()}
            text = say(language, "registration", "version", **facts)
            rows.append(_row(found, "program_version", (lock.program_version, program_version()), None, text))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _difference(found: Registration, one: Difference) -> dict[str, str]:
    language = found.study.report.language
    covering = [amendment for amendment in found.amendments if amendment.covers_plan(found.plan)]
    naming = [amendment for amendment in found.amendments if one.key in amendment.keys]
    cover = next(reversed(naming or covering), None)
    text = say(
        language,
        "registration",
        "difference",
        section=_section(found.study, one.key),
        key=one.key,
        registered=_said(one.registered, language),
        now=_said(one.now, language),
    )
    if is_open(one):
        text, cover = f"{text} {say(language, 'registration', 'open_cost')}", None
    return _row(found, one.key, (shown(one.registered), shown(one.now)), cover, text)


def _row(found: Registration, key: str, values: tuple[str, str], cover: Amendment | None, text: str) -> dict[str, str]:
    language, opened = found.study.report.language, found.opened
    said = [text]
    if cover is not None:
        after = opened is not None and opened.opened_at.date() <= cover.date and not cover.covers_plan(opened.plan_sha256)
        facts = {"date": cover.date} | ({"opened": opened.opened_at.date()} if opened is not None else {})
        said.append(say(language, "registration", "amended_after" if after else "amended", **facts))
        said.append(say(language, "registration", "reason", reason=cover.reason))
    return {
        "study": found.study.id,
        "key": key,
        "registered": values[0],
        "now": values[1],
        "amended_on": cover.date.isoformat() if cover else "",
        "reason": cover.reason if cover else "",
        "text": " ".join(said),
    }


def _section(study: Study, key: str) -> str:
    """The heading under which the page of the plan holds a key; an outcome by its title."""
    table = key.partition(".")[0].partition("[")[0]
    for outcome in study.outcomes:
        if key.startswith(f"outcomes[{outcome.id}]"):
            return outcome.title
    headings = Wording(study.report.language).texts["heading"]
    return str(headings.get(_SECTIONS.get(table, table), table))


def _said(value: Any, language: str) -> str:  # noqa: ANN401 -- whatever a study file holds
    """A value as the report says it."""
    if value is None or value in ("", []):
        return say(language, "registration", "none")
    if isinstance(value, bool):
        return say(language, "registration", "yes" if value else "no")
    if isinstance(value, list):
        return "; ".join(_said(item, language) for item in value)
    if isinstance(value, (int, float)):
        return Wording(language).number(value)
    return str(value) if isinstance(value, str) else shown(value)


def _first_start(study: Study) -> dt.date | None:
    """The first day of the measure that the plan states, None where there is no calendar or the panel holds the starts."""
    days = [unit.start for unit in study.treated if isinstance(unit.start, dt.date)]
    return min(days, default=None)


def _before_start(found: Registration) -> bool | None:
    """Whether the plan was locked before the measure began; None where it is not locked or the start has no date."""
    start = _first_start(found.study)
    return None if found.lock is None or start is None else found.lock.registered_at.date() < start


def _utc(moment: dt.datetime) -> str:
    return f"{moment.astimezone(dt.UTC).replace(tzinfo=None).isoformat()}Z"
