"""An estimate held against controls: the t distribution by hand, and coverage where a bias was planted."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from utvardering.inference.calibration import FEWEST, calibrate

SEEDS = 2000


def test_by_hand() -> None:
    """Ten controls with mean 0.1 and standard deviation 0.05: the predictive t distribution with nine degrees of freedom."""
    controls = 0.1 + 0.05 * np.array([-1, 1] * 5) * np.sqrt(0.9)
    found = calibrate(-0.2, 0.04, controls, np.full(10, 0.04), 0.95)
    error = 0.05 * np.sqrt(1.1)
    assert found.bias == pytest.approx(0.1)
    assert found.spread == pytest.approx(0.05)
    assert found.estimate == pytest.approx(-0.3)
    assert found.ci_high - found.estimate == pytest.approx(stats.t.ppf(0.975, 9) * error)
    assert found.p_value == pytest.approx(2 * stats.t.sf(0.3 / error, 9))


def test_a_noisier_estimate_gets_the_noise_that_the_controls_have_not() -> None:
    controls = np.linspace(-0.1, 0.1, 12)
    same = calibrate(0.3, 0.05, controls, np.full(12, 0.05), 0.95)
    noisier = calibrate(0.3, 0.13, controls, np.full(12, 0.05), 0.95)
    reach = stats.t.ppf(0.975, 11)
    added = ((noisier.ci_high - noisier.estimate) / reach) ** 2 - ((same.ci_high - same.estimate) / reach) ** 2
    assert added == pytest.approx(0.13**2 - 0.05**2)


def test_fewer_than_ten_calibrate_nothing() -> None:
    with pytest.raises(ValueError, match="needs 10 controls, found 9"):
        calibrate(0.1, 0.1, np.zeros(FEWEST - 1), np.ones(FEWEST - 1), 0.95)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("own", "others"), [(0.05, 0.05), (0.12, 0.05), (0.03, 0.06)])
@pytest.mark.parametrize("spread", [0.0, 0.05])
def test_twenty_controls_and_a_planted_bias(correlation: float, own: float, others: float, spread: float) -> None:
    """The calibrated interval covers at least 95 % less 2.6 Monte Carlo errors, the plain one far less."""
    rng = np.random.default_rng(5)
    bias, truth, calibrated, plain = 0.15, -0.2, 0, 0
    for _ in range(SEEDS):
        common = rng.standard_normal()
        noise = np.sqrt(correlation) * common + np.sqrt(1 - correlation) * rng.standard_normal(21)
        drawn = bias + spread * rng.standard_normal(21)
        controls = drawn[1:] + others * noise[1:]
        estimate = truth + drawn[0] + own * noise[0]
        found = calibrate(estimate, own, controls, np.full(20, others), 0.95)
        calibrated += found.ci_low <= truth <= found.ci_high
        plain += abs(estimate - truth) <= 1.96 * own
    least = 0.95 - 2.6 * np.sqrt(0.95 * 0.05 / SEEDS)
    assert calibrated / SEEDS >= least
    assert plain / SEEDS < 0.8
