"""Where on the page does each area lie? The map cropped to the areas of the study, with windows that enlarge what is small.

All is in inches from the lower left corner of the figure, so that letters, patterns and borders have one size on paper.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import geopandas
    from shapely.geometry.base import BaseGeometry

CONTEXT = "context"
USED = ("treated", "comparison", "neighbour", "excluded")
"""Roles to which the map is cropped; areas that only lie around are drawn where they happen to be seen."""

MARGIN = 0.04
"""Of the extent of the areas: room around them."""
SMALL = 0.22
"""Inches across below which a treated area is enlarged, or gets a ring around it."""
WINDOW = 1.75
"""Inches across of a window that enlarges."""
MOST_WINDOWS = 2
TOGETHER = 0.45
"""Inches between treated areas that share a window."""
LEAST_ZOOM = 2.0
"""A window that enlarges less shows nothing more."""
FINEST = 0.006
"""Inches: details below it are left out of the figure."""
_SWEDEN = (10.0, 54.5, 25.0, 69.5)
_SWEREF = 3006


@dataclass(frozen=True)
class View:
    """A stretch of the ground and the rectangle of the page on which it is shown.

    ground   west, south, east, north in metres; at: left and bottom on the page in inches; scale: inches to a metre
    """

    ground: tuple[float, float, float, float]
    at: tuple[float, float]
    scale: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top on the page."""
        west, south, east, north = self.ground
        left, bottom = self.at
        return left, bottom, left + (east - west) * self.scale, bottom + (north - south) * self.scale

    def place(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, 2) metres to inches."""
        shifted = (at - np.array(self.ground[:2])) * self.scale + np.array(self.at)
        return np.asarray(shifted, dtype=np.float64)

    def moved(self, left: float, bottom: float) -> View:
        """The same stretch elsewhere on the page."""
        return View(self.ground, (left, bottom), self.scale)


@dataclass(frozen=True)
class Ground:
    """The areas in metres: frame with unit, label, role, ring and geometry."""

    frame: geopandas.GeoDataFrame = field(repr=False)

    @staticmethod
    def of(areas: dict[str, Any]) -> Ground:
        """The features of `areas.geojson` in metres: in SWEREF 99 TM in Sweden, else in the zone of UTM where they lie."""
        import geopandas as gpd  # noqa: PLC0415 -- half a second that only studies with a map pay

        frame = gpd.GeoDataFrame.from_features(areas["features"], crs=4326)
        used = frame[frame["role"].isin(USED)]
        west, south, east, north = used.total_bounds
        inside = west >= _SWEDEN[0] and south >= _SWEDEN[1] and east <= _SWEDEN[2] and north <= _SWEDEN[3]
        return Ground(frame.to_crs(epsg=_SWEREF) if inside else frame.to_crs(used.estimate_utm_crs()))

    def of_role(self, role: str) -> geopandas.GeoDataFrame:
        """The rows of one role."""
        return self.frame[self.frame["role"] == role]

    def extent(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the areas of the study, with their margin."""
        used = self.frame[self.frame["role"].isin(USED)]
        return padded(tuple(used.total_bounds), MARGIN)

    def shapes(self, view: View, role: str) -> list[tuple[str, BaseGeometry]]:
        """Unit and outline on the page of each area of a role that is seen in a view, cut at its edge."""
        import shapely  # noqa: PLC0415 -- comes with geopandas

        rows = self.of_role(role)
        if not len(rows):
            return []
        on_page = shapely.transform(rows.geometry.to_numpy(), view.place)
        simple = shapely.coverage_simplify(on_page, FINEST)
        whole = [one if good else plain for one, plain, good in zip(simple, on_page, shapely.is_valid(simple), strict=True)]
        frame = shapely.box(*view.box)
        cut = [shapely.intersection(shapely.make_valid(one), frame) for one in whole]
        kept = [(str(unit), _polygons(one)) for unit, one in zip(rows["unit"], cut, strict=True)]
        return [(unit, one) for unit, one in kept if one is not None]


def _polygons(shape: BaseGeometry) -> BaseGeometry | None:
    import shapely  # noqa: PLC0415 -- comes with geopandas

    parts = [one for one in shapely.get_parts(shape) if one.geom_type == "Polygon" and one.area > 0]
    return shapely.set_precision(shapely.multipolygons(parts), 1e-4) if parts else None


def padded(bounds: tuple[float, ...], share: float) -> tuple[float, float, float, float]:
    """Bounds with a share of their larger side added on each side."""
    west, south, east, north = (float(value) for value in bounds)
    more = share * max(east - west, north - south)
    return west - more, south - more, east + more, north + more


def fitted(extent: tuple[float, float, float, float], width: float, height: float) -> View:
    """The whole extent, as large as it goes within so many inches."""
    west, south, east, north = extent
    return View(extent, (0.0, 0.0), min(width / (east - west), height / (north - south)))


def windows(ground: Ground, main: View) -> tuple[View, ...]:
    """Windows for treated areas that are too small on the main map: none where they would be more than MOST_WINDOWS."""
    treated = ground.of_role("treated")
    across = np.sqrt(treated.geometry.area.to_numpy()) * main.scale
    if not (across < SMALL).any():
        return ()
    groups = _groups(treated, TOGETHER / main.scale)
    groups = [group for group in groups if (across[group] < SMALL).any()]
    views = [_window(ground, treated.iloc[group]) for group in groups]
    if len(views) > MOST_WINDOWS or any(view.scale < LEAST_ZOOM * main.scale for view in views):
        return ()
    return tuple(views)


def _groups(treated: geopandas.GeoDataFrame, near: float) -> list[list[int]]:
    """Positions of treated areas that lie within a distance of each other, directly or by way of others."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    shapes = treated.geometry.to_numpy()
    close = shapely.distance(shapes[:, None], shapes[None, :]) <= near
    left, groups = set(range(len(shapes))), []
    while left:
        group, todo = set(), [min(left)]
        while todo:
            one = todo.pop()
            if one in left:
                left.remove(one)
                group.add(one)
                todo += np.flatnonzero(close[one]).tolist()
        groups.append(sorted(group))
    return groups


def _window(ground: Ground, group: geopandas.GeoDataFrame) -> View:
    """A square around a group and the neighbours beside it."""
    west, south, east, north = group.total_bounds
    side = max(east - west, north - south)
    beside = ground.of_role("neighbour")
    beside = beside[beside.geometry.distance(group.union_all()) <= side] if len(beside) else beside
    bounds = np.vstack([group.total_bounds, *(shape.bounds for shape in beside.geometry)])
    west, south = bounds[:, :2].min(axis=0)
    east, north = bounds[:, 2:].max(axis=0)
    half = max(east - west, north - south) / 2
    x, y = (west + east) / 2, (south + north) / 2
    return fitted(padded((x - half, y - half, x + half, y + half), 0.25), WINDOW, WINDOW)
