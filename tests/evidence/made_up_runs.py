"""Folders of runs that never were, with as little in them as `utvardering evidence` reads."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from utvardering.outputs import write_table

STUDY = """schema = 1
[study]
id = "{id}"
title = "{title}"
question = "Blev det färre brott?"
design = "areas"
replication = "{replication}"
[measure]
kind = "{kind}"
name = "Åtgärd i {id}"
[measure.cost]
amount = 1_200_000
per = "year"
price_year = 2024
source = "Påhittad redovisning"
[data]
panel = "data/panel.csv"
unit = "omrade"
period = "manad"
simulated = {simulated}
[period]
unit = "month"
first = 2019-01-01
last = 2023-12-31
[[treated]]
unit = "{unit}"
start = 2022-01-01
[comparison]
units = "all"
[estimation]
estimator = "poisson_did"
"""
OUTCOME = """[[outcomes]]
id = "{id}"
title = "{title}"
aim = "{aim}"
role = "{role}"
kind = "{kind}"
direction = "{direction}"
"""


def write_run(
    build: Path,
    name: str,
    estimate: float = -0.1,
    std_error: float = 0.1,
    verdict: str = "uncertain",
    *,
    kind: str = "trygghetsvardar",
    unit: str = "",
    replication: str = "",
    simulated: bool = True,
    dose: float | None = 0.9,
    inference: str = "randomization",
) -> None:
    """A run with a primary outcome on brott, a share on trygghet, a process outcome and a control outcome."""
    folder = build / name
    folder.mkdir(parents=True)
    outcomes = [
        ("brott_ute", "Brott utomhus", "brott", "primary", "count", "decrease", "log_ratio", estimate, std_error),
        ("trygga", "Andel trygga", "trygghet", "secondary", "share", "increase", "difference", 0.02, 0.01),
        ("moten", "Antal möten", "process", "secondary", "mean", "increase", "difference", 1.0, 0.5),
        ("bedrageri", "Bedrägerier", "brott", "negative_control", "count", "none", "log_ratio", -0.9, 0.01),
    ]
    text = STUDY.format(
        id=name,
        title=f"Åtgärden i {name.capitalize()}stad",
        kind=kind,
        unit=unit or f"{name} torg",
        replication=replication,
        simulated=str(simulated).lower(),
    )
    names = ("id", "title", "aim", "role", "kind", "direction")
    text += "".join(OUTCOME.format(**dict(zip(names, one, strict=False))) for one in outcomes)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    judged = f'verdict = "{verdict}"\ncertainty = "low"\nmaryland_level = 3\n'
    told = '{header}\nverdict = ["Kontrollen trend före start underkändes."]\n'
    others = "".join(
        f"[outcomes.{one[0]}]\n{judged}{told.format(header=f'[outcomes.{one[0]}.reasons]')}" for one in outcomes[1:]
    )
    (folder / "verdict.toml").write_text(judged + told.format(header="[reasons]") + others, encoding="utf-8")
    planned = [_row(name, *one, inference, planned=True) for one in outcomes]
    clustered = [_row(name, *one[:-1], one[-1] / 10, "cluster", planned=False) for one in outcomes]
    write_table(pd.DataFrame([*planned, *clustered]), folder / "estimates.csv")
    write_table(pd.DataFrame(columns=["study", "check", "verdict", "value", "threshold", "text"]), folder / "checks.csv")
    amount = {"study": name, "item": "amount", "outcome": "", "status": "shown", "value": 1_200_000.0, "unit": "SEK/year"}
    people = amount | {"item": "per_inhabitant", "value": 300.0, "unit": "SEK/inhabitant/year"}
    write_table(pd.DataFrame([amount, amount | {"item": "per_year"}, people]), folder / "cost.csv")
    if dose is not None:
        write_table(pd.DataFrame({"planned_hours": [100.0], "delivered_hours": [100 * dose]}), folder / "dose.csv")


def _row(study, outcome, title, aim, role, kind, direction, scale, estimate, std_error, inference, *, planned):  # noqa: ARG001 -- an outcome as the list above holds it
    reach = 1.96 * std_error
    percents = [
        100 * math.expm1(value) if scale == "log_ratio" else 200 * value
        for value in (estimate, estimate - reach, estimate + reach)
    ]
    return {
        "study": study,
        "outcome": outcome,
        "role": role,
        "aim": aim,
        "estimator": "poisson_did",
        "planned": planned,
        "estimand": "att",
        "scale": scale,
        "estimate": estimate,
        "std_error": std_error,
        "ci_low": estimate - reach,
        "ci_high": estimate + reach,
        "level": 0.95,
        "inference": inference,
        "weights": "",
        "effect_percent": percents[0],
        "effect_percent_low": percents[1],
        "effect_percent_high": percents[2],
        "n_treated": 3,
        "interpretable": True,
        "note": "",
    }
