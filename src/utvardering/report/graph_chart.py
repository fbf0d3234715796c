"""The causal graph as a picture: a box for each name, an arrow for each belief."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd
from plotnine import (
    aes,
    arrow,
    coord_fixed,
    element_blank,
    geom_path,
    geom_rect,
    geom_text,
    ggplot,
    scale_color_identity,
    scale_fill_identity,
    scale_linetype_identity,
    scale_size_identity,
    scale_x_continuous,
    scale_y_continuous,
    theme,
)

from utvardering.report.charts import BAND, COMPARISON, FONT, INK, LETTER_WIDTH, POINTS, SOFT, TREATED, WIDTH, look
from utvardering.report.graph_layout import FEW, Layout, layout

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Names = Mapping[str, str]

SMALL = 9.0
_LINE, _PAD = 0.175, 0.16  # inches of a line of letters, and of the air in a box
_LONGEST, _SHORTER = 22, 15  # letters to a line of a box: in a graph of few names, and of many
_LOOK = {
    "treatment": ("#fdece3", TREATED, "solid", 1.3),
    "outcome": ("#e8f1f9", COMPARISON, "solid", 1.3),
    "adjusted": (BAND, INK, "solid", 0.7),
    "measured": ("white", SOFT, "solid", 0.7),
    "unobserved": ("white", SOFT, "dashed", 0.7),
}


def lines(label: str, count: int) -> list[str]:
    """A label broken into lines that fit a box of a graph with so many names; a long word gets a hyphen."""
    most = _LONGEST if count <= FEW else _SHORTER
    found = []
    for line in textwrap.wrap(label, most, break_long_words=False):
        while len(line) > most:
            found.append(line[: most - 1] + "-")
            line = line[most - 1 :]  # noqa: PLW2901 -- what is left of it
        found.append(line)
    return found


def drawn(
    labels: Mapping[str, str], kinds: Mapping[str, str], words: Mapping[str, str], edges: Sequence[tuple[str, str]]
) -> Layout:
    """Where the boxes and arrows of a graph stand, each box as large as its label and its kind in words need."""
    sizes = {}
    for name, label in labels.items():
        found = lines(label, len(labels))
        longest = max(len(line) for line in [*found, words[kinds[name]]])
        sizes[name] = (longest * LETTER_WIDTH + 2 * _PAD, (len(found) + 1) * _LINE + _PAD)
    return layout(list(labels), list(edges), sizes, WIDTH)


def graph(
    labels: Mapping[str, str], kinds: Mapping[str, str], words: Mapping[str, str], edges: Sequence[tuple[str, str]]
) -> ggplot:
    """The graph: labels, kinds and the words of each kind by name; what is not measured is dashed, its arrows too."""
    found = drawn(labels, kinds, words, edges)
    boxes = pd.DataFrame(
        [
            {
                "xmin": box.x - box.width / 2,
                "xmax": box.x + box.width / 2,
                "ymin": box.y - box.height / 2,
                "ymax": box.y + box.height / 2,
                "x": box.x,
                "label_y": box.y + _LINE / 2,
                "kind_y": box.y - box.height / 2 + _PAD / 2 + _LINE / 2,
                "label": "\n".join(lines(labels[box.name], len(labels))),
                "word": words[kinds[box.name]],
                **dict(zip(("fill", "edge", "line", "size"), _LOOK[kinds[box.name]], strict=True)),
            }
            for box in found.boxes
        ]
    )
    arrows = pd.DataFrame(
        [
            {
                "x": x,
                "y": y,
                "arrow": f"{one.cause} {one.effect}",
                "line": "dashed" if "unobserved" in (kinds[one.cause], kinds[one.effect]) else "solid",
            }
            for one in found.arrows
            for x, y in one.points
        ]
    )
    head = arrow(length=0.09, type="closed")
    return (
        ggplot()
        + geom_path(aes("x", "y", group="arrow", linetype="line"), data=arrows, color=INK, size=0.7, arrow=head)
        + geom_rect(
            aes(xmin="xmin", xmax="xmax", ymin="ymin", ymax="ymax", fill="fill", color="edge", linetype="line", size="size"),
            data=boxes,
        )
        + geom_text(aes("x", "label_y", label="label"), data=boxes, size=POINTS, family=FONT, color=INK)
        + geom_text(aes("x", "kind_y", label="word"), data=boxes, size=SMALL, family=FONT, color=SOFT)
        + scale_fill_identity()
        + scale_color_identity()
        + scale_linetype_identity()
        + scale_size_identity()
        + scale_x_continuous(limits=(0, found.width), expand=(0, 0))
        + scale_y_continuous(limits=(-found.height - 0.05, 0.05), expand=(0, 0))
        + coord_fixed()
        + look(found.height + 0.15)
        + theme(axis_text=element_blank(), axis_title=element_blank(), panel_grid_major=element_blank())
    )
