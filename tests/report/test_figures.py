"""Figures: drawn, whole, accessible, and the same bytes each time."""

import json
import re

import pandas as pd
import pytest

from tests.report.fixtures.builds import make
from utvardering.report.figures import draw_all, svg, write_figures
from utvardering.report.results import Results

SMALLEST = 9.0
"""Points of the smallest letter on paper."""


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return {one.figure.name: one for one in draw_all(Results.load(make(tmp_path_factory.mktemp("run"))))}


def test_a_run_gets_every_figure_that_its_files_allow(drawn):
    assert list(drawn) == ["dos", "tid-brott", "tid-trygg", "perioder", "metoder", "tvivel", "grannar"]


def test_what_has_no_numbers_gets_no_figure(tmp_path):
    run = Results.load(make(tmp_path, panel=False, dose=False, neighbours=False))
    assert [one.figure.name for one in draw_all(run)] == ["perioder", "metoder", "tvivel"]


@pytest.mark.parametrize("name", ["dos", "tid-brott", "tid-trygg", "perioder", "metoder", "tvivel", "grannar"])
def test_a_figure_has_marks_and_all_its_words_lie_inside(drawn, name):
    import matplotlib as mpl
    from matplotlib import pyplot as plt
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    with mpl.rc_context({"font.family": "DejaVu Sans"}):
        figure = drawn[name].chart.draw()
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        axes = figure.axes[0]
        marks = len(axes.collections) + len(axes.patches) + len(axes.lines)
        frame = figure.bbox
        words = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
        outside = []
        for text in words:
            box = text.get_window_extent(renderer)
            if box.x0 < frame.x0 - 1 or box.x1 > frame.x1 + 1 or box.y0 < frame.y0 - 1 or box.y1 > frame.y1 + 1:
                outside.append(text.get_text())
        sizes = {text.get_fontsize() for text in words}
        plt.close(figure)
    assert marks >= 2
    assert len(drawn[name].data) > 0
    assert not outside
    assert min(sizes) >= SMALLEST


def test_captions_have_a_title_and_a_source_and_alt_texts_have_numbers(drawn):
    for one in drawn.values():
        assert one.figure.caption.startswith("**")
        assert one.figure.caption.endswith("Källa: simulerade data.")
        assert re.search(r"\d", one.figure.alt)
        assert not re.search(r"\d\.\d", one.figure.caption + one.figure.alt)


def test_the_same_run_gives_the_same_bytes(tmp_path):
    first, second = make(tmp_path / "a"), make(tmp_path / "b")
    for folder in (first, second):
        write_figures(folder)
    for file in sorted((first / "figures").iterdir()):
        assert file.read_bytes() == (second / "figures" / file.name).read_bytes(), file.name


def test_letters_are_outlines_and_no_date_is_in_the_file(drawn):
    text = svg(drawn["metoder"].chart)
    assert "<text" not in text
    assert "dc:date" not in text


def test_an_effect_that_may_not_be_read_is_in_no_title_or_alt_text_over_time(tmp_path):
    run = Results.load(make(tmp_path, verdict="not_interpretable"))
    for one in draw_all(run):
        assert "minskade" not in one.figure.caption
        if one.figure.name == "perioder":
            assert "%" not in one.figure.alt


def test_small_counts_of_persons_are_neither_drawn_nor_published(tmp_path):
    folder = make(tmp_path, counts="persons")
    panel = pd.read_parquet(folder / "panel.parquet")
    panel.loc[(panel["unit"] == "Centrum") & (panel["outcome"] == "brott"), "value"] = 3.0
    panel.to_parquet(folder / "panel.parquet")
    one = next(one for one in draw_all(Results.load(folder)) if one.figure.name == "tid-brott")
    assert one.data[one.data["group"] == "treated"]["value"].isna().all()
    assert "nan" not in one.figure.alt


@pytest.mark.parametrize("unit", ["quarter", "year"])
def test_other_rhythms_are_drawn_too(tmp_path, unit):
    names = [one.figure.name for one in draw_all(Results.load(make(tmp_path, unit=unit)))]
    assert "tid-brott" in names


def test_what_the_report_needs_of_the_panel_is_kept_beside_the_figures(tmp_path):
    folder = make(tmp_path)
    write_figures(folder)
    facts = json.loads((folder / "figures" / "figures.json").read_text(encoding="utf-8"))
    assert facts["exposure"] == {"brott": 4000.0}
    assert facts["starts"] == ["2022-01", "2022-01"]


def test_a_limit_without_end_stays_in_the_picture(tmp_path):
    run = Results.load(make(tmp_path, effect=(-20.0, -90.0, float("inf"))))
    chart = next(one.chart for one in draw_all(run) if one.figure.name == "metoder")
    assert "nan" not in svg(chart).lower().replace("nano", "")
