"""Figures of a study before its start, from the tables of `design`: caption, alt text, chart and the numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report import design_data, design_words
from utvardering.report.captions import caption

if TYPE_CHECKING:
    from utvardering.report.figures import Drawn
    from utvardering.report.results import Outcome, Results


def draw_design(results: Results) -> Iterator[Drawn]:
    """Every figure that the files of a design allow, in the order of the page."""
    from utvardering.report import design_charts as charts  # noqa: PLC0415 -- see figures.draw_all
    from utvardering.report.figures import Drawn, Figure  # noqa: PLC0415 -- figures draws these too

    texts, outcome = results.texts, results.primary
    wanted = abs(100 * outcome.smallest_effect) if outcome.smallest_effect else None
    if len(frame := design_data.power_curves(results)):
        chart = charts.power(frame, texts, texts(f"design.x_{design_words.direction(outcome)}"), wanted)
        yield Drawn(Figure("styrka", "design_power", *power_words(results, frame)), chart, frame)
    if len(frame := design_data.helps(results)):
        yield Drawn(Figure("hjalp", "design_help", *help_words(results, frame)), charts.helps(frame, texts, wanted), frame)
    if len(frame := design_data.balance(results)):
        limit = float(results.setting("checks", "max_imbalance", 0.25))
        names = {name: texts.name("choice", name) for name in design_data.shown_choices(results, "design_balance")}
        chart = charts.balance(frame, texts, names, limit)
        yield Drawn(Figure("likhet", "design_balance", *balance_words(results, frame, limit)), chart, frame)
    if len(frame := design_data.before(results)):
        names = group_names(results)
        unit = texts.raw(f"unit.{outcome.unit}")[0]
        title = texts(f"design.y_before{_rate(outcome)}", unit=unit) if outcome.is_count else texts("figure.y_value")
        chart = charts.before(frame, texts, names, outcome.unit, title)
        yield Drawn(Figure("fore-start", "design_before", *before_words(results, frame, names)), chart, frame)


def _rate(outcome: Outcome) -> str:
    """What marks the words of a count with exposure, whose means are rates."""
    return "_rate" if outcome.is_count and outcome.exposure else ""


def power_words(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the power curves."""
    texts = results.texts
    smallest = design_data.smallest_detectable(results, results.primary)
    change = texts(f"design.{design_words.direction(results.primary)}")
    found = math.isfinite(smallest)
    title = texts(
        "design.power_title" if found else "design.power_title_none",
        change=change,
        smallest=texts.percent(100 * smallest) if found else "",
    )
    error = float(frame.loc[frame["planned"], "mc_error"].max())
    note = texts("design.power_note", title=results.primary.title, error=texts.number(error, 1))
    plan = frame[frame["planned"]]
    points = [
        texts("design.power_point", effect=texts.percent(row.effect), count=texts.number(row.power))
        for row in plan.itertuples()
    ]
    others = list(dict.fromkeys(frame.loc[~frame["planned"], "curve"]))
    more = texts("design.power_others", list=texts.joined(others)) if others else ""
    return caption(results, title, note), texts("design.power_alt", list="; ".join(points)) + more


def help_words(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of what would help."""
    texts = results.texts
    others = frame[~frame["planned"]]
    best = others.loc[others["value"].idxmin()]
    title = texts("design.help_title", best=str(best["label"]), value=texts.percent(best["value"]))
    said = [f"{row.label}: {texts.percent(row.value)}" for row in frame.itertuples()]
    note = texts("design.help_note", title=results.primary.title)
    if results.primary.smallest_effect:
        note += " " + texts("design.help_line")
    return caption(results, title, note), texts("design.help_alt", list="; ".join(said))


def balance_words(results: Results, frame: pd.DataFrame, limit: float) -> tuple[str, str]:
    """Caption and alt text of the balance before the start."""
    texts = results.texts
    planned = frame[frame["choice"] == frame["choice"].iloc[0]]
    beyond = int((planned["value"].abs() > limit).sum())
    title = texts(
        "design.balance_title" if beyond else "design.balance_title_none",
        n=texts.number(beyond),
        all=texts.number(len(planned)),
    )
    said = [f"{row.label} {texts.number(row.value, 2)}" for row in planned.itertuples()]
    note = texts("design.balance_note", limit=texts.number(limit, 2))
    return caption(results, title, note), texts("design.balance_alt", list="; ".join(said))


def group_names(results: Results) -> dict[str, str]:
    """Names of the groups in the figure of the time before the start."""
    texts = results.texts
    names = {"treated": texts("figure.treated"), "comparison": texts("figure.comparison")}
    choices = design_data.shown_choices(results, "before")
    return names | {name: texts.name("choice", name) for name in choices if name != design_data.PLANNED}


def before_words(results: Results, frame: pd.DataFrame, names: dict[str, str]) -> tuple[str, str]:
    """Caption and alt text of the time before the start."""
    texts, unit = results.texts, results.primary.unit
    means = frame.groupby("group")["shown"].mean()
    said = [f"{names[name]} {texts.number(float(means[name]), 1)}" for name in names if name in means.index]
    per = texts.raw(f"unit.{unit}")[0]
    title = texts("design.before_title", title=results.primary.title)
    note = texts(f"design.before_note{_rate(results.primary)}", unit=per)
    alt = texts(
        f"design.before_alt{_rate(results.primary)}",
        first=texts.period(str(frame["period"].iloc[0]), unit),
        last=texts.period(str(frame["period"].iloc[-1]), unit),
        unit=per,
        list="; ".join(said),
    )
    return caption(results, title, note), alt
