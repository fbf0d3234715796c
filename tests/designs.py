"""Small designs built in memory, without files: samples for estimators, panels and studies for checks and verdicts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.panel import NEVER, Grid, Panel, Sample
from utvardering.estimators.base import Job
from utvardering.study.model import Estimation, Outcome, Study

SHARED = Path(__file__).resolve().parents[2] / "shared"
"""Data and reference numbers for development, beside the repository; they are no part of it."""


def shared(name: str) -> Path:
    """A file of the development data; the test is skipped, with the reason, where it is absent."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"development data are absent: {name} beside the repository")
    return path


def outcome(kind: str = "mean", **keys: Any) -> Outcome:
    """A primary outcome with the id `y`."""
    return Outcome.model_validate({"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": kind, **keys})


def estimation(estimator: str = "did", **keys: Any) -> Estimation:
    """A plan for one estimator."""
    return Estimation.model_validate({"estimator": estimator, **keys})


def treated_first(n_units: int, starts: list[int]) -> NDArray[np.int64]:
    """(N,) starts: the first units get those listed, the others never."""
    start = np.full(n_units, NEVER, dtype=np.int64)
    start[: len(starts)] = starts
    return start


def grid(y: NDArray[np.float64], start: NDArray[np.int64], *, calendar: str = "index", **parts: Any) -> Grid:
    """A grid whose periods count from 0, or from January 2010 in a calendar."""
    n_periods = y.shape[1]
    first = 0 if calendar == "index" else Calendar(calendar).number("2010" if calendar == "year" else "2010-01")
    treatment = (np.arange(n_periods) >= start[:, None]).astype(float)
    latest = start[start < NEVER].max(initial=0)
    given: dict[str, Any] = {"treatment": treatment, "n_after": max(n_periods - int(latest), 0), **parts}
    periods = tuple(range(first, first + n_periods))
    return Grid("y", Calendar(calendar), periods, np.asarray(y, dtype=float), start=start, **given)


def sample(y: NDArray[np.float64], start: NDArray[np.int64], *, anticipation: int = 0, **parts: Any) -> Sample:
    """A sample of units named u0, u1, …, each its own cluster unless `cluster` says otherwise."""
    n_units = len(y)
    roles = {name: parts.pop(name) for name in ("strata", "groups") if name in parts}
    units = parts.pop("units", tuple(f"u{k}" for k in range(n_units)))
    cluster = parts.pop("cluster", np.arange(n_units))
    return Sample(grid(y, start, **parts), units, cluster, anticipation=anticipation, **roles)


def job(one: Sample, out: Outcome, plan: Estimation, inferences: tuple[str, ...] = ("randomization", "cluster")) -> Job:
    """What an estimator takes."""
    return Job(one, out, plan, inferences)


def panel(grids: dict[str, Grid], role: list[str], **parts: Any) -> Panel:
    """A panel of units named u0, u1, … with the roles given."""
    n_units = len(role)
    units = tuple(f"u{k}" for k in range(n_units))
    given: dict[str, Any] = {"ring": np.zeros(n_units, dtype=np.int64), "cluster": np.arange(n_units), **parts}
    return Panel(units, units, np.array(role, dtype="<U10"), grids=grids, **given)


def study(**sections: Any) -> Study:
    """A study of areas with one outcome `y`; sections replace those of the example key by key."""
    base: dict[str, Any] = {
        "schema": 1,
        "study": {"id": "prov", "title": "Prov", "question": "Blev det färre?", "design": "areas"},
        "measure": {"kind": "other", "name": "Prov"},
        "outcomes": ({"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "mean", "direction": "decrease"},),
        "estimation": {"estimator": "did"},
        "report": {"language": "en"},
        "folder": Path(),
    }
    for name, value in sections.items():
        base[name] = {**base.get(name, {}), **value} if isinstance(value, dict) and name in base else value
    return Study.model_validate(base)


def noise(rng: np.random.Generator, n_units: int, n_periods: int, persistence: float = 0.5) -> NDArray[np.float64]:
    """(N, T) stationary AR(1) noise of variance one."""
    shocks = rng.standard_normal((n_units, n_periods))
    walk = np.empty_like(shocks)
    walk[:, 0] = shocks[:, 0]
    for t in range(1, n_periods):
        walk[:, t] = persistence * walk[:, t - 1] + np.sqrt(1 - persistence**2) * shocks[:, t]
    return walk
