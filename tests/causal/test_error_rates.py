"""How often do the data contradict a graph that is right, and one that is wrong? 200 simulated studies of 60 areas each."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.causal.graphs import graph
from utvardering.causal.independencies import held_against, verdict

RIGHT = graph("income -> unrest", "unrest -> start", "unrest -> y", "start -> y", "age -> y")
"""Says: income and start, income and y given unrest; age with income, unrest and start."""
WRONG = graph("income -> unrest", "unrest -> start", "start -> y", "age -> y")
"""Leaves out that unrest touches the outcome beside the measure."""
SEEDS = 200


def areas(seed: int, n_units: int = 60) -> dict[str, NDArray[np.float64]]:
    """Values by the right graph, with noise that grows with unrest; a third of the areas is treated."""
    rng = np.random.default_rng(seed)
    income, age = rng.standard_normal((2, n_units))
    unrest = -0.7 * income + rng.standard_normal(n_units)
    start = (0.8 * unrest + rng.standard_normal(n_units) > 0.5).astype(float)
    noise = rng.standard_normal(n_units) * np.exp(0.3 * unrest)
    y = 0.8 * unrest - 0.5 * start + 0.5 * age + noise
    return {"income": income, "unrest": unrest, "start": start, "y": y, "age": age}


def rejected(drawn: object, seed: int) -> bool:
    tested = held_against(drawn, areas(seed), np.arange(60), np.random.default_rng(seed), draws=399)  # type: ignore[arg-type] -- a graph
    return verdict(tested, 0.05) == "fail"


@pytest.mark.slow
def test_a_right_graph_is_rejected_in_one_study_of_twenty() -> None:
    rate = np.mean([rejected(RIGHT, seed) for seed in range(SEEDS)])
    assert rate <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / SEEDS)


@pytest.mark.slow
def test_a_wrong_graph_is_seen() -> None:
    assert np.mean([rejected(WRONG, seed) for seed in range(SEEDS)]) >= 0.8
