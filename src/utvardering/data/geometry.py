"""Which polygons does a file hold, and where do they lie? GeoPackage and GeoJSON, with coordinates that mean what they say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from utvardering.data.faults import listed
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    import geopandas  # takes a second to import

SWEREF = 3006
"""EPSG code of SWEREF 99 TM, whose unit is the metre."""

FORMATS = (".gpkg", ".geojson", ".json")

_DEGREES = (180, 90)
_SWEDEN = (10.0, 54.5, 25.0, 69.5)
"""West, south, east and north in degrees, with some sea: no place in it stays in it when its two coordinates change places."""


def read_geometries(path: Path, name: str, column: str, key: str) -> geopandas.GeoDataFrame:
    """The rows of a GeoPackage or GeoJSON, called `name` in messages; `column` has the units, as the study file's `key` says.

    Coordinates of Sweden that stand north before east, as services of boundaries may send them, are turned.
    Raises a DataError for another format, without the column, without geometries, without a coordinate system, or where
    coordinates that are said to be degrees are none.
    """
    import geopandas  # noqa: PLC0415 -- takes a second to import, and few studies have polygons

    if path.suffix.lower() not in FORMATS:
        message = f"{name}: cannot read {path.suffix or 'a file without an ending'}; save the areas as GeoPackage or GeoJSON"
        raise DataError(message)
    try:
        frame = geopandas.read_file(path)
    except Exception as error:  # whatever GDAL makes of a file that is none of its formats
        message = f"{name}: is not a GeoPackage or GeoJSON that can be read"
        raise DataError(message) from error
    if not isinstance(frame, geopandas.GeoDataFrame):
        message = f"{name}: holds no geometries; save the areas with their polygons"
        raise DataError(message)
    if column not in frame.columns:
        names = [str(one) for one in frame.columns if one != frame.geometry.name]
        message = f"{name}: {column}: is not a column of the file ({key}).{did_you_mean(column, names)} "
        raise DataError(message + f"The columns are: {listed(names, 40)}")
    return _located(frame, name)


def _located(frame: geopandas.GeoDataFrame, name: str) -> geopandas.GeoDataFrame:
    if frame.crs is None:
        message = (
            f"{name}: has no coordinate system, so a distance means nothing; save the file again with its own, "
            "such as EPSG:3006 (SWEREF 99 TM)"
        )
        raise DataError(message)
    if _stands_north_first(frame):
        from shapely import transform  # noqa: PLC0415 -- comes with geopandas

        return frame.set_geometry(frame.geometry.map(lambda shape: transform(shape, lambda at: at[:, ::-1])), crs=frame.crs)
    west, south, east, north = frame.total_bounds
    if frame.crs.is_geographic and (max(abs(west), abs(east)) > _DEGREES[0] or max(abs(south), abs(north)) > _DEGREES[1]):
        message = (
            f"{name}: says that its coordinates are degrees ({frame.crs.to_string()}), but they are none; "
            "save the file again with the coordinate system that they have, such as EPSG:3006 (SWEREF 99 TM)"
        )
        raise DataError(message)
    return frame


def _stands_north_first(frame: geopandas.GeoDataFrame) -> bool:
    """Whether the areas lie in Sweden only once east and north have changed places."""
    from pyproj import Transformer  # noqa: PLC0415 -- comes with geopandas

    west, south, east, north = frame.total_bounds
    degrees = Transformer.from_crs(frame.crs, 4326, always_xy=True)

    def inside(x: float, y: float) -> bool:
        lon, lat = degrees.transform(x, y)
        return bool(_SWEDEN[0] <= lon <= _SWEDEN[2] and _SWEDEN[1] <= lat <= _SWEDEN[3])

    corners = [(west, south), (east, north)]
    return all(inside(y, x) for x, y in corners) and not any(inside(x, y) for x, y in corners)
