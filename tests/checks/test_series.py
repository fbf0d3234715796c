"""The checks of one series: what must fail and what must pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.designs import noise
from utvardering.checks.base import CheckResult, Design
from utvardering.checks.series import MOST_ALIKE, alarm_rate, concurrent, drift, history, series_checks
from utvardering.checks.series_past import Tries
from utvardering.data.load import load_panel
from utvardering.study.load import load_study

WEBBPLATS = Path(__file__).parents[2] / "studies" / "webbplats"


@pytest.fixture(scope="module")
def example() -> Design:
    study = load_study(WEBBPLATS)
    return Design(study, load_panel(study).before())


def with_past(example: Design, values: np.ndarray) -> Design:
    """The example with another past of its primary outcome."""
    name = example.outcome.id
    grid = replace(example.before.grids[name], y=values[None, :].astype(float))
    return replace(example, before=replace(example.before, grids=example.before.grids | {name: grid}))


def past(persistence: float, seed: int, spread: float = 0.15) -> np.ndarray:
    """Four and a half years of visits whose level wanders with this correlation from month to month."""
    rng = np.random.default_rng(seed)
    return rng.poisson(2000 * np.exp(spread * noise(rng, 1, 56, persistence)[0]))


def test_a_series_that_drifts_fails_and_one_that_does_not_passes(example: Design) -> None:
    """Over 200 other seeds .99 of series with a correlation of 0.9 failed, and none without (docs/methods/interrupted.md)."""
    wandering = [drift(with_past(example, past(0.9, seed))) for seed in range(20)]
    calm = [drift(with_past(example, past(0.0, seed))) for seed in range(20)]
    assert sum(row.verdict == "fail" for row in wandering) >= 18
    assert all(row.verdict == "pass" and row.value < MOST_ALIKE == row.threshold for row in calm)
    assert "0,50" in next(row for row in wandering if row.verdict == "fail").text


def test_a_change_that_the_study_declares_fails(example: Design) -> None:
    assert concurrent(example).verdict == "pass"
    measure = example.study.measure.model_copy(update={"concurrent": ("Ny startsida",)})
    told = concurrent(replace(example, study=example.study.model_copy(update={"measure": measure})))
    assert told.verdict == "fail"
    assert "Ny startsida" in told.text


def test_too_short_a_past_and_too_short_a_follow_up_fail(example: Design) -> None:
    def limited(**limits: int) -> CheckResult:
        checks = example.study.checks.model_copy(update=limits)
        return history(replace(example, study=example.study.model_copy(update={"checks": checks})))

    assert limited().verdict == "pass"
    assert limited(min_periods_before=57).verdict == "fail"
    assert limited(min_periods_after=29).verdict == "fail"


def test_power_and_false_alarms_are_those_of_series_like_the_past(example: Design, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utvardering.checks.series.TRIES", 40)  # fewer draws, for speed: calm and noisy differ by far more
    calm, noisy = (with_past(example, past(0.0, 4, spread)) for spread in (0.02, 0.9))
    found = [series_checks()["power"](one) for one in (calm, noisy)]
    assert [row.verdict for row in found] == ["pass", "fail"]
    assert found[0].value < 0.1
    alarms = series_checks()["false_positives"](calm)
    assert alarms.verdict == "pass"
    assert 0 <= alarms.value <= 0.2


def test_what_needs_a_comparison_says_so(example: Design) -> None:
    checks = series_checks()
    rows = [checks[name](example) for name in ("comparison", "pretrend")]
    assert [row.verdict for row in rows] == ["not_evaluated"] * 2
    assert all(row.text for row in rows)


def test_the_rate_of_alarms_has_its_exact_interval() -> None:
    low = np.array([0.1] * 5 + [-1.0] * 95)
    tried = Tries(np.zeros(100), np.ones(100), low, np.full(100, 1.0))
    assert alarm_rate(tried) == pytest.approx((0.05, 0.0199, 0.1023), abs=1e-4)  # Clopper & Pearson, 5 of 100 at 90 %
    assert alarm_rate(Tries(np.zeros(9), np.ones(9), np.full(9, -1.0), np.ones(9)))[:2] == (0.0, 0.0)
