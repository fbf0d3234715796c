"""Where are the areas? Polygons of the areas of a panel and of what lies around them, small enough to draw and to publish."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from utvardering.data.boundaries import Drawn, drawn_areas
from utvardering.data.municipalities import municipalities, polygons
from utvardering.data.panel import Panel
from utvardering.study.model import Study

if TYPE_CHECKING:
    import geopandas

CONTEXT = "context"
"""Role of what lies around the areas of the study, and of areas that only the map has."""

_NEAR = 0.25  # of the extent of the areas: so much of the surroundings is kept
_DIGITS = 5  # of a degree: about a metre


@dataclass(frozen=True)
class Areas:
    """The map of a panel.

    shapes    a row per area of the panel (unit, label, role, ring), then of what lies around (role CONTEXT); WGS 84
    missing   labels of areas of the panel that the map lacks
    unknown   areas that only the map has
    mended    labels of areas whose outline was not sound and has been mended
    official  whether the outlines are the municipalities' own, which the program carries
    """

    shapes: geopandas.GeoDataFrame = field(repr=False)
    missing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    mended: tuple[str, ...] = ()
    official: bool = False

    def to_geojson(self) -> dict[str, Any]:
        """GeoJSON in degrees; what is missing, unknown or mended stands beside the features."""
        kept = self.shapes[["unit", "label", "role", "ring", "geometry"]]
        found: dict[str, Any] = json.loads(kept.to_json(drop_id=True))
        return {
            "type": "FeatureCollection",
            "features": found["features"],
            "missing": list(self.missing),
            "unknown": list(self.unknown),
            "mended": list(self.mended),
            "official": self.official,
        }


def panel_areas(study: Study, panel: Panel) -> Areas | None:
    """The map of a study: from its own file (`[data] boundaries`, else `[neighbours] file`), else of municipalities.

    None where there is neither. Raises a DataError where the file cannot be read, or lacks a treated area.
    """
    drawn = drawn_areas(study, panel)
    if drawn is not None:
        return _of_file(study, panel, drawn)
    if panel.one_series or not set(panel.units) <= set(municipalities()):
        return None
    every = polygons().rename(columns={"code": "unit", "name": "label"})
    own = every[every["unit"].isin(panel.units)]
    return Areas(_joined(_with_roles(own, panel), _counties(every[~every["unit"].isin(panel.units)])), official=True)


def _of_file(study: Study, panel: Panel, drawn: Drawn) -> Areas:
    labels = dict(zip(panel.units, panel.labels, strict=True))
    own = _with_roles(drawn.shapes[drawn.shapes["unit"].isin(panel.units)], panel)
    own["label"] = own["unit"].map(labels)
    others = drawn.shapes[~drawn.shapes["unit"].isin(panel.units)].assign(role=CONTEXT, ring=0)
    unknown = tuple(sorted(others["unit"]))
    parts = [own, others.assign(unit="", label="")]
    if not study.data.simulated:
        parts.insert(1, _surroundings(own))
    return Areas(
        _joined(*parts),
        missing=tuple(labels[unit] for unit in drawn.missing),
        unknown=unknown,
        mended=tuple(labels.get(unit, unit) for unit in drawn.mended),
    )


def _with_roles(shapes: geopandas.GeoDataFrame, panel: Panel) -> geopandas.GeoDataFrame:
    facts: Mapping[str, tuple[str, int]] = {
        unit: (str(role), int(ring)) for unit, role, ring in zip(panel.units, panel.role, panel.ring, strict=True)
    }
    order = shapes.sort_values("unit", ignore_index=True)
    return order.assign(
        role=[facts[unit][0] for unit in order["unit"]], ring=[facts[unit][1] for unit in order["unit"]], label=order["label"]
    )


def _counties(rest: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """The other municipalities, those of a county as one outline without a name."""
    whole = rest.assign(county=rest["unit"].str[:2]).dissolve(by="county", as_index=False)
    return whole.assign(unit="", label="", role=CONTEXT, ring=0)


def _surroundings(own: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    """Municipalities on and around the areas, without names."""
    west, south, east, north = own.total_bounds
    wide, high = _NEAR * (east - west), _NEAR * (north - south)
    every = polygons().rename(columns={"code": "unit", "name": "label"})
    near = every.cx[west - wide : east + wide, south - high : north + high]
    return near.assign(unit="", label="", role=CONTEXT, ring=0)


def _joined(*parts: geopandas.GeoDataFrame) -> geopandas.GeoDataFrame:
    import geopandas  # noqa: PLC0415 -- takes a second to import
    import pandas as pd  # noqa: PLC0415 -- beside it

    columns = ["unit", "label", "role", "ring", "geometry"]
    frame = pd.concat([part[columns] for part in parts if len(part)], ignore_index=True)
    whole = geopandas.GeoDataFrame(frame, geometry="geometry", crs=4326)
    rounded = whole.geometry.transform(lambda at: np.round(at, _DIGITS))
    return whole.set_geometry(rounded)
