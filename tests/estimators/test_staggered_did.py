"""staggered_did against slow obvious versions of itself, and what it refuses."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import estimation, job, noise, outcome, sample, treated_first
from utvardering.data.panel import NEVER, Sample
from utvardering.errors import DesignError
from utvardering.estimators.aggregation import OVERALL, aggregate, influence
from utvardering.estimators.base import Estimate, Result
from utvardering.estimators.group_time import Cohorts, Material, group_time
from utvardering.estimators.staggered_did import staggered_did
from utvardering.estimators.staggered_placebo import by_refits, by_table, cohort_mass, unit_weight
from utvardering.inference.multiplier import largest_deviation
from utvardering.inference.reassignment import reassign

ROUNDING = 1e-10  # sums of some hundred numbers of size 1


def estimated(one: Sample, inferences: tuple[str, ...] = ("randomization", "cluster"), **keys: Any) -> Result:
    out = keys.pop("outcome", outcome("mean"))
    return staggered_did(job(one, out, estimation("staggered_did", **keys), inferences))


def row(result: Result, estimand: str = "att", inference: str = "cluster") -> Estimate:
    return next(one for one in result.estimates if one.estimand == estimand and one.inference == inference)


def cohorts_of(start: NDArray[np.int64]) -> Cohorts:
    first = np.unique(start[start < NEVER])
    code = np.where(start < NEVER, np.searchsorted(first, start), -1).astype(np.intp)
    return Cohorts(code, first, first)


def panel(seed: int = 1, n_units: int = 40, n_periods: int = 8, *, never: bool = True) -> tuple[NDArray[np.float64], Any]:
    """Noise, and starts in 3, 4 and 6 of every fifth unit each; the others never start, or in 7."""
    start = np.full(n_units, NEVER if never else 7, dtype=np.int64)
    for k, first in enumerate((3, 4, 6)):
        start[k::5] = first
    return noise(np.random.default_rng(seed), n_units, n_periods), start


def by_definition(material: Material, start: NDArray[np.int64], g: int, t: int) -> float:
    """ATT(g, t) from the formula, its first steps by statsmodels."""
    import statsmodels.api as sm

    b = g - 1 - material.anticipation
    treated = start == g
    other = start == NEVER
    if material.not_yet:
        other = other | ((start > max(t, b) + material.anticipation) & ~treated)
    seen = np.isfinite(material.values[:, t] - material.values[:, b])
    treated, other = treated & seen, other & seen
    change = material.values[:, t] - material.values[:, b]
    weight = np.ones(len(start)) if material.weights is None else material.weights[:, b]
    x = np.ones((len(start), 1))
    if material.covariates is not None:
        x = np.column_stack([x, material.covariates[:, b]])
    both = treated | other
    score = sm.GLM(treated[both] * 1.0, x[both], family=sm.families.Binomial(), freq_weights=weight[both]).fit(tol=1e-13)
    odds = np.zeros(len(start))
    odds[both] = score.fittedvalues / (1 - score.fittedvalues)
    regression = sm.WLS(change[other], x[other], weights=weight[other]).fit()
    residual = change - x @ regression.params
    like = np.where(other, weight * odds, 0.0)
    return float(np.average(residual[treated], weights=weight[treated]) - np.average(residual[both], weights=like[both]))


@pytest.mark.parametrize("not_yet", [False, True])
@pytest.mark.parametrize("adjusted", ["missing", "weights", "covariates", "all"])
def test_group_time_effects_follow_their_formula(adjusted: str, not_yet: bool) -> None:  # noqa: FBT001 -- a parameter of pytest
    y, start = panel()
    rng = np.random.default_rng(2)
    if adjusted in {"missing", "all"}:
        y[rng.random(y.shape) < 0.1] = np.nan
    weights = rng.uniform(1, 5, y.shape) if adjusted in {"weights", "all"} else None
    covariates = rng.standard_normal((*y.shape, 2)) if adjusted in {"covariates", "all"} else None
    material = Material(y, not_yet, weights=weights, covariates=covariates)
    cohorts = cohorts_of(start)
    found = group_time(material, cohorts)
    assert len(found.effects) > 15
    for cohort, t, effect in zip(found.cohort, found.period, found.effects, strict=True):
        wanted = by_definition(material, start, int(cohorts.first[cohort]), int(t))
        assert effect == pytest.approx(wanted, abs=1e-8)  # statsmodels' iterations stop there


@pytest.mark.parametrize("not_yet", [False, True])
@pytest.mark.parametrize("adjusted", ["nothing", "covariates", "groups", "missing"])
def test_influence_is_what_a_little_more_weight_does(adjusted: str, not_yet: bool) -> None:  # noqa: FBT001 -- as above
    """The influence function of a unit is the derivative of the estimate in the unit's weight (infinitesimal jackknife)."""
    y, start = panel(3)
    rng = np.random.default_rng(4)
    if adjusted == "missing":
        y[rng.random(y.shape) < 0.1] = np.nan
    covariates = rng.standard_normal((*y.shape, 1)) if adjusted == "covariates" else None
    groups = np.arange(len(y)) // 20 if adjusted == "groups" else None
    cohorts = cohorts_of(start)
    plain = Material(y, not_yet, covariates=covariates, groups=groups)

    def means(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        weighted = replace(plain, weights=np.repeat(weights[:, None], y.shape[1], axis=1))
        return aggregate(group_time(weighted, cohorts), cohorts, cohort_mass(weighted, cohorts)).effects

    found = group_time(plain, cohorts)
    placed = aggregate(found, cohorts, cohort_mass(plain, cohorts))
    mine = influence(found, cohorts, placed, y, np.ones(len(y)))
    step = 1e-4
    for unit in range(len(y)):
        bump = np.zeros(len(y))
        bump[unit] = step
        slope = (means(1 + bump) - means(1 - bump)) / (2 * step)
        np.testing.assert_allclose(mine[unit], slope, atol=1e-6)  # the square of the step, times the third derivative


@pytest.mark.parametrize("not_yet", [False, True])
def test_the_closed_path_is_the_general_one(not_yet: bool) -> None:  # noqa: FBT001 -- as above
    y, start = panel(5)
    cohorts = cohorts_of(start)
    for universal in (True, False):
        quick = Material(y, not_yet, 1, universal)
        slow = replace(quick, groups=np.zeros(len(y), dtype=np.int64))
        one, other = group_time(quick, cohorts), group_time(slow, cohorts)
        np.testing.assert_allclose(one.effects, other.effects, atol=ROUNDING)
        every = np.eye(len(one.effects))
        np.testing.assert_allclose(one.influence(every, y), other.influence(every, y), atol=ROUNDING)
        np.testing.assert_allclose(one.pattern(every)[:, one.row], other.pattern(every), atol=ROUNDING)


def theta(y: NDArray[np.float64], start: tuple[int, ...], estimand: str, *, not_yet: bool) -> float:
    """A mean of ATT(g, t) by loops over cohorts and periods."""
    starts = np.array(start)
    cells = []
    for g in sorted({g for g in start if g < NEVER}):
        for t in range(g, y.shape[1]):
            other = (starts > t) if not_yet else (starts == NEVER)
            if other.any():
                change = y[:, t] - y[:, g - 1]
                cells.append((g, t, int((starts == g).sum()), change[starts == g].mean() - change[other].mean()))
    parts: dict[int, list[tuple[int, float]]] = {}
    for g, t, size, effect in cells:
        by = {"att": 0, "att_dynamic": t - g, "att_group": g, "att_calendar": t}[estimand]
        parts.setdefault(by, []).append((size, effect))
    means = [np.average([e for _, e in part], weights=[n for n, _ in part]) for part in parts.values()]
    sizes = [part[0][0] if estimand == "att_group" else 1 for part in parts.values()]
    return float(np.average(means, weights=sizes))


@pytest.mark.parametrize("estimand", OVERALL)
@pytest.mark.parametrize("never", [True, False])
def test_randomization_is_every_dealing_of_the_starts(estimand: str, never: bool) -> None:  # noqa: FBT001 -- as above
    """All re-assignments listed with itertools, the statistic and its deviation by definition, its p-value over a grid of τ."""
    rng = np.random.default_rng(8)
    start = (2, 3, 3, NEVER, NEVER, NEVER, NEVER) if never else (2, 2, 3, 3, 3, 4, 4)
    y = noise(rng, 7, 5) * np.array([[3], [1], [1], [0.5], [2], [1], [1]])
    y[np.array(start) < NEVER] += 0.4
    not_yet = not never
    under = np.arange(5) >= np.array(start)[:, None]
    one = sample(y, np.array(start, dtype=np.int64))
    result = estimated(one, ("randomization",), comparison_group="not_yet" if not_yet else "never")
    mine = row(result, estimand, "randomization")
    from utvardering.estimators.did import unit_noise

    sigma = unit_noise(one, y)
    deals = sorted(set(itertools.permutations(start)))
    impulse = np.eye(35).reshape(35, 7, 5)

    def parts(deal: tuple[int, ...]) -> tuple[float, float, float]:
        pattern = np.array([theta(one, deal, estimand, not_yet=not_yet) for one in impulse]).reshape(7, 5)
        size = float(np.sqrt(np.sum(sigma[:, None] * pattern**2)))
        return float(np.sum(pattern * y)), float(np.sum(pattern * under)), size

    actual = deals.index(start)
    score, slope, size = np.array([parts(deal) for deal in deals]).T
    assert mine.estimate == pytest.approx(theta(y, start, estimand, not_yet=not_yet), abs=ROUNDING)
    assert mine.p_smallest == pytest.approx(1 / len(deals))

    def p(tau: float) -> float:
        statistic = np.abs(score - slope * tau) / size
        return float(np.mean(statistic >= statistic[actual] * (1 - 1e-9)))

    assert mine.p_value == pytest.approx(p(0.0))
    for limit, outward in ((mine.ci_low, -1), (mine.ci_high, 1)):
        if np.isfinite(limit):
            assert p(limit - outward * 1e-6) > 0.05
            assert p(limit + outward * 1e-6) <= 0.05
        else:
            assert p(outward * 1e9) > 0.05


@pytest.mark.parametrize("never", [True, False])
def test_refits_are_the_table(never: bool) -> None:  # noqa: FBT001 -- as above
    """All means and periods, over re-assignments drawn within strata."""
    y, start = panel(6, 20, never=never)
    cohorts = cohorts_of(start)
    quick = Material(y, not_yet=True)
    found = group_time(quick, cohorts)
    means = aggregate(found, cohorts, cohort_mass(quick, cohorts))
    sigma = np.random.default_rng(7).uniform(0.5, 2, len(y))
    draws = reassign(cohorts.code, np.random.default_rng(1), strata=np.arange(20) // 10, draws=30)
    one = by_table(quick, cohorts, found, means, sigma, draws)
    slow = replace(quick, groups=np.zeros(len(y), dtype=np.int64))
    other = by_refits(slow, cohorts, group_time(slow, cohorts), means, sigma, draws)
    for name in ("score", "slope", "deviation"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=ROUNDING)
    np.testing.assert_allclose(one.score[:, 0], means.effects, atol=ROUNDING)
    np.testing.assert_allclose(one.slope[:, 0], 1.0, atol=ROUNDING)


def test_whole_weights_are_copies_of_units() -> None:
    y, start = panel(9)
    copies = np.arange(len(y)) % 3 + 1
    weighted = sample(y, start, weights=np.repeat(copies[:, None].astype(float), y.shape[1], axis=1))
    place = np.repeat(np.arange(len(y)), copies)
    copied = sample(y[place], start[place], cluster=place)
    for one, other in zip(estimated(weighted, ("cluster",)).estimates, estimated(copied, ("cluster",)).estimates, strict=True):
        assert one.estimate == pytest.approx(other.estimate, abs=ROUNDING)
        assert one.std_error == pytest.approx(other.std_error, abs=ROUNDING)


def test_period_effects_of_groups_change_nothing_within_groups() -> None:
    y, start = panel(10)
    groups = (np.arange(len(y)) >= 13).astype(np.int64)
    one = sample(y, start, groups=groups)
    moved = sample(y + np.array([np.zeros(8), np.arange(8) ** 2.0])[groups], start, groups=groups)
    for mine, other in zip(estimated(one).estimates, estimated(moved).estimates, strict=True):
        assert mine.estimate == pytest.approx(other.estimate, abs=1e-9)  # values of size 50
    assert row(estimated(one)).estimate != pytest.approx(row(estimated(sample(y, start))).estimate, abs=1e-3)


def test_one_period_before_and_after_is_did() -> None:
    from utvardering.estimators.did import did

    y, _ = panel(11, n_periods=2)
    one = sample(y, treated_first(len(y), [1] * 6))
    mine = estimated(one)
    theirs = did(job(one, outcome("mean"), estimation("did"), ("cluster",))).estimates[0]
    for estimand in OVERALL:
        assert row(mine, estimand).estimate == pytest.approx(theirs.estimate, abs=ROUNDING)
    first, *others = [one for one in mine.estimates if one.inference == "randomization"]
    for other in others:
        assert (other.p_value, other.ci_low) == pytest.approx((first.p_value, first.ci_low))


def test_units_under_the_measure_from_the_beginning_are_left_out() -> None:
    y, start = panel(12)
    early = start.copy()
    early[[7, 8]] = 0
    found = estimated(sample(y, early))
    keep = np.delete(np.arange(len(y)), [7, 8])
    fewer = estimated(sample(y[keep], start[keep]))
    for one, other in zip(found.estimates, fewer.estimates, strict=True):
        assert one.estimate == other.estimate
        assert one.std_error == other.std_error
    assert found.silent == ("u7", "u8")
    assert found.n_obs == fewer.n_obs
    assert "under the measure from the first period on and left out: u7, u8" in row(found).note


def test_the_last_to_start_are_compared_with_and_then_nobody_is() -> None:
    y, start = panel(13, never=False)
    found = estimated(sample(y, start), ("cluster",), comparison_group="not_yet")
    assert row(found).note == "7: effects with no comparison left are not counted"
    until = estimated(sample(y[:, :7], np.where(start < 7, start, NEVER)), ("cluster",), comparison_group="not_yet")
    for one, other in zip(found.estimates, until.estimates, strict=True):
        assert one.estimate == pytest.approx(other.estimate, abs=ROUNDING)


def test_a_dropped_partial_period_moves_the_base_before_it() -> None:
    y, _ = panel(14)
    start = treated_first(len(y), [4, 4, 6])
    treatment = (np.arange(8) >= start[:, None]).astype(float)
    gaps = y.copy()
    for unit, t in ((0, 3), (1, 3), (2, 5)):
        treatment[unit, t], gaps[unit, t] = 0.5, np.nan
    found = row(estimated(sample(gaps, start, treatment=treatment)))
    rest = y[3:]
    effects = [y[:2, t].mean() - y[:2, 2].mean() - (rest[:, t] - rest[:, 2]).mean() for t in range(4, 8)]
    later = [y[2, t] - y[2, 4] - (rest[:, t] - rest[:, 4]).mean() for t in range(6, 8)]
    assert found.estimate == pytest.approx((2 * sum(effects) + sum(later)) / 10, abs=ROUNDING)


def test_a_log_outcome_gives_log_ratios_and_a_count_a_rate() -> None:
    y, start = panel(15)
    logged = row(estimated(sample(np.exp(y), start), outcome=outcome("mean", transform="log")))
    assert logged.scale == "log_ratio"
    assert logged.estimate == pytest.approx(row(estimated(sample(y, start))).estimate, abs=ROUNDING)
    counts = np.round(50 + 5 * y)
    exposed = sample(counts, start, exposure=np.full(y.shape, 1e4))
    rate = row(estimated(exposed, outcome=outcome("count", exposure="n")))
    assert rate.estimate == pytest.approx(10 * row(estimated(sample(counts, start))).estimate, abs=1e-9)


def test_dependence_within_clusters_counts() -> None:
    y, start = panel(16)
    twice = sample(np.vstack([y, y]), np.concatenate([start, start]), cluster=np.tile(np.arange(len(y)), 2))
    alone, doubled = row(estimated(sample(y, start))), row(estimated(twice, ("cluster",)))
    assert doubled.estimate == pytest.approx(alone.estimate, abs=ROUNDING)
    assert doubled.std_error == pytest.approx(alone.std_error, abs=ROUNDING)


def test_the_band_holds_all_periods_at_once() -> None:
    """Uncorrelated estimates: the critical value of the largest of K normals, here K = 10 and 1."""
    scores = np.random.default_rng(17).standard_normal((4000, 10))
    many = [largest_deviation(scores, 0.95, np.random.default_rng(seed)) for seed in range(20)]
    assert np.mean(many) == pytest.approx(2.80, abs=0.05)  # (1 + .95^(1/10))/2 of the normal; 20 × 999 draws
    one = [largest_deviation(scores[:, :1], 0.95, np.random.default_rng(seed)) for seed in range(20)]
    assert np.mean(one) == pytest.approx(1.96, abs=0.05)  # as above


def refused(one: Sample, **keys: Any) -> str:
    with pytest.raises(DesignError) as fault:
        estimated(one, ("cluster",), **keys)
    return fault.value.message


def test_what_cannot_be_answered_is_refused_with_a_reason() -> None:
    y, start = panel(18)
    together = np.full(len(y), 4, dtype=np.int64)
    assert "no comparison unit is left" in refused(sample(y, together))
    assert "no comparison is left in any period" in refused(sample(y, together), comparison_group="not_yet")
    assert "no period before its start" in refused(sample(y, start, anticipation=3))
    share = (np.arange(8) >= start[:, None]) * 0.5
    assert "some are so in part" in refused(sample(y, start, treatment=share))
    gap = y.copy()
    gap[start == 4, 3] = np.nan
    assert "those who began in 4 have no value in 3" in refused(sample(gap, start))
    apart = np.repeat(np.where(start < NEVER, 1.0, -1.0)[:, None] + y[:, :1] / 100, 8, axis=1)
    assert "(almost) perfectly" in refused(sample(y, start, covariates={"x": apart}), covariates=("x",))
    few = np.flatnonzero(start < NEVER).tolist() + np.flatnonzero(start == NEVER)[:3].tolist()
    many = {f"x{k}": np.repeat(noise(np.random.default_rng(k), len(few), 1), 8, axis=1) for k in range(3)}
    message = refused(sample(y[few], start[few], covariates=many), covariates=tuple(many))
    assert "name fewer covariates" in message
    alone = np.where(start < NEVER, 0, 1)
    assert "in a group of period effects nobody is left" in refused(sample(y, start, groups=alone))
    assert "have no logarithm" in refused(sample(y - 10, start), outcome=outcome("mean", transform="log"))


def test_only_the_planned_number_is_sought_where_no_interval_is() -> None:
    y, start = panel(19)
    whole = job(sample(y, start), outcome("mean"), estimation("staggered_did"), ("randomization",))
    quick = staggered_did(replace(whole, intervals=False))
    assert [one.estimand for one in quick.estimates] == ["att"]
    assert quick.events == ()
    assert quick.estimates[0].p_value == staggered_did(whole).estimates[0].p_value


def test_units_without_a_use_are_named() -> None:
    y, start = panel(20)
    y[4, 2:] = np.nan
    found = estimated(sample(y, start))
    assert found.silent == ("u4",)
    weight = unit_weight(Material(y), cohorts_of(start))
    assert weight.sum() == len(y)


def test_a_missing_cell_needs_no_weight() -> None:
    """A cell without a value has no weight in a file either; where it is the base period the unit keeps its size."""
    y, start = panel(21)
    gaps = y.copy()
    gaps[0, 2] = gaps[9, 5] = np.nan
    whole = np.repeat(np.linspace(1, 4, len(y))[:, None], 8, axis=1)
    without = np.where(np.isnan(gaps), np.nan, whole)
    for one, other in zip(
        estimated(sample(gaps, start, weights=whole), ("cluster",)).estimates,
        estimated(sample(gaps, start, weights=without), ("cluster",)).estimates,
        strict=True,
    ):
        assert one.estimate == pytest.approx(other.estimate, abs=ROUNDING)
        assert one.std_error == pytest.approx(other.std_error, abs=ROUNDING)
