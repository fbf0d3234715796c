"""Predicted unit noise: Smyth's moderated variances written out, and the overdispersion that a known process has."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import optimize, special

from tests.designs import sample, treated_first
from utvardering.estimators.base import without_anticipation
from utvardering.estimators.did import unit_noise
from utvardering.estimators.poisson_did import dispersion
from utvardering.inference.noise import count_dispersion, count_spread, predicted_variance


def slow_variance(past: NDArray[np.float64], size: NDArray[np.float64] | None) -> list[float]:
    """Smyth (2004), unit by unit: own variance, a log-linear trend in size, and how much to trust which."""
    n, length = past.shape
    common = [np.mean([past[k, t] - past[k].mean() for k in range(n)]) for t in range(length)]
    own = [sum((past[k, t] - past[k].mean() - common[t]) ** 2 for t in range(length)) for k in range(n)]
    d = (length - 1) * (n - 1) / n
    s2 = [value / d for value in own]
    e = [np.log(value) - special.digamma(d / 2) + np.log(d / 2) for value in s2]
    columns = [np.ones(n)] if size is None else [np.ones(n), np.log(size)]
    x = np.column_stack(columns)
    trend = x @ np.linalg.solve(x.T @ x, x.T @ e)
    excess = sum((np.array(e) - trend) ** 2) / (n - len(columns)) - special.polygamma(1, d / 2)
    if excess <= 0:
        return [float(np.exp(value)) for value in trend]
    d0 = 2 * optimize.brentq(lambda half: special.polygamma(1, half) - excess, 1e-3, 1e6)
    prior = [np.exp(value + special.digamma(d0 / 2) - np.log(d0 / 2)) for value in trend]
    return [(d0 * prior[k] + d * s2[k]) / (d0 + d) for k in range(n)]


@pytest.mark.parametrize("sized", ["", "size"])
def test_moderated_variance_is_smyths(sized: str) -> None:
    rng = np.random.default_rng(1)
    size = rng.lognormal(8, 1, 40)
    past = rng.normal(0, np.sqrt(size)[:, None] * rng.gamma(2, 0.5, (40, 1)), (40, 9)) + rng.normal(0, 50, 9)
    found = predicted_variance(past, size if sized else None)
    np.testing.assert_allclose(found, slow_variance(past, size if sized else None), rtol=1e-6)  # Newton stops at 1e-8


def test_units_that_are_alike_are_predicted_alike() -> None:
    """Noise of one variance leaves no excess spread often enough; then every unit gets the common variance."""
    rng = np.random.default_rng(0)
    found = predicted_variance(rng.normal(0, 3, (400, 30)))
    assert np.ptp(found) / found.mean() < 0.5
    assert found.mean() == pytest.approx(9, rel=0.05)  # 12,000 draws: a standard error of 1.3 %


def test_prediction_knows_no_order_and_no_unit_of_measurement() -> None:
    rng = np.random.default_rng(2)
    size = rng.lognormal(8, 1, 25)
    past = rng.normal(0, np.sqrt(size)[:, None], (25, 7))
    order = rng.permutation(25)
    found = predicted_variance(past, size)
    np.testing.assert_allclose(predicted_variance(past[order], size[order]), found[order], rtol=1e-9)  # rounding
    np.testing.assert_allclose(predicted_variance(1000 * past, size), 1e6 * found, rtol=1e-9)  # rounding
    np.testing.assert_allclose(predicted_variance(past, 1000 * size), found, rtol=1e-9)  # rounding
    np.testing.assert_allclose(predicted_variance(past + np.arange(7) + size[:, None], size), found, rtol=1e-6)  # rounding


def test_noisier_units_are_predicted_noisier_and_drawn_together() -> None:
    rng = np.random.default_rng(3)
    truth = rng.gamma(3, 1, 60)
    past = rng.normal(0, np.sqrt(truth)[:, None], (60, 6))
    own = past.var(axis=1, ddof=1)
    found = predicted_variance(past)
    assert np.mean((np.log(found) - np.log(truth)) ** 2) < np.mean((np.log(own) - np.log(truth)) ** 2)
    assert np.corrcoef(found, truth)[0, 1] > 0.4


@pytest.mark.parametrize(
    "past",
    [np.ones((5, 1)), np.ones((5, 6)), np.arange(12.0).reshape(2, 6) ** 2],
    ids=["one period", "no variation", "two units"],
)
def test_without_a_past_all_units_are_alike(past: NDArray[np.float64]) -> None:
    np.testing.assert_array_equal(predicted_variance(past), np.ones(len(past)))


def test_a_unit_without_a_past_is_predicted_by_the_others() -> None:
    rng = np.random.default_rng(4)
    past = rng.normal(0, 2, (20, 8))
    past[3] = np.nan
    past[5, 1:] = np.nan
    past[6, 2] = np.nan
    found = predicted_variance(past)
    assert np.isfinite(found).all()
    assert found[3] == pytest.approx(np.median(found), rel=0.5)


def test_a_unit_that_never_varied_is_not_noiseless() -> None:
    rng = np.random.default_rng(5)
    past = rng.normal(0, 1, (20, 6))
    past[0] = 4.0 - past[1:].mean(axis=0) + past[1:].mean(axis=0)
    assert predicted_variance(past)[0] > 1e-3


def counts(phi: float, lasting: float, n_units: int = 40_000) -> NDArray[np.float64]:
    """Two blocks of 3 periods, with overdispersion phi and a log change of standard deviation `lasting` between them."""
    rng = np.random.default_rng(6)
    level = rng.uniform(20, 200, (n_units, 1)) * np.exp(lasting * rng.normal(size=(n_units, 1)) * [[0, 0, 0, 1, 1, 1]])
    return phi * rng.poisson(level / phi)


@pytest.mark.parametrize(("phi", "lasting"), [(1.0, 0.0), (4.0, 0.0), (1.0, 0.15), (2.0, 0.1)])
def test_overdispersion_and_lasting_changes_are_told_apart(phi: float, lasting: float) -> None:
    """A log change of variance σ² adds h²σ² to the change of a count whose binomial spread is h."""
    found_phi, found_psi = count_dispersion(counts(phi, lasting), 3)
    assert found_phi == pytest.approx(phi, rel=0.15)  # 40,000 cells of one draw, heavy in the tails
    assert found_psi == pytest.approx(lasting**2, rel=0.25, abs=0.002)  # the same, and e^x is not 1 + x


def test_short_or_empty_pasts_are_poisson() -> None:
    rng = np.random.default_rng(7)
    assert count_dispersion(rng.poisson(5, (20, 3)).astype(float), 2) == (1.0, 0.0)
    assert count_dispersion(np.zeros((20, 8)), 2) == (1.0, 0.0)
    assert count_dispersion(rng.poisson(5, (2, 8)).astype(float), 4) == (1.0, 0.0)


def test_missing_cells_are_not_zero_events() -> None:
    """A month that was never reported is no fall in crime: one in a hundred missing leaves the dispersion as it was."""
    rng = np.random.default_rng(8)
    past = rng.poisson(100, (300, 12)).astype(float)
    gaps = np.where(rng.random(past.shape) < 0.01, np.nan, past)
    phi, psi = count_dispersion(past, 3)
    gap_phi, gap_psi = count_dispersion(gaps, 3)
    assert gap_phi == pytest.approx(phi, rel=0.15)  # one pair of blocks in sixteen is left out
    assert gap_psi == pytest.approx(psi, abs=0.001)


def test_spread_of_a_count_given_its_total() -> None:
    np.testing.assert_allclose(count_spread(np.array([3.0, 0.0, 5.0]), np.array([10.0, 0.0, 5.0])), [3 * 0.7, 0, 0])


@pytest.mark.parametrize("anticipation", [0, 2])
def test_noise_is_predicted_from_the_time_before_only(anticipation: int) -> None:
    """Neither who was treated nor anything from the start on (less anticipation) enters the prediction."""
    rng = np.random.default_rng(9)
    y = rng.poisson(50, (20, 14)).astype(float)
    other = y.copy()
    other[:, 8 - anticipation :] = rng.poisson(900, (20, 6 + anticipation))
    one = sample(y, treated_first(20, [8, 8]), anticipation=anticipation)
    moved = sample(other, treated_first(20, [8, 8])[::-1], anticipation=anticipation)
    np.testing.assert_array_equal(unit_noise(one, y), unit_noise(moved, other))
    assert dispersion(without_anticipation(one)) == dispersion(without_anticipation(moved))
