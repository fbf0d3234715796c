"""The panel of the benchmarks: 6,000 areas × 120 months of overdispersed counts, 60 areas treated from month 84."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from utvardering.data.calendar import Calendar
from utvardering.data.panel import NEVER, Grid, Sample

AREAS, MONTHS, TREATED, START = 6_000, 120, 60, 84


def arrays(seed: int = 0, *, varying_exposure: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(N, T) counts, (N, T) exposure and (N,) start positions."""
    rng = np.random.default_rng(seed)
    exposure = np.repeat(rng.integers(500, 2_000, AREAS)[:, None], MONTHS, axis=1).astype(float)
    if varying_exposure:
        exposure = np.round(exposure * np.exp(rng.normal(0, 0.05, exposure.shape)))
    season = 1 + 0.2 * np.sin(2 * np.pi * np.arange(MONTHS) / 12)
    counts = rng.poisson(0.01 * exposure * season * rng.gamma(10, 0.1, exposure.shape)).astype(float)
    start = np.full(AREAS, NEVER)
    start[:TREATED] = START
    return counts, exposure, start


def sample(*, varying_exposure: bool = False) -> Sample:
    """The panel as an estimator sees it."""
    counts, exposure, start = arrays(varying_exposure=varying_exposure)
    treatment = (np.arange(MONTHS) >= start[:, None]).astype(float)
    first = 2014 * 12
    grid = Grid("brott", Calendar("month"), tuple(range(first, first + MONTHS)), counts, treatment, start, exposure=exposure)
    return Sample(grid, tuple(f"a{k:04d}" for k in range(AREAS)), np.arange(AREAS))


def long_frame() -> pd.DataFrame:
    """The same panel as a table: a row per area and month, with the rate that additive estimators use."""
    counts, exposure, start = arrays()
    month = np.tile(np.arange(MONTHS), AREAS)
    begun = np.repeat(np.where(start < NEVER, start, 0), MONTHS)
    return pd.DataFrame(
        {
            "unit": np.repeat(np.arange(AREAS), MONTHS),
            "month": month,
            "rate": (100_000 * counts / exposure).ravel(),
            "treated": np.repeat((start < NEVER).astype(int), MONTHS),
            "post": (month >= START).astype(int),
            "on": ((begun > 0) & (month >= START)).astype(float),
            "first": begun,
            "from_start": np.where(begun > 0, month - START, -1),
        }
    )


STUDY = """schema = 1
[study]
id = "stor"
title = "Stor panel"
question = "Hur lång tid tar en körning?"
design = "areas"
[measure]
kind = "other"
name = "Ingen åtgärd"
[data]
panel = "data/panel.parquet"
unit = "omrade"
period = "manad"
simulated = true
[period]
unit = "month"
first = 2014-01-01
last = 2023-12-31
[treated_from]
column = "start"
[comparison]
units = "all"
[[outcomes]]
id = "brott"
title = "Brott"
aim = "brott"
role = "primary"
kind = "count"
exposure = "folkmangd"
direction = "decrease"
[estimation]
estimator = "poisson_did"
also = ["did", "event_study"]
"""


def write_study(folder: Path) -> Path:
    """A study folder with this panel as parquet."""
    counts, exposure, start = arrays()
    months = [f"{2014 + k // 12}-{k % 12 + 1:02d}" for k in range(MONTHS)]
    begun = np.where(start < NEVER, months[START], "")
    (folder / "data").mkdir(parents=True)
    pd.DataFrame(
        {
            "omrade": np.repeat([f"a{k:04d}" for k in range(AREAS)], MONTHS),
            "manad": np.tile(months, AREAS),
            "brott": counts.ravel().astype(int),
            "folkmangd": exposure.ravel().astype(int),
            "start": np.repeat(begun, MONTHS),
        }
    ).to_parquet(folder / "data" / "panel.parquet", index=False)
    (folder / "study.toml").write_text(STUDY, encoding="utf-8")
    return folder
