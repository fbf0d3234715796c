"""Is this the plan that was registered? What every verb asks before it goes on."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from utvardering.data.by_design import Data
from utvardering.errors import Problem, ReproductionError
from utvardering.registration.git import History
from utvardering.registration.rows_before import RowsBefore, rows_before
from utvardering.registration.traces import A_DAY, Proof, Traces, amendment_doubts, lost_lock, opened_of, traces_of
from utvardering.study.model import Study
from utvardering.study.opened import OPENED, Opened, note_opened, parse_opened
from utvardering.study.plan_values import Difference, plan_sha256, shown
from utvardering.study.protocol import PROTOCOL, Amendment, amendment_block, read_amendments
from utvardering.study.register import LOCK, Lock, differences_from, is_open, locked_sha256, read_lock

STATUS_LOCKED = ("registered", "published")
_DIGITS = 12
_OF_LOCK = "is not what the registered rows say, though their hash is the same: the lock was changed"


@dataclass(frozen=True)
class Registration:
    """What is known of a study's registration, after nothing was found that contradicts it.

    state         `draft`, `registered`, `changed` (with amendments) or `retrospective` (locked or not)
    plan          hash of the present plan, with the cost that was registered where it is locked
    differences   where it differs from the registered one; all but those in the cost are covered by an amendment
    rows          the rows before the start, None where they were not looked at
    unrecorded    outcomes were opened, but the folder could not be written
    """

    study: Study
    state: str
    plan: str
    lock: Lock | None = None
    differences: tuple[Difference, ...] = ()
    amendments: tuple[Amendment, ...] = ()
    rows: RowsBefore | None = None
    proofs: tuple[Proof, ...] = ()
    doubts: tuple[str, ...] = ()
    opened: Opened | None = None
    unrecorded: bool = False

    @property
    def is_changed(self) -> bool:
        """Whether the plan, but for the cost, or the rows before the start are others than those that were locked."""
        return not all(is_open(one) for one in self.differences) or (self.rows is not None and bool(self.rows.changed))


def program_version() -> str:
    """Version of this program."""
    return importlib.metadata.version("utvardering")


def verify(study: Study, panel: Data | None = None, now: dt.datetime | None = None) -> Registration:
    """The registration of a study, whose plan and rows before the start are those that were locked, or amended since.

    panel   of the study, or its cohort; None where its data are not to be had: then only the plan is verified
    Raises a ReproductionError that names every key that was changed, its registered and its present value, and what to write.
    """
    lock, problems = read_lock(study.folder / LOCK)
    locked = study.study.status in STATUS_LOCKED
    if lock is None and not problems and not (study.folder / LOCK).exists():
        return _without_lock(study, locked=locked)
    if lock is None:
        raise _error(study, None, problems)
    if not locked:
        text = f'is "{study.study.status}", but {LOCK} says that the plan was registered; write status = "registered"'
        problems.append(Problem("study.status", text, study.line("study.status")))
    today = now or dt.datetime.now(dt.UTC)
    if lock.registered_at > today + A_DAY:
        problems.append(Problem(f"{LOCK}: registered_at", f"is {lock.registered_at.isoformat()}, which is yet to come"))
    language = study.report.language
    traces = traces_of(study.folder, lock, language)
    amendments, wrong = read_amendments(study.folder / PROTOCOL)
    problems += [*traces.problems, *wrong, *_wrong_dates(amendments, lock, today)]
    problems += _opened_problems(study, lock, traces, amendments)
    changed = differences_from(lock, study)
    rows = rows_before(study, panel, lock, same_plan=not changed) if panel is not None else None
    problems += [Problem(f"{LOCK}: {name}", _OF_LOCK) for name in (rows.lock_faults if rows is not None else ())]
    problems += _not_amended(study, lock, changed, rows, amendments, today.date())
    if problems:
        raise _error(study, lock, problems)
    doubts = [*traces.doubts, *amendment_doubts(study.folder, amendments, traces.opened, lock, language)]
    found = Registration(
        study,
        "registered",
        locked_sha256(lock, study),
        lock,
        changed,
        amendments,
        rows,
        tuple(traces.proofs),
        tuple(doubts),
        traces.opened,
    )
    return replace(
        found, state="retrospective" if study.study.retrospective else "changed" if found.is_changed else "registered"
    )


def with_opening(found: Registration, build: Path | None = None) -> Registration:
    """Record in the study's folder that outcomes after the start are opened now, unless they were before.

    build   folder of an earlier run: where the study's own note was lost, the copy there is put back, with its date
    """
    if found.opened is not None:
        return found
    target, copy = found.study.folder / OPENED, build / OPENED if build else None
    if copy is not None and copy.is_file() and not target.exists() and parse_opened(copy.read_bytes()):
        with contextlib.suppress(OSError):
            shutil.copyfile(copy, target)
    written = note_opened(found.study.folder, found.plan, program_version())
    opened = parse_opened(target.read_bytes()) if written else None
    return replace(found, opened=opened, unrecorded=opened is None)


def _without_lock(study: Study, *, locked: bool) -> Registration:
    lost = lost_lock(study.folder)
    problems = [lost] if lost else []
    if locked:
        text = f'is "{study.study.status}", but there is no {LOCK}: a registered plan without its lock counts as changed. '
        text += "Put the lock back; or, if the plan never was registered, write "
        text += f'status = "draft" and lock it with: utvardering register {study.id}'
        problems.append(Problem("study.status", text, study.line("study.status")))
    if problems:
        raise _error(study, None, problems)
    opened = opened_of(History(study.folder), study.folder, [])
    return Registration(study, "retrospective" if study.study.retrospective else "draft", plan_sha256(study), opened=opened)


def _wrong_dates(amendments: tuple[Amendment, ...], lock: Lock, now: dt.datetime) -> list[Problem]:
    problems = []
    for one in amendments:
        if one.date < lock.registered_at.date() - A_DAY:
            text = f"the amendment of {one.date} is dated before the plan was registered ({lock.registered_at.date()})"
            problems.append(Problem(PROTOCOL, text, one.line))
        if one.date > now.date() + A_DAY:
            problems.append(Problem(PROTOCOL, f"the amendment of {one.date} is dated in the future", one.line))
    return problems


def _opened_problems(study: Study, lock: Lock, traces: Traces, amendments: tuple[Amendment, ...]) -> list[Problem]:
    """Outcomes that were opened before the plan was locked, or under a plan that nobody registered."""
    opened = traces.opened
    if opened is None:
        return []
    if opened.opened_at < lock.registered_at:
        if study.study.retrospective:
            return []
        text = (
            f"outcomes after the start were opened on {opened.opened_at.date()}, before the plan was registered on "
            f"{lock.registered_at.date()}: such a plan is retrospective"
        )
        return [Problem("opened.toml", text)]
    if opened.plan_sha256 == lock.plan_sha256 or any(one.covers_plan(opened.plan_sha256) for one in amendments):
        return []
    text = (
        f"outcomes after the start were opened on {opened.opened_at.date()} under the plan {opened.plan_sha256[:_DIGITS]}, "
        f"which is neither the registered one nor named by an amendment in {PROTOCOL}"
    )
    return [Problem("opened.toml", text)]


def _not_amended(
    study: Study,
    lock: Lock,
    changed: tuple[Difference, ...],
    rows: RowsBefore | None,
    amendments: tuple[Amendment, ...],
    today: dt.date,
) -> list[Problem]:
    plan, whole = locked_sha256(lock, study), plan_sha256(study)
    problems: list[Problem] = []
    changed = tuple(one for one in changed if not is_open(one))
    needs_plan = bool(changed) and not any(one.covers_plan(plan) or one.covers_plan(whole) for one in amendments)
    if needs_plan:
        problems += [_changed(study, one) for one in changed]
    needs_data = rows is not None and bool(rows.changed) and not any(one.covers_data(rows.sha256) for one in amendments)
    if rows is not None and needs_data:
        text = f"registered {lock.data_sha256[:_DIGITS]}…, now {rows.sha256[:_DIGITS]}…; changed: {_told(lock, rows)}"
        problems.append(Problem("rows before the start", text))
    if problems and (needs_plan or needs_data):
        what = " and ".join(part for part, needed in (("plan", needs_plan), ("data", needs_data)) if needed)
        block = amendment_block(
            changed if needs_plan else (),
            study.report.language,
            today,
            plan=plan if needs_plan else "",
            data=rows.sha256 if rows is not None and needs_data else "",
        )
        text = f"put the {what} back as registered, or add this to {PROTOCOL}, with your reason:\n\n{block}"
        problems.append(Problem("", text))
    return problems


def _changed(study: Study, one: Difference) -> Problem:
    return Problem(one.key, f"registered {shown(one.registered)}, now {shown(one.now)}", _line(study, one.key))


def _told(lock: Lock, rows: RowsBefore) -> str:
    """Outcomes with the periods that were registered."""
    spans = {name: f"{name} ({seen['first']} to {seen['last']})" for name, seen in lock.seen.items()}
    return ", ".join(spans.get(name, f"the {name} and their roles or groups") for name in rows.changed)


def _line(study: Study, key: str) -> int:
    """Line of a key such as `outcomes[brott].kind` in the study file, where tables are counted."""
    head, bracket, rest = key.partition("[")
    if not bracket:
        return study.line(key)
    name, _, tail = rest.rpartition("]")
    tables = study.comparison.excluded if head == "comparison.excluded" else getattr(study, head, ())
    for place, table in enumerate(tables):
        if name in {getattr(table, "id", None), getattr(table, "unit", None), str(place)}:
            return study.line(f"{head}[{place}]{tail}")
    return study.line(head)


def _error(study: Study, lock: Lock | None, problems: list[Problem]) -> ReproductionError:
    when = f" on {lock.registered_at.date()}" if lock else ""
    count = sum(1 for problem in problems if problem.key)
    msg = f"{study.id}: this is not what was registered{when}: {count} problem{'s' if count != 1 else ''}"
    return ReproductionError(msg, tuple(problems))
