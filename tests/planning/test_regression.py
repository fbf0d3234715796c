"""What would areas chosen at a peak have done without any measure? Others that stood as high tell."""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import a_panel, a_study
from utvardering.planning.regression import regression_rows

UNITS, BEFORE, AFTER = 80, 16, 3


def rows_of(y: np.ndarray, treated: int = 2, direction: str = "decrease", language: str = "en"):
    plan = a_study(
        "mean",
        outcome={"direction": direction, "smallest_effect": 0.1 if direction == "increase" else -0.1},
        report={"language": language},
    )  # fmt: skip -- one plan
    panel = a_panel(y, [BEFORE] * treated, n_after=AFTER)
    return regression_rows(plan, panel.before())


def passing_noise(seed: int = 1, spread: float = 0.15) -> np.ndarray:
    """Means around 100 whose noise is gone the year after: a peak falls back wholly."""
    return 100 * np.exp(np.random.default_rng(seed).normal(0, spread, (UNITS, BEFORE + AFTER)))


def test_passing_peaks_fall_back_wholly() -> None:
    y = passing_noise()
    y[:2, BEFORE - 1] = 135
    together, *each = rows_of(y)
    assert together.unit == ""
    assert [row.unit for row in each] == ["u0", "u1"]
    assert together.verdict == "fail"
    for row in (together, *each):
        assert row.excess == pytest.approx(0.35, abs=0.12)
        assert row.low <= 1 / (1 + row.excess) - 1 <= row.high or abs(row.expected_change - (1 / (1 + row.excess) - 1)) < 0.06
    assert "fallen by" in together.text
    assert "% on average without any measure" in together.text  # the interval is that of a mean: areas differ by more
    assert "no effect" in together.text


def test_lasting_levels_do_not_fall_back() -> None:
    """A random walk goes on from where it stands: nothing is to be expected."""
    y = 100 * np.exp(np.cumsum(np.random.default_rng(2).normal(0, 0.08, (UNITS, BEFORE + AFTER)), axis=1))
    top = np.argsort(y[:, BEFORE - 1] / y[:, : BEFORE - 1].mean(axis=1))[-2:]
    y = np.concatenate([y[top], np.delete(y, top, axis=0)])
    together = rows_of(y)[0]
    assert together.excess > 0.2
    assert abs(together.expected_change) < 0.08
    assert together.verdict == "pass"


def test_a_trough_rises_where_a_rise_is_wanted() -> None:
    y = passing_noise()
    y[:2, BEFORE - 1] = 70
    together = rows_of(y, direction="increase")[0]
    assert together.verdict == "fail"
    assert together.expected_change > 0.2
    assert "risen by" in together.text
    assert rows_of(y)[0].verdict == "pass"


def test_a_short_past_is_not_evaluated_and_swedish_is_swedish() -> None:
    short = regression_rows(a_study("mean", report={"language": "sv"}), a_panel(passing_noise()[:, :3], [2]).before())
    assert [row.verdict for row in short] == ["not_evaluated"]
    y = passing_noise()
    y[:2, BEFORE - 1] = 135
    assert rows_of(y, language="sv")[0].text.startswith("Områdena med åtgärden tillsammans: sista året före start låg ")


def test_what_is_said_of_the_last_year_is_relative_to_the_others() -> None:
    """All fall by a third in the last year but the treated: they did not rise, they stand above the others."""
    y = passing_noise(spread=0.05)
    y[2:, BEFORE - 1] *= 2 / 3
    together, only = rows_of(y, treated=1)
    assert together.excess > 0.3
    assert together.text == only.text
    assert together.text.startswith("u0: the last year before the start ")
    assert " earlier years, relative to other areas. " in together.text
    swedish = rows_of(y, treated=1, language="sv")[0].text
    assert swedish.startswith("u0: sista året före start ")
    assert " tidigare år, jämfört med andra områden. " in swedish


def test_few_persons_are_not_shown_nor_told_by_the_others() -> None:
    y = np.random.default_rng(3).poisson(12, (UNITS, BEFORE + AFTER)).astype(float)
    y[0, BEFORE - 1] = 3
    plan = a_study("count", outcome={"direction": "decrease", "counts": "persons"}, report={"language": "en"})
    together, first, second = regression_rows(plan, a_panel(y, [BEFORE] * 2, n_after=AFTER).before())
    assert first.text == "u0: too few persons to be shown."
    assert together.text == "The treated areas together: too few persons to be shown."
    assert np.isnan([first.excess, first.expected_change, together.excess]).all()
    assert np.isfinite(second.excess)
    y[0, BEFORE - 1] = 5
    assert np.isfinite(regression_rows(plan, a_panel(y, [BEFORE] * 2, n_after=AFTER).before())[0].excess)


def test_the_highest_is_expected_to_fall_as_the_slope_says() -> None:
    """Nobody of the past stood as high: the nearest fell less than the treated will."""
    from utvardering.planning.regression import _expected

    rng = np.random.default_rng(2)
    excess = rng.normal(0, 0.1, (60, 8))
    changes = -0.5 * excess + rng.normal(0, 0.05, excess.shape)
    _, expected, low, high = _expected(excess, changes, 0.5, 0)
    assert low < -0.25 < high
    assert abs(expected + 0.25) < 0.06  # the slope's error over 472 unit-years, 0.02, times the distance
    _, within, _, _ = _expected(excess, changes, 0.1, 0)
    assert abs(within + 0.05) < 0.03
