"""What, amount, unit and how it is computed: a row for each number of `cost.csv`."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.cost import SHOWN, amount, events, interval, listed, stated
from utvardering.report.refused import in_language
from utvardering.report.tables import pipe
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    import pandas as pd

    from utvardering.report.results import Results

EVENTS, SHARE = "events/year", "share"
NOT_ASKED = ("not_count", "not_decrease")
"""Why an outcome has no events to avoid: cost.csv has the row, and the text says so of the primary outcome."""


def table(results: Results) -> str:
    """The table of the section on economy; empty where no cost is stated."""
    rows, texts = listed(results), results.texts
    if rows.empty:
        return ""
    first = rows[rows["item"] == "amount"].iloc[0]["value"]
    shown = [
        (_named(results, row), _value(results, row), _unit(results, row), in_language(results, str(row["text"])))
        for _, row in rows.iterrows()
        if not (row["item"] == "prices" or row["reason"] in NOT_ASKED or (row["item"] == "per_year" and row["value"] == first))
    ]
    return pipe(texts.raw("economics.columns"), shown, texts("economics.caption"), "tbl-kostnad", "llll", "22,20,16,42")


def _named(results: Results, row: pd.Series) -> str:
    name = results.texts(f"cost_item.{row['item']}")
    titles = {one.id: one.title for one in results.outcomes}
    return f"{name}: {lower_first(titles[row['outcome']])}" if row["item"] == "per_avoided_event" and row["outcome"] else name


def _value(results: Results, row: pd.Series) -> str:
    texts, value, unit = results.texts, float(row["value"]), str(row["unit"])
    if row["status"] != SHOWN:
        return texts("economics.hidden" if row["status"] == "not_shown" else "economics.unknown")
    if row["item"] == "amount":
        return stated(results)
    if unit == SHARE:
        return texts.percent(100 * value, 0 if value == round(value, 2) else 1)
    read = events if unit == EVENTS else amount
    said = read(results, value)
    return f"{said} ({interval(results, row, read)})" if math.isfinite(row["level"]) else said


def _unit(results: Results, row: pd.Series) -> str:
    """The words for `SEK/inhabitant/year` and the like; a unit of dose has the name that the study gives it."""
    texts, (head, _, tail) = results.texts, str(row["unit"]).partition("/")
    key = "event_stated" if row["item"] == "event_cost" else tail.replace("/", "_") or "whole"
    key = {"events": "events_year", SHARE: SHARE}.get(head, key)
    return texts(f"cost_unit.{key}") if texts.has(f"cost_unit.{key}") else texts("cost_unit.dose", unit=tail)
