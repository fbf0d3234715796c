"""The program's numbers against R's fixest and the published articles, on the classic teaching data.

Sources: Cheng & Hoekstra (2013), Stevenson & Wolfers (2006), Callaway & Sant'Anna (2021); R's numbers at full precision.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import stats

from tests.designs import SHARED, estimation, job, outcome, sample, shared
from utvardering.data.panel import NEVER, Sample
from utvardering.estimators.base import Estimate, Result
from utvardering.estimators.registry import ESTIMATORS

POINT = 2e-9  # R's numbers have 13 digits; linearmodels' lsmr, where weights are no product, stops at about 1e-9
SPREAD = 2e-9  # the same convention (nested unit effects not counted), so the same number


def results(case: str) -> list[dict[str, Any]]:
    """Rows of a reference file; none where it is absent, and the tests that need them then skip with the reason."""
    path = SHARED / "reference" / f"{case}.json"
    return json.loads(path.read_text(encoding="utf-8"))["results"] if path.exists() else []


def rows(case: str, prefix: str) -> list[Any]:
    """Parameters for one test each; a single skipped one where the file is absent."""
    found = [pytest.param(row, id=row["id"]) for row in results(case) if row["id"].startswith(prefix)]
    reason = f"development data are absent: reference/{case}.json beside the repository"
    return found or [pytest.param({}, marks=pytest.mark.skip(reason=reason))]


def wide(frame: pd.DataFrame, unit: str, period: str, column: str) -> NDArray[np.float64]:
    """(N, T) one column."""
    return frame.pivot_table(index=unit, columns=period, values=column).to_numpy(dtype=float)


@cache
def read(name: str) -> pd.DataFrame:
    return pd.read_csv(shared(f"data/{name}.csv"))


def long_sample(
    frame: pd.DataFrame, column: str, treated: str, unit: str = "unit", period: str = "period", **parts: Any
) -> Sample:
    """A sample whose starts are where the column `treated` first exceeds 0; who is treated from the first period has none."""
    under = wide(frame, unit, period, treated)
    first = (under > 0).argmax(axis=1)
    start = np.where(first > 0, first, NEVER)
    return sample(wide(frame, unit, period, column), start, treatment=under, **parts)


def clustered(estimator: str, one: Sample, kind: str = "rate", **keys: Any) -> tuple[Estimate, Result]:
    found = ESTIMATORS[estimator].run(job(one, outcome(kind, **keys), estimation(estimator), ("cluster",)))
    return found.estimates[0], found


TREATMENT = {"D": "treated", "cdl_share": "treated_share_of_year", "post": "treated_next_year"}


@pytest.mark.parametrize("row", rows("castle", "twfe_"))
def test_two_way_fixed_effects_are_those_of_fixest(row: dict[str, Any]) -> None:
    frame = read("castle")
    crime, treated, weight, effects = row["id"].removeprefix("twfe_ln_").split("|")
    parts: dict[str, Any] = {}
    if weight == "popwt":
        parts["weights"] = wide(frame, "unit", "period", "popwt")
    if effects == "state+region_year":
        parts["groups"] = np.unique(frame.groupby("unit")["region"].first(), return_inverse=True)[1]
    estimate, result = clustered("did", long_sample(frame, crime, TREATMENT[treated], **parts), transform="log")
    assert result.n_obs == row["n"]
    assert estimate.estimate == pytest.approx(row["value"], abs=POINT)
    assert estimate.std_error == pytest.approx(row["se"], abs=SPREAD)
    if "p" in row:
        assert estimate.p_value == pytest.approx(row["p"], abs=1e-8)  # a p-value moves by less than t does
        assert estimate.ci_low == pytest.approx(row["ci_low"], abs=1e-8)  # t(49) of two programs
        assert estimate.ci_high == pytest.approx(row["ci_high"], abs=1e-8)  # t(49) of two programs


@pytest.mark.parametrize("row", rows("castle", "ppml_"))
def test_poisson_with_population_as_exposure_is_that_of_fixest(row: dict[str, Any]) -> None:
    frame = read("castle")
    crime = row["id"].removeprefix("ppml_").split("_count")[0]
    one = long_sample(frame, f"{crime}_n", "treated", exposure=wide(frame, "unit", "period", "population"))
    estimate, result = clustered("poisson_did", one, "count")
    assert result.n_obs == row["n"]
    assert estimate.estimate == pytest.approx(row["value"], abs=1e-7)  # fixest's fepois stops at a relative deviance of 1e-8
    assert estimate.std_error == pytest.approx(row["se"], abs=1e-7)  # the same
    normal = 2 * stats.norm.sf(abs(estimate.estimate) / estimate.std_error)
    assert normal == pytest.approx(row["p"], abs=1e-5)  # fixest judges a Poisson fit by the normal
    assert estimate.p_value > normal  # the program by t(49)


def test_event_study_with_staggered_starts_is_that_of_fixest() -> None:
    expected = {row["id"].split("rel::")[1]: row for row in results("castle") if row["id"].startswith("eventstudy_twfe_")}
    if not expected:
        pytest.skip("development data are absent: reference/castle.json beside the repository")
    frame = read("castle")
    _, result = clustered("event_study", long_sample(frame, "homicide", "treated"), transform="log")
    found = {str(event.period_from_start): event for event in result.events}
    assert found.keys() == expected.keys()
    for period, row in expected.items():
        assert found[period].estimate == pytest.approx(row["value"], abs=POINT)
        assert found[period].std_error == pytest.approx(row["se"], abs=SPREAD)


@pytest.mark.parametrize(
    ("regional", "published", "error"),
    [("", 0.0801, 0.0342), ("region", 0.0946, 0.0279)],
)
def test_published_castle_doctrine_estimates(regional: str, published: float, error: float) -> None:
    frame = read("castle")
    parts: dict[str, Any] = {"weights": wide(frame, "unit", "period", "popwt")}
    if regional:
        parts["groups"] = np.unique(frame.groupby("unit")[regional].first(), return_inverse=True)[1]
    estimate, _ = clustered("did", long_sample(frame, "homicide", "treated_share_of_year", **parts), transform="log")
    assert round(estimate.estimate, 4) == published
    assert round(estimate.std_error, 4) == error


@pytest.mark.parametrize(("weights", "value", "error"), [("popwt", 0.0755, 0.0332), ("", 0.0694, 0.0559)])
def test_castle_doctrine_from_the_package_causaldata(weights: str, value: float, error: float) -> None:
    import causaldata

    frame = causaldata.castle.load_pandas().data
    parts = {"weights": wide(frame, "sid", "year", weights)} if weights else {}
    estimate, _ = clustered("did", long_sample(frame, "homicide", "post", "sid", "year", **parts), transform="log")
    assert round(estimate.estimate, 4) == value
    assert round(estimate.std_error, 4) == error


@pytest.mark.parametrize("row", rows("divorce", "twfe_female_suicide_per_million|excl_AK_HI"))
def test_divorce_laws_with_states_that_are_always_treated(row: dict[str, Any]) -> None:
    """States treated from the first year on stand as comparison units whose treatment is 1 throughout; 49 states."""
    frame = read("divorce")
    weight = row["id"].split("|")[2]
    parts = {"weights": wide(frame, "unit", "period", "population")} if weight != "unweighted" else {}
    estimate, _ = clustered("did", long_sample(frame, "outcome", "treated", **parts), "rate")
    assert estimate.estimate == pytest.approx(row["value"], abs=POINT)
    assert estimate.std_error == pytest.approx(row["se"], abs=SPREAD)


def test_minimum_wage_data_two_way_fixed_effects() -> None:
    row = next((row for row in results("mpdta") if row["id"] == "twfe_static"), None)
    if row is None:
        pytest.skip("development data are absent: reference/mpdta.json beside the repository")
    frame = read("mpdta")
    estimate, result = clustered("did", long_sample(frame, "outcome", "treated"))
    assert result.n_obs == row["n"]
    assert estimate.estimate == pytest.approx(row["value"], abs=POINT)
    assert estimate.std_error == pytest.approx(row["se"], abs=SPREAD)


def place_based(prefix: str) -> list[Any]:
    path: Path = SHARED / "reference" / "place-based.json"
    reason = "development data are absent: reference/place-based.json beside the repository"
    if not path.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    cases = json.loads(path.read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["id"]) for case in cases if case["id"].startswith(prefix)]


@pytest.mark.parametrize("case", place_based("RES-"))
def test_relative_effect_size_is_the_exponent_of_the_poisson_estimate(case: dict[str, Any]) -> None:
    given = case["input"]
    if 0 in {given["a"], given["b"], given["c"], given["d"]}:
        pytest.skip("a zero total has no ratio; the estimator refuses it")
    y = np.array([[given["a"], given["b"]], [given["c"], given["d"]]], dtype=float)
    halves = np.vstack([y, y])  # two units an arm: a ratio of totals does not change when each is doubled
    one = sample(halves, np.array([1, NEVER, 1, NEVER]))
    estimate, _ = clustered("poisson_did", one, "count")
    assert np.exp(-estimate.estimate) == pytest.approx(case["expected"]["RES"], rel=1e-8)  # digits of the reference
