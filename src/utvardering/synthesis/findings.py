"""What has each study found, of what, for which aim? One row a study and outcome, from the files of its run alone."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from utvardering.data.calendar import Calendar
from utvardering.errors import DataError
from utvardering.estimators.base import RANDOMIZED
from utvardering.study.model import Checks
from utvardering.synthesis.external import ExternalResult

UNREADABLE = ("not_interpretable", "not_implemented")
"""Verdicts under which no number is an effect."""
NAN = float("nan")


@dataclass(frozen=True)
class Area:
    """A unit under the measure, from its first day on to its last (years, the last not included)."""

    unit: str
    first: float
    last: float

    def overlaps(self, other: Area) -> bool:
        """Whether it is the same unit at the same time."""
        return self.unit == other.unit and self.first < other.last and other.first < self.last


@dataclass(frozen=True)
class Finding:
    """The planned result of one outcome of one study, or a result of others; numbers are NaN where none may be shown.

    unit             what a difference is counted in: share, or the outcome itself; empty for ratios
    direction        the wanted direction
    std_error        of the randomized row of the planned estimate; NaN where there is none
    implementation   delivered share of the planned dose; `implemented` is yes, no or unknown
    cost             amount in `currency` per `cost_per` (year or once) at the prices of `price_year`
    areas            the units under the measure, and when
    cost_inhabitant  cost per inhabitant of the treated areas and year, where that is known
    override         what stands beside the computed judgement, as JSON of its table in verdict.toml; nothing is pooled by it
    """

    study: str
    title: str
    measure: str
    measure_name: str
    aim: str
    outcome: str
    outcome_title: str
    role: str
    verdict: str
    certainty: str
    maryland_level: int
    reason: str
    scale: str
    estimand: str
    unit: str
    direction: str
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    level: float
    effect_percent: float
    effect_percent_low: float
    effect_percent_high: float
    n_treated: int
    implementation: float
    implemented: str
    cost: float
    cost_per: str
    currency: str
    price_year: str
    simulated: bool
    replication: str
    registered: bool
    source: str
    design: str
    note: str
    areas: tuple[Area, ...] = ()
    override: str = ""
    cost_inhabitant: float = NAN

    @property
    def is_external(self) -> bool:
        """Whether others found it."""
        return not self.study


def findings(build: Path) -> list[Finding]:
    """Every outcome of every study that has been run below `build`, but negative controls; in the order of study and plan.

    Raises a DataError where a run lacks a file.
    """
    folders = {path.parent for name in ("verdict.toml", "process.csv") for path in build.glob(f"*/{name}")}
    runs = sorted(folder for folder in folders if not folder.name.startswith("."))
    return [row for folder in runs for row in _of_run(folder)]


def from_external(rows: tuple[ExternalResult, ...]) -> list[Finding]:
    """The results of others as rows of the same kind."""
    return [_external(row) for row in rows]


def _of_run(folder: Path) -> Iterator[Finding]:
    study = _toml(folder / "study.toml")
    about, measure = study["study"], study["measure"]
    verdict = {} if about.get("design") == "organisation" else _toml(folder / "verdict.toml")
    estimates = _table(folder / "estimates.csv", needed=bool(study.get("outcomes")))
    cost = _cost(folder, measure.get("cost", {}))
    share, limit = _dose(folder), study.get("checks", {}).get("min_delivered_dose", Checks().min_delivered_dose)
    process = _table(folder / "process.csv")
    common: dict[str, Any] = {
        "study": str(about["id"]),
        "title": str(about["title"]),
        "measure": str(measure["kind"]),
        "measure_name": str(measure["name"]),
        "implementation": share,
        **cost,
        "simulated": bool(study.get("data", {}).get("simulated", False)) or _is_simulated(folder),
        "replication": str(about.get("replication", "")),
        "registered": (folder / "plan.lock").is_file(),
        "source": "",
        "note": "",
    }
    outcomes = [one for one in study.get("outcomes", []) if one["role"] != "negative_control"]
    for one in outcomes or [{"id": "", "title": "", "aim": "process", "role": "", "kind": ""}]:
        judged = verdict if one["role"] in {"primary", ""} else verdict.get("outcomes", {}).get(one["id"], verdict)
        found = str(judged.get("verdict", ""))
        done = found != "not_implemented" and (share >= limit if math.isfinite(share) else len(process) > 0)
        known = math.isfinite(share) or len(process) > 0 or found == "not_implemented"
        yield Finding(
            **common,
            **_numbers(estimates, one, readable=found not in UNREADABLE),
            aim=str(one["aim"]),
            outcome=str(one["id"]),
            outcome_title=str(one["title"]),
            role=str(one["role"]),
            direction=str(one.get("direction", "none")),
            verdict=found,
            certainty=str(judged.get("certainty", "")),
            maryland_level=int(judged.get("maryland_level", 0)),
            reason=" ".join(judged.get("reasons", {}).get("verdict", [])[:1]),
            implemented=("yes" if done else "no") if known else "unknown",
            areas=_areas(folder, study, str(one["id"])),
            override=json.dumps(judged["override"], ensure_ascii=False) if "override" in judged else "",
        )


def _cost(folder: Path, stated: dict[str, Any]) -> dict[str, Any]:
    """The amount and what it is by inhabitant and year, from cost.csv; a yearly amount is for all treated areas together."""
    empty = {"cost": NAN, "cost_per": "", "currency": "", "price_year": "", "cost_inhabitant": NAN}
    rows = _table(folder / "cost.csv")
    if not stated or rows.empty:
        return empty
    shown = rows[rows["status"] == "shown"].set_index("item")
    per = "year" if str(shown.loc["amount", "unit"]).endswith("/year") else "once"
    value = shown.loc["per_year" if per == "year" and "per_year" in shown.index else "amount", "value"]
    yearly = [row for _, row in shown.iterrows() if row.name == "per_inhabitant" and str(row["unit"]).endswith("/year")]
    return {
        "cost": float(value),
        "cost_per": per,
        "currency": str(stated.get("currency", "SEK")),
        "price_year": str(stated.get("price_year", "")),
        "cost_inhabitant": float(yearly[0]["value"]) if yearly else NAN,
    }


def _numbers(estimates: pd.DataFrame, outcome: dict[str, Any], *, readable: bool) -> dict[str, Any]:
    """The planned estimate with the standard error of its randomized row; NaN where it may not be read."""
    names = ("estimate", "ci_low", "ci_high", "level", "effect_percent", "effect_percent_low", "effect_percent_high")
    empty: dict[str, Any] = {"scale": "", "estimand": "", "unit": "", "design": "", "n_treated": 0}
    empty |= dict.fromkeys(("std_error", *names), NAN)
    rows = estimates[estimates["outcome"] == outcome["id"]] if len(estimates) else estimates
    planned = rows[rows["planned"]] if len(rows) else rows
    if not len(planned):
        return empty
    row = planned.iloc[0]
    same = ("estimator", "estimand", "scale", "weights")
    twins = rows[np.logical_and.reduce([rows[key] == row[key] for key in same]) & rows["inference"].isin(RANDOMIZED)]
    error = float(twins.iloc[0]["std_error"]) if len(twins) else NAN
    scale = str(row["scale"])
    unit = "" if scale == "log_ratio" else "share" if outcome["kind"] == "share" else str(outcome["id"])
    told: dict[str, Any] = {"scale": scale, "estimand": str(row["estimand"]), "unit": unit, "design": str(row["estimator"])}
    told["n_treated"] = int(row["n_treated"])
    if not readable or not bool(row["interpretable"]):
        return empty | told
    return told | {"std_error": error if error > 0 else NAN} | {name: float(row[name]) for name in names}


def _external(row: ExternalResult) -> Finding:
    """A result of others: no verdict, since no rule of this program was applied to it."""
    reach = 1.959963984540054 * row.std_error  # the normal interval at 95 %
    low, high = row.estimate - reach, row.estimate + reach
    percents = [100 * math.expm1(value) if row.scale == "log_ratio" else NAN for value in (row.estimate, low, high)]
    return Finding(
        study="",
        title=row.source,
        measure=row.measure,
        measure_name="",
        aim=row.aim,
        outcome="",
        outcome_title="",
        role="",
        verdict="",
        certainty="",
        maryland_level=0,
        reason="",
        scale=row.scale,
        estimand="att",
        unit=row.unit if row.scale == "difference" else "",
        direction=row.wanted,
        estimate=row.estimate,
        std_error=row.std_error,
        ci_low=low,
        ci_high=high,
        level=0.95,
        effect_percent=percents[0],
        effect_percent_low=percents[1],
        effect_percent_high=percents[2],
        n_treated=0,
        implementation=NAN,
        implemented="unknown",
        cost=NAN,
        cost_per="",
        currency="",
        price_year="",
        simulated=False,
        replication="",
        registered=False,
        source=row.source,
        design=row.design,
        note=row.note,
    )


def _areas(folder: Path, study: dict[str, Any], outcome: str) -> tuple[Area, ...]:
    """The units under the measure and when an outcome was measured there: from the panel, else from the study file."""
    calendar = Calendar(str(study.get("period", {}).get("unit", "index")))
    file = folder / "panel.parquet"
    if file.is_file():
        panel = pd.read_parquet(file, columns=["label", "role", "outcome", "period", "treatment"])
        under = panel[(panel["outcome"] == outcome) & (panel["role"] == "treated") & (panel["treatment"] > 0)]
        return tuple(
            Area(_name(label), min(spans)[0], max(spans)[1])
            for label, periods in under.groupby("label", sort=True)["period"]
            if (spans := [_span(period, calendar) for period in periods.unique()])
        )
    last = study.get("period", {}).get("last")
    found = []
    for one in study.get("treated", []):
        end = one.get("end", last)
        if end is not None:
            found.append(Area(_name(one["unit"]), _span(one["start"], calendar)[0], _span(end, calendar)[1]))
    return tuple(found)


def _name(unit: object) -> str:
    return str(unit).strip().casefold()


def _span(period: object, calendar: Calendar) -> tuple[float, float]:
    """First day of a period and of the next, in years; an index without a calendar is itself."""
    for unit in dict.fromkeys((calendar.unit, "quarter", "week", "month", "year", "index")):
        other = Calendar(unit)
        try:
            number = other.number(period)
        except ValueError:  # an outcome of another rhythm than the panel, such as yearly survey waves
            continue
        if unit == "index":
            return float(number), float(number + 1)
        first, after = other.date(number), other.date(number + 1)
        return _years(first.year, first.timetuple().tm_yday), _years(after.year, after.timetuple().tm_yday)
    msg = f'"{period}" is no period'
    raise DataError(msg)


def _is_simulated(folder: Path) -> bool:
    """What the manifest says, for a study without data of its own: an organisation."""
    file = folder / "manifest.json"
    return file.is_file() and bool(json.loads(file.read_text(encoding="utf-8")).get("simulated"))


def _years(year: int, day: int) -> float:
    return year + (day - 1) / 366


def _dose(folder: Path) -> float:
    """Delivered share of the planned hours; NaN without a record."""
    dose = _table(folder / "dose.csv")
    planned = float(dose["planned_hours"].sum()) if len(dose) else 0.0
    return float(dose["delivered_hours"].sum()) / planned if planned > 0 else NAN


def _toml(path: Path) -> dict[str, Any]:
    if not path.is_file():
        msg = f"{path.parent.as_posix()}: {path.name} is missing; run the study again: utvardering run {path.parent.name}"
        raise DataError(msg)
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))


def _table(path: Path, *, needed: bool = False) -> pd.DataFrame:
    if not path.is_file() or not path.read_text(encoding="utf-8").strip():
        if needed:
            msg = f"{path.parent.as_posix()}: {path.name} is missing; run the study again: utvardering run {path.parent.name}"
            raise DataError(msg)
        return pd.DataFrame()
    texts = ("study", "outcome", "estimator", "estimand", "scale", "inference", "weights", "note")
    frame = pd.read_csv(path, dtype=dict.fromkeys(texts, "str"))
    return frame.fillna({name: "" for name in texts if name in frame})
