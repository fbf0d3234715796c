"""The numbers behind the pages of a study before its start: which rows of the design are shown, and in which order."""

from __future__ import annotations

import math

import pandas as pd

from utvardering.report.results import Outcome, Results
from utvardering.report.texts import per_year, position

MORE_AREAS, LONGER = 3, 2
"""As many curves with more areas and with longer follow-up are drawn beside the plan."""
SHOWN_VARIABLES = 10
TRIED = ("more_areas", "longer", "outcome", "estimator")
"""Kinds of advice that change what can be found; a lottery or starts at different times make the answer surer."""
PLANNED = "planned"
AIMED = 0.8
"""Power at which an effect counts as detectable: four studies of five."""


def planned_rows(results: Results, table: str, outcome: Outcome) -> pd.DataFrame:
    """Rows of an outcome by the planned estimator and inference, as the table marks them."""
    frame = results.tables[table]
    if frame.empty:
        return frame
    return frame[(frame["outcome"] == outcome.id) & frame["planned"].astype(bool)]


def smallest_detectable(results: Results, outcome: Outcome) -> float:
    """Smallest effect that the plan finds in four tries of five, as a positive share; inf where there is none, NaN unknown."""
    rows = planned_rows(results, "detectable", outcome)
    rows = rows[rows["variation"] == PLANNED] if len(rows) else rows
    if rows.empty:
        return math.nan
    value = abs(float(rows["smallest_detectable_effect"].iloc[0]))
    return math.inf if math.isnan(value) else value


def power_at(results: Results, outcome: Outcome, effect: float) -> float:
    """Power of the plan at an effect (a positive share), between the effects that were tried; NaN beyond them."""
    rows = planned_rows(results, "power", outcome)
    rows = rows[rows["variation"] == PLANNED] if len(rows) else rows
    rows = rows.assign(size=rows["effect"].abs()).sort_values("size") if len(rows) else rows
    if rows.empty or not rows["size"].iloc[0] <= effect <= rows["size"].iloc[-1]:
        return math.nan
    for low, high in zip(rows.itertuples(), rows.iloc[1:].itertuples(), strict=False):
        if low.size <= effect <= high.size:
            share = (effect - low.size) / (high.size - low.size)
            return float(low.power + share * (high.power - low.power))
    return float(rows["power"].iloc[0])


def plan_size(results: Results) -> tuple[int, int]:
    """Treated areas and periods of follow-up in the plan, as the design used them; 0 where it is not known."""
    for table in ("detectable", "power"):
        rows = planned_rows(results, table, results.primary)
        rows = rows[rows["variation"] == PLANNED] if len(rows) else rows
        if len(rows):
            return int(rows["n_treated"].iloc[0]), int(rows["follow_up"].iloc[0])
    return 0, 0


def power_curves(results: Results) -> pd.DataFrame:
    """Power by effect for the primary outcome: curve, order, planned, effect and power in percent, mc_error likewise.

    The plan first, then a few with more areas and a few with longer follow-up.
    """
    rows = planned_rows(results, "power", results.primary)
    if rows.empty:
        return pd.DataFrame()
    texts, unit = results.texts, results.primary.unit
    n_treated, follow_up = plan_size(results)
    more = sorted({int(n) for n in rows.loc[rows["variation"] == "n_treated", "n_treated"] if n > n_treated})
    longer = sorted({int(n) for n in rows.loc[rows["variation"] == "follow_up", "follow_up"] if n > follow_up})
    curves = [(texts("design.curve_planned"), rows[rows["variation"] == PLANNED])]
    curves += [
        (texts("design.curve_areas", n=texts.number(n)), rows[(rows["variation"] == "n_treated") & (rows["n_treated"] == n)])
        for n in spread(more, MORE_AREAS)
    ]
    curves += [
        (
            texts("design.curve_time", time=texts.length(n, unit)),
            rows[(rows["variation"] == "follow_up") & (rows["follow_up"] == n)],
        )
        for n in spread(longer, LONGER)
    ]
    frames = [
        pd.DataFrame(
            {
                "curve": name,
                "order": number,
                "planned": number == 0,
                "effect": 100 * part["effect"].abs(),
                "power": 100 * part["power"],
                "mc_error": 100 * part["mc_error"],
            }
        ).sort_values("effect")
        for number, (name, part) in enumerate(curves)
        if len(part)
    ]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def spread(values: list[int], count: int) -> list[int]:
    """At most so many of sorted values, the first and the last among them."""
    if len(values) <= count:
        return values
    return sorted({values[round(k * (len(values) - 1) / (count - 1))] for k in range(count)})


def helps(results: Results) -> pd.DataFrame:
    """The plan and each change that was tried, with the smallest detectable effect in percent: label, value, planned.

    A change with which nothing can be detected has no value and is left to the text.
    """
    texts = results.texts
    rows = [(texts("design.help_plan"), 100 * smallest_detectable(results, results.primary), True)]
    advice = results.tables["advice"]
    ordered = advice.sort_values("rank", kind="stable") if len(advice) else advice
    rows += [
        (help_label(results, row), 100 * abs(float(row["smallest_detectable_effect"])), False)
        for _, row in ordered.iterrows()
        if row["kind"] in TRIED
    ]
    frame = pd.DataFrame(rows, columns=["label", "value", "planned"]).drop_duplicates("label")
    frame = frame[frame["value"].notna() & ~frame["value"].isin([math.inf])]
    return frame.reset_index(drop=True) if not frame[~frame["planned"]].empty else pd.DataFrame()


def help_label(results: Results, row: pd.Series) -> str:
    """A change in few words: 4 områden, 36 månader, another outcome or method by its name."""
    texts, value = results.texts, row["value"]
    kind = str(row["kind"])
    titles = {one.id: one.title for one in results.outcomes}
    if kind in {"more_areas", "longer"} and pd.notna(value):
        number = float(value)
        said = texts.number(number) if kind == "more_areas" else texts.length(int(number), results.primary.unit)
        return texts(f"design.help_{kind}", value=said)
    if kind == "outcome":
        return texts("design.help_outcome", value=titles.get(str(row["outcome"]), str(row["outcome"])))
    return texts("design.help_estimator", value=texts.name("estimator", str(value)))


def recommended(results: Results) -> str:
    """The choice of comparison areas that the design recommends; the planned one where it names none."""
    return str(results.choice.get("recommended") or PLANNED)


def shown_choices(results: Results, table: str) -> list[str]:
    """The planned choice, and the recommended one where it is another."""
    frame = results.tables[table]
    present = set(frame["choice"]) if len(frame) else set()
    return [name for name in dict.fromkeys((PLANNED, recommended(results))) if name in present]


def balance(results: Results) -> pd.DataFrame:
    """Standardised differences before the start: label, value, choice; the largest of the planned choice first."""
    frame = results.tables["design_balance"]
    choices = shown_choices(results, "design_balance")
    if not choices:
        return pd.DataFrame()
    frame = frame[frame["choice"].isin(choices) & frame["standardised_difference"].notna()]
    first = frame[frame["choice"] == choices[0]].set_index("variable")["standardised_difference"].abs()
    order = list(first.sort_values(ascending=False, kind="stable").index[:SHOWN_VARIABLES])
    frame = frame[frame["variable"].isin(order)]
    shown = pd.DataFrame(
        {
            "label": [variable_name(results, name) for name in frame["variable"]],
            "value": frame["standardised_difference"],
            "choice": frame["choice"],
            "y": [float(len(order) - order.index(name)) for name in frame["variable"]],
        }
    )
    return shown.sort_values(["y", "choice"], ascending=[False, True], ignore_index=True)


def variable_name(results: Results, name: str) -> str:
    """The reader's name of a variable: an outcome by its title, its level, trend or season in words."""
    texts = results.texts
    titles = {one.id: one.title for one in results.outcomes}
    stem, _, part = name.rpartition(".")
    if stem in titles:
        return texts("design.variable_part", name=titles[stem], part=texts.name("variable", part))
    return titles.get(name) or texts.name("variable", name)


def before(results: Results) -> pd.DataFrame:
    """Treated and comparison areas before the start: group, period, x (years), shown, smooth (mean over a year)."""
    frame = results.tables["before"]
    choices = shown_choices(results, "before")
    frame = frame[frame["outcome"] == results.primary.id] if len(frame) else frame
    if frame.empty or not choices:
        return pd.DataFrame()
    unit = results.primary.unit
    planned = frame[frame["choice"] == choices[0]]
    groups = [("treated", planned["period"], planned["treated"])]
    groups += [
        (name if name != PLANNED else "comparison", part["period"], part["comparison"])
        for name in choices
        for part in [frame[frame["choice"] == name]]
    ]
    window = per_year(unit)
    frames = []
    for name, periods, values in groups:
        part = pd.DataFrame({"group": name, "period": periods.astype(str), "shown": values.astype(float)})
        part["x"] = [position(label, unit) for label in part["period"]]
        part = part.sort_values("x", ignore_index=True)
        smooth = part["shown"].rolling(window, min_periods=max(1, window // 2), center=True).mean()
        part["smooth"] = part["shown"] if window == 1 else smooth
        frames.append(part)
    return pd.concat(frames, ignore_index=True)
