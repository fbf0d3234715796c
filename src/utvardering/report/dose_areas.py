"""Hours a week planned and delivered in each area: a panel for each, beside the picture of their sum."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report import captions, chart_data

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plotnine import ggplot

    from utvardering.report.results import Results
    from utvardering.report.texts import Texts

SHOWN_AREAS = 12
"""As many areas get a panel each; of more only the sum is shown, and dose.csv has them all."""
COLUMNS = 3
ROW = 1.75
"""Inches for a row of panels."""


def area_frame(results: Results) -> pd.DataFrame:
    """A row per area and period: area, period, planned and delivered hours a week, x; empty for one area or too many."""
    log = results.tables["dose"]
    names = [] if log.empty else list(log["unit"].drop_duplicates())
    if not 1 < len(names) <= SHOWN_AREAS:
        return pd.DataFrame()
    parts = [chart_data.weekly_hours(log[log["unit"] == name]).assign(area=name) for name in names]
    frame = pd.concat(parts, ignore_index=True)
    return frame[["area", "period", "planned", "delivered", "x"]]


def dose_area_charts(results: Results) -> Iterator[tuple[str, str, tuple[str, str], ggplot, pd.DataFrame]]:
    """Name, section, caption with alternative text, chart and numbers; nothing where there are no areas to tell apart."""
    frame = area_frame(results)
    if frame.empty:
        return
    texts, log = results.texts, results.tables["dose"]
    summed = log.groupby("unit", sort=False)[["planned_hours", "delivered_hours"]].sum()
    summed = summed[summed["planned_hours"] > 0]
    shares = 100 * summed["delivered_hours"] / summed["planned_hours"]
    title = texts("figure.dose_areas_title", low=texts.percent(shares.min()), high=texts.percent(shares.max()))
    said = "; ".join(f"{name} {texts.percent(share)}" for name, share in shares.items())
    words = (
        captions.caption(results, title, texts("figure.dose_areas_note")),
        texts("figure.dose_areas_alt", n=frame["area"].nunique(), list=said),
    )
    yield "dos-omraden", "implementation", words, area_chart(frame, texts), frame


def area_chart(frame: pd.DataFrame, texts: Texts) -> ggplot:
    """A panel for each area on one scale: delivered hours as columns, planned hours as a line."""
    from plotnine import (  # noqa: PLC0415 -- plotnine must not look for a cache in the home folder first
        aes,
        element_text,
        facet_wrap,
        geom_col,
        geom_step,
        ggplot,
        labs,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    from utvardering.report import charts  # noqa: PLC0415 -- as above

    width = 1 / 12 if len(frame["period"].iloc[0]) == len("2022-07") else 1 / 52
    names = [textwrap.fill(name, 24) for name in frame["area"].drop_duplicates()]
    shown = frame.assign(area=pd.Categorical([textwrap.fill(name, 24) for name in frame["area"]], categories=names))
    steps = shown.assign(x=shown["x"] - width / 2)
    top = float(frame[["planned", "delivered"]].max().max())
    breaks = charts.whole_years((float(frame["x"].min()), float(frame["x"].max())))
    axis = {"breaks": breaks, "labels": [f"{value:.0f}" for value in breaks]} if breaks else charts.dose_axis(frame, texts)
    rows = -(-len(names) // COLUMNS)
    return (
        ggplot(shown, aes("x", "delivered"))
        + geom_col(fill=charts.COMPARISON, width=width * 0.8)
        + geom_step(aes("x", "planned"), data=steps, color=charts.TREATED, size=0.9)
        + facet_wrap("area", ncol=COLUMNS)
        + scale_x_continuous(**axis)
        + scale_y_continuous(labels=charts.numbers(texts), limits=(0, 1.08 * top), expand=(0, 0))
        + labs(x="", y=texts("figure.x_hours_week"))
        + charts.look(0.7 + ROW * rows)
        + theme(strip_text=element_text(size=charts.POINTS, color=charts.INK, ha="left"))
    )
