"""The maps in words: the areas as a table, with what was estimated in each, and what the outlines lack."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report.captions import level
from utvardering.report.map_figures import effect_frame, named
from utvardering.report.tables import pipe

if TYPE_CHECKING:
    from utvardering.report.results import Results

SHOWN = 60
"""As many areas get a row; the file behind the map has them all."""
_WEIGHTS_SHOWN = 12


def area_table(results: Results) -> str:
    """A row per treated, neighbouring and excluded area, with its own estimate where that may be read; empty without either."""
    texts, effects = results.texts, effect_frame(results)
    shown = _listed(results, effects)
    if shown.empty:
        return ""
    columns = list(texts.raw("map.columns"))
    if len(effects):
        columns += [texts("map.column_effect"), texts("map.column_interval", level=level(results))]
    own = effects.set_index("unit") if len(effects) else effects
    rows = []
    for row in shown.head(SHOWN).itertuples():
        cells = [row.label, _role(results, row.role, row.ring)]
        if len(effects):
            cells += _numbers(results, own.loc[row.unit]) if row.unit in own.index else ["", ""]
        rows.append(cells)
    caption = texts("map.caption_effect" if len(effects) else "map.caption")
    return pipe(columns, rows, caption, "tbl-omraden", "llrl" if len(effects) else "ll")


def _listed(results: Results, effects: pd.DataFrame) -> pd.DataFrame:
    """The areas of the map but those compared with; where there is no map the treated alone."""
    path = results.folder / "figures" / "karta.csv"
    if path.is_file():
        frame = pd.read_csv(path, dtype={"unit": str, "label": str, "role": str})
        return frame[frame["role"].isin(["treated", "neighbour", "excluded"])]
    return effects.assign(role="treated", ring=0)


def _numbers(results: Results, row: pd.Series) -> list[str]:
    texts = results.texts
    if math.isnan(row["value"]):
        return [texts("word.none"), texts("word.none")]
    return [texts.signed_percent(row["value"]), texts.signed_range(row["low"], row["high"])]


def _role(results: Results, role: str, ring: int) -> str:
    texts = results.texts
    return texts("map.ring", ring=ring) if role == "neighbour" and ring > 1 else texts(f"figure.{role}")


def beneath(results: Results) -> list[str]:
    """Sentences below the table: the comparison, how single areas are to be read, and what the outlines lack."""
    texts, effects = results.texts, effect_frame(results)
    said = [_compared(results)]
    if len(effects):
        said.append(texts("map.by_area"))
        if not effects[["low", "high"]].apply(lambda one: one.map(math.isfinite)).to_numpy().all():
            said.append(texts("map.no_interval"))
    facts = results.figures.get("map", {})
    said += [texts(f"map.{key}", list=named(results, names)) for key, names in facts.items()]
    return [one for one in said if one]


def _compared(results: Results) -> str:
    """The comparison areas by name, the heaviest first where the planned method weights them."""
    path = results.folder / "figures" / "karta.csv"
    if not path.is_file():
        return ""
    texts = results.texts
    frame = pd.read_csv(path, dtype={"unit": str, "label": str, "role": str})
    frame = frame[frame["role"] == "comparison"]
    if frame.empty:
        return ""
    count = texts.number(len(frame))
    if frame["weight"].isna().all():
        return texts("map.comparison", n=count, list=named(results, frame["label"].tolist()))
    heaviest = frame[frame["weight"] > 0].sort_values(["weight", "label"], ascending=[False, True]).head(_WEIGHTS_SHOWN)
    items = [texts("map.weight", label=row.label, share=texts.percent(100 * row.weight)) for row in heaviest.itertuples()]
    listed = ", ".join(items)
    return texts("map.comparison_weights", n=count, list=listed)
