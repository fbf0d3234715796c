"""Every number of cost.csv once more, with pen and paper: from study.toml, dose.csv and estimates.csv of a run alone.

Nothing of the program is imported. Inhabitants and counted events are in neither file: they are taken from the row, and only
what is done with them is computed again.
"""

from __future__ import annotations

import csv
import math
import tomllib
from pathlib import Path
from typing import Any

PERIODS_A_YEAR = {"week": 52, "month": 12, "quarter": 4, "year": 1}


def read(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table; none where the run did not write it."""
    path = folder / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def costs_by_hand(folder: Path) -> dict[tuple[str, str], tuple[float, float, float]]:
    """Item and outcome to value and interval (NaN where there is none), for every row that is shown."""
    plan = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    cost, planned = plan["measure"]["cost"], {}
    for row in read(folder, "estimates.csv"):
        if row["planned"] == "true":
            planned[row["outcome"]] = row
    dose = read(folder, "dose.csv")
    return {
        (row["item"], row["outcome"]): _again(row, plan, cost, planned, dose)
        for row in read(folder, "cost.csv")
        if row["status"] == "shown" and row["item"] != "prices"
    }


def _again(
    row: dict[str, str],
    plan: dict[str, Any],
    cost: dict[str, Any],
    planned: dict[str, dict[str, str]],
    dose: list[dict[str, str]],
) -> tuple[float, float, float]:
    outcomes = {one["id"]: one for one in plan.get("outcomes", [])}
    outcome = row["outcome"] or next((name for name, one in outcomes.items() if one["role"] == "primary"), "")
    estimate, persons = planned.get(outcome, {}), plan["study"]["design"] == "individuals"
    treated = int(estimate.get("n_treated", 1))
    once, lifetime = cost.get("per", "year") == "once", cost.get("lifetime")
    whole = cost["amount"] * (treated if cost.get("covers") == "each" else 1)
    yearly = whole / lifetime if once and lifetime else math.nan if once else whole
    unit = outcomes.get(outcome, {}).get("period_unit") or plan.get("period", {}).get("unit", "index")
    years = math.nan if persons or not estimate else int(estimate["n_periods_after"]) / PERIODS_A_YEAR[unit]
    spent = whole if once and not lifetime else yearly * years
    change, low, high = (float(estimate.get(f"effect_units{end}") or "nan") for end in ("", "_low", "_high"))
    if row["item"] == "per_avoided_event":
        ends = [spent / -units if units < 0 else math.inf for units in (change, low, high)]
        return ends[0], ends[1], ends[2]
    if row["item"] == "avoided_events":
        return -change / years, -high / years, -low / years
    heads = float(row["divisor"] or "nan")
    by_head = (whole if math.isnan(yearly) else yearly) / heads
    found = {"amount": cost["amount"], "per_year": yearly, "total": spent, "per_inhabitant": by_head, "per_person": by_head}
    for part in ("planned", "delivered"):
        if dose or f"dose_{part}" in cost:
            found[f"per_dose_{part}"] = _dose(part, cost, dose, (whole, yearly, 0 if persons else treated))
    if "event_cost" in cost:
        first, last = str(cost["event_cost_year"]), str(cost["price_year"])
        index = cost.get("price_index", {})
        worth = cost["event_cost"] * (1 if first == last else index[last] / index[first])
        needed = (whole / years if math.isnan(yearly) else yearly) / worth
        found |= {"event_cost": worth, "break_even_events": needed, "break_even_share": needed / (needed + heads)}
        found["break_even_smallest"] = abs(outcomes[outcome].get("smallest_effect", math.nan))
    return found[row["item"]], math.nan, math.nan


def _dose(part: str, cost: dict[str, Any], dose: list[dict[str, str]], spent: tuple[float, float, int]) -> float:
    """Cost of the weeks in the log by their hours, each area's equal part; or the amount by what the study states."""
    whole, yearly, treated = spent
    if not dose:
        return whole / float(cost[f"dose_{part}"])
    weeks = {(row["unit"], row["week"]) for row in dose}
    each = len(weeks) / treated if treated else len({week for _, week in weeks})
    over = whole if math.isnan(yearly) else yearly * each * 7 / 365.25
    return over / sum(float(row[f"{part}_hours"]) for row in dose)
