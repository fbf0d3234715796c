"""Pictures of the process evaluation: the grades of each level, with the numbers behind them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report.process_tables import LEVELS, SLUGS, criteria_of, grade_words
from utvardering.report.texts import lower_first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plotnine import ggplot

    from utvardering.report.results import Results
    from utvardering.report.texts import Texts

WRAP = 34
ROW = 0.42
"""Inches for a criterion."""


def level_frame(results: Results, level: str) -> pd.DataFrame:
    """A row per criterion and assessor of a level: criterion, title, assessor, grade, final, y (first criterion on top)."""
    criteria = criteria_of(results, level)
    place = {one["id"]: len(criteria) - k for k, one in enumerate(criteria)}
    rows = results.tables["process"]
    rows = rows[rows["criterion"].isin(place)] if len(rows) else rows
    if rows.empty:
        return pd.DataFrame()
    titles = {one["id"]: one["title"] for one in criteria}
    frame = rows[["criterion", "assessor", "grade", "final_grade"]].rename(columns={"final_grade": "final"})
    return frame.assign(title=frame["criterion"].map(titles), y=frame["criterion"].map(place)).reset_index(drop=True)


def process_charts(results: Results) -> Iterator[tuple[str, str, tuple[str, str], ggplot, pd.DataFrame]]:
    """Name, section, caption with alternative text, chart and numbers of each level that was assessed."""
    texts = results.texts
    for level in LEVELS:
        frame = level_frame(results, level)
        if len(frame):
            name = lower_first(texts(f"process.level_{level}"))
            caption = texts("process.figure_caption", level=name)
            grades = "; ".join(
                f"{lower_first(one['title'])}: {grade_words(results, one['final'])}" for one in criteria_of(results, level)
            )
            alt = texts("process.figure_alt", level=name, grades=grades)
            yield f"betyg-{SLUGS[level]}", f"process_{level}", (caption, alt), grades_chart(frame, texts, results), frame


def grades_chart(frame: pd.DataFrame, texts: Texts, results: Results) -> ggplot:
    """The final grade of each criterion as a point on the scale, and the assessors' own where they differ."""
    from plotnine import (  # noqa: PLC0415 -- plotnine must not look for a cache in the home folder first
        aes,
        element_blank,
        element_text,
        geom_point,
        geom_segment,
        ggplot,
        labs,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    from utvardering.report import charts  # noqa: PLC0415 -- as above

    finals = frame.dropna(subset=["final"]).drop_duplicates("criterion").assign(zero=0.0)
    finals["final"] = finals["final"].astype(float)
    spread = frame.groupby("criterion")["grade"].transform("nunique") > 1
    own = frame[spread].assign(grade=frame["grade"].astype(float))
    shown = frame.drop_duplicates("criterion")
    words = [f"{one['grade']}\n{textwrap.fill(one['word'], 9)}" for one in results.process["scale"]]
    chart = (
        ggplot(finals, aes("final", "y"))
        + geom_segment(aes(x="zero", xend="final", y="y", yend="y"), color=charts.GRID, size=2.2)
        + geom_point(color=charts.COMPARISON, size=3.6)
        + scale_x_continuous(breaks=[0, 1, 2, 3, 4], labels=words, limits=(-0.1, 4.2))
        + scale_y_continuous(
            breaks=list(shown["y"].astype(float)),
            labels=[textwrap.fill(title, WRAP) for title in shown["title"]],
            limits=(0.5, len(shown) + 0.5),
        )
        + labs(x=texts("process.axis"), y="")
        + charts.look(0.9 + ROW * len(shown))
        + theme(
            panel_grid_major_y=element_blank(), axis_text_y=element_text(size=charts.POINTS - 1, color=charts.INK, ha="right")
        )
    )
    if len(own):
        chart += geom_point(own, aes("grade", "y"), shape="o", fill="none", color=charts.TREATED, size=3.6, stroke=0.8)
    return chart
