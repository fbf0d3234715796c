"""Where are the areas? Polygons of the municipalities of a panel, small enough to draw and to publish."""

from __future__ import annotations

import json
from typing import Any

from utvardering.data.municipalities import municipalities, polygons
from utvardering.data.panel import Panel

_COARSE = 0.01  # degrees, about a kilometre: unseen on a page


def areas_geojson(panel: Panel) -> dict[str, Any] | None:
    """A GeoJSON feature per municipality of the panel with unit, label and role; None where units are other areas."""
    if not set(panel.units) <= set(municipalities()):
        return None
    frame = polygons()
    frame = frame[frame["code"].isin(panel.units)].sort_values("code").reset_index(drop=True)
    frame["geometry"] = frame.geometry.simplify(_COARSE).set_precision(_COARSE / 10)
    role = dict(zip(panel.units, panel.role.tolist(), strict=True))
    frame["role"] = frame["code"].map(role)
    frame = frame.rename(columns={"code": "unit", "name": "label"})
    found: dict[str, Any] = json.loads(frame[["unit", "label", "role", "geometry"]].to_json())
    return found
