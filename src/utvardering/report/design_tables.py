"""The tables of a study before its start, as Markdown."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

from utvardering.report import chart_data, design_data
from utvardering.report.captions import level
from utvardering.report.tables import pipe
from utvardering.report.texts import upper_first

if TYPE_CHECKING:
    from utvardering.report.results import Results

CHOICES = ("planned", "group", "nearest", "matched", "donors")
"""Ways of choosing the comparison, in the order in which they are listed."""
SHOWN_AREAS = 30
"""As many areas are listed; the rest are in the file."""


def detectable(results: Results) -> str:
    """Smallest detectable change of each outcome by the planned analysis; empty text where it was not computed."""
    texts, rows = results.texts, []
    for outcome in results.outcomes:
        found = design_data.planned_rows(results, "detectable", outcome)
        found = found[found["variation"] == design_data.PLANNED] if len(found) else found
        if found.empty:
            continue
        value = design_data.smallest_detectable(results, outcome)
        said = texts("design.detectable_none") if math.isinf(value) else texts.percent(100 * value)
        rows.append((outcome.title, upper_first(texts.name("estimator", found["estimator"].iloc[0])), said))
    if not rows:
        return ""
    caption = texts("design.detectable_caption")
    return pipe(texts.raw("design.detectable_columns"), rows, caption, "tbl-upptackbart", "llr", "44,32,24")


def alarms(results: Results) -> str:
    """False positives of every analysis tried on the primary outcome, the planned one first and in bold."""
    texts, outcome = results.texts, results.primary
    frame = results.tables["false_positives"]
    frame = frame[frame["outcome"] == outcome.id] if len(frame) else frame
    if frame.empty:
        return ""
    rows = []
    for _, row in frame.sort_values("planned", ascending=False, kind="stable").iterrows():
        mark = "**" if row["planned"] else ""
        inference = texts.name("inference", chart_data.inference_name(results, str(row["inference"])))
        rows.append(
            (
                f"{mark}{upper_first(texts.name('estimator', row['estimator']))}{mark}, {inference}",
                f"{mark}{_percent(results, row['rate'])}{mark}",
                texts("words.range", low=_percent(results, row["low"]), high=_percent(results, row["high"])),
                _percent(results, row["limit"]),
                _percent(results, row["coverage"]),
                f"**{texts('sure.grade_' + str(row['verdict']))}**",
            )
        )
    caption = texts("design.alarms_caption", title=outcome.title, level=level(results))
    return pipe(texts.raw("design.alarms_columns"), rows, caption, "tbl-larm", "lrlrrl", "30,13,19,10,12,16")


def _percent(results: Results, share: float) -> str:
    """A share as percent, with a decimal below ten."""
    texts = results.texts
    if pd.isna(share):
        return texts("word.none")
    return texts.percent(100 * float(share), 1 if 0 < share < 0.1 else 0)  # noqa: PLR2004 -- where a decimal tells something


def regression(results: Results) -> str:
    """How the treated areas stood in the year before the start, and what change is to be expected without a measure."""
    texts, frame = results.texts, results.tables["regression_to_mean"]
    if frame.empty:
        return ""
    titles = {one.id: one.title for one in results.outcomes}
    rows = [
        (
            titles.get(row.outcome, row.outcome),
            str(row.unit) or texts("design.together"),
            texts.signed_percent(100 * float(row.excess)),
            texts(
                "design.regression_expected",
                value=texts.signed_percent(100 * float(row.expected_change)),
                range=texts.signed_range(100 * float(row.low), 100 * float(row.high)),
            ),
            f"**{texts.name('grade', str(row.verdict))}**",
        )
        for row in frame.itertuples()
    ]
    caption = texts("design.regression_caption")
    return pipe(texts.raw("design.regression_columns"), rows, caption, "tbl-topp", "llrll", "26,20,16,26,12")


def choices(results: Results) -> str:
    """The ways of choosing the comparison on the same terms, the recommended one in bold."""
    texts, rules = results.texts, results.choice.get("choices", {})
    if not rules:
        return ""
    best = design_data.recommended(results)
    rows = []
    for name in [name for name in CHOICES if name in rules]:
        rule = rules[name]
        mark = "**" if name == best else ""
        largest, error = rule.get("largest_difference"), rule.get("held_out_error")
        gap = texts("word.none") if largest is None else texts.number(float(largest), 2)
        about = f" ({design_data.variable_name(results, str(rule['variable'])).lower()})" if rule.get("variable") else ""
        rows.append(
            (
                f"{mark}{texts.name('choice', name)}{mark}: {rule.get('rule', '')}".rstrip(": "),
                texts.number(float(rule["n_comparison"])),
                gap + about,
                texts("word.none") if error is None else _error(results, float(error)),
            )
        )
    caption = texts("design.comparison_caption")
    return pipe(texts.raw("design.comparison_columns"), rows, caption, "tbl-val", "lrll", "42,12,30,16")


def _error(results: Results, error: float) -> str:
    """The error of a forecast: percent of the level of a count or rate, else in the outcome's own unit."""
    relative = results.primary.kind in {"count", "rate"}
    return results.texts.percent(100 * error, 1) if relative else results.texts.number(error, 2)


def candidates(results: Results) -> str:
    """The areas, treated first, then by likeness."""
    texts, frame = results.texts, results.tables["candidates"]
    if frame.empty:
        return ""
    order = {"treated": 0, "comparison": 1, "candidate": 1, "neighbour": 2, "excluded": 3}
    frame = frame.assign(order=frame["role"].map(order).fillna(4), place=frame["rank"].fillna(math.inf))
    frame = frame.sort_values(["order", "place"], kind="stable")
    rows = [
        (
            row.label or row.unit,
            texts.name("role", str(row.role)),
            texts("word.none") if pd.isna(row.rank) else texts.number(float(row.rank)),
            texts.number(float(row.distance), 2),
            str(row.reason),
        )
        for row in frame.head(SHOWN_AREAS).itertuples()
    ]
    caption = texts("design.candidates_caption")
    if len(frame) > SHOWN_AREAS:
        caption += " " + texts("design.candidates_more", n=texts.number(len(frame) - SHOWN_AREAS))
    return pipe(texts.raw("design.candidates_columns"), rows, caption, "tbl-omraden", "llrrl", "22,14,11,15,38")


def rollout(results: Results) -> str:
    """The proposed order of starts."""
    texts, frame = results.texts, results.tables["rollout"]
    if frame.empty or len(set(frame["start"])) == 1:
        return ""
    rows = [
        (int(row.order), row.unit, str(row.start) or texts("design.waits"))
        for row in frame.sort_values("order", kind="stable").itertuples()
    ]
    return pipe(texts.raw("design.rollout_columns"), rows, texts("design.rollout_caption"), "tbl-ordning", "rll")
