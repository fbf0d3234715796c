"""How the pictures of doubts look: every recalculation beside the planned answer, and every way to calculate in order."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from plotnine import (
    aes,
    annotate,
    element_blank,
    element_text,
    geom_hline,
    geom_linerange,
    geom_point,
    geom_segment,
    geom_text,
    ggplot,
    labs,
    scale_color_manual,
    scale_fill_manual,
    scale_shape_manual,
    scale_size_manual,
    scale_x_continuous,
    scale_y_continuous,
    theme,
)

from utvardering.report.charts import BAND, COMPARISON, FONT, INK, POINTS, SOFT, TREATED, look, percents
from utvardering.report.charts import reach as reach_of
from utvardering.report.charts import ticks as ticks_of
from utvardering.report.doubt_data import CHOICES, PARTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from utvardering.report.texts import Texts

BOLD: dict[str, Any] = {"ha": "left", "size": POINTS, "family": FONT, "fontweight": "bold", "color": INK}
LINE = 24
"""Letters to a line of a label."""
_SHAPES = {"planned": "D", "pass": "o", "fail": "^", "not_evaluated": "o", "": "o"}
_FILLS = {"planned": TREATED, "pass": COMPARISON, "fail": TREATED, "not_evaluated": "white", "": "white"}
_COLOURS = {"planned": TREATED, "pass": COMPARISON, "fail": TREATED, "not_evaluated": SOFT, "": SOFT}
_ROW = 0.2  # inches of a line of a label
_TALLEST = 7.8  # inches that fit a page with heading and caption
_BESIDE = 0.6  # rows left free around a heading
_STROKE = 0.28  # of a row, up and down: half a stroke of a shared line


def forest(frame: pd.DataFrame, texts: Texts) -> ggplot:
    """The planned answer and every recalculation by what it should do: rows as `doubt_data.doubts` gives them."""
    rows, headings, strokes, lines = _placed(frame, texts)
    low, high = reach_of(rows)
    rows = rows.assign(low=rows["low"].clip(lower=low), high=rows["high"].clip(upper=high))
    planned = frame[frame["part"] == "planned"].iloc[0]
    top = float(rows["y"].max())
    near = pd.concat([rows, strokes])
    near = near[near["part"].isin(["planned", "same"])]["y"]
    alone = rows[~rows["shared"]]
    names = pd.concat([alone[["y", "label"]], strokes[["y", "label"]].drop_duplicates("y")])
    bottom = float(min(names["y"].min(), rows["y"].min())) - 0.8
    row = min(_ROW, (_TALLEST - 0.7) / lines)
    letters = POINTS - (row < _ROW)
    chart = (
        ggplot(alone, aes("value", "y"))
        + annotate(
            "rect",
            xmin=max(float(planned["low"]), low),
            xmax=min(float(planned["high"]), high),
            ymin=float(near.min()) - 0.6,
            ymax=top + 0.6,
            fill=BAND,
        )
        + geom_segment(aes("x", "y", xend="x", yend="y_end"), data=_zero(headings, bottom, top + 0.8), color=INK, size=0.6)
        + geom_segment(aes(x="low", xend="high", yend="y", color="look"), size=0.9, na_rm=True)
        + geom_point(aes(color="look", fill="look", shape="look"), size=2.8, stroke=0.8)
    )
    if len(strokes):
        chart += geom_segment(
            aes("value", "y_low", xend="value", yend="y_high", color="look"), data=strokes.assign(y=strokes["y_low"]), size=0.8
        )
    if len(headings):
        chart += geom_text(
            aes("x", "y", label="label"),
            data=headings.assign(x=low),
            **BOLD,
        )
    return (
        chart
        + scale_color_manual(values=_COLOURS)
        + scale_fill_manual(values=_FILLS)
        + scale_shape_manual(values=_SHAPES)
        + scale_x_continuous(labels=percents(texts), limits=(low, high), breaks=ticks_of(low, high))
        + scale_y_continuous(breaks=list(names["y"]), labels=list(names["label"]), limits=(bottom, top + 0.8), expand=(0, 0))
        + labs(x=texts("figure.y_effect"), y="")
        + look(0.7 + row * lines)
        + theme(panel_grid_major_y=element_blank(), axis_text_y=element_text(linespacing=1.2, ha="right", size=letters))
    )


def _zero(headings: pd.DataFrame, bottom: float, top: float) -> pd.DataFrame:
    """The line at zero in pieces, so that it runs through no heading."""
    at = sorted(headings["y"]) if len(headings) else []
    begins, ends = [bottom, *(y + _BESIDE for y in at)], [*(y - _BESIDE for y in at), top]
    return pd.DataFrame({"x": 0.0, "y": begins, "y_end": ends})


def _placed(frame: pd.DataFrame, texts: Texts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, float]:
    """Rows with their y, headings with theirs, strokes of shared lines, and how many lines of letters all take."""
    y, used = 0.0, 0.0
    placed, headings, strokes = [], [], []
    for part in ("planned", *PARTS):
        of_part = frame[frame["part"] == part]
        if of_part.empty:
            continue
        if part != "planned":
            y, used = y - 1.25, used + 1.25
            headings.append({"y": y + 0.1, "label": texts(f"doubts.part_{part}")})
        seen: set[str] = set()
        for _, row in of_part.iterrows():
            if row["shared"] and row["check"] in seen:
                continue
            shown = _shared_name(frame, row, texts) if row["shared"] else "\n".join(_wrapped(str(row["label"])))
            tall = 0.55 + 0.75 * (shown.count("\n") + 1)
            y, used = y - tall / 2 - 0.1, used + tall + 0.2
            if row["shared"]:
                seen.add(str(row["check"]))
                for _, one in of_part[(of_part["check"] == row["check"]) & of_part["shared"]].iterrows():
                    strokes.append({**one, "y": y, "label": shown, "y_low": y - _STROKE, "y_high": y + _STROKE})
            placed += [] if row["shared"] else [{**row, "y": y, "label": shown}]
            y -= tall / 2 + 0.1
    rows = pd.DataFrame(placed).assign(look=lambda one: np.where(one["part"] == "planned", "planned", one["verdict"]))
    many = pd.DataFrame(strokes, columns=["y", "label", "value", "y_low", "y_high", "verdict", "part"])
    return rows, pd.DataFrame(headings), many.assign(look=many["verdict"].astype(str)), used + 1.0


def _shared_name(frame: pd.DataFrame, row: pd.Series, texts: Texts) -> str:
    count = int(((frame["check"] == row["check"]) & frame["shared"]).sum())
    key = f"doubts.many_{row['check']}"
    name = texts.name("name", str(row["check"]))
    return texts(key, n=count) if texts.has(key) else texts("doubts.many", name=name, n=count)


def _wrapped(label: str) -> list[str]:
    return [line for part in label.split("\n") for line in textwrap.wrap(part, LINE) or [""]]


_TALL, _STEP = 11.0, 1.0  # rows that the upper part of the curve takes, and one choice below
_CURVE = {
    "planned": ("D", TREATED, TREATED, 3.4),
    "same": ("o", COMPARISON, COMPARISON, 1.9),
    "silent": ("o", SOFT, "white", 1.9),
    "sign": ("o", COMPARISON, "white", 1.9),
    "other": ("^", TREATED, "white", 2.2),
}


def curve(frame: pd.DataFrame, texts: Texts) -> ggplot:
    """Ways to calculate in order of their answers above, and below a dot for each choice that a way rests on.

    Both parts share the axis along: the upper one is drawn on rows of the lower one, with its own labels.
    """
    low, high = limits(frame)
    scale = _TALL / (high - low)

    def up(values: pd.Series) -> pd.Series:
        return (values.clip(low, high) - low) * scale + 1.5

    shown = frame.assign(
        y=up(frame["value"]),
        y_low=up(frame["low"]),
        y_high=up(frame["high"]),
        look=np.where(frame["planned"], "planned", frame["kind"]),
    )
    below, names, headings = _matrix(frame, texts)
    marks = [value for value in ticks_of(low, high) if low <= value <= high]
    at = {"breaks": [*((value - low) * scale + 1.5 for value in marks), *names["y"]]}
    labels = [*(texts.signed_percent(value, 0) for value in marks), *names["label"]]
    count = len(frame)
    key = _key(frame, texts, 1.5 + _TALL).assign(x=count * 0.03)
    bottom = float(names["y"].min()) - 0.8
    planned = shown[shown["planned"]].assign(foot=bottom)
    width = max(0.25, min(0.8, 36 / count))
    return (
        ggplot(shown, aes("place", "y"))
        + geom_hline(yintercept=-low * scale + 1.5, color=INK, size=0.6)
        + geom_segment(aes("place", "foot", xend="place", yend="y"), data=planned, color=TREATED, size=0.5, linetype="dotted")
        + geom_linerange(aes(ymin="y_low", ymax="y_high", color="look"), size=width, alpha=0.55)
        + geom_point(aes(color="look", fill="look", shape="look", size="look"), stroke=0.6)
        + geom_point(aes(color="look", fill="look", shape="look", size="look"), data=planned, stroke=0.6)  # above the others
        + geom_point(aes("place", "y", color="look"), data=below, shape="s", size=max(0.5, min(1.6, 60 / count)))
        + geom_text(
            aes("x", "y", label="label"),
            data=headings.assign(x=0.5),
            **BOLD,
        )
        + geom_point(
            aes("x", "y", color="look", fill="look", shape="look", size="look"), data=key.assign(x=count * 0.03), stroke=0.6
        )
        + geom_text(
            aes("x", "y", label="label"), data=key.assign(x=count * 0.07), ha="left", size=POINTS, family=FONT, color=INK
        )
        + scale_color_manual(values={name: found[1] for name, found in _CURVE.items()})
        + scale_fill_manual(values={name: found[2] for name, found in _CURVE.items()})
        + scale_shape_manual(values={name: found[0] for name, found in _CURVE.items()})
        + scale_size_manual(values={name: found[3] for name, found in _CURVE.items()})
        + scale_x_continuous(breaks=[], limits=(0, count + 1), expand=(0, 0))
        + scale_y_continuous(breaks=at["breaks"], labels=labels, limits=(bottom, float(key["y"].max()) + 0.9), expand=(0, 0))
        + labs(x="", y="")
        + look(0.15 + 0.19 * (float(key["y"].max()) - bottom))
        + theme(axis_text_y=element_text(ha="right"), panel_grid_major_x=element_blank(), axis_title_x=element_blank())
    )


def limits(frame: pd.DataFrame) -> tuple[float, float]:
    """Limits that hold every answer and zero; intervals far beyond them are cut."""
    return reach_of(frame)


def _matrix(frame: pd.DataFrame, texts: Texts) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Dots of the choices that differ between the ways, the names of the choices, and the headings of their groups."""
    dots, names, headings = [], [], []
    y = 0.0
    for name in CHOICES:
        offered = list(dict.fromkeys([*frame.loc[frame["planned"], name], *sorted(set(frame[name]))]))
        if len(offered) == 1:
            continue
        headings.append({"y": y, "label": texts(f"curve.group_{name}")})
        for value in offered:
            y -= _STEP
            names.append({"y": y, "label": value})
            dots += [
                {"place": row.place, "y": y, "look": "planned" if row.planned else row.kind}
                for row in frame[frame[name] == value].itertuples()
            ]
        y -= 1.2
    return pd.DataFrame(dots), pd.DataFrame(names), pd.DataFrame(headings)


def _key(frame: pd.DataFrame, texts: Texts, above: float) -> pd.DataFrame:
    """What the marks mean, with how many there are of each."""
    counts = {kind: int(((frame["kind"] == kind) & ~frame["planned"]).sum()) for kind in ("same", "silent", "sign", "other")}
    kinds: Sequence[str] = ["planned", *(kind for kind, count in counts.items() if count)]
    rows = [
        {
            "look": kind,
            "label": texts(f"curve.kind_{kind}", n=counts.get(kind, 1)),
            "y": above + 0.9 + _STEP * (len(kinds) - 1 - k),
        }
        for k, kind in enumerate(kinds)
    ]
    return pd.DataFrame(rows)


def cut(frame: pd.DataFrame) -> bool:
    """Whether intervals reach outside the picture."""
    low, high = limits(frame)
    ends = pd.concat([frame["low"], frame["high"]]).dropna()
    return bool(((ends < low) | (ends > high)).any()) or not all(math.isfinite(end) for end in ends)
