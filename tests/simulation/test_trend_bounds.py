"""How often do the bounds on trends hold the truth, at the edge of what they allow and with few treated areas?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import estimation, noise, outcome, sample, treated_first
from utvardering.inference.honest import HonestInterval, PeriodEffects
from utvardering.inference.honest_magnitudes import magnitudes_interval
from utvardering.inference.honest_smoothness import Smoothness
from utvardering.robustness.trend_blocks import TrendBlocks, trend_blocks

pytestmark = pytest.mark.slow

LEVEL = 0.95
REACH = 2.6  # Monte Carlo standard errors: a sound interval fails one time in a hundred
DRAWS, SEEDS = 600, 200


def least(draws: int) -> float:
    """Share of intervals that must hold the truth."""
    return LEVEL - REACH * float(np.sqrt(LEVEL * (1 - LEVEL) / draws))


def serial(count: int, before: int, spread: float) -> np.ndarray:
    """(K, K) covariance of changes from the reference period, of noise with correlation 0.5 from one period to the next."""
    whole = 0.5 ** np.abs(np.subtract.outer(np.arange(count + 1), np.arange(count + 1)))
    change = np.delete(np.eye(count + 1), before, axis=0)
    change[:, before] = -1
    return spread**2 * change @ whole @ change.T


@pytest.mark.parametrize("spread", [0.02, 0.2])
@pytest.mark.parametrize(("m_bar", "side"), [(0.5, 1), (1.0, -1), (2.0, 1)])
def test_relative_magnitudes_at_their_edge(m_bar: float, side: int, spread: float) -> None:
    """One change of 0.3 before, and after the reference changes of m_bar × 0.3, all to one side."""
    before, after = 4, 3
    course = np.array([-0.3, -0.3, 0.0, 0.0, *(side * m_bar * 0.3 * np.arange(1, after + 1))])
    covariance = serial(before + after, before, spread)
    rng = np.random.default_rng(1)
    held = 0
    for effects in rng.multivariate_normal(course, covariance, size=DRAWS):
        one = magnitudes_interval(PeriodEffects(effects, covariance, before, np.full(after, 1 / after)), m_bar, LEVEL)
        held += one.low <= 0 <= one.high
    print(m_bar, side, spread, held / DRAWS)  # noqa: T201 -- the numbers of docs/methods/trend_deviation.md
    assert held / DRAWS >= least(DRAWS)


@pytest.mark.parametrize("m", [0.0, 0.02, 0.2])
def test_smoothness_at_its_edge(m: float) -> None:
    """The slope turns by M at every period to the side that the optimal estimator minds most."""
    before, after, draws = 5, 3, 4_000
    covariance = serial(before + after, before, 0.2)
    smooth = Smoothness(PeriodEffects(np.zeros(before + after), covariance, before, np.full(after, 1 / after)), LEVEL)
    weights, half = smooth.estimator(m)
    t = np.concatenate([np.arange(-before, 0), np.arange(1, after + 1)])
    kinks = np.array([np.maximum(t - j, 0) for j in range(1, after)] + [np.maximum(-t - j, 0) for j in range(before)])
    course = 0.4 * t + m * np.sign(kinks @ weights) @ kinks
    rng = np.random.default_rng(2)
    centres = rng.multivariate_normal(course, covariance, size=draws) @ weights
    assert np.mean(np.abs(centres) <= half) == pytest.approx(LEVEL, abs=REACH * np.sqrt(LEVEL * (1 - LEVEL) / draws))


def studies(treated: int, *, slope: float, effect: float, kind: str) -> list[TrendBlocks]:
    """200 panels of 60 areas and 84 months: the treated part by `slope` a year and change by `effect` from month 54."""
    found = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        drift = slope * np.arange(84) / 12
        drift[54:] += effect
        log = 0.15 * noise(rng, 60, 84) + rng.normal(0, 0.5, (60, 1))
        log[:treated] += drift
        if kind == "count":
            y, out, scale = rng.poisson(30 * np.exp(log)).astype(float), outcome("count"), "log_ratio"
        else:
            y, out, scale = log, outcome(), "difference"
        one = sample(y, treated_first(60, [54] * treated), calendar="month")
        found.append(trend_blocks(one, out, estimation(seed=seed), scale))
    return found


def rate(blocks: list[TrendBlocks], interval: str, bound: float, holds: float) -> float:
    """Share of studies whose interval holds a value."""
    hits = 0
    for one in blocks:
        found: HonestInterval = (
            Smoothness(one.found, LEVEL).interval(bound)
            if interval == "smoothness"
            else magnitudes_interval(one.found, bound, LEVEL)
        )
        hits += found.low <= holds <= found.high
    return hits / len(blocks)


@pytest.mark.parametrize("kind", ["mean", "count"])
@pytest.mark.parametrize("treated", [1, 5, 30])
def test_trends_that_part_are_not_taken_for_an_effect(treated: int, kind: str) -> None:
    """No effect, and a difference in trend of 0.1 a year: bounds that allow it hold zero, equal trends do not."""
    blocks = studies(treated, slope=-0.1, effect=0.0, kind=kind)
    rates = {
        (name, bound): rate(blocks, name, bound, 0.0)
        for name, bound in (("magnitudes", 0.0), ("magnitudes", 1.0), ("smoothness", 0.0), ("smoothness", 0.02))
    }
    print(treated, kind, rates)  # noqa: T201 -- the numbers of docs/methods/trend_deviation.md
    for key in (("magnitudes", 1.0), ("smoothness", 0.0), ("smoothness", 0.02)):
        assert rates[key] >= least(SEEDS), key
    if treated >= 5:
        assert rates["magnitudes", 0.0] < 0.5


@pytest.mark.parametrize("kind", ["mean", "count"])
@pytest.mark.parametrize("treated", [1, 5, 30])
def test_a_plain_effect_stands(treated: int, kind: str) -> None:
    """A fall of 0.4 and equal trends: the truth is held, and with five or more treated zero is not, at half the deviation."""
    blocks = studies(treated, slope=0.0, effect=-0.4, kind=kind)
    truth = {
        (name, bound): rate(blocks, name, bound, -0.4)
        for name, bound in (("magnitudes", 0.0), ("magnitudes", 0.5), ("smoothness", 0.0), ("smoothness", 0.02))
    }
    zero = {(name, bound): rate(blocks, name, bound, 0.0) for name, bound in truth}
    print(treated, kind, truth, zero)  # noqa: T201 -- the numbers of docs/methods/trend_deviation.md
    for key, share in truth.items():
        assert share >= least(SEEDS), key
    if treated >= 5:
        assert zero["magnitudes", 0.5] <= 0.05
        assert zero["smoothness", 0.0] <= 0.05
