"""What kind of value does a key need, and what should be written instead of the one that was found?"""

from __future__ import annotations

import datetime as dt
import json
import re
import types
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union, get_args, get_origin

from pydantic import BaseModel

from utvardering.study.vocabulary import DOI, MONTHS, NO, YES, did_you_mean, fold

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

Value: TypeAlias = Any
"""A value as `tomllib` gives it, with tuples for lists."""
Hint: TypeAlias = Any
"""The type of a field: a class, a union or a Literal, which have no type in common."""

GROUPED_FROM = 10_000
"""Whole numbers from here on are written with `_` between groups of digits."""

_UNIONS = (Union, types.UnionType)


def origin(annotation: Hint) -> object:
    """`tuple` of `tuple[str, ...]`, `Literal` of a Literal, None of a plain class."""
    found: object = get_origin(annotation)
    return found


def show(value: Value, *, short: bool = True) -> str:  # noqa: PLR0911 -- a return for each kind of value
    """A value as an author would see it in the file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        if short and (not value or any(isinstance(item, dict) for item in value)):
            return "an empty list" if not value else "a list of tables"
        return f"[{', '.join(show(item) for item in value)}]"
    if isinstance(value, dict):
        return "a table"
    return str(value)


def needs(field: FieldInfo | None, path: tuple[str | int, ...], value: Value, found: str) -> str:
    """What the key at `path` needs, what was found and what to write; `found` is the value as it stands in the file."""
    annotation: Hint = field.annotation if field else Any
    metadata = list(field.metadata) if field else []
    depth = 0
    while path and isinstance(path[-1], int):
        path, depth = path[:-1], depth + 1
    for _ in range(depth):
        annotation = _item(annotation)
        metadata = []
    annotation, extra = _plain(annotation)
    name = str(path[-1]) if path else ""
    return _needs(annotation, metadata + extra, name if not depth else "", value, found)


def _plain(annotation: Hint) -> tuple[Hint, list[Any]]:
    """The type without None and Annotated, and its limits."""
    if origin(annotation) in _UNIONS:
        members = [member for member in get_args(annotation) if member is not type(None)]
        if len(members) == 1:
            return _plain(members[0])
    if hasattr(annotation, "__metadata__"):
        return annotation.__origin__, list(annotation.__metadata__)
    return annotation, []


def _members(annotation: Hint) -> list[Hint]:
    if origin(annotation) not in _UNIONS:
        return [annotation]
    return [_plain(member)[0] for member in get_args(annotation) if member is not type(None)]


def _item(annotation: Hint) -> Hint:
    for member in _members(annotation):
        if origin(member) is tuple:
            return get_args(member)[0]
    return Any


def _needs(annotation: Hint, metadata: list[Any], name: str, value: Value, found: str) -> str:  # noqa: PLR0911 -- a return for each kind of value
    write = f"{name} = " if name else ""
    if isinstance(value, dict) and origin(annotation) is not tuple and not _is_table(annotation):
        return f"needs {kind_text(annotation, metadata)}, found a table"
    if origin(annotation) is Literal:
        return _needs_choice(annotation, value, found)
    if annotation is bool:
        return _needs_bool(write, value, found)
    if annotation in (float, int):
        return _needs_number(annotation, metadata, write, value, found)
    if dt.date in _members(annotation):
        return _needs_date(annotation, write, value, found)
    if annotation is str:
        return _needs_text(metadata, write, value, found)
    if _is_list(annotation):
        return _needs_list(annotation, metadata, write, value, found)
    return f"needs {kind_text(annotation, metadata)}, found {found}"


def kind_text(annotation: Hint, metadata: list[Any]) -> str:  # noqa: PLR0911 -- a return for each kind of type
    """`a date such as 2022-07-01`, `one of day, night`, …: what a key takes, in words."""
    annotation, extra = _plain(annotation)
    metadata = [*metadata, *extra]
    if origin(annotation) is Literal:
        choices = [str(choice) for choice in get_args(annotation)]
        return choices[0] if len(choices) == 1 else f"one of {', '.join(choices)}"
    if annotation is bool:
        return "true or false"
    if annotation is int:
        return f"a whole number{_limits(metadata)}"
    if annotation is float:
        return f"a number{_limits(metadata)}"
    if annotation is dt.date:
        return "a date such as 2022-07-01"
    if set(_members(annotation)) == {dt.date, int}:
        return "a date such as 2022-07-01"
    if annotation is str:
        return "a text in quotes"
    if _is_list(annotation):
        return _list_text(annotation)
    if origin(annotation) is dict:
        return "a table such as { 2021 = 100.0, 2024 = 118.2 }"
    return f"a table{_table_example(annotation)}"


def _table_example(annotation: Hint) -> str:
    """` such as { unit = "Grannstad", … }` from the keys that the table needs."""
    if not _is_table(annotation):
        return ""
    fields: dict[str, FieldInfo] = annotation.model_fields
    needed = [f"{name} = {show(field.examples[0])}" for name, field in fields.items() if field.is_required() and field.examples]
    return f" such as {{ {', '.join(needed)} }}" if needed else ""


def is_table(annotation: Hint) -> bool:
    """Whether a key holds one table."""
    return _is_table(_plain(annotation)[0])


def _is_table(annotation: Hint) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _is_list(annotation: Hint) -> bool:
    return any(origin(member) is tuple for member in _members(annotation))


def _list_text(annotation: Hint) -> str:  # noqa: PLR0911 -- a return for each kind of list
    item = _plain(_item(annotation))[0]
    all_too = ' or "all"' if len(_members(annotation)) > 1 else ""
    pair = next(member for member in _members(annotation) if origin(member) is tuple)
    if Ellipsis not in get_args(pair):
        return "a pair such as [2019-01-01, 2023-12-31]" if item is not str else 'a pair such as ["brott_natt", "brott_dag"]'
    if item is str:
        return f'a list of texts such as ["Centrum", "Parken"]{all_too}'
    if item is int:
        return "a list of whole numbers such as [-12, -6]"
    if item is float:
        return "a list of numbers such as [0.5, 1.0]"
    if origin(item) is tuple:
        first = _plain(_item(item))[0]
        example = '[["brott_natt", "brott_dag"]]' if first is str else "[[2019-01-01, 2023-12-31]]"
        return f"a list of pairs such as {example}"
    if _is_table(item):
        return f"a list of tables{_table_example(item).replace('{', '[{').replace('}', '}]')}"
    return 'a list of lists such as [["Grannstad", "Bystad"]]'


def _limits(metadata: list[Any]) -> str:
    words = {"ge": "of at least", "gt": "above", "le": "of at most", "lt": "below"}
    said = [f"{word} {getattr(limit, sign)}" for sign, word in words.items() for limit in metadata if hasattr(limit, sign)]
    return f" {' and '.join(said)}" if said else ""


def _needs_choice(annotation: Hint, value: Value, found: str) -> str:
    choices = [str(choice) for choice in get_args(annotation)]
    if choices == ["1"]:
        return f"needs 1, the version of this format, found {found}"
    hint = did_you_mean(value, choices) if isinstance(value, str) else ""
    quotes = f'; write "{value}"' if value in choices and found == value else ""
    if quotes:
        return f"needs quotes, found {found}{quotes}"
    return (
        f"needs one of {', '.join(choices)}, found {found}.{hint}"
        if hint
        else (f"needs one of {', '.join(choices)}, found {found}")
    )


def _needs_bool(write: str, value: Value, found: str) -> str:
    word = fold(str(value))
    right = "true" if word in YES else "false" if word in NO else ""
    return f"needs true or false without quotes, found {found}{f'; write {write}{right}' if right else ''}"


def _needs_number(annotation: Hint, metadata: list[Any], write: str, value: Value, found: str) -> str:
    what = kind_text(annotation, metadata)
    number = _as_number(value)
    hint = ""
    if number is not None and annotation is int and not number.is_integer():
        number = None
    if number is not None:
        number = _within(number, metadata)
    if number is not None and not (annotation is int and not number.is_integer()):
        hint = f"; write {write}{_number_text(number, annotation)}"
    return f"needs {what}, found {found}{hint}"


def _as_number(value: Value) -> float | None:
    """The number that an author meant with `20 %`, `0,95`, `4 200 000` or `95`."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return float(value)
    if not isinstance(value, str):
        return None
    text = value.strip().removesuffix("kr").removesuffix("SEK")
    is_percent = bool(re.search(r"%|procent|percent", text))
    text = re.sub(r"%|procent|percent|\s|_", "", text).replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")
    if re.fullmatch(r"-?\d{1,3}(\.\d{3})+", text) and text.count(".") > 1:
        text = text.replace(".", "")
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return None
    return number / 100 if is_percent else number


def _within(number: float, metadata: list[Any]) -> float | None:
    """The number, or a hundredth of it, whichever keeps the limits."""
    for candidate in (number, number / 100):
        if all(
            candidate >= getattr(limit, "ge", candidate)
            and candidate > getattr(limit, "gt", candidate - 1)
            and candidate <= getattr(limit, "le", candidate)
            and candidate < getattr(limit, "lt", candidate + 1)
            for limit in metadata
        ):
            return candidate
    return None


def _number_text(number: float, annotation: Hint) -> str:
    if annotation is int or (number.is_integer() and abs(number) >= 1):
        return f"{int(number):_}" if abs(number) >= GROUPED_FROM else str(int(number))
    return f"{number:.2f}" if round(number, 2) == number else f"{number:g}"


def _needs_date(annotation: Hint, write: str, value: Value, found: str) -> str:
    day = _as_date(value)
    if isinstance(value, dt.datetime):
        return f"needs a date without a time, found {found}; write {write}{value.date()}"
    if isinstance(value, str) and set(_members(annotation)) == {dt.date, int} and re.fullmatch(r"-?\d{1,3}", value.strip()):
        return f"needs a number without quotes, found {found}; write {write}{value.strip()}"
    if day is None and re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", str(value)):
        return f"needs a day that exists, found {found}"
    without = " without quotes" if _is_iso(value, found) else ""
    hint = f"; write {write}{day}" if day else ""
    return f"needs {kind_text(annotation, [])}{without}, found {found}{hint}"


def _is_iso(value: Value, found: str) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", value)) and found.startswith('"')


def _as_date(value: Value) -> dt.date | None:
    """The day that an author meant with `2022-7-1`, `1 juli 2022`, `1/7 2022` or `20220701`."""
    text = str(value).strip().lower()
    parts: tuple[str, str, str] | None = None
    if match := re.fullmatch(r"(\d{4})[-./ ](\d{1,2})[-./ ](\d{1,2})", text) or re.fullmatch(r"(\d{4})(\d{2})(\d{2})", text):
        parts = (match[1], match[2], match[3])
    elif match := re.fullmatch(r"(\d{1,2})[-./ ]+(\d{1,2})[-./ ]+(\d{4})", text):
        parts = (match[3], match[2], match[1])
    elif (match := re.fullmatch(r"(\d{1,2}):?a? +([a-z]+)\.? +(\d{4})", text)) and match[2][:3] in MONTHS:
        parts = (match[3], str(MONTHS.index(match[2][:3]) + 1), match[1])
    try:
        return dt.date(*(int(part) for part in parts)) if parts else None
    except ValueError:
        return None


def _needs_text(metadata: list[Any], write: str, value: Value, found: str) -> str:
    if isinstance(value, str):
        patterns = [limit.pattern for limit in metadata if getattr(limit, "pattern", None)]
        if DOI in patterns:
            return f"needs a DOI that begins with 10., found {found}{_doi_hint(write, value)}"
        if patterns:
            return f"needs small letters a-z, digits and hyphens, found {found}{_id_hint(write, value)}"
        return "is empty; write a text in quotes"
    if isinstance(value, tuple):
        one = f"; write {write}{show(value[0])}" if len(value) == 1 and isinstance(value[0], str) else ""
        return f"needs one text in quotes, not a list, found {found}{one}"
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"needs a text in quotes, found {found}; write {write}{show(str(value))}"
    return f"needs a text in quotes, found {found}"


def _doi_hint(write: str, value: str) -> str:
    right = re.search(r"10\.\d{4,9}/\S+", value)
    return f"; write {write}{show(right[0])}" if right else '; write such as doi = "10.5281/zenodo.1234567"'


def _id_hint(write: str, value: str) -> str:
    right = slug(value)
    return f"; write {write}{show(right)}" if right else ""


def slug(text: str) -> str:
    """A text as an id: small letters a-z, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", fold(text)).strip("-")


def _needs_list(annotation: Hint, metadata: list[Any], write: str, value: Value, found: str) -> str:
    what = kind_text(annotation, metadata)
    item = _plain(_item(annotation))[0]
    if isinstance(value, str) and item is str:
        if "all" in [choice for member in _members(annotation) for choice in get_args(member)] and (
            did_you_mean(value, ["all"])
        ):
            return f'needs {what}, found {found}. Did you mean "all"?'
        inner = ", ".join(show(part.strip()) for part in value.split(",") if part.strip())
        return f"needs {what}, found {found}; write {write}[{inner}]"
    if isinstance(value, (int, float)) and item in (int, float) and not isinstance(value, bool):
        return f"needs {what}, found {found}; write {write}[{found}]"
    return f"needs {what}, found {found}"
