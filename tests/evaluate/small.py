"""A small study folder on simulated counts, written for one test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

STUDY = """schema = 1
[study]
id = "{id}"
title = "Ljus i parken"
question = "Blev det färre brott?"
design = "areas"
[measure]
kind = "belysning"
name = "Ljus"
concurrent = {concurrent}
[data]
panel = "data/panel.csv"
unit = "omrade"
period = "manad"
simulated = true
[period]
unit = "month"
first = 2019-01-01
last = 2022-12-31
[[treated]]
unit = "Park 01"
start = {start}
[[treated]]
unit = "Park 02"
start = 2021-07-01
[comparison]
units = "all"
[[outcomes]]
id = "brott"
title = "Anmälda brott"
aim = "brott"
role = "primary"
kind = "count"
direction = "decrease"
smallest_effect = -0.10
[[outcomes]]
id = "klotter"
title = "Klotter"
aim = "ordning"
role = "secondary"
kind = "count"
direction = "decrease"
[[outcomes]]
id = "skadegorelse"
title = "Skadegörelse"
aim = "ordning"
role = "secondary"
kind = "count"
direction = "decrease"
[estimation]
estimator = "{estimator}"
also = {also}
seed = 7
[checks]
max_imbalance = 2.0
"""


def write_study(
    root: Path,
    name: str = "parken",
    *,
    effect: float = -0.5,
    start: str = "2021-07-01",
    estimator: str = "poisson_did",
    also: str = '["did", "event_study"]',
    concurrent: str = "[]",
    parks: int = 24,
) -> Path:
    """`parks` parks × 48 months, two treated from July 2021, effect −50 % unless another is given."""
    folder = root / name
    (folder / "data").mkdir(parents=True)
    rng = np.random.default_rng(11)
    months = [f"{2019 + k // 12}-{k % 12 + 1:02d}" for k in range(48)]
    rows = []
    for park in range(parks):
        level = rng.uniform(15, 30)
        for k, month in enumerate(months):
            mean = level * (1 + 0.2 * np.sin(k * np.pi / 6))
            factor = 1 + effect if park < 2 and k >= 30 else 1
            rows.append((f"Park {park + 1:02d}", month, *rng.poisson([mean * factor, mean * factor / 2, mean / 2])))
    frame = pd.DataFrame(rows, columns=["omrade", "manad", "brott", "klotter", "skadegorelse"])
    frame.to_csv(folder / "data" / "panel.csv", index=False)
    text = STUDY.format(id=name, start=start, estimator=estimator, also=also, concurrent=concurrent)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder
