"""The page of a map as a chart."""

from __future__ import annotations

import pandas as pd
from plotnine import (
    aes,
    coord_fixed,
    element_blank,
    geom_map,
    geom_segment,
    geom_text,
    ggplot,
    scale_x_continuous,
    scale_y_continuous,
    theme,
)

from utvardering.report.charts import FONT, INK, POINTS, look
from utvardering.report.map_page import Page, frames


def draw(page: Page) -> ggplot:
    """Everything on the page where it stands, in inches."""
    import geopandas as gpd  # noqa: PLC0415 -- half a second that only studies with a map pay

    lines, words = frames(page)
    chart = ggplot()
    for style in dict.fromkeys(style for _, style in page.fills):
        shapes = [shape for shape, own in page.fills if own == style]
        frame = gpd.GeoDataFrame({"part": range(len(shapes))}, geometry=shapes)
        chart += geom_map(data=frame, fill=style.fill, color=style.edge, size=style.width)
    for (colour, size), part in lines.groupby(["colour", "size"], sort=False):
        chart += geom_segment(aes("x", "y", xend="xend", yend="yend"), data=part, color=colour, size=size, lineend="butt")
    if page.plates:
        plates = gpd.GeoDataFrame({"part": range(len(page.plates))}, geometry=page.plates)
        chart += geom_map(data=plates, fill="white", color="white", size=0)
    for (side, bold), part in words.groupby(["side", "bold"], sort=False):
        chart += _words(part, str(side), bold=bool(bold))
    return (
        chart
        + scale_x_continuous(limits=(0, page.width), expand=(0, 0))
        + scale_y_continuous(limits=(0, page.height), expand=(0, 0))
        + coord_fixed(ratio=1)
        + look(page.height)
        + theme(
            figure_size=(page.width, page.height),
            axis_text=element_blank(),
            axis_title=element_blank(),
            panel_grid_major=element_blank(),
            plot_margin=0,
        )
    )


def _words(part: pd.DataFrame, side: str, *, bold: bool) -> geom_text:
    return geom_text(
        aes("x", "y", label="label"),
        data=part,
        ha=side,
        va="center",
        size=POINTS,
        color=INK,
        family=FONT,
        fontweight="bold" if bold else "normal",
    )
