"""How large must an effect be to be found? By the planned test itself, on the past."""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import N_AFTER, N_BEFORE, N_UNITS, a_design, a_study, events, means
from tests.designs import estimation, job, noise, outcome, sample, treated_first
from utvardering.checks import power as trying
from utvardering.checks.power import Past, inject, power, prepare, smallest_detectable_effect
from utvardering.estimators.registry import ESTIMATORS


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


@pytest.mark.parametrize("kind", ["mean", "count"])
def test_larger_effects_are_found_more_often(kind: str) -> None:
    rng = np.random.default_rng(1)
    plan = a_study(kind, "poisson_did" if kind == "count" else "did")
    design = a_design(events(level=40) if kind == "count" else means(spread=8), [N_BEFORE] * 2, plan)
    past = prepare(design, N_BEFORE - N_AFTER)
    tries = [(rng.choice(N_UNITS, 2, replace=False), int(rng.integers(2**31))) for _ in range(120)]
    found = [sum(past.finds(chosen, effect, seed) for chosen, seed in tries) for effect in (0.0, -0.1, -0.3, -0.6)]
    assert found == sorted(found)
    assert found[0] / 120 <= 0.05 + 2.6 * np.sqrt(0.05 * 0.95 / 120)  # 2.6 Monte Carlo standard errors
    assert found[-1] / 120 >= 0.9


@pytest.mark.parametrize("effect", [-0.4, 0.5])
@pytest.mark.parametrize("kind", ["count", "mean", "share"])
def test_the_effect_that_is_put_in_is_the_one_meant(kind: str, effect: float) -> None:
    rng = np.random.default_rng(2)
    y = {"count": events(level=4000), "mean": means(), "share": np.full((N_UNITS, 18), 0.3)}[kind]
    one = sample(y, treated_first(N_UNITS, [17]))
    found = inject(one, kind, np.array([3, 8]), 10, effect, rng)
    ratio = found.y[[3, 8], 10:].sum() / y[[3, 8], 10:].sum()
    assert ratio == pytest.approx(1 + effect, rel=0.02)  # thinning of 60,000 events
    untouched = np.ones(y.shape, dtype=bool)
    untouched[[3, 8], 10:] = False
    np.testing.assert_array_equal(found.y[untouched], y[untouched])
    np.testing.assert_array_equal(np.flatnonzero(found.treated), [3, 8])
    assert found.common_start == 10
    assert found.n_periods_after == 8


def test_shares_stay_shares() -> None:
    one = sample(np.full((N_UNITS, 18), 0.8), treated_first(N_UNITS, [17]))
    assert inject(one, "share", np.array([0]), 10, 0.9, np.random.default_rng(0)).y.max() == 1


@pytest.mark.parametrize("estimator", ["did", "poisson_did"])
@pytest.mark.parametrize("folds", ["steady", "changing"])
def test_the_fast_test_of_the_past_is_the_planned_one(estimator: str, folds: str) -> None:
    """Folded or not, without its interval: the p-value is that of the estimator run in full on the same re-assignments."""
    rng = np.random.default_rng(3)
    kind = "count" if estimator == "poisson_did" else "mean"
    y = events(level=60) if kind == "count" else means(spread=8)
    weights = rng.uniform(1, 3, (N_UNITS, 1)) * (np.ones(18) if folds == "steady" else rng.uniform(1, 2, 18))
    design = a_design(y, [N_BEFORE], a_study(kind, estimator), weights=weights)
    start = N_BEFORE - N_AFTER
    past = prepare(design, start)
    unfolded = Past(design, design.sample, start, past.noise)
    for unit in (0, 5, 11):
        injected = inject(design.sample, kind, np.array([unit]), start, 0.0, np.random.default_rng(0))
        full = ESTIMATORS[estimator].run(job(injected, outcome(kind), estimation(estimator), ("randomization",)))
        folded = inject(past.sample, kind, np.array([unit]), past.start, 0.0, np.random.default_rng(0))
        assert past.p_value(folded, np.random.default_rng(0)) == pytest.approx(full.estimates[0].p_value)
        assert unfolded.p_value(injected, np.random.default_rng(0)) == pytest.approx(full.estimates[0].p_value)


def test_the_wanted_direction_is_tried() -> None:
    up = a_study("mean", outcome={"direction": "increase", "smallest_effect": 0.1})
    assert np.isfinite(smallest_detectable_effect(a_design(means(), [N_BEFORE], up)).effect)


def test_follow_up_is_no_longer_than_half_the_past() -> None:
    assert smallest_detectable_effect(a_design(means(), [N_BEFORE], n_after=40)).follow_up == N_BEFORE // 2
    assert smallest_detectable_effect(a_design(means(), [N_BEFORE], n_after=3)).follow_up == 3


def test_clustered_plans_are_tried_by_the_clustered_test() -> None:
    plan = a_study(estimation={"inference": "cluster"})
    rng = np.random.default_rng(4)
    y = 100 + 3 * noise(rng, N_UNITS, 18)
    assert power(a_design(y, [N_BEFORE] * 10, plan)).verdict == "pass"
