"""What does a plan say, in whatever way it is written? Its values in one form, and a hash of them.

Left out are `[study] status`, which registration itself changes, and `[report]`, which only says how the result is shown.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import unicodedata
from typing import Any

from utvardering.study.model import Study, StudyFile

NOT_OF_THE_PLAN = ("study.status", "report")
"""Keys and tables that may change after registration."""

Values = dict[str, Any]


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


def digest(values: Values) -> str:
    """Hex digest of tables, lists, texts, numbers and dates."""
    text = json.dumps(_plain(values), ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=_moment)
    return hashlib.sha256(text.encode()).hexdigest()


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
