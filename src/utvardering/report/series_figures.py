"""One series over time: what was seen, and what its own past says would have come without the measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from utvardering.report.texts import position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plotnine import ggplot

    from utvardering.report.results import Outcome, Results

Part = tuple[str, str, tuple[str, str], "ggplot", pd.DataFrame]
"""Name, section, caption and alt text, chart, and the numbers behind it."""
SHOWN = 4


def draw_series(results: Results) -> Iterator[Part]:
    """A figure for each outcome of a series, the primary one first; nothing for other designs."""
    table = results.tables["counterfactual"]
    if table.empty:
        return
    primary = results.primary
    for outcome in [primary, *(one for one in results.outcomes if one is not primary)][:SHOWN]:
        if len(frame := series_data(results, outcome)):
            name = "serie-" + outcome.id.replace("_", "-").lower()
            section = "over_time" if outcome is primary else "other_outcomes"
            yield name, section, words(results, outcome, frame), chart(results, outcome, frame), frame


def series_data(results: Results, outcome: Outcome) -> pd.DataFrame:
    """Period, x (years), after, value, expected and its limits; shares in percent."""
    rows = results.tables["counterfactual"]
    rows = rows[rows["outcome"] == outcome.id]
    factor = 100 if outcome.kind == "share" else 1
    columns = {name: factor * rows[name] for name in ("value", "expected", "expected_low", "expected_high")}
    frame = pd.DataFrame({"period": rows["period"], "after": rows["period_from_start"] >= 0, **columns})
    frame.insert(1, "x", [position(label, outcome.unit) for label in frame["period"]])
    return frame.reset_index(drop=True)


def words(results: Results, outcome: Outcome, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text, with the mean of each side and what was expected after the start."""
    from utvardering.report.captions import caption, level  # noqa: PLC0415 -- captions and figures know of each other

    texts = results.texts
    before, after = frame[~frame["after"]], frame[frame["after"]]
    means = {
        "before": float(before["value"].mean()),
        "after": float(after["value"].mean()),
        "expected": float(after.loc[after["value"].notna(), "expected"].mean()),
    }
    digits = 0 if min(means.values()) >= 10 else 1  # noqa: PLR2004 -- one leading digit more
    facts = {name: texts.number(value, digits) for name, value in means.items()}
    verdict = results.judgement(outcome.id).verdict
    shown = not results.is_gated and verdict in {"effect", "effect_opposite"} and outcome.role != "negative_control"
    key = ("series_above" if means["after"] > means["expected"] else "series_below") if shown else "series_same"
    title = texts(f"figure.{key}", title=outcome.title)
    alt = texts(
        "figure.series_alt",
        first=texts.period(str(frame["period"].iloc[0]), outcome.unit),
        last=texts.period(str(frame["period"].iloc[-1]), outcome.unit),
        start=texts.period(str(after["period"].iloc[0]), outcome.unit),
        **facts,
    )
    return caption(results, title, texts("figure.series_note", level=level(results))), alt


def chart(results: Results, outcome: Outcome, frame: pd.DataFrame) -> ggplot:
    """Points for what was seen, a line for what was expected: whole before the start, dashed after it, with its interval."""
    from plotnine import (  # noqa: PLC0415 -- plotnine must not look for a cache in the home folder first
        aes,
        annotate,
        geom_line,
        geom_point,
        geom_ribbon,
        geom_vline,
        ggplot,
        labs,
        scale_x_continuous,
        scale_y_continuous,
    )

    from utvardering.report.charts import BAND, COMPARISON, INK, SOFT, TALL, TREATED, look, numbers, whole_years  # noqa: PLC0415 -- as above

    texts = results.texts
    after = frame[frame["after"]]
    start = float(after["x"].iloc[0])
    top = float(frame[["value", "expected_high"]].max().max())
    shown: dict[str, Any] = {"family": "DejaVu Sans", "size": 9}
    low, high = float(frame["x"].min()), float(frame["x"].max())
    return (
        ggplot(frame, aes("x"))
        + geom_ribbon(after, aes(ymin="expected_low", ymax="expected_high"), fill=BAND)
        + geom_line(frame[~frame["after"]], aes(y="expected"), color=COMPARISON, size=0.7)
        + geom_line(after, aes(y="expected"), color=COMPARISON, size=0.9, linetype="dashed")
        + geom_line(frame, aes(y="value"), color=TREATED, size=0.4, alpha=0.6)
        + geom_point(frame, aes(y="value"), color=TREATED, size=1.3)
        + geom_vline(xintercept=start, color=INK, size=0.6)
        + annotate("text", x=start, y=1.09 * top, label=" " + texts("figure.start"), ha="left", va="top", color=SOFT, **shown)
        + annotate("text", x=low, y=1.09 * top, label=texts("figure.series_seen"), ha="left", va="top", color=TREATED, **shown)
        + annotate(
            "text", x=low, y=1.02 * top, label=texts("figure.series_expected"), ha="left", va="top", color=COMPARISON, **shown
        )
        + scale_x_continuous(breaks=whole_years((low, high)), labels=lambda years: [f"{year:.0f}" for year in years])
        + scale_y_continuous(limits=(0, 1.1 * top), labels=numbers(texts))
        + labs(x="", y=outcome.title if len(outcome.title) <= 42 else texts("figure.y_value"))  # noqa: PLR2004 -- letters that fit
        + look(TALL)
    )
