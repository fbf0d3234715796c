"""How the figures of the design look: power curves, what would help, balance and the time before the start."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from plotnine import (
    aes,
    annotate,
    element_blank,
    element_text,
    geom_hline,
    geom_line,
    geom_point,
    geom_segment,
    geom_text,
    geom_vline,
    ggplot,
    guide_legend,
    guides,
    labs,
    scale_color_manual,
    scale_linetype_manual,
    scale_shape_manual,
    scale_x_continuous,
    scale_y_continuous,
    theme,
)

from utvardering.report.charts import (
    COMPARISON,
    FONT,
    INK,
    LETTER_WIDTH,
    NEIGHBOUR,
    POINTS,
    SOFT,
    TREATED,
    look,
    numbers,
    spread_names,
    whole_years,
)
from utvardering.report.texts import Texts

COLOURS = (TREATED, COMPARISON, COMPARISON, COMPARISON, NEIGHBOUR, NEIGHBOUR)
LINES = ("solid", "dashed", "dashdot", "dotted", "dashed", "dotted")

SHOWN_YEARS = 6
"""Every year is named up to so many, else every second."""
LABEL = 26
"""Letters to a line of the names beside an axis."""


def _percents(texts: Texts) -> Callable[[Sequence[Any]], list[str]]:
    return lambda at: [texts.percent(float(value)) for value in at]


def _decimals(texts: Texts) -> Callable[[Sequence[Any]], list[str]]:
    return lambda at: [texts.number(float(value), 1) for value in at]


def power(frame: pd.DataFrame, texts: Texts, x_label: str, smallest: float | None) -> ggplot:
    """Studies of a hundred that find an effect, by its size: the plan strong, changed plans beside it, four of five marked."""
    names = list(dict.fromkeys(frame["curve"]))
    frame = frame.assign(curve=pd.Categorical(frame["curve"], categories=names))
    high = float(frame["effect"].max())
    plan, others = frame[frame["planned"]], frame[~frame["planned"]]
    chart = ggplot(frame, aes("effect", "power", color="curve", linetype="curve"))
    if smallest:
        chart += geom_vline(xintercept=smallest, color=SOFT, size=0.5)
        side = "left" if smallest < 0.6 * high else "right"
        label = f" {texts('design.smallest_mark')} "
        chart += annotate("text", x=smallest, y=4, label=label, ha=side, size=POINTS, color=SOFT, family=FONT)
    chart += geom_hline(yintercept=80, color=INK, size=0.6, linetype="dashed")
    chart += annotate("text", x=0, y=84, label=f" {texts('design.aim_mark')}", ha="left", size=POINTS, color=INK, family=FONT)
    if len(others):
        chart += geom_line(data=others, size=0.9)
    return (
        chart
        + geom_line(data=plan, size=1.5)
        + geom_point(data=plan, size=2.2, show_legend=False)
        + scale_color_manual(values=list(COLOURS[: len(names)]), name=" ")
        + scale_linetype_manual(values=list(LINES[: len(names)]), name=" ")
        + scale_x_continuous(limits=(0, high), labels=_percents(texts), expand=(0.025, 0))
        + scale_y_continuous(limits=(0, 103), breaks=[0, 20, 40, 60, 80, 100], labels=numbers(texts), expand=(0, 0))
        + labs(x=x_label, y=texts("design.y_power"))
        + look(4.3)
        + theme(
            legend_position="bottom",
            legend_title=element_blank(),
            legend_text=element_text(size=POINTS),
            legend_key_width=32,
        )
        + guides(color=guide_legend(ncol=2), linetype=guide_legend(ncol=2))
    )


def helps(frame: pd.DataFrame, texts: Texts, smallest: float | None) -> ggplot:
    """Smallest detectable effect of the plan and of each change, the number at its point."""
    count = len(frame)
    frame = frame.assign(
        y=np.arange(count, 0, -1.0), side=frame["planned"].map(str), number=[f"  {texts.percent(x)}" for x in frame["value"]]
    )
    high = max(float(frame["value"].max()), smallest or 0.0)
    chart = ggplot(frame, aes("value", "y", color="side"))
    if smallest:
        chart += geom_vline(xintercept=smallest, color=SOFT, size=0.6, linetype="dashed")
    return (
        chart
        + geom_segment(aes(x=0, xend="value", yend="y"), size=0.8)
        + geom_point(size=3.2)
        + geom_text(aes(label="number"), ha="left", size=POINTS, family=FONT, fontweight="bold")
        + scale_color_manual(values={"False": COMPARISON, "True": TREATED})
        + scale_x_continuous(limits=(0, 1.18 * high), labels=_percents(texts), expand=(0, 0))
        + scale_y_continuous(breaks=list(frame["y"]), labels=list(frame["label"]), limits=(0.4, count + 0.6))
        + labs(x=texts("design.x_detectable"), y="")
        + look(max(1.8, 0.9 + 0.32 * count))
        + theme(panel_grid_major_y=element_blank(), axis_text_y=element_text(ha="right"))
    )


def balance(frame: pd.DataFrame, texts: Texts, names: dict[str, str], limit: float) -> ggplot:
    """Standardised differences by variable: filled for the plan, hollow for the recommended choice, the limits marked."""
    rows = frame.drop_duplicates("label")
    named = [textwrap.fill(label, LABEL) for label in rows["label"]]
    choices = list(names)
    reach = 1.1 * max(float(frame["value"].abs().max()), limit)
    frame = frame.assign(choice=pd.Categorical(frame["choice"], categories=choices))
    labels = [names[name] for name in choices]
    return (
        ggplot(frame, aes("value", "y", color="choice", shape="choice"))
        + annotate("rect", xmin=-limit, xmax=limit, ymin=0.4, ymax=len(rows) + 0.6, fill="#e9ecf0")
        + geom_vline(xintercept=0, color=INK, size=0.6)
        + geom_point(size=3.2, fill="white", stroke=1.1)
        + scale_color_manual(values=[TREATED, COMPARISON][: len(choices)], labels=labels, name=" ")
        + scale_shape_manual(values=["D", "o"][: len(choices)], labels=labels, name=" ")
        + scale_x_continuous(limits=(-reach, reach), labels=_decimals(texts))
        + scale_y_continuous(breaks=list(rows["y"]), labels=named, limits=(0.4, len(rows) + 0.6))
        + labs(x=texts("design.x_balance"), y="")
        + look(max(2.1, 1.25 + 0.21 * sum(label.count("\n") + 1.4 for label in named)))
        + theme(
            panel_grid_major_y=element_blank(),
            axis_text_y=element_text(ha="right"),
            legend_position="bottom" if len(choices) > 1 else "none",
            legend_title=element_blank(),
            legend_text=element_text(size=POINTS),
        )
    )


def before(frame: pd.DataFrame, texts: Texts, names: dict[str, str], unit: str, title_y: str) -> ggplot:
    """The time before the start: a mean over a year for each group, its name at its line."""
    low, high = float(frame["x"].min()), float(frame["x"].max())
    shown = frame["smooth"].dropna()
    bottom, top = float(shown.min()), float(shown.max())
    reach = (top - bottom) or 1.0
    ends = spread_names(frame, names, 0.085 * reach)
    room = (high - low) * (max(len(name) for name in names.values()) * LETTER_WIDTH + 0.1) / 3.8
    breaks: dict[str, Any] = {
        "breaks": lambda limits: whole_years((limits[0], high))[:: 1 + int(high - low > SHOWN_YEARS)],
        "labels": lambda at: [f"{year:.0f}" for year in at],
    }
    return (
        ggplot(frame, aes("x", "smooth", color="group", linetype="group"))
        + geom_line(size=1.1, na_rm=True)
        + geom_text(
            aes("x", "y", label="label", color="group"),
            data=ends,
            ha="left",
            size=POINTS,
            family=FONT,
            fontweight="bold",
            inherit_aes=False,
        )
        + scale_color_manual(values=dict(zip(names, (TREATED, COMPARISON, NEIGHBOUR), strict=False)))
        + scale_linetype_manual(values=dict(zip(names, ("solid", "dashed", "dotted"), strict=False)))
        + scale_x_continuous(limits=(low, high + room), **(breaks if unit != "index" else {}))
        + scale_y_continuous(labels=numbers(texts), limits=(bottom - 0.05 * reach, top + 0.08 * reach), expand=(0, 0))
        + labs(x=texts("figure.x_index" if unit == "index" else "figure.x_time"), y=title_y)
        + look(3.2)
    )
