"""The forest plot: results of several studies under one another, and below them what they say together."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from utvardering.report.texts import Texts, lower_first

if TYPE_CHECKING:
    from plotnine import ggplot

LETTERS = 30
"""Letters to a line of a label at the left."""
RIGHT = 1.0
"""Room for the numbers at the right, as a share of the range."""
PERCENTS = (-95, -90, -80, -70, -60, -50, -40, -30, -20, -10, -5, 0, 5, 10, 20, 30, 50, 75, 100, 150, 200, 300, 500, 900)
"""Marks of a logarithmic axis, of which those at 0 and far enough apart are shown."""
MOST_MARKS = 3
WIDEST = 3.2
"""An interval that reaches further than so many times the third quartile is cut at the edge."""
APART, POOLED_APART = 0.35, 0.9
"""Air between rows and above what is pooled, in lines."""


def study_rows(results: pd.DataFrame, texts: Texts, *, percent: bool = False) -> pd.DataFrame:
    """A row a result: label, value, low, high, share (weight under random effects, NaN where nothing is pooled), kind.

    percent: in percent of what the treated would have been, so that scales can stand together; then without weights.
    """
    names = [f"effect_percent{end}" for end in ("", "_low", "_high")] if percent else ["estimate", "ci_low", "ci_high"]
    told = dict(zip(("value", "low", "high"), (results[name].astype(float) for name in names), strict=True))
    share = results["weight_random"].astype(float) * (float("nan") if percent else 1)
    return pd.DataFrame(
        {
            "label": [_label(row, texts, with_outcome=percent) for _, row in results.iterrows()],
            **told,
            "share": share,
            "kind": "study",
        }
    ).reset_index(drop=True)


def pooled_rows(group: pd.Series, texts: Texts) -> pd.DataFrame:
    """The pooled results of a group: random and fixed effect, and the prediction interval where there is one."""
    rows = [
        (texts("evidence.random"), group["random"], group["random_low"], group["random_high"], "random"),
        (texts("evidence.fixed"), group["fixed"], group["fixed_low"], group["fixed_high"], "fixed"),
        (texts("evidence.prediction"), group["random"], group["prediction_low"], group["prediction_high"], "prediction"),
    ]
    shown = [
        (label, *(float(number) for number in numbers), kind) for label, *numbers, kind in rows if math.isfinite(numbers[1])
    ]
    return pd.DataFrame(shown, columns=["label", "value", "low", "high", "kind"]).assign(share=float("nan"))


def reader(scale: str, unit: str, texts: Texts) -> Callable[[float], str]:
    """How a value is written: a ratio and a share in percent, anything else as a number with its sign; `percent` as it is."""
    if scale == "percent":
        return texts.signed_percent
    if scale == "log_ratio":
        return lambda value: texts.signed_percent(100 * math.expm1(value)) if math.isfinite(value) else texts.number(value)
    if unit == "share":
        return lambda value: _signed(texts.number(100 * value, 1), value)
    return lambda value: _signed(texts.number(value, 2), value)


def axis(scale: str, unit: str, texts: Texts) -> str:
    """What the axis shows."""
    if scale in {"log_ratio", "percent"}:
        return texts("figure.y_effect")
    return texts("evidence.axis_share") if unit == "share" else texts("evidence.axis_difference")


def between(low: float, high: float, read: Callable[[float], str], texts: Texts) -> str:
    """An interval as a reader says it."""
    return texts("words.range", low=read(low), high=read(high))


def alt(frame: pd.DataFrame, scale: str, unit: str, texts: Texts) -> str:
    """The picture in words, row by row."""
    read = reader(scale, unit, texts)
    said = [
        texts("evidence.alt_row", label=row.label, value=read(row.value), range=between(row.low, row.high, read, texts))
        if row.kind != "prediction"
        else texts("evidence.alt_prediction", label=row.label, range=between(row.low, row.high, read, texts))
        for row in frame.itertuples()
    ]
    return texts("evidence.alt", axis=axis(scale, unit, texts), list="; ".join(said))


def forest(frame: pd.DataFrame, scale: str, unit: str, texts: Texts) -> ggplot:
    """Studies as points with intervals, larger the more they weigh; pooled effects as diamonds; prediction as a bar."""
    from plotnine import (  # noqa: PLC0415 -- see figures.draw_all
        aes,
        element_blank,
        element_text,
        geom_hline,
        geom_point,
        geom_polygon,
        geom_segment,
        geom_text,
        geom_vline,
        ggplot,
        labs,
        scale_size_identity,
        scale_x_continuous,
        scale_y_continuous,
        theme,
    )

    from utvardering.report.charts import COMPARISON, FONT, INK, POINTS, SOFT, TREATED, look  # noqa: PLC0415 -- as above

    read = reader(scale, unit, texts)
    low, high = _span(frame)
    reach = high - low
    edge = high + RIGHT * reach
    labels = [textwrap.fill(label, LETTERS) for label in frame["label"]]
    frame = frame.assign(
        y=_places(labels, frame["kind"]),
        x0=frame["low"].clip(lower=low),
        x1=frame["high"].clip(upper=high),
        size=[1.5 + 3.5 * math.sqrt(share) if share >= 0 else 2.6 for share in frame["share"]],
        edge=edge,
        number=[_number(row, read, texts) for row in frame.itertuples()],
    )
    studies, summary = frame[frame["kind"] == "study"], frame[frame["kind"].isin(["random", "fixed"])]
    expected = frame[frame["kind"] == "prediction"]
    bottom, top = float(frame["y"].min()) - 0.75, float(frame["y"].max()) + 0.75
    chart = (
        ggplot(studies, aes("value", "y"))
        + geom_vline(xintercept=0, color=INK, size=0.6)
        + geom_segment(aes(x="x0", xend="x1", yend="y"), color=COMPARISON, size=0.9)
        + geom_point(aes(size="size"), shape="s", color=COMPARISON, fill=COMPARISON)
        + scale_size_identity()
    )
    if len(summary):
        chart += geom_hline(yintercept=float(studies["y"].min() + summary["y"].max()) / 2, color=SOFT, size=0.4)
        for row in summary.itertuples():
            chart += geom_polygon(aes("x", "y"), data=_diamond(row), fill=TREATED if row.kind == "random" else SOFT)
    if len(expected):
        chart += geom_segment(aes(x="x0", xend="x1", yend="y"), data=expected, color=TREATED, size=2.6, alpha=0.55)
    return (
        chart
        + geom_text(aes("edge", label="number"), data=frame, ha="right", size=POINTS - 1, color=INK, family=FONT)
        + scale_x_continuous(
            limits=(low, edge),
            breaks=_marks(low, high, scale),
            labels=lambda at: [_mark(float(x), scale, unit, texts) for x in at],
        )
        + scale_y_continuous(breaks=list(frame["y"]), labels=labels, limits=(bottom, top), expand=(0, 0))
        + labs(x=axis(scale, unit, texts), y="")
        + look(0.75 + 0.185 * (top - bottom))
        + theme(panel_grid_major_y=element_blank(), axis_text_y=element_text(linespacing=1.2, ha="right", size=POINTS - 1))
    )


def _label(row: pd.Series, texts: Texts, *, with_outcome: bool) -> str:
    """The title of a study or the source of others; that the data are simulated, where they are."""
    named = with_outcome and row["outcome_title"]
    whole = f"{row['title']}: {lower_first(row['outcome_title'])}" if named else str(row["title"])
    title = textwrap.shorten(whole, 4 * LETTERS, placeholder=" …")
    return f"{title} ({texts('evidence.simulated')})" if row["simulated"] else title


def _places(labels: Sequence[str], kinds: pd.Series) -> list[float]:
    """Heights in lines from the top down, with air between rows and more above what is pooled."""
    heights = [max(label.count("\n") + 1, 1.6) for label in labels]
    places: list[float] = []
    at = 0.0
    for k, (height, kind) in enumerate(zip(heights, kinds, strict=True)):
        at += POOLED_APART if k and kind != "study" and kinds.iloc[k - 1] == "study" else APART
        places.append(-(at + height / 2))
        at += height
    return places


def _span(frame: pd.DataFrame) -> tuple[float, float]:
    """Limits that hold every point and most intervals; one far wider than the others is cut at the edge."""
    points = frame["value"].to_numpy(dtype=float)
    ends = frame[["low", "high"]].to_numpy(dtype=float).ravel()
    ends = ends[np.isfinite(ends)]
    widest = max(WIDEST * float(np.quantile(np.abs(ends), 0.75)) if len(ends) else 0.0, 1.2 * float(np.abs(points).max()), 1e-6)
    low = max(float(min(points.min(), ends.min(initial=0.0), 0.0)), -widest)
    high = min(float(max(points.max(), ends.max(initial=0.0), 0.0)), widest)
    pad = 0.06 * (high - low)
    return low - pad, high + pad


def _diamond(row: Any) -> pd.DataFrame:  # noqa: ANN401 -- a row of itertuples
    """The four corners of a pooled effect: its ends and, at its value, above and below."""
    return pd.DataFrame({"x": [row.x0, row.value, row.x1, row.value], "y": [row.y, row.y + 0.45, row.y, row.y - 0.45]})


def _number(row: Any, read: Callable[[float], str], texts: Texts) -> str:  # noqa: ANN401 -- a row of itertuples
    said = between(row.low, row.high, read, texts)
    return said if row.kind == "prediction" else f"{read(row.value)}\n({said})"


def _marks(low: float, high: float, scale: str) -> list[float]:
    """Marks of the axis, zero among them, at least a third of the range apart."""
    if scale != "log_ratio":
        from utvardering.report.charts import ticks  # noqa: PLC0415 -- plotnine is slow to import

        marks = ticks(low, high)
        return [mark for mark in marks if round(mark / (marks[1] - marks[0])) % 2 == 0] if len(marks) > MOST_MARKS else marks
    apart = (high - low) / 3
    kept = [0.0]
    for percent in sorted(PERCENTS, key=lambda one: abs(math.log1p(one / 100))):
        x = math.log1p(percent / 100)
        if low <= x <= high and all(abs(x - other) >= apart for other in kept):
            kept.append(x)
    return sorted(kept)


def _mark(x: float, scale: str, unit: str, texts: Texts) -> str:
    if scale != "difference":
        return texts.signed_percent(round(100 * math.expm1(x)) if scale == "log_ratio" else x, 0)
    value = 100 * x if unit == "share" else x
    return texts.number(value, 0 if abs(value - round(value)) < 1e-9 else 2)  # noqa: PLR2004 -- a float that is whole


def _signed(said: str, value: float) -> str:
    return f"+{said}" if value > 0 and said.strip("0,.") else said
