"""The numbers behind the pictures of doubts: every estimate that was tried beside the planned one, in percent."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report.results import Results, in_percent
from utvardering.report.texts import upper_first

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS = ("same", "side", "zero")
"""What a row should do were the result sound: lie near the planned estimate, stay on its side of zero, or show nothing."""
MANY = 6
"""Rows of one doubt above which they share a line of the picture."""
_PART = {
    "leave_one_out": "same",
    "windows": "same",
    "alternative_comparisons": "same",
    "scales": "side",
    "structural": "same",
    "trend_deviation": "side",
    "missing_waves": "side",
    "contrasts": "side",
    "placebo_start": "zero",
    "placebo_unit": "zero",
    "negative_controls": "zero",
}
_REFUTE = {"placebo_treatment": "zero", "random_cause": "same", "subset": "same"}
_OWN_NUMBERS = ("quotient", "breakdown", "smoothness_breakdown", "hidden_cause", "tipping", "all", "rank")
"""Variants whose estimate is no effect."""


def part_of(check: str, variant: str) -> str:
    """`same`, `side` or `zero`; empty for what is no effect and for what no picture shows."""
    if variant in _OWN_NUMBERS or check in {"e_value", "graph", "specification_curve", "replication"}:
        return ""
    if check == "refute":
        return _REFUTE.get(variant, "side")
    if check == "displacement":
        return "zero" if variant.startswith("ring") else "side"
    return "side" if variant == "calibrated" else _PART.get(check, "same")


def doubts(results: Results) -> pd.DataFrame:
    """The planned estimate first, then every row with an effect: part, check, label, value, low, high, verdict, shared.

    A shared row stands on one line with the others of its doubt. Empty where there is no planned estimate or nothing to show.
    """
    planned = results.planned(results.primary.id)
    rows = results.tables["robustness"]
    if planned is None or rows.empty:
        return pd.DataFrame()
    ends = {end: float(planned[f"effect_percent{end}"]) for end in ("", "_low", "_high")}
    own = {"value": ends[""], "low": ends["_low"], "high": ends["_high"], "verdict": "", "shared": False}
    found = [
        {"part": "planned", "check": "", "variant": "", "label": results.texts("doubts.planned"), **own},
        *_rows(results, rows),
    ]
    frame = pd.DataFrame(found)
    order = {name: k for k, name in enumerate(("planned", *PARTS))}
    frame = frame.sort_values("part", key=lambda parts: parts.map(order), kind="stable", ignore_index=True)
    return frame if len(frame) > 1 else frame.iloc[:0]


def _rows(results: Results, rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    for check, tried in rows[rows["estimate"].notna()].groupby("check", sort=False):
        shown = tried[[bool(part_of(str(check), variant)) for variant in tried["variant"]]]
        common = shown[shown["variant"] != "calibrated"]
        for _, row in shown.iterrows():
            low, value, high = (_percent(results, row, float(row[name])) for name in ("ci_low", "estimate", "ci_high"))
            if not math.isfinite(value):
                continue
            yield {
                "part": part_of(str(check), row["variant"]),
                "check": check,
                "variant": row["variant"],
                "label": label(results, str(check), str(row["variant"])),
                "value": value,
                "low": low,
                "high": high,
                "verdict": row["verdict"],
                "shared": len(common) > MANY and row["variant"] != "calibrated",
            }


def _percent(results: Results, row: pd.Series, value: float) -> float:
    """An estimate in percent; a control on its own outcome's scale, a contrast as the share that it is."""
    planned = results.planned(results.primary.id)
    assert planned is not None  # noqa: S101 -- without it there are no rows
    if row["check"] == "contrasts" and planned["scale"] != "log_ratio":
        return 100 * value
    if row["check"] == "negative_controls" and row["variant"] != "calibrated":
        own = results.planned(str(row["variant"]))
        return math.nan if own is None else in_percent(own, value)
    return in_percent(planned, value)


def label(results: Results, check: str, variant: str) -> str:  # noqa: C901, PLR0911 -- a line a doubt
    """What a row is called in a picture and in a table."""
    texts = results.texts
    name, found, value = variant.partition("=")
    titles = {one.id: one.title for one in results.outcomes}
    units = results.figures.get("labels", {})
    if check == "placebo_start" and found:
        shift = texts.length(int(value.lstrip("-")), results.primary.unit)
        return texts("doubts.shift", n=shift)
    if check == "displacement" and name == "ring":
        return texts("doubts.ring", ring=value)
    if check in {"leave_one_out", "placebo_unit"} and variant not in {"", "rank"}:
        return texts(f"doubts.{check}", unit=units.get(variant, variant))
    if check == "windows":
        return texts("doubts.window", **_ends(variant))
    if check == "contrasts":
        pair = next(((a, b) for a in titles for b in titles if variant == f"{a}-{b}"), None)
        return texts("doubts.contrast", first=titles[pair[0]], second=titles[pair[1]]) if pair else variant
    if check == "alternative_comparisons":
        return texts("doubts.comparison", rule=comparison_name(results, variant))
    if check == "trend_deviation" and found:
        size = float(value)
        shown = texts.number(size, 1) if name == "relative_magnitude" else texts.number(100 * size, 0 if size * 100 >= 1 else 1)
        return texts(f"doubts.{name}" if size else f"doubts.{name}_none", x=shown)
    if name == "against" and found:
        return texts("doubts.against", name=titles.get(value, value))
    if check == "negative_controls" and variant in titles:
        return titles[variant]
    if check == "refute" and found:
        from utvardering.report.graph_words import labels  # noqa: PLC0415 -- only studies with a graph

        return texts("doubts.hidden_like", name=labels(results).get(value, value))
    key = f"doubts.{variant}"
    return texts(key) if variant and texts.has(key) else variant or upper_first(texts.name("name", check))


def _ends(window: str) -> dict[str, str]:
    first, _, last = window.partition("..")
    return {"first": first, "last": last}


def comparison_name(results: Results, rule: str) -> str:
    """A rule for the comparison in words: `nearest 20`, `all`, `list 1`."""
    texts = results.texts
    method, _, count = rule.partition(" ")
    key = f"doubts.rule_{method}" + ("_n" if count else "")
    return texts(key, n=count) if texts.has(key) else rule


CHOICES = ("estimator", "comparison", "window", "scale")


def specifications(results: Results) -> pd.DataFrame:
    """Every way to calculate in order of size, its choices in words: place, value, low, high, planned, kind, choices.

    `kind` is same (sign and conclusion), silent (sign, where no conclusion can be reached), sign (only the sign) or other.
    """
    frame = results.specifications()
    if frame.empty:
        return pd.DataFrame()
    said = {"true": "same", "false": "sign", "nan": "silent"}
    same = [str(value).lower() == "true" for value in frame["same_sign"]]
    concluded = [str(value).lower() for value in frame["same_conclusion"]]
    kind = [said[other] if one else "other" for one, other in zip(same, concluded, strict=True)]
    out = pd.DataFrame(
        {
            "place": range(1, len(frame) + 1),
            "value": frame["estimate_percent"].astype(float),
            "low": frame["low"].astype(float),
            "high": frame["high"].astype(float),
            "planned": frame["planned"].astype(bool),
            "kind": kind,
        }
    )
    for name in CHOICES:
        out[name] = [choice(results, name, str(value)) for value in frame[name]]
    return out


def choice(results: Results, name: str, value: str) -> str:
    """One choice of a specification in words."""
    texts = results.texts
    if name == "estimator":
        return upper_first(texts.name("estimator", value))
    key = f"curve.{name}_{value}"
    if texts.has(key):
        return texts(key)
    if name == "window":
        return texts("doubts.window", **_ends(value))
    return upper_first(comparison_name(results, value))
