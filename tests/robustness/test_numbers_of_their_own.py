"""The displacement quotient and the E-value among the doubts: their numbers, verdicts and sentences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from tests.designs import grid, panel, study, treated_first
from tests.synthesis.test_verdict import FALL, WIDE
from utvardering.data.panel import Panel
from utvardering.estimators.estimate import EstimateRow
from utvardering.robustness.base import Doubt, RobustnessRow
from utvardering.robustness.displacement import displacement
from utvardering.robustness.e_value import e_value, hidden_cause
from utvardering.study.model import Study

COUNT = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "count", "direction": "decrease"}


def plan(kind: str = "count", **sections: object) -> Study:
    return study(outcomes=({**COUNT, "kind": kind},), estimation={"estimator": "did"}, **sections)


def table(treated: tuple[float, float], control: tuple[float, float], moved: tuple[float, float]) -> Panel:
    """Two treated areas, 21 comparison areas and two neighbours, with these counts in each of four periods before and after."""
    rows = [treated] * 2 + [control] * 21 + [moved] * 2
    y = np.array([[before] * 4 + [after] * 4 for before, after in rows], dtype=float)
    y[2:23] += np.linspace(-2, 2, 21)[:, None] * np.array([1, -1, 1, -1, 1, -1, 1, -1])
    role = ["treated"] * 2 + ["comparison"] * 21 + ["neighbour"] * 2
    ring = np.array([0] * 23 + [1] * 2)
    return panel({"y": grid(y, treated_first(25, [4, 4]))}, role, ring=ring)


def quotient(one: Panel, kind: str = "count", **sections: object) -> list[RobustnessRow]:
    return [row for row in displacement(Doubt(plan(kind, **sections), one, FALL)) if row.variant == "quotient"]


NO_INTERVAL = "No interval belongs to it."
MOVED = (
    "Displacement quotient {}: the neighbouring areas rose relative to the comparison (displacement); "
    f"at −1 as much was lost there as was won. {NO_INTERVAL}"
)
SHARED_TEXT = (
    "Displacement quotient 0.25: the neighbouring areas too fell relative to the comparison (diffusion of benefits). "
    f"{NO_INTERVAL}"
)
NO_SUCCESS = (
    "The displacement quotient cannot be interpreted: the areas with the measure did not fall relative to the comparison, "
    "so there is nothing that could have moved."
)
EVEN = (
    "Displacement quotient 0.00: the neighbours changed much as the comparison did, no sign of displacement. "
    "The quotient has no interval."
)


@pytest.mark.parametrize(
    ("counts", "value", "verdict", "said"),
    [
        (((100, 60), (200, 200), (80, 70)), 0.25, "pass", SHARED_TEXT),
        (((100, 60), (200, 200), (80, 100)), -0.5, "pass", MOVED.format("−0.50")),
        (((100, 60), (200, 200), (80, 80)), 0.0, "pass", EVEN),
        (((100, 60), (200, 200), (80, 120)), -1.0, "fail", MOVED.format("−1.00")),
        (((100, 60), (200, 200), (80, 140)), -1.5, "fail", MOVED.format("−1.50")),
        (((100, 110), (200, 200), (80, 70)), math.nan, "not_evaluated", NO_SUCCESS),
    ],
)
def test_the_quotient_has_a_row_of_its_own(
    counts: tuple[tuple[float, float], ...], value: float, verdict: str, said: str
) -> None:
    (row,) = quotient(table(*counts))
    assert row.estimate == pytest.approx(value, nan_ok=True)
    assert (row.verdict, row.text) == (verdict, said)
    assert math.isnan(row.ci_low)


def test_a_comparison_without_events_after_leaves_no_quotient() -> None:
    one = table((100, 60), (200, 200), (80, 70))
    y = one.grids["y"].y.copy()
    y[2:23, 4:] = 0
    (row,) = quotient(replace(one, grids={"y": replace(one.grids["y"], y=y)}))
    assert row.verdict == "not_evaluated"
    assert row.text == (
        "The displacement quotient cannot be interpreted: the comparison areas have no events before or after the start."
    )


def test_only_counts_have_a_quotient() -> None:
    assert not quotient(table((100, 60), (200, 200), (80, 100)), "mean")


def test_the_quotient_in_swedish() -> None:
    (row,) = quotient(table((100, 60), (200, 200), (80, 100)), report={"language": "sv"})
    assert row.text == (
        "Undanträngningskvot −0,50: grannområdena ökade i förhållande till jämförelsen (undanträngning); "
        "vid −1 förlorades lika mycket där som vanns. Kvoten har inget intervall."
    )


def hidden(planned: EstimateRow) -> list[RobustnessRow]:
    return list(hidden_cause(Doubt(plan(), table((100, 60), (200, 200), (80, 100)), planned)))


def test_the_e_value_of_the_planned_ratio_and_of_its_limit() -> None:
    (row,) = hidden(FALL)
    found = e_value(math.exp(FALL.estimate), math.exp(FALL.ci_high))
    assert (row.estimate, row.ci_low) == (found.estimate, found.limit)
    assert row.verdict == "not_evaluated"
    assert row.text == (
        f"E-value {found.estimate:.2f}, for the limit of the interval nearest no effect {found.limit:.2f}: "
        "a hidden cause would have to go with both the measure and the outcome by a ratio of at least so much "
        "to explain the estimate, or the limit, away."
    )


def test_nothing_to_explain_away() -> None:
    (row,) = hidden(WIDE)
    assert row.ci_low == 1
    assert "the interval holds no effect, so there is nothing to explain away (E-value of the limit 1.00)" in row.text


def test_differences_have_no_e_value() -> None:
    assert not hidden(replace(FALL, scale="difference"))


def test_an_unbounded_interval_has_an_e_value() -> None:
    (row,) = hidden(replace(FALL, ci_low=-math.inf))
    assert math.isfinite(row.estimate)
    assert row.ci_low > 1
