"""What did it cost, and what did an avoided event cost? The second only where an effect is established."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.texts import Texts, per_year

if TYPE_CHECKING:
    from utvardering.report.results import Results

MILLION = 1_000_000


def _money(results: Results, value: float) -> str:
    """1,2 miljoner kronor, 350 kronor."""
    return money(results.texts, value, str(results.measure["cost"].get("currency", "SEK")))


def money(texts: Texts, value: float, code: str) -> str:
    """An amount with the name of its currency, in millions where it is large."""
    currency = texts.name("word", code)
    if abs(value) >= MILLION:
        return f"{texts.number(value / MILLION, 1)}\u00a0{texts('word.million')} {currency}"
    return f"{texts.number(value)} {currency}"


def short(results: Results) -> str:
    """Cost for the strip: per inhabitant of the area and year where that is known, else the amount."""
    texts, found = results.texts, results.measure.get("cost")
    if not found or results.replication:
        return texts("strip.cost_not" if results.replication else "strip.cost_none")
    amount, people = float(found["amount"]), results.inhabitants()
    if found.get("per", "year") == "year" and math.isfinite(people):
        return texts("strip.cost_area", inhabitant=_money(results, amount / people))
    return f"**{_money(results, amount)}** {_per(results)}"


def per_year_text(results: Results) -> str:
    """The amount and how often it is paid, for comparison between measures."""
    found = results.measure.get("cost")
    return results.texts("word.none") if not found else f"{_money(results, float(found['amount']))} {_per(results)}"


def _per(results: Results) -> str:
    return results.texts("word.per_year" if results.measure["cost"].get("per", "year") == "year" else "word.once")


def sentences(results: Results, verdict: str) -> list[str]:
    """The section on economy."""
    texts, found = results.texts, results.measure.get("cost")
    if results.replication:
        return [texts("economics.replication")]
    if not found:
        return [texts("economics.none")]
    price = texts("economics.price", year=found["price_year"]) if found.get("price_year") else ""
    source = texts("economics.source", source=found["source"]) if found.get("source") else ""
    amount = _money(results, float(found["amount"]))
    lines = [texts("economics.amount", amount=amount, per=_per(results), price=price, source=source)]
    people = results.inhabitants()
    if math.isfinite(people) and found.get("per", "year") == "year":
        lines.append(texts("economics.inhabitant", value=_money(results, float(found["amount"]) / people)))
    return [*lines, *_per_event(results, verdict)]


def _per_event(results: Results, verdict: str) -> list[str]:
    texts, outcome = results.texts, results.primary
    row = results.planned(outcome.id)
    if results.judgement(outcome.id).verdict != "effect" or row is None:
        return [texts("economics.not_allowed", verdict=verdict)]
    avoided, most, least = (-float(row[f"effect_units{end}"]) for end in ("", "_low", "_high"))
    if not outcome.is_count or outcome.direction != "decrease" or not avoided > 0:
        return [texts("economics.not_counted")]
    cost = results.measure["cost"]
    length = int(row["n_periods_after"])
    years = length / per_year(outcome.unit) if cost.get("per", "year") == "year" else 1.0
    spent = float(cost["amount"]) * years
    low = _money(results, spent / most)
    high = _money(results, spent / least) if least > 0 else texts("word.unbounded")
    level = texts.percent(100 * float(row["level"]))
    said = texts("words.interval", level=level, range=texts("words.range", low=low, high=high))
    line = texts(
        "economics.event", value=_money(results, spent / avoided), interval=said, length=texts.length(length, outcome.unit)
    )
    return [line] if least > 0 else [line, texts("economics.event_open")]
