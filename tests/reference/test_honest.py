"""Bounds on trends that part: the numbers that R's HonestDiD and Stata's honestdid print for two published cases."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.designs import shared
from utvardering.inference.honest import PeriodEffects, breakdown
from utvardering.inference.honest_magnitudes import magnitudes_interval
from utvardering.inference.honest_smoothness import Smoothness

R = 0.005  # the tolerance of the reference file: R accepts the points of a grid
PRINTED = 0.001  # three printed decimals, on a grid with steps of 0.0004
MEDICAID = json.loads((Path(__file__).parent / "medicaid.json").read_text(encoding="utf-8"))


def restaurants(weights: list[float]) -> PeriodEffects:
    with shared("data/benzarti-carloni.csv").open(encoding="utf-8") as file:
        rows = list(csv.reader(file))[1:]
    table = np.array(rows, dtype=float)
    return PeriodEffects(table[:, 1], table[:, 2:], 4, np.array(weights))


def medicaid(weights: list[float]) -> PeriodEffects:
    return PeriodEffects(np.array(MEDICAID["effects"]), np.array(MEDICAID["covariance"]), 5, np.array(weights, dtype=float))


def test_restaurants_as_r_has_them() -> None:
    """HonestDiD 0.2.6 on Benzarti & Carloni. Its upper limit at 2 is the end of its grid, 20 standard errors: not a limit."""
    found = restaurants([1, 0, 0, 0])
    smooth = Smoothness(found, 0.95)
    rows = json.loads(shared("reference/benzarti-carloni.json").read_text(encoding="utf-8"))["results"]
    seen = 0
    for row in rows:
        kind, _, bound = row["id"].partition("|2009")
        size = float(bound.partition("=")[2] or 0)
        if kind == "original_cs":
            half = 1.959964 * found.std_error
            low, high = found.estimate - half, found.estimate + half
        else:
            one = smooth.interval(size) if kind == "honest_SD_FLCI" else magnitudes_interval(found, size, 0.95)
            assert not one.note
            low, high = one.low, one.high
        assert low == pytest.approx(row["ci_low"], abs=R)
        if (kind, size) == ("honest_RM", 2):
            edge = 20 * found.std_error
            assert row["ci_high"] == pytest.approx(edge, rel=1e-9)  # a product of printed numbers
            assert high > edge
        else:
            assert high == pytest.approx(row["ci_high"], abs=R)
        seen += 1
    assert seen == 10


def test_smooth_restaurants_at_smaller_changes() -> None:
    """HonestDiD 0.2.6 as kept by two ports; limits to 0.001, which its random quantiles of |N(b, 1)| allow."""
    smooth = Smoothness(restaurants([1, 0, 0, 0]), 0.95)
    for m, low, high in ((0.01, 0.154965, 0.270385), (0.02, 0.177301, 0.315956), (0.03, 0.189404, 0.348548)):
        one = smooth.interval(m)
        assert (one.low, one.high) == pytest.approx((low, high), abs=PRINTED)


@pytest.mark.parametrize("row", MEDICAID["results"], ids=lambda row: f"{row['id']}-{row.get('bound', '')}-{row['weights']}")
def test_medicaid_as_printed(row: dict) -> None:
    found = medicaid(row["weights"])
    if row["id"] == "original":
        half = 1.959964 * found.std_error
        low, high = found.estimate - half, found.estimate + half
    elif row["id"] == "magnitudes":
        one = magnitudes_interval(found, row["bound"], 0.95)
        low, high = one.low, one.high
    else:
        one = Smoothness(found, 0.95).interval(row["bound"])
        low, high = one.low, one.high
    assert (low, high) == pytest.approx((row["ci_low"], row["ci_high"]), abs=PRINTED)


def test_medicaid_breaks_down_where_its_authors_say() -> None:
    """The README: about 2 times the largest change before, and a change of slope between .02 and .03."""
    found, search = medicaid([1, 0]), {"most": 100.0, "tolerance": 0.005}
    at = breakdown(lambda m: magnitudes_interval(found, m, 0.95).excludes_zero(1), first=0.1, **search)
    assert at == pytest.approx(1.94, abs=0.01)
    smooth = Smoothness(found, 0.95)
    at = breakdown(lambda m: smooth.interval(m).excludes_zero(1), first=0.001, most=100, tolerance=1e-4)
    assert at == pytest.approx(0.0228, abs=2e-4)  # at 0.02 R's interval excludes 0, at 0.03 it holds it
