"""The printed rules once more: what two readers would do with pen and paper, from five files of a run and nothing else.

`study.toml`, `process.csv`, `checks.csv`, `estimates.csv` and `robustness.csv`. Nothing of the program is imported, so that a
fault in it is not repeated here. What somebody puts beside the verdict is no part of it: the computed one is reached by hand.
"""

from __future__ import annotations

import csv
import math
import tomllib
from pathlib import Path
from typing import Any

GATE = {"history", "comparison", "pretrend", "staggered", "spillover", "concurrent", "overlap", "balance"}
GAP = "the set is not connected"
LOTTERY_TEST = {"randomization", "permutation"}
ORDER = ["very_low", "low", "moderate", "high"]


def read(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table; none where the run did not write it."""
    path = folder / name
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def judge_by_hand(folder: Path) -> dict[str, tuple[str, str, int]]:
    """Outcome to verdict, certainty and level of the Maryland scale."""
    plan = tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))
    planned = {row["outcome"]: row for row in read(folder, "estimates.csv") if row["planned"] == "true"}
    checks = {row["check"]: row["verdict"] for row in read(folder, "checks.csv")}
    undone = _undone(folder, plan)
    judged = {}
    for outcome in plan["outcomes"]:
        row = planned.get(outcome["id"])
        verdict = _verdict(folder, plan, outcome, row, checks, undone=undone)
        judged[outcome["id"]] = (verdict, _certainty(plan, outcome, row, checks, verdict, planned), _level(plan, row, checks))
    return judged


def _undone(folder: Path, plan: dict[str, Any]) -> bool:
    rows, least = read(folder, "process.csv"), plan.get("checks", {}).get("min_delivered_dose", 0.5)
    if any(row["criterion"] == "dose" and not row["grade"] and float(row["value"]) < least for row in rows):
        return True
    return any(row["delivery"] == "true" and row["final_grade"] in {"0", "1"} for row in rows)


def _is_gate(plan: dict[str, Any], check: str) -> bool:
    return check in GATE and not plan["study"].get("replication")


def _verdict(
    folder: Path,
    plan: dict[str, Any],
    outcome: dict[str, Any],
    row: dict[str, str] | None,
    checks: dict[str, str],
    *,
    undone: bool,
) -> str:
    if undone:
        return "not_implemented"
    if row is None or any(verdict == "fail" and _is_gate(plan, check) for check, verdict in checks.items()):
        return "not_interpretable"
    if plan["study"].get("replication") and not _same_number(folder, row):
        return "not_interpretable"
    low, high = float(row["ci_low"]), float(row["ci_high"])
    rejected = float(row["p_value"]) <= 1 - float(row["level"]) + 1e-12
    if low > 0 or high < 0 or (GAP in row["note"] and rejected):
        wanted = outcome.get("direction", "none")
        right = wanted == "none" or (wanted == "decrease") == (float(row["estimate"]) < 0)
        return "effect" if right else "effect_opposite"
    smallest = outcome.get("smallest_effect")
    if smallest:
        reach = abs(math.log(1 + smallest))
        inner = [math.log(1 + float(row[f"effect_percent_{end}_90"]) / 100) for end in ("low", "high")]
        if inner[0] >= -reach and inner[1] <= reach:
            return "no_effect_of_interest"
    return "uncertain"


def _same_number(folder: Path, row: dict[str, str]) -> bool:
    """Whether the stated number was found again; true where none is stated for the planned row."""
    for one in read(folder, "robustness.csv"):
        if one["check"] == "replication" and one["outcome"] == row["outcome"]:
            return float(one["ci_low"]) - 1e-12 <= float(row["estimate"]) <= float(one["ci_high"]) + 1e-12
    return True


def _certainty(
    plan: dict[str, Any],
    outcome: dict[str, Any],
    row: dict[str, str] | None,
    checks: dict[str, str],
    verdict: str,
    planned: dict[str, dict[str, str]],
) -> str:
    if verdict in {"not_interpretable", "not_implemented"}:
        return "very_low"
    caps = {"high", *_caps_of_design(plan, checks), *_caps_of_estimate(plan, row, planned)}
    if outcome["role"] != "primary":
        caps.add("moderate")
    if verdict == "uncertain":
        caps.add("low")
    return min(caps, key=ORDER.index)


def _caps_of_design(plan: dict[str, Any], checks: dict[str, str]) -> set[str]:
    series = plan["study"]["design"] == "series"
    caps = set()
    if plan["measure"].get("assignment", "chosen") != "lottery" and not series:
        caps.add("moderate")
    for check, found in checks.items():
        alone = series and check in {"comparison", "pretrend"}
        if found == "not_evaluated" and check not in {"coverage", "false_positives", "spillover"} and not alone:
            caps.add("low")
        if found == "fail" and not _is_gate(plan, check):
            caps.add("low")
    return caps


def _caps_of_estimate(plan: dict[str, Any], row: dict[str, str] | None, planned: dict[str, dict[str, str]]) -> set[str]:
    caps = set()
    if row is not None:
        formula = row["inference"] == "analytic" and row["estimator"] in {"wdd", "interrupted"}
        if formula or (row["inference"] not in LOTTERY_TEST and int(row["n_treated"]) < 30):
            caps.add("low")
    for other in plan["outcomes"]:
        control = planned.get(other["id"])
        if other["role"] == "negative_control" and control and float(control["ci_low"]) * float(control["ci_high"]) > 0:
            caps.add("low")
    return caps


def _level(plan: dict[str, Any], row: dict[str, str] | None, checks: dict[str, str]) -> int:
    persons = plan["study"]["design"] == "individuals"
    if row is None or row["estimator"] == "interrupted":
        return 2
    treated, comparison = int(row["n_treated"]), int(row["n_comparison"])
    if persons:  # numbers are rounded: the smallest that may lie behind each
        cell = plan.get("report", {}).get("smallest_cell", 5)
        treated, comparison = (max(n - cell // 2, cell) for n in (treated, comparison))
    lottery = plan["measure"].get("assignment", "chosen") == "lottery"
    if lottery and min(treated, comparison) >= 10 and row["inference"] in LOTTERY_TEST:
        return 5
    shown = ("overlap", "balance") if persons else ("comparison", "pretrend")
    if any(checks.get(name) != "pass" for name in shown) or (persons and checks.get("history") == "fail"):
        return 2
    plan_of = plan["estimation"]
    adjusted = bool(plan_of.get("covariates") or (plan_of.get("weights") and not persons))
    many = treated >= 5 and comparison >= 20
    return 4 if adjusted and many and (not persons or checks.get("history") == "pass") else 3
