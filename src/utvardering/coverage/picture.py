"""The table as a picture: how often each test sees an effect where there is none."""

from __future__ import annotations

import os
import warnings
from pathlib import Path

import pandas as pd

INK, SOFT, LINE = "#1c2430", "#4a5565", "#dfe4ea"
KINDS = {
    "nothing wrong": "#0b4f8a",
    "largest or smallest treated": "#5d3a8c",
    "chosen at a peak": "#a63603",
    "trends not parallel": "#6b6b6b",
}
TICKS = (0.0, 0.05, 0.10, 0.25, 0.5, 1.0)
_COLUMNS = 4
_DOTS = 110  # per inch


def kind(row: pd.Series) -> str:
    """What is wrong with a design, in the words of the legend."""
    if row["trends"] != "parallel":
        return "trends not parallel"
    if row["drawn"] == "peak":
        return "chosen at a peak"
    return "nothing wrong" if row["drawn"] == "random" else "largest or smallest treated"


def write_picture(table: pd.DataFrame, path: Path) -> None:
    """PNG of size against the number of treated units, a panel per estimator and inference.

    An SVG with a dot for every row would be ten times as large.
    """
    os.environ.setdefault("MPLBACKEND", "agg")
    import matplotlib as mpl  # noqa: PLC0415 -- a second that reading the table does not need
    from matplotlib import pyplot as plt  # noqa: PLC0415 -- as above
    from plotnine import (  # noqa: PLC0415 -- as above
        aes,
        element_blank,
        element_line,
        element_rect,
        element_text,
        facet_wrap,
        geom_hline,
        geom_point,
        ggplot,
        labs,
        position_jitter,
        scale_color_manual,
        scale_shape_manual,
        scale_y_continuous,
        theme,
    )

    table = table.assign(panel=table["estimator"] + "\n" + table["inference"])
    shown = table[table["size"].notna()].copy()
    there = set(shown["panel"])
    shown["panel"] = pd.Categorical(shown["panel"], [one for one in dict.fromkeys(table["panel"]) if one in there])
    shown["design"] = pd.Categorical(shown.apply(kind, axis=1), list(KINDS))
    shown["number"] = pd.Categorical(shown["treated"].astype(str), [str(n) for n in sorted(shown["treated"].unique())])
    rows = -(-shown["panel"].nunique() // _COLUMNS)
    chart = (
        ggplot(shown, aes("number", "size", color="design", shape="starts"))
        + geom_hline(yintercept=0.05, color=INK, size=0.5)
        + geom_hline(yintercept=0.10, color=INK, size=0.4, linetype="dashed")
        + geom_point(size=1.6, alpha=0.8, position=position_jitter(width=0.2, height=0, random_state=1))
        + facet_wrap("panel", ncol=_COLUMNS)
        + scale_y_continuous(trans="sqrt", breaks=TICKS, labels=[f"{tick:.0%}" for tick in TICKS], limits=(0, 1))
        + scale_color_manual(values=KINDS, name="design")
        + scale_shape_manual(values={"common": "o", "staggered": "^"}, name="starts")
        + labs(x="treated units", y="tests at 5 % that see an effect where there is none")
        + theme(
            figure_size=(8, 1.2 + 1.7 * rows),
            text=element_text(family="DejaVu Sans", size=9, color=INK),
            axis_text=element_text(color=SOFT),
            axis_ticks=element_blank(),
            panel_background=element_rect(fill="white"),
            plot_background=element_rect(fill="white"),
            panel_grid_major=element_line(color=LINE, size=0.4),
            panel_grid_minor=element_blank(),
            strip_background=element_blank(),
            legend_position="bottom",
            legend_box="vertical",
        )
    )
    with mpl.rc_context({"font.family": "DejaVu Sans"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # plotnine and matplotlib warn of each other's habits
        drawn = chart.draw()
        drawn.savefig(path, format="png", dpi=_DOTS, metadata={"Software": None})
        plt.close(drawn)
