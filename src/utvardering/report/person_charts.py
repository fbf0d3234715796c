"""How the pictures of persons look: measurements by arm, and propensities by arm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from plotnine import (
    aes,
    element_blank,
    geom_line,
    geom_linerange,
    geom_point,
    geom_segment,
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

from utvardering.report.charts import COMPARISON, FONT, INK, LETTER_WIDTH, POINTS, SOFT, TREATED, look, numbers, spread_names
from utvardering.report.person_figures import APART, ARMS, INNER, MIDDLE, OUTER

if TYPE_CHECKING:
    from utvardering.report.results import Results

COLOURS = {"treated": TREATED, "comparison": COMPARISON}


def waves(frame: pd.DataFrame, results: Results) -> ggplot:
    """A point and an interval for each arm and measurement, each arm named at its line, the start marked."""
    texts = results.texts
    names = {arm: texts(f"figure.{arm}") for arm in ARMS}
    shift = frame["group"].map({"treated": APART, "comparison": -APART}).astype(float)
    frame = frame.assign(x=frame["wave"] + shift, smooth=frame["value"])
    ends = pd.concat([frame["low"].fillna(frame["value"]), frame["high"].fillna(frame["value"])])
    bottom, top = float(ends.min()), float(ends.max())
    reach = (top - bottom) or 1.0
    first, last = float(frame["x"].min()), float(frame["x"].max())
    room = (last - first) * (max(len(name) for name in names.values()) * LETTER_WIDTH + 0.1) / 3.8
    before, after = frame.loc[~frame["after"], "wave"], frame.loc[frame["after"], "wave"]
    chart = ggplot(frame, aes("x", "value", color="group"))
    if len(before) and len(after):
        start = (float(before.max()) + float(after.min())) / 2
        chart += geom_vline(xintercept=start, color=INK, size=0.6, linetype="dashed")
        mark = pd.DataFrame({"x": [start], "y": [top + 0.09 * reach], "label": [f" {texts('figure.start')}"]})
        chart += geom_text(
            aes("x", "y", label="label"), data=mark, inherit_aes=False, ha="left", size=POINTS, color=INK, family=FONT
        )
    placed = spread_names(frame.sort_values("x"), names, 0.085 * reach)
    return (
        chart
        + geom_linerange(aes(ymin="low", ymax="high"), size=0.9, alpha=0.8, na_rm=True)
        + geom_line(aes(linetype="group"), size=1.0)
        + geom_point(size=2.4)
        + geom_text(aes("x", "y", label="label"), data=placed, ha="left", size=POINTS, family=FONT, fontweight="bold")
        + scale_color_manual(values=COLOURS)
        + scale_linetype_manual(values={"treated": "solid", "comparison": "dashed"})
        + scale_x_continuous(
            breaks=sorted(set(frame["wave"])),
            labels=lambda marks: [f"{mark:.0f}" for mark in marks],
            limits=(first, last + room),
        )
        + scale_y_continuous(labels=numbers(texts), limits=(bottom - 0.03 * reach, top + 0.13 * reach), expand=(0, 0))
        + labs(x=texts("figure.x_wave"), y=texts("figure.y_level"))
        + look()
    )


def overlap(frame: pd.DataFrame, results: Results) -> ggplot:
    """The propensities of each arm as two lines and a point, and the limits outside which nobody is compared."""
    texts = results.texts
    table = frame.pivot_table(index="group", columns="quantile", values="score").reindex(list(ARMS)).reset_index()
    table = table.assign(y=[2.0, 1.0])
    least = float(results.setting("checks", "min_overlap", 0.1))
    chart = ggplot(table, aes(color="group"))
    for limit in (least, 1 - least):
        chart += geom_vline(xintercept=100 * limit, color=SOFT, size=0.6, linetype="dashed")
    for (low, high), size in ((OUTER, 1.0), (INNER, 3.0)):
        if {low, high} <= set(table.columns):
            ends = table.assign(low=100 * table[low], high=100 * table[high])
            chart += geom_segment(aes(x="low", xend="high", y="y", yend="y"), data=ends, size=size, na_rm=True)
    if MIDDLE in table.columns:
        middle = table.assign(middle=100 * table[MIDDLE])
        chart += geom_point(aes("middle", "y"), data=middle, size=3.4, fill="white", shape="o", stroke=1.0, na_rm=True)
    return (
        chart
        + scale_color_manual(values=COLOURS)
        + scale_x_continuous(
            limits=(0, 100), breaks=[0, 20, 40, 60, 80, 100], labels=[texts.percent(mark) for mark in (0, 20, 40, 60, 80, 100)]
        )
        + scale_y_continuous(breaks=[2.0, 1.0], labels=[texts(f"figure.{arm}") for arm in ARMS], limits=(0.5, 2.5))
        + labs(x=texts("figure.x_score"), y="")
        + look(1.8)
        + theme(panel_grid_major_y=element_blank())
    )
