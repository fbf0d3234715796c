"""Does pooling give the published numbers, and do its intervals hold what they promise with few studies?"""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.regression.linear_model import WLS
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.tests.results import results_meta

from utvardering.synthesis.pooling import leave_one_out, pool, small_studies

BCG = np.array(
    [
        (4, 119, 11, 128),
        (6, 300, 29, 274),
        (3, 228, 11, 209),
        (62, 13536, 248, 12619),
        (33, 5036, 47, 5761),
        (180, 1361, 372, 1079),
        (8, 2537, 10, 619),
        (505, 87886, 499, 87892),
        (29, 7470, 45, 7232),
        (17, 1699, 65, 1600),
        (186, 50448, 141, 27197),
        (5, 2493, 3, 2338),
        (27, 16886, 29, 17825),
    ],
    dtype=float,
)
"""Colditz et al. (1994, JAMA 271:698-702): 13 trials of the BCG vaccine; vaccinated with and without TB, others the same."""


@pytest.fixture
def bcg():
    """Log risk ratios and their standard errors."""
    ill, well, other_ill, other_well = BCG.T
    effects = np.log(ill / (ill + well) / (other_ill / (other_ill + other_well)))
    return effects, np.sqrt(1 / ill - 1 / (ill + well) + 1 / other_ill - 1 / (other_ill + other_well))


def test_bcg_trials_give_the_published_numbers(bcg):
    """R's metafor prints these for rma(yi, vi, data = dat.bcg), REML and method = "FE", and for regtest(model = "lm")."""
    found = pool(*bcg, method="reml")
    w = 1 / (bcg[1] ** 2 + found.tau2)
    typical = 12 * (1 / bcg[1] ** 2).sum() / ((1 / bcg[1] ** 2).sum() ** 2 - (1 / bcg[1] ** 4).sum())
    assert round(found.random, 4) == -0.7145
    assert round(found.tau2, 4) == 0.3132
    assert round(w.sum() ** -0.5, 4) == 0.1798
    assert round(found.q, 4) == 152.2330
    assert round(100 * found.tau2 / (found.tau2 + typical), 2) == 92.22
    assert round(100 * found.i2, 2) == 92.12
    assert [round(value, 4) for value in (found.fixed, found.fixed_error)] == [-0.4303, 0.0405]
    assert [round(value, 4) for value in (found.fixed_low, found.fixed_high)] == [-0.5097, -0.3509]
    egger = small_studies(*bcg)
    assert [round(value, 4) for value in (egger.statistic, egger.p_value)] == [-1.4013, 0.1887]


def test_bcg_trials_have_the_published_interval_of_hartung_and_knapp(bcg):
    """R's meta prints a risk ratio of 0.489 (0.330 to 0.726) for them, inverse variance, REML and Hartung-Knapp."""
    found = pool(*bcg, method="reml")
    shown = [f"{np.exp(value):.3f}" for value in (found.random, found.random_low, found.random_high)]
    assert shown == ["0.489", "0.330", "0.726"]


def test_kacker_gives_the_numbers_of_metafor_in_both_models():
    """Kacker (2004), nine laboratories: data and metafor's numbers come with statsmodels' tests."""
    data, fixed = results_meta.exk1_metafor, results_meta.exk1_fe
    found = pool(data.yi, np.sqrt(data.vi))
    assert found.tau2 == pytest.approx(data.tau2, abs=1e-9)  # metafor stopped at 1e-9
    assert found.random == pytest.approx(data.beta, abs=1e-9)
    assert (found.fixed, found.fixed_error) == pytest.approx((fixed.beta, fixed.se), abs=1e-12)
    assert (found.fixed_low, found.fixed_high) == pytest.approx((fixed.ci_lb, fixed.ci_ub), abs=1e-12)
    assert found.q == pytest.approx(fixed.QE, abs=1e-9)
    assert found.q_p == pytest.approx(fixed.QEp, abs=1e-12)
    assert 100 * found.i2 == pytest.approx(fixed.I2, abs=1e-9)
    assert (1 / (data.vi + found.tau2)).sum() ** -0.5 == pytest.approx(data.se, abs=1e-9)


@pytest.mark.parametrize("which", ["bcg", "kacker", "alike"])
def test_both_models_agree_with_statsmodels(which, bcg):
    effects, errors = {
        "bcg": bcg,
        "kacker": (results_meta.exk1_metafor.yi, np.sqrt(results_meta.exk1_metafor.vi)),
        "alike": (np.array([-0.11, -0.10, -0.12, -0.09]), np.array([0.1, 0.2, 0.15, 0.05])),
    }[which]
    found = pool(effects, errors)
    peer = combine_effects(effects, errors**2, method_re="pm", use_t=True, atol=1e-12, maxiter=500)
    if which == "alike":  # statsmodels' iteration stops at 0 as well
        assert found.tau2 == 0
    assert found.tau2 == pytest.approx(peer.tau2, abs=1e-9)
    assert (found.fixed, found.fixed_error) == pytest.approx((peer.mean_effect_fe, peer.sd_eff_w_fe), abs=1e-9)
    assert found.random == pytest.approx(peer.mean_effect_re, abs=1e-9)
    factor = max(1.0, peer.scale_hksj_re)
    assert found.random_error == pytest.approx(peer.sd_eff_w_re * np.sqrt(factor), abs=1e-9)
    if factor == peer.scale_hksj_re:
        low, high = peer.conf_int()[3]
        assert (found.random_low, found.random_high) == pytest.approx((low, high), abs=1e-8)


def test_the_factor_never_narrows_the_interval():
    effects, errors = np.array([-0.2, -0.2, -0.2]), np.array([0.1, 0.1, 0.1])
    found = pool(effects, errors)
    assert found.random_error == pytest.approx(0.1 / np.sqrt(3), rel=1e-12)
    assert found.random_high - found.random == pytest.approx(4.302652729696142 * 0.1 / np.sqrt(3), rel=1e-9)  # t with 2


def test_prediction_begins_with_five_studies():
    rng = np.random.default_rng(1)
    effects, errors = rng.normal(size=5), np.full(5, 0.5)
    assert np.isnan(pool(effects[:4], errors[:4]).prediction_low)
    found = pool(effects, errors)
    reach = 3.182446305284263 * np.sqrt(found.tau2 + found.random_error**2)  # t with 3
    assert found.prediction_low == pytest.approx(found.random - reach, rel=1e-9)
    assert found.prediction_low < found.random_low


def test_small_studies_are_tried_from_ten_on(bcg):
    effects, errors = bcg
    assert small_studies(effects[:9], errors[:9]) is None
    assert small_studies(effects, np.full(13, 0.2)) is None
    line = WLS(effects, np.column_stack([errors, np.ones(13)]), weights=1 / errors**2).fit()  # Egger's regression, turned round
    assert small_studies(effects, errors).statistic == pytest.approx(line.tvalues[0], rel=1e-9)


def test_leaving_one_out_is_pooling_the_rest(bcg):
    effects, errors = bcg
    found = leave_one_out(effects, errors)
    assert len(found) == 13
    assert found[3].random == pool(np.delete(effects, 3), np.delete(errors, 3)).random


@pytest.mark.parametrize("method", ["paule_mandel", "reml"])
def test_order_sign_and_scale_change_nothing_else(method, bcg):
    effects, errors = bcg
    found, turned = pool(effects, errors, method=method), pool(-3 * effects[::-1], 3 * errors[::-1], method=method)
    assert turned.random == pytest.approx(-3 * found.random, rel=1e-7)
    assert turned.tau2 == pytest.approx(9 * found.tau2, rel=1e-7)
    assert turned.i2 == pytest.approx(found.i2, rel=1e-12)


def test_reml_stands_at_the_top_of_the_likelihood():
    """Held against a fine grid, on effects so different in size that the first tries lie far from the top."""
    rng = np.random.default_rng(20)
    for _ in range(20):
        errors = rng.uniform(0.02, 1.0, 6)
        effects = rng.normal(0, rng.choice([0.0, 0.1, 1.0]), 6) + rng.normal(0, errors)

        def likelihood(tau2, effects=effects, errors=errors):
            w = 1 / (errors**2 + tau2)
            centre = w @ effects / w.sum()
            return 0.5 * (np.log(w).sum() - np.log(w.sum()) - w @ (effects - centre) ** 2)

        found = pool(effects, errors, method="reml").tau2
        assert likelihood(found) >= max(likelihood(tau2) for tau2 in np.linspace(0, 5, 5001)) - 1e-9


@pytest.mark.parametrize(
    ("effects", "errors"),
    [([0.1], [0.1]), ([0.1, 0.2], [0.1]), ([0.1, 0.2], [0.1, 0.0]), ([0.1, float("nan")], [0.1, 0.1])],
)
def test_what_cannot_be_pooled_is_refused(effects, errors):
    with pytest.raises(ValueError, match="pooling needs"):
        pool(np.array(effects), np.array(errors))


@pytest.mark.parametrize("k", [3, 5, 10])
@pytest.mark.parametrize("tau", [0.0, 0.1])
def test_the_interval_over_studies_holds_the_truth_as_often_as_it_says(k, tau):
    """1,000 draws: at least 94 % (two standard errors of a simulation are 1.4) also where studies differ much in size."""
    rng = np.random.default_rng([k, int(100 * tau)])
    held = {"random": 0, "fixed": 0, "new": 0}
    for _ in range(1000):
        errors = rng.uniform(0.05, 0.25, k)
        true = -0.1 + tau * rng.normal(size=k + 1)
        found = pool(true[:k] + errors * rng.normal(size=k), errors)
        held["random"] += found.random_low <= -0.1 <= found.random_high
        held["fixed"] += found.fixed_low <= -0.1 <= found.fixed_high
        held["new"] += found.prediction_low <= true[k] <= found.prediction_high
    assert held["random"] >= 940
    if tau:
        assert held["fixed"] < 900  # what studies that differ do to the fixed effect
    if k >= 5:  # short of 95 % where little heterogeneity is there to be seen: docs/methods/pooling.md
        assert held["new"] >= 820
