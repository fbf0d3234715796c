"""Maps: the right areas in the right style, named without overlap, told in words, and the same bytes each time."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import shapely
from shapely.geometry import box, mapping

from tests.report.fixtures.builds import make
from utvardering.report.cells import areas as say_areas
from utvardering.report.figures import draw_all, svg, write_figures
from utvardering.report.map_figures import area_frame, effect_frame, effect_page, map_charts, role_page
from utvardering.report.map_layout import Ground, fitted, windows
from utvardering.report.map_page import PLAIN, Page, pattern_of, spread, width_of
from utvardering.report.results import Results

BESIDE = [
    ("a", "Provköping", "treated", 0, 0, 1),
    ("b", "Påhittsborg", "comparison", 2, 0, 1),
    ("c", "Exempelstad", "neighbour", 1, 0, 1),
    ("d", "Utkastvik", "excluded", 3, 0, 1),
    ("e", "Skisserud", "unused", 0, 1, 1),
]
"""Squares of so many hundredths of a degree: unit, label, role, west, south, side."""


def geojson(squares, **facts):
    features = [
        {
            "type": "Feature",
            "properties": {"unit": unit, "label": label, "role": role, "ring": int(role == "neighbour")},
            "geometry": mapping(box(15 + x / 50, 58 + y / 100, 15 + (x + side) / 50, 58 + (y + side) / 100)),
        }
        for unit, label, role, x, y, side in squares
    ]
    return {
        "type": "FeatureCollection",
        "features": features,
        "missing": [],
        "unknown": [],
        "mended": [],
        "official": False,
    } | facts


def run_with(folder: Path, squares=BESIDE, effects=None, *, gated=False, **facts):
    made = make(folder, **({"verdict": "not_interpretable"} if gated else {}))
    (made / "areas.geojson").write_text(json.dumps(geojson(squares, **facts)), encoding="utf-8")
    if effects:
        names = ["unit", "label", "effect_percent", "effect_percent_low", "effect_percent_high"]
        told = pd.DataFrame(effects, columns=names).assign(study="prov", outcome="brott", interpretable=True, note="")
        told.to_csv(made / "area_effects.csv", index=False)
    return made


def many(count, *, side=1.0, apart=2.0):
    """So many treated squares in a row and a comparison at its end."""
    treated = [(f"t{n}", f"Påhittade torget nummer {n}", "treated", n * apart, 0, side) for n in range(count)]
    return [*treated, ("z", "Jämförelsen", "comparison", count * apart, 0, side)]


def boxes(page: Page):
    """The rectangle of each word on the page."""
    found = []
    for x, y, text, side, bold in page.words:
        lines = text.split("\n")
        wide, tall = max(width_of(line, bold=bold) for line in lines), 0.16 * len(lines)
        left = {"left": x, "center": x - wide / 2, "right": x - wide}[side]
        found.append((text, box(left, y - tall / 2, left + wide, y + tall / 2)))
    return found


def test_the_map_names_its_areas_in_words(tmp_path):
    charts = {name: words for name, _, words, _, _ in map_charts(Results.load(run_with(tmp_path)))}
    caption, alt = charts["karta"]
    assert alt == (
        "Karta. Det som syns på den står också i tabellen. Med åtgärd: Provköping. Grannar: Exempelstad. "
        "Jämförelse: Påhittsborg. Uteslutna: Utkastvik."
    )
    assert caption.startswith("**Åtgärden fanns i Provköping, som jämförs med 1\u00a0område.**")
    assert "Gränserna är påhittade" in caption
    assert list(charts) == ["karta"]


def test_each_role_is_drawn_where_it_lies_in_its_own_style(tmp_path):
    results = Results.load(run_with(tmp_path))
    page = role_page(results, Ground.of(results.areas), area_frame(results))
    at = {}
    for shape, style in page.fills:
        role = next((role for role, plain in PLAIN.items() if plain == style), "")
        at.setdefault(role, []).append(shape)
    column = {role: shapes[0].centroid.x for role, shapes in at.items() if role}
    assert column["treated"] < column["neighbour"] < column["comparison"] < column["excluded"]
    assert at["unused"][0].centroid.y > at["treated"][0].centroid.y
    patterns = {(style.pattern, style.fill) for role, style in PLAIN.items()}
    assert len(patterns) == len(PLAIN)


def darkness(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(share * part for share, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True)) + 0.05


def test_roles_are_told_apart_without_colour():
    treated, comparison = darkness(PLAIN["treated"].fill), darkness(PLAIN["comparison"].fill)
    assert comparison / treated > 4.5
    assert PLAIN["neighbour"].pattern
    assert PLAIN["excluded"].pattern
    assert PLAIN["neighbour"].pattern != PLAIN["excluded"].pattern
    assert darkness(PLAIN["neighbour"].fill) / darkness(PLAIN["neighbour"].ink) > 3


@pytest.mark.parametrize("count", [1, 2, 6, 14, 24])
@pytest.mark.parametrize("side", [1.0, 0.2])
def test_names_lie_inside_the_page_and_not_on_each_other(count, side, tmp_path):
    results = Results.load(run_with(tmp_path, many(count, side=side)))
    page = role_page(results, Ground.of(results.areas), area_frame(results))
    words = boxes(page)
    assert len([text for text, _ in words if "torget" in text.replace("\n", " ")]) == count
    whole = box(0, 0, page.width, page.height)
    for text, one in words:
        assert whole.buffer(0.01).contains(one), text
    for place, (text, one) in enumerate(words):
        for other, two in words[:place]:
            assert one.intersection(two).area < 0.002, (text, other)
    assert page.width <= 5.61


def test_more_areas_than_can_be_named_are_in_the_table_alone(tmp_path):
    results = Results.load(run_with(tmp_path, many(30)))
    page = role_page(results, Ground.of(results.areas), area_frame(results))
    assert not [text for _, _, text, _, _ in page.words if "torget" in text]


def test_small_areas_far_from_their_comparison_are_enlarged(tmp_path):
    far = [
        ("a", "Provköping", "treated", 0, 0, 0.5),
        ("b", "Grannby", "neighbour", 0.5, 0, 0.5),
        ("c", "Fjärran", "comparison", 100, 300, 20),
    ]
    results = Results.load(run_with(tmp_path, far))
    ground = Ground.of(results.areas)
    (window,) = windows(ground, fitted(ground.extent(), 5.6, 5.4))
    assert {unit for unit, _ in ground.shapes(window, "treated")} == {"a"}
    assert {unit for unit, _ in ground.shapes(window, "neighbour")} == {"b"}
    page = role_page(results, ground, area_frame(results))
    assert page.plates
    assert max(shape.bounds[2] for shape, _ in page.fills) <= page.width


def test_what_is_estimated_is_drawn_with_a_pattern_where_the_interval_holds_zero(tmp_path):
    effects = [("a", "Provköping", -30.0, -45.0, -10.0), ("c", "Exempelstad", 3.0, -20.0, float("inf"))]
    squares = [(*one[:2], "treated" if one[0] in "ac" else one[2], *one[3:]) for one in BESIDE]
    results = Results.load(run_with(tmp_path, squares, effects))
    frame = effect_frame(results)
    assert frame["crosses"].tolist() == [True, False]  # Exempelstad, Provköping
    page = effect_page(results, Ground.of(results.areas), frame)
    words = [text for _, _, text, _, _ in page.words]
    assert "Provköping −30\u00a0%" in [word.replace("\n", " ") for word in words]
    dark = [style for _, style in page.fills if style.fill == "#01665e"]
    assert dark
    assert not any(style.pattern for style in dark)
    assert any(style.pattern == "/" and style.fill == "#d4d7dc" for _, style in page.fills)
    alt = next(words[1] for name, _, words, _, _ in map_charts(results) if name == "karta-effekt")
    assert "Exempelstad +3,0\u00a0% (−20,0\u00a0% till +∞)" in alt


def test_no_single_area_is_estimated_where_the_study_may_not_be_read(tmp_path):
    effects = [("a", "Provköping", -30.0, -45.0, -10.0), ("c", "Exempelstad", 3.0, -20.0, 30.0)]
    results = Results.load(run_with(tmp_path, BESIDE, effects, gated=True))
    assert effect_frame(results).empty
    assert [name for name, *_ in map_charts(results)] == ["karta"]


def test_the_table_says_what_the_map_shows_and_what_it_lacks(tmp_path, capsys):
    effects = [("a", "Provköping", -30.0, -45.0, -10.0), ("c", "Exempelstad", 3.0, -20.0, float("inf"))]
    squares = [(*one[:2], "treated" if one[0] in "ac" else one[2], *one[3:]) for one in BESIDE]
    made = run_with(tmp_path, squares, effects, missing=["Torpet"], unknown=["Bäcken"], mended=["Provköping"])
    write_figures(made)
    (made / "areas.geojson").unlink()  # it is not published
    say_areas(Results.load(made))
    said = capsys.readouterr().out
    assert re.search(r"\| Provköping \| Med åtgärd \| −30,0\u00a0% \| −45,0\u00a0% till −10,0\u00a0% \|", said)
    assert "| Utkastvik | Utesluten | – | – |" in said
    assert "**Jämförelse (1):** Påhittsborg." in said
    assert "Intervallet saknar gräns" in said
    assert "Gränser saknas för Torpet." in said
    assert "områden som inte finns i uppgifterna: Bäcken" in said
    assert "Gränserna för Provköping korsade sig själva" in said
    assert "Slutsatsen gäller alla åtgärdsområden tillsammans" in said


def test_without_a_map_the_table_still_tells_of_each_area(tmp_path, capsys):
    made = run_with(tmp_path, BESIDE, [("a", "Provköping", -30.0, -45.0, -10.0), ("c", "Exempelstad", 3.0, -20.0, 30.0)])
    (made / "areas.geojson").unlink()
    write_figures(made)
    say_areas(Results.load(made))
    said = capsys.readouterr().out
    assert "Det finns inga områdesgränser" in said
    assert "| Exempelstad | Med åtgärd |" in said


def test_the_weights_of_the_planned_method_are_shown(tmp_path, capsys):
    squares = [
        ("a", "Provköping", "treated", 0, 0, 1),
        *((f"k{n}", f"Kommun {n}", "comparison", 2 + n, 0, 1) for n in range(3)),
    ]
    made = run_with(tmp_path, squares)
    rows = [("prov", "brott", "poisson_did", f"k{n}", weight) for n, weight in enumerate((0.02, 0.9, 0.08))]
    pd.DataFrame(rows, columns=["study", "outcome", "estimator", "unit", "weight"]).to_csv(made / "weights.csv", index=False)
    results = Results.load(made)
    page = role_page(results, Ground.of(results.areas), area_frame(results))
    assert sum(style.fill == "#3182bd" for _, style in page.fills) == 2  # the area and its square in the key
    write_figures(made)
    say_areas(Results.load(made))
    assert "Kommun 1 90\u00a0%, Kommun 2 8\u00a0%, Kommun 0 2\u00a0%." in capsys.readouterr().out


def test_two_drawings_are_the_same_bytes(tmp_path):
    texts = []
    for name in ("a", "b"):
        results = Results.load(run_with(tmp_path / name))
        texts.append([svg(chart) for *_, chart, _ in map_charts(results)])
    assert texts[0] == texts[1]
    assert "<text" not in texts[0][0]


def test_the_map_is_a_figure_of_the_report(tmp_path):
    drawn = {one.figure.name: one.figure for one in draw_all(Results.load(run_with(tmp_path)))}
    assert drawn["karta"].section == "areas"


def test_a_pattern_stays_inside_its_outline():
    shape = shapely.Polygon([(0, 0), (2, 0), (2, 1), (1, 0.2), (0, 1)])
    for pattern in ("/", "\\", "-", "x"):
        lines = pattern_of(shape, pattern)
        assert len(lines) > 10
        for x, y, xend, yend in lines:
            assert shape.buffer(1e-6).contains(shapely.LineString([(x, y), (xend, yend)]))
    assert not pattern_of(shape, "")


def test_names_keep_their_distance_and_their_order():
    placed = spread([0.1, 0.1, 0.1, 0.9], [0.2] * 4, 0.0, 1.0)
    assert placed == sorted(placed)
    assert all(after - before >= 0.2 - 1e-9 for before, after in pairwise(placed))
    assert placed[0] >= 0.1 - 1e-9
    assert placed[-1] <= 0.9 + 1e-9
