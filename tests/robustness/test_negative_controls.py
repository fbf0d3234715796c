"""Control outcomes among the doubts: each by itself, all together, and the estimate that they calibrate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.designs import grid, panel, study, treated_first
from tests.synthesis.test_verdict import FALL
from utvardering.estimators.estimate import EstimateRow
from utvardering.inference.calibration import calibrate
from utvardering.robustness.base import Doubt, RobustnessRow
from utvardering.robustness.negative_controls import negative_controls

ONE = {"aim": "brott", "kind": "count"}


def controls(estimates: np.ndarray, error: float = 0.05) -> tuple[EstimateRow, ...]:
    """Planned log ratios of as many control outcomes, each with an interval of two errors."""
    return tuple(
        replace(
            FALL,
            outcome=f"k{k}",
            role="negative_control",
            scale="log_ratio",
            estimate=float(value),
            std_error=error,
            ci_low=float(value - 2 * error),
            ci_high=float(value + 2 * error),
            effect_percent=100 * float(np.expm1(value)),
            effect_percent_low=100 * float(np.expm1(value - 2 * error)),
            effect_percent_high=100 * float(np.expm1(value + 2 * error)),
        )
        for k, value in enumerate(estimates)
    )


def rows(found: tuple[EstimateRow, ...], planned: EstimateRow = FALL) -> dict[str, RobustnessRow]:
    outcomes = [{"id": "y", "title": "Y", "role": "primary", "direction": "decrease", **ONE}]
    outcomes += [{"id": one.outcome, "title": f"Kontroll {one.outcome}", "role": "negative_control", **ONE} for one in found]
    plan = study(outcomes=tuple(outcomes), estimation={"estimator": "poisson_did"}, report={"language": "sv"})
    one = panel({"y": grid(np.ones((4, 4)), treated_first(4, [2]))}, ["treated"] + ["comparison"] * 3)
    return {row.variant: row for row in negative_controls(Doubt(plan, one, planned, found))}


def test_without_controls_nothing_is_said() -> None:
    assert rows(()) == {}


def test_each_control_and_all_together() -> None:
    found = rows(controls(np.array([0.0, 0.05, 0.3])))
    assert [found[name].verdict for name in ("k0", "k1", "k2")] == ["pass", "pass", "fail"]
    assert found["k2"].text == "Kontrollutfallet Kontroll k2: 35,0\xa0% (22,1\xa0% till 49,2\xa0%)."
    assert found["all"].text == (
        "1 av 3 kontrollutfall visar en skillnad. Så många eller fler ger slumpen i 14\xa0% av studierna."
    )
    assert found["all"].verdict == "pass"
    assert "calibrated" not in found


def test_two_alarms_of_three_are_no_chance() -> None:
    assert rows(controls(np.array([0.0, 0.3, 0.3])))["all"].verdict == "fail"


def test_from_ten_on_the_estimate_is_calibrated() -> None:
    """A bias as large as the effect: what the plan found is gone, and the row says so."""
    bias = FALL.estimate + 0.01 * np.array([-1, 1] * 6)
    found = rows(controls(bias))["calibrated"]
    expected = calibrate(FALL.estimate, FALL.std_error, bias, np.full(12, 0.05), 0.95)
    assert (found.estimate, found.ci_low, found.p_value) == pytest.approx(
        (expected.estimate, expected.ci_low, expected.p_value)
    )
    assert found.verdict == "fail"
    assert found.text.startswith("Kontrollutfallen (12 stycken) visar i genomsnitt −")


def test_controls_without_bias_leave_the_conclusion() -> None:
    found = rows(controls(0.01 * np.array([-1, 1] * 6)))["calibrated"]
    assert found.verdict == "pass"
    assert found.ci_high < 0
