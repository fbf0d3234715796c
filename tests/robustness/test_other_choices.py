"""Other windows and other comparisons, through a study file."""

from __future__ import annotations

import numpy as np
import pytest

import utvardering as utv
from tests.evaluate.small import write_study

KEYS = """
[robustness]
leave_one_out = false
windows = [[2019-07-01, 2022-06-30], [2019-01-01, 2022-12-31], [2022-01-01, 2022-12-31]]
alternative_comparisons = [
  "all", ["Park 05", "Park 06", "Park 07"], { method = "nearest", n = 20, on = ["brott"] }, ["Park 99"],
]
"""


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    folder = write_study(tmp_path_factory.mktemp("choices"), also="[]")
    file = folder / "study.toml"
    file.write_text(file.read_text(encoding="utf-8") + KEYS, encoding="utf-8")
    study = utv.load_study(folder)
    panel = utv.load_panel(study)
    estimates = utv.estimate_effects(study, panel)
    found = utv.stress(study, panel, estimates)
    return estimates.planned("brott"), {(row.check, row.variant): row for row in found.rows}


def test_the_whole_window_and_the_same_comparison_give_the_planned_estimate(rows):
    planned, found = rows
    for key in (("windows", "2019-01..2022-12"), ("alternative_comparisons", "all")):
        assert found[key].estimate == pytest.approx(planned.estimate, abs=1e-12)
        assert (found[key].ci_low, found[key].ci_high) == (planned.ci_low, planned.ci_high)
        assert found[key].verdict == "pass"


def test_a_shorter_window_leaves_periods_out(rows):
    planned, found = rows
    row = found["windows", "2019-07..2022-06"]
    assert row.estimate != planned.estimate
    assert row.text.startswith("Från 2019-07 till 2022-06: −")


def test_a_window_without_a_period_before_says_so(rows):
    row = rows[1]["windows", "2022-01..2022-12"]
    assert row.verdict == "not_evaluated"
    assert row.text == "Ett område med åtgärden saknar perioder på ena sidan om starten."
    assert np.isnan(row.estimate)


def test_comparisons_by_list_and_by_rule(rows):
    found = rows[1]
    assert "(3 områden)" in found["alternative_comparisons", "list 2"].text
    assert "(20 områden)" in found["alternative_comparisons", "nearest 20"].text


def test_an_unknown_unit_of_a_comparison_is_told(rows):
    row = rows[1]["alternative_comparisons", "list 4"]
    assert row.verdict == "not_evaluated"
    assert '"Park 99"' in row.text
