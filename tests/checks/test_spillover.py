"""Do comparison areas border on the treated, as far as a map tells?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import grid, panel, study, treated_first
from utvardering.checks.base import CheckResult, Design
from utvardering.checks.spillover import spillover

TORSAS = ("0834", "0880", "1080", "0765")
"""Torsås; Kalmar and Karlskrona, which border on it; Älmhult, which does not."""


def found(units: tuple[str, ...], role: list[str], **parts: object) -> CheckResult:
    y = np.ones((len(units), 6))
    one = panel({"y": grid(y, treated_first(len(units), [3]))}, role, **parts)
    object.__setattr__(one, "units", units)
    object.__setattr__(one, "labels", units)
    return spillover(Design(study(), one.before()))


def test_municipalities_that_border_on_the_treated_fail() -> None:
    row = found(TORSAS, ["treated", "comparison", "comparison", "comparison"])
    assert row.verdict == "fail"
    assert row.value == pytest.approx(2 / 3)
    assert "(0880, 1080)" in row.text


def test_as_neighbours_they_are_no_comparison() -> None:
    row = found(TORSAS, ["treated", "neighbour", "neighbour", "comparison"])
    assert (row.verdict, row.value) == ("pass", 0)


@pytest.mark.parametrize(("role", "verdict"), [("neighbour", "pass"), ("comparison", "not_evaluated")])
def test_other_areas_hang_on_what_the_study_names(role: str, verdict: str) -> None:
    row = found(("a", "b", "c"), ["treated", role, "comparison"])
    assert row.verdict == verdict


def test_a_map_of_the_study_keeps_them_out() -> None:
    row = found(("a", "b", "c"), ["treated", "comparison", "comparison"], beside=np.zeros((3, 3), dtype=bool))
    assert row.verdict == "pass"
