"""May the costs of a study be held against each other? What belongs together in `[measure.cost]`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study.values import show
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from utvardering.study.model import Cost, Study

TABLE = "measure.cost"
_KIND_WORDS = {"rate": "a rate", "share": "a share", "mean": "a mean"}


def _event_cost_has_source_and_year(study: Study, cost: Cost) -> Iterator[Problem]:
    """The worth of an event is the study's own statement: amount, source and year of prices, all three or none."""
    others = ("event_cost_source", "event_cost_year", "event_cost_outcome")
    if cost.event_cost is None:
        for key in others:
            if getattr(cost, key):
                yield _at(study, key, "is given without event_cost; write such as event_cost = 25_000, or remove it")
        return
    if not cost.event_cost_source:
        text = "is missing: the program has no cost of an event of its own, so the study says where it has it from. "
        yield _at(study, "event_cost_source", text + 'Write such as event_cost_source = "Rapport 2023:4, tabell 2"')
    if cost.event_cost_year is None:
        text = "is missing: the year of the prices of event_cost. Write such as event_cost_year = 2023"
        yield _at(study, "event_cost_year", text)
    if cost.price_year is None:
        text = "is missing: amount and event_cost are held against each other, so the prices of both need their year. "
        yield _at(study, "price_year", text + "Write such as price_year = 2024")


def _event_is_counted(study: Study, cost: Cost) -> Iterator[Problem]:
    """An event can only be avoided where events are counted, and are to become fewer."""
    if cost.event_cost is None:
        return
    if study.study.design == "organisation":
        yield _at(study, "event_cost", "is for events of an outcome, and an organisation has none; remove it")
        return
    named, ids = cost.event_cost_outcome, [one.id for one in study.outcomes]
    key = "event_cost_outcome" if named else "event_cost"
    if named and named not in ids:
        hint = did_you_mean(named, ids) or f"; write one of {', '.join(ids)}"
        yield _at(study, key, f"{show(named)} is not an outcome of the study{'.' if hint.startswith(' ') else ''}{hint}")
        return
    for one in study.outcomes:
        if one.id != named and (named or one.role != "primary"):
            continue
        if one.kind != "count":
            text = f"is the cost of an event, and the outcome {one.id} is {_KIND_WORDS[one.kind]}, which counts none; "
        elif one.direction != "decrease":
            text = f'is the cost of an event that is avoided, and the outcome {one.id} has direction = "{one.direction}"; '
        else:
            continue
        yield _at(study, key, text + 'name an outcome with kind = "count" and direction = "decrease", or remove it')


def _dose_has_unit(study: Study, cost: Cost) -> Iterator[Problem]:
    """Units of dose have a name, are told as planned and delivered, and come from one place."""
    given = [key for key in ("dose_planned", "dose_delivered") if getattr(cost, key) is not None]
    if given and study.data.dose:
        text = f"is given, and so is [data] dose, {study.data.dose}, which is summed; keep one of them"
        yield _at(study, given[0], text)
        return
    if given and not cost.dose_unit:
        text = f'is missing: what {given[-1]} counts. Write such as dose_unit = "armatur"'
        yield _at(study, "dose_unit", text)
    if len(given) == 1:
        other = "dose_delivered" if given[0] == "dose_planned" else "dose_planned"
        text = f"is missing: the dose is told as planned and as delivered. Write such as {other} = 180, or remove {given[0]}"
        yield _at(study, other, text)
    if cost.dose_unit and not given and not study.data.dose:
        text = "is given without a dose; write dose_planned and dose_delivered, or [data] dose with a log, or remove it"
        yield _at(study, "dose_unit", text)


def _index_has_its_years(study: Study, cost: Cost) -> Iterator[Problem]:
    """A price index has a source, years for keys, and a value for every year that it is to convert."""
    index = cost.price_index
    if not index:
        if cost.price_index_source:
            yield _at(study, "price_index_source", "is given without price_index; write the index too, or remove it")
        return
    if not cost.price_index_source:
        text = 'is missing: where the index is from. Write such as price_index_source = "SCB, konsumentprisindex, årsmedeltal"'
        yield _at(study, "price_index_source", text)
    for year, value in index.items():
        if not re.fullmatch(r"\d{4}", year):
            yield _at(study, "price_index", f"has the key {show(year)}, which is no year; write such as {{ 2021 = 100.0 }}")
        elif not value > 0:
            yield _at(study, "price_index", f"has {value:g} for {year}; an index is above 0")
    for key in ("price_year", "event_cost_year"):
        year = getattr(cost, key)
        if year is not None and str(year) not in index:
            yield _at(study, "price_index", f"has no value for {year}, which is {key}; write {year} = … too")


def _lifetime_is_for_once(study: Study, cost: Cost) -> Iterator[Problem]:
    if cost.lifetime is not None and cost.per == "year":
        text = 'is for an amount that is paid once, and this one is paid each year; write per = "once", or remove it'
        yield _at(study, "lifetime", text)


def _at(study: Study, key: str, message: str) -> Problem:
    return Problem(f"{TABLE}.{key}", message, study.line(f"{TABLE}.{key}"))


_RULES: tuple[Callable[[Study, Cost], Iterator[Problem]], ...] = (
    _event_cost_has_source_and_year,
    _event_is_counted,
    _dose_has_unit,
    _index_has_its_years,
    _lifetime_is_for_once,
)


def _where_there_is_a_cost(rule: Callable[[Study, Cost], Iterator[Problem]]) -> Callable[[Study], Iterator[Problem]]:
    return lambda study: rule(study, study.measure.cost) if study.measure.cost is not None else iter(())


COST_RULES = tuple(_where_there_is_a_cost(rule) for rule in _RULES)
