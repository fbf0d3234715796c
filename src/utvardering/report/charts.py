"""How the figures look: one function a figure, from the numbers behind it to a plotnine chart.

The size is that of a text column of the PDF, so that a letter has the same size on paper.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from plotnine import (
    aes,
    annotate,
    element_blank,
    element_line,
    element_rect,
    element_text,
    geom_col,
    geom_hline,
    geom_line,
    geom_linerange,
    geom_point,
    geom_segment,
    geom_step,
    geom_text,
    geom_vline,
    ggplot,
    labs,
    scale_color_manual,
    scale_linetype_manual,
    scale_x_continuous,
    scale_y_continuous,
    theme,
)

from utvardering.report.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


WIDTH = 5.6
TALL = 3.7
INK = "#1c2430"
SOFT = "#4a5565"
GRID = "#dfe4ea"
TREATED = "#a63603"
COMPARISON = "#0b4f8a"
NEIGHBOUR = "#5d3a8c"
BAND = "#e9ecf0"
LAND = "#eef0f2"
FONT = "DejaVu Sans"
POINTS = 10.0
LETTER_WIDTH = 0.083
"""Inches that a letter of that size takes, on the wide side."""


def look(height: float = TALL) -> theme:
    """The common look: no clutter, letters of at least 9 points on paper."""
    return theme(
        figure_size=(WIDTH, height),
        text=element_text(family=FONT, size=POINTS, color=INK),
        axis_text=element_text(size=POINTS, color=SOFT),
        axis_title=element_text(size=POINTS, color=SOFT),
        axis_ticks=element_blank(),
        panel_background=element_rect(fill="white"),
        plot_background=element_rect(fill="white"),
        panel_border=element_blank(),
        panel_grid_major=element_line(color=GRID, size=0.5),
        panel_grid_minor=element_blank(),
        legend_position="none",
        plot_margin=0.02,
    )


def whole_years(limits: tuple[float, float]) -> list[float]:
    """Whole years within the limits, at most ten of them."""
    low, high = math.ceil(limits[0]), math.floor(limits[1])
    step = max(1, math.ceil((high - low) / 9))
    return [float(value) for value in range(low, high + 1, step)]


def numbers(texts: Texts) -> Callable[[Sequence[Any]], list[str]]:
    """Labels of an axis as the language writes numbers, with a decimal where one is needed."""

    def write(breaks: Sequence[Any]) -> list[str]:
        shown = [value for value in breaks if value is not None and np.isfinite(value)]
        digits = 0 if all(abs(value - round(value)) < 1e-9 for value in shown) else 1  # noqa: PLR2004 -- a float that is whole
        return [texts.number(value, digits) for value in breaks]

    return write


def percents(texts: Texts) -> Callable[[Sequence[Any]], list[str]]:
    """Labels of an axis in whole percent with their sign."""
    return lambda breaks: [texts.signed_percent(value, 0) for value in breaks]


def over_time(frame: pd.DataFrame, texts: Texts, names: dict[str, str], starts: list[float], unit: str, title_y: str) -> ggplot:
    """Treated and comparison over time, each with its name at its line, and the start marked."""
    frame = frame.assign(part=frame["group"] + frame["after"].astype(str))
    colours = {"treated": TREATED, "comparison": COMPARISON}
    smoothed = not frame["smooth"].equals(frame["shown"])
    low, high = float(frame["x"].min()), float(frame["x"].max())
    shown = frame["smooth"].dropna() if not smoothed else pd.concat([frame["shown"], frame["smooth"]]).dropna()
    bottom, top = float(shown.min()), float(shown.max())
    reach = (top - bottom) or 1.0
    ends = spread_names(frame, names, 0.085 * reach)
    room = (high - low) * (max(len(name) for name in names.values()) * LETTER_WIDTH + 0.1) / 3.8
    chart = ggplot(frame, aes("x", "shown", color="group"))
    if len(starts) > 1:
        chart += annotate("rect", xmin=starts[0], xmax=starts[-1], ymin=-math.inf, ymax=math.inf, fill=BAND)
    else:
        chart += geom_vline(xintercept=starts[0], color=INK, size=0.6, linetype="dashed")
    if smoothed:
        chart += geom_line(aes(group="part"), alpha=0.35, size=0.4)
    chart += geom_line(aes(y="smooth", group="part" if smoothed else "group", linetype="group"), size=1.1, na_rm=True)
    if not smoothed:
        chart += geom_point(size=1.6)
    mark = texts("figure.start" if len(starts) == 1 else "figure.starts")
    place = starts[0] if len(starts) == 1 else (starts[0] + starts[-1]) / 2
    side = "left" if len(starts) == 1 else "center"
    chart += annotate("text", x=place, y=top + 0.10 * reach, label=f" {mark}", ha=side, size=POINTS, color=INK, family=FONT)
    chart += geom_text(aes("x", "y", label="label"), data=ends, ha="left", size=POINTS, family=FONT, fontweight="bold")
    return (
        chart
        + scale_color_manual(values=colours)
        + scale_linetype_manual(values={"treated": "solid", "comparison": "dashed"})
        + scale_x_continuous(limits=(low, high + room), **_years_within(unit, high))
        + scale_y_continuous(labels=numbers(texts), limits=(bottom - 0.03 * reach, top + 0.13 * reach), expand=(0, 0))
        + labs(x=texts("figure.x_index" if unit == "index" else "figure.x_time"), y=title_y)
        + look()
    )


def _years_within(unit: str, high: float) -> dict[str, Any]:
    """Whole years only as far as the data go: the room for names has no years."""
    if unit == "index":
        return {"breaks": lambda limits: list(np.linspace(limits[0], high, 6).round())}
    return {
        "breaks": lambda limits: whole_years((limits[0], high)),
        "labels": lambda breaks: [f"{value:.0f}" for value in breaks],
    }


def spread_names(frame: pd.DataFrame, names: dict[str, str], least: float) -> pd.DataFrame:
    """Where the names stand: at the end of each line, moved apart where the ends lie close."""
    last = frame.dropna(subset=["smooth"]).groupby("group").last().reset_index()
    last = last.sort_values("smooth")
    y = last["smooth"].to_numpy(dtype=float, copy=True)
    for k in range(1, len(y)):
        if y[k] - y[k - 1] < least:
            middle = (y[k] + y[k - 1]) / 2
            y[k - 1], y[k] = middle - least / 2, middle + least / 2
    step = (frame["x"].max() - frame["x"].min()) * 0.012
    return last.assign(y=y, x=last["x"] + step, label=[names[group] for group in last["group"]])


def event_study(frame: pd.DataFrame, texts: Texts, unit: str) -> ggplot:
    """A point and an interval per period from the start, zero and the start marked."""
    low, high = reach(frame)
    frame = frame.assign(low=frame["low"].clip(lower=low), high=frame["high"].clip(upper=high), side=frame["after"].map(str))
    many = len(frame) > SHOWN_EVENTS
    top = high - 0.03 * (high - low)
    return (
        ggplot(frame, aes("period_from_start", "value", color="side"))
        + geom_hline(yintercept=0, color=INK, size=0.6)
        + geom_vline(xintercept=-0.5, color=INK, size=0.6, linetype="dashed")
        + geom_linerange(aes(ymin="low", ymax="high"), size=0.7 if many else 1.0, alpha=0.6)
        + geom_point(size=1.2 if many else 2.2)
        + annotate("text", x=-0.5, y=top, label=f" {texts('figure.start')}", ha="left", size=POINTS, color=INK, family=FONT)
        + scale_color_manual(values={"False": COMPARISON, "True": TREATED})
        + scale_y_continuous(labels=percents(texts), limits=(low, high))
        + scale_x_continuous(labels=numbers(texts), breaks=_whole)
        + labs(x=texts("figure.x_from_start", unit=texts.raw("figure.unit_from_start")[unit]), y=texts("figure.y_effect"))
        + look()
    )


SHOWN_EVENTS = 40


def _whole(limits: tuple[float, float]) -> list[float]:
    span = limits[1] - limits[0]
    step = next((step for step in (1, 2, 3, 6, 12, 24, 52, 104) if span / step <= 9), 250)  # noqa: PLR2004 -- as many labels fit
    first = math.ceil(limits[0] / step) * step
    return [float(value) for value in range(first, math.floor(limits[1]) + 1, step)]


def reach(frame: pd.DataFrame) -> tuple[float, float]:
    """Limits of the axis that hold every point; intervals far beyond the others are cut at the edge."""
    points = frame["value"].to_numpy(dtype=float)
    ends = np.concatenate([frame["low"].to_numpy(dtype=float), frame["high"].to_numpy(dtype=float)])
    ends = ends[np.isfinite(ends)]
    widest = 4 * max(float(np.quantile(np.abs(ends), 0.75)) if len(ends) else 1.0, float(np.abs(points).max()) / 3, 1.0)
    low = max(float(min(points.min(), ends.min(initial=0.0), 0.0)), -widest)
    high = min(float(max(points.max(), ends.max(initial=0.0), 0.0)), widest)
    pad = 0.08 * (high - low)
    return low - pad, high + pad


_LINE, _NUMBER = 76, 10  # characters that a figure is wide, and that a number with its air takes


def intervals(frame: pd.DataFrame, texts: Texts, smallest: float | None = None) -> ggplot:
    """Estimates with intervals under one another: label, value, low, high, strong; each with its number at the right.

    Strong rows are filled and bold; `smallest` is the smallest effect of interest in percent, a band around zero.
    """
    low, high = reach(frame)
    if smallest:
        low, high = min(low, -1.2 * smallest), max(high, 1.2 * smallest)
    count = len(frame)
    margin = _margin(frame["label"])
    frame = frame.assign(
        y=np.arange(count, 0, -1.0),
        low=frame["low"].clip(lower=low),
        high=frame["high"].clip(upper=high),
        side=frame["strong"].map(str),
        number=[texts.signed_percent(value) for value in frame["value"]],
        edge=high + (margin - 0.01) * (high - low),
    )
    chart = ggplot(frame, aes("value", "y", color="side"))
    if smallest:
        chart += annotate("rect", xmin=-smallest, xmax=smallest, ymin=0.4, ymax=count + 0.6, fill=BAND)
    bold = frame[frame["strong"]]
    plain = frame[~frame["strong"]]
    lines = sum(label.count("\n") + 1 for label in frame["label"])
    return (
        chart
        + geom_vline(xintercept=0, color=INK, size=0.6)
        + geom_segment(aes(x="low", xend="high", yend="y"), size=1.0)
        + geom_point(data=plain, shape="o", size=2.8, fill="white", stroke=0.9)
        + geom_point(data=bold, shape="D", size=3.0, fill=TREATED, stroke=0.9)
        + geom_text(aes("edge", label="number"), data=plain, ha="right", size=POINTS, color=INK, family=FONT)
        + geom_text(aes("edge", label="number"), data=bold, ha="right", size=POINTS, family=FONT, fontweight="bold")
        + scale_color_manual(values={"False": COMPARISON, "True": TREATED})
        + scale_x_continuous(labels=percents(texts), limits=(low, high + margin * (high - low)), breaks=ticks(low, high))
        + scale_y_continuous(breaks=list(frame["y"]), labels=list(frame["label"]), limits=(0.4, count + 0.6))
        + labs(x=texts("figure.y_effect"), y="")
        + look(max(1.6, 0.85 + 0.2 * lines + 0.09 * count))
        + theme(panel_grid_major_y=element_blank(), axis_text_y=element_text(linespacing=1.3, ha="right"))
    )


def _margin(labels: pd.Series) -> float:
    """Room for the number at the right, as a share of the range: the more, the longer the labels at the left are."""
    longest = max(len(line) for label in labels for line in label.split("\n"))
    share = _NUMBER / max(_LINE - longest, 2 * _NUMBER)
    return share / (1 - share)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers from low to high, zero among them."""
    rough = (high - low) / 5
    size = 10 ** math.floor(math.log10(rough))
    step = next(factor * size for factor in (1, 2, 5, 10) if factor * size >= rough)
    return [step * k for k in range(math.ceil(low / step), math.floor(high / step) + 1)]


def dose(frame: pd.DataFrame, texts: Texts, *, monthly: bool) -> ggplot:
    """Delivered hours as columns, planned hours as a line, both named where they stand."""
    width = 1 / 12 if monthly else 1 / 52
    top = float(max(frame["planned"].max(), frame["delivered"].max()))
    planned = float(frame["planned"].iloc[-1])
    delivered = float(frame["delivered"].iloc[-1])
    end = float(frame["x"].max()) + 0.6 * width
    span = float(frame["x"].max() - frame["x"].min()) + width
    apart = 0.09 * top
    y_delivered = min(delivered / 2, planned - apart)
    room = span * 0.2
    steps = pd.concat([frame, frame.tail(1).assign(x=lambda last: last["x"] + width)]).assign(
        x=lambda all_: all_["x"] - width / 2
    )
    common: dict[str, Any] = {"ha": "left", "size": POINTS, "family": FONT, "fontweight": "bold"}
    return (
        ggplot(frame, aes("x", "delivered"))
        + geom_col(fill=COMPARISON, width=width * 0.8)
        + geom_step(aes("x", "planned"), data=steps, color=TREATED, size=1.1)
        + annotate("text", x=end, y=planned, label=" " + texts("figure.planned_dose"), color=TREATED, **common)
        + annotate("text", x=end, y=y_delivered, label=" " + texts("figure.delivered_dose"), color=COMPARISON, **common)
        + scale_x_continuous(limits=(float(frame["x"].min()) - width, end + room), **dose_axis(frame, texts))
        + scale_y_continuous(labels=numbers(texts), limits=(0, 1.08 * top), expand=(0, 0))
        + labs(x="", y=texts("figure.x_hours" if monthly else "figure.x_hours_week"))
        + look(3.0)
    )


def dose_axis(frame: pd.DataFrame, texts: Texts) -> dict[str, Any]:
    """At most five labels: the month and the year, or the week as the log names it."""
    step = max(1, math.ceil(len(frame) / 5))
    rows = frame.iloc[::step]
    labels = []
    for label in rows["period"]:
        month = len(label) == len("2022-07")
        labels.append(texts.period(label, "month").replace(" ", "\n") if month else label)
    return {"breaks": list(rows["x"]), "labels": labels}
