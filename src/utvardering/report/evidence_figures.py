"""The pictures of what works: all results of an aim, and a forest plot of each group that was held together."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from utvardering.outputs import write_json
from utvardering.report.evidence_tables import AIMS, heading, read_tables
from utvardering.report.figures import settle, slug, svg
from utvardering.report.forest import alt, forest, study_rows
from utvardering.report.texts import Texts

FIGURES = "figures.json"


@dataclass(frozen=True)
class EvidenceFigure:
    """A picture: its file without ending, to what it belongs (an aim, or the number of a group), caption and alt text."""

    name: str
    of: str
    caption: str
    alt: str


def draw_evidence(folder: Path, language: str = "sv") -> tuple[EvidenceFigure, ...]:
    """Draw every figure of the tables in `folder` beside them as SVG, and list them in `figures.json`."""
    settle()
    tables, texts = read_tables(folder), Texts(language)
    drawn: list[EvidenceFigure] = []
    for aim in AIMS:
        rows = tables.readable(aim)
        rows = rows[rows["effect_percent"].notna()]
        if len(rows):
            frame = study_rows(rows, texts, percent=True)
            told = texts("evidence.figure", aim=texts.name("aim", aim))
            (folder / f"resultat-{aim}.svg").write_text(svg(forest(frame, "percent", "", texts)), encoding="utf-8")
            drawn.append(EvidenceFigure(f"resultat-{aim}", aim, told, alt(frame, "percent", "", texts)))
    for number, (_, group) in enumerate(tables.pooled.iterrows()):
        frame, scale, unit = tables.picture(group, texts), group["scale"], group["unit"]
        name = slug(f"{group['measure']} {group['aim']} {number + 1}")
        key = "evidence.pooled_figure_two" if group["k"] == 2 else "evidence.pooled_figure"  # noqa: PLR2004 -- side by side
        told = texts(key, heading=heading(group, tables, texts))
        (folder / f"{name}.svg").write_text(svg(forest(frame, scale, unit, texts)), encoding="utf-8")
        drawn.append(EvidenceFigure(name, str(number), told, alt(frame, scale, unit, texts)))
    write_json([asdict(one) for one in drawn], folder / FIGURES)
    return tuple(drawn)
