"""What is wrong with a value, in the author's words: where, what was found, what to write?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from utvardering.errors import Problem
from utvardering.study.lines import join
from utvardering.study.model import StudyFile
from utvardering.study.values import Hint, Value, needs, origin, show
from utvardering.study.vocabulary import nearest_key

if TYPE_CHECKING:
    from utvardering.study.syntax import Parsed

Path = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """A problem with its path in the data, and the path of the key that an unknown one probably meant."""

    path: Path
    problem: Problem
    meant: Path | None = None


def schema_faults(model: type[BaseModel], data: dict[str, Any], error: ValidationError, parsed: Parsed) -> list[Fault]:
    """One fault for each key that is wrong, however many ways pydantic says it."""
    kinds: dict[Path, str] = {}
    for detail in error.errors(include_url=False):
        path, kind = _place(data, detail["loc"], detail["type"])
        kinds.setdefault(path, kind)
    paths = [path for path in kinds if not any(other[: len(path)] == path and other != path for other in kinds)]
    meant = {path: _meant(model, path) for path in paths if kinds[path] == "extra_forbidden"}
    return [
        Fault(path, _problem(model, data, path, kinds[path], parsed), meant.get(path))
        for path in paths
        if not (kinds[path] == "missing" and path in meant.values())
    ]


def _meant(model: type[BaseModel], path: Path) -> Path | None:
    near = nearest_key(str(path[-1]), _keys(_model_at(model, path[:-1])))
    return (*path[:-1], near) if near else None


def partial(model: type[Model], data: dict[str, Any], faulty: frozenset[Path], path: Path = ()) -> Model:
    """Objects without validation that lack the attributes of faulty and missing keys."""
    values: dict[str, Any] = {}
    given: set[str] = set()
    for name, field in model.model_fields.items():
        key = field.alias or name
        here = (*path, key)
        if key in data or here in faulty:
            given.add(name)
        if here in faulty:
            continue
        if key in data:
            for left in _take(field.annotation, data[key], faulty, here):
                values[name] = left
        elif not field.is_required():
            values[name] = field.get_default(call_default_factory=True)
    made = model.model_construct(_fields_set=given)
    made.__dict__.clear()
    made.__dict__.update(values)
    return made


def _take(annotation: Hint, value: Value, faulty: frozenset[Path], path: Path) -> tuple[Value, ...]:
    """The value of a key without its faulty parts, alone in a tuple; an empty tuple where nothing is left of it."""
    below = _section(annotation)
    row = _row(annotation)
    if below is not None and isinstance(value, dict):
        return (partial(below, value, faulty, path),)
    if row is not None and isinstance(value, tuple):
        if any((*path, number) in faulty for number in range(len(value))):
            return ()
        return (tuple(partial(row, item, faulty, (*path, number)) for number, item in enumerate(value)),)
    return () if any(bad[: len(path)] == path for bad in faulty) else (value,)


def _place(data: Value, loc: tuple[str | int, ...], kind: str) -> tuple[Path, str]:
    """Where in the data pydantic's location is; the names of union members in it are passed over."""
    path: list[str | int] = []
    for step in loc:
        if isinstance(data, dict) and step in data:
            data = data[step]
        elif isinstance(data, tuple) and isinstance(step, int):
            if step >= len(data) or kind == "too_long":
                return tuple(path), "length"
            data = data[step]
        elif isinstance(data, dict) and step == loc[-1] and kind == "missing":
            return (*path, step), kind
        else:
            continue
        path.append(step)
    return tuple(path), kind


def key_text(path: Path) -> str:
    """A path as the author sees it: `treated[0].start`."""
    text = ""
    for step in path:
        text = f"{text}[{step}]" if isinstance(step, int) else join(text, step)
    return text


def _problem(model: type[BaseModel], data: dict[str, Any], path: Path, kind: str, parsed: Parsed) -> Problem:
    key = key_text(path)
    line = _line(parsed, path)
    if kind == "extra_forbidden":
        return Problem(key, _unknown(model, path), line)
    field = _field_at(model, path)
    if kind == "missing":
        return Problem(key, _missing(path, field), line)
    value = data
    for step in path:
        value = value[step]  # type: ignore[index]  # a path holds a number only below a list
    if line in parsed.written and isinstance(value, str):
        return Problem(key, needs(field, path, value, parsed.written[line] or "nothing"), line)
    return Problem(key, needs(field, path, value, show(value)), line)


def _line(parsed: Parsed, path: Path) -> int:
    for length in range(len(path), 0, -1):
        key = key_text(path[:length])
        if key in parsed.lines:
            return parsed.lines[key]
    return 0


def _missing(path: Path, field: FieldInfo | None) -> str:
    name = str(path[-1])
    what = (field.description or "") if field else ""
    if field is not None and _section(field.annotation):
        return f"is missing: {what[:1].lower()}{what[1:]}. Add the table [{name}]"
    example = field.examples[0] if field and field.examples else "…"
    return f"is missing: {what[:1].lower()}{what[1:]}. Write such as {name} = {show(example, short=False)}"


def _unknown(model: type[BaseModel], path: Path) -> str:
    name = str(path[-1])
    table = _model_at(model, path[:-1])
    keys = _keys(table)
    where = _table_text(path[:-1])
    is_unknown = f"is not a key of {where}" if where else "is not a key of this file"
    if near := nearest_key(name, keys):
        return f'{is_unknown}. Did you mean "{near}"?'
    if owners := [owner for owner, below in tables(model) if name in _keys(below) and below is not table]:
        return f"{is_unknown}; it belongs under {' or '.join(owners)}"
    return f"{is_unknown}; its keys are {', '.join(keys)}"


def _table_text(path: Path) -> str:
    """`[study]` or `[[treated]]`; nothing for the file itself."""
    if not path:
        return ""
    names = ".".join(str(step) for step in path if isinstance(step, str))
    is_row = isinstance(path[-1], int) and "." not in names
    return f"[[{names}]]" if is_row else f"[{names}]"


def tables(model: type[BaseModel] = StudyFile, above: str = "") -> list[tuple[str, type[BaseModel]]]:
    """Every table of a file, as its header, and its keys, in the order of the model."""
    found: list[tuple[str, type[BaseModel]]] = []
    for name, field in model.model_fields.items():
        path = f"{above}.{name}" if above else name
        if below := _section(field.annotation):
            found += [(f"[{path}]", below), *tables(below, path)]
        elif row := _row(field.annotation):
            found += [(f"[[{path}]]" if not above else f"[{path}]", row), *tables(row, path)]
    return found


def _keys(model: type[BaseModel] | None) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _section(annotation: Hint) -> type[BaseModel] | None:
    """The table that a key holds, if it holds one."""
    for member in (annotation, *get_args(annotation)):
        if isinstance(member, type) and origin(member) is None and issubclass(member, BaseModel):
            return None if origin(annotation) is tuple else member
    return None


def _row(annotation: Hint) -> type[BaseModel] | None:
    """The table that each item of a key's list is, if all of them are tables."""
    item = get_args(annotation)[0] if origin(annotation) is tuple else None
    return item if isinstance(item, type) and issubclass(item, BaseModel) else None


def _model_at(model: type[BaseModel], path: Path) -> type[BaseModel] | None:
    below: type[BaseModel] | None = model
    for step in path:
        if isinstance(step, int):
            continue
        field = _field_of(below, step)
        below = (_section(field.annotation) or _section(next(iter(get_args(field.annotation)), None))) if field else None
    return below


def _field_of(model: type[BaseModel] | None, key: str) -> FieldInfo | None:
    fields = model.model_fields if model else {}
    return next((field for name, field in fields.items() if (field.alias or name) == key), None)


def _field_at(model: type[BaseModel], path: Path) -> FieldInfo | None:
    names = [number for number, step in enumerate(path) if isinstance(step, str)]
    above = path[: names[-1]]
    if above and (table := _field_at(model, above)) and origin(table.annotation) is dict:
        return FieldInfo.from_annotation(get_args(table.annotation)[1])
    return _field_of(_model_at(model, above), str(path[names[-1]]))
