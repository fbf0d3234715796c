"""The slope of an outcome on the delivered share: found where it was planted, and not told where there is nothing to tell."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from utvardering.data.calendar import Calendar
from utvardering.process.dose import Dose
from utvardering.process.dose_response import _hours, _why_not, fit_slope


def cells(slope, counts, rng, *, noise=True):
    unit, period = (grid.ravel() for grid in np.meshgrid(np.arange(6), np.arange(30), indexing="ij"))
    share = rng.uniform(0.4, 1.0, len(unit))
    level = np.log(40 + 10 * unit) + 0.3 * np.sin(period) + slope * share
    mean = np.exp(level) if counts else level
    y = (rng.poisson(mean).astype(float) if counts else mean + rng.normal(0, 0.1, len(unit))) if noise else mean
    return y, share, unit, period


@pytest.mark.filterwarnings("ignore:Perfect separation")  # statsmodels says so of counts without any noise
@pytest.mark.parametrize("counts", [True, False])
def test_a_planted_slope_is_found_exactly_without_noise(counts):
    y, share, unit, period = cells(-0.7, counts, np.random.default_rng(1), noise=False)
    assert fit_slope(y, share, unit, period, None, counts=counts)[0] == pytest.approx(-0.7, abs=1e-8)


@pytest.mark.parametrize("counts", [True, False])
def test_the_interval_holds_the_planted_slope_as_often_as_it_says(counts):
    """Within four standard errors of 95 % over 200 draws."""
    rng, held = np.random.default_rng(2), 0
    for _ in range(200):
        slope, error, _ = fit_slope(*cells(-0.5, counts, rng), None, counts=counts)
        held += abs(slope + 0.5) < 1.976 * error
    assert 200 * 0.95 - 4 * np.sqrt(200 * 0.95 * 0.05) <= held


@pytest.mark.filterwarnings("ignore:Perfect separation")  # statsmodels says so of counts without any noise
def test_exposure_is_divided_out():
    y, share, unit, period = cells(-0.7, counts=True, rng=np.random.default_rng(3), noise=False)
    exposure = np.random.default_rng(4).uniform(1, 9, len(y))
    assert fit_slope(y * exposure, share, unit, period, exposure, counts=True)[0] == pytest.approx(-0.7, abs=1e-8)


def test_a_week_belongs_to_the_month_of_its_thursday():
    log = pd.DataFrame(
        {"unit": "a", "week": ["2022-W52", "2023-W01"], "planned_hours": [10.0, 20.0], "delivered_hours": [5.0, 10.0]}
    )
    calendar = Calendar("month")
    assert _hours(Dose(log), calendar) == {
        ("a", calendar.number("2022-12")): (10.0, 5.0),
        ("a", calendar.number("2023-01")): (20.0, 10.0),
    }
    assert _hours(Dose(log.assign(week="sommar")), calendar) == {}


def test_too_little_and_too_even_are_said():
    _, share, unit, period = cells(0.0, counts=False, rng=np.random.default_rng(5))
    frame = pd.DataFrame({"unit": unit, "period": period, "share": share})
    assert _why_not(frame) == ""
    assert _why_not(frame.iloc[:20]) == "few"
    assert _why_not(frame.assign(share=0.9)) == "even"
