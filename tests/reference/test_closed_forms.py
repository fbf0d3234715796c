"""Every fast path is another program's number: closed forms, projections and iterations against regressions."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS
from numpy.typing import NDArray

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.panel import Sample
from utvardering.estimators import absorb as absorbing
from utvardering.estimators import event_study as events
from utvardering.estimators.base import Estimate, Result
from utvardering.estimators.registry import ESTIMATORS

ROUNDING = 1e-9  # sums of some hundred numbers
STOPPED = 1e-7  # relative: lsmr and the Poisson iterations of other programs stop there

pyfixest_warns = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")  # pyfixest warns on every fit
pyfixest_warns_too = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # and so do libraries that it loads


def clustered(estimator: str, one: Sample, kind: str = "mean", **keys: Any) -> tuple[Estimate, Result]:
    found = ESTIMATORS[estimator].run(job(one, outcome(kind), estimation(estimator, **keys), ("cluster",)))
    return found.estimates[0], found


def long(one: Sample) -> pd.DataFrame:
    """A row per cell that is seen."""
    n_units, n_periods = one.y.shape
    unit, period = np.divmod(np.arange(n_units * n_periods), n_periods)
    groups = np.zeros(n_units, dtype=int) if one.groups is None else one.groups
    frame = pd.DataFrame(
        {
            "unit": unit,
            "period": period,
            "cell": groups[unit] * n_periods + period,
            "cluster": one.cluster[unit],
            "y": one.y.ravel(),
            "d": one.grid.treatment.ravel(),
            "w": 1.0 if one.grid.weights is None else one.grid.weights.ravel(),
            "exposure": 1.0 if one.grid.exposure is None else one.grid.exposure.ravel(),
            **{name: values.ravel() for name, values in one.grid.covariates.items()},
        }
    )
    return frame.dropna()


def fixest_error(raw: float, one: Sample, n_parameters: int) -> float:
    """The program's standard error from an uncorrected clustered one."""
    g, n = len(np.unique(one.cluster)), int(np.isfinite(one.y).sum())
    return float(raw * np.sqrt(g / (g - 1) * (n - 1) / (n - n_parameters)))


def drawn(rng: np.random.Generator, n_units: int, n_periods: int) -> NDArray[np.float64]:
    return rng.normal(5, 2, (n_units, 1)) + rng.normal(0, 1, n_periods) + rng.normal(0, 1, (n_units, n_periods))


def linear_designs() -> dict[str, Sample]:
    rng = np.random.default_rng(1)
    n, t = 14, 8
    y = drawn(rng, n, t)
    gaps = np.where(rng.random(y.shape) < 0.1, np.nan, y)
    start = treated_first(n, [4, 4, 4, 4])
    weights = rng.uniform(1, 5, (n, 1)) * np.ones(t)
    return {
        "balanced": sample(y, start),
        "one treated": sample(y, treated_first(n, [4])),
        "weights": sample(y, start, weights=weights),
        "weights that are a product": sample(y, start, weights=weights * rng.uniform(1, 2, t)),
        "weights that change": sample(y, start, weights=rng.uniform(1, 5, (n, t))),
        "period effects by group": sample(y, start, groups=np.arange(n) % 3),
        "staggered": sample(y, treated_first(n, [2, 4, 6, 6])),
        "unbalanced": sample(gaps, start),
        "unbalanced with weights and groups": sample(gaps, start, weights=rng.uniform(1, 5, (n, t)), groups=np.arange(n) % 3),
        "covariates": sample(y, start, covariates={"x": rng.normal(0, 1, (n, t)), "z": rng.normal(0, 9, (n, t))}),
        "clusters of two": sample(y, start, cluster=np.arange(n) // 2),
    }


@pytest.mark.parametrize("name", linear_designs())
def test_did_is_that_of_panel_ols(name: str) -> None:
    one = linear_designs()[name]
    covariates = tuple(one.grid.covariates)
    estimate, result = clustered("did", one, covariates=covariates)
    frame = long(one).set_index(["unit", "period"], drop=False)
    other = frame[["cell"]].astype("category")
    model = PanelOLS(frame["y"], frame[["d", *covariates]], weights=frame["w"], entity_effects=True, other_effects=other)
    fit = model.fit(
        cov_type="clustered", clusters=frame["cluster"], debiased=False, auto_df=False, count_effects=False, group_debias=False
    )
    assert estimate.estimate == pytest.approx(fit.params["d"], rel=STOPPED, abs=STOPPED)
    n_parameters = 1 + len(covariates) + frame["cell"].nunique()
    assert result.n_obs == len(frame)
    assert estimate.std_error == pytest.approx(fixest_error(fit.std_errors["d"], one, n_parameters), rel=1e-6)  # lsmr's stop


def test_difference_in_differences_of_means_is_the_estimate() -> None:
    one = linear_designs()["balanced"]
    estimate, _ = clustered("did", one)
    change = one.y[:, 4:].mean(axis=1) - one.y[:, :4].mean(axis=1)
    assert estimate.estimate == pytest.approx(change[:4].mean() - change[4:].mean(), abs=ROUNDING)


@pytest.mark.parametrize("name", ["balanced", "weights", "weights that are a product", "period effects by group"])
def test_projection_in_closed_form_is_that_of_absorbing_ls(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one = linear_designs()[name]
    closed = absorbing.absorb(one, (one.y, one.grid.treatment))
    monkeypatch.setattr(absorbing, "_separable", lambda weights: False)  # noqa: ARG005 -- sends all to the regression
    slow = absorbing.absorb(one, (one.y, one.grid.treatment))
    for mine, theirs in zip(closed.residuals, slow.residuals, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=STOPPED)
    assert (closed.n_parameters, closed.n_obs) == (slow.n_parameters, slow.n_obs)


@pytest.mark.parametrize("anticipation", [0, 2])
@pytest.mark.parametrize("name", ["balanced", "one treated", "weights", "clusters of two"])
def test_event_study_in_closed_form_is_the_regression(name: str, anticipation: int) -> None:
    one = linear_designs()[name]
    closed = events._closed_path(one, one.y, weights_of(one)[:, 0], -1 - anticipation)  # noqa: SLF001 -- the two paths compared
    plan = job(one, outcome(), estimation("event_study"))
    slow = events._regression_path(one, one.y, plan, -1 - anticipation)  # noqa: SLF001 -- the two paths compared
    np.testing.assert_array_equal(closed.periods, slow.periods)
    np.testing.assert_allclose(closed.effects, slow.effects, atol=STOPPED)
    np.testing.assert_allclose(closed.influence, slow.influence, atol=STOPPED)
    assert (closed.n_obs, closed.n_parameters) == (slow.n_obs, slow.n_parameters)


@pytest.mark.parametrize("anticipation", [0, 1, 3])
def test_effects_by_period_are_held_against_the_last_period_without_anticipation(anticipation: int) -> None:
    one = replace(linear_designs()["balanced"], anticipation=anticipation)
    _, result = clustered("event_study", one)
    found = {event.period_from_start: event.estimate for event in result.events}
    change = one.y - one.y[:, [4 - 1 - anticipation]]
    expected = {t - 4: change[:4, t].mean() - change[4:, t].mean() for t in range(8) if t != 4 - 1 - anticipation}
    assert found == pytest.approx(expected, abs=ROUNDING)
    assert result.estimates[0].estimate == pytest.approx(np.mean([expected[k] for k in range(4)]), abs=ROUNDING)


@pytest.mark.parametrize("estimator", ["did", "poisson_did"])
def test_periods_of_anticipation_are_left_out(estimator: str) -> None:
    """What happens in them changes nothing; the answer is that of the panel without them."""
    one = count_designs()["balanced"]
    kind = "count" if estimator == "poisson_did" else "mean"
    moved = one.y.copy()
    moved[:, 2:4] = 999
    waiting = replace(one, anticipation=2, grid=replace(one.grid, y=moved))
    shorter = sample(np.delete(one.y, [2, 3], axis=1), treated_first(14, [2, 2, 2, 2]))
    found, expected = clustered(estimator, waiting, kind)[0], clustered(estimator, shorter, kind)[0]
    assert found.estimate == pytest.approx(expected.estimate, abs=ROUNDING)
    assert found.std_error == pytest.approx(expected.std_error, rel=ROUNDING)


def weights_of(one: Sample) -> NDArray[np.float64]:
    return np.ones_like(one.y) if one.grid.weights is None else one.grid.weights


@pyfixest_warns
@pyfixest_warns_too
@pytest.mark.parametrize("name", ["balanced", "weights", "staggered", "unbalanced", "period effects by group"])
def test_event_study_is_that_of_pyfixest(name: str) -> None:
    import pyfixest as pf

    one = linear_designs()[name]
    _, result = clustered("event_study", one)
    frame = long(one)
    start = one.start[frame["unit"]]
    frame["rel"] = np.where(start < 100, frame["period"] - start, -1)
    fit = pf.feols("y ~ C(rel, contr.treatment(base=-1)) | unit + cell", data=frame, weights="w", vcov={"CRV1": "cluster"})
    theirs = fit.tidy()
    for event in result.events:
        row = theirs.loc[[label for label in theirs.index if label.endswith(f"[T.{event.period_from_start}]")]]
        assert event.estimate == pytest.approx(row["Estimate"].iloc[0], rel=STOPPED, abs=STOPPED)
        assert event.std_error == pytest.approx(row["Std. Error"].iloc[0], rel=1e-5)  # the fixest convention; lsmr's stop


def count_designs() -> dict[str, Sample]:
    rng = np.random.default_rng(2)
    n, t = 14, 8
    size = rng.lognormal(3, 1, (n, 1))
    y = rng.poisson(size * rng.gamma(6, 1 / 6, (n, t))).astype(float)
    y[y.sum(axis=1) == 0, 0] = 1
    gaps = np.where(rng.random(y.shape) < 0.1, np.nan, y)
    start = treated_first(n, [4, 4, 4, 4])
    return {
        "balanced": sample(y, start),
        "exposure that is a product": sample(y, start, exposure=size * rng.uniform(1, 2, t)),
        "varying exposure": sample(y, start, exposure=rng.uniform(100, 400, (n, t))),
        "missing cells": sample(gaps, start),
        "missing cells and varying exposure": sample(gaps, start, exposure=rng.uniform(100, 400, (n, t))),
        "weights": sample(y, start, weights=rng.uniform(1, 5, (n, 1)) * np.ones(t)),
        "weights that change": sample(y, start, weights=rng.uniform(1, 5, (n, t))),
        "staggered": sample(y, treated_first(n, [2, 4, 6, 6])),
        "period effects by group": sample(y, start, groups=np.arange(n) % 3),
        "shares": sample(y, start, treatment=np.vstack([np.tile([0, 0, 0, 0, 0.4, 1, 1, 1], (4, 1)), np.zeros((n - 4, t))])),
        "clusters of two": sample(y, start, cluster=np.arange(n) // 2),
        "a unit without events": sample(np.vstack([y, np.zeros((1, t))]), treated_first(n + 1, [4] * 4)),
    }


@pyfixest_warns
@pyfixest_warns_too
@pytest.mark.filterwarnings("ignore::UserWarning")  # pyfixest says that it drops a unit without events
@pytest.mark.parametrize("name", count_designs())
def test_poisson_did_is_that_of_pyfixest(name: str) -> None:
    import pyfixest as pf

    one = count_designs()[name]
    estimate, result = clustered("poisson_did", one, "count")
    frame = long(one)
    frame["log_exposure"] = np.log(frame["exposure"])
    fit = pf.fepois(
        "y ~ d | unit + cell",
        data=frame,
        vcov={"CRV1": "cluster"},
        offset="log_exposure",
        weights="w",
        iwls_tol=1e-12,
        fixef_tol=1e-12,
    )
    row = fit.tidy().loc["d"]
    assert estimate.estimate == pytest.approx(row["Estimate"], abs=STOPPED)
    assert result.n_obs == int(fit._N)  # noqa: SLF001 -- the number of cells that pyfixest used
    assert estimate.std_error == pytest.approx(row["Std. Error"], rel=1e-5)  # the iterations of pyfixest


@pytest.mark.parametrize("name", ["balanced", "exposure that is a product", "weights", "clusters of two"])
def test_poisson_did_is_the_log_cross_product_ratio(name: str) -> None:
    one = count_designs()[name]
    estimate, _ = clustered("poisson_did", one, "count")
    y = one.y * weights_of(one)
    a0, a1, c0, c1 = (y[rows, part].sum() for rows in (slice(0, 4), slice(4, None)) for part in (slice(0, 4), slice(4, None)))
    assert estimate.estimate == pytest.approx(np.log(a1 / a0 / (c1 / c0)), abs=ROUNDING)


@pytest.mark.parametrize("name", ["varying exposure", "missing cells"])
def test_where_the_identity_breaks_the_ratio_is_not_reported(name: str) -> None:
    one = count_designs()[name]
    estimate, _ = clustered("poisson_did", one, "count")
    y = np.nan_to_num(one.y)
    a0, a1, c0, c1 = (y[rows, part].sum() for rows in (slice(0, 4), slice(4, None)) for part in (slice(0, 4), slice(4, None)))
    assert abs(estimate.estimate - np.log(a1 / a0 / (c1 / c0))) > 1e-3
