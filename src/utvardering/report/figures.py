"""Figures of a study, drawn from its tables: `figures/<name>.svg`, the numbers behind each as CSV, and `figures.json`.

`figures.json` holds name, caption and alt text of each figure, and the few facts of the panel that the report needs once
the panel itself is not published.
"""

from __future__ import annotations

import io
import os
import re
import tempfile
import warnings
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utvardering.outputs import write_json, write_table
from utvardering.report import captions, chart_data
from utvardering.report.design_figures import draw_design
from utvardering.report.dose_areas import dose_area_charts
from utvardering.report.doubt_figures import draw_doubts
from utvardering.report.map_figures import map_charts, map_facts
from utvardering.report.person_figures import person_charts
from utvardering.report.process_figures import process_charts
from utvardering.report.results import Outcome, Results
from utvardering.report.series_figures import draw_series
from utvardering.report.texts import position

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from plotnine import ggplot

SHOWN_OUTCOMES = 6
"""As many outcomes get a figure over time; the others are in the tables."""
DIGITS = 10
"""Significant digits of the published numbers: more than the last bits, in which processors differ."""


@dataclass(frozen=True)
class Figure:
    """A figure as the report shows it."""

    name: str
    section: str
    caption: str
    alt: str


@dataclass(frozen=True)
class Drawn:
    """A figure before it is written: its chart and the numbers behind it."""

    figure: Figure
    chart: ggplot
    data: pd.DataFrame


def write_figures(folder: Path) -> tuple[Figure, ...]:
    """Draw every figure of a run and of its design into `folder/figures`; what there are no numbers for gets no figure."""
    results = Results.load(folder)
    figures = () if results.is_planned else _write(folder, draw_all(results), "figures.json", panel_facts(results))
    return figures + write_design_figures(folder)


def write_design_figures(folder: Path) -> tuple[Figure, ...]:
    """Draw what `design` found, beside the figures of a run where there are some."""
    results = Results.load(folder)
    return _write(folder, draw_design(results), "design.json", {}) if results.has_design else ()


def _write(folder: Path, figures: Iterator[Drawn], listed: str, facts: dict[str, Any]) -> tuple[Figure, ...]:
    """Each figure as SVG with the numbers behind it as CSV, and the list of them with what else the report needs."""
    target = folder / "figures"
    target.mkdir(exist_ok=True)
    settle()
    written = []
    for drawn in figures:
        (target / f"{drawn.figure.name}.svg").write_text(svg(drawn.chart), encoding="utf-8")
        write_table(rounded(drawn.data), target / f"{drawn.figure.name}.csv")
        written.append(drawn.figure)
    write_json({"figures": [asdict(figure) for figure in written], **facts}, target / listed)
    return tuple(written)


def write_process_figures(folder: Path) -> tuple[Figure, ...]:
    """Draw the grades of an assessed organisation, which has no other figures."""
    return _write(folder, draw_process(Results.load(folder)), "figures.json", {})


def draw_process(results: Results) -> Iterator[Drawn]:
    """The grades of each level that was assessed."""
    settle()
    for name, section, words, chart, data in process_charts(results):
        yield Drawn(_figure(name, section, words), chart, data)


def draw_dose(results: Results) -> Iterator[Drawn]:
    """Hours a week planned and delivered: over all areas, and in each."""
    from utvardering.report import charts  # noqa: PLC0415 -- see draw_all

    if len(frame := chart_data.dose(results)):
        monthly = len(frame["period"].iloc[0]) == len("2022-07")
        chart = charts.dose(frame, results.texts, monthly=monthly)
        yield Drawn(_figure("dos", "implementation", captions.dose(results, frame)), chart, frame)
    for name, section, words, chart, data in dose_area_charts(results):
        yield Drawn(_figure(name, section, words), chart, data)


def draw_all(results: Results) -> Iterator[Drawn]:
    """Every figure that the files of a run allow, in the order of the report."""
    settle()
    from utvardering.report import charts  # noqa: PLC0415 -- plotnine must not look for a cache in the home folder first

    texts = results.texts
    primary = results.primary
    yield from draw_process(results)
    yield from draw_dose(results)
    for outcome in _shown(results):
        if len(frame := chart_data.over_time(results, outcome)):
            section = "over_time" if outcome is primary else "other_outcomes"
            yield Drawn(
                _figure(f"tid-{slug(outcome.id)}", section, captions.over_time(results, outcome, frame)),
                _over_time(results, outcome, frame),
                frame,
            )
    for name, section, words, chart, data in (*draw_series(results), *person_charts(results, slug)):
        yield Drawn(_figure(name, section, words), chart, data)
    if len(frame := chart_data.event_study(results, primary)):
        chart = charts.event_study(frame, texts, primary.unit)
        yield Drawn(_figure("perioder", "per_period", captions.event_study(results, frame)), chart, frame)
    frame = chart_data.methods(results, primary)
    frame = frame[frame["value"].notna() & frame["first"]] if len(frame) else frame
    if len(frame):
        shown = frame.assign(label=frame["method"] + "\n" + frame["inference"], strong=frame["planned"])
        smallest = abs(100 * primary.smallest_effect) if primary.smallest_effect else None
        yield Drawn(
            _figure("metoder", "methods", captions.methods(results, frame)), charts.intervals(shown, texts, smallest), frame
        )
    for name, section, words, chart, data in draw_doubts(results):
        yield Drawn(_figure(name, section, words), chart, data)
    if len(frame := chart_data.neighbours(results)):
        shown = frame.assign(strong=frame["own"])
        yield Drawn(_figure("grannar", "moved", captions.neighbours(results, frame)), charts.intervals(shown, texts), frame)
    for name, section, words, chart, data in map_charts(results):
        yield Drawn(_figure(name, section, words), chart, data)


def _shown(results: Results) -> list[Outcome]:
    primary = results.primary
    return [primary, *(one for one in results.outcomes if one is not primary)][:SHOWN_OUTCOMES]


def _figure(name: str, section: str, words: tuple[str, str]) -> Figure:
    caption, alt = words
    return Figure(name, section, caption, alt)


def _over_time(results: Results, outcome: Outcome, frame: pd.DataFrame) -> ggplot:
    from utvardering.report import charts  # noqa: PLC0415 -- see draw_all

    texts = results.texts
    assert results.panel is not None  # noqa: S101 -- there are no numbers over time without it
    begun = [
        position(label, outcome.unit) for label in chart_data.starts(results.panel[results.panel["outcome"] == outcome.id])
    ]
    axis = "y_index" if chart_data.is_index(outcome) else "y_percent" if outcome.kind == "share" else "y_value"
    return charts.over_time(frame, texts, captions.group_names(results), begun, outcome.unit, texts(f"figure.{axis}"))


def panel_facts(results: Results) -> dict[str, Any]:
    """What the report says of the panel: exposure of the treated after the start, per outcome, and the first and last start."""
    panel = results.panel
    if panel is None:
        return {"exposure": {}, "starts": [], "labels": group_labels(results)}
    under = panel[(panel["role"] == "treated") & (panel["treatment"] > 0) & panel["exposure"].notna()]
    means = under.groupby(["outcome", "unit"], sort=False)["exposure"].mean().groupby("outcome", sort=False).sum()
    begun = chart_data.starts(panel[panel["outcome"] == results.primary.id])
    named = panel[panel["unit"] != panel["label"]].drop_duplicates("unit")
    return {
        "labels": dict(zip(named["unit"], named["label"], strict=True)),
        "exposure": {name: float(f"{value:.{DIGITS}g}") for name, value in means.items()},
        "starts": [begun[0], begun[-1]] if begun else [],
        "map": map_facts(results),
    }


def group_labels(results: Results) -> dict[str, str]:
    """What the groups of a study of persons are called, which bear numbers and no names."""
    if not results.is_of_persons:
        return {}
    left = results.robustness("leave_one_out")
    names = [str(name) for name in left["variant"]] if len(left) else []
    return {name: results.texts("appendix.group", n=name.partition("=")[2]) for name in names}


def rounded(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with its numbers to `DIGITS` significant digits."""
    out = frame.copy()
    for name in out.select_dtypes("float").columns:
        out[name] = [float(f"{value:.{DIGITS}g}") for value in out[name]]
    return out


def svg(chart: ggplot) -> str:
    """The chart as SVG with letters as outlines: the same bytes each time, no fonts asked for."""
    held = io.StringIO()
    _save(chart, held, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"(\d+\.\d{3})\d+", r"\1", held.getvalue())


def png(chart: ggplot, dots: int) -> bytes:
    """The chart as PNG with so many dots to the inch, for programs that take no SVG."""
    held = io.BytesIO()
    _save(chart, held, format="png", dpi=dots, metadata={"Software": None})
    return held.getvalue()


def _save(chart: ggplot, held: io.StringIO | io.BytesIO, **how: Any) -> None:  # noqa: ANN401 -- matplotlib's own choices
    import matplotlib as mpl  # noqa: PLC0415 -- see draw_all
    from matplotlib import pyplot as plt  # noqa: PLC0415 -- see draw_all

    with (
        mpl.rc_context({"svg.hashsalt": "utvardering", "svg.fonttype": "path", "font.family": "DejaVu Sans"}),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        drawn = chart.draw()
        drawn.savefig(held, **how)
        plt.close(drawn)


def settle() -> None:
    """Keep matplotlib's cache out of the home folder where that cannot be written, and its windows out altogether."""
    if "MPLCONFIGDIR" not in os.environ and not os.access(Path.home(), os.W_OK):
        os.environ["MPLCONFIGDIR"] = tempfile.gettempdir()
    os.environ.setdefault("MPLBACKEND", "agg")


def slug(text: str) -> str:
    """A name that is safe in a file, an address and a label."""
    plain = text.lower().translate(str.maketrans("åäöé", "aaoe"))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
