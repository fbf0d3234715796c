"""Which areas lie within a distance of the treated? Squares of 100 m in a row, with gaps between some of them."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
from shapely.geometry import MultiPolygon, Point, Polygon, box
from small_panel import HEADER, load, message

from utvardering.data.distance import rings_by_distance
from utvardering.data.sheet import Units

UNITS = ("Bäcken", "Centrum", "Dalen", "Hamnen", "Parken", "Torpet")
WEST = {"Centrum": 0, "Parken": 100, "Hamnen": 230, "Bäcken": 500, "Dalen": 5000, "Torpet": 100_000}
"""Left edge in metres: Parken touches Centrum, Hamnen lies 130 m away, Bäcken 400 m, the others far."""
EAST, NORTH = 674_000, 6_580_000


def square(west: float) -> Polygon:
    return box(EAST + west, NORTH, EAST + west + 100, NORTH + 100)


def areas(**changes: object) -> geopandas.GeoDataFrame:
    shapes = {unit: square(west) for unit, west in WEST.items()} | changes
    return geopandas.GeoDataFrame({"omrade": list(shapes)}, geometry=list(shapes.values()), crs=3006)


def save(folder: Path, frame: geopandas.GeoDataFrame, name: str = "data/omraden.gpkg") -> str:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    frame.to_file(path)
    return name


def panel_text() -> str:
    return "\n".join([HEADER, *(f"{unit};2020-{month:02d};{month};100" for unit in UNITS for month in range(1, 7))])


def rings(folder: Path, name: str, within: tuple[float, ...]) -> dict[str, int]:
    found = load(
        folder,
        panel_text(),
        comparison={"units": "all"},
        neighbours={"file": name, "column": "omrade", "within": within},
    )
    roles = dict(zip(found.units, found.role.tolist(), strict=True))
    ring = dict(zip(found.units, found.ring.tolist(), strict=True))
    assert roles == {
        unit: "treated" if unit == "Centrum" else "neighbour" if ring[unit] else "comparison" for unit in found.units
    }
    return {unit: place for unit, place in ring.items() if place}


@pytest.mark.parametrize(
    ("within", "expected"),
    [
        ((0.0,), {"Parken": 1}),
        ((129.0,), {"Parken": 1}),
        ((130.0,), {"Parken": 1, "Hamnen": 1}),
        ((0.0, 130.0, 400.0), {"Parken": 1, "Hamnen": 2, "Bäcken": 3}),
        ((50.0, 4900.0), {"Parken": 1, "Hamnen": 2, "Bäcken": 2, "Dalen": 2}),
    ],
)
def test_rings_are_by_the_shortest_distance_between_areas(
    within: tuple[float, ...], expected: dict[str, int], tmp_path: Path
) -> None:
    assert rings(tmp_path, save(tmp_path, areas()), within) == expected


@pytest.mark.parametrize("crs", [4326, 3011])
@pytest.mark.parametrize("name", ["data/omraden.gpkg", "data/omraden.geojson"])
def test_other_coordinates_are_turned_into_metres(crs: int, name: str, tmp_path: Path) -> None:
    assert rings(tmp_path, save(tmp_path, areas().to_crs(crs), name), (0.0, 131.0)) == {"Parken": 1, "Hamnen": 2}


def test_an_area_in_several_pieces_is_as_near_as_its_nearest(tmp_path: Path) -> None:
    pieces = MultiPolygon([square(20_000), square(-150)])
    assert rings(tmp_path, save(tmp_path, areas(Dalen=pieces)), (50.0,)) == {"Parken": 1, "Dalen": 1}
    rows = geopandas.GeoDataFrame({"omrade": ["Dalen"]}, geometry=[square(-150)], crs=3006)
    for name, order in (("sist", [areas(), rows]), ("forst", [rows, areas()])):
        twice = geopandas.pd.concat(order, ignore_index=True)
        assert rings(tmp_path, save(tmp_path, twice, f"data/{name}.gpkg"), (50.0,)) == {"Parken": 1, "Dalen": 1}


def test_the_map_is_among_the_sources_and_no_coordinate_is_kept(tmp_path: Path) -> None:
    name = save(tmp_path, areas())
    given = {"file": name, "column": "omrade", "within": (0.0,)}
    panel = load(tmp_path, panel_text(), comparison={"units": "all"}, neighbours=given)
    assert set(panel.sources) == {"data/panel.csv", name}
    assert "674" not in repr(panel)


def test_against_every_pair_of_areas(tmp_path: Path) -> None:
    """The slow way: the distance of each area to each treated one."""
    rng = np.random.default_rng(5)
    names = tuple(f"u{k:02d}" for k in range(40))
    shapes = [Point(x, y).buffer(r) for x, y, r in zip(*rng.uniform(1, 2000, (2, 40)), rng.uniform(5, 80, 40), strict=True)]
    frame = geopandas.GeoDataFrame({"omrade": names}, geometry=shapes, crs=3006)
    treated, within = [3, 17], (100.0, 300.0, 600.0)
    path = tmp_path / save(tmp_path, frame.sample(frac=1, random_state=1), "data/rundlar.gpkg")
    found, beside = rings_by_distance(path, "rundlar", "omrade", Units(names, names), range(40), treated, within)
    for place, shape in enumerate(shapes):
        nearest = min(shape.distance(shapes[other]) for other in treated)
        ring = next((number for number, metres in enumerate(within, start=1) if nearest <= metres), 0)
        assert found[place] == (0 if place in treated else ring)
        as_near = [other for other in treated if place not in treated and shape.distance(shapes[other]) == nearest]
        assert np.flatnonzero(beside[place]).tolist() == as_near


def test_a_neighbour_begins_with_the_treated_area_nearest_to_it(tmp_path: Path) -> None:
    starts = ({"unit": "Centrum", "start": dt.date(2020, 5, 1)}, {"unit": "Dalen", "start": dt.date(2020, 3, 1)})
    given = {"file": save(tmp_path, areas()), "column": "omrade", "within": (130.0,)}
    panel = load(tmp_path, panel_text(), treated=starts, comparison={"units": "all"}, neighbours=given)
    moved = panel.neighbours_as_treated()
    grid = next(iter(moved.grids.values()))
    begun = {unit: int(grid.start[k]) for k, unit in enumerate(panel.units) if panel.role[k] == "neighbour"}
    assert begun["Parken"] == 4  # beside Centrum, though Dalen began in March
    without = replace(panel, beside=None).neighbours_as_treated()
    assert int(next(iter(without.grids.values())).start[panel.units.index("Parken")]) == 2


def write_json(folder: Path, frame: geopandas.GeoDataFrame) -> str:
    """A GeoJSON without a coordinate system whose coordinates are metres, as some programs write it."""
    content = json.loads(frame.to_json(drop_id=True))
    content.pop("crs", None)
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data/omraden.geojson").write_text(json.dumps(content), encoding="utf-8")
    return "data/omraden.geojson"


def told(folder: Path, name: str, column: str = "omrade") -> tuple[int, str]:
    given = {"file": name, "column": column, "within": (100.0,)}
    return message(folder, panel_text(), comparison={"units": "all"}, neighbours=given)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")  # that is the fault that is planted
def test_a_map_without_a_coordinate_system(tmp_path: Path) -> None:
    assert told(tmp_path, save(tmp_path, areas().set_crs(None, allow_override=True))) == (
        3,
        (
            "data/omraden.gpkg: has no coordinate system, so a distance means nothing; save the file again with its own, "
            "such as EPSG:3006 (SWEREF 99 TM)"
        ),
    )


def test_metres_that_pass_for_degrees(tmp_path: Path) -> None:
    assert told(tmp_path, write_json(tmp_path, areas())) == (
        3,
        (
            "data/omraden.geojson: says that its coordinates are degrees (EPSG:4326), but they are none; save the file again "
            "with the coordinate system that they have, such as EPSG:3006 (SWEREF 99 TM)"
        ),
    )


def test_units_without_an_area(tmp_path: Path) -> None:
    frame = areas()
    short = save(tmp_path, frame[~frame["omrade"].isin(["Dalen", "Torpet"])])
    assert told(tmp_path, short) == (
        3,
        "data/omraden.gpkg: 1 problem\n  omrade: 2 units have no area: Dalen, Torpet.",
    )


def test_a_misspelled_area(tmp_path: Path) -> None:
    frame = areas().replace({"omrade": {"Hamnen": "Hamn"}})
    assert told(tmp_path, save(tmp_path, frame)) == (
        3,
        'data/omraden.gpkg: 1 problem\n  omrade: 1 unit has no area: Hamnen. Did you mean "Hamn"?',
    )


def test_an_area_that_crosses_itself(tmp_path: Path) -> None:
    tie = Polygon([(EAST, NORTH), (EAST + 100, NORTH + 100), (EAST + 100, NORTH), (EAST, NORTH + 100)])
    assert told(tmp_path, save(tmp_path, areas(Parken=tie, Hamnen=None))) == (
        3,
        (
            "data/omraden.gpkg: 2 problems\n"
            '  "Parken" has an invalid geometry (self-intersection); mend it, in QGIS with "Fix geometries"\n'
            '  "Hamnen" has no geometry; draw its area'
        ),
    )


def test_a_column_that_is_not_there(tmp_path: Path) -> None:
    assert told(tmp_path, save(tmp_path, areas()), column="namn") == (
        3,
        "data/omraden.gpkg: namn: is not a column of the file (neighbours.column). The columns are: omrade",
    )


def test_files_that_are_no_maps(tmp_path: Path) -> None:
    assert told(tmp_path, "data/panel.csv") == (
        3,
        "data/panel.csv: cannot read .csv; save the areas as GeoPackage or GeoJSON",
    )
    (tmp_path / "data/trasig.gpkg").write_text("ingen karta", encoding="utf-8")
    assert told(tmp_path, "data/trasig.gpkg") == (3, "data/trasig.gpkg: is not a GeoPackage or GeoJSON that can be read")
    assert told(tmp_path, "data/saknas.gpkg") == (
        3,
        "data/saknas.gpkg: there is no such file; the folder holds panel.csv, trasig.gpkg",
    )
