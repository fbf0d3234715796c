"""Group-time effects against R's did 2.1.2 on minimum wages and castle doctrine, and against diff-diff on simulated panels.

Sources: Callaway & Sant'Anna (2021), Cheng & Hoekstra (2013); R's numbers at full precision, analytic standard errors.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from tests.designs import SHARED, estimation, job, noise, outcome, sample, shared
from utvardering.data.panel import NEVER, Sample
from utvardering.estimators.aggregation import Aggregates, aggregate, influence
from utvardering.estimators.base import Result
from utvardering.estimators.group_time import Cohorts, GroupTime, Material, group_time
from utvardering.estimators.registry import ESTIMATORS

DIGITS = 1e-9  # R's numbers have 13 digits; its logistic regression stops at a relative deviance of 1e-8
NAMES = {"simple": "att", "dynamic": "att_dynamic", "group": "att_group", "calendar": "att_calendar"}
Pair = tuple[float, float]


@cache
def reference(case: str) -> dict[str, dict[str, Any]]:
    """Rows of a reference file by id; none where it is absent, and the tests that need them then skip with the reason."""
    path = SHARED / "reference" / f"{case}.json"
    return {row["id"]: row for row in json.loads(path.read_text(encoding="utf-8"))["results"]} if path.exists() else {}


def expected(case: str, group_times: str, means: str) -> dict[str, Pair]:
    """Value and standard error by `g=…|t=…` or `dynamic|e=…`; base periods, 0 without a standard error, are left out."""
    rows = reference(case)
    if not rows:
        pytest.skip(f"development data are absent: reference/{case}.json beside the repository")
    found = {}
    for name, row in rows.items():
        if name.startswith(group_times) and "se" in row:
            found[name.removeprefix(group_times)] = (row["value"], row["se"])
        for kind in NAMES:
            before, _, after = means.partition("KIND")
            if name.startswith(f"{before}{kind}{after}") and "se" in row:
                found[kind + "|" + name.removeprefix(f"{before}{kind}{after}")] = (row["value"], row["se"])
    return found


def wide(frame: pd.DataFrame, column: str) -> NDArray[np.float64]:
    return frame.pivot_table(index="unit", columns="period", values=column).to_numpy(dtype=float)


def starts(frame: pd.DataFrame) -> NDArray[np.int64]:
    """(N,) position of the first treated period."""
    under = wide(frame, "treated") > 0
    return np.where(under.any(axis=1), under.argmax(axis=1), NEVER)


def cohorts_of(start: NDArray[np.int64]) -> Cohorts:
    first = np.unique(start[start < NEVER])
    code = np.where(start < NEVER, np.searchsorted(first, start), -1).astype(np.intp)
    return Cohorts(code, first, first)


def everything(material: Material, cohorts: Cohorts) -> tuple[GroupTime, Aggregates, NDArray[np.float64], NDArray[np.float64]]:
    """Effects, means, and the influence of each unit on both."""
    found = group_time(material, cohorts)
    means = aggregate(found, cohorts, np.bincount(cohorts.code[cohorts.code >= 0]).astype(float))
    on_means = influence(found, cohorts, means, material.values, np.ones(len(material.values)))
    return found, means, found.influence(np.eye(len(found.effects)), material.values), on_means


def labelled(material: Material, start: NDArray[np.int64], years: list[int]) -> dict[str, Pair]:
    """All that is found, by the labels of `expected`."""
    cohorts = cohorts_of(start)
    found, means, on_cells, on_means = everything(material, cohorts)
    first = [years[k] for k in cohorts.first]
    out = {}
    for k, (g, t) in enumerate(zip(found.cohort, found.period, strict=True)):
        out[f"g={first[g]}|t={years[t]}"] = (found.effects[k], root(on_cells[:, k]))
    for k, (name, key) in enumerate(zip(means.estimand, means.key, strict=True)):
        kind = next(kind for kind, estimand in NAMES.items() if estimand == name)
        label = {"dynamic": lambda e: e, "group": first.__getitem__, "calendar": years.__getitem__}.get(kind, str)
        part = "overall" if key is None else f"e={label(key)}"
        out[f"{kind}|{part}"] = (means.effects[k], root(on_means[:, k]))
    return out


def root(scores: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.sum(scores**2)))


def as_r_looks_up(material: Material, start: NDArray[np.int64]) -> float:
    """The standard error of the overall group mean with the sizes of the first cells' cohorts instead of the cohorts' own."""
    cohorts = cohorts_of(start)
    found, means, _, _ = everything(material, cohorts)
    known = found.influence(means.weights[:, [means.overall("att_group")]], material.values)[:, 0]
    count, n = len(cohorts.first), len(start)
    share = np.bincount(cohorts.code[cohorts.code >= 0]) / n
    wrong = found.cohort[:count]  # R lists cells by cohort, and takes as many of them as there are cohorts
    indicator = (cohorts.code[:, None] == wrong) - share
    terms = indicator / share.sum() - indicator.sum(axis=1, keepdims=True) * share / share.sum() ** 2
    return root(known + terms @ means.effects[means.places("att_group")] / n)


def assert_met(found: dict[str, Pair], wanted: dict[str, Pair], looked_up: float) -> None:
    """Every number of R's; the standard error of the overall group mean is compared with R's look-up."""
    assert found.keys() == wanted.keys()
    assert len(wanted) > 20
    for label, (value, error) in wanted.items():
        assert found[label][0] == pytest.approx(value, abs=DIGITS), label
        mine = looked_up if label == "group|overall" else found[label][1]
        assert mine == pytest.approx(error, abs=DIGITS), label


@pytest.mark.parametrize("base", ["varying", "universal"])
@pytest.mark.parametrize("covariates", ["none", "lpop"])
@pytest.mark.parametrize("group", ["nevertreated", "notyettreated"])
def test_minimum_wages_as_in_r(group: str, covariates: str, base: str) -> None:
    frame = pd.read_csv(shared("data/mpdta.csv"))
    material = Material(
        wide(frame, "outcome"),
        not_yet=group == "notyettreated",
        universal=base == "universal",
        covariates=wide(frame, "lpop")[:, :, None] if covariates == "lpop" else None,
    )
    found = labelled(material, starts(frame), [2003, 2004, 2005, 2006, 2007])
    methods = ("dr", "reg", "ipw") if covariates == "none" else ("dr",)  # without covariates the three are one
    for method in methods:
        tail = f"|{group}|{covariates}|{base}|{method}|"
        if f"aggte_simple{tail}overall" in reference("mpdta") or method == "dr":
            wanted = expected("mpdta", f"att_gt{tail}", f"aggte_KIND{tail}")
            assert_met(found, wanted, as_r_looks_up(material, starts(frame)))


@pytest.mark.parametrize("group", ["nevertreated", "notyettreated"])
def test_castle_doctrine_as_in_r(group: str) -> None:
    frame = pd.read_csv(shared("data/castle.csv"))
    material = Material(np.log(wide(frame, "homicide")), not_yet=group == "notyettreated", universal=False)
    wanted = expected("castle", f"att_gt_ln_homicide|{group}|", f"aggte_KIND_ln_homicide|{group}|")
    found = labelled(material, starts(frame), list(range(2000, 2011)))
    assert_met(found, wanted, as_r_looks_up(material, starts(frame)))


def estimated(one: Sample, kind: str = "mean", inferences: tuple[str, ...] = ("cluster",), **keys: Any) -> Result:
    transform = {"transform": keys.pop("transform")} if "transform" in keys else {}
    run = ESTIMATORS["staggered_did"].run
    return run(job(one, outcome(kind, **transform), estimation("staggered_did", **keys), inferences))


@pytest.mark.parametrize("group", ["never", "not_yet"])
@pytest.mark.parametrize("covariates", ["none", "lpop"])
def test_the_estimator_gives_the_rows_of_minimum_wages(group: str, covariates: str) -> None:
    frame = pd.read_csv(shared("data/mpdta.csv"))
    start = starts(frame)
    one = sample(wide(frame, "outcome"), start, covariates={"lpop": wide(frame, "lpop")})
    named = (covariates,) if covariates != "none" else ()
    result = estimated(one, comparison_group=group, covariates=named)
    tail = f"|{group.replace('_', '')}treated|{covariates}|universal|dr|"
    wanted = expected("mpdta", f"att_gt{tail}", f"aggte_KIND{tail}")
    for kind, estimand in NAMES.items():
        row = next(row for row in result.estimates if row.estimand == estimand)
        value, error = wanted[f"{kind}|overall"]
        assert row.estimate == pytest.approx(value, abs=DIGITS)
        assert row.std_error == pytest.approx(error, abs=DIGITS if kind != "group" else 1e-4)  # R's look-up, see above
    events = {f"dynamic|e={event.period_from_start}": event for event in result.events}
    assert events.keys() == {label for label in wanted if label.startswith("dynamic|e=")}
    for label, event in events.items():
        assert event.estimate == pytest.approx(wanted[label][0], abs=DIGITS)
        assert event.std_error == pytest.approx(wanted[label][1], abs=DIGITS)
        assert event.band_low < event.ci_low < event.ci_high < event.band_high
    assert result.n_obs == 2500


def test_published_headlines() -> None:
    """Callaway & Sant'Anna's example: never-treated comparison, without covariates and with log population."""
    frame = pd.read_csv(shared("data/mpdta.csv"))
    one = sample(wide(frame, "outcome"), starts(frame), covariates={"lpop": wide(frame, "lpop")})
    plain = {row.estimand: (round(row.estimate, 4), round(row.std_error, 4)) for row in estimated(one).estimates}
    assert plain == {
        "att": (-0.0400, 0.0120),
        "att_dynamic": (-0.0772, 0.0200),
        "att_group": (-0.0310, 0.0124),
        "att_calendar": (-0.0417, 0.0160),
    }
    adjusted = estimated(one, covariates=("lpop",)).estimates[0]
    assert (round(adjusted.estimate, 4), round(adjusted.std_error, 4)) == (-0.0418, 0.0115)


def simulated(seed: int, *, never: bool = True) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """A simulated panel of 60 units and 9 periods with three starts, effects that grow, and a covariate that matters."""
    rng = np.random.default_rng(seed)
    start = np.array([3, 5, 7])[np.arange(60) % 3].astype(np.int64)
    if never:
        start[30:] = NEVER
    covariate = rng.standard_normal(60) + 0.4 * (start == 5)
    age = np.arange(9) - start[:, None]
    y = noise(rng, 60, 9) + np.where(age >= 0, 0.5 + 0.1 * age, 0.0) + np.outer(covariate, np.arange(9) * 0.2)
    return y, start, np.repeat(covariate[:, None], 9, axis=1)


@pytest.mark.filterwarnings("ignore:.*")
@pytest.mark.parametrize("anticipation", [0, 1])
@pytest.mark.parametrize("covariates", [(), ("x",)])
@pytest.mark.parametrize("group", ["never", "not_yet", "not_yet without never"])
def test_diff_diff_gives_the_same(group: str, covariates: tuple[str, ...], anticipation: int) -> None:
    from diff_diff import CallawaySantAnna

    y, start, x = simulated(3, never=group != "not_yet without never")
    frame = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(60), 9),
            "time": np.tile(np.arange(1, 10), 60),
            "y": y.ravel(),
            "x": x.ravel(),
            "g": np.repeat(np.where(start < NEVER, start + 1, 0), 9),
        }
    )
    kind = "never_treated" if group == "never" else "not_yet_treated"
    peer = CallawaySantAnna(control_group=kind, anticipation=anticipation, base_period="universal", pscore_trim=1e-9)
    theirs = peer.fit(frame, "y", "unit", "time", "g", covariates=list(covariates) or None)
    material = Material(y, group != "never", anticipation, covariates=x[:, :, None] if covariates else None)
    ours = labelled(material, start, list(range(1, 10)))
    within = (
        3e-3 if covariates else DIGITS
    )  # its logistic regression stops early; tests/estimators holds ours against statsmodels
    cells = {f"g={g}|t={t}": (row["effect"], row["se"]) for (g, t), row in theirs.group_time_effects.items()}
    assert {label for label in ours if label.startswith("g=")} <= cells.keys()
    for label, numbers in cells.items():
        if np.isfinite(numbers[1]) and numbers[1] > 0:  # theirs lists base periods too
            assert ours[label] == pytest.approx(numbers, abs=within), label
    if not anticipation:  # its mean counts the periods of anticipation as under the measure
        assert ours["simple|overall"] == pytest.approx((theirs.overall_att, theirs.overall_se), abs=within)
