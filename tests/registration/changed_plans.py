"""Every key of the study file, and a plan in which just that one has another value."""

from __future__ import annotations

import datetime as dt
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from utvardering.study.model import Study, StudyFile

FREE = ("study.status", "report")
"""What may change after registration; `schema` has one value only."""


def full_plan(folder: Path) -> Study:
    """A plan in which every table and every key of the schema is given, one table of each array."""
    return Study.model_construct(**_fields(StudyFile), folder=folder, lines={}, expected=(), truth={})


def changes(model: BaseModel, above: str = "") -> Iterator[tuple[str, BaseModel]]:
    """Key as the gate names it, and the same with another value there, for every value below a table."""
    for name, field in type(model).model_fields.items():
        if name in {"folder", "lines", "expected", "truth", "schema_version"}:
            continue
        key, value = f"{above}.{name}" if above else name, getattr(model, name)
        if key in FREE:
            continue
        if isinstance(value, BaseModel):
            yield from ((found, model.model_copy(update={name: one})) for found, one in changes(value, key))
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel) and key != _MIXED:
            by = "id" if hasattr(value[0], "id") else "unit"
            for found, one in changes(value[0], f"{key}[{getattr(value[0], by)}]"):
                named = key if found.endswith(f"].{by}") else found  # a renamed table is told by the list of names
                yield named, model.model_copy(update={name: (one, *value[1:])})
        else:
            yield key, model.model_copy(update={name: _other(value, field.annotation)})


_MIXED = "robustness.alternative_comparisons"


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    return {name: _given(field.annotation, name) for name, field in model.model_fields.items()}


def _given(kind: Any, name: str) -> Any:  # noqa: PLR0911 -- a return for each kind of type
    """A value of a type."""
    origin, parts = get_origin(kind), [part for part in get_args(kind) if part is not type(None)]
    if origin is Literal:
        return parts[0]
    if origin in (Union, types.UnionType):
        return _given(parts[0], name)
    if origin is tuple:
        return tuple(_given(part, name) for part in parts if part is not Ellipsis)
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind.model_construct(**_fields(kind))
    if hasattr(kind, "__metadata__"):
        return _given(kind.__origin__, name)
    if origin is dict:
        return {"2022": _given(parts[1], name)}
    return {str: f"en {name}", int: 3, float: 0.25, bool: True, dt.date: dt.date(2022, 7, 1)}[kind]


def _other(value: Any, kind: Any) -> Any:
    """Another value of the same type."""
    literals = [choice for part in (kind, *get_args(kind)) if get_origin(part) is Literal for choice in get_args(part)]
    if value in literals:
        return next((choice for choice in literals if choice != value), ("en annan",))
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1)
    if isinstance(value, dict):
        return {key: one + 1 for key, one in value.items()}
    return (*value, *value) if isinstance(value, tuple) else f"{value} till"
