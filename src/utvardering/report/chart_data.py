"""The numbers behind each figure, a frame per figure: what is drawn, what is published as CSV, and nothing else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from utvardering.report.results import Outcome, Results, in_percent
from utvardering.report.texts import parts, per_year, position

if TYPE_CHECKING:
    from collections.abc import Iterator

PER = 100_000
BASE = 100.0
SHOWN_WEEKS = 40
DRAWN_ROLES = ("treated", "comparison")
WITHOUT_COMPARISON = ("interrupted",)
"""Estimators whose effects per period lie on fitted lines: drawn only where they are planned or alone."""
OF_NEIGHBOURS = ("wdd_neighbours", "wdd_total")
"""Estimands about neighbouring areas, which no figure sets beside estimates for the treated."""

WEIGHTED_MEANS = ("att_weighted",)
"""Estimands that are always named beside their method, since they are no plain mean over units and periods."""


def over_time(results: Results, outcome: Outcome) -> pd.DataFrame:
    """Treated against comparison: group, period, x (years), after, value, shown (index or percent) and its one-year mean.

    Value is the rate per 100 000 and year for a count with exposure, the sum of a count without, else the mean over areas.
    Empty where there is no panel, or no unit that never got the measure. Counts of persons below the study's smallest cell are
    left out.
    """
    if results.panel is None:
        return pd.DataFrame()
    panel = results.panel
    panel = panel[(panel["outcome"] == outcome.id) & panel["role"].isin(DRAWN_ROLES) & panel["value"].notna()]
    if panel["role"].nunique() < len(DRAWN_ROLES):
        return pd.DataFrame()
    frames = []
    for role in DRAWN_ROLES:
        part = panel[panel["role"] == role]
        grouped = part.groupby("period", sort=False)
        frame = grouped.agg(total=("value", "sum"), mean=("value", "mean"), exposure=("exposure", "sum")).reset_index()
        if outcome.is_count and outcome.exposure:
            frame["value"] = frame["total"] / frame["exposure"] * PER * per_year(outcome.unit)
        elif outcome.is_count:
            frame["value"] = frame["total"] / len(part["unit"].unique())
        else:
            frame["value"] = frame["mean"] * (100 if outcome.kind == "share" else 1)
        frame["group"] = role
        if outcome.persons:
            frame.loc[frame["total"] < float(results.setting("report", "smallest_cell", 5)), "value"] = np.nan
        frames.append(frame)
    frame = pd.concat(frames, ignore_index=True)
    frame["x"] = [position(label, outcome.unit) for label in frame["period"]]
    begun = first_start(panel, outcome.unit)
    frame["after"] = frame["x"] >= begun - 1e-9  # an axis in years is not exact
    return _scaled(frame, outcome).sort_values(["group", "x"], ignore_index=True)


def _scaled(frame: pd.DataFrame, outcome: Outcome) -> pd.DataFrame:
    frame["shown"] = frame["value"]
    if outcome.kind in {"count", "rate"}:
        before = frame[~frame["after"]].groupby("group")["value"].mean()
        frame["shown"] = BASE * frame["value"] / frame["group"].map(before)
    window = per_year(outcome.unit)
    least = max(1, window // 2)
    smooth = frame.groupby(["group", "after"])["shown"].rolling(window, min_periods=least, center=True).mean()
    frame["smooth"] = smooth.reset_index(level=[0, 1], drop=True)
    if window == 1:
        frame["smooth"] = frame["shown"]
    return frame[["group", "period", "x", "after", "value", "shown", "smooth"]]


def is_index(outcome: Outcome) -> bool:
    """Whether the figure over time shows an index."""
    return outcome.kind in {"count", "rate"}


def starts(panel: pd.DataFrame) -> list[str]:
    """Labels of the first periods under the measure, first to last."""
    under = panel[(panel["role"] == "treated") & (panel["treatment"] > 0)]
    first = under.groupby("unit", sort=False)["period"].agg(lambda labels: min(labels, key=parts))
    return sorted(set(first), key=parts)


def first_start(panel: pd.DataFrame, unit: str) -> float:
    """The first start on the axis of years; infinite where nothing started."""
    return min((position(label, unit) for label in starts(panel)), default=math.inf)


def event_study(results: Results, outcome: Outcome) -> pd.DataFrame:
    """Effect per period from the start in percent: period_from_start, value, low, high, after, outside (interval without 0).

    The rows of one estimator are shown: the planned one where it has such rows, with the planned inference.
    """
    events = results.tables["event_study"]
    events = events[events["outcome"] == outcome.id] if len(events) else events
    if events.empty:
        return pd.DataFrame()
    planned = results.setting("estimation", "estimator", "")
    compared = events[~events["estimator"].isin(WITHOUT_COMPARISON)]
    name = planned if planned in set(events["estimator"]) else (compared if len(compared) else events)["estimator"].iloc[0]
    events = events[events["estimator"] == name]
    inference = results.setting("estimation", "inference", "randomization")
    chosen = events[
        events["inference"] == (inference if inference in set(events["inference"]) else events["inference"].iloc[0])
    ]
    chosen = chosen[chosen["weights"] == chosen["weights"].iloc[0]]
    rows = results.estimates(outcome.id)
    rows = rows[(rows["scale"] == chosen["scale"].iloc[0]) & rows["effect_percent"].notna() & (rows["estimate"] != 0)]
    own = rows[rows["estimator"] == name]
    if rows.empty:
        return pd.DataFrame()
    row = (own if len(own) else rows).iloc[0]
    frame = pd.DataFrame({"period_from_start": chosen["period_from_start"].astype(int)})
    for target, column in (("value", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
        frame[target] = [in_percent(row, value) for value in chosen[column]]
    frame["after"] = frame["period_from_start"] >= 0
    frame["outside"] = (frame["low"] > 0) | (frame["high"] < 0)
    return frame.sort_values("period_from_start", ignore_index=True)


def methods(results: Results, outcome: Outcome) -> pd.DataFrame:
    """Every estimate in percent, the planned first: label, value, low, high, planned, units, units_low, units_high, first.

    A method with several estimands is shown by its first in pictures; tables show them all.
    """
    texts = results.texts
    rows = results.estimates(outcome.id)
    rows = rows[~rows["estimand"].isin(OF_NEIGHBOURS)] if len(rows) else rows
    several = len(set(rows["weights"])) > 1 if len(rows) else False
    first = rows.drop_duplicates("estimator").set_index("estimator")["estimand"] if len(rows) else {}
    records = []
    for _, row in rows.iterrows():
        name = texts.name("estimator", row["estimator"])
        own = row["estimand"] == first[row["estimator"]]
        if not own or row["estimand"] in WEIGHTED_MEANS:
            name += ", " + texts.name("estimand", row["estimand"])
        if several:
            name += ", " + texts("effect.weighted_plain" if row["weights"] else "effect.unweighted")
        records.append(
            {
                "method": name,
                "inference": texts.name("inference", inference_name(results, row["inference"])),
                "value": row["effect_percent"],
                "low": row["effect_percent_low"],
                "high": row["effect_percent_high"],
                "planned": bool(row["planned"]),
                "units": row["effect_units"],
                "units_low": row["effect_units_low"],
                "units_high": row["effect_units_high"],
                "estimand": row["estimand"],
                "first": own,
            }
        )
    return pd.DataFrame(records)


def inference_name(results: Results, inference: str) -> str:
    """A randomized inference is a lottery test only where the starts were drawn by lottery."""
    drawn = results.measure.get("assignment") == "lottery"
    return "lottery" if drawn and inference in {"randomization", "permutation"} else inference


def dose(results: Results) -> pd.DataFrame:
    """Hours a week planned and delivered over all areas, by week or, where these are many, a month's mean week."""
    log = results.tables["dose"]
    return pd.DataFrame() if log.empty else weekly_hours(log)


def weekly_hours(log: pd.DataFrame) -> pd.DataFrame:
    """Hours a week of a dose log: period, planned, delivered, x; by week or, where these are many, a month's mean week."""
    frame = log.assign(period=[_month(week) for week in log["week"]]) if log["week"].nunique() > SHOWN_WEEKS else None
    if frame is None or (frame["period"] == "").any():
        frame = log.assign(period=log["week"])
    grouped = frame.groupby("period", sort=False)
    weeks = grouped["week"].nunique()
    summed = grouped[["planned_hours", "delivered_hours"]].sum().div(weeks, axis=0).reset_index()
    summed["x"] = [position(label, "month" if len(label) == len("2022-07") else "week") for label in summed["period"]]
    return summed.rename(columns={"planned_hours": "planned", "delivered_hours": "delivered"}).sort_values(
        "x", ignore_index=True
    )


def _month(week: str) -> str:
    """The month that holds the Thursday of an ISO week, or the month of a date; empty where the text is neither."""
    try:
        if len(week) == len("2022-07-01") and week[5].isdigit():
            return week[:7]
        year, number = parts(week)
        return pd.Timestamp.fromisocalendar(year, number, 4).strftime("%Y-%m")
    except ValueError:
        return ""


def neighbours(results: Results) -> pd.DataFrame:
    """The planned estimate and that of each ring of neighbours, in percent: label, value, low, high, verdict, own."""
    rows = results.rings()
    rows = rows[rows["estimate"].notna()] if len(rows) else rows
    planned = results.planned(results.primary.id)
    if rows.empty or planned is None:
        return pd.DataFrame()
    return pd.DataFrame(list(_neighbour_rows(results, rows)))


def _neighbour_rows(results: Results, rows: pd.DataFrame) -> Iterator[dict[str, object]]:
    outcome, texts = results.primary.id, results.texts
    for _, row in rows.iterrows():
        low, value, high = (results.percent(outcome, row[name]) for name in ("ci_low", "estimate", "ci_high"))
        label = texts("moved.ring", ring=row["variant"].partition("=")[2])
        yield {"label": label, "value": value, "low": low, "high": high, "verdict": row["verdict"], "own": False}
    if not results.is_gated:
        planned = results.planned(outcome)
        if planned is not None:
            low, value, high = (float(planned[f"effect_percent{end}"]) for end in ("_low", "", "_high"))
            yield {"label": texts("figure.measure_area"), "value": value, "low": low, "high": high, "verdict": "", "own": True}
