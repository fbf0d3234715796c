"""Study folders on disk with a past of known truth: yearly counts with overdispersion, nothing done before the start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

UNITS, FIRST, YEARS = 30, 2005, 14

_PLAN = """schema = 1
[study]
id = "{name}"
title = "Prov"
question = "Blev det färre?"
design = "areas"
[measure]
kind = "other"
name = "Prov"
[data]
panel = "data/panel.csv"
unit = "omrade"
period = "ar"
simulated = true
[period]
unit = "year"
first = {first}-01-01
last = {last}-12-31
{treated}
[comparison]
rule = "Alla andra"
units = "all"
[[outcomes]]
id = "y"
title = "Brott"
aim = "brott"
role = "primary"
kind = "count"
exposure = "e"
direction = "decrease"
smallest_effect = -0.10
[[outcomes]]
id = "z"
title = "Skadegörelse"
aim = "brott"
role = "secondary"
kind = "count"
exposure = "e"
direction = "decrease"
[estimation]
estimator = "{estimator}"
also = ["did"]
inference = "{inference}"
seed = 3
[checks]
min_periods_before = 6
min_periods_after = 2
[report]
language = "{language}"
"""


def counts(seed: int = 1, level: float = 200.0, units: int = UNITS, years: int = YEARS, spread: float = 0.08) -> np.ndarray:
    """(N, T) counts: gamma noise of the given spread on a level of each unit."""
    rng = np.random.default_rng(seed)
    mean = level * np.exp(rng.normal(0, 0.3, (units, 1))) * np.ones(years)
    return rng.poisson(mean * rng.gamma(1 / spread**2, spread**2, mean.shape)).astype(float)


def a_folder(
    place: Path,
    y: np.ndarray,
    *,
    name: str = "prov",
    treated: int = 2,
    before: int = 10,
    data_years: int | None = None,
    estimator: str = "poisson_did",
    inference: str = "randomization",
    language: str = "en",
) -> Path:
    """A study whose first units start after `before` years; data_years: so many years are in the file (all by default)."""
    folder = place / name
    (folder / "data").mkdir(parents=True, exist_ok=True)
    units, years = y.shape
    starts = "".join(
        f'[[treated]]\nunit = "u{k:02d}"\nstart = {FIRST + before}-01-01\nsource = "Prov"\n' for k in range(treated)
    )
    plan = _PLAN.format(
        name=name,
        first=FIRST,
        last=FIRST + years - 1,
        treated=starts,
        estimator=estimator,
        inference=inference,
        language=language,
    )
    (folder / "study.toml").write_text(plan, encoding="utf-8")
    kept = data_years or years
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(
        {
            "omrade": np.repeat([f"u{k:02d}" for k in range(units)], kept),
            "ar": np.tile(np.arange(FIRST, FIRST + kept), units),
            "y": y[:, :kept].ravel().astype(int),
            "z": rng.poisson(60, (units, years))[:, :kept].ravel(),
            "e": 10_000,
        }
    )
    frame.to_csv(folder / "data" / "panel.csv", index=False)
    return folder
