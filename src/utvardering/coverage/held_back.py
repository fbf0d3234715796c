"""Does `forecast_did` see more than plain differences in data on which no choice was made?

Offence groups, halves of the municipalities and start years that its covariance, its traits and its grid were not chosen on.
Effects are 1.5 and 2.5 times the spread of a group's own differences over √n, put in by binomial thinning before anything is
fitted; each draw is judged by all methods, so that their difference is paired.
"""

from __future__ import annotations

import itertools
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy import stats

from utvardering.data.calendar import Calendar
from utvardering.data.panel import NEVER, Grid, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Job
from utvardering.estimators.registry import ESTIMATORS
from utvardering.study.model import Estimation, Outcome

FILE = "held_back.csv"
METHODS = (("forecast_did", "none"), ("poisson_did", "none"), ("did", "log"))
PLACES = (
    *itertools.product(("narkotika", "bostadsinbrott"), (2015, 2018, 2020), (2008,)),
    ("valdsbrott", 2021, 2017),
)
"""Offence group, start year, first year: zeros of violence are stored as missing before 2017."""
TREATED = (1, 2, 5)
SIZES = (0.0, 1.5, 2.5)
AFTER = 4
RUNS = 100
DRAWS = 499


@dataclass(frozen=True)
class Block:
    """Counts (N, T) and population of half of the municipalities, and the position of the start."""

    group: str
    half: int
    start_year: int
    y: NDArray[np.float64]
    population: NDArray[np.float64]
    start: int

    @property
    def spread(self) -> float:
        """Standard deviation between municipalities of the log ratio of rates after to before."""
        totals = [
            np.log((self.y[:, part].sum(axis=1) + 0.5) / self.population[:, part].sum(axis=1))
            for part in (slice(None, self.start), slice(self.start, None))
        ]
        return float(np.std(totals[1] - totals[0], ddof=1))


def blocks(data: Path) -> list[Block]:
    """All of them; municipalities with a missing year are left out."""
    frame = pd.read_csv(data, dtype={"kommunkod": str})
    found = []
    for (group, year, first), half in itertools.product(PLACES, (0, 1)):
        part = frame[(frame["ar"] >= first) & (frame["ar"] < year + AFTER)]
        tables = [part.pivot_table(index="kommunkod", columns="ar", values=name) for name in (group, "befolkning")]
        y, population = (table.reindex(tables[1].index).to_numpy(dtype=float) for table in tables)
        whole = np.flatnonzero(np.isfinite(y).all(axis=1) & (y.min(axis=1) > 0))[half::2]
        found.append(Block(group, half, year, y[whole], population[whole], year - first))
    return found


def compare(one: Block, treated: int, size: float, runs: int) -> dict[str, object]:
    """A row: how often each method sees the effect in the same draws."""
    effect = float(np.expm1(-size * one.spread / np.sqrt(treated)))
    name = f"{one.group}-{one.half}-{one.start_year}-{treated}-{size}"
    hits = {f"{method}_{transform}" if transform != "none" else method: 0 for method, transform in METHODS}
    for run in range(runs):
        rng = np.random.default_rng([zlib.crc32(name.encode()), run])
        chosen = rng.choice(len(one.y), treated, replace=False)
        y = one.y.copy()
        y[chosen, one.start :] = rng.binomial(y[chosen, one.start :].astype(np.int64), 1 + effect)
        for key, (method, transform) in zip(hits, METHODS, strict=True):
            hits[key] += sees(one, np.maximum(y, 0.5) if transform == "log" else y, chosen, method, transform, run)
    found = {key: count / runs for key, count in hits.items()}
    facts = {"group": one.group, "half": one.half, "start_year": one.start_year, "treated": treated}
    return {**facts, "effect_in_sd": size, "effect": effect, "units": len(one.y), "runs": runs, **found}


def sees(one: Block, y: NDArray[np.float64], chosen: NDArray[np.intp], method: str, transform: str, seed: int) -> bool:
    """Whether the placebo test of a method rejects no effect at 5 %."""
    starts = np.full(len(y), NEVER)
    starts[chosen] = one.start
    length, first = y.shape[1], one.start_year - one.start
    treatment = (np.arange(length) >= starts[:, None]).astype(float)
    periods = tuple(range(first, first + length))
    grid = Grid("y", Calendar("year"), periods, y, treatment, starts, exposure=one.population, n_after=length - one.start)
    outcome = Outcome.model_validate(
        {"id": "y", "title": "y", "aim": "brott", "role": "primary", "kind": "count", "exposure": "n", "transform": transform}
    )
    plan = Estimation(estimator=method, seed=seed)
    sample = Sample(grid, tuple(f"m{k}" for k in range(len(y))), np.arange(len(y)))
    job = Job(sample, outcome, plan, ("randomization",), draws=DRAWS, intervals=False)
    try:
        return bool(ESTIMATORS[method].run(job).estimates[0].p_value <= 0.05 + 1e-9)
    except DesignError:
        return False


def table(data: Path, runs: int = RUNS, workers: int = 2) -> pd.DataFrame:
    """A row per block, number of treated and effect."""
    tasks = [(one, count, size) for one in blocks(data) for count in TREATED for size in SIZES]
    rows = Parallel(n_jobs=workers)(delayed(compare)(*task, runs) for task in tasks)
    return pd.DataFrame(rows)


def pooled(found: pd.DataFrame, other: str) -> pd.DataFrame:
    """Power of forecast_did less that of another method, by treated and effect, with t intervals over group × half."""
    rows = []
    for (treated, size), part in found.groupby(["treated", "effect_in_sd"]):
        difference = (part["forecast_did"] - part[other]).groupby([part["group"], part["half"]]).mean()
        mean, error = difference.mean(), difference.std(ddof=1) / np.sqrt(len(difference))
        reach = stats.t.ppf(0.975, len(difference) - 1) * error
        facts = {
            "treated": treated,
            "effect_in_sd": size,
            "forecast_did": part["forecast_did"].mean(),
            "other": part[other].mean(),
        }
        rows.append({**facts, "difference": mean, "low": mean - reach, "high": mean + reach})
    return pd.DataFrame(rows)


if __name__ == "__main__":
    FOUND = table(Path("../shared/data/brott-kommun-ar.csv"))
    FOUND.to_csv(f"docs/methods/{FILE}", index=False, float_format="%.4f", lineterminator="\n")
