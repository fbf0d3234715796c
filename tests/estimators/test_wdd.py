"""The weighted displacement difference on panels: against the published table, slow re-assignments, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, outcome, sample, treated_first
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.area_changes import area_changes, overdispersion
from utvardering.estimators.base import Estimate, Result
from utvardering.estimators.wdd import UNKNOWN_PHI, displacement_difference, displacement_quotient, wdd

T, START = 24, 14
BOTH = ("randomization", "analytic")


def counts(seed: int, n_units: int = 20, level: float = 12.0) -> NDArray[np.float64]:
    rng = np.random.default_rng(seed)
    return rng.poisson(rng.uniform(0.5, 1.5, n_units)[:, None] * level, (n_units, T)).astype(float)


def areas(y: NDArray[np.float64], n_treated: int = 2, **parts: Any) -> Sample:
    return sample(y, treated_first(len(y), [START] * n_treated), **parts)


def nearby(comparison: Sample, own: NDArray[np.float64], n_shared: int = 18) -> Sample:
    """Neighbours named n0, n1, … with the same comparison units as `comparison`, from its third unit on."""
    y = np.vstack([own, comparison.y[2 : 2 + n_shared]])
    names = tuple(f"n{k}" for k in range(len(own))) + comparison.units[2 : 2 + n_shared]
    return sample(y, treated_first(len(y), [START] * len(own)), units=names)


def found(one: Sample, inferences: tuple[str, ...] = BOTH, neighbours: Sample | None = None, **keys: Any) -> Result:
    given = job(one, outcome("count", **keys.pop("outcome", {})), estimation("wdd", **keys), inferences)
    return wdd(replace(given, neighbours=neighbours))


def row(result: Result, estimand: str, inference: str) -> Estimate:
    (one,) = [row for row in result.estimates if (row.estimand, row.inference) == (estimand, inference)]
    return one


def published_error(estimate: Estimate) -> float:
    return float(estimate.note.split("published Poisson standard error ")[1].split(",")[0])


def totals(y: NDArray[np.float64]) -> tuple[float, float]:
    return float(y[:, :START].sum()), float(y[:, START:].sum())


def test_a_panel_gives_the_number_of_the_published_table() -> None:
    """Time weights are the lengths relative to the time after, the area weight the number of comparison areas to a treated."""
    one = areas(counts(1))
    own = counts(2, 3)
    other = replace(nearby(one, own), units=tuple(f"m{k}" for k in range(21)))  # a comparison of its own
    table = displacement_difference(
        totals(one.y[:2]),
        totals(one.y[2:]),
        totals(own),
        totals(one.y[2:]),
        time_weights=(START / (T - START), 1),
        area_weights=(18 / 2, 1, 18 / 3, 1),
    )
    result = found(one, neighbours=other)
    total, local, moved = (row(result, name, "analytic") for name in ("wdd_total", "wdd", "wdd_neighbours"))
    assert total.estimate == pytest.approx(table.estimate)
    assert local.estimate == pytest.approx(table.local)
    assert moved.estimate == pytest.approx(table.displacement)
    assert published_error(total) == pytest.approx(table.std_error, rel=1e-5)  # the note has six digits
    assert published_error(local) == pytest.approx(table.local_std_error, rel=1e-5)  # the same
    assert row(result, "wdd", "randomization").estimate == local.estimate
    assert [(one.estimand, one.inference) for one in result.estimates] == [
        ("wdd", "randomization"),
        ("wdd", "analytic"),
        ("wdd_neighbours", "randomization"),
        ("wdd_neighbours", "analytic"),
        ("wdd_total", "analytic"),
    ]


def test_a_comparison_that_serves_both_counts_once_in_the_variance_of_the_sum() -> None:
    one, own = areas(counts(1)), counts(2, 3)
    result = found(one, ("analytic",), nearby(one, own))
    before, after = START / (T - START), 1.0
    control = totals(one.y[2:])
    area = 2 / 18 + 3 / 18
    variance = sum(pair[0] / before**2 + pair[1] / after**2 for pair in (totals(one.y[:2]), totals(own))) + area**2 * (
        control[0] / before**2 + control[1]
    )
    assert published_error(row(result, "wdd_total", "analytic")) == pytest.approx(np.sqrt(variance), rel=1e-5)  # six digits


def test_exposure_is_the_area_weight() -> None:
    y = counts(3)
    exposure = np.repeat(np.linspace(500, 4000, 20)[:, None], T, axis=1)
    held = exposure[:, 0]
    table = displacement_difference(
        totals(y[:2]),
        totals(y[2:]),
        time_weights=(START / (T - START), 1),
        area_weights=(held[2:].sum() / held[:2].sum(), 1, 1, 1),
    )
    estimate = row(found(areas(y, exposure=exposure)), "wdd", "analytic")
    assert estimate.estimate == pytest.approx(table.estimate)
    assert published_error(estimate) == pytest.approx(table.std_error, rel=1e-5)  # six digits


def test_effects_in_events_and_percent() -> None:
    one = areas(counts(1))
    estimate = row(found(one), "wdd", "analytic")
    size = estimate.size
    assert size is not None
    assert size.units(estimate.estimate) == pytest.approx(estimate.estimate)
    without = one.y[:2, START:].sum() - estimate.estimate
    assert size.percent(estimate.estimate) == pytest.approx(100 * estimate.estimate / without)


def test_the_randomization_test_is_the_slow_one() -> None:
    """Every pair of 20 areas in turn: score less what all areas together changed, over its predicted deviation."""
    one = areas(counts(5))
    changes = area_changes(one, np.ones(T, dtype=bool), "y")
    change = changes.after - changes.before
    spread = changes.predicted_variance()
    statistics = {}
    for i in range(20):
        for j in range(i + 1, 20):
            score = change[i] + change[j] - 2 * change.mean()
            p = 2 / 20
            statistics[i, j] = score / np.sqrt((1 - 2 * p) * (spread[i] + spread[j]) + p**2 * spread.sum())
    size = np.abs(np.array(list(statistics.values())))
    estimate = row(found(one), "wdd", "randomization")
    assert estimate.p_value == pytest.approx(np.mean(size >= abs(statistics[0, 1]) * (1 - 1e-9)))
    assert estimate.p_smallest == pytest.approx(1 / 190)


@pytest.mark.parametrize("limit", ["ci_low", "ci_high"])
def test_the_interval_ends_where_the_test_begins_to_reject(limit: str) -> None:
    """Events taken off the treated areas by exposure: just inside the limit not rejected, just outside rejected."""
    one = areas(counts(5))
    estimate = row(found(one), "wdd", "randomization")
    edge = getattr(estimate, limit)
    step = 0.01 * np.sign(edge - estimate.estimate)
    ps = []
    for events in (edge - step, edge + step):
        y = one.y.copy()
        y[:2, START:] -= events / (2 * (T - START))
        ps.append(row(found(replace(one, grid=replace(one.grid, y=y))), "wdd", "randomization").p_value)
    assert ps[0] > 0.05 >= ps[1]


def test_the_interval_is_the_poisson_one_widened_by_the_past() -> None:
    rng = np.random.default_rng(8)
    mean = np.repeat(counts(8)[:, :1] + 5, T, axis=1)
    y = rng.negative_binomial(mean / 4, 1 / 5).astype(float)  # variance five times the mean
    one = areas(y)
    phi = overdispersion(one)
    assert phi == pytest.approx(5, rel=0.5)  # 19 degrees of freedom: a standard deviation of a third
    estimate = row(found(one), "wdd", "analytic")
    assert estimate.std_error == pytest.approx(published_error(estimate) * np.sqrt(phi), rel=1e-5)  # six digits
    assert estimate.ci_high - estimate.estimate == pytest.approx(1.959964 * estimate.std_error, rel=1e-6)
    assert f"φ = {phi:.4g} of the past" in estimate.note


def slow_dispersion(y: NDArray[np.float64], blocks: int) -> float:
    length = START // blocks
    sums = y[:, START - blocks * length : START].reshape(len(y), blocks, length).sum(axis=2)
    mean = np.outer(sums.sum(axis=1), sums.sum(axis=0)) / sums.sum()
    return float(np.sum((sums - mean) ** 2 / mean) / ((len(y) - 1) * (blocks - 1)))


def test_overdispersion_is_pearsons_and_by_cluster() -> None:
    one = areas(np.random.default_rng(4).negative_binomial(3, 0.1, (20, T)).astype(float))
    assert overdispersion(one) == pytest.approx(slow_dispersion(one.y, 2))
    twins = sample(np.repeat(one.y, 2, axis=0), treated_first(40, [START] * 4), cluster=np.repeat(np.arange(20), 2))
    assert overdispersion(twins) == pytest.approx(2 * slow_dispersion(one.y, 2))  # twins move together


def test_a_past_that_says_nothing_takes_the_stated_dispersion() -> None:
    y = counts(1, 2)[:, START - 2 :]
    one = sample(y, np.array([2, NEVER]))
    assert overdispersion(one) is None
    estimate = row(found(one, ("analytic",)), "wdd", "analytic")
    assert estimate.std_error == pytest.approx(np.sqrt(UNKNOWN_PHI) * published_error(estimate), rel=1e-5)  # six digits
    assert "here × √φ, φ = 4, since the past says too little" in estimate.note


def test_the_note_holds_table_quotient_and_warning() -> None:
    y, own = counts(1), counts(2, 3)
    y[2:] *= 4
    one = areas(y)
    note = row(found(one, BOTH, nearby(one, own)), "wdd", "analytic").note
    scale = (T - START) / START
    pairs = [(totals(part)[0] * scale, totals(part)[1]) for part in (y[:2], y[2:], own)]
    quotient = displacement_quotient(*pairs)
    told = f"{quotient.quotient:.4g}" if quotient.quotient is not None else f"not interpretable: {quotient.reason}"
    assert f"displacement quotient {told}" in note
    assert f"treated {pairs[0][0]:.6g} before, {pairs[0][1]:.6g} after" in note
    assert "time weights 14:10, area weight of the comparison 9" in note
    times = (pairs[1][0] / 9) / pairs[0][0]
    assert (
        f"the comparison's level before was {times:.3g} times the treated's: an additive difference then answers another "
        "question than a relative one (poisson_did)"
    ) in note
    plain = row(found(areas(counts(1))), "wdd", "randomization").note
    assert "level before" not in plain
    assert "quotient" not in plain


def test_totals_of_persons_are_not_written_out() -> None:
    note = row(found(areas(counts(1)), outcome={"counts": "persons"}), "wdd", "analytic").note
    assert "treated" not in note
    assert "time weights" in note


def test_missing_cells_stand_at_their_units_mean_and_silent_units_are_left_out() -> None:
    y = counts(1)
    y[0, START:] = 7.0
    y[5, :START] = 3.0
    whole = row(found(areas(y)), "wdd", "analytic")
    gaps = y.copy()
    gaps[0, START + 2], gaps[5, 3] = np.nan, np.nan
    missing = row(found(areas(gaps)), "wdd", "analytic")
    assert missing.estimate == pytest.approx(whole.estimate)
    assert missing.std_error > whole.std_error
    assert "2 missing cells at their unit's mean" in missing.note
    late = y.copy()
    late[7, :START] = np.nan
    keep = np.arange(20) != 7
    left = row(found(areas(late)), "wdd", "analytic")
    assert left.estimate == pytest.approx(row(found(areas(y).only(keep)), "wdd", "analytic").estimate)
    assert "1 units without a value before or after left out" in left.note


def test_weights_are_those_of_weighted_totals() -> None:
    y = counts(6)
    weight = np.linspace(1, 3, 20)
    estimate = row(found(areas(y, weights=np.repeat(weight[:, None], T, axis=1))), "wdd", "analytic")
    change = y[:, START:].sum(axis=1) - y[:, :START].sum(axis=1) * (T - START) / START
    expected = 2 * (np.average(change[:2], weights=weight[:2]) - np.average(change[2:], weights=weight[2:]))
    assert estimate.estimate == pytest.approx(expected)


def test_groups_of_period_effects_are_compared_within() -> None:
    y = counts(7)
    groups = np.arange(20) % 2
    moved = y.copy()
    moved[groups == 1, START:] += 5
    one, other = (areas(values, groups=groups) for values in (y, moved))
    assert row(found(other), "wdd", "analytic").estimate == pytest.approx(row(found(one), "wdd", "analytic").estimate)


def test_a_measure_that_ended_is_judged_while_it_lasted() -> None:
    y = counts(9)
    treatment = np.zeros(y.shape)
    treatment[:2, START : START + 5] = 1
    gone = y.copy()
    gone[:2, START + 5 :] = np.nan
    ended = row(found(areas(gone, treatment=treatment)), "wdd", "analytic")
    short = sample(y[:, : START + 5], treated_first(20, [START] * 2))
    assert ended.estimate == pytest.approx(row(found(short), "wdd", "analytic").estimate)


STAGGERED = (
    "y: the treated units start at different times, and a table of before and after holds one time; "
    'take estimator = "poisson_did", or one study for each time'
)


@pytest.mark.parametrize(
    ("change", "keys", "said"),
    [
        ({"start": [10, 14]}, {}, STAGGERED),
        ({}, {"covariates": ("x",)}, "y: wdd takes no covariates; use did, or remove them"),
        (
            {"cluster": np.zeros(20, dtype=np.int64)},
            {},
            "y: all units lie in one cluster, so nothing says how much counts vary; remove cluster",
        ),
        (
            {"groups": np.array([0, 0, *[1] * 18])},
            {},
            "y: a group of period_effects_by holds treated units only; take larger groups or none",
        ),
        (
            {"gone": True},
            {},
            "y: the comparison units have no value after the start; fill it in or take another period",
        ),
    ],
)
def test_refusals(change: dict[str, Any], keys: dict[str, Any], said: str) -> None:
    y = counts(1)
    if change.pop("gone", False):
        y[2:, START:] = np.nan
    one = sample(y, treated_first(20, change.pop("start", [START] * 2)), **change)
    with pytest.raises(DesignError) as fault:
        found(one, **keys)
    assert fault.value.message == said


def test_ends_that_differ_are_refused() -> None:
    treatment = np.zeros((20, T))
    treatment[0, START:], treatment[1, START : START + 4] = 1, 1
    with pytest.raises(DesignError) as fault:
        found(areas(counts(1), treatment=treatment))
    assert fault.value.message == STAGGERED.replace("start at", "end at")
