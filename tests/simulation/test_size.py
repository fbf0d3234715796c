"""How often does a test at 5 % see an effect where there was none, and its interval miss the one there was?

The placebo test must keep its level on what municipalities have: few treated, unequal sizes, overdispersed counts with serial
correlation. The clustered test is shown failing, which is why it never stands alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, noise, outcome, sample, shared
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.absorb import absorb
from utvardering.estimators.base import additive_values, profiles
from utvardering.estimators.count_scores import ScoreFit, count_table, placebo_statistics
from utvardering.estimators.did import placebo_scores, unit_noise
from utvardering.estimators.poisson_did import dispersion
from utvardering.estimators.registry import ESTIMATORS
from utvardering.inference.randomization import deviations, p_value
from utvardering.inference.reassignment import reassign

LEVEL = 0.05
N_BEFORE, N_AFTER = 8, 4
EFFECT = np.log(0.7)


def at_most(rate: float, tries: int) -> float:
    """A rate and 2.6 Monte Carlo standard errors: a sound test exceeds it once in two hundred."""
    return rate + 2.6 * float(np.sqrt(rate * (1 - rate) / tries))


def placebo_p(estimator: str, one: Sample, rng: np.random.Generator, effect: float = 0.0) -> float:
    """p-value of a hypothesised effect, by the estimator's own statistic and up to 499 re-assignments."""
    draws = reassign(profiles(one.grid.treatment)[0], rng, draws=499, enumerate_up_to=800)
    if estimator == "poisson_did":
        table = count_table(one)
        return p_value(placebo_statistics(ScoreFit(table), dispersion(one), draws)(effect))
    values, _ = additive_values(one, outcome("count", exposure="e"))
    scores = placebo_scores(one, absorb(one, (values, one.grid.treatment)), unit_noise(one, values))
    sd = deviations(scores.spread, scores.mass, draws)
    return p_value((draws.total(scores.score) - effect * draws.total(scores.slope)) / sd)


def clustered_p(estimator: str, one: Sample) -> float:
    plan = job(one, outcome("count", exposure="e"), estimation(estimator), ("cluster",))
    return ESTIMATORS[estimator].run(plan).estimates[0].p_value


def starts_of(chosen: NDArray[np.intp], n_units: int, start: int) -> NDArray[np.int64]:
    starts = np.full(n_units, NEVER)
    starts[chosen] = start
    return starts


def simulated(rng: np.random.Generator, n_units: int, n_treated: int, *, effect: float = 0.0, largest: str = "") -> Sample:
    """Yearly counts of unequal areas: overdispersed, with AR(1) in the logarithm, and a constant relative effect."""
    size = rng.lognormal(9, 1, n_units)
    chosen = np.argsort(size)[-n_treated:] if largest else rng.choice(n_units, n_treated, replace=False)
    starts = starts_of(chosen, n_units, N_BEFORE)
    length = N_BEFORE + N_AFTER
    common = rng.normal(0, 0.1, length)
    wander = 0.10 * noise(rng, n_units, length, 0.5)
    under = np.arange(length) >= starts[:, None]
    mean = 0.01 * size[:, None] * np.exp(rng.normal(0, 0.3, (n_units, 1)) + common + wander + effect * under)
    y = rng.poisson(mean * rng.gamma(50, 1 / 50, mean.shape)).astype(float)
    return sample(y, starts, exposure=np.repeat(size[:, None], length, axis=1))


DESIGNS = pytest.mark.parametrize(("n_units", "n_treated"), [(20, 1), (40, 1), (40, 2), (40, 5)])
BOTH = pytest.mark.parametrize("estimator", ["poisson_did", "did"])


def rejection(tries: int, p_of: Callable[[np.random.Generator], float]) -> float:
    rng = np.random.default_rng(2022)
    return float(np.mean([p_of(rng) <= LEVEL + 1e-12 for _ in range(tries)]))


@BOTH
@DESIGNS
def test_placebo_test_keeps_its_level(estimator: str, n_units: int, n_treated: int) -> None:
    tries = 600
    found = rejection(tries, lambda rng: placebo_p(estimator, simulated(rng, n_units, n_treated), rng))
    assert found <= at_most(LEVEL, tries)
    assert found >= 0.02  # nor does it merely never reject


@DESIGNS
def test_interval_for_counts_holds_the_effect(n_units: int, n_treated: int) -> None:
    """The interval holds an effect exactly where the test of that effect does not reject."""
    tries = 600
    found = rejection(
        tries, lambda rng: placebo_p("poisson_did", simulated(rng, n_units, n_treated, effect=EFFECT), rng, EFFECT)
    )
    assert found <= at_most(LEVEL, tries)


@BOTH
def test_treating_only_the_largest_units_is_forgiven(estimator: str) -> None:
    """Studentising by predicted noise: without it this rate lies far from 5 %."""
    tries = 600
    found = rejection(tries, lambda rng: placebo_p(estimator, simulated(rng, 40, 5, largest="yes"), rng))
    assert found <= at_most(0.08, tries)  # the prediction is not perfect: methods.md asks for no more than .08 here


@pytest.mark.parametrize(("n_treated", "least"), [(1, 0.5), (2, 0.15)])
@BOTH
def test_clustered_test_fails_with_few_treated(estimator: str, n_treated: int, least: float) -> None:
    tries = 200
    found = rejection(tries, lambda rng: clustered_p(estimator, simulated(rng, 40, n_treated)))
    assert found >= least


@dataclass(frozen=True)
class Real:
    """Reported damage in 290 municipalities: counts and population, (N, T)."""

    y: NDArray[np.float64]
    population: NDArray[np.float64]


def real_noise() -> Real:
    frame = pd.read_csv(shared("data/brott-kommun-ar.csv"), dtype={"kommunkod": str})
    tables = [frame.pivot_table(index="kommunkod", columns="ar", values=name) for name in ("skadegorelse", "befolkning")]
    y, population = (table.to_numpy(dtype=float) for table in tables)
    whole = np.isfinite(y).all(axis=1)
    return Real(y[whole], population[whole])


def drawn(real: Real, rng: np.random.Generator, n_treated: int) -> Sample:
    """Some municipalities, drawn blindly, get nothing in a year drawn blindly."""
    n_units, length = real.y.shape
    start = int(rng.integers(6, length - 3))
    starts = starts_of(rng.choice(n_units, n_treated, replace=False), n_units, start)
    return sample(real.y, starts, exposure=real.population)


@pytest.mark.slow
@BOTH
@pytest.mark.parametrize("n_treated", [1, 2, 5, 10, 30])
def test_size_on_real_noise(estimator: str, n_treated: int, record_property: Callable[[str, object], None]) -> None:
    """No effect, real data: the placebo test keeps 5 %, the clustered one is far from it with few treated."""
    real, tries = real_noise(), 1000
    placebo = rejection(tries, lambda rng: placebo_p(estimator, drawn(real, rng, n_treated), rng))
    clustered = rejection(200, lambda rng: clustered_p(estimator, drawn(real, rng, n_treated)))
    record_property("placebo", placebo)
    record_property("clustered", clustered)
    assert placebo <= at_most(LEVEL, tries)
    if n_treated <= 2:
        assert clustered >= 0.15


@pytest.mark.slow
@DESIGNS
@BOTH
def test_size_on_many_simulated_panels(estimator: str, n_units: int, n_treated: int) -> None:
    tries = 4000
    found = rejection(tries, lambda rng: placebo_p(estimator, simulated(rng, n_units, n_treated), rng))
    assert 0.03 <= found <= at_most(LEVEL, tries)


def test_designs_without_events_are_refused_not_counted() -> None:
    rng = np.random.default_rng(1)
    one = simulated(rng, 20, 1)
    y = one.y.copy()
    y[one.treated] = 0
    with pytest.raises(DesignError):
        clustered_p("poisson_did", sample(y, one.start))
