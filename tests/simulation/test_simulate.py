"""Do simulated panels have the properties that their description states?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from utvardering.data.calendar import Calendar
from utvardering.data.panel import NEVER
from utvardering.simulate import Frame, SimulatedOutcome, Sizes, simulate_outcome, simulate_panel, simulate_sizes


def frame(units: int = 4, periods: int = 24) -> Frame:
    """Monthly; unit 0 is treated and unit 1 lies beside, from the middle on."""
    start = np.full(units, NEVER)
    beside = start.copy()
    start[0] = beside[1] = periods // 2
    names = tuple(f"Område {k}" for k in range(units))
    return Frame(names, Calendar("month"), tuple(range(24_000, 24_000 + periods)), start, beside, "omrade", "manad")


def test_mean_without_noise_is_exact() -> None:
    """Level plus effect, from the start on, in the treated and beside them."""
    outcome = SimulatedOutcome("mean", 5.0, effect=-1.0, neighbour_effect=0.5)
    found = simulate_outcome(frame(), outcome, np.ones((4, 24)), np.random.default_rng(1))
    expected = np.full((4, 24), 5.0)
    expected[0, 12:] -= 1.0
    expected[1, 12:] += 0.5
    assert np.array_equal(found, expected)


def test_counts_have_their_mean_and_variance() -> None:
    """Mean exposure × level × (1 + effect); variance μ + overdispersion · μ²."""
    wide = frame(2_000, 200)
    wide = replace(wide, start=np.where(np.arange(2_000) < 1_000, 100, NEVER))
    outcome = SimulatedOutcome("count", 4.0, effect=-0.25, overdispersion=0.5)
    found = simulate_outcome(wide, outcome, np.full((2_000, 200), 3_000.0), np.random.default_rng(2))
    after, control = found[:1_000, 100:], found[1_000:]
    assert control.mean() == pytest.approx(12, rel=0.01)  # ten standard errors of the mean of 200,000 counts
    assert after.mean() == pytest.approx(9, rel=0.01)  # likewise, of 100,000
    assert control.var() == pytest.approx(12 + 0.5 * 144, rel=0.03)  # ten standard errors of a variance


def test_wander_is_stationary_and_persistent() -> None:
    """The AR(1) has the same variance in every period, and the stated correlation from one to the next."""
    wide = frame(20_000, 6)
    wide = replace(wide, start=np.full(20_000, NEVER), beside=np.full(20_000, NEVER))
    outcome = SimulatedOutcome("mean", 0.0, wander=2.0, persistence=0.6)
    found = simulate_outcome(wide, outcome, np.ones((20_000, 6)), np.random.default_rng(3))
    assert found.std(axis=0) == pytest.approx(np.full(6, 2.0), rel=0.03)  # six standard errors
    assert np.corrcoef(found[:, 2], found[:, 3])[0, 1] == pytest.approx(0.6, abs=0.03)  # six standard errors


def test_season_peaks_where_it_is_told() -> None:
    """The seventh month of the year is the highest, the first the lowest."""
    outcome = SimulatedOutcome("mean", 0.0, season=1.0, peak=7)
    found = simulate_outcome(frame(), outcome, np.ones((4, 24)), np.random.default_rng(4))[2]
    assert found.argmax() % 12 == 6
    assert found.argmin() % 12 == 0


def test_sizes_change_by_year_only() -> None:
    """Without drift a unit keeps its size; with it, it changes from one calendar year to the next."""
    fixed = simulate_sizes(frame(), Sizes(1_000, 0.5), np.random.default_rng(5))
    assert np.ptp(fixed, axis=1).max() == 0
    moving = simulate_sizes(frame(), Sizes(1_000, 0.5, 0.1), np.random.default_rng(5))
    assert np.ptp(moving[:, :12], axis=1).max() == 0
    assert np.all(moving[:, 0] != moving[:, 12])


def test_one_more_outcome_leaves_the_others() -> None:
    """Each outcome has a stream of its own, and numpy's global state is untouched."""
    before = repr(np.random.get_state())  # noqa: NPY002 -- the global state is what is tested
    one = {"brott": SimulatedOutcome("count", 5.0, spread=0.3, wander=0.2, overdispersion=0.1)}
    two = {**one, "trygga": SimulatedOutcome("share", 0.6, respondents=100, respondents_column="svarande")}
    exposure = ("folkmangd", Sizes(2_000, 0.3))
    alone = simulate_panel(frame(), one, np.random.default_rng(6), exposure)
    both = simulate_panel(frame(), two, np.random.default_rng(6), exposure)
    assert alone["brott"].equals(both["brott"])
    assert alone["folkmangd"].equals(both["folkmangd"])
    assert list(both.columns) == ["omrade", "manad", "brott", "trygga", "svarande", "folkmangd"]
    assert both["trygga"].between(0, 1).all()
    assert before == repr(np.random.get_state())  # noqa: NPY002 -- as above
