"""How far from a treated area does each area lie? `[neighbours] file`, from polygons in SWEREF 99 TM.

Geometries are read here, turned into rings and forgotten: no coordinate leaves this module.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from utvardering.data.faults import Faults, listed
from utvardering.data.geometry import SWEREF, read_geometries
from utvardering.data.sheet import Units
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    import geopandas  # takes a second to import

_TOUCHES = 0.01  # metres: a border that two areas share is drawn twice and seldom to the same millimetre


def rings_by_distance(
    path: Path, name: str, column: str, units: Units, needed: Iterable[int], treated: Sequence[int], within: Sequence[float]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(N,) rings: 1 within the first distance of a treated area, 2 within the second, …; 0 beyond, and for the treated.

    Beside them (N, N): whether the second unit is the treated area nearest to the first, or one of several as near.

    path: GeoPackage or GeoJSON, called `name` in messages; column: its column with the unit; needed: places of the units that
    must be in it; treated: places of the treated; within: metres, rising. The distance is the shortest between two areas, 0
    where they touch. Raises a DataError without a coordinate system, with a unit missing, or with a geometry that is not sound.
    """
    frame = read_geometries(path, name, column, "neighbours.column")
    place = np.array([-1 if (at := units.find(str(text))) is None else at for text in frame[column]], dtype=np.int64)
    wanted = sorted(set(needed) | set(treated))
    _require_units(name, column, units, wanted, place, [str(text) for text in frame[column]])
    shapes = frame.geometry.to_numpy()
    _require_sound(name, units, place, shapes, wanted)
    metres = frame.geometry.to_crs(epsg=SWEREF) if frame.crs.to_epsg() != SWEREF else frame.geometry
    return _rings(metres, place, len(units.names), treated, np.asarray(within, dtype=float))


def _require_units(
    name: str, column: str, units: Units, wanted: Sequence[int], place: NDArray[np.int64], texts: list[str]
) -> None:
    missing = [units.names[one] for one in wanted if one not in set(place.tolist())]
    if missing:
        faults = Faults(name)
        hint = did_you_mean(missing[0], texts)
        what = "unit has" if len(missing) == 1 else "units have"
        faults.add(column, f"{len(missing)} {what} no area: {listed(missing)}.{hint}")
        faults.raise_any()


def _require_sound(name: str, units: Units, place: NDArray[np.int64], shapes: NDArray[np.object_], wanted: list[int]) -> None:
    import shapely  # noqa: PLC0415 -- comes with geopandas

    faults = Faults(name)
    for row in np.flatnonzero(np.isin(place, wanted)):
        shape, unit = shapes[row], units.names[place[row]]
        if shape is None or shape.is_empty:
            faults.add("", f'"{unit}" has no geometry; draw its area')
        elif not shape.is_valid:
            why = re.sub(r"\s*\[.*", "", shapely.is_valid_reason(shape)).lower()  # without its coordinates
            faults.add("", f'"{unit}" has an invalid geometry ({why}); mend it, in QGIS with "Fix geometries"')
    faults.raise_any()


def _rings(
    shapes: geopandas.GeoSeries, place: NDArray[np.int64], n_units: int, treated: Sequence[int], within: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    from shapely import STRtree  # noqa: PLC0415 -- comes with geopandas

    areas = shapes.to_numpy()
    others = np.flatnonzero((place >= 0) & ~np.isin(place, treated))
    sources = np.flatnonzero(np.isin(place, treated))
    centre = STRtree(areas[sources])
    (row, source), distance = centre.query_nearest(areas[others], return_distance=True, all_matches=True)
    nearest = np.full(n_units, np.inf)
    np.minimum.at(nearest, place[others[row]], distance)
    beside = np.zeros((n_units, n_units), dtype=bool)
    as_near = distance <= nearest[place[others[row]]]  # an area may be drawn in several rows
    beside[place[others[row[as_near]]], place[sources[source[as_near]]]] = True
    ring = np.searchsorted(within + _TOUCHES, nearest, side="left") + 1
    return np.where(ring <= len(within), ring, 0).astype(np.int64), beside
