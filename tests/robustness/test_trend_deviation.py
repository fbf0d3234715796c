"""The bounds on trends that part as a robustness check: blocks, covariance, rows, verdicts and sentences."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import utvardering as utv
from tests.designs import estimation, grid, job, noise, outcome, panel, sample, study, treated_first
from utvardering.errors import DesignError
from utvardering.estimators.did import unit_noise
from utvardering.estimators.event_study import event_study
from utvardering.estimators.poisson_did import poisson_did
from utvardering.estimators.staggered_did import staggered_did
from utvardering.inference.honest_magnitudes import magnitudes_interval
from utvardering.inference.honest_smoothness import Smoothness
from utvardering.robustness.base import Doubt
from utvardering.robustness.trend_blocks import trend_blocks
from utvardering.robustness.trend_deviation import trend_deviation

ASKED = {"trend_deviations": (0.5, 2.0), "smoothness": (0.0, 0.05)}
VARIANTS = ["relative_magnitude=0.5", "relative_magnitude=2.0", "breakdown"]
VARIANTS += ["smoothness=0.0", "smoothness=0.05", "smoothness_breakdown"]


def widening(units: int, level: float = 0.95) -> float:
    """t with one less degree of freedom than units, over normal."""
    return float(stats.t.ppf((1 + level) / 2, units - 1) / stats.norm.ppf((1 + level) / 2))


@pytest.mark.parametrize(("treated", "inference"), [(1, "randomization"), (31, "cluster")])
def test_single_periods_are_the_event_study(treated: int, inference: str) -> None:
    one = sample(noise(np.random.default_rng(3), 61, 10) + 5, treated_first(61, [6] * treated), calendar="year")
    blocks = trend_blocks(one, outcome(), estimation(), "difference")
    rows = event_study(job(one, outcome(), estimation(), (inference,))).events
    assert blocks.length == 1
    assert blocks.found.effects == pytest.approx([row.estimate for row in rows], abs=1e-12)
    errors = np.sqrt(np.diag(blocks.found.covariance)) / widening(61)
    assert errors == pytest.approx([row.std_error for row in rows], rel=1e-9)


def test_the_covariance_is_that_of_the_placebo_effects() -> None:
    """One treated of 20: every other unit's effect against the rest, by hand."""
    y = noise(np.random.default_rng(4), 20, 5)
    one = sample(y, treated_first(20, [3]), calendar="year")
    blocks = trend_blocks(one, outcome(), estimation(), "difference")
    y = y.copy()
    y[0, [0, 1, 3, 4]] -= blocks.found.effects
    change = (y - y[:, [2]])[:, [0, 1, 3, 4]]
    placebo = np.array([change[k] - np.delete(change, k, axis=0).mean(axis=0) for k in range(1, 20)])
    noisy = unit_noise(one, one.y)
    sd = np.array([np.sqrt(noisy[k] + np.delete(noisy, k).sum() / 19**2) for k in range(20)])
    placebo *= (sd[0] / sd[1:])[:, None]
    assert blocks.found.covariance / widening(20) ** 2 == pytest.approx(placebo.T @ placebo / 19, rel=1e-9)


def test_counts_give_the_logarithm_of_the_ratio_of_ratios() -> None:
    y = np.random.default_rng(5).poisson(20, (30, 24)).astype(float)
    one = sample(y, treated_first(30, [16] * 3), calendar="month")
    blocks = trend_blocks(one, outcome("count"), estimation("poisson_did"), "log_ratio")
    assert blocks.length == 3
    after, before = y[:, 16:19].sum(axis=1), y[:, 13:16].sum(axis=1)
    expected = np.log(after[:3].sum() / before[:3].sum() / (after[3:].sum() / before[3:].sum()))
    assert blocks.found.effects[4] == pytest.approx(expected, abs=1e-12)
    pair = sample(np.column_stack([before, after]), treated_first(30, [1] * 3))
    test = poisson_did(job(pair, outcome("count"), estimation("poisson_did"), ("cluster",))).estimates[0]
    assert test.estimate == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("treated", [2, 40])
def test_errors_of_counts_are_those_of_their_noise(treated: int) -> None:
    """Poisson counts of 30 a block: √(1/A + 1/A₀ + 1/C + 1/C₀), over 40 draws to within 8 % (3 standard errors)."""
    rng = np.random.default_rng(6)
    found = []
    for _ in range(40):
        y = rng.poisson(30, (80, 8)).astype(float)
        one = sample(y, treated_first(80, [5] * treated), calendar="year")
        blocks = trend_blocks(one, outcome("count"), estimation("poisson_did"), "log_ratio")
        found.append(np.sqrt(np.diag(blocks.found.covariance).mean()) / widening(80))
    expected = np.sqrt(2 / (30 * treated) + 2 / (30 * (80 - treated)))
    assert np.mean(found) == pytest.approx(expected, rel=0.08)


def test_exposure_enters_the_expected_counts() -> None:
    rng = np.random.default_rng(7)
    y = rng.poisson(30, (40, 8)).astype(float)
    exposure = np.ones_like(y) * 1000
    exposure[0, 5:] *= 2
    y[0, 5:] *= 2
    out = outcome("count", exposure="folk")
    with_it = trend_blocks(
        sample(y, treated_first(40, [5]), calendar="year", exposure=exposure), out, estimation("poisson_did"), "log_ratio"
    )
    without = trend_blocks(sample(y, treated_first(40, [5]), calendar="year"), out, estimation("poisson_did"), "log_ratio")
    assert without.found.effects[4:] - with_it.found.effects[4:] == pytest.approx(np.log(2), abs=1e-9)


def test_staggered_starts_are_the_dynamic_effects_that_all_cohorts_have() -> None:
    one = sample(noise(np.random.default_rng(8), 61, 14) + 5, treated_first(61, [6, 7, 7, 8]), calendar="year")
    blocks = trend_blocks(one, outcome(), estimation("staggered_did"), "difference")
    rows = staggered_did(job(one, outcome(), estimation("staggered_did"), ("randomization",))).events
    kept = [row for row in rows if -6 <= row.period_from_start <= 5]
    assert blocks.found.n_before == 5
    assert blocks.found.effects == pytest.approx([row.estimate for row in kept], abs=1e-12)
    errors = np.sqrt(np.diag(blocks.found.covariance)) / widening(61)
    # re-assignments are other draws, and noise is predicted per unit and not per cell
    assert errors == pytest.approx([row.std_error for row in kept], rel=0.1)


def test_staggered_starts_clustered() -> None:
    starts = [6] * 12 + [7] * 12 + [8] * 12
    one = sample(noise(np.random.default_rng(9), 90, 14) + 5, treated_first(90, starts), calendar="year")
    blocks = trend_blocks(one, outcome(), estimation("staggered_did"), "difference")
    rows = staggered_did(job(one, outcome(), estimation("staggered_did"), ("cluster",))).events
    kept = [row for row in rows if -6 <= row.period_from_start <= 5]
    assert blocks.found.effects == pytest.approx([row.estimate for row in kept], abs=1e-12)
    count = len(kept)
    n_obs = 90 * (count + 1)
    factor = np.sqrt(90 / 89 * (n_obs - 1) / (n_obs - 2 * count - 1)) * widening(90)  # R's did has no such factors
    # and counts the shares of the cohorts as estimated, which they are not where starts are dealt by a plan
    assert np.sqrt(np.diag(blocks.found.covariance)) == pytest.approx([factor * row.std_error for row in kept], rel=0.06)


@pytest.mark.parametrize(
    ("before", "after", "units", "length", "effects"),
    [
        (36, 30, 60, 6, (5, 5)),
        (54, 30, 60, 12, (3, 2)),
        (12, 6, 60, 3, (3, 2)),
        (6, 3, 60, 1, (5, 3)),
        (36, 30, 20, 12, (2, 2)),
    ],
)
def test_months_are_joined_until_effects_are_few(
    before: int, after: int, units: int, length: int, effects: tuple[int, int]
) -> None:
    y = noise(np.random.default_rng(1), units, before + after)
    one = sample(y, treated_first(units, [before] * 2), calendar="month")
    blocks = trend_blocks(one, outcome(), estimation(), "difference")
    assert blocks.length == length
    assert (blocks.found.n_before, len(blocks.found.weights)) == effects


def test_blocks_are_counted_from_the_start() -> None:
    """The period that fills no block is the oldest before and the latest after; months of anticipation are in none."""
    y = noise(np.random.default_rng(1), 61, 21) * 1e-9
    y[0, 14:] += 1.0
    y[0, [0, 13, 20]] = 100.0
    one = sample(y, treated_first(61, [14]), calendar="month", anticipation=1)
    blocks = trend_blocks(one, outcome(), estimation(), "difference")
    assert blocks.length == 3
    assert blocks.found.effects == pytest.approx([0, 0, 0, 1, 1], abs=1e-6)


def test_gaps_leave_comparison_units_out_and_stop_treated_ones() -> None:
    y = noise(np.random.default_rng(2), 60, 8) + 5
    y[7, 1] = np.nan
    start = treated_first(60, [5, 5])
    with_gap = trend_blocks(sample(y, start, calendar="year"), outcome(), estimation(), "difference")
    without = np.delete(np.arange(60), 7)
    whole = trend_blocks(sample(y[without], start[without], calendar="year"), outcome(), estimation(), "difference")
    assert with_gap.found.effects == pytest.approx(whole.found.effects, abs=1e-12)
    y[0, 1] = np.nan
    with pytest.raises(DesignError, match="u0 has a missing value"):
        trend_blocks(sample(y, start, calendar="year"), outcome(), estimation(), "difference")


def test_analysis_weights() -> None:
    """A unit of weight two counts as two of the same."""
    y = noise(np.random.default_rng(2), 60, 8) + 5
    weights = np.ones_like(y)
    weights[[0, 9]] = 2
    weighted = trend_blocks(
        sample(y, treated_first(60, [5, 5]), calendar="year", weights=weights), outcome(), estimation(), "difference"
    )
    twice = np.concatenate([[0], np.arange(60), [9]])
    doubled = sample(y[twice], treated_first(62, [5, 5, 5]), calendar="year")
    expected = trend_blocks(doubled, outcome(), estimation(), "difference").found.effects
    assert weighted.found.effects == pytest.approx(expected, abs=1e-12)


REFUSED = [
    (8, 2, 60, {}, {}, "found 2 and 6"),
    (8, 8, 60, {}, {}, "no period after its start"),
    (8, 0, 60, {}, {}, "no period before its start"),
    (8, 5, 10, {}, {}, "not known from 10 units or clusters; name at least 22"),
    (8, 5, 60, {"covariates": ("x",)}, {}, "with covariates"),
    (8, 5, 60, {}, {"groups": np.zeros(60, dtype=np.int64)}, "with period_effects_by"),
    (8, 5, 2, {}, {}, "need units that never get the measure"),
]


@pytest.mark.parametrize(("periods", "start", "units", "plan", "parts", "said"), REFUSED)
def test_designs_without_an_answer(periods: int, start: int, units: int, plan: dict, parts: dict, said: str) -> None:
    one = sample(noise(np.random.default_rng(1), units, periods), treated_first(units, [start] * 2), calendar="year", **parts)
    with pytest.raises(DesignError, match=said):
        trend_blocks(one, outcome(), estimation(**plan), "difference")


def test_a_block_without_events() -> None:
    y = np.random.default_rng(1).poisson(5, (60, 8)).astype(float)
    y[:2, 6] = 0
    with pytest.raises(DesignError, match="no events in some block"):
        trend_blocks(sample(y, treated_first(60, [5, 5]), calendar="year"), outcome("count"), estimation(), "log_ratio")


def doubt(y: np.ndarray, start: int, treated: int, kind: str = "mean", language: str = "en", **asked: object) -> Doubt:
    """A monthly study of plain differences, or of counts, and its planned estimate."""
    estimator = "poisson_did" if kind == "count" else "did"
    out = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": kind, "direction": "decrease"}
    plan = study(
        outcomes=(out,), estimation={"estimator": estimator}, robustness={**ASKED, **asked}, report={"language": language}
    )
    role = ["treated"] * treated + ["comparison"] * (len(y) - treated)
    one = panel({"y": grid(y, treated_first(len(y), [start] * treated), calendar="month")}, role)
    planned = utv.estimate_effects(plan, one).planned("y")
    assert planned is not None
    return Doubt(plan, one, planned)


def fallen(kind: str = "mean", effect: float = 0.7) -> np.ndarray:
    """60 areas in 84 months, of which five fall by a tenth or to a share from month 54 on."""
    rng = np.random.default_rng(2)
    if kind == "count":
        y = rng.poisson(30, (60, 84)).astype(float)
        y[:5, 54:] = rng.poisson(30 * effect, (5, 30))
        return y
    y = 3 * noise(rng, 60, 84) + 50
    y[:5, 54:] -= 8
    return y


def test_rows_of_a_sound_study() -> None:
    rows = {row.variant: row for row in trend_deviation(doubt(fallen("count"), 54, 5, "count"))}
    assert list(rows) == VARIANTS
    half, twice = rows["relative_magnitude=0.5"], rows["relative_magnitude=2.0"]
    assert twice.ci_low < half.ci_low < half.estimate < half.ci_high < twice.ci_high < 0
    assert half.verdict == twice.verdict == rows["breakdown"].verdict == "pass"
    assert half.text == (
        "If the difference in trend after the start may be at most 0.5 times the largest before (from one year to the next): "
        f"{percent(half.estimate)} ({percent(half.ci_low)} to {percent(half.ci_high)})."
    )
    at = rows["breakdown"].estimate
    assert 2.5 < at < 3.2
    assert math.isnan(rows["breakdown"].ci_low)
    assert rows["breakdown"].text == (
        f"The conclusion holds if the difference in trend after the start is at most {math.floor(10 * at) / 10} times the "
        "largest before (from one year to the next)."
    )
    assert rows["smoothness=0.0"].text.startswith("If the difference in trend before the start goes straight on: −28.")
    assert "its slope change by at most 5 percentage points from one year to the next" in rows["smoothness=0.05"].text
    assert rows["smoothness_breakdown"].estimate > 0.05
    assert {row.verdict for row in rows.values()} == {"pass"}


def percent(log: float) -> str:
    return f"{100 * math.expm1(log):.1f}%".replace("-", "−")


def test_the_sentence_of_the_breakdown_in_swedish() -> None:
    rows = {row.variant: row for row in trend_deviation(doubt(fallen(), 54, 5, language="sv"))}
    assert rows["breakdown"].text == (
        "Slutsatsen håller om skillnaden i trend efter start är högst 1,7 gånger den största före (från ett år till nästa)."
    )
    assert rows["breakdown"].verdict == rows["relative_magnitude=2.0"].verdict == "fail"  # 2 was asked for
    assert rows["relative_magnitude=0.5"].verdict == "pass"


def test_rows_are_the_functions_on_the_blocks() -> None:
    """Smoothness of 0.05: 5 % of the treated areas' counterfactual level a year, in blocks of a year."""
    one = doubt(fallen(), 54, 5)
    found = trend_blocks(one.panel.sample("y"), one.outcome, one.estimation, "difference").found
    rows = {row.variant: row for row in trend_deviation(one)}
    bounds = magnitudes_interval(found, 2.0, 0.95)
    row = rows["relative_magnitude=2.0"]
    assert (row.estimate, row.ci_low, row.ci_high) == (found.estimate, bounds.low, bounds.high)
    level = one.planned.estimate / (one.planned.effect_percent / 100)
    smooth = Smoothness(found, 0.95).interval(0.05 * level)
    assert (rows["smoothness=0.05"].ci_low, rows["smoothness=0.05"].ci_high) == pytest.approx((smooth.low, smooth.high))
    at = rows["smoothness_breakdown"].estimate * level
    assert Smoothness(found, 0.95).interval(0.98 * at).high < 0 < Smoothness(found, 0.95).interval(1.02 * at).high


def test_shorter_blocks_bear_less_change_from_one_to_the_next() -> None:
    """A slope that changes by M from year to year changes by M ÷ 4 from half-year to half-year."""
    y = fallen("count")[:, 18:]
    one = doubt(y, 36, 5, "count")
    found = trend_blocks(one.panel.sample("y"), one.outcome, one.estimation, "log_ratio")
    assert found.length == 6
    rows = {row.variant: row for row in trend_deviation(one)}
    smooth = Smoothness(found.found, 0.95).interval(0.05 / 4)
    assert (rows["smoothness=0.05"].ci_low, rows["smoothness=0.05"].ci_high) == pytest.approx((smooth.low, smooth.high))


def test_trends_that_part_all_along_fail() -> None:
    y = 3 * noise(np.random.default_rng(2), 60, 84) + 50
    y[:5] -= np.arange(84) * 0.1
    rows = {row.variant: row for row in trend_deviation(doubt(y, 54, 5))}
    assert {row.verdict for row in rows.values()} == {"fail"}
    assert rows["smoothness_breakdown"].text.startswith("The conclusion does not hold even if the difference in trend before")
    assert rows["breakdown"].estimate < 0.5


def test_nothing_found_is_nothing_to_overturn() -> None:
    y = 3 * noise(np.random.default_rng(3), 60, 84) + 50
    rows = {row.variant: row for row in trend_deviation(doubt(y, 54, 5))}
    assert {row.verdict for row in rows.values()} == {"not_evaluated"}
    assert rows["breakdown"].text == "The interval of the planned estimate holds zero, so there is no conclusion to overturn."
    assert math.isnan(rows["breakdown"].estimate)
    assert np.isfinite(rows["relative_magnitude=0.5"].ci_low)


def test_a_conclusion_that_the_last_block_before_does_not_bear() -> None:
    one = doubt(fallen(), 54, 5)
    other = replace(one, planned=replace(one.planned, estimate=1.0, ci_low=0.5, ci_high=1.5))
    rows = {row.variant: row for row in trend_deviation(other)}
    assert {row.verdict for row in rows.values()} == {"not_evaluated"}
    assert "counted from the last part before the start only (one year)" in rows["breakdown"].text


def test_what_cannot_be_answered_says_so_in_every_row() -> None:
    one = doubt(fallen()[:, 50:60], 4, 5)
    short = replace(one, panel=replace(one.panel, grids={"y": replace(one.panel.grids["y"], start=treated_first(60, [2] * 5))}))
    rows = list(trend_deviation(short))
    assert [row.variant for row in rows] == VARIANTS
    assert {row.verdict for row in rows} == {"not_evaluated"}
    assert all("need 3 periods before the start" in row.text for row in rows)
    wdd = replace(one, planned=replace(one.planned, estimator="wdd"))
    assert "wdd" in next(trend_deviation(wdd)).text


def test_nothing_is_tried_that_was_not_asked_for() -> None:
    assert not list(trend_deviation(doubt(fallen(), 54, 5, trend_deviations=(), smoothness=())))
    rows = list(trend_deviation(doubt(fallen(), 54, 5, smoothness=())))
    assert [row.variant for row in rows] == VARIANTS[:3]


def test_the_same_seed_gives_the_same_rows() -> None:
    one = doubt(fallen("count"), 54, 5, "count")
    assert repr(list(trend_deviation(one))) == repr(list(trend_deviation(one)))


def test_a_study_without_a_calendar_counts_periods() -> None:
    one = doubt(fallen()[:, 44:64], 10, 5)
    index = grid(one.panel.grids["y"].y, treated_first(60, [10] * 5))
    rows = {row.variant: row for row in trend_deviation(replace(one, panel=replace(one.panel, grids={"y": index})))}
    assert "(from one span of 2 periods to the next)" in rows["relative_magnitude=0.5"].text
    assert "from one period to the next" in rows["smoothness=0.05"].text
