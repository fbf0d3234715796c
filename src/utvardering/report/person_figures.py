"""The pictures of a study of persons: their means at each measurement, and how alike the arms are; from aggregates alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report.captions import caption, level

if TYPE_CHECKING:
    from plotnine import ggplot

    from utvardering.report.results import Outcome, Results

ARMS = ("treated", "comparison")
SHOWN_OUTCOMES = 6
"""As many outcomes are drawn, as for areas."""
APART = 0.04
"""Waves that the arms are drawn apart, so that their intervals do not cover each other."""
MIDDLE, INNER, OUTER = 0.5, (0.25, 0.75), (0.1, 0.9)

Picture = tuple[str, str, tuple[str, str], "ggplot", pd.DataFrame]
"""Name, section, caption and alt text, chart, and the numbers behind it."""


def person_charts(results: Results, slug: Callable[[str], str]) -> Iterator[Picture]:
    """Overlap, then the measurements of each outcome; what there is nothing to show of gets no picture."""
    from utvardering.report import person_charts as draw  # noqa: PLC0415 -- see figures.draw_all

    if len(frame := overlap(results)):
        yield "likhet-insats", "followed", overlap_words(results, frame), draw.overlap(frame, results), frame
    shown = [one for one in results.outcomes if one.role != "negative_control"]
    for outcome in [results.primary, *(one for one in shown if one is not results.primary)][:SHOWN_OUTCOMES]:
        if len(frame := waves(results, outcome)):
            section = "over_time" if outcome is results.primary else "other_outcomes"
            name = f"tid-{slug(outcome.id)}"
            yield name, section, waves_words(results, outcome, frame), draw.waves(frame, results), frame


def waves(results: Results, outcome: Outcome) -> pd.DataFrame:
    """Mean of each arm at each measurement: group, wave, after, value, low, high; a share in percent."""
    rows = results.tables["waves"]
    rows = rows[(rows["outcome"] == outcome.id) & rows["mean"].notna()] if len(rows) else rows
    if rows.empty:
        return pd.DataFrame()
    scale = 100 if outcome.kind == "share" else 1
    frame = pd.DataFrame({"group": rows["arm"], "wave": rows["wave"].astype(int), "after": rows["after"].astype(bool)})
    for name, column in (("value", "mean"), ("low", "ci_low"), ("high", "ci_high")):
        frame[name] = scale * rows[column].astype(float)
    return frame.reset_index(drop=True)


def overlap(results: Results) -> pd.DataFrame:
    """Quantiles of the propensities of each arm: group, quantile, score; empty where they may not be shown of both."""
    rows = results.tables["overlap"]
    if rows.empty or set(rows["arm"]) != set(ARMS):
        return pd.DataFrame()
    return pd.DataFrame({"group": rows["arm"], "quantile": rows["quantile"], "score": rows["score"]}).reset_index(drop=True)


def waves_words(results: Results, outcome: Outcome, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the measurements."""
    texts = results.texts
    digits = 0 if float(frame["value"].max() - frame["value"].min()) >= 20 else 1  # noqa: PLR2004 -- differences must show
    said = {}
    for arm in ARMS:
        own = frame[frame["group"] == arm].set_index("wave")["value"]
        listed = [
            texts.number(float(own[wave]), digits) if wave in own.index else texts("figure.waves_hidden")
            for wave in sorted(set(frame["wave"]))
        ]
        said[arm] = ", ".join(listed)
    last = frame.loc[~frame["after"], "wave"].max()
    alt = texts(
        "figure.waves_alt",
        n=frame["wave"].nunique(),
        treated_label=texts("figure.treated"),
        comparison_label=texts("figure.comparison"),
        last="–" if math.isnan(float(last)) else int(last),
        **said,
    )
    note = texts("figure.waves_note", level=level(results))
    return caption(results, texts("figure.waves_title", title=outcome.title), note), alt


def overlap_words(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alt text of the overlap."""
    texts = results.texts
    least = float(results.setting("checks", "min_overlap", 0.1))
    said = {}
    for arm in ARMS:
        own = frame[frame["group"] == arm].set_index("quantile")["score"]
        said[arm] = texts(
            "figure.overlap_one",
            middle=texts.percent(100 * _at(own, MIDDLE)),
            low=texts.percent(100 * _at(own, OUTER[0])),
            high=texts.percent(100 * _at(own, OUTER[1])),
        )
    note = texts("figure.overlap_note", low=texts.percent(100 * least), high=texts.percent(100 * (1 - least)))
    labels = {f"{arm}_label": texts(f"figure.{arm}") for arm in ARMS}
    return caption(results, texts("figure.overlap_title").rstrip("?"), note), texts("figure.overlap_alt", **labels, **said)


def _at(scores: pd.Series, quantile: float) -> float:
    return float(scores.get(quantile, math.nan))
