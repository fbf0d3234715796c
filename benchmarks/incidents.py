"""Twenty million events to 6,000 areas × 120 months, by area code and by coordinates: ours against pandas and geopandas.

    python benchmarks/incidents.py            writes its section of benchmarks/results.md
    python benchmarks/incidents.py CASE       one case in this process, as JSON

Simulated. Ours also looks for personal data, refuses unknown kinds, splits night from day and accounts for every row; the peers
only read, group and add the zeros. Each case has a process of its own; memory is its peak.
"""

from __future__ import annotations

import datetime as dt
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section, measured, run_case

EVENTS = int(float(os.environ.get("EVENTS", "20e6")))
COLUMNS, ROWS, MONTHS = 100, 60, 120
KINDS = ("Misshandel", "Skadegörelse", "Cykelstöld", "Rån", "Olaga hot")
FOLDER = Path(tempfile.gettempdir()) / f"utvardering-events-{EVENTS}"
FIRST, LAST = dt.date(2014, 1, 1), dt.date(2023, 12, 31)
EASTS, NORTHS = np.linspace(300_000, 900_000, COLUMNS + 1), np.linspace(6_200_000, 7_500_000, ROWS + 1)
LONG = 1_200  # seconds for a case
Found = dict[str, float | str]


def codes() -> list[str]:
    """The code of each area, by column and row of the grid."""
    return [f"A{place:04d}" for place in range(COLUMNS * ROWS)]


def write_data() -> None:
    """The events as csv and parquet, and the areas as a list and as a map; made once."""
    import geopandas
    import pyarrow as pa
    import pyarrow.csv
    import pyarrow.parquet as pq
    import shapely

    data = FOLDER / "data"
    if (data / "done").exists():
        return
    data.mkdir(parents=True, exist_ok=True)
    names = codes()
    (data / "omraden.csv").write_text("kod\n" + "\n".join(names) + "\n", encoding="utf-8")
    column, row = np.divmod(np.arange(len(names)), ROWS)
    rings = shapely.box(EASTS[column], NORTHS[row], EASTS[column + 1], NORTHS[row + 1])
    rings = shapely.segmentize(rings, 250)  # a hundred corners, as a real area has
    geopandas.GeoDataFrame({"kod": names}, geometry=rings, crs=3006).to_file(data / "omraden.gpkg")
    rng = np.random.default_rng(7)
    schema = pa.schema(
        [*((name, pa.string()) for name in ("nr", "tid", "brott", "omrade")), ("ost", pa.float64()), ("nord", pa.float64())]
    )
    coded, placed = ["nr", "tid", "brott", "omrade"], ["nr", "tid", "brott", "ost", "nord"]
    how = pa.csv.WriteOptions(delimiter=";", quoting_style="none")
    with (
        pa.csv.CSVWriter(data / "handelser.csv", pa.schema([schema.field(name) for name in coded]), write_options=how) as csv,
        pa.csv.CSVWriter(data / "punkter.csv", pa.schema([schema.field(name) for name in placed]), write_options=how) as points,
        pq.ParquetWriter(data / "handelser.parquet", pa.schema([schema.field(name) for name in coded])) as parquet,
    ):
        for begins in range(0, EVENTS, 1_000_000):
            n = min(1_000_000, EVENTS - begins)
            east, north = rng.uniform(EASTS[0], EASTS[-1], n).round(1), rng.uniform(NORTHS[0], NORTHS[-1], n).round(1)
            place = np.minimum(np.searchsorted(EASTS, east, "right") - 1, COLUMNS - 1) * ROWS
            place += np.minimum(np.searchsorted(NORTHS, north, "right") - 1, ROWS - 1)
            span = (LAST - FIRST).days + 1
            seconds = rng.integers(0, span * 86_400, n).astype("timedelta64[s]") + np.datetime64(FIRST, "s")
            time, kind = np.char.replace(seconds.astype(str), "T", " "), np.array(KINDS)[rng.integers(0, len(KINDS), n)]
            number = np.char.add("K", np.arange(begins, begins + n).astype(str))
            batch = pa.record_batch(
                [
                    *(pa.array(column.astype(object), pa.string()) for column in (number, time, kind, np.array(names)[place])),
                    pa.array(east),
                    pa.array(north),
                ],
                schema=schema,
            )
            csv.write_batch(batch.select(coded))
            points.write_batch(batch.select(placed))
            parquet.write_batch(batch.select(coded))
    (data / "done").touch()


def _ours(file: str, *, points: bool = False, number: bool = False) -> Callable[[], Found]:
    from utvardering.data.connectors.base import Request
    from utvardering.data.connectors.incidents import CONNECTOR
    from utvardering.data.sources import Source

    query: dict[str, object] = {
        "file": f"data/{file}", "time": "tid", "kind": "brott", "first": FIRST, "last": LAST,
        "night": {"begins": "22:00", "ends": "06:00"}, "areas": "data/omraden.gpkg" if points else "data/omraden.csv",
    }  # fmt: skip
    query |= {"x": "ost", "y": "nord", "crs": "EPSG:3006"} if points else {"unit": "omrade"}
    query |= {"id": "nr"} if number else {}
    request = Request(Source("data/panel.csv", query=query), FOLDER, FOLDER / "work", LAST + dt.timedelta(days=30))

    def work() -> Found:
        table = CONNECTOR.collect(request).table
        return {"rows": table.num_rows, "events": sum(int(sum(table[kind].to_numpy())) for kind in KINDS)}

    return work


def _pandas(file: str, *, points: bool = False) -> Callable[[], Found]:
    import pandas as pd

    def work() -> Found:
        path = FOLDER / "data" / file
        used = ["tid", "brott", *(["ost", "nord"] if points else ["omrade"])]
        frame = pd.read_parquet(path, columns=used) if path.suffix == ".parquet" else pd.read_csv(path, sep=";", usecols=used)
        if points:
            import geopandas

            areas = geopandas.read_file(FOLDER / "data" / "omraden.gpkg")
            where = geopandas.GeoDataFrame(frame, geometry=geopandas.points_from_xy(frame["ost"], frame["nord"]), crs=3006)
            joined = geopandas.sjoin(where, areas, predicate="intersects")
            frame = joined[~joined.index.duplicated()].rename(columns={"kod": "omrade"})
        moment = pd.to_datetime(frame["tid"], format="%Y-%m-%d %H:%M:%S")
        night = (moment.dt.hour >= 22) | (moment.dt.hour < 6)
        month = moment.dt.year * 12 + moment.dt.month - 1
        counts = frame.groupby([frame["omrade"], month, frame["brott"], night]).size()
        every = pd.MultiIndex.from_product([codes(), range(2014 * 12, 2024 * 12), KINDS, [False, True]])
        table = counts.reindex(every, fill_value=0).unstack([2, 3])  # noqa: PD010 -- the groups are counted already
        return {"rows": len(table), "events": int(table.to_numpy().sum())}

    return work


CASES: dict[str, Callable[[], Callable[[], Found]]] = {
    "ours_csv": lambda: _ours("handelser.csv"),
    "pandas_csv": lambda: _pandas("handelser.csv"),
    "ours_parquet": lambda: _ours("handelser.parquet"),
    "pandas_parquet": lambda: _pandas("handelser.parquet"),
    "ours_copies": lambda: _ours("handelser.csv", number=True),
    "ours_points": lambda: _ours("punkter.csv", points=True),
    "pandas_points": lambda: _pandas("punkter.csv", points=True),
}
SAID = {
    "csv": "area codes, csv",
    "points": "coordinates and polygons, csv",
    "parquet": "area codes, parquet",
    "copies": "area codes, csv, copies under one number found",
}


def main() -> None:
    """Run every case and keep the section, after each so that a broken run leaves what it had."""
    write_data()
    lines = [
        (
            f"{EVENTS:,} simulated events to {COLUMNS * ROWS:,} areas × {MONTHS} months × {len(KINDS)} kinds × night and day, "
            f"with zeros."
        ),
        "Ours also looks for personal data, refuses unknown kinds, accounts for every row: it reads the",
        "file five times. *Processor* is seconds of both processors, which other work on the machine lengthens little; a row",
        "is ours and then pandas.",
        "",
        "| case | ours, s | processor, s | GB | pandas, s | processor, s | GB | pandas ÷ ours: s | processor | GB |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    measures = ("seconds", "processor", "gigabytes")
    for case, said in SAID.items():
        own = measured(__file__, f"ours_{case}", patience=LONG)
        if "error" in own:
            lines.append(f"| {said}: {own['error']} | | | | | | | | | |")
            continue
        line = f"| {said} | {own['seconds']:.0f} | {own['processor']:.0f} | {own['gigabytes']:.2f} "
        other = measured(__file__, f"pandas_{case}", patience=LONG) if f"pandas_{case}" in CASES else {"error": ""}
        if "error" in other:
            lines.append(f"{line}| {other['error']} | | | | | |")
        else:
            assert (own["rows"], own["events"]) == (other["rows"], other["events"])  # noqa: S101 -- the same answer
            ratios = " | ".join(f"{float(other[key]) / float(own[key]):.1f}" for key in measures)
            peer = f"| {other['seconds']:.0f} | {other['processor']:.0f} | {other['gigabytes']:.2f} "
            lines.append(f"{line}{peer}| {ratios} |")
        keep_section("Events counted into a panel", lines)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_case(CASES[sys.argv[1]]())
    else:
        main()
