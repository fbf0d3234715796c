"""Where the names of a causal graph stand: causes above effects, at most so many beside each other, arrows around the boxes.

Layers as in Sugiyama, Tagawa & Toda (1981): a name stands below all its causes, in the first layer with room; an arrow over
several layers gets a lane of its own in each; the order within layers is the one with fewest crossings. The same graph gives
the same picture.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FEW = 8
"""Names up to which two stand beside each other; with more of them three do."""
TRIES = 20_000
"""Orders that are all tried; where there are more, layers are sorted by where their causes and effects stand."""
SWEEPS = 12
LANE, GAP = 0.22, 0.55
"""Inches that an arrow passing a layer takes, and between two layers."""


@dataclass(frozen=True)
class Box:
    """A name: its middle, width and height in inches, y upwards."""

    name: str
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Arrow:
    """From cause to effect through points that lie beside every other box."""

    cause: str
    effect: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Layout:
    """Boxes and arrows within so many inches."""

    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    width: float
    height: float


def layout(
    names: Sequence[str], edges: Sequence[tuple[str, str]], sizes: Mapping[str, tuple[float, float]], width: float
) -> Layout:
    """Place every name; sizes are the (width, height) of their boxes in inches. The graph has no cycle."""
    level = layers(names, edges)
    chains = {edge: _chain(edge, level) for edge in edges}
    rows = _ordered(names, level, chains)
    heights = [max(sizes[one][1] for one in row if one in sizes) for row in rows]
    top, places, boxes, height = 0.0, dict[str, tuple[float, float]](), list[Box](), dict[str, float]()
    for row, tall in zip(rows, heights, strict=True):
        for one, x in zip(row, _across([sizes.get(one, (LANE, 0))[0] for one in row], width), strict=True):
            places[one], height[one] = (x, top - tall / 2), tall
            if one in sizes:
                boxes.append(Box(one, x, top - tall / 2, sizes[one][0], tall))
        top -= tall + GAP
    arrows = _arrows(chains, places, height, {box.name: box for box in boxes})
    return Layout(tuple(boxes), arrows, width, -top - GAP)


def layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> dict[str, int]:
    """The layer of each name: below its causes, the first with room."""
    most = 2 if len(names) <= FEW else 3
    level: dict[str, int] = {}
    left = list(names)
    while left:
        one = next(name for name in left if all(cause in level for cause, effect in edges if effect == name))
        least = max((level[cause] + 1 for cause, effect in edges if effect == one), default=0)
        level[one] = next(k for k in itertools.count(least) if sum(at == k for at in level.values()) < most)
        left.remove(one)
    return level


def _chain(edge: tuple[str, str], level: Mapping[str, int]) -> tuple[str, ...]:
    """A name, a lane in each layer between, and its effect."""
    cause, effect = edge
    return (cause, *(f"{cause} -> {effect} {k}" for k in range(level[cause] + 1, level[effect])), effect)


def _ordered(
    names: Sequence[str], level: Mapping[str, int], chains: Mapping[tuple[str, str], tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """Names and lanes of each layer from left to right, with as few crossings as are found."""
    rows: list[list[str]] = [[] for _ in range(max(level.values()) + 1)]
    for name in names:
        rows[level[name]].append(name)
    for chain in chains.values():
        for one in chain[1:-1]:
            rows[int(one.rsplit(" ", 1)[1])].append(one)
    links = [pair for chain in chains.values() for pair in itertools.pairwise(chain)]
    if math.prod(math.factorial(len(row)) for row in rows) <= TRIES:
        by_row = [list(itertools.permutations(row)) for row in rows]
        orders: list[tuple[tuple[str, ...], ...]] = list(itertools.product(*by_row))
    else:
        orders = _sweeps(rows, links)
    best: tuple[tuple[str, ...], ...] = min(orders, key=lambda order: _crossings(order, links))
    return list(best)


def _sweeps(rows: list[list[str]], links: list[tuple[str, str]]) -> list[tuple[tuple[str, ...], ...]]:
    """Orders met when each layer is sorted, downwards and upwards in turn, by the mean place of its neighbours."""
    found = [tuple(map(tuple, rows))]
    for sweep in range(SWEEPS):
        order = [list(row) for row in found[-1]]
        for k in range(len(order)) if sweep % 2 == 0 else reversed(range(len(order))):
            place = {one: i / max(len(row) - 1, 1) for row in order for i, one in enumerate(row)}
            near = {one: [place[a] if b == one else place[b] for a, b in links if one in (a, b)] for one in order[k]}
            order[k].sort(key=lambda one: sum(near[one]) / len(near[one]) if near[one] else place[one])
        found.append(tuple(map(tuple, order)))
    return found


def _crossings(order: Sequence[Sequence[str]], links: Sequence[tuple[str, str]]) -> float:
    """Crossings between layers; by how much arrows lean decides between equals."""
    place = {one: (k, i / max(len(row), 1), len(row)) for k, row in enumerate(order) for i, one in enumerate(row)}
    lean = sum(abs(place[a][1] + 0.5 / place[a][2] - place[b][1] - 0.5 / place[b][2]) for a, b in links)
    by_layer: dict[int, list[tuple[float, float]]] = {}
    for a, b in links:
        by_layer.setdefault(place[a][0], []).append((place[a][1], place[b][1]))
    crossed = sum(
        (one[0] - other[0]) * (one[1] - other[1]) < 0
        for pairs in by_layer.values()
        for one, other in itertools.combinations(pairs, 2)
    )
    return crossed + lean / (1000 * len(links) or 1)


def _across(widths: list[float], width: float) -> list[float]:
    """Middles of boxes of these widths with equal air between them and at the edges."""
    air = (width - sum(widths)) / (len(widths) + 1)
    found, left = [], air
    for one in widths:
        found.append(left + one / 2)
        left += one + air
    return found


def _arrows(
    chains: Mapping[tuple[str, str], tuple[str, ...]],
    places: Mapping[str, tuple[float, float]],
    height: Mapping[str, float],
    boxes: Mapping[str, Box],
) -> tuple[Arrow, ...]:
    """Arrows leave a box below and reach one above, apart from each other in the order of where they lead."""
    leaving: dict[str, list[tuple[str, str]]] = {}
    reaching: dict[str, list[tuple[str, str]]] = {}
    for edge in chains:
        leaving.setdefault(edge[0], []).append(edge)
        reaching.setdefault(edge[1], []).append(edge)
    for found in leaving.values():
        found.sort(key=lambda edge: (places[chains[edge][1]][0], edge))
    for found in reaching.values():
        found.sort(key=lambda edge: (places[chains[edge][-2]][0], edge))
    arrows = []
    for (cause, effect), chain in chains.items():
        first, last = boxes[cause], boxes[effect]
        points = [(_foot(first, leaving[cause], (cause, effect)), first.y - first.height / 2)]
        for one in chain[1:-1]:
            x, y = places[one]
            points += [(x, y + height[one] / 2), (x, y - height[one] / 2)]
        points.append((_foot(last, reaching[effect], (cause, effect)), last.y + last.height / 2))
        arrows.append(Arrow(cause, effect, tuple(points)))
    return tuple(arrows)


def _foot(box: Box, edges: list[tuple[str, str]], edge: tuple[str, str]) -> float:
    return box.x + box.width * ((edges.index(edge) + 1) / (len(edges) + 1) - 0.5)
