"""What did it cost? The rows of `cost.csv` in words; what may be shown was decided when it was written."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.refused import in_language
from utvardering.report.texts import lower_first
from utvardering.wording.money import DIGITS, money

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from utvardering.report.results import Results

SHOWN = "shown"
FEW = 20
"""Events below which a decimal makes a difference."""


def listed(results: Results) -> pd.DataFrame:
    """The rows of cost.csv; none of a study that repeats published work."""
    rows = results.tables["cost"]
    return rows.iloc[:0] if results.replication else rows


def _row(results: Results, item: str, outcome: str = "") -> pd.Series | None:
    """The row of a number, None where there is none or it is not shown."""
    rows = listed(results)
    if rows.empty:
        return None
    rows = rows[(rows["item"] == item) & (rows["outcome"] == outcome) & (rows["status"] == SHOWN)]
    return None if rows.empty else rows.iloc[0]


def amount(results: Results, value: float, digits: int | None = DIGITS) -> str:
    """1,2 miljoner kronor, 350 kronor; digits: figures that count, None for every krona."""
    return money(value, str(results.measure["cost"].get("currency", "SEK")), results.texts.language, digits)


def short(results: Results) -> str:
    """Cost for the strip: per inhabitant or person and year where that is known, else the amount."""
    texts = results.texts
    if results.replication or listed(results).empty:
        return texts("strip.cost_not" if results.replication else "strip.cost_none")
    for item in ("per_inhabitant", "per_person"):
        row = _row(results, item)
        if row is not None and str(row["unit"]).endswith("/year"):
            return texts(f"strip.cost_{item}", value=amount(results, row["value"]))
    return f"**{stated(results)}** {_per(results)}"


def per_year_text(results: Results) -> str:
    """The amount and how often it is paid, for comparison between measures."""
    return results.texts("word.none") if listed(results).empty else f"{stated(results)} {_per(results)}"


def stated(results: Results) -> str:
    """The amount as the study states it, not rounded."""
    row = _row(results, "amount")
    return results.texts("word.none") if row is None else amount(results, row["value"], None)


def _per(results: Results) -> str:
    return results.texts("word.per_year" if results.measure["cost"].get("per", "year") == "year" else "word.once")


def paragraphs(results: Results) -> list[str]:
    """The section on economy in two paragraphs: what it cost, and when it pays."""
    said, pays = sentences(results), [] if listed(results).empty else _break_even(results)
    return [" ".join(part) for part in (said[: len(said) - len(pays)], pays) if part]


def sentences(results: Results) -> list[str]:
    """The section on economy: what it cost, what an avoided event cost, and when it pays."""
    texts, found = results.texts, results.measure.get("cost")
    if results.replication:
        return [texts("economics.replication")]
    if not found or listed(results).empty:
        return [texts("economics.rerun" if found else "economics.none")]
    price = texts("economics.price", year=found["price_year"]) if found.get("price_year") else ""
    source = texts("economics.source", source=str(found["source"]).rstrip(".")) if found.get("source") else ""
    lines = [texts("economics.amount", amount=stated(results), per=_per(results), price=price, source=source)]
    for item in ("per_inhabitant", "per_person"):
        row = _row(results, item)
        if row is not None:
            ending = "" if str(row["unit"]).endswith("/year") else "_once"
            lines.append(texts(f"economics.{item}{ending}", value=amount(results, row["value"])))
    return [*lines, *_of_prices(results), *_of_event(results), *_break_even(results)]


def _of_prices(results: Results) -> list[str]:
    """A warning where the prices have no year, or one outside the follow-up."""
    rows = listed(results)
    rows = rows[(rows["item"] == "prices") & (rows["status"] == "warning")]
    return [in_language(results, text) for text in rows["text"]]


def _of_event(results: Results) -> list[str]:
    """What an avoided event of the primary outcome cost, or why that is not computed."""
    if results.is_organisation:
        return []
    texts, outcome = results.texts, results.primary
    row = _row(results, "per_avoided_event", outcome.id)
    if row is None:
        rows = listed(results)
        why = rows[(rows["item"] == "per_avoided_event") & (rows["outcome"] == outcome.id)]["text"]
        return [texts("economics.event_not", why=lower_first(in_language(results, str(text)))) for text in why]
    planned = results.planned(outcome.id)
    count = 0 if planned is None else int(planned["n_periods_after"])
    facts = {"value": amount(results, row["value"]), "interval": interval(results, row, amount)}
    line = texts("economics.event", **facts, length=texts.length(count, outcome.unit))
    return [line] if math.isfinite(row["high"]) else [line, texts("economics.event_open")]


def _break_even(results: Results) -> list[str]:
    """How many events must be avoided for the measure to pay, which is no claim that they were."""
    texts, rows = results.texts, listed(results)
    worth = rows[rows["item"] == "event_cost"]
    if worth.empty:
        return []
    outcome = str(worth.iloc[0]["outcome"])
    needed = _row(results, "break_even_events", outcome)
    if needed is None:
        return [in_language(results, str(rows[rows["item"].isin(("event_cost", "break_even_events"))].iloc[-1]["text"]))]
    share, found = _row(results, "break_even_share", outcome), _row(results, "avoided_events", outcome)
    fall = "" if share is None else texts("economics.break_even_share", share=texts.percent(100 * share["value"]))
    facts = {"events": events(results, needed["value"]), "worth": amount(results, needed["divisor"]), "share": fall}
    lines = [texts("economics.break_even", **facts)]
    if found is not None:
        said = interval(results, found, events)
        answer = texts(f"economics.answer_{found['answer']}")
        lines.append(texts("economics.avoided", value=events(results, found["value"]), interval=said, answer=answer))
    return lines


def interval(results: Results, row: pd.Series, read: Callable[[Results, float], str]) -> str:
    """The interval of a row with its level, each end read as the value is."""
    texts = results.texts
    low, high = (read(results, float(row[end])) for end in ("low", "high"))
    return texts("words.interval", level=texts.percent(100 * row["level"]), range=texts("words.range", low=low, high=high))


def events(results: Results, value: float) -> str:
    """A number of events, with a decimal where there are few."""
    return results.texts.number(value, 0 if abs(value) >= FEW or value == round(value) else 1)
