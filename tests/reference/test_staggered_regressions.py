"""Sun-Abraham and imputation against R's fixest, diff-diff and slow obvious versions, on the classic teaching data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, outcome
from tests.reference.test_castle import clustered, long_sample, read, results, rows, wide
from utvardering.data.panel import NEVER, Sample
from utvardering.estimators.base import Result
from utvardering.estimators.registry import ESTIMATORS

EXACT = 1e-10  # normal equations of some sixty unknowns, against R's QR; R's numbers have 13 digits
PEER = 1e-10  # diff-diff solves by sparse least squares and stops at about 1e-12


def panel(case: str, weight: str = "") -> tuple[Sample, dict[str, str]]:
    frame = read(case)
    parts: dict[str, Any] = {"weights": wide(frame, "unit", "period", weight)} if weight else {}
    column, keys = ("outcome", {}) if case == "mpdta" else ("homicide", {"transform": "log"})
    return long_sample(frame, column, "treated", **parts), keys


def by_name(found: Result) -> dict[str, tuple[float, float]]:
    named = {f"year::{row.period_from_start}": (row.estimate, row.std_error) for row in found.events}
    return {**named, "att": (found.estimates[0].estimate, found.estimates[0].std_error)}


@pytest.mark.parametrize("row", [*rows("mpdta", "sunab|"), *rows("castle", "sunab_ln_homicide|")])
def test_sun_abraham_is_that_of_fixest(row: dict[str, Any]) -> None:
    """fixest 0.14.2, sunab, clustered by unit; every effect per period and the mean over treated cells."""
    *case, name = row["id"].split("|")
    one, keys = panel("mpdta" if case == ["sunab"] else "castle", "popwt" if "popwt" in case else "")
    found = by_name(clustered("sun_abraham", one, **keys)[1])
    assert found[name] == pytest.approx((row["value"], row["se"]), abs=EXACT)


@pytest.mark.parametrize("case", ["mpdta", "castle"])
def test_sun_abraham_has_a_row_for_every_period_of_fixest_and_no_other(case: str) -> None:
    prefix = "sunab|" if case == "mpdta" else "sunab_ln_homicide|unweighted|"
    expected = {row["id"].removeprefix(prefix) for row in results(case) if row["id"].startswith(prefix)}
    if not expected:
        pytest.skip(f"development data are absent: reference/{case}.json beside the repository")
    one, keys = panel(case)
    assert set(by_name(clustered("sun_abraham", one, **keys)[1])) == expected


@pytest.mark.parametrize("case", ["mpdta", "castle"])
def test_imputation_is_that_of_diff_diff(case: str) -> None:
    """diff-diff 3.13.0, ImputationDiD with its default partition by cohort and period: effects and conservative errors."""
    from diff_diff import ImputationDiD

    frame = read(case).copy()
    frame["value"] = frame["outcome"] if case == "mpdta" else np.log(frame["homicide"])
    frame["first"] = frame["first_treated"].fillna(0).astype(int)
    peer = ImputationDiD().fit(frame, "value", "unit", "period", "first")
    rows = peer.aggregate("event_study").to_dataframe()
    one, keys = panel(case)
    found = by_name(clustered("imputation", one, **keys)[1])
    assert found["att"] == pytest.approx((peer.overall_att, peer.overall_se), abs=PEER)
    after = rows[rows["event_time"] >= 0]
    assert {f"year::{k}" for k in after["event_time"]} == {name for name in found if name[6:7].isdigit()}
    for row in after.itertuples():
        assert found[f"year::{row.event_time}"] == pytest.approx((row.att, row.se), abs=PEER)


@pytest.mark.parametrize(
    ("case", "weight", "effect", "error"),
    [
        ("mpdta", "", -0.0477099182784527, 0.0132224886500164),
        ("castle", "", 0.0798015529577247, 0.0608839809444277),
    ],
)
def test_imputation_keeps_its_numbers(case: str, weight: str, effect: float, error: float) -> None:
    """diff-diff 3.13.0's overall effect and error, stored: they stand where a later diff-diff changes its own."""
    one, keys = panel(case, weight)
    estimate, _ = clustered("imputation", one, **keys)
    assert (estimate.estimate, estimate.std_error) == pytest.approx((effect, error), abs=PEER)


def dummies(one: Sample) -> NDArray[np.float64]:
    """(N T, N + T) indicators of unit and period."""
    n_units, n_periods = one.y.shape
    unit, period = np.divmod(np.arange(n_units * n_periods), n_periods)
    return np.column_stack([unit[:, None] == np.arange(n_units), period[:, None] == np.arange(n_periods)]).astype(float)


@pytest.mark.parametrize("weight", ["", "popwt"])
def test_imputation_is_a_regression_on_dummies(weight: str) -> None:
    one, keys = panel("castle", weight)
    y, x = np.log(one.y).ravel(), dummies(one)
    treated = (one.grid.treatment > 0).ravel()
    root = np.ones_like(y) if one.grid.weights is None else np.sqrt(one.grid.weights.ravel())
    free = ~treated
    slopes = np.linalg.lstsq(root[free, None] * x[free], root[free] * y[free], rcond=None)[0]
    left = (y - x @ slopes)[treated]
    slow = np.average(left, weights=root[treated] ** 2)
    estimate, found = clustered("imputation", one, **keys)
    assert estimate.estimate == pytest.approx(slow, abs=EXACT)
    since = (np.arange(one.y.shape[1]) - np.where(one.start < NEVER, one.start, 99)[:, None]).ravel()[treated]
    for row in found.events:
        if row.period_from_start >= 0:
            chosen = since == row.period_from_start
            assert row.estimate == pytest.approx(np.average(left[chosen], weights=root[treated][chosen] ** 2), abs=EXACT)


def test_units_whose_effects_are_not_asked_for_change_nothing() -> None:
    """A huge effect in one cohort stays out of the effects of the other (what two-way fixed effects fail)."""
    one, keys = panel("castle")
    late = one.start == one.start[one.treated].max()
    grown = one.y * np.where(late[:, None] & (one.grid.treatment > 0), 100.0, 1.0)
    other = replace(one, grid=replace(one.grid, y=grown))
    for name in ("imputation", "sun_abraham"):
        plain, moved = (by_name(clustered(name, each, **keys)[1]) for each in (one, other))
        assert moved["year::4"][0] == pytest.approx(plain["year::4"][0], abs=EXACT)
        assert moved["year::-2"][0] == pytest.approx(plain["year::-2"][0], abs=EXACT)
        assert moved["att"][0] > plain["att"][0] + 0.01


@pytest.mark.parametrize("name", ["imputation", "sun_abraham"])
def test_placebo_test_of_the_castle_doctrine(name: str) -> None:
    """The placebo test stands on the same estimate, and its interval holds it."""
    one, keys = panel("castle")
    plan = job(one, outcome("rate", **keys), estimation(name), ("randomization", "cluster"))
    placebo, cluster = ESTIMATORS[name].run(plan).estimates
    assert placebo.estimate == cluster.estimate
    assert placebo.ci_low < placebo.inner_low < placebo.estimate < placebo.inner_high < placebo.ci_high
    assert (placebo.p_value > 1 - 0.95) == (placebo.ci_low <= 0 <= placebo.ci_high)


def test_the_conservative_error_of_imputation_with_weights() -> None:
    """Weights v and means over cohort and period as written in Borusyak, Jaravel & Spiess, with every dummy and matrix."""
    one, keys = panel("castle", "popwt")
    assert one.grid.weights is not None
    n_units, n_periods = one.y.shape
    y, x, w = np.log(one.y).ravel(), dummies(one), one.grid.weights.ravel()
    treated = (one.grid.treatment > 0).ravel()
    free = ~treated
    target = np.where(treated, w, 0) / w[treated].sum()
    inverse = np.linalg.pinv((x[free] * w[free, None]).T @ x[free])
    v = target.copy()
    v[free] = -w[free] * (x[free] @ inverse @ (x.T @ target))
    left = y - x @ inverse @ (x[free].T @ (w[free] * y[free]))
    cell = one.start.repeat(n_periods) * n_periods + np.tile(np.arange(n_periods), n_units)
    for code in np.unique(cell[treated]):
        chosen = treated & (cell == code)
        left[chosen] -= np.average(left[chosen], weights=v[chosen] ** 2)
    slow = np.sqrt(((v * left).reshape(n_units, n_periods).sum(axis=1) ** 2).sum())
    estimate, _ = clustered("imputation", one, **keys)
    assert estimate.estimate == pytest.approx(v @ y, abs=1e-8)  # a pseudo-inverse of weights from 5e5 to 4e7
    assert estimate.std_error == pytest.approx(slow, abs=1e-8)  # the same
