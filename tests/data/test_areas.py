"""Which outlines does the map of a study get? Squares of a kilometre beside each other, in several formats and coordinates."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely.geometry import LineString, Polygon, box

from utvardering.checks.base import Design
from utvardering.checks.spillover import spillover
from utvardering.data.areas import CONTEXT, Areas, panel_areas
from utvardering.data.panel import Panel
from utvardering.errors import DataError
from utvardering.study.load import load_study
from utvardering.study.model import Study

STUDIES = Path(__file__).parents[2] / "studies"
EAST, NORTH = 674_000, 6_580_000
UNITS = ("Bäcken", "Centrum", "Dalen", "Hamnen")
ROLES = ("comparison", "treated", "comparison", "neighbour")


def square(place: int) -> Polygon:
    return box(EAST + 1000 * place, NORTH, EAST + 1000 * (place + 1), NORTH + 1000)


def drawn(**changes: object) -> geopandas.GeoDataFrame:
    shapes = {unit: square(place) for place, unit in enumerate(UNITS)} | changes
    kept = {unit: shape for unit, shape in shapes.items() if shape != "gone"}
    return geopandas.GeoDataFrame({"omrade": list(kept)}, geometry=list(kept.values()), crs=3006)


def panel() -> Panel:
    return Panel(
        units=UNITS,
        labels=UNITS,
        role=np.array(ROLES),
        ring=np.array([0, 0, 0, 1]),
        cluster=np.arange(4),
        grids={},
    )


def study(folder: Path, boundaries: str = "data/omraden.gpkg", *, simulated: bool = False, **neighbours: object) -> Study:
    plan = load_study(STUDIES / "belysning")
    data = plan.data.model_copy(update={"boundaries": boundaries, "boundaries_unit": "omrade", "simulated": simulated})
    near = plan.neighbours.model_copy(update=neighbours)
    return plan.model_copy(update={"data": data, "neighbours": near, "folder": folder})


def areas(folder: Path, frame: geopandas.GeoDataFrame, file: str = "data/omraden.gpkg", **choices: bool) -> Areas:
    (folder / "data").mkdir(exist_ok=True)
    frame.to_file(folder / file)
    found = panel_areas(study(folder, file, **choices), panel())
    assert found is not None
    return found


def metres(found: Areas) -> geopandas.GeoDataFrame:
    own = found.shapes[found.shapes["role"] != CONTEXT]
    return own.to_crs(3006).set_index("unit")


@pytest.mark.parametrize("file", ["data/omraden.gpkg", "data/omraden.geojson"])
@pytest.mark.parametrize("crs", [3006, 4326, 3011])
def test_the_outlines_are_those_of_the_file_whatever_its_coordinates(crs: int, file: str, tmp_path: Path) -> None:
    found = metres(areas(tmp_path, drawn().to_crs(crs), file))
    assert dict(zip(found.index, found["role"], strict=True)) == dict(zip(UNITS, ROLES, strict=True))
    for place, unit in enumerate(UNITS):
        assert found.geometry[unit].symmetric_difference(square(place)).area < 0.01 * 1e6, unit


@pytest.mark.parametrize("crs", [3006, 4326])
def test_north_before_east_is_turned(crs: int, tmp_path: Path) -> None:
    turned = drawn().to_crs(crs)
    turned["geometry"] = [Polygon([(y, x) for x, y in shape.exterior.coords]) for shape in turned.geometry]
    found = metres(areas(tmp_path, turned))
    for place, unit in enumerate(UNITS):
        assert found.geometry[unit].symmetric_difference(square(place)).area < 0.01 * 1e6, unit


def test_areas_that_the_map_or_the_data_lack_are_named(tmp_path: Path) -> None:
    found = areas(tmp_path, drawn(Dalen="gone", Torpet=square(6)))
    assert found.missing == ("Dalen",)
    assert found.unknown == ("Torpet",)
    said = found.to_geojson()
    assert (said["missing"], said["unknown"], said["official"]) == (["Dalen"], ["Torpet"], False)
    assert "Torpet" not in json.dumps(said["features"], ensure_ascii=False)


def test_a_treated_area_without_an_outline_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        areas(tmp_path, drawn(Centrum="gone", Centrm=square(1)))
    assert str(caught.value) == ('data/omraden.gpkg: omrade: 1 treated area has no outline: Centrum. Did you mean "Centrm"?')


def test_codes_of_another_division_are_explained(tmp_path: Path) -> None:
    codes = {"Bäcken": "0180C1010", "Centrum": "0180C1020", "Dalen": "0180C1030", "Hamnen": "0180C1040"}
    old = drawn()
    old["omrade"] = ["0180C1010", "0180C1021", "0180C1022", "0180C1040"]
    (tmp_path / "data").mkdir()
    old.to_file(tmp_path / "data/omraden.gpkg")
    named = replace(panel(), units=tuple(codes.values()), labels=tuple(codes.values()))
    with pytest.raises(DataError, match="DeSO and RegSO were drawn anew for 2025"):
        panel_areas(study(tmp_path), named)


def test_an_outline_that_crosses_itself_is_mended_and_told(tmp_path: Path) -> None:
    x, y = EAST + 2000, NORTH
    bow = Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])
    found = areas(tmp_path, drawn(Dalen=bow))
    assert found.mended == ("Dalen",)
    assert metres(found).geometry["Dalen"].area == pytest.approx(0.5e6, rel=0.01)  # details are left out


def test_a_line_is_no_area(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        areas(tmp_path, drawn(Dalen=LineString([(EAST, NORTH), (EAST + 5, NORTH)])))
    assert [problem.message for problem in caught.value.problems] == [
        '"Dalen" has no outline that encloses an area; draw it as a polygon'
    ]


def test_real_areas_have_municipalities_around_them_and_made_up_ones_have_not(tmp_path: Path) -> None:
    assert (areas(tmp_path, drawn()).shapes["role"] == CONTEXT).any()
    assert not (areas(tmp_path, drawn(), simulated=True).shapes["role"] == CONTEXT).any()


def test_fine_outlines_are_made_simpler_and_still_share_their_borders(tmp_path: Path) -> None:
    steps = np.linspace(0, 1000, 4001)
    edge = [(EAST + 1000 + 3 * np.sin(at / 5), NORTH + at) for at in steps]
    left = Polygon([*edge, (EAST, NORTH + 1000), (EAST, NORTH)])
    right = Polygon([*edge, (EAST + 2000, NORTH + 1000), (EAST + 2000, NORTH)])
    found = areas(tmp_path, drawn(Bäcken=left, Centrum=right))
    shapes = metres(found).geometry
    assert len(shapes["Bäcken"].exterior.coords) < 1000
    assert shapes["Bäcken"].intersection(shapes["Centrum"]).area < 200  # square metres, from rounding to a metre


def test_the_map_of_neighbours_is_drawn_where_no_other_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    drawn().to_file(tmp_path / "data/grannar.gpkg")
    plan = study(tmp_path, "", file="data/grannar.gpkg", column="omrade")
    found = panel_areas(plan, panel())
    assert found is not None
    assert not found.missing


def test_municipalities_come_with_the_program() -> None:
    codes = ("1280", "1281", "0180", "1480")
    plan = load_study(STUDIES / "belysning")
    plan = plan.model_copy(update={"data": plan.data.model_copy(update={"boundaries": "", "simulated": False})})
    found = panel_areas(plan, replace(panel(), units=codes, labels=("Malmö", "Lund", "Stockholm", "Göteborg")))
    assert found is not None
    assert found.official
    own = found.shapes[found.shapes["role"] != CONTEXT].set_index("unit")
    assert dict(own["label"]) == {"0180": "Stockholm", "1280": "Malmö", "1281": "Lund", "1480": "Göteborg"}
    assert own.geometry["1280"].bounds[0] == pytest.approx(12.8, abs=0.2)
    whole = found.shapes.geometry.union_all()
    assert whole.bounds[3] > 69


def test_areas_that_touch_a_treated_one_are_told_by_the_check(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    drawn().to_file(tmp_path / "data/omraden.gpkg")
    row = spillover(Design(study(tmp_path), panel().before()))
    assert (row.verdict, row.value) == ("fail", 1.0)  # Bäcken and Dalen lie beside Centrum
    assert "jämförelseområdena gränsar till ett område med åtgärden (Bäcken, Dalen)" in row.text
    apart = drawn(Bäcken=square(-3), Dalen=square(5))
    apart.to_file(tmp_path / "data/omraden.gpkg")
    row = spillover(Design(study(tmp_path), panel().before()))
    assert (row.verdict, row.text) == (
        "pass",
        "Inget område i jämförelsen gränsar till ett område med åtgärden, enligt studiens karta.",
    )
