"""How large must an effect be to be found? By the planned test itself, on the past."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.checks.pasts import N_AFTER, N_BEFORE, N_UNITS, a_design, a_study, events, means
from tests.designs import noise, sample, treated_first
from utvardering.checks import power as trying
from utvardering.checks.past import STEPS, Past, called_treated, nested, prepare, pseudo_starts, run_in_full
from utvardering.checks.power import detectable, planned_analysis, power, smallest_detectable_effect


@pytest.fixture(autouse=True)
def _few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer tries of the past, for speed: differences between the designs below are far larger than their error."""
    monkeypatch.setattr(trying, "TRIES", 60)


def test_quiet_passes_noisy_fails_short_is_not_evaluated() -> None:
    quiet = power(a_design(means(spread=2), [N_BEFORE] * 3))
    noisy = power(a_design(means(spread=40), [N_BEFORE]))
    short = power(a_design(means(n_periods=7), [3]))
    assert (quiet.verdict, noisy.verdict, short.verdict) == ("pass", "fail", "not_evaluated")
    assert quiet.value <= quiet.threshold == 0.25
    assert noisy.value > 0.25


def test_more_treated_units_find_smaller_effects() -> None:
    found = [smallest_detectable_effect(a_design(means(spread=12), [N_BEFORE] * n)).effect for n in (1, 2, 8)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]


def test_more_events_find_smaller_effects() -> None:
    plan = a_study("count", "poisson_did")
    found = [smallest_detectable_effect(a_design(events(level=level), [N_BEFORE] * 2, plan)).effect for level in (5, 50, 500)]
    assert found == sorted(found, reverse=True)
    assert found[0] > found[-1]


def past_of(design, start: int = N_BEFORE - N_AFTER, **replaced) -> Past:
    return prepare(replace(planned_analysis(design), **replaced), start, N_AFTER)


def with_effect(past: Past, chosen: np.ndarray, effect: float, seed: int = 0):
    """The piece of the past with one relative effect, a fall where it is negative."""
    kind, direction = past.analysis.outcome.kind, 1.0 if effect > 0 else -1.0
    values = nested(past.sample, kind, chosen, past.start, (abs(effect),), direction, seed)[0]
    return called_treated(past.sample, chosen, past.start, values)


@pytest.mark.parametrize("kind", ["mean", "count"])
def test_no_effect_is_found_in_at_most_five_percent(kind: str) -> None:
    rng = np.random.default_rng(1)
    plan = a_study(kind, "poisson_did" if kind == "count" else "did")
    past = past_of(a_design(events(level=40) if kind == "count" else means(spread=8), [N_BEFORE] * 2, plan))
    tries = [(rng.choice(N_UNITS, 2, replace=False), int(rng.integers(2**31))) for _ in range(120)]
    found = [np.mean([past.finds(with_effect(past, c, e, seed), seed) for c, seed in tries]) for e in (0.0, -0.1, -0.3, -0.6)]
    assert found == sorted(found)
    assert found[0] <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 120)  # 2.6 Monte Carlo standard errors
    assert found[-1] >= 0.9


@pytest.mark.parametrize(("kind", "estimator"), [("mean", "did"), ("count", "poisson_did"), ("count", "forecast_did")])
def test_bisection_finds_what_trying_every_effect_finds(kind: str, estimator: str) -> None:
    """Nested effects make one try answer for all: the smallest found by bisection is found, and none far below it is."""
    rng = np.random.default_rng(5)
    past = past_of(a_design(events(level=60) if kind == "count" else means(spread=8), [N_BEFORE] * 2, a_study(kind, estimator)))
    for seed in range(6):
        chosen = rng.choice(N_UNITS, 2, replace=False)
        doses = nested(past.sample, kind, chosen, past.start, STEPS, -1.0, seed)
        each = [past.finds(called_treated(past.sample, chosen, past.start, one), seed) for one in doses]
        found = past.smallest_found(chosen, seed)
        changes = np.flatnonzero(np.diff(np.array([False, *each]).astype(int)))
        assert found in [STEPS[k] for k in changes if each[k]]
        assert len(changes) <= 3  # counting noise may take one step back, no more


def test_a_smaller_effect_takes_away_a_part_of_a_larger_one() -> None:
    one = sample(events(level=50), treated_first(N_UNITS, [17]))
    for direction in (-1.0, 1.0):
        doses = nested(one, "count", np.array([1, 4]), 9, STEPS, direction, 3)
        assert (direction * np.diff(doses, axis=0) >= 0).all()
        assert doses[49].sum() / one.y[[1, 4], 9:].sum() == pytest.approx(1 + direction * 0.5, abs=0.05)  # 900 events


@pytest.mark.parametrize("effect", [-0.4, 0.5])
@pytest.mark.parametrize("kind", ["count", "mean", "share"])
def test_the_effect_that_is_put_in_is_the_one_meant(kind: str, effect: float) -> None:
    y = {"count": events(level=4000), "mean": means(), "share": np.full((N_UNITS, 18), 0.3)}[kind]
    one, chosen = sample(y, treated_first(N_UNITS, [17])), np.array([3, 8])
    values = nested(one, kind, chosen, 10, (abs(effect),), float(np.sign(effect)), 2)[0]
    found = called_treated(one, chosen, 10, values)
    ratio = found.y[[3, 8], 10:].sum() / y[[3, 8], 10:].sum()
    assert ratio == pytest.approx(1 + effect, rel=0.02)  # thinning of 60,000 events
    untouched = np.ones(y.shape, dtype=bool)
    untouched[[3, 8], 10:] = False
    np.testing.assert_array_equal(found.y[untouched], y[untouched])
    np.testing.assert_array_equal(np.flatnonzero(found.treated), [3, 8])
    assert found.common_start == 10
    assert found.n_periods_after == 8


def test_shares_stay_shares_and_gaps_stay_gaps() -> None:
    one = sample(np.full((N_UNITS, 18), 0.8), treated_first(N_UNITS, [17]))
    assert nested(one, "share", np.array([0]), 10, (0.9,), 1.0, 0).max() == 1
    gap = events()
    gap[0, 12] = np.nan
    doses = nested(sample(gap, treated_first(N_UNITS, [17])), "count", np.array([0]), 10, STEPS, -1.0, 0)
    assert np.isnan(doses[:, 0, 2]).all()
    assert np.isfinite(doses).sum() == doses.size - len(STEPS)


@pytest.mark.parametrize("estimator", ["did", "poisson_did", "forecast_did"])
@pytest.mark.parametrize("folds", ["steady", "changing"])
def test_the_fast_test_of_the_past_is_the_planned_one(estimator: str, folds: str) -> None:
    """Folded or not, learned once or every time, without its interval: the p-value is that of the estimator run in full."""
    rng = np.random.default_rng(3)
    kind = "mean" if estimator == "did" else "count"
    y = events(level=60) if kind == "count" else means(spread=8)
    weights = rng.uniform(1, 3, (N_UNITS, 1)) * (np.ones(18) if folds == "steady" else rng.uniform(1, 2, 18))
    design = a_design(y, [N_BEFORE], a_study(kind, estimator, estimation={"seed": 0}), weights=weights)
    past = past_of(design)
    analysis = past.analysis
    for unit in (0, 5, 11):
        chosen = np.array([unit])
        whole = called_treated(analysis.sample, chosen, N_BEFORE - N_AFTER, analysis.sample.y[chosen, N_BEFORE - N_AFTER :])
        in_full = run_in_full(analysis, whole)
        p, sign = past.test(with_effect(past, chosen, 0.0), np.random.default_rng(0))
        assert p == pytest.approx(in_full[0])
        assert np.sign(sign) == np.sign(in_full[1])


def test_counts_without_exposure_are_folded_to_counts_a_period() -> None:
    """Before and after differ in length: totals would make every large unit an outlier of plain differences."""
    rng = np.random.default_rng(8)
    y = rng.poisson(np.linspace(5, 90, N_UNITS)[:, None], (N_UNITS, 18)).astype(float)
    plan = a_study("count", "did", outcome={"exposure": ""}, estimation={"seed": 0})
    past = past_of(a_design(y, [N_BEFORE], plan))
    whole = past.analysis.sample
    start = N_BEFORE - N_AFTER
    assert start != N_AFTER
    for unit in (0, 6, 11):
        chosen = np.array([unit])
        in_full = run_in_full(past.analysis, called_treated(whole, chosen, start, whole.y[chosen, start:]))
        assert past.test(with_effect(past, chosen, 0.0), np.random.default_rng(0))[0] == pytest.approx(in_full[0])


def test_the_wanted_direction_is_tried() -> None:
    up = a_study("mean", outcome={"direction": "increase", "smallest_effect": 0.1})
    assert np.isfinite(smallest_detectable_effect(a_design(means(), [N_BEFORE], up)).effect)


def test_follow_up_is_no_longer_than_half_the_past() -> None:
    assert smallest_detectable_effect(a_design(means(), [N_BEFORE], n_after=40)).follow_up == N_BEFORE // 2
    assert smallest_detectable_effect(a_design(means(), [N_BEFORE], n_after=3)).follow_up == 3


def test_pseudo_starts_leave_a_past_and_a_follow_up() -> None:
    assert pseudo_starts(11, 4, 8) == (4, 5, 6, 7)
    assert pseudo_starts(11, 4, 3, near=True) == (5, 6, 7)
    assert pseudo_starts(42, 21, 8) == (21,)
    assert pseudo_starts(5, 2, 3) == (3,)
    assert pseudo_starts(60, 6, 4) == (6, 22, 38, 54)


def test_the_detectable_effect_is_the_one_that_four_of_five_find() -> None:
    assert detectable(np.array([0.1, 0.2, 0.3, 0.4, np.inf])) == 0.4
    assert detectable(np.array([0.1, 0.2, 0.3, np.inf, np.inf])) == np.inf


def test_clustered_plans_are_tried_by_the_clustered_test() -> None:
    plan = a_study(estimation={"inference": "cluster"})
    rng = np.random.default_rng(4)
    y = 100 + 3 * noise(rng, N_UNITS, 18)
    assert power(a_design(y, [N_BEFORE] * 10, plan)).verdict == "pass"


@pytest.mark.parametrize(("calendar", "periods", "said"), [("month", 28, "28 months"), ("year", 1, "one year")])
def test_the_length_of_a_follow_up_is_said_in_its_own_unit(calendar: str, periods: int, said: str) -> None:
    assert a_design(means(), [N_BEFORE], calendar=calendar).follow_up(periods) == said
