"""Designs as they were before the start, for one check each."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.designs import grid, noise, panel, study, treated_first
from utvardering.checks.base import Design
from utvardering.data.panel import Panel
from utvardering.study.model import Study

N_UNITS, N_BEFORE, N_AFTER = 31, 14, 4


def a_study(kind: str = "mean", estimator: str = "did", **sections: Any) -> Study:
    """A study of yearly data with one primary outcome `y`; `outcome` replaces keys of it."""
    out = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": kind, "direction": "decrease"}
    out |= {"smallest_effect": -0.10, **sections.pop("outcome", {})}
    plan = {"estimator": estimator, "seed": 7, **sections.pop("estimation", {})}
    return study(outcomes=(out,), estimation=plan, **sections)


def a_panel(
    y: NDArray[np.float64], starts: list[int], *, calendar: str = "year", role: list[str] | None = None, **parts: Any
) -> Panel:
    """The whole panel; the first units are treated, the others stand as comparison."""
    roles = role or ["treated"] * len(starts) + ["comparison"] * (len(y) - len(starts))
    beside = {name: parts.pop(name) for name in ("strata", "anticipation", "ring") if name in parts}
    return panel({"y": grid(y, treated_first(len(y), starts), calendar=calendar, **parts)}, roles, **beside)


def a_design(y: NDArray[np.float64], starts: list[int], one: Study | None = None, **parts: Any) -> Design:
    """What a check may look at."""
    return Design(one or a_study(), a_panel(y, starts, **parts).before())


def means(
    seed: int = 1, spread: float = 3.0, n_units: int = N_UNITS, n_periods: int = N_BEFORE + N_AFTER
) -> NDArray[np.float64]:
    """Means around 100 with AR(1) noise of a standard deviation of `spread`."""
    rng = np.random.default_rng(seed)
    return 100 + rng.normal(0, 5, (n_units, 1)) + spread * noise(rng, n_units, n_periods)


def events(
    seed: int = 1, level: float = 200, n_units: int = N_UNITS, n_periods: int = N_BEFORE + N_AFTER
) -> NDArray[np.float64]:
    """Counts around `level`."""
    rng = np.random.default_rng(seed)
    return rng.poisson(level * np.exp(rng.normal(0, 0.3, (n_units, 1))) * np.ones(n_periods)).astype(float)
