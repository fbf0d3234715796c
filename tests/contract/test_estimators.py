"""Ten promises that every registered estimator keeps, whatever its method."""

from __future__ import annotations

import copy
import signal
from collections.abc import Iterator
from dataclasses import replace
from types import FrameType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate, Result
from utvardering.estimators.registry import ESTIMATORS, Method

N_UNITS, N_PERIODS, START = 21, 12, 7
ROUNDING = 1e-9  # sums of some hundred numbers of size 100, and the iterations of Poisson fits

every_estimator = pytest.mark.parametrize("method", ESTIMATORS.values(), ids=ESTIMATORS)
every_design = pytest.mark.parametrize("starts", [[START], [START] * 4], ids=["one treated", "four treated"])


@pytest.fixture(autouse=True)
def _ends() -> Iterator[None]:
    """A search for a limit that never ends is a fault like any other, and is told after a minute."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        msg = "does not end"
        raise TimeoutError(msg)

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def of_counts(method: Method) -> bool:
    """Whether the method is tried on counts, which it must or may take."""
    return method.counts_only or method.multiplicative


def run(method: Method, one: Sample, inferences: tuple[str, ...] = ("randomization", "cluster"), **keys: Any) -> Result:
    kind = "count" if of_counts(method) else "mean"
    own = tuple(name for name in inferences if method.has(name)) or method.inferences[-1:]
    return method.run(job(one, outcome(kind), estimation(method.name, **keys), own))


def meant(method: Method, one: Sample, effect: float) -> float:
    """The estimate that a planted effect amounts to: `wdd` counts events over all treated units and periods after."""
    return effect * float(one.grid.treatment.sum()) if method.name == "wdd" else effect


MATCHES_LEVELS = ("balanced_weights",)
"""Methods that give numbers only where the comparison surrounds the treated, as 20 noisy units in 7 periods do not."""


SYNTHETIC = ("synthetic_control", "synthetic_did")
"""Fitted anew for each re-assignment, so that 999 of many are drawn; σ of their ridge counts what all units share (eq. 5)."""


def surrounded(method: Method, unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """For a method that matches levels, unit effects in an order that begins with those in the middle."""
    if method.name not in (*MATCHES_LEVELS, "synthetic_control"):  # no mean of others reaches a unit at the edge
        return unit
    return np.sort(unit)[np.argsort(np.abs(np.arange(len(unit)) - len(unit) // 2), kind="stable")]


def with_one_course(starts: list[int], n_units: int = N_UNITS) -> Sample:
    """Noise that before the start is one common course to which units answer differently, the treated little."""
    rng = np.random.default_rng(11)
    unit, period = units_and_periods(rng, n_units)
    unit = np.sort(unit)[np.argsort(np.abs(np.arange(n_units) - n_units // 2), kind="stable")]
    answer = rng.standard_normal(n_units)
    answer[: len(starts)] *= 0.2
    noise = rng.standard_normal((n_units, N_PERIODS))
    noise[:, :START] = np.outer(answer, rng.standard_normal(START))
    return sample(np.sqrt(unit[:, None] * period) + noise, treated_first(n_units, starts))


def units_and_periods(rng: np.random.Generator, n_units: int = N_UNITS) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit and period effects, positive and wide apart."""
    return rng.integers(20, 200, n_units).astype(float), rng.integers(2, 9, N_PERIODS).astype(float)


def noiseless(method: Method, starts: list[int], effect: float = 0.0) -> Sample:
    """Parallel in levels for an additive estimator, in proportions for a multiplicative one; `effect` on its scale."""
    unit, period = units_and_periods(np.random.default_rng(7))
    if method.alone:
        period = np.exp(0.05 * np.arange(N_PERIODS))  # without comparison a course can only be told by its own trend
    unit = surrounded(method, unit)
    start = treated_first(N_UNITS, starts)
    under = np.arange(N_PERIODS) >= start[:, None]
    y = unit[:, None] * period * np.exp(effect * under) if method.multiplicative else unit[:, None] + period + effect * under
    return sample(y, start)


def noisy(method: Method, starts: list[int], seed: int = 11) -> Sample:
    if method.name in MATCHES_LEVELS:
        return with_one_course(starts)
    rng = np.random.default_rng(seed)
    unit, period = units_and_periods(rng)
    mean = unit[:, None] * period
    y = rng.negative_binomial(20, 20 / (20 + mean)).astype(float)
    return sample(y if of_counts(method) else np.sqrt(y), treated_first(N_UNITS, starts))


def with_values(one: Sample, y: NDArray[np.float64]) -> Sample:
    return replace(one, grid=replace(one.grid, y=y))


def numbers(estimate: Estimate) -> NDArray[np.float64]:
    """All that a row says, in the order estimate, standard error, intervals, p-value."""
    return np.array(
        [
            estimate.estimate,
            estimate.std_error,
            estimate.ci_low,
            estimate.ci_high,
            estimate.inner_low,
            estimate.inner_high,
            estimate.p_value,
        ]
    )


def assert_same(found: Result, expected: Result, *, factor: float = 1.0, within: float = ROUNDING) -> None:
    assert len(found.estimates) == len(expected.estimates)
    scale = np.array([factor] * 6 + [1.0])
    for one, other in zip(found.estimates, expected.estimates, strict=True):
        np.testing.assert_allclose(numbers(one), numbers(other) * scale, rtol=within, atol=within)
    for event, other_event in zip(found.events, expected.events, strict=True):
        assert event.period_from_start == other_event.period_from_start
        mine = (event.estimate, event.std_error, event.ci_low, event.ci_high, event.band_low, event.band_high)
        theirs = (
            other_event.estimate,
            other_event.std_error,
            other_event.ci_low,
            other_event.ci_high,
            other_event.band_low,
            other_event.band_high,
        )
        np.testing.assert_allclose(mine, np.array(theirs) * factor, rtol=within, atol=within)


@every_design
@every_estimator
def test_1_no_effect_without_noise_is_zero(method: Method, starts: list[int]) -> None:
    result = run(method, noiseless(method, starts))
    for estimate in result.estimates:
        assert estimate.estimate == pytest.approx(0, abs=ROUNDING)
        assert estimate.ci_low <= ROUNDING
        assert estimate.ci_high >= -ROUNDING
    for event in result.events:
        assert event.estimate == pytest.approx(0, abs=ROUNDING)


@pytest.mark.parametrize("effect", [-0.6, 0.25])
@every_design
@every_estimator
def test_2_a_planted_effect_without_noise_is_found_exactly(method: Method, starts: list[int], effect: float) -> None:
    one = noiseless(method, starts, effect)
    result = run(method, one)
    planted = meant(method, one, effect)
    for estimate in result.estimates:
        assert estimate.estimate == pytest.approx(planted, abs=ROUNDING)
        assert estimate.ci_low <= planted + ROUNDING
        assert estimate.ci_high >= planted - ROUNDING
    for event in result.events:
        assert event.estimate == pytest.approx(effect if event.period_from_start >= 0 else 0, abs=ROUNDING)


def with_rates(one: Sample) -> Sample:
    """The sample with an exposure for each unit, so that rates differ."""
    unit, _ = units_and_periods(np.random.default_rng(3))
    return replace(one, grid=replace(one.grid, exposure=np.repeat(unit[:, None], N_PERIODS, axis=1)))


@every_design
@every_estimator
def test_3_unit_effects_change_nothing(method: Method, starts: list[int]) -> None:
    """Levels of an additive estimator; a constant exposure of each unit for a multiplicative one, whose counts stay.

    Additive on counts: the estimate stays, but larger counts are noisier.
    """
    if method.name in (*MATCHES_LEVELS, "synthetic_control"):
        pytest.skip("units are to be alike in level, so a moved level is another comparison")
    if method.name == "forecast_did":  # units with a high rate may have moved together: without noise no rate tells
        assert run(method, with_rates(noiseless(method, starts, 0.3))).estimates[0].estimate == pytest.approx(0.3, abs=1e-9)
        return
    one = noisy(method, starts)
    unit, _ = units_and_periods(np.random.default_rng(3))
    if of_counts(method) and not method.multiplicative:
        found, expected = run(method, with_values(one, one.y + unit[:, None])), run(method, one)
        assert [row.estimate for row in found.estimates] == pytest.approx([row.estimate for row in expected.estimates])
        return
    if method.multiplicative:
        moved = replace(one, grid=replace(one.grid, exposure=np.repeat(unit[:, None], N_PERIODS, axis=1)))
    else:
        moved = with_values(one, one.y + unit[:, None])
    assert_same(run(method, moved), run(method, one))


@every_design
@every_estimator
def test_4_period_effects_change_nothing(method: Method, starts: list[int]) -> None:
    """Levels of an additive estimator; for a multiplicative one the estimate without noise, and a common exposure.

    Additive on counts: the estimate stays, but larger counts are noisier.
    """
    if method.alone:
        pytest.skip("without comparison a period's effect cannot be told from the measure's")
    one = noisy(method, starts)
    _, period = units_and_periods(np.random.default_rng(4))
    if method.name in SYNTHETIC:
        period = 3.0 * np.arange(N_PERIODS)  # a common trend: σ is the spread of changes, and other courses would widen it
    if of_counts(method) and not method.multiplicative:
        moved_estimates = [row.estimate for row in run(method, with_values(one, one.y + period)).estimates]
        assert moved_estimates == pytest.approx([row.estimate for row in run(method, one).estimates])
        return
    if method.multiplicative:
        assert run(method, with_values(noiseless(method, starts, 0.3), noiseless(method, starts, 0.3).y * period)).estimates[
            0
        ].estimate == pytest.approx(0.3, abs=ROUNDING)
        moved = replace(one, grid=replace(one.grid, exposure=np.repeat(period[None, :], N_UNITS, axis=0)))
        found, expected = run(method, moved, ("cluster",)), run(method, one, ("cluster",))
    else:
        found, expected = run(method, with_values(one, one.y + period)), run(method, one)
    assert_same(found, expected)


@every_design
@every_estimator
def test_5_scaling_the_outcome_scales_effect_and_interval(method: Method, starts: list[int]) -> None:
    """For counts, of which more mean less relative noise, the estimate and the clustered interval stay as they were."""
    one = noisy(method, starts)
    inferences = ("cluster",) if of_counts(method) else ("randomization", "cluster")
    found = run(method, with_values(one, one.y * 8), inferences)
    assert_same(found, run(method, one, inferences), factor=1 if method.multiplicative else 8)


@every_design
@every_estimator
def test_6_the_order_of_units_changes_nothing(method: Method, starts: list[int]) -> None:
    """All re-assignments are listed here, so that the order cannot choose among them."""
    if method.name in SYNTHETIC:
        starts = starts[:2]  # of the 5,985 with four, 999 would be drawn
    one = noisy(method, starts)
    order = np.random.default_rng(6).permutation(N_UNITS)
    grid = replace(one.grid, y=one.y[order], treatment=one.grid.treatment[order], start=one.start[order])
    moved = replace(one, grid=grid, units=tuple(np.array(one.units)[order]), cluster=one.cluster[order])
    assert_same(run(method, moved), run(method, one), within=2e-6)  # limits for counts are bisected to 1e-6


@every_estimator
def test_7_the_names_of_units_and_clusters_change_nothing(method: Method) -> None:
    one = noisy(method, [START] * 4)
    renamed = replace(one, units=tuple(f"Å{1000 - k}" for k in range(N_UNITS)), cluster=one.cluster[::-1] * 7 - 3)
    assert_same(run(method, renamed), run(method, one), within=0)


@every_estimator
def test_8_the_arrays_of_the_caller_are_untouched(method: Method) -> None:
    one = noisy(method, [START] * 4)
    grid = replace(one.grid, exposure=np.full(one.y.shape, 1000.0), weights=np.full(one.y.shape, 2.0))
    one = replace(one, grid=grid, anticipation=1, strata=np.arange(N_UNITS) % 2, groups=np.arange(N_UNITS) % 3)
    if method.name in SYNTHETIC:
        one = replace(one, groups=None)  # refused: donor weights take the place of period effects
    before = copy.deepcopy(one)
    run(method, one)
    for name in ("y", "treatment", "start", "exposure", "weights"):
        np.testing.assert_array_equal(getattr(one.grid, name), getattr(before.grid, name))
    for name in ("cluster", "strata", *(["groups"] if one.groups is not None else [])):
        np.testing.assert_array_equal(getattr(one, name), getattr(before, name))


@every_estimator
def test_9_the_same_seed_gives_the_same_numbers_and_leaves_numpy_alone(method: Method) -> None:
    """With 6 of 30 treated re-assignments are drawn, not listed."""
    rng = np.random.default_rng(9)
    y = rng.poisson(60, (30, N_PERIODS)).astype(float)
    one = sample(y, treated_first(30, [START] * 6))
    if method.name in MATCHES_LEVELS:
        one = with_one_course([START] * 6, 30)
    state = np.random.get_state()  # noqa: NPY002 -- the global state is what must not change
    first, second = run(method, one, seed=5), run(method, one, seed=5)
    for mine, theirs in zip(state, np.random.get_state(), strict=True):  # noqa: NPY002 -- the same
        np.testing.assert_array_equal(mine, theirs)
    assert_same(first, second, within=0)
    if not method.has("randomization"):
        return  # nothing is drawn
    other = run(method, one, seed=6)
    assert [row.p_value for row in other.estimates] != [row.p_value for row in first.estimates]


def too_little() -> dict[str, Sample]:
    """Designs that hold no answer."""
    rng = np.random.default_rng(10)
    y = rng.poisson(50, (N_UNITS, N_PERIODS)).astype(float)
    start = treated_first(N_UNITS, [START] * 3)
    nothing_after, nothing_before, nobody_else = y.copy(), y.copy(), y.copy()
    nothing_after[:3, START:] = np.nan
    nothing_before[:3, :START] = np.nan
    nobody_else[3:, START:] = np.nan
    return {
        "no period before": sample(y, treated_first(N_UNITS, [0])),
        "no period after": sample(y, treated_first(N_UNITS, [N_PERIODS])),
        "every value the same": sample(np.full_like(y, 4.0), start),
        "no value at all": sample(np.full_like(y, np.nan), start),
        "one unit": sample(y[:1], start[:1]),
        "two units in one cluster": sample(y[:4], start[:4], cluster=np.zeros(4, dtype=np.int64)),
        "all treated at once": sample(y[:3], start[:3]),
        "treated never seen after": sample(nothing_after, start),
        "treated never seen before": sample(nothing_before, start),
        "comparison never seen after": sample(nobody_else, start),
        "period effects for each unit": sample(y, start, groups=np.arange(N_UNITS)),
        "anticipation eats the past": sample(y, start, anticipation=START),
    }


ONLY_COMPARED = {
    "one unit",
    "two units in one cluster",
    "all treated at once",
    "comparison never seen after",
    "period effects for each unit",
}
"""What is too little only for a method that compares units."""


@pytest.mark.parametrize("name", too_little())
@every_estimator
def test_10_too_little_data_is_refused(method: Method, name: str) -> None:
    one = too_little()[name]
    if method.alone and name in ONLY_COMPARED:
        pytest.skip("a method without comparison needs no other units")
    with pytest.raises(DesignError):
        run(method, one)


@every_estimator
def test_no_row_holds_a_number_that_is_none(method: Method) -> None:
    """Rows of sound designs hold numbers or ∞, with missing cells, an empty unit, weights, strata and anticipation."""
    base = noisy(method, [START] * 3)
    gaps = base.y.copy()
    gaps[5, 3], gaps[9, 8], gaps[0, 2] = np.nan, np.nan, np.nan
    late = base.y.copy()
    late[7, :START] = np.nan
    weights = np.repeat(np.linspace(1, 5, N_UNITS)[:, None], N_PERIODS, axis=1)
    designs = {
        "plain": base,
        "gaps": with_values(base, gaps),
        "a comparison unit that begins late": with_values(base, late),
        "weights": replace(base, grid=replace(base.grid, weights=weights)),
        "gaps without weights": replace(
            base, grid=replace(base.grid, y=gaps, weights=np.where(np.isnan(gaps), np.nan, weights))
        ),
        "gaps without exposure": replace(
            base, grid=replace(base.grid, y=gaps, exposure=np.where(np.isnan(gaps), np.nan, weights))
        ),
        "strata": replace(base, strata=(np.arange(N_UNITS) >= 10).astype(np.int64)),
        "groups": replace(base, groups=np.arange(N_UNITS) % 3),
        "anticipation": replace(base, anticipation=2),
        "clusters": replace(base, cluster=np.arange(N_UNITS) // 2),
    }
    if method.name in SYNTHETIC:
        with pytest.raises(DesignError, match="period_effects_by"):
            run(method, designs.pop("groups"))
    if method.name == "forecast_did":  # a treated unit without its whole past is not forecast
        for name in [name for name in designs if name.startswith("gaps")]:
            with pytest.raises(DesignError, match="u0 lacks values"):
                run(method, designs.pop(name))
    for name, one in designs.items():
        exposed = of_counts(method) or one.grid.exposure is None
        result = run(method, one if exposed else replace(one, grid=replace(one.grid, exposure=None)), ("cluster",))
        if method.name != "event_study" or name in {"plain", "weights", "strata", "anticipation", "clusters"}:
            result = run(method, one)
        for estimate in result.estimates:
            assert not np.isnan(numbers(estimate)).any(), (name, estimate)
            assert np.isfinite(estimate.estimate), name
            assert estimate.ci_low <= estimate.estimate <= estimate.ci_high, name
            assert estimate.ci_low <= estimate.inner_low <= estimate.inner_high <= estimate.ci_high, name


@pytest.mark.parametrize("name", [name for name, method in ESTIMATORS.items() if method.counts_only and method.multiplicative])
def test_units_without_events_say_nothing(name: str) -> None:
    """A unit that never had an event cannot carry a ratio: with it or without it every number is the same."""
    method = ESTIMATORS[name]
    one = noisy(method, [START])
    y = one.y.copy()
    y[-8:] = 0
    empty = with_values(one, y)
    keep = slice(0, N_UNITS - 8)
    fewer = sample(y[keep], one.start[keep])
    found, expected = run(method, empty), run(method, fewer)
    assert list(found.silent) == [f"u{k}" for k in range(N_UNITS - 8, N_UNITS)]
    assert_same(found, expected, within=2e-6)  # limits for counts are bisected to 1e-6
    assert found.n_obs == expected.n_obs
    assert [row.p_smallest for row in found.estimates[:1]] == [row.p_smallest for row in expected.estimates[:1]]


def test_never_is_beyond_every_period() -> None:
    assert NEVER > 10**9
