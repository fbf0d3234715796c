"""Simulated panels for doubts: counts of areas by months, some treated, some neighbours, the others the comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.designs import grid, noise, panel, study
from utvardering.data.panel import NEVER, Panel
from utvardering.estimators.estimate import estimate_effects
from utvardering.robustness.base import Doubt
from utvardering.study.model import Study

START, PERIODS = 36, 60


def counts(
    rng: np.random.Generator,
    *,
    treated: int = 3,
    neighbours: int = 0,
    comparison: int = 30,
    effect: float = 0.0,
    beside: float = 0.0,
    level: float = 20.0,
    wander: float = 0.1,
    trend: NDArray[np.float64] | None = None,
) -> Panel:
    """Treated first, then neighbours, then comparison; `effect` and `beside` are relative, trend (N, T) in log points."""
    count = treated + neighbours + comparison
    start = np.full(count, NEVER, dtype=np.int64)
    start[:treated] = START
    size = np.log(level) + 0.3 * rng.standard_normal((count, 1))
    after = np.arange(PERIODS) >= START
    shift = np.zeros((count, 1))
    shift[:treated], shift[treated : treated + neighbours] = np.log1p(effect), np.log1p(beside)
    course = size + shift * after + 0.05 * rng.standard_normal(PERIODS) + (0.0 if trend is None else trend)
    y = rng.poisson(np.exp(course + wander * noise(rng, count, PERIODS, 0.3))).astype(float)
    role = ["treated"] * treated + ["neighbour"] * neighbours + ["comparison"] * comparison
    ring = np.array([1 if one == "neighbour" else 0 for one in role])
    return panel({"y": grid(y, start, calendar="month")}, role, ring=ring)


def plan(**estimation: Any) -> Study:
    """A study of counts that should fall, planned with poisson_did."""
    outcome = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "count", "direction": "decrease"}
    return study(outcomes=(outcome,), estimation={"estimator": "poisson_did", **estimation})


def doubted(one: Panel, **estimation: Any) -> Doubt:
    """The doubt on the planned estimate alone."""
    asked = plan(**estimation)
    alone = asked.model_copy(update={"estimation": asked.estimation.model_copy(update={"also": ()})})
    planned = estimate_effects(alone, one).planned("y")
    assert planned is not None
    return Doubt(asked, one, planned)
