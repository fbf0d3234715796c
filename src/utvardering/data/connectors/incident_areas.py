"""In which area does an event lie? Areas from a list, from polygons or the municipalities; points by a tree in pieces.

Coordinates come in here and only places among the areas go out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from utvardering.data.faults import listed
from utvardering.data.municipalities import code_of, polygons
from utvardering.data.privacy import quote, refuse_personal_data
from utvardering.data.tables import FORMATS as TABLES
from utvardering.data.tables import read_table
from utvardering.errors import DataError
from utvardering.study.vocabulary import did_you_mean

if TYPE_CHECKING:
    import geopandas  # takes a second to import

Remark = tuple[str, dict[str, object]]
"""A sentence of the wording, with its facts."""

MAPS = (".gpkg", ".geojson", ".json")
MUNICIPALITIES = "municipalities"
SWEREF = 3006
# Sweden with its waters, west, south, east, north: no easting is a northing, no longitude a latitude
BOXES = {3006: (180_000.0, 6_090_000.0, 1_100_000.0, 7_720_000.0), 4326: (10.0, 54.5, 25.0, 69.5)}
_OVERLAP = 0.01  # of the smaller area: above it two areas are no neighbours with a crooked border
_SLIVER = 1.0  # square metre


@dataclass(frozen=True)
class Areas:
    """The areas of a panel, in the order of their codes; polygons in SWEREF 99 TM, easting first, where they are known."""

    codes: tuple[str, ...]
    shapes: NDArray[Any] | None = field(default=None, repr=False)
    municipal: bool = False
    remarks: tuple[Remark, ...] = ()

    def find(self, text: str) -> int:
        """Place of an area by its code; -1 where there is none. Municipalities by name, and lost leading zeros, are found."""
        place = self._places.get(text)
        if place is None and self.municipal:
            place = self._places.get(code_of(text) or "")
        if place is None and text.isdigit() and self._width:
            place = self._places.get(text.zfill(self._width))
        return -1 if place is None else place

    @property
    def _places(self) -> dict[str, int]:
        found: dict[str, int] | None = self.__dict__.get("places")
        if found is None:
            found = {code: place for place, code in enumerate(self.codes)}
            self.__dict__["places"] = found
        return found

    @property
    def _width(self) -> int:
        """Digits of every code; 0 where they differ or are no digits."""
        widths = {len(code) if code.isdigit() else 0 for code in self.codes}
        return widths.pop() if len(widths) == 1 else 0


def read_areas(folder: Path, file: str, column: str, layer: str) -> Areas:
    """The areas that `query.areas` names; a DataError where they cannot be told apart or lie over one another."""
    if file == MUNICIPALITIES:
        return _from_polygons(polygons(), "code", file, municipal=True)
    path = folder / file
    if not path.is_file():
        message = f'query.areas: {file}: there is no such file; write a file with the areas, or "{MUNICIPALITIES}"'
        raise DataError(message)
    if path.suffix.lower() in MAPS:
        return _from_polygons(_map(path, file, layer), column, file)
    if path.suffix.lower() not in TABLES:
        message = f"query.areas: {file}: needs a list ({listed(TABLES)}) or a map ({listed(MAPS)})"
        raise DataError(message)
    table = read_table(path, file)
    refuse_personal_data(table)
    if column not in table.columns:
        raise _no_column(column, file, list(table.columns))
    return Areas(_codes(table.text(column).to_pylist(), file, column))


def _no_column(column: str, file: str, columns: list[str]) -> DataError:
    near = did_you_mean(column, columns)
    return DataError(f'query.area: "{column}" is not a column of {file}.{near} The columns are: {listed(columns, 40)}')


def _codes(texts: list[str], file: str, column: str) -> tuple[str, ...]:
    trimmed = [text.strip() for text in texts]
    if not all(trimmed):
        message = f"{file}: {column}: area {trimmed.index('') + 1} has no code; give each area one"
        raise DataError(message)
    twice = sorted({text for text in trimmed if trimmed.count(text) > 1}) if len(set(trimmed)) < len(trimmed) else []
    if twice:
        message = f"{file}: {column}: {listed(map(quote, twice), 5)} stands more than once; each area has one row"
        raise DataError(message)
    return tuple(sorted(trimmed))


def _map(path: Path, file: str, layer: str) -> geopandas.GeoDataFrame:
    import geopandas  # noqa: PLC0415 -- takes a second to import
    import pyogrio  # noqa: PLC0415 -- comes with geopandas

    try:
        layers = [row[0] for row in pyogrio.list_layers(path)]
        if not layer and len(layers) > 1:
            message = f"query.layer: {file} has the layers {listed(layers)}; write which one holds the areas"
            raise DataError(message)
        return geopandas.read_file(path, layer=layer or layers[0])
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, IndexError) as error:
        message = f"query.areas: {file}: is not a map that can be read; save it as GeoPackage or GeoJSON"
        raise DataError(message) from error


def _from_polygons(frame: geopandas.GeoDataFrame, column: str, file: str, *, municipal: bool = False) -> Areas:
    if column not in frame.columns:
        names = [name for name in frame.columns if name != frame.geometry.name]
        raise _no_column(column, file, names)
    texts = [str(int(value)) if isinstance(value, float) and value.is_integer() else str(value) for value in frame[column]]
    codes = _codes(["" if text in {"nan", "None"} else text for text in texts], file, column)
    frame = frame.assign(_code=[text.strip() for text in texts]).sort_values("_code", ignore_index=True)
    kinds = set(frame.geometry.geom_type.dropna()) - {"Polygon", "MultiPolygon"}
    if kinds or frame.geometry.is_empty.any() or frame.geometry.isna().any():
        message = (
            f"query.areas: {file}: every area needs a polygon, found {listed(sorted(map(str, kinds))) or 'an area without any'}"
        )
        raise DataError(message)
    frame, remarks = _in_sweref(frame, file)
    shapes = np.asarray(frame.geometry.make_valid().values)
    remarks += _overlaps(shapes, codes, file)
    return Areas(codes, shapes, municipal, tuple(remarks))


def _in_sweref(frame: geopandas.GeoDataFrame, file: str) -> tuple[geopandas.GeoDataFrame, list[Remark]]:
    """The map with easting first in SWEREF 99 TM; a remark where it stood northing first."""
    import shapely  # noqa: PLC0415 -- takes time to import

    if frame.crs is None:
        message = f"query.areas: {file}: does not say its coordinate system; save it with EPSG:3006 or EPSG:4326"
        raise DataError(message)
    remarks: list[Remark] = []
    epsg = frame.crs.to_epsg() or 0
    if epsg in BOXES:
        middle = np.array(frame.total_bounds).reshape(2, 2).mean(axis=0)
        if not _inside(middle[:1], middle[1:], epsg)[0] and _inside(middle[1:], middle[:1], epsg)[0]:
            frame = frame.set_geometry(shapely.transform(frame.geometry.values, lambda at: at[:, ::-1]), crs=frame.crs)
            remarks.append(("turned", {"file": file}))
    return frame.to_crs(SWEREF) if epsg != SWEREF else frame, remarks


def _overlaps(shapes: NDArray[Any], codes: tuple[str, ...], file: str) -> list[Remark]:
    """A DataError where areas lie over one another; a remark on slivers along their borders."""
    import shapely  # noqa: PLC0415 -- takes time to import

    tree = shapely.STRtree(shapes)
    pairs = np.hstack([tree.query(shapes, predicate=predicate) for predicate in ("overlaps", "covers")])
    one, other = np.unique(np.sort(pairs[:, pairs[0] != pairs[1]], axis=0), axis=1)
    shared = shapely.area(shapely.intersection(shapes[one], shapes[other], grid_size=0.001))
    smaller = np.minimum(shapely.area(shapes[one]), shapely.area(shapes[other]))
    wrong = np.flatnonzero(shared > _OVERLAP * smaller)
    if len(wrong):
        told = [f"{codes[one[k]]} and {codes[other[k]]}" for k in wrong]
        message = f"query.areas: {file}: areas lie over one another: {listed(told, 5)}; an event can lie in one area only"
        raise DataError(message)
    slivers = int((shared > _SLIVER).sum())
    return [("slivers", {"file": file, "n": slivers})] if slivers else []


def _inside(x: NDArray[np.float64], y: NDArray[np.float64], epsg: int) -> NDArray[np.bool_]:
    west, south, east, north = BOXES[epsg]
    within: NDArray[np.bool_] = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    return within


def orient(x: NDArray[np.float64], y: NDArray[np.float64], epsg: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(n,) whether a point lies in Sweden, and whether it would with its axes the other way round.

    x, y are easting and northing, or longitude and latitude; NaN lies nowhere.
    """
    return _inside(x, y, epsg), _inside(y, x, epsg)


def looks_like(x: NDArray[np.float64], y: NDArray[np.float64], epsg: int) -> str:
    """A coordinate system that fits points better than the declared one, in words; nothing where none does."""
    for other in BOXES:
        if other != epsg and (_inside(x, y, other).mean() > 0.5 or _inside(y, x, other).mean() > 0.5):  # noqa: PLR2004 -- most
            return f'; they look like EPSG:{other}: write crs = "EPSG:{other}"'
    north, east = (x, y) if np.median(x) > np.median(y) else (y, x)
    rt90 = ((east > 1.1e6) & (east < 1.95e6) & (north > 6.0e6) & (north < 7.8e6)).mean() > 0.5  # noqa: PLR2004 -- RT 90's range
    return "; they look like RT 90: ask for them in SWEREF 99 TM (EPSG:3006)" if rt90 else ""


def locate(x: NDArray[np.float64], y: NDArray[np.float64], epsg: int, shapes: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """Place of the area in which each of n points lies, -1 outside all; and how many lie in several, as on a border.

    A point on the border of several areas belongs to the one whose code comes first.
    """
    import pyproj  # noqa: PLC0415 -- takes time to import
    import shapely  # noqa: PLC0415 -- takes time to import

    points, back = np.unique(np.ascontiguousarray(x) + 1j * np.ascontiguousarray(y), return_inverse=True)
    east, north = points.real, points.imag
    if epsg != SWEREF:
        east, north = pyproj.Transformer.from_crs(epsg, SWEREF, always_xy=True).transform(east, north)
    tree = shapely.STRtree(shapely.points(east, north))
    area, point = tree.query(shapes, predicate="covers")
    place = np.full(len(points), len(shapes), dtype=np.int64)
    np.minimum.at(place, point, area)
    several = np.bincount(point, minlength=len(points)) > 1
    place[place == len(shapes)] = -1
    return place[back], int(several[back].sum())
