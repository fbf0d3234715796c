"""The dose of each area, beside the sum of all: its numbers, its words and its unit."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd
import pytest

from utvardering.report import chart_data
from utvardering.report.dose_areas import SHOWN_AREAS, area_frame, dose_area_charts
from utvardering.report.texts import Texts


def results(log: pd.DataFrame, language: str = "sv") -> SimpleNamespace:
    return SimpleNamespace(tables={"dose": log}, texts=Texts(language), is_simulated=True)


def log(n_areas: int, n_weeks: int = 4) -> pd.DataFrame:
    rows = [
        (f"Plats {unit}", f"2022-W{week + 1:02d}", 40.0, 40.0 * (unit + 1) / n_areas)
        for unit in range(n_areas)
        for week in range(n_weeks)
    ]
    return pd.DataFrame(rows, columns=["unit", "week", "planned_hours", "delivered_hours"])


def test_areas_add_up_to_the_sum() -> None:
    found = results(log(4))
    frame = area_frame(found)
    summed = frame.groupby("period", sort=False)[["planned", "delivered"]].sum().reset_index(drop=True)
    pd.testing.assert_frame_equal(summed, chart_data.dose(found)[["planned", "delivered"]])
    assert list(frame.columns) == ["area", "period", "planned", "delivered", "x"]


@pytest.mark.parametrize("n_areas", [0, 1, SHOWN_AREAS + 1])
def test_one_area_is_its_sum_and_very_many_are_not_drawn(n_areas: int) -> None:
    assert area_frame(results(log(n_areas))).empty


@pytest.mark.parametrize(("language", "unit"), [("sv", "timmar per vecka"), ("en", "hours a week")])
def test_words_say_each_share_and_the_unit(language: str, unit: str) -> None:
    ((name, section, (caption, alt), chart, frame),) = dose_area_charts(results(log(4), language))
    assert (name, section, len(frame)) == ("dos-omraden", "implementation", 16)
    assert unit in alt
    assert all(f"Plats {k}" in alt for k in range(4))
    assert "25" in caption
    assert chart.labels.y.lower() == unit
