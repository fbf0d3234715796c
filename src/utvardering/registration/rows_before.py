"""Are the rows before the start still those that were registered?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from utvardering.data.by_design import Data, load_data
from utvardering.data.cohort import Cohort
from utvardering.data.fingerprint import data_sha256, known_units, seen_before
from utvardering.errors import UtvarderingError
from utvardering.study.model import Study
from utvardering.study.register import Lock, registered_study

ROLES = ("treated", "comparison", "neighbour", "excluded")


@dataclass(frozen=True)
class RowsBefore:
    """The present hash of the rows that were seen at registration, and in what they differ: outcomes, or `units`.

    lock_faults   keys of the lock that the rows contradict although their hash is the registered one
    """

    sha256: str
    changed: tuple[str, ...] = ()
    lock_faults: tuple[str, ...] = ()


def rows_before(study: Study, panel: Data, lock: Lock, *, same_plan: bool) -> RowsBefore:
    """The rows that were registered, as they are now.

    They are looked at through the registered plan, so that an amended one (another start, another comparison) is no revision
    of data; where the files no longer hold what it asks for, through the present one.
    """
    view, seen = (study, panel) if same_plan else _as_registered(study, panel, lock)
    before = seen.before()
    found = data_sha256(view, before, lock.until)
    now = seen_of(view, before, lock.until)
    changed = [outcome for outcome, then in lock.seen.items() if now.get(outcome) != then]
    roles = [] if roles_of(before, lock.until) == lock.units else ["units"]
    if found == lock.data_sha256:
        return RowsBefore(found, (), (*(f"seen.{outcome}" for outcome in changed), *roles))
    return RowsBefore(found, (*changed, *(roles if changed else ["units"])))


def seen_of(study: Study, panel: Data, until: dict[str, str] | None = None) -> dict[str, dict[str, Any]]:
    """Outcome to first, last, units, cells and sha256 of what is known of it before the start."""
    found = {one.outcome: asdict(one) for one in seen_before(study, panel, until)}
    return {name: {key: value for key, value in one.items() if key != "outcome"} for name, one in found.items()}


def roles_of(panel: Data, until: dict[str, str] | None = None) -> dict[str, list[str]]:
    """Role to the names of those of its units that were known before the start; persons are never named."""
    if isinstance(panel, Cohort):
        return {}
    known = known_units(panel, until)
    return {role: [panel.units[place] for place in known if panel.role[place] == role] for role in ROLES}


def _as_registered(study: Study, panel: Data, lock: Lock) -> tuple[Study, Data]:
    then = registered_study(lock, study)
    if then is None:
        return study, panel
    try:
        return then, load_data(then)
    except UtvarderingError:
        return study, panel
