"""The lock of a plan: `plan.lock` beside the study file, with the plan's hash and values, the data's hash and the time.

A lock proves nothing about its own date: whoever can write the folder can make a new one. `registration/` tells what stands
behind the date.
"""

from __future__ import annotations

import datetime as dt
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import tomlkit
from pydantic import ValidationError

from utvardering.errors import Problem
from utvardering.study.model import Study, StudyFile
from utvardering.study.plan_values import (
    Difference,
    Values,
    differences,
    digest,
    leaves,
    plan_leaves,
    plan_sha256,
    plan_values,
)

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "LOCK",
    "Lock",
    "differences_from",
    "is_open",
    "lock_text",
    "locked_sha256",
    "make_lock",
    "plan_sha256",
    "read_lock",
    "registered_study",
]

LOCK = "plan.lock"
HEAD = """\
# Planen är låst. Filen skrevs av `utvardering register` och ska inte ändras: en ändring av planen skrivs i protokoll.md.
# The plan is locked. This file was written by `utvardering register` and must not be changed.
"""
_FIELDS: dict[str, type] = {
    "registered_at": dt.datetime,
    "plan_sha256": str,
    "data_sha256": str,
    "program_version": str,
    "git_commit": str,
    "lock_sha256": str,
    "units": dict,
    "seen": dict,
    "plan": dict,
    "defaults": dict,
}
_WORTH = "event_cost"
"""Keys of `[measure.cost]` that begin so are choices, locked with the plan."""
_SEEN = {"first": str, "last": str, "units": int, "cells": int, "sha256": str}


@dataclass(frozen=True)
class Lock:
    """A registered plan.

    registered_at   UTC, seconds
    units           role to the names of its units at registration
    seen            outcome to first, last, units, cells and sha256 of what was known of it before the start
    plan            the values that the study file gave; `defaults` the others, by key such as `checks.max_imbalance`
    """

    registered_at: dt.datetime
    plan_sha256: str
    data_sha256: str
    program_version: str
    git_commit: str
    units: dict[str, list[str]]
    seen: dict[str, dict[str, Any]]
    plan: Values
    defaults: Values
    lock_sha256: str = field(default="")

    @property
    def until(self) -> dict[str, str]:
        """Outcome to the last period that was seen of it."""
        return {outcome: str(seen["last"]) for outcome, seen in self.seen.items()}

    @property
    def leaves(self) -> Values:
        """Key to registered value, with the defaults of then."""
        return {**self.defaults, **leaves(self.plan)}

    def values(self) -> Values:
        """Everything but `lock_sha256`."""
        return {name: getattr(self, name) for name in _FIELDS if name != "lock_sha256"}


def make_lock(
    study: Study,
    *,
    registered_at: dt.datetime,
    data_sha256: str,
    program_version: str,
    git_commit: str,
    units: dict[str, list[str]],
    seen: dict[str, dict[str, Any]],
) -> Lock:
    """The lock of a study as it is now."""
    given = plan_values(study, defaults=False)
    named = leaves(given)
    return Lock(
        registered_at=registered_at.astimezone(dt.UTC).replace(microsecond=0),
        plan_sha256=plan_sha256(study),
        data_sha256=data_sha256,
        program_version=program_version,
        git_commit=git_commit,
        units=units,
        seen=seen,
        plan=given,
        defaults={key: value for key, value in plan_leaves(study).items() if key not in named},
    )


def lock_text(lock: Lock) -> str:
    """The lock as TOML, sealed by the hash of its other values."""
    values = lock.values()
    document = {name: values[name] for name in _FIELDS if name in values and _FIELDS[name] is not dict}
    document |= {"lock_sha256": digest(values)}
    return HEAD + tomlkit.dumps(document | {name: values[name] for name, kind in _FIELDS.items() if kind is dict})


def read_lock(path: Path) -> tuple[Lock | None, list[Problem]]:
    """The lock in a file, None where there is no file or it cannot be read, and everything in it that contradicts itself."""
    if not path.is_file():
        return None, []
    try:
        return parse_lock(path.read_bytes())
    except OSError as fault:
        return None, [Problem(LOCK, f"cannot be read: {fault.strerror}")]


def parse_lock(content: bytes) -> tuple[Lock | None, list[Problem]]:
    """The lock in the bytes of a file, and everything in it that contradicts itself."""
    try:
        values = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        return None, [Problem(LOCK, f"is not a lock any more: {fault}")]
    problems = [Problem(f"{LOCK}: {name}", "is missing") for name in _FIELDS if name not in values]
    problems += [Problem(f"{LOCK}: {name}", "does not belong in a lock") for name in values if name not in _FIELDS]
    problems += [
        Problem(f"{LOCK}: {name}", f"is no {kind.__name__}")
        for name, kind in _FIELDS.items()
        if name in values and not isinstance(values[name], kind)
    ]
    problems += _wrong_seen(values)
    if problems:
        return None, problems
    if values["registered_at"].tzinfo is None:
        return None, [Problem(f"{LOCK}: registered_at", "has no time zone; a lock is written in UTC, with a Z at the end")]
    lock = Lock(**values)
    return lock, _contradictions(lock)


def _wrong_seen(values: Values) -> list[Problem]:
    seen = values.get("seen", {})
    return [
        Problem(f"{LOCK}: seen.{outcome}", f"needs {', '.join(_SEEN)}")
        for outcome, one in (seen.items() if isinstance(seen, dict) else ())
        if not isinstance(one, dict) or any(not isinstance(one.get(name), kind) for name, kind in _SEEN.items())
    ]


def _contradictions(lock: Lock) -> list[Problem]:
    problems = []
    if digest(lock.values()) != lock.lock_sha256:
        found = digest(lock.values())
        text = f"is {lock.lock_sha256[:12]}…, but the other values of the lock give {found[:12]}…: the lock was changed"
        problems.append(Problem(f"{LOCK}: lock_sha256", text))
    if digest(lock.plan) != lock.plan_sha256:
        text = f"is {lock.plan_sha256[:12]}…, but the plan in the lock has {digest(lock.plan)[:12]}…: one of them was changed"
        problems.append(Problem(f"{LOCK}: plan_sha256", text))
    return problems


def differences_from(lock: Lock, study: Study) -> tuple[Difference, ...]:
    """Where the plan differs from the registered one.

    A key that this version of the program knows and the lock does not is no difference as long as it has its default.
    """
    now = plan_leaves(study)
    given = leaves(plan_values(study, defaults=False))
    new = {key for key in now if key not in lock.leaves and key not in given}
    return differences(lock.leaves, {key: value for key, value in now.items() if key not in new})


def locked_sha256(lock: Lock, study: Study) -> str:
    """Hash of the present plan with the cost that was registered: what a changed cost leaves as it is.

    What a measure costs becomes known afterwards and has no part in the effect. What an avoided event is worth is a choice, and
    is locked with the rest.
    """
    values = plan_values(study, defaults=False)
    measure = values.get("measure", {})
    registered = lock.plan.get("measure", {}).get("cost", {})
    chosen = {key: value for key, value in measure.get("cost", {}).items() if key.startswith(_WORTH)}
    cost = {key: value for key, value in registered.items() if not key.startswith(_WORTH)} | chosen
    values["measure"] = {key: value for key, value in measure.items() if key != "cost"} | ({"cost": cost} if cost else {})
    return digest(values)


def is_open(difference: Difference) -> bool:
    """Whether a key may change without an amendment: what the measure costs, but not what an avoided event is worth."""
    table, _, key = difference.key.removeprefix("measure.").partition(".")
    return difference.key.startswith("measure.cost") and table == "cost" and not key.startswith(_WORTH)


def registered_study(lock: Lock, study: Study) -> Study | None:
    """The study as it was registered, on the present files and columns; None where this version cannot read the plan."""
    try:
        file = StudyFile.model_validate(_frozen(lock.plan))
    except ValidationError:
        return None
    present = {outcome.id: outcome for outcome in study.outcomes}
    outcomes = tuple(
        outcome.model_copy(update={name: getattr(present[outcome.id], name) for name in ("file", "unit", "period")})
        if outcome.id in present
        else outcome
        for outcome in file.outcomes
    )
    kept = {name: getattr(file, name) for name in StudyFile.model_fields if name not in {"data", "report", "outcomes"}}
    last_wave = {"last_wave_before": file.data.last_wave_before}  # of persons: not a column, but the start
    return study.model_copy(update={**kept, "outcomes": outcomes, "data": study.data.model_copy(update=last_wave)})


def _frozen(value: Any) -> Any:  # noqa: ANN401 -- whatever a study file holds
    """Lists as tuples, which is what frozen objects hold."""
    if isinstance(value, dict):
        return {key: _frozen(item) for key, item in value.items()}
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
