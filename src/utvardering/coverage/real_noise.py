"""How often does each test see an effect in real counts of municipalities, where nothing was done?

Municipalities are drawn by a rule and called treated from a year on; nothing is changed, or 15 % of their events are taken
away by binomial thinning before anything is fitted. The counts are real, so noise, serial correlation and common shocks are
what they are; only the treatment is made up.
"""

from __future__ import annotations

import hashlib
import time
import zlib
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from utvardering.coverage.attempts import COUNT, Attempts, Refusal
from utvardering.coverage.store import Shelf, shelf
from utvardering.data.calendar import Calendar
from utvardering.data.panel import NEVER, Grid, Sample
from utvardering.estimators.registry import ESTIMATORS
from utvardering.study.model import Outcome

FILE = "real_noise.csv"
METHODS = ("did", "poisson_did", "forecast_did")
INFERENCES = ("randomization", "cluster")
COLUMNS = ("run", "inference", "refused", "p_none", "p", "seconds")
FOUND = ("inference", "runs", "refused", "rejections", "size", "size_mcse", "power", "power_mcse")
WRITTEN = ("group", "start_year", "rule", "treated", "estimator", "transform", *FOUND)

GROUPS = ("skadegorelse", "bilbrott")
START_YEARS = (2014, 2018)
AFTER = 4
RULES = {
    "uniform": (1, 2, 5, 10, 30),
    "largest": (1, 5, 10),
    "smallest": (1, 5, 10),
    "highest": (1, 5, 10),
    "peak": (1, 2, 5, 10),
}
"""How the treated are drawn: of all municipalities, or of the fifth that is largest, smallest, has the highest rate over the
years before, or stood highest in the last year before over its earlier years."""
EFFECT = -0.15
RUNS = 300
_FIFTH = 5
_LEVEL = 0.05 + 1e-9


@dataclass(frozen=True)
class Try:
    """One way to draw, judged by one estimator."""

    group: str
    start_year: int
    rule: str
    treated: int
    estimator: str
    transform: str = "none"

    @property
    def name(self) -> str:
        """What the files of its runs are called."""
        return f"{self.group}-{self.start_year}-{self.rule}-{self.treated}"

    @property
    def outcome(self) -> Outcome:
        """The count, as a rate or its logarithm for an additive estimator."""
        return COUNT.model_copy(update={"transform": self.transform})


def tries(methods: list[str]) -> list[Try]:
    """All of them; `did` on rates and on logarithms."""
    return [
        Try(group, year, rule, count, method, transform)
        for group in GROUPS
        for year in START_YEARS
        for rule, counts in RULES.items()
        for count in counts
        for method in methods
        for transform in (("none", "log") if method == "did" else ("none",))
    ]


def place(build: Path, data: Path, one: Try) -> Shelf:
    """Where the runs of a try are kept."""
    made_of = hashlib.sha256(data.read_bytes() + repr((asdict(one), AFTER, EFFECT)).encode()).hexdigest()[:10]
    modules = (ESTIMATORS[one.estimator].run.__module__, __name__)
    return shelf(build, f"real/{one.name}-{made_of}", one.estimator, modules, COLUMNS)


def work(data: Path, one: Try, first: int, last: int) -> list[dict[str, Any]]:
    """Rows of runs first … last − 1, COLUMNS as keys."""
    attempts = Attempts(ESTIMATORS[one.estimator], one.outcome, INFERENCES)
    rows = []
    for run in range(first, last):
        begun = time.perf_counter()
        none, some = drawn(data, one, run)
        without = attempts.answers(none, run, intervals=False)
        answers = attempts.answers(some, run, intervals=False)
        seconds = time.perf_counter() - begun
        for inference, answer in answers.items():
            row: dict[str, Any] = {"run": run, "inference": inference, "refused": "", "seconds": seconds}
            nothing = without[inference]
            if isinstance(nothing, Refusal):
                row["refused"] = nothing.reason
            elif isinstance(answer, Refusal):
                row["refused"] = answer.reason
            else:
                row |= {"p_none": nothing.p_value, "p": answer.p_value}
            rows.append(row)
    return rows


def drawn(data: Path, one: Try, run: int) -> tuple[Sample, Sample]:
    """The counts as they are, with municipalities called treated, and the same with the effect put in."""
    y, population, start = counts(data, one.group, one.start_year)
    rng = np.random.default_rng([zlib.crc32(one.name.encode()), run])
    chosen = rng.choice(eligible(one.rule, y, population, start), one.treated, replace=False)
    thinned = y.copy()
    thinned[chosen, start:] = rng.binomial(y[chosen, start:].astype(np.int64), 1 + EFFECT)
    starts = np.full(len(y), NEVER)
    starts[chosen] = start
    return _sample(one, y, population, starts, start), _sample(one, thinned, population, starts, start)


def eligible(rule: str, y: NDArray[np.float64], population: NDArray[np.float64], start: int) -> NDArray[np.intp]:
    """Municipalities of which a rule draws, from what was known before the start."""
    fifth = len(y) // _FIFTH
    rate = y[:, :start] / population[:, :start]
    by = {
        "largest": population[:, start - 1],
        "smallest": -population[:, start - 1],
        "highest": rate.mean(axis=1),
        "peak": rate[:, -1] / rate[:, :-1].mean(axis=1),
    }
    return np.argsort(by[rule])[-fifth:] if rule in by else np.arange(len(y))


@cache
def counts(data: Path, group: str, start_year: int) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """(N, T) counts and population of municipalities without a missing year, to AFTER years on; position of the start."""
    frame = pd.read_csv(data, dtype={"kommunkod": str})
    frame = frame[frame["ar"] < start_year + AFTER]
    tables = [frame.pivot_table(index="kommunkod", columns="ar", values=name) for name in (group, "befolkning")]
    y, population = (table.reindex(tables[1].index).to_numpy(dtype=float) for table in tables)
    whole = np.isfinite(y).all(axis=1)
    return y[whole], population[whole], int(start_year - frame["ar"].min())


def summarise(one: Try, runs: pd.DataFrame) -> list[dict[str, Any]]:
    """A row per inference: how often it saw an effect where there was none, and the one that was put in."""
    rows = []
    for inference, part in runs.groupby("inference", sort=False):
        used = part[part["refused"] == ""]
        row: dict[str, Any] = {
            **asdict(one),
            "inference": str(inference),
            "runs": len(part),
            "refused": 1 - len(used) / len(part),
        }
        if len(used):
            for name, column in (("size", "p_none"), ("power", "p")):
                share = float((used[column] <= _LEVEL).mean())
                row |= {name: share, f"{name}_mcse": float(np.sqrt(share * (1 - share) / len(used)))}
            row["rejections"] = int((used["p_none"] <= _LEVEL).sum())
        rows.append(row)
    return rows


def _sample(one: Try, y: NDArray[np.float64], population: NDArray[np.float64], starts: NDArray[np.int64], start: int) -> Sample:
    length = y.shape[1]
    first = one.start_year - start
    treatment = (np.arange(length) >= starts[:, None]).astype(float)
    grid = Grid(
        "y",
        Calendar("year"),
        tuple(range(first, first + length)),
        y,
        treatment,
        starts,
        exposure=population,
        n_after=length - start,
    )
    return Sample(grid, tuple(f"m{k}" for k in range(len(y))), np.arange(len(y)))
