"""Is every event counted once, in its area, period and half of the day, and is every other row accounted for?"""

from __future__ import annotations

import datetime as dt
import tomllib
from itertools import product
from pathlib import Path

import geopandas
import numpy as np
import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from utvardering.data.connectors import Request, connector
from utvardering.data.connectors.incident_areas import locate
from utvardering.data.connectors.incident_query import IncidentQuery
from utvardering.data.sources import Source
from utvardering.errors import DataError

MESSAGES = tomllib.loads((Path(__file__).parent / "messages.toml").read_text(encoding="utf-8"))["incidents"]

QUERY = {
    "file": "data/handelser.csv", "time": "tid", "kind": "brott", "unit": "omrade", "areas": "data/omraden.csv",
    "first": dt.date(2024, 1, 1), "last": dt.date(2024, 3, 31),
}  # fmt: skip
POINTS = {"unit": "", "x": "ost", "y": "nord", "crs": "EPSG:3006", "areas": "data/omraden.gpkg"}
HEADER = "nr;tid;brott;omrade"
SOUND = [
    "K1;2024-01-03 23:10;Misshandel;A1",
    "K2;2024-02-03 05:59:59;Misshandel;A2",
    "K3;2024-03-03 12:00;Skadegörelse;A2",
]


def collect(folder, query=None, **options):
    source = Source("data/panel.csv", connector="incidents", query={**QUERY, **(query or {})})
    request = Request(source, folder, folder / "work", dt.date(2024, 6, 1), language="en", **options)
    return connector("incidents").collect(request)


def write(folder, rows, header=HEADER, name="handelser.csv", encoding="utf-8"):
    (folder / "data").mkdir(exist_ok=True)
    (folder / "data" / name).write_bytes("\n".join([header, *rows, ""]).encode(encoding))
    (folder / "data" / "omraden.csv").write_text("kod\nA3\nA1\nA2\n", encoding="utf-8")


def counted(folder, rows=SOUND, query=None, **how):
    write(folder, rows, **how)
    return collect(folder, query)


def message(folder, rows=SOUND, query=None, **how):
    with pytest.raises(DataError) as fault:
        counted(folder, rows, query, **how)
    return str(fault.value)


def cells(found, outcome="Misshandel"):
    frame = found.table.to_pandas()
    return {(row["unit"], row["period"]): row[outcome] for _, row in frame.iterrows() if row[outcome]}


def test_zero_cells_stand_for_every_area_and_period(tmp_path):
    found = counted(tmp_path)
    assert found.table.num_rows == 9
    assert found.table.column("unit").to_pylist()[::3] == ["A1", "A2", "A3"]
    assert found.table.column("period").to_pylist()[:3] == ["2024-01", "2024-02", "2024-03"]
    assert cells(found) == {("A1", "2024-01"): 1, ("A2", "2024-02"): 1}
    assert cells(found, "Skadegörelse") == {("A2", "2024-03"): 1}
    assert found.remarks[:2] == ("3 of 3 rows are counted.", "Areas without any event at all: 1 of 3.")


@pytest.mark.parametrize(
    ("period", "labels"),
    [("day", 91), ("week", 13), ("quarter", ["2024K1"]), ("year", ["2024"])],
)
def test_periods_bear_the_labels_of_the_panel(period, labels, tmp_path):
    found = counted(tmp_path, query={"period": period, "empty_periods": "keep"}).table.column("period").to_pylist()
    assert len(found) == 3 * (labels if isinstance(labels, int) else len(labels))
    assert found[0] == {"day": "2024-01-01", "week": "2024-V01"}.get(period, labels[0] if isinstance(labels, list) else "")


def test_night_goes_by_the_clock_in_sweden_in_summer_and_winter(tmp_path):
    rows = ["K1;2024-01-03T21:30:00+0000;B;A1", "K2;2024-03-31T20:30:00+0000;B;A1", "K3;2024-02-01T20:30:00+0000;B;A1"]
    found = counted(tmp_path, rows, {"night": {"begins": "22:00", "ends": "06:00"}})
    assert cells(found, "B_natt") == {
        ("A1", "2024-01"): 1,
        ("A1", "2024-03"): 1,
    }  # 22.30 in both; the clock is set forward between
    assert cells(found, "B_dag") == {("A1", "2024-02"): 1}
    late = counted(tmp_path, ["K1;2024-01-31 23:30;B;A1"], {"zone": "UTC", "empty_periods": "keep"})
    assert cells(late, "B") == {("A1", "2024-02"): 1}


def test_every_row_that_is_not_counted_has_its_reason(tmp_path):
    rows = [
        *SOUND, SOUND[0], "K1;2024-01-03 23:10;Skadegörelse;A1",
        "K4;31/2 2024;Misshandel;A2", "K5;2024-03-03 12:00;Misshandel;Z9",
        "K6;2025-03-03 12:00;Misshandel;A1", "K7;2024-03-03 12:00;Misshandel;", "K8;2024-03-31 12:00;Cykelstöld;A1",
        "K9;2024-03-31;Misshandel;A1;x", ";2024-03-03 12:00;;A1",
    ]  # fmt: skip
    found = counted(tmp_path, rows, {"id": "nr", "ignored": ["Cykelstöld"], "max_unreadable": 0.5})
    left = dict(zip(*(found.beside["left_out"].column(name).to_pylist() for name in ("reason", "rows")), strict=True))
    assert sum(left.values()) + sum(cells(found).values()) + sum(cells(found, "Skadegörelse").values()) == len(rows)
    assert list(left.values()) == [1] * 8
    assert "Rows that share their number with a row of another time, place or kind: 1. They are several events" in " ".join(
        found.remarks
    )
    assert "Rows without a number: 1. Copies among them cannot be found." in found.remarks
    assert 'Area codes that belong to no area: "Z9".' in found.remarks


@pytest.mark.parametrize("make", ["parquet", "timestamps", "xlsx", "latin-1", "comma"])
def test_every_format_gives_the_same_counts(make, tmp_path):
    write(tmp_path, SOUND)
    expected, data = cells(collect(tmp_path)), tmp_path / "data"
    rows = [row.split(";") for row in SOUND]
    if make in {"parquet", "timestamps"}:
        frame = pd.DataFrame(rows, columns=HEADER.split(";"))
        frame["tid"] = pd.to_datetime(frame["tid"], format="ISO8601") if make == "timestamps" else frame["tid"]
        frame.to_parquet(data / "h.parquet")
        assert cells(collect(tmp_path, {"file": "data/h.parquet"})) == expected
    elif make == "xlsx":
        book = openpyxl.Workbook()
        for row in [HEADER.split(";"), *rows]:
            book.active.append(row)
        book.save(data / "h.xlsx")
        assert cells(collect(tmp_path, {"file": "data/h.xlsx"})) == expected
    elif make == "latin-1":
        found = counted(tmp_path, SOUND, encoding="latin-1")
        assert cells(found, "Skadegörelse") == {("A2", "2024-03"): 1}
    else:
        assert cells(counted(tmp_path, [row.replace(";", ",") for row in SOUND], header=HEADER.replace(";", ","))) == expected


def test_kinds_are_brought_together_and_times_read_in_several_forms(tmp_path):
    rows = ["K1;3/1 2024 kl 23.10;Rån;A1", "K2;2024-02-03 05:59;Rån väpnat;a1 "]
    query = {
        "kinds": {"Rån": "ran", "Rån väpnat": "ran"},
        "time_formats": ["%d/%m %Y kl %H.%M", "%Y-%m-%d %H:%M"],
        "last": dt.date(2024, 2, 29),
    }
    write(tmp_path, rows)
    (tmp_path / "data" / "omraden.csv").write_text("kod\nA1\na1\n", encoding="utf-8")
    assert cells(collect(tmp_path, query), "ran") == {("A1", "2024-01"): 1, ("a1", "2024-02"): 1}


def grid(folder, crs=3006, *, turned=False):
    """Two squares of a kilometre beside each other, east of a corner."""
    boxes = shapely.box([500_000, 501_000], [6_600_000] * 2, [501_000, 502_000], [6_601_000] * 2)
    boxes = shapely.transform(boxes, lambda at: at[:, ::-1]) if turned else boxes
    (folder / "data").mkdir(exist_ok=True)
    frame = geopandas.GeoDataFrame({"kod": ["A1", "A2"]}, geometry=boxes, crs=3006)
    frame.to_crs(crs).to_file(folder / "data" / "omraden.gpkg")


def placed(folder, points, query=None):
    rows = [f"K{k};2024-01-03 12:00;B;{x};{y}" for k, (x, y) in enumerate(points)]
    write(folder, rows, header="nr;tid;brott;ost;nord")
    return collect(folder, {**POINTS, "last": dt.date(2024, 1, 31), **(query or {})})


def test_points_fall_into_polygons_and_borders_are_told(tmp_path):
    grid(tmp_path)
    points = [
        ("500500,5", "6600500"),
        (501_500, 6_600_500),
        (501_000, 6_600_300),
        (505_000, 6_600_500),
        ("", ""),
        (501_999, 6_600_999),
    ]
    found = placed(tmp_path, points, {"max_unreadable": 0.5})
    assert cells(found, "B") == {("A1", "2024-01"): 2, ("A2", "2024-01"): 2}
    assert "Events on the border between areas: 1. They are counted in the one whose code comes first." in found.remarks
    assert found.remarks[1] == "Not counted: rows without an area code or a position (1), events outside all areas (1)."
    said = " ".join([*found.remarks, str(found.table.to_pydict()), str(found.beside)])
    assert not any(str(number) in said for number in (500500, 6600500, 501500))


@pytest.mark.parametrize("crs", [4326, 3006])
def test_both_coordinate_systems_and_a_map_in_the_other_give_the_same(crs, tmp_path):
    grid(tmp_path, crs)
    assert cells(placed(tmp_path, [(500_400, 6_600_500)]), "B") == {("A1", "2024-01"): 1}
    assert cells(placed(tmp_path, [(15.0265, 59.5428)], {"crs": "EPSG:4326"}), "B") == {("A2", "2024-01"): 1}


def test_a_map_with_north_first_is_turned_and_told(tmp_path):
    grid(tmp_path, turned=True)
    found = placed(tmp_path, [(500_400, 6_600_500)])
    assert cells(found, "B") == {("A1", "2024-01"): 1}
    assert "data/omraden.gpkg: the coordinates stood north before east and have been turned." in found.remarks


WRONG_PLACES = {
    "swapped": ([(6_600_500, 500_400)], {}),
    "degrees": ([(15.02, 59.53)], {}),
    "rt90": ([(1_500_000, 6_600_000)], {}),
    "one_swapped": ([(500_400, 6_600_500), (6_600_500, 500_400), (500_400, 6_600_500)], {}),
    "list": ([(500_400, 6_600_500)], {"areas": "data/omraden.csv"}),
}


@pytest.mark.parametrize("name", WRONG_PLACES)
def test_coordinates_of_another_kind_are_refused(name, tmp_path):
    points, query = WRONG_PLACES[name]
    grid(tmp_path)
    with pytest.raises(DataError) as fault:
        placed(tmp_path, points, query)
    assert str(fault.value) == MESSAGES[name]


def test_areas_over_one_another_are_refused(tmp_path):
    grid(tmp_path)
    boxes = shapely.box([0, 500], [0, 0], [1000, 1500], [1000, 1000])
    boxes = shapely.transform(boxes, lambda at: at + np.array([500_000, 6_600_000]))
    geopandas.GeoDataFrame({"kod": ["A1", "A2"]}, geometry=boxes, crs=3006).to_file(tmp_path / "data" / "omraden.gpkg")
    with pytest.raises(DataError, match="areas lie over one another: A1 and A2; an event can lie in one area only"):
        placed(tmp_path, [(500_400, 6_600_500)])


def test_places_are_those_that_each_polygon_says_by_itself():
    rng = np.random.default_rng(3)
    shapes = shapely.voronoi_polygons(shapely.multipoints(rng.uniform(0, 1e4, (40, 2))), extend_to=shapely.box(0, 0, 1e4, 1e4))
    shapes = shapely.get_parts(shapes)
    x, y = rng.uniform(-500, 10_500, (2, 2_000))
    place, several = locate(x, y, 3006, shapes)
    slow = [
        next((k for k, shape in enumerate(shapes) if shape.covers(shapely.Point(*at))), -1) for at in zip(x, y, strict=True)
    ]
    assert place.tolist() == slow
    assert several == 0


WRONG = {
    "kinds": ([*SOUND, "K5;2024-03-03 12:00;Misshandl;A1"], {"kinds": {"Misshandel": "vald"}, "ignored": ["Skadegörelse"]}),
    "times": (["K1;3 jan 2024;Misshandel;A1", *SOUND], {}),
    "areas": ([row.replace(";A", ";B") for row in SOUND], {}),
    "edge": (SOUND[:2], {}),
    "window": (SOUND, {"first": dt.date(2020, 1, 1), "last": dt.date(2020, 2, 1)}),
    "future": (SOUND, {"last": dt.date(2024, 12, 31)}),
    "columns": (SOUND, {"time": "tidpunkt"}),
    "file": (SOUND, {"file": "data/h.csv"}),
    "no_rows": ([], {}),
    "names": (["K1;2024-01-03 23:10;Anna Andersson;A1"], {}),
    "lines": ([row + ";x" for row in SOUND[:1]] + SOUND, {}),
}


@pytest.mark.parametrize("name", WRONG)
def test_messages(name, tmp_path):
    rows, query = WRONG[name]
    assert message(tmp_path, rows, query) == MESSAGES[name]


def test_queries_that_contradict_themselves():
    faults = connector("incidents").faults
    assert faults(QUERY) == ()
    assert faults({**QUERY, "x": "ost"}) == (
        'query: write either unit, or x and y; x and y go together; x and y need crs = "EPSG:3006" or "EPSG:4326"',
    )
    assert faults({**QUERY, "night": {"begins": "22", "ends": "sex"}})
    assert faults({**QUERY, "kinds": {"a": "unit"}}) == ('query: "unit" cannot be the name of a column of counts',)
    assert set(IncidentQuery.model_fields) >= set(QUERY)


def test_it_spills_and_leaves_nothing_behind(tmp_path):
    rng = np.random.default_rng(5)
    n = 400_000
    write(tmp_path, SOUND)
    table = pa.table({
        "nr": [f"K{k:020d}" for k in range(n)],
        "tid": pa.array(np.datetime64("2024-01-01T00:00:00") + rng.integers(0, 90 * 86400, n)),
        "brott": np.where(rng.random(n) < 0.5, "a", "b"), "omrade": np.array(["A1", "A2", "A3"])[rng.integers(0, 3, n)],
    })  # fmt: skip
    pq.write_table(pa.concat_tables([table, table.slice(0, 10)]), tmp_path / "data" / "h.parquet")
    found = collect(tmp_path, {"file": "data/h.parquet", "id": "nr", "memory": "60MB"})
    assert sum(sum(found.table.column(kind).to_pylist()) for kind in "ab") == n
    assert "Not counted: copies of a row with the same number (10)." in found.remarks
    frame = table.to_pandas()
    slow = frame.groupby(["omrade", frame["tid"].dt.strftime("%Y-%m"), "brott"]).size().to_dict()
    counts = found.table.to_pandas().set_index(["unit", "period"])
    for unit, month, kind in product(["A1", "A2", "A3"], ["2024-01", "2024-02", "2024-03"], "ab"):
        assert counts.loc[(unit, month), kind] == slow[unit, month, kind]
    assert list((tmp_path / "work").iterdir()) == []
