"""The maps of a study: which areas had the measure, and what was estimated in each of them; with the same in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from utvardering.report import captions
from utvardering.report.map_layout import Ground
from utvardering.report.map_page import LAYERS, NAMED, PLAIN, Named, Page, Style, map_page

if TYPE_CHECKING:
    from plotnine import ggplot

    from utvardering.report.results import Results

ROLES = ("treated", "neighbour", "comparison", "excluded", "unused")
LISTED = 30
"""As many areas of a role are named in a text; the file behind the map names them all."""
HEAVY = 0.10
"""Share of the weight from which a comparison area is drawn darker."""
STEPS = (-20.0, -5.0, 5.0, 20.0)
"""Percent at which the colour of an effect changes."""
COLOURS = ("#01665e", "#80cdc1", "#d4d7dc", "#dfc27d", "#8c510a")
"""From large falls to large rises: told apart by those who do not see red and green as different."""


def area_frame(results: Results) -> pd.DataFrame:
    """The areas of the map: unit, label, role, ring, weight (share in the planned method; NaN where it weights none)."""
    if not results.areas or not results.areas.get("features"):
        return pd.DataFrame()
    rows = [feature["properties"] for feature in results.areas["features"] if feature["properties"]["unit"]]
    frame = pd.DataFrame(rows).reindex(columns=["unit", "label", "role", "ring"])
    frame["weight"] = frame["unit"].map(weights(results))
    order = frame["role"].map({role: place for place, role in enumerate(ROLES)})
    return frame.iloc[np.lexsort([frame["label"], order])].reset_index(drop=True)


def weights(results: Results) -> dict[str, float]:
    """Share of the weight of each comparison area in the planned method; empty where that weights none."""
    rows, planned = results.tables["weights"], results.planned(results.primary.id)
    if planned is None or rows.empty:
        return {}
    rows = rows[(rows["outcome"] == results.primary.id) & (rows["estimator"] == planned["estimator"])]
    total = float(rows["weight"].sum())
    return (
        {str(unit): float(weight) / total for unit, weight in zip(rows["unit"], rows["weight"], strict=True)} if total else {}
    )


def effect_frame(results: Results) -> pd.DataFrame:
    """What was estimated in each treated area, in percent: unit, label, value, low, high, crosses (zero).

    Empty where it may not be read as an effect.
    """
    rows = results.tables["area_effects"]
    if rows.empty or results.is_gated or results.replication:
        return pd.DataFrame()
    found = pd.DataFrame(
        {
            "unit": rows["unit"].astype(str),
            "label": rows["label"].astype(str),
            "value": rows["effect_percent"],
            "low": rows["effect_percent_low"],
            "high": rows["effect_percent_high"],
        }
    )
    found["crosses"] = ~((found["low"] > 0) | (found["high"] < 0))
    return found.sort_values("label", kind="stable", ignore_index=True)


def map_charts(results: Results) -> Iterator[tuple[str, str, tuple[str, str], ggplot, pd.DataFrame]]:
    """Name, section, caption with alternative text, chart and numbers of each map."""
    frame = area_frame(results)
    if frame.empty or not (frame["role"] == "treated").any():
        return
    from utvardering.report.map_chart import draw  # noqa: PLC0415 -- plotnine is loaded when something is drawn

    ground = Ground.of(results.areas or {})
    yield "karta", "areas", words(results, frame), draw(role_page(results, ground, frame)), frame
    effects = effect_frame(results)
    effects = effects[effects["value"].notna()] if len(effects) else effects
    if len(effects) > 1:
        yield "karta-effekt", "areas", effect_words(results, effects), draw(effect_page(results, ground, effects)), effects


def role_page(results: Results, ground: Ground, frame: pd.DataFrame) -> Page:
    """Areas by role, the treated and the neighbours named."""
    texts = results.texts
    styles: dict[str, Style] = dict(PLAIN)
    key = [(PLAIN[role], texts(f"figure.{role}")) for role in ROLES if (frame["role"] == role).any()]
    heavy = frame[(frame["role"] == "comparison") & (frame["weight"] >= HEAVY)]
    if len(heavy):
        dark = Style("#3182bd", edge="#1c2430")
        styles |= dict.fromkeys(heavy["unit"], dark)
        place = next(place for place, (style, _) in enumerate(key) if style is PLAIN["comparison"])
        key.insert(place, (dark, texts("map.heavy", share=texts.percent(100 * HEAVY))))
    wanted = frame[frame["role"].isin(["treated", "neighbour"])]
    if len(wanted) > NAMED:
        wanted = wanted[wanted["role"] == "treated"]
    names = [Named(row.unit, row.label, row.role == "treated") for row in wanted.itertuples()]
    return map_page(ground, styles, LAYERS, names, key)


def effect_page(results: Results, ground: Ground, effects: pd.DataFrame) -> Page:
    """Treated areas by their own estimate, hatched where the interval holds zero; the others pale."""
    texts = results.texts
    pale = Style("#ffffff", edge="#7c8796")
    styles: dict[str, Style] = dict.fromkeys(LAYERS, pale)
    seen = set()
    for row in effects.itertuples():
        place = int(np.searchsorted(STEPS, row.value))
        seen.add(place)
        styles[row.unit] = _effect_style(place, hatched=bool(row.crosses))
    key = [(_effect_style(place, hatched=False), _step(results, place)) for place in sorted(seen)]
    if effects["crosses"].any():
        key.append((Style("#ffffff", "/", edge="#1c2430", width=0.4), texts("map.crosses")))
    key.append((pale, texts("map.others")))
    names = [
        Named(row.unit, f"{row.label} {texts.signed_percent(row.value, 0)}", bold=not row.crosses)
        for row in effects.itertuples()
    ]
    return map_page(ground, styles, LAYERS, names, key)


def _effect_style(place: int, *, hatched: bool) -> Style:
    dark = place in {0, len(COLOURS) - 1}
    return Style(COLOURS[place], "/" if hatched else "", "#ffffff" if dark else "#1c2430", edge="#1c2430", width=0.4)


def _step(results: Results, place: int) -> str:
    texts = results.texts
    ends = [texts.signed_percent(value, 0) for value in STEPS]
    if place == 0:
        return texts("map.below", value=ends[0])
    if place == len(STEPS):
        return texts("map.above", value=ends[-1])
    return texts("words.range", low=ends[place - 1], high=ends[place])


def words(results: Results, frame: pd.DataFrame) -> tuple[str, str]:
    """Caption and alternative text of the map of roles, which names the areas of each role."""
    texts = results.texts
    many = 8
    treated = frame.loc[frame["role"] == "treated", "label"].tolist()
    comparison = int((frame["role"] == "comparison").sum())
    where = texts.joined(treated) if len(treated) <= many else counted(results, len(treated))
    title = texts("figure.map_title", n=where, m=counted(results, comparison))
    said = [
        texts(f"map.alt_{role}", list=named(results, frame.loc[frame["role"] == role, "label"].tolist()))
        for role in ROLES[:-1]
        if (frame["role"] == role).any()
    ]
    return captions.caption(results, title, outlines(results)), " ".join([texts("map.alt"), *said])


def effect_words(results: Results, effects: pd.DataFrame) -> tuple[str, str]:
    """The same for the map of estimates; none is set above the others."""
    texts = results.texts
    holds = int(effects["crosses"].sum())
    title = texts("map.effect_title", holds=texts.number(holds), n=texts.number(len(effects)))
    listed = [
        texts(
            "map.effect_item",
            label=row.label,
            value=texts.signed_percent(row.value),
            range=texts.signed_range(row.low, row.high),
        )
        for row in effects.itertuples()
    ]
    note = texts("map.effect_note", title=results.primary.title, level=captions.level(results))
    return captions.caption(results, title, note), texts("map.effect_alt", list="; ".join(listed))


def counted(results: Results, count: int) -> str:
    """1 kommun, 20 områden."""
    texts = results.texts
    kind = "municipality" if (results.areas or {}).get("official") else "area"
    one, many = texts.raw(f"map.{kind}")
    return f"{texts.number(count)}\u00a0{one if count == 1 else many}"


def outlines(results: Results) -> str:
    """Whose the outlines are."""
    own = "official" if (results.areas or {}).get("official") else "simulated" if results.is_simulated else "own"
    return results.texts(f"map.outlines_{own}")


def named(results: Results, labels: list[str]) -> str:
    """a, b och c; of more than LISTED the first ones, and how many more there are."""
    if len(labels) <= LISTED:
        return results.texts.joined(labels)
    return results.texts("map.and_more", list=", ".join(labels[:LISTED]), n=results.texts.number(len(labels) - LISTED))


def map_facts(results: Results) -> dict[str, list[str]]:
    """What the report says of the outlines once these are not published: areas missing from the map, unknown to it, mended."""
    areas = results.areas or {}
    return {key: list(areas[key]) for key in ("missing", "unknown", "mended") if areas.get(key)}
