"""What does a plan say, in whatever way it is written? Its values in one form, a hash of them, and where two plans differ.

Left out are `[study] status`, which registration itself changes, and `[report]`, which only says how the result is shown.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from utvardering.study.model import Study, StudyFile

if TYPE_CHECKING:
    from collections.abc import Mapping

Values = dict[str, Any]
_NAMED_BY = ("id", "unit")
"""Keys by which the tables of an array are told apart."""


@dataclass(frozen=True)
class Difference:
    """A key of the plan with its registered value and its present one; None where it is not given."""

    key: str
    registered: Any
    now: Any


def plan_values(study: Study, *, defaults: bool = True) -> Values:
    """The plan as tables, lists, texts, numbers and dates, without empty keys; with the defaults filled in, or without."""
    values = study.model_dump(
        include=set(StudyFile.model_fields), by_alias=True, exclude_none=True, exclude_defaults=not defaults
    )
    values.pop("report", None)
    values["study"].pop("status", None)
    return {name: value for name, value in _plain(values).items() if value not in ({}, [])}


def plan_sha256(study: Study) -> str:
    """Hex digest of the plan: the order of keys, comments, the spelling of numbers and defaults written out leave it as it is.

    Values that are the default are not part of it, so that a key which a later version adds changes no earlier hash.
    """
    return digest(plan_values(study, defaults=False))


def plan_leaves(study: Study) -> Values:
    """Key, such as `outcomes[brott].smallest_effect`, to value, with the defaults; a list without tables is one value."""
    given = leaves(plan_values(study, defaults=False))
    return {**leaves(plan_values(study)), **{key: value for key, value in given.items() if isinstance(value, list)}}


def leaves(values: Mapping[str, Any], above: str = "") -> Values:
    """Key to value of every value in tables; tables of an array are named by their id or unit, which is listed as well."""
    found: Values = {}
    for name, value in values.items():
        key = f"{above}.{name}" if above else name
        if isinstance(value, dict):
            found |= leaves(value, key)
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            names = _names(value)
            found[key] = names
            for label, item in zip(names, value, strict=True):
                found |= leaves(item, f"{key}[{label}]")
        else:
            found[key] = value
    return found


def differences(registered: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Where the leaves of two plans differ; of a table that only one of them has, the list that names it is told."""
    found = [
        Difference(key, registered.get(key), now.get(key))
        for key in dict.fromkeys((*registered, *now))
        if registered.get(key) != now.get(key)
    ]
    lists = {one.key: (one.registered or [], one.now or []) for one in found if isinstance(one.registered or one.now, list)}
    return tuple(one for one in found if not _told_by_list(one.key, lists))


def _told_by_list(key: str, lists: Mapping[str, tuple[list[Any], list[Any]]]) -> bool:
    """Whether the key belongs to a table that was added or taken away, which the list above it says."""
    for name, (before, after) in lists.items():
        rest = key.removeprefix(f"{name}[")
        if rest != key:
            label = next((label for label in (*before, *after) if rest.startswith(f"{label}]")), None)
            if label is not None and ((label in before) != (label in after)):
                return True
    return False


def digest(values: Mapping[str, Any]) -> str:
    """Hex digest of tables, lists, texts, numbers and dates."""
    text = json.dumps(_plain(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_moment)
    return hashlib.sha256(text.encode()).hexdigest()


def shown(value: Any) -> str:  # noqa: ANN401 -- whatever a study file holds
    """A value as a study file writes it; `not given` for none."""
    if value is None:
        return "not given"
    if isinstance(value, list):
        return f"[{', '.join(shown(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{key} = {shown(item)}' for key, item in value.items())} }}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return value.isoformat() if isinstance(value, (dt.date, dt.datetime)) else str(value)


def _names(tables: list[Values]) -> list[str]:
    """What the tables of an array are called: their id or unit where these tell them apart, else their places."""
    for key in _NAMED_BY:
        names = [str(table[key]) for table in tables if key in table]
        if len(set(names)) == len(tables):
            return names
    return [str(place) for place in range(len(tables))]


def _plain(value: Any) -> Any:  # noqa: ANN401 -- whatever a study file holds
    """Lists for tuples, whole numbers for floats without a fraction, letters in their composed form."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return unicodedata.normalize("NFC", value)
    return value


def _moment(value: object) -> dict[str, str]:
    if isinstance(value, (dt.date, dt.datetime)):
        return {"date": value.isoformat()}
    msg = f"{type(value).__name__} has no place in a study file"
    raise TypeError(msg)
