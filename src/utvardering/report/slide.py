"""The follow-up of all studies as one picture in the shape of a slide, to be read from the back of a room."""

from __future__ import annotations

import datetime as dt
import json
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report import beside
from utvardering.report.figures import png, settle, svg
from utvardering.report.texts import Texts, position

if TYPE_CHECKING:
    from plotnine import ggplot

NAME = "uppfoljning"
WIDTH, HEIGHT = 40 / 3, 7.5
"""Inches of a 16:9 slide."""
DOTS = 144
"""Dots to the inch: 1920 by 1080."""
SHOWN = 7
"""As many studies fit with letters that can be read from the back; the most urgent are shown."""
POINTS = 17
LETTERS, TITLE = 33, 58
"""Letters to a line of a label and of the title."""
URGENCY = ("unreadable", "overdue", "missing", "soon", "ok", "outside")
COLOURS = {
    "unreadable": "#1c2430",
    "overdue": "#a63603",
    "missing": "#7a4b00",
    "soon": "#0b4f8a",
    "ok": "#1d6333",
    "outside": "#4a5565",
}
NARROWEST = 4.0
"""Years that the axis shows at least."""
LEFT, RIGHT = 0.82, 0.62
"""Width of the words at either side, as shares of the years shown."""
FEWEST = 5
"""Rows that the height is laid out for at least, so that few rows stand together."""
ROOM = 5.6
"""Inches that the rows share."""


def draw_slide(frame: pd.DataFrame, date: dt.date, folder: Path, language: str = "sv") -> None:
    """Draw `uppfoljning.svg` and `uppfoljning.png` from the rows of `followup.csv`."""
    settle()
    drawn = chart(frame, date, Texts(language))
    (folder / f"{NAME}.svg").write_text(svg(drawn), encoding="utf-8")
    (folder / f"{NAME}.png").write_bytes(png(drawn, DOTS))


def shown_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows of the picture in the order of the table: all that are measures of the plan, or the most urgent of them."""
    rows = frame[frame["standing"] != "outside"]
    if len(rows) > SHOWN:
        urgent = rows["standing"].map(URGENCY.index).sort_values(kind="stable").index[:SHOWN]
        rows = rows.loc[sorted(urgent)]
    return rows.reset_index(drop=True)


def headline(frame: pd.DataFrame, texts: Texts) -> str:
    """What the picture says in one sentence."""
    rows = frame[frame["standing"] != "outside"]
    count = {name: int((rows["standing"] == name).sum()) for name in URGENCY}
    late, lacking = count["overdue"], count["missing"] + count["unreadable"]
    key = "late" if late else "lacking" if lacking else "on_time"
    if not len(rows):
        return texts("followup.head_empty")
    if key == "on_time" and len(rows) == 1:
        return texts("followup.head_on_time_one")
    return texts(f"followup.head_{key}", n=texts.number(late or lacking), all=texts.number(len(rows)))


def state(row: pd.Series, texts: Texts) -> str:
    """How a study stands, in a few words."""
    days = row["days_left"]
    if row["standing"] == "overdue":
        return texts("followup.state_overdue", days=texts.number(-int(days)))
    if row["standing"] == "soon" and pd.notna(days) and "soon" in str(row["remarks"]).split():
        return texts("followup.state_near", days=texts.number(int(days)))
    return texts(f"followup.state_{row['standing']}")


def result(row: pd.Series, texts: Texts) -> str:
    """Where the study is: planned, running, or what it found."""
    if row["stage"] == "evaluated":
        return texts.name("verdict", str(row["verdict"])) + (f" ({texts('override.mark')})" if beside_it(row, texts) else "")
    return texts.name("stage", str(row["stage"]))


def beside_it(row: pd.Series, texts: Texts) -> str:
    """What somebody put beside the verdict, with date, role and reason; empty where nothing stands there."""
    if not row.get("override"):
        return ""
    said = json.loads(row["override"])
    computed = {"verdict": row["verdict"], "certainty": row["certainty"], "maryland_level": said.pop("computed_level", "")}
    return beside.words(said, computed, texts)


def alt(frame: pd.DataFrame, date: dt.date, texts: Texts) -> str:
    """The picture in words, for whoever does not see it."""
    said = [
        texts(
            "followup.alt_row", title=row["title"], due=row["follow_up"] or texts("followup.no_date"), state=state(row, texts)
        )
        for _, row in shown_rows(frame).iterrows()
    ]
    return texts("followup.alt", date=date.isoformat(), list="; ".join(said) or texts("word.none"))


def chart(frame: pd.DataFrame, date: dt.date, texts: Texts) -> ggplot:
    """A row a study: start and follow-up on an axis of years, today's line, and in words how it stands."""
    from plotnine import (  # noqa: PLC0415 -- see figures.draw_all
        aes,
        annotate,
        element_blank,
        element_line,
        element_rect,
        element_text,
        geom_point,
        geom_segment,
        geom_text,
        ggplot,
        labs,
        scale_color_identity,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    from utvardering.report.charts import FONT, GRID, INK, SOFT  # noqa: PLC0415 -- as above

    rows = _placed(shown_rows(frame), texts)
    now = _years(date.isoformat())
    low, high = _span(rows, now)
    reach = high - low
    left, right = low - LEFT * reach, high + RIGHT * reach
    count = max(len(rows), 1)
    line = max(count, FEWEST) / ROOM * POINTS / 72  # of text, in rows
    begun, due = rows.dropna(subset=["x_start"]), rows.dropna(subset=["x_due"])
    spans = rows.dropna(subset=["x_start", "x_due"])
    words = rows.assign(x=high + 0.03 * reach, y_state=rows["y"] + 0.62 * line, y_result=rows["y"] - 0.72 * line)
    names = rows.assign(x=left)
    title = textwrap.fill(headline(frame, texts), TITLE)
    return (
        ggplot(rows, aes("x", "y", color="colour"))
        + annotate("segment", x=now, xend=now, y=0.4, yend=count + 0.62, color=INK, size=1.2, linetype="dashed")
        + annotate("text", x=now, y=count + 0.82, label=texts("followup.today"), size=POINTS, color=INK, family=FONT)
        + geom_segment(aes(x="x_start", xend="x_due", yend="y"), data=spans, size=2.2, alpha=0.55)
        + geom_point(aes("x_start"), data=begun, shape="o", size=6, fill="white", stroke=1.6)
        + geom_point(aes("x_due"), data=due, shape="D", size=7)
        + geom_text(aes("x", label="label"), data=names, ha="left", size=POINTS - 1, family=FONT, color=INK, lineheight=1.15)
        + geom_text(aes("x", "y_state", label="state"), data=words, ha="left", size=POINTS, family=FONT, fontweight="bold")
        + geom_text(aes("x", "y_result", label="result"), data=words, ha="left", size=POINTS - 2, family=FONT, color=SOFT)
        + scale_color_identity()
        + scale_x_continuous(
            limits=(left, right), breaks=_whole_years(low, high), labels=lambda at: [f"{x:.0f}" for x in at], expand=(0, 0)
        )
        + scale_y_continuous(breaks=[], limits=(min(0.4, count - FEWEST + 0.4), count + 1.0), expand=(0, 0))
        + labs(
            title=title, subtitle=texts("followup.slide_date", date=date.isoformat()), caption=_note(frame, texts), x="", y=""
        )
        + theme(
            figure_size=(WIDTH, HEIGHT),
            text=element_text(family=FONT, size=POINTS, color=INK),
            axis_text_x=element_text(size=POINTS, color=SOFT),
            axis_text_y=element_blank(),
            axis_ticks=element_blank(),
            axis_title=element_blank(),
            panel_background=element_rect(fill="white"),
            plot_background=element_rect(fill="white"),
            panel_grid_major_x=element_line(color=GRID, size=1),
            panel_grid_major_y=element_blank(),
            panel_grid_minor=element_blank(),
            plot_title=element_text(size=27, weight="bold", ha="left", color=INK),
            plot_subtitle=element_text(size=POINTS, ha="left", color=SOFT),
            plot_caption=element_text(size=14, ha="left", color=SOFT),
            plot_margin=0.025,
            legend_position="none",
        )
    )


def _note(frame: pd.DataFrame, texts: Texts) -> str:
    """What the marks mean, what is not shown, and that data are simulated where they are."""
    rows = frame[frame["standing"] != "outside"]
    hidden = len(rows) - len(shown_rows(frame))
    simulated = int(rows["simulated"].sum())
    parts = [
        texts("followup.slide_note"),
        texts("followup.slide_more", n=texts.number(hidden)) if hidden else "",
        texts("followup.slide_simulated", n=texts.number(simulated), all=texts.number(len(rows))) if simulated else "",
    ]
    return " ".join(part for part in parts if part)


def _placed(rows: pd.DataFrame, texts: Texts) -> pd.DataFrame:
    """The rows with place, label, colour and words."""
    return rows.assign(
        y=[float(len(rows) - k) for k in range(len(rows))],
        x_start=[_years(day) for day in rows["start"]],
        x_due=[_years(day) for day in rows["follow_up"]],
        x=0.0,
        colour=[COLOURS[name] for name in rows["standing"]],
        label=[_label(row) for _, row in rows.iterrows()],
        state=[state(row, texts) for _, row in rows.iterrows()],
        result=[result(row, texts) for _, row in rows.iterrows()],
    )


def _label(row: pd.Series) -> str:
    """Plan row and title in at most two lines each."""
    title = textwrap.shorten(str(row["title"]), 2 * LETTERS - 6, placeholder=" …")
    return "\n".join(textwrap.wrap(title, LETTERS)) + (f"\n{row['plan']}" if row["plan"] else "")


def _years(day: str) -> float:
    """A date, or a period's label, as years on an axis; NaN where there is none."""
    if not day:
        return float("nan")
    try:
        date = dt.date.fromisoformat(day)
    except ValueError:
        return position(day, "month")
    return date.year + (date.timetuple().tm_yday - 1) / 365.25


def _span(rows: pd.DataFrame, now: float) -> tuple[float, float]:
    """First and last year shown: all starts, follow-ups and today, with some air."""
    known = [*rows["x_start"].dropna(), *rows["x_due"].dropna(), now]
    low, high = min(known), max(known)
    room = max(NARROWEST - (high - low), 0.0)
    return low - 0.2 - room / 2, high + 0.2 + room / 2


def _whole_years(low: float, high: float) -> list[float]:
    step = max(1, round((high - low) / 6))
    return [float(year) for year in range(int(low) + 1, int(high) + 1, step)]
