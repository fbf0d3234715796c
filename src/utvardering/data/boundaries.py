"""Which outlines has the study's own map, and do they fit its areas? `[data] boundaries`, else `[neighbours] file`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from utvardering.data.faults import Faults, listed
from utvardering.data.geometry import SWEREF, read_geometries
from utvardering.data.panel import Panel
from utvardering.data.sources import find_file
from utvardering.errors import DataError
from utvardering.study.model import Study
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    import geopandas
    from shapely.geometry.base import BaseGeometry

FINEST = 1500
"""The map keeps details of this part of its extent, less where a treated area is small."""

_STATISTICAL = re.compile(r"\d{4}(?:[ABC]\d{4}|R\d{3})(?:_.+)?")
"""Codes of DeSO and RegSO, which were drawn anew for 2025."""


@dataclass(frozen=True)
class Drawn:
    """Outlines of a file: unit, label and geometry in WGS 84; units of the panel without one; units that were mended."""

    shapes: geopandas.GeoDataFrame = field(repr=False)
    missing: tuple[str, ...]
    mended: tuple[str, ...]


def drawn_areas(study: Study, panel: Panel) -> Drawn | None:
    """The outlines of the study's own map; None where it names none.

    Several rows of one area are joined, unsound outlines mended, details that no page shows left out. Raises a DataError where
    a treated area is missing, or an area of the panel has no outline that can be mended.
    """
    if not _named(study)[0]:
        return None
    frame, mended = _read(study, panel)
    missing = tuple(unit for unit in panel.units if unit not in set(frame["unit"]))
    treated = frame["unit"].isin([unit for unit, role in zip(panel.units, panel.role, strict=True) if role == "treated"])
    frame["geometry"] = _simpler(frame, treated.to_numpy())
    return Drawn(frame.assign(label=frame["unit"]).to_crs(epsg=4326), missing, mended)


def outlines(study: Study, panel: Panel) -> geopandas.GeoDataFrame:
    """Unit and geometry of each area of the study's own map, in metres (SWEREF 99 TM) and in full detail; raises as above."""
    return _read(study, panel)[0]


def _read(study: Study, panel: Panel) -> tuple[geopandas.GeoDataFrame, tuple[str, ...]]:
    import geopandas  # noqa: PLC0415 -- takes a second to import

    file, column, key = _named(study)
    path = find_file(study.folder, study.id, file)
    frame = read_geometries(path, file, column, key)
    names = [str(text).strip() for text in frame[column]]
    frame = geopandas.GeoDataFrame({"unit": names}, geometry=frame.geometry.to_numpy(), crs=frame.crs).to_crs(epsg=SWEREF)
    frame, mended = _sound(frame, file, panel.units)
    frame = frame.dissolve(by="unit", as_index=False).sort_values("unit", ignore_index=True)
    missing = [unit for unit in panel.units if unit not in set(frame["unit"])]
    _require_treated(file, column, panel, missing, frame["unit"].tolist())
    return frame, mended


def _named(study: Study) -> tuple[str, str, str]:
    """File, column with the areas, and the key that names the column."""
    data, neighbours = study.data, study.neighbours
    if data.boundaries:
        return (
            data.boundaries,
            data.boundaries_unit or data.unit,
            "data.boundaries_unit" if data.boundaries_unit else "data.unit",
        )
    return neighbours.file, neighbours.column, "neighbours.column"


def _sound(frame: geopandas.GeoDataFrame, name: str, units: Sequence[str]) -> tuple[geopandas.GeoDataFrame, tuple[str, ...]]:
    """Only areas, each valid; and the units whose outlines had to be mended."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    faults = Faults(name)
    kept: list[BaseGeometry | None] = []
    mended = []
    for unit, shape in zip(frame["unit"], frame.geometry, strict=True):
        whole = None if shape is None else _areas_of(shape if shape.is_valid else shapely.make_valid(shape))
        kept.append(whole)
        if whole is None and unit in units:
            faults.add("", f'"{unit}" has no outline that encloses an area; draw it as a polygon')
        elif whole is not None and not shape.is_valid:
            mended.append(unit)
    faults.raise_any()
    found = frame.assign(geometry=kept)
    return found[found.geometry.notna()], tuple(dict.fromkeys(mended))


def _areas_of(shape: BaseGeometry) -> BaseGeometry | None:
    import shapely  # noqa: PLC0415 -- comes with geopandas

    parts = [part for part in shapely.get_parts(shapely.get_parts(shape)) if part.area > 0]
    return shapely.union_all(parts) if parts else None


def _require_treated(name: str, column: str, panel: Panel, missing: Sequence[str], there: list[str]) -> None:
    treated = {unit for unit, role in zip(panel.units, panel.role, strict=True) if role == "treated"}
    without = [unit for unit in missing if unit in treated]
    if not without:
        return
    what = "treated area has no outline" if len(without) == 1 else "treated areas have no outline"
    message = f"{name}: {column}: {len(without)} {what}: {listed(without)}.{did_you_mean(without[0], there)}"
    if any(_STATISTICAL.fullmatch(unit) for unit in without) and any(_STATISTICAL.fullmatch(unit) for unit in there):
        message += " DeSO and RegSO were drawn anew for 2025: take the boundaries of the years that the data are about"
    raise DataError(message)


def _simpler(frame: geopandas.GeoDataFrame, treated: np.ndarray) -> np.ndarray:
    """Outlines without details that no page shows; borders that two areas share stay shared."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    west, south, east, north = frame.total_bounds
    finest = max(east - west, north - south) / FINEST
    smallest = float(np.sqrt(frame.geometry[treated].area.min())) / 30
    shapes = frame.geometry.to_numpy()
    simple = shapely.coverage_simplify(shapes, min(finest, smallest))
    whole = np.array([one is not None and one.is_valid and one.area > 0 for one in simple])
    return np.where(whole, simple, shapes)
