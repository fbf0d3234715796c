"""Comparison units as if treated: against the slow way, and where it must fail and pass."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.designs import grid, panel, treated_first
from tests.robustness.simulated import START, counts, doubted
from utvardering.robustness.placebo_unit import placebo_unit


def found(doubt):
    rows = list(placebo_unit(doubt))
    return rows[0], {row.variant: row for row in rows[1:]}


def test_each_unit_is_the_contrast_with_the_others_by_hand() -> None:
    doubt = doubted(counts(np.random.default_rng(5), treated=2, comparison=25, effect=-0.5), estimator="did")
    rank, units = found(doubt)
    y = doubt.panel.grids["y"].y[2:]
    change = y[:, START:].mean(axis=1) - y[:, :START].mean(axis=1)
    alone = np.array([change[k] - np.delete(change, k).mean() for k in range(25)])
    assert list(units) == [f"u{k}" for k in range(2, 27)]
    signs = np.sign([row.estimate for row in units.values()])
    assert (signs == np.sign(alone)).all()
    assert rank.p_value == 1 / 26
    assert rank.verdict == "pass"
    assert np.isnan(rank.estimate)


@pytest.mark.parametrize("estimator", ["poisson_did", "synthetic_did", "synthetic_control", "forecast_did", "wdd"])
def test_a_large_effect_stands_alone_by_every_kind_of_method(estimator: str) -> None:
    rank, units = found(doubted(counts(np.random.default_rng(2), effect=-0.5), estimator=estimator))
    assert rank.verdict == "pass"
    assert rank.p_value <= 2 / 31
    assert len(units) == 30


def test_an_effect_that_many_show_without_the_measure_fails() -> None:
    """Every area shifts by itself at the start; the two treated both fell, and a clustered interval of two is too narrow."""
    rng = np.random.default_rng(4)
    shift = np.append([-0.3, -0.3], rng.normal(0, 0.3, 30))[:, None]
    y = rng.poisson(40 * np.exp(shift * (np.arange(60) >= START))).astype(float)
    one = panel({"y": grid(y, treated_first(32, [START] * 2))}, ["treated"] * 2 + ["comparison"] * 30)
    doubt = doubted(one, inference="cluster")
    assert doubt.planned.ci_high < 0
    assert found(doubt)[0].verdict == "fail"


def test_without_an_effect_the_rank_agrees_and_few_units_cannot_tell() -> None:
    assert found(doubted(counts(np.random.default_rng(7))))[0].verdict == "pass"
    rank, _ = found(doubted(counts(np.random.default_rng(7), comparison=12)))
    assert rank.verdict == "not_evaluated"


def test_too_few_units_say_so() -> None:
    doubt = doubted(counts(np.random.default_rng(7)))
    role = np.where(np.arange(33) < 5, doubt.panel.role, "excluded")
    (row,) = placebo_unit(replace(doubt, panel=doubt.panel.with_roles(role)))
    assert row.verdict == "not_evaluated"
    assert "at least three units" in row.text
