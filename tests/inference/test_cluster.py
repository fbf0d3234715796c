"""The convention of the program for clustered standard errors, against regressions with all indicators written out."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats

from utvardering.errors import DesignError
from utvardering.inference.cluster import cluster_covariance, cluster_test


@pytest.mark.parametrize("n_clusters", [12, 6, 3])
def test_covariance_is_that_of_a_regression_times_the_factor(n_clusters: int) -> None:
    """statsmodels counts unit effects too; the program does not, since they lie within clusters."""
    rng = np.random.default_rng(1)
    n, length = 12, 5
    cluster = np.arange(n) % n_clusters
    d = rng.normal(size=(n, length, 2))
    y = rng.normal(size=(n, length)) + rng.normal(size=(n, 1)) + d.sum(axis=2)
    unit, period = np.divmod(np.arange(n * length), length)
    indicators = np.column_stack([unit[:, None] == np.arange(n), period[:, None] == np.arange(1, length)]).astype(float)
    x = np.column_stack([d.reshape(-1, 2), indicators])
    fit = sm.OLS(y.ravel(), x).fit(cov_type="cluster", cov_kwds={"groups": cluster[unit], "use_correction": False})
    left = d.reshape(-1, 2) - indicators @ np.linalg.lstsq(indicators, d.reshape(-1, 2), rcond=None)[0]
    scores = (left * fit.resid[:, None]) @ np.linalg.inv(left.T @ left)
    influence = scores.reshape(n, length, 2).sum(axis=1)
    k = 2 + (length - 1) + 1
    found = cluster_covariance(influence, cluster * 10 + 3, n * length, k)
    factor = n_clusters / (n_clusters - 1) * (n * length - 1) / (n * length - k)
    np.testing.assert_allclose(found, factor * fit.cov_params()[:2, :2], rtol=1e-9)  # rounding


def test_interval_and_p_value_are_from_t_with_one_less_than_the_clusters() -> None:
    test = cluster_test(0.5, 0.04, 11, 0.95)
    assert test.std_error == pytest.approx(0.2)
    assert test.p_value == pytest.approx(2 * stats.t.sf(2.5, 10))
    assert (test.ci_low, test.ci_high) == pytest.approx((0.5 - 2.2281388519649385 * 0.2, 0.5 + 2.2281388519649385 * 0.2))
    assert (test.inner_low, test.inner_high) == pytest.approx((0.5 - 1.8124611228107335 * 0.2, 0.5 + 1.8124611228107335 * 0.2))


@pytest.mark.parametrize("level", [0.8, 0.9, 0.99])
def test_interval_excludes_zero_exactly_where_the_p_value_rejects(level: float) -> None:
    for t in np.linspace(-4, 4, 81):
        test = cluster_test(t * 0.3, 0.09, 20, level)
        assert (test.p_value < 1 - level) == (test.ci_low > 0 or test.ci_high < 0)


def test_without_spread_only_no_estimate_is_compatible_with_no_effect() -> None:
    assert cluster_test(0.0, 0.0, 5, 0.95).p_value == 1
    assert cluster_test(0.1, 0.0, 5, 0.95).p_value == 0


@pytest.mark.parametrize(("cluster", "n_obs"), [([0, 0, 0], 9), ([0, 1, 2], 4)], ids=["one cluster", "no degree of freedom"])
def test_what_has_no_clustered_error_is_refused(cluster: list[int], n_obs: int) -> None:
    with pytest.raises(DesignError):
        cluster_covariance(np.ones((3, 1)), np.array(cluster), n_obs, 4)
