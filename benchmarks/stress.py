"""The stage of doubts on 60 areas × 84 months with every doubt on: seconds for each check, and with what was kept.

    python benchmarks/stress.py [ESTIMATOR ...]            writes its section of benchmarks/results.md

Two simulated areas of 60 are treated; ten controls, four neighbours, a causal model of four names. Nobody else's program does
all of this, so there is no peer; for the bounds on trends alone see honest.py.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section

AREAS, MONTHS, START = 60, 84, 48
CONTROLS = tuple(f"kontroll{k:02d}" for k in range(1, 11))
PLANS = ("poisson_did", "did", "adjusted", "synthetic_did", "forecast_did")
STUDY = """schema = 1
[study]
id = "{id}"
title = "Tid för tvivel"
question = "Hur lång tid tar det?"
design = "areas"
[measure]
kind = "other"
name = "Ingen"
[data]
panel = "data/panel.csv"
unit = "omrade"
period = "manad"
simulated = true
[period]
unit = "month"
first = 2015-01-01
last = 2021-12-31
[[treated]]
unit = "Område 01"
start = 2019-01-01
[[treated]]
unit = "Område 02"
start = 2019-01-01
[comparison]
units = "all"
[neighbours]
column = "ring"
{outcomes}[estimation]
estimator = "{estimator}"
{graph}
[robustness]
placebo_shifts = [-12, -18, -24]
trend_deviations = [0.5, 1.0, 1.5, 2.0]
smoothness = [0.01, 0.02, 0.05]
windows = [[2015-07-01, 2021-06-30], [2016-01-01, 2021-12-31], [2015-01-01, 2020-12-31], [2017-01-01, 2020-12-31]]
alternative_comparisons = [
  "all", {{ method = "nearest", n = 20, on = ["brott"] }}, {{ method = "matched", each = 8, on = ["brott", "folkmangd"] }},
]
contrasts = [["brott", "brott_dag"]]
"""
GRAPH = """[causal_model]
edges = [
  "arbetsloshet -> start", "arbetsloshet -> brott", "krogar -> start", "krogar -> brott",
  "folkmangd -> krogar", "start -> brott",
]"""


def outcome(name: str, role: str) -> str:
    """A table of the study file for a count."""
    return (
        f'[[outcomes]]\nid = "{name}"\ntitle = "{name}"\naim = "brott"\nrole = "{role}"\nkind = "count"\n'
        f'exposure = "folkmangd"\ndirection = "{"none" if role == "negative_control" else "decrease"}"\n'
    )


def panel(seed: int = 1) -> pd.DataFrame:
    """Overdispersed counts with area effects, seasons and serial correlation; a fall of 30 % in the two treated areas."""
    rng = np.random.default_rng(seed)
    ring = np.repeat([0, 1, 2, 0], [2, 2, 2, AREAS - 6])
    unemployed, bars = rng.normal(8, 2, AREAS), rng.poisson(4, AREAS)
    people = np.round(np.exp(rng.normal(8, 0.3, AREAS)))
    season = 0.2 * np.cos(2 * np.pi * np.arange(MONTHS) / 12)
    frame = pd.DataFrame(
        {
            "omrade": np.repeat([f"Område {k:02d}" for k in range(1, AREAS + 1)], MONTHS),
            "manad": np.tile(pd.date_range("2015-01-01", periods=MONTHS, freq="MS").strftime("%Y-%m"), AREAS),
            "ring": pd.array(np.where(ring > 0, ring, -1), dtype="Int64").repeat(MONTHS),
            "folkmangd": np.repeat(people, MONTHS),
            "arbetsloshet": np.repeat(unemployed, MONTHS).round(2),
            "krogar": np.repeat(bars, MONTHS),
        }
    )
    frame["ring"] = frame["ring"].where(frame["ring"] > 0)
    for name in ("brott", "brott_dag", *CONTROLS):
        walk = np.zeros((AREAS, MONTHS))
        shocks = rng.normal(0, 0.1, (AREAS, MONTHS))
        for t in range(1, MONTHS):
            walk[:, t] = 0.5 * walk[:, t - 1] + shocks[:, t]
        effect = np.log(0.7) * (np.arange(MONTHS) >= START) * (np.arange(AREAS) < 2)[:, None] * (name == "brott")
        level = 0.003 * people[:, None] * np.exp(rng.normal(0, 0.3, (AREAS, 1)) + season + walk + effect)
        frame[name] = rng.poisson(level * rng.gamma(20, 1 / 20, (AREAS, MONTHS))).ravel()
    return frame


def write_study(root: Path, estimator: str) -> Path:
    """A folder with the study and its data."""
    folder = root / f"tid-{estimator.replace('_', '-')}"
    (folder / "data").mkdir(parents=True)
    panel().to_csv(folder / "data" / "panel.csv", index=False)
    roles = {"brott": "primary", "brott_dag": "secondary", **dict.fromkeys(CONTROLS, "negative_control")}
    outcomes = "".join(outcome(name, role) for name, role in roles.items())
    text = STUDY.format(id=folder.name, estimator=estimator, outcomes=outcomes, graph=GRAPH)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def timed(folder: Path, out: Path) -> tuple[dict[str, float], float, float, int]:
    """Processor seconds of each check, in their order; seconds of the whole, anew and with what was kept; and rows."""
    import utvardering as utv
    from utvardering.robustness.kept import kept_for

    study = utv.load_study(folder)
    data = utv.load_panel(study)
    estimates = utv.estimate_effects(study, data)
    marks: list[tuple[str, float]] = []
    begun = time.process_time()
    found = utv.stress(study, data, estimates, lambda name: marks.append((name, time.process_time())), kept_for(study, out))
    whole = time.process_time() - begun
    ends = [*(at for _, at in marks[1:]), begun + whole]
    again = time.process_time()
    same = utv.stress(study, data, estimates, None, kept_for(study, out)).to_frame().equals(found.to_frame())
    again = time.process_time() - again
    if not same:
        raise AssertionError
    return {name: end - at for (name, at), end in zip(marks, ends, strict=True)}, whole, again, len(found.rows)


def main() -> None:
    """Time every plan and write the section."""
    lines = [
        "60 areas × 84 months, two treated, ten controls, two rings of neighbours, a causal model, every doubt on. Simulated.",
        "Processor seconds of one process: a run with a core to itself. Importing dowhy (2 s) falls on the first plan.",
        "",
        "| planned | all doubts, s | with what was kept, s | rows | longest checks, s |",
        "|---|--:|--:|--:|---|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for estimator in sys.argv[1:] or PLANS:
            seconds, whole, again, rows = timed(write_study(Path(scratch), estimator), Path(scratch))
            longest = sorted(seconds.items(), key=lambda one: -one[1])[:4]
            shown = ", ".join(f"{name} {took:.1f}" for name, took in longest)
            lines.append(f"| {estimator} | {whole:.1f} | {again:.1f} | {rows} | {shown} |")
            print(lines[-1], {name: round(took, 2) for name, took in seconds.items()}, flush=True)
    keep_section("The stage of doubts", lines)


if __name__ == "__main__":
    main()
