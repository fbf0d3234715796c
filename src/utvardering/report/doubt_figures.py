"""The pictures of doubts that the files of a run allow: every recalculation, every way to calculate, and the causal graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report import doubt_captions, doubt_data, graph_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plotnine import ggplot

    from utvardering.report.results import Results

KINDS = ("treatment", "outcome", "adjusted", "measured", "unobserved")


def draw_doubts(results: Results) -> Iterator[tuple[str, str, tuple[str, str], ggplot, pd.DataFrame]]:
    """Name, section, caption and alt text, chart and data of each."""
    texts = results.texts
    if len(frame := doubt_data.doubts(results)):
        from utvardering.report import doubt_charts  # noqa: PLC0415 -- plotnine must not look for a cache in the home folder first

        plain = frame.assign(label=frame["label"].str.replace("\n", " "))
        yield "tvivel", "doubts", doubt_captions.doubts(results, frame), doubt_charts.forest(frame, texts), plain
    if len(frame := doubt_data.specifications(results)):
        from utvardering.report import doubt_charts  # noqa: PLC0415 -- see above

        words = doubt_captions.curve(results, frame, is_cut=doubt_charts.cut(frame))
        yield "vagval", "curve", words, doubt_charts.curve(frame, texts), frame
    if results.graph.get("edges"):
        from utvardering.report import graph_chart  # noqa: PLC0415 -- see above

        labels, kinds, edges = graph_words.labels(results), graph_words.kinds(results), graph_words.edges(results)
        words_of = {kind: texts(f"graph.kind_{kind}") for kind in KINDS}
        rows = [{"cause": labels[a], "effect": labels[b], "cause_kind": kinds[a], "effect_kind": kinds[b]} for a, b in edges]
        chart = graph_chart.graph(labels, kinds, words_of, edges)
        yield "orsaker", "graph", graph_words.caption(results), chart, pd.DataFrame(rows)
