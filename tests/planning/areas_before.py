"""Areas with a level, a trend and a season each, before and after a start: panels for the choice of a comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests import designs
from utvardering.data.panel import Panel
from utvardering.planning.candidates import Proposal, propose_comparison
from utvardering.study.model import Study

MONTHS = 48
START = 36


def course(
    level: float = 100.0, trend: float = 0.0, swing: float = 0.0, shift: int = 0, periods: int = MONTHS
) -> NDArray[np.float64]:
    """(T,) monthly values: a level, its change a year, and a season that peaks `shift` months after January."""
    month = np.arange(periods)
    return level * (1 + trend * month / 12 + swing * np.cos(2 * np.pi * (month - shift) / 12))


def many(n: int, seed: int = 1, periods: int = MONTHS) -> NDArray[np.float64]:
    """(n, T) areas that differ in everything, with noise."""
    rng = np.random.default_rng(seed)
    rows = [
        course(rng.uniform(60, 140), rng.normal(0, 0.05), rng.uniform(0.1, 0.3), int(rng.integers(0, 12)), periods)
        for _ in range(n)
    ]
    return np.array(rows) + rng.normal(0, 3, (n, periods))


def panel(y: NDArray[np.float64], starts: list[int], roles: list[str] | None = None, **parts: Any) -> Panel:
    """A monthly panel; the first units are treated and the others compared with, where no roles are given."""
    start = designs.treated_first(len(y), starts)
    rest = ["comparison"] * (len(y) - len(starts))
    kept = {name: parts.pop(name) for name in ("calendar", "exposure", "covariates", "weights", "n_after") if name in parts}
    grid = designs.grid(y, start, **{"calendar": "month", **kept})
    return designs.panel({"y": grid}, roles or ["treated"] * len(starts) + rest, **parts)


def study(kind: str = "mean", **sections: Any) -> Study:
    """A study of one outcome, with at least five areas to compare with."""
    outcome = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": kind, **sections.pop("outcome", {})}
    return designs.study(**{"outcomes": (outcome,), "checks": {"min_comparison_units": 5}, **sections})


def propose(y: NDArray[np.float64], starts: list[int] | None = None, plan: Study | None = None, **parts: Any) -> Proposal:
    """The proposal for these areas, the first of which is treated."""
    return propose_comparison(plan or study(), panel(y, starts or [START], **parts).before())


def ranks(proposal: Proposal) -> dict[str, int]:
    """Unit to rank."""
    return {row.unit: row.rank for row in proposal.candidates}
