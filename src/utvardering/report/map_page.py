"""What stands on the page of a map: filled outlines, patterns, names with lines to their areas, and a key.

Colour never tells alone: each role has a pattern or a darkness of its own, and the areas that matter bear their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from utvardering.report.charts import FONT, INK, LAND, POINTS, SOFT, WIDTH
from utvardering.report.map_layout import CONTEXT, SMALL, Ground, View, fitted, windows

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

TALLEST = 5.4
"""Inches of the map at most; the key comes below."""
LINE = 0.2
"""Inches from one name to the next."""
GAP = 0.12
HEAD = 0.1
NARROWEST = 3.0
"""Room above the highest name."""
SQUARE = 0.17
NAMED = 24
"""As many areas are named on the map; more would not fit beside it."""
COLUMN = 1.55
"""Inches of the widest column of names; longer ones are broken."""
APART = 0.055
"""Inches between the lines of a pattern."""
EDGE = "#8a93a0"
SURROUNDINGS = "#f1f3f5"


@dataclass(frozen=True)
class Style:
    """How areas are drawn: fill, pattern (slashes, a dash, x, or none), its colour, and the border."""

    fill: str
    pattern: str = ""
    ink: str = INK
    edge: str = EDGE
    width: float = 0.15


@dataclass
class Page:
    """The parts of a figure, in inches; later parts lie above earlier ones of the same kind."""

    width: float = WIDTH
    height: float = 0.0
    fills: list[tuple[BaseGeometry, Style]] = field(default_factory=list)
    lines: list[tuple[float, float, float, float, str, float]] = field(default_factory=list)
    words: list[tuple[float, float, str, str, bool]] = field(default_factory=list)
    plates: list[BaseGeometry] = field(default_factory=list)

    def fill(self, shape: BaseGeometry, style: Style) -> None:
        """An outline with its fill and its pattern."""
        self.fills.append((shape, style))
        self.lines += [(*ends, style.ink, 0.35) for ends in pattern_of(shape, style.pattern)]

    def box(self, sides: tuple[float, float, float, float], colour: str, width: float) -> None:
        """A frame without a fill."""
        left, bottom, right, top = sides
        ring = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        self.lines += [(*a, *b, colour, width) for a, b in pairwise(ring)]


@dataclass(frozen=True)
class Named:
    """A name beside the map: unit, text, and whether it stands out."""

    unit: str
    text: str
    bold: bool


def map_page(
    ground: Ground,
    style_of: Mapping[str, Style],
    layers: Sequence[str],
    names: Sequence[Named],
    key: Sequence[tuple[Style, str]],
) -> Page:
    """The whole figure.

    style_of: how each unit is drawn, roles standing for units that have none of their own; layers: roles from the lowest to the
    highest; names: areas that are named, as far as there is room; key: what each style means, in words.
    """
    names = names if len(names) <= NAMED else ()
    wide = max(
        (width_of(line, bold=one.bold) for one in names for line in broken(one.text, COLUMN, bold=one.bold)), default=0.0
    )
    extent = ground.extent()
    first = fitted(extent, WIDTH, TALLEST)
    enlarged = windows(ground, first)
    right = max(view.box[2] for view in enlarged) + GAP + 0.03 if enlarged else 0.0
    inside = {unit for view in enlarged for unit, _ in ground.shapes(view, "treated")}
    inside |= {unit for view in enlarged for unit, _ in ground.shapes(view, "neighbour")}
    beside = [one for one in names if one.unit not in inside]
    both = len(beside) > 5 and not enlarged  # noqa: PLR2004 -- more names than a column holds beside a small map
    column = wide + 2.5 * GAP if beside else 0.0
    main = fitted(extent, WIDTH - right - column * (2 if both else 1), TALLEST)
    content = max(main.box[2] + column * (2 if both else 1) + right, NARROWEST)
    columns = _columns(key, content)
    key_height = LINE * 1.25 * -(-len(key) // columns) + GAP
    texts = [broken(one.text, COLUMN, bold=one.bold) for one in beside]
    rows = -(-sum(map(len, texts)) // (2 if both else 1)) + max(map(len, texts), default=0)
    tall = HEAD + max(main.box[3], LINE * rows, sum(view.box[3] + GAP for view in enlarged))
    main = main.moved(column, key_height + (tall - HEAD - main.box[3]) / 2)
    page = Page(content, key_height + tall)
    _draw(page, ground, main, style_of, layers)
    for placed in _placed(enlarged, main, key_height, key_height + tall - HEAD / 2):
        _draw(page, ground, placed, style_of, layers)
        page.box(placed.box, SOFT, 0.6)
        _tie(page, main, placed)
        _name_within(page, ground, placed, [one for one in names if one.unit in inside])
    if not enlarged:
        _rings(page, ground, main)
    _name_beside(page, ground, main, beside, column, key_height, both=both)
    _key(page, key, key_height - GAP, columns)
    return page


def _placed(views: Sequence[View], main: View, low: float, high: float) -> list[View]:
    """Windows at the right of the map, each as near the height of what it enlarges as the others let it."""

    def height(view: View) -> float:
        west, south, east, north = view.ground
        return float(main.place(np.array([[(west + east) / 2, (south + north) / 2]]))[0, 1])

    order = sorted(views, key=height)
    middles = spread([height(view) for view in order], [view.box[3] + GAP for view in order], low, high)
    return [view.moved(main.box[2] + GAP, at - view.box[3] / 2) for view, at in zip(order, middles, strict=True)]


def _draw(page: Page, ground: Ground, view: View, style_of: Mapping[str, Style], layers: Sequence[str]) -> None:
    for role in (CONTEXT, *layers):
        for unit, shape in ground.shapes(view, role):
            page.fill(shape, style_of.get(unit, style_of.get(role, Style(SURROUNDINGS, edge="#d5dae0"))))


def _tie(page: Page, main: View, placed: View) -> None:
    """The frame on the main map that tells what a window enlarges, and a line between the two."""
    (left, bottom), (right, top) = main.place(np.array([placed.ground[:2], placed.ground[2:]]))
    least = 0.04
    page.box((left - least, bottom - least, right + least, top + least), INK, 0.7)
    page.lines.append((right + least, (bottom + top) / 2, placed.box[0], (placed.box[1] + placed.box[3]) / 2, SOFT, 0.5))


def _outlines(ground: Ground, view: View) -> dict[str, BaseGeometry]:
    """What a line from a name leads to: the outline of the area, or the ring around it."""
    found = {unit: shape for role in ("neighbour", "treated") for unit, shape in ground.shapes(view, role)}
    return {unit: shape if np.sqrt(shape.area) >= SMALL / 2 else _ring(shape) for unit, shape in found.items()}


def _ring(shape: BaseGeometry) -> BaseGeometry:
    return shape.representative_point().buffer(SMALL / 2, quad_segs=8)


def _edge(shape: BaseGeometry, start: tuple[float, float]) -> tuple[float, float]:
    """Where a line from a point to the inside of an outline meets it."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    inside = shape.representative_point()
    way = shapely.LineString([start, (inside.x, inside.y)])
    met = shapely.intersection(way, shape.boundary)
    near = shapely.Point(start)
    ends = [part for part in shapely.get_parts(met) if part.geom_type == "Point"] or [inside]
    end = min(ends, key=near.distance)
    return float(end.x), float(end.y)


def _rings(page: Page, ground: Ground, view: View) -> None:
    """A ring around each treated area that is hard to see."""
    for unit, shape in ground.shapes(view, "treated"):
        if unit and np.sqrt(shape.area) < SMALL / 2:
            ring = np.array(_ring(shape).exterior.coords)
            page.lines += [(*a, *b, INK, 0.7) for a, b in pairwise(ring)]


def _points(ground: Ground, view: View) -> dict[str, tuple[float, float]]:
    """A point inside each area that bears a unit, where the view shows it."""
    found = {}
    for role in ("treated", "neighbour"):
        for unit, shape in ground.shapes(view, role):
            point = shape.representative_point()
            found[unit] = (point.x, point.y)
    return found


def spread(wanted: Sequence[float], room: Sequence[float], low: float, high: float) -> list[float]:
    """Heights as near the wanted ones as can be, each with its room, between low and high; wanted ones rise."""
    placed = []
    floor = low
    for want, need in zip(wanted, room, strict=True):
        at = max(want, floor + need / 2)
        placed.append(at)
        floor = at + need / 2
    ceiling = high
    for place in reversed(range(len(placed))):
        placed[place] = min(placed[place], ceiling - room[place] / 2)
        ceiling = placed[place] - room[place] / 2
    return placed


def _name_beside(page: Page, ground: Ground, view: View, names: list[Named], column: float, low: float, *, both: bool) -> None:
    """Names in a column at the left, or in one on each side, above the key, each with a line to its area."""
    points, outlines = _points(ground, view), _outlines(ground, view)
    names = sorted((one for one in names if one.unit in points), key=lambda one: points[one.unit][0])
    half = -(-len(names) // 2) if both else len(names)
    for side, part in (("right", names[:half]), ("left", names[half:])):
        rows = sorted(part, key=lambda one: points[one.unit][1])
        texts = [broken(one.text, COLUMN, bold=one.bold) for one in rows]
        room = [LINE * len(text) for text in texts]
        heights = spread([points[one.unit][1] for one in rows], room, low, page.height)
        x = column - 2 * GAP if side == "right" else view.box[2] + 2 * GAP
        tip = x + (0.05 if side == "right" else -0.05)
        for one, text, height in zip(rows, texts, heights, strict=True):
            page.words.append((x, height, "\n".join(text), side, one.bold))
            page.lines.append((tip, height, *_edge(outlines[one.unit], (tip, height)), SOFT, 0.4))


def _name_within(page: Page, ground: Ground, view: View, names: list[Named]) -> None:
    """Names in a window, on white at their areas as far as they do not lie on each other."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    points = _points(ground, view)
    rows = sorted((one for one in names if one.unit in points), key=lambda one: points[one.unit][1])
    left, bottom, right, top = view.box
    texts = [broken(one.text, right - left - 0.1, bold=one.bold) for one in rows]
    heights = spread([points[one.unit][1] for one in rows], [LINE * len(text) for text in texts], bottom + 0.03, top - 0.03)
    for one, text, height in zip(rows, texts, heights, strict=True):
        half = max(width_of(line, bold=one.bold) for line in text) / 2
        x = min(max(points[one.unit][0], left + half + 0.03), right - half - 0.03)
        tall = LINE * len(text) / 2
        page.plates.append(shapely.box(x - half - 0.04, height - tall, x + half + 0.04, height + tall))
        page.words.append((x, height, "\n".join(text), "center", one.bold))


def _columns(key: Sequence[tuple[Style, str]], width: float) -> int:
    """Columns of the key: two where they fit."""
    widest = max((width_of(text) for _, text in key), default=0.0)
    return 2 if len(key) > 1 and 2 * (SQUARE + 0.2 + widest) <= width else 1


def _key(page: Page, key: Sequence[tuple[Style, str]], top: float, columns: int) -> None:
    """What each style means, below the map."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    rows = -(-len(key) // columns)
    for place, (style, text) in enumerate(key):
        x, y = 0.02 + page.width / 2 * (place // rows), top - LINE * 1.25 * (place % rows) - LINE
        page.fill(shapely.box(x, y, x + SQUARE, y + SQUARE), style)
        page.words.append((x + SQUARE + 0.08, y + SQUARE / 2, text, "left", False))


@cache
def width_of(text: str, *, bold: bool = False) -> float:
    """Inches that a line of text takes, in the letters of the figures."""
    from matplotlib.font_manager import FontProperties  # noqa: PLC0415 -- loaded when something is drawn
    from matplotlib.textpath import TextPath  # noqa: PLC0415 -- beside it

    letters = FontProperties(family=FONT, weight="bold" if bold else "normal")
    return float(TextPath((0, 0), text, size=POINTS, prop=letters).get_extents().width) / 72 + 0.02 if text.strip() else 0.0


def broken(text: str, most: float, *, bold: bool = False) -> list[str]:
    """A text on as many lines as it needs, broken between words but never at a no-break space."""
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, bold=bold) <= most:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines or [text]


def pattern_of(shape: BaseGeometry, pattern: str) -> list[tuple[float, float, float, float]]:
    """The lines of a pattern inside an outline, as their ends."""
    import shapely  # noqa: PLC0415 -- comes with geopandas

    slopes = {"": (), "/": (1.0,), "\\": (-1.0,), "-": (0.0,), "x": (1.0, -1.0)}[pattern]
    left, bottom, right, top = shape.bounds
    ends: list[tuple[float, float, float, float]] = []
    for slope in slopes:
        step = APART * np.sqrt(1 + slope**2)
        lowest = min(bottom - slope * left, bottom - slope * right)
        highest = max(top - slope * left, top - slope * right)
        for start in np.arange(np.ceil(lowest / step), np.floor(highest / step) + 1) * step:
            line = shapely.LineString([(left, slope * left + start), (right, slope * right + start)])
            parts = shapely.get_parts(shapely.intersection(line, shape))
            ends += [_ends(part) for part in parts if part.geom_type == "LineString" and part.length > 0]
    return ends


def _ends(line: BaseGeometry) -> tuple[float, float, float, float]:
    (x, y), (xend, yend) = line.coords[0], line.coords[-1]
    return float(x), float(y), float(xend), float(yend)


def frames(page: Page) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Lines and words as frames for a chart."""
    lines = pd.DataFrame(page.lines, columns=["x", "y", "xend", "yend", "colour", "size"])
    words = pd.DataFrame(page.words, columns=["x", "y", "label", "side", "bold"])
    return lines.round(4), words.round(4)


LAYERS = ("unused", "excluded", "comparison", "neighbour", "treated")
PLAIN = {
    "treated": Style("#8c2d04", edge="#1c2430", width=0.4),
    "comparison": Style("#9ecae1"),
    "neighbour": Style("#e3d5f0", "-", "#5d3a8c", "#5d3a8c", 0.3),
    "excluded": Style("#ffffff", "\\", "#8a93a0"),
    "unused": Style(LAND, edge="#c9ced6"),
}
"""How each role is drawn: dark, light, lines across, lines aslant, pale."""
