"""The planned conclusion on other scales: against the estimators by hand, and where it must fail and pass."""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import grid, panel, treated_first
from tests.robustness.simulated import START, counts, doubted
from utvardering.robustness.scales import scales


def test_a_ratio_as_a_difference_and_in_logarithms_by_hand() -> None:
    doubt = doubted(counts(np.random.default_rng(5), effect=-0.3))
    rows = {row.variant: row for row in scales(doubt)}
    assert list(rows) == ["difference", "log"]
    assert {row.verdict for row in rows.values()} == {"pass"}
    y = doubt.panel.grids["y"].y
    change = y[:, START:].mean(axis=1) - y[:, :START].mean(axis=1)
    effect = change[:3].mean() - change[3:].mean()
    ratio = 1 + effect / (y[:3, START:].mean() - effect)
    assert rows["difference"].estimate == pytest.approx(np.log(ratio), rel=1e-9)
    logs = np.log(y)
    change = logs[:, START:].mean(axis=1) - logs[:, :START].mean(axis=1)
    assert rows["log"].estimate == pytest.approx(change[:3].mean() - change[3:].mean(), rel=1e-9)


def test_a_difference_as_a_ratio() -> None:
    doubt = doubted(counts(np.random.default_rng(5), effect=-0.3), estimator="did")
    rows = {row.variant: row for row in scales(doubt)}
    y = doubt.panel.grids["y"].y
    ratio = np.log(y[:3, START:].sum() / y[:3, :START].sum()) - np.log(y[3:, START:].sum() / y[3:, :START].sum())
    share = doubt.planned.effect_percent / 100 / doubt.planned.estimate
    assert rows["ratio"].estimate == pytest.approx(np.expm1(ratio) / share, rel=1e-9)


def test_levels_far_apart_make_the_scale_decide() -> None:
    """Everybody rises by a half: in differences the small treated areas rise less than the large ones they are held against."""
    rng = np.random.default_rng(4)
    level = np.where(np.arange(40) < 10, 20, 100)[:, None]
    y = rng.poisson(level * np.where(np.arange(60) >= START, 1.5, 1.0)).astype(float)
    one = panel({"y": grid(y, treated_first(40, [START] * 10))}, ["treated"] * 10 + ["comparison"] * 30)
    doubt = doubted(one, estimator="did", inference="cluster")
    assert doubt.planned.ci_high < 0
    assert {row.variant: row.verdict for row in scales(doubt)} == {"ratio": "fail", "log": "fail"}


def test_a_zero_has_no_logarithm() -> None:
    doubt = doubted(counts(np.random.default_rng(5), level=1.0))
    (row,) = [row for row in scales(doubt) if row.variant == "log"]
    assert row.verdict == "not_evaluated"
    assert "have no logarithm" in row.text
