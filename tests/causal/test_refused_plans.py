"""Causal models from which nothing can follow: refused before anything is tried, with what to do."""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import grid, noise, panel, study, treated_first
from utvardering.checks.plan import refuse_hopeless
from utvardering.errors import DesignError
from utvardering.study.causal_graph import CAUSAL_RULES

HIDDEN = {"edges": ("u -> start", "u -> y", "start -> y"), "unobserved": ("u",)}
MEASURED = {"edges": ("x -> start", "x -> y", "start -> y")}
Y = noise(np.random.default_rng(1), 24, 8)
AREAS = panel({"y": grid(Y, treated_first(24, [4, 4]))}, ["treated"] * 2 + ["comparison"] * 22)


def test_a_plan_to_adjust_without_an_adjustment_is_refused_with_the_open_path() -> None:
    one = study(causal_model=HIDDEN, estimation={"estimator": "adjusted"})
    with pytest.raises(DesignError, match="not identified, says the causal model: the path start ← u → y cannot be closed"):
        refuse_hopeless(one, AREAS)


@pytest.mark.parametrize(
    ("model", "estimator"), [(HIDDEN, "did"), (MEASURED, "adjusted"), ({}, "adjusted")], ids=["beside", "identified", "none"]
)
def test_other_plans_are_not(model: dict[str, tuple[str, ...]], estimator: str) -> None:
    refuse_hopeless(study(causal_model=model, estimation={"estimator": estimator}), AREAS)


def test_columns_that_name_a_row_are_no_causes() -> None:
    edges = ("omrade -> start", "manad -> y", "start -> y")
    one = study(data={"panel": "p.csv", "unit": "omrade", "period": "manad"}, causal_model={"edges": edges})
    told = [(problem.key, problem.message) for rule in CAUSAL_RULES for problem in rule(one)]
    assert told == [
        (
            "causal_model.edges[0]",
            '"omrade" is the column with the units, which cause nothing; name what differs between areas',
        ),
        (
            "causal_model.edges[1]",
            '"manad" is the column with the periods, which cause nothing; name what differs between areas',
        ),
    ]
