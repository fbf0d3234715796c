"""What a connector is asked, and what it answers: a table with its provenance, or a DataError that names what is missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

import pyarrow as pa
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from utvardering.data.sources import Break, Polarity, Source
from utvardering.errors import DataError, Problem
from utvardering.study.vocabulary import did_you_mean

Tell = Callable[[str, int, int], None]
"""What is done, how much of it, of how much in all; of 0 in all it is a note, such as a wait."""


def _silent(what: str, done: int, of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True)
class Request:
    """What to collect, and where.

    source    the row of `data/sources.toml`, with its query
    folder    the study's
    work      a scratch folder that is kept between attempts, so that a broken one can be resumed
    tell      called as the work goes on
    today     the day of the fetch
    language  of the remarks: sv or en
    address   instead of the connector's own base address
    pace      every wait is multiplied by it: hardly any on a server of one's own
    timeout   seconds without an answer after which a call is tried again
    """

    source: Source
    folder: Path
    work: Path
    today: dt.date
    language: str = "sv"
    tell: Tell = field(default=_silent, repr=False)
    address: str | None = None
    pace: float = 1.0
    timeout: float = 60.0


@dataclass(frozen=True)
class Collected:
    """What a source answered.

    table     tidy: unit, period and a column per outcome or exposure, or the columns that the connector documents
    unit      of the figures, in words
    breaks    in the series, as in `data/sources.toml`
    remarks   sentences on what a reader of the figures must know
    beside    tables that belong to the vintage, by the ending of their names: `missing` becomes `panel.missing.csv`
    polarity  column to `more_is_worse`, `more_is_better` or `none`, where it is known
    areas     the division that the units are of, such as DeSO_2018
    """

    table: pa.Table = field(repr=False)
    unit: str
    licence: str
    producer: str
    title: str
    address: str
    breaks: tuple[Break | str | int, ...] = ()
    remarks: tuple[str, ...] = ()
    beside: Mapping[str, pa.Table] = field(default_factory=dict, repr=False)
    polarity: Mapping[str, Polarity] = field(default_factory=dict)
    areas: str = ""


class Connector(Protocol):
    """A source that can be collected."""

    name: str

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query, as `key: what to write`; before anything is fetched."""

    def collect(self, request: Request) -> Collected:
        """Collect all of it, or raise a DataError that names what is missing; resumes what `request.work` holds."""


class Query(BaseModel):
    """The `query` of a source, as its connector wants it: no key but these, no type but theirs, lists as tuples."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


AnyQuery = TypeVar("AnyQuery", bound=Query)


def query_faults(model: type[Query], query: object) -> tuple[str, ...]:
    """Every fault of a query against its model, as `query.key: what to write`; `()` where all is well."""
    if not isinstance(query, dict):
        return (f"query: needs a table such as {{ … }} with the keys {', '.join(model.model_fields)}",)
    try:
        model.model_validate(_tuples(query))
    except ValidationError as error:
        return tuple(_fault(model, item) for item in error.errors())
    return ()


def read_query(model: type[AnyQuery], query: object) -> AnyQuery:
    """A query without faults as an object; a DataError with every fault of one that has them."""
    faults = query_faults(model, query)
    if faults:
        message = f"the query has {len(faults)} problem{'s' if len(faults) > 1 else ''}"
        raise DataError(message, tuple(Problem("", fault) for fault in faults))
    return model.model_validate(_tuples(query))


def _tuples(value: object) -> object:
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(_tuples(item) for item in value) if isinstance(value, list | tuple) else value


def _fault(model: type[Query], item: ErrorDetails) -> str:
    key = "query" + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = model.model_fields if len(item["loc"]) == 1 else ()
        return f"{key}: is not a key.{did_you_mean(str(item['loc'][-1]), known)}{_listing(known)}"
    if item["type"] == "missing":
        return f"{key}: is missing"
    if item["type"] == "value_error":
        return f"{key}: {item['msg'].removeprefix('Value error, ')}"
    found = "" if isinstance(item["input"], dict | list | tuple) else f", found {item['input']!r}"
    return f"{key}: {item['msg'][:1].lower()}{item['msg'][1:]}{found}"


def _listing(known: Iterable[str]) -> str:
    return f" The keys are {', '.join(known)}" if known else ""
