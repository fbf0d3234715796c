"""What git, a time stamp and `opened.toml` say against a lock (problems), leave open (doubts) and prove (proofs)."""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from utvardering.errors import Problem
from utvardering.registration.git import Change, History
from utvardering.registration.timestamp import STAMP, read_stamp
from utvardering.study.opened import OPENED, Opened, parse_opened
from utvardering.study.plan_values import differences, leaves, shown
from utvardering.study.protocol import PROTOCOL, Amendment
from utvardering.study.register import LOCK, Lock
from utvardering.wording import say

CLOCKS = dt.timedelta(minutes=10)
"""So much may the clocks of two computers differ: a commit made elsewhere can seem a little later than it was."""
A_DAY = dt.timedelta(days=1)
_DIGITS = 10


@dataclass(frozen=True)
class Proof:
    """What stands behind the date of a lock: kind `git`, `tag` or `timestamp`."""

    kind: str
    date: str
    statement: str


@dataclass
class Traces:
    """What was found; doubts and proofs in the language of the report."""

    problems: list[Problem] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)
    opened: Opened | None = None


def traces_of(folder: Path, lock: Lock, language: str) -> Traces:
    """What the folder's history and the files beside the lock say of it."""
    history, found = History(folder), Traces()
    changes = history.changes(LOCK)
    _missing_history(history, changes, lock, language, found)
    if changes:
        _committed(history, changes[0], lock, folder, language, found)
    _named_commit(history, lock, language, found)
    for tag in history.signed_tags(LOCK):
        key = "tag_verified" if tag.verified else "tag_signed"
        day = tag.date.date().isoformat()
        found.proofs.append(Proof("tag", day, say(language, "registration", key, name=tag.name, date=day)))
    _stamp(folder / LOCK, lock, language, found)
    found.opened = opened_of(history, folder, found.problems)
    return found


def lost_lock(folder: Path) -> Problem | None:
    """The fault of a folder whose history holds a lock that is gone."""
    changes = History(folder).changes(LOCK)
    if not changes:
        return None
    added, gone = changes[0], next((one for one in reversed(changes) if one.kind == "D"), None)
    removed = f" and taken away on {_day(gone)} ({gone.commit[:_DIGITS]})" if gone else " and is not here"
    text = (
        f"was committed on {_day(added)} ({added.commit[:_DIGITS]}){removed}: the registration was removed. {_restore(added)}"
    )
    return Problem(LOCK, text)


def opened_of(history: History, folder: Path, problems: list[Problem]) -> Opened | None:
    """The first opening of the outcomes by the file and by the history, whichever is earlier; contradictions are problems."""
    path = folder / OPENED
    now = parse_opened(path.read_bytes()) if path.is_file() else None
    if path.is_file() and now is None:
        problems.append(Problem(OPENED, "is not what `run` wrote: it needs opened_at, plan_sha256 and program_version"))
    changes = history.changes(OPENED)
    content = history.content(OPENED, changes[0].commit) if changes else None
    first = parse_opened(content) if content is not None else None
    if changes and not path.is_file():
        text = (
            f"was committed on {_day(changes[0])} ({changes[0].commit[:_DIGITS]}) and is gone. {_restore(changes[0], OPENED)}"
        )
        problems.append(Problem(OPENED, text))
    elif first is not None and now is not None and first != now:
        text = f"says {now.opened_at.isoformat()}, but {first.opened_at.isoformat()} was committed on {_day(changes[0])}."
        problems.append(Problem(OPENED, f"{text} {_restore(changes[0], OPENED)}"))
    return min((one for one in (now, first) if one is not None), key=lambda one: one.opened_at, default=None)


def amendment_doubts(
    folder: Path, amendments: tuple[Amendment, ...], opened: Opened | None, lock: Lock, language: str
) -> list[str]:
    """Amendments whose date the history or the first opening speaks against."""
    history, doubts = History(folder), []
    for one in amendments:
        came = history.first_with(PROTOCOL, one.plan or one.data)
        if came is not None and came.date() > one.date + A_DAY:
            facts = {"date": one.date.isoformat(), "committed": came.date().isoformat()}
            doubts.append(say(language, "registration", "amendment_late", **facts))
    if opened is not None:
        day = opened.opened_at.date()
        earlier = [one for one in amendments if one.plan and one.date < day]
        in_force = earlier[-1] if earlier else None
        if in_force is not None and not in_force.covers_plan(opened.plan_sha256) and opened.opened_at > lock.registered_at:
            facts = {"date": in_force.date.isoformat(), "opened": day.isoformat()}
            doubts.append(say(language, "registration", "amendment_opened", **facts))
    return doubts


def _missing_history(history: History, changes: tuple[Change, ...], lock: Lock, language: str, found: Traces) -> None:
    if history.state != "whole":
        found.doubts.append(say(language, "registration", history.state))
    elif not changes:
        found.doubts.append(say(language, "registration", "uncommitted"))
    if history.is_there and not lock.git_commit:
        found.doubts.append(say(language, "registration", "no_commit"))


def _committed(history: History, first: Change, lock: Lock, folder: Path, language: str, found: Traces) -> None:
    """The lock as it was first committed: its date, and every field that is another now."""
    content = history.content(LOCK, first.commit) or b""
    for field_name, then, now in _changed_fields(content, (folder / LOCK).read_bytes()):
        text = f"was {then} when {LOCK} was committed on {_day(first)} ({first.commit[:_DIGITS]}), and is {now} now."
        found.problems.append(Problem(f"{LOCK}: {field_name}", f"{text} {_restore(first)}"))
    if first.date + CLOCKS < lock.registered_at:
        text = f"is {lock.registered_at.isoformat()}, later than the commit that holds it ({first.date.isoformat()})"
        found.problems.append(Problem(f"{LOCK}: registered_at", text))
    elif first.date > lock.registered_at + A_DAY:
        facts = {"registered": lock.registered_at.date().isoformat(), "committed": _day(first)}
        found.doubts.append(say(language, "registration", "late", **facts))
    said = say(language, "registration", "git", date=_day(first), commit=first.commit[:_DIGITS])
    found.proofs.append(Proof("git", _day(first), said))


def _changed_fields(then: bytes, now: bytes) -> list[tuple[str, str, str]]:
    """Field, value then and value now, of everything in which two locks differ."""
    before, after = _leaves(then), _leaves(now)
    if before is None or after is None:
        return [] if then.split() == now.split() else [("the file", "another", "not that")]
    return [(one.key, shown(one.registered), shown(one.now)) for one in differences(before, after)]


def _leaves(content: bytes) -> dict[str, Any] | None:
    try:
        return leaves(tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return None


def _named_commit(history: History, lock: Lock, language: str, found: Traces) -> None:
    """The commit that the lock names: it must be older than the lock."""
    if not lock.git_commit or not history.is_there:
        return
    date = history.date_of(lock.git_commit)
    if date is None:
        if history.state == "whole":
            short = lock.git_commit[:_DIGITS]
            found.doubts.append(say(language, "registration", "not_in_history", commit=short))
    elif lock.registered_at + CLOCKS < date:
        text = (
            f"is {lock.registered_at.isoformat()}, but the lock names the commit {lock.git_commit[:_DIGITS]}, which was made "
            f"on {date.isoformat()}: the lock is younger than it says"
        )
        found.problems.append(Problem(f"{LOCK}: registered_at", text))


def _stamp(file: Path, lock: Lock, language: str, found: Traces) -> None:
    stamp = read_stamp(file)
    if stamp is None:
        return
    if stamp.state == "no_openssl":
        found.doubts.append(say(language, "registration", "timestamp_no_openssl"))
    elif stamp.state == "unreadable":
        found.problems.append(Problem(STAMP, "is not a time stamp of RFC 3161; take it away, or get a new one for plan.lock"))
    elif stamp.state == "other_file":
        text = f"is of another file: {LOCK} was changed after it was stamped, or the stamp belongs to another lock"
        found.problems.append(Problem(STAMP, text))
    elif stamp.date is not None:
        if stamp.date + CLOCKS < lock.registered_at:
            text = f"is {lock.registered_at.isoformat()}, later than the time stamp ({stamp.date.isoformat()})"
            found.problems.append(Problem(f"{LOCK}: registered_at", text))
        day = stamp.date.date().isoformat()
        authority = stamp.authority or say(language, "registration", "timestamp_unknown")
        said = say(language, "registration", f"timestamp_{stamp.state}", date=day, authority=authority)
        found.proofs.append(Proof("timestamp", day, said))


def _restore(change: Change, name: str = LOCK) -> str:
    return f"Restore it: git checkout {change.commit[:_DIGITS]} -- {name}"


def _day(change: Change) -> str:
    return change.date.date().isoformat()
