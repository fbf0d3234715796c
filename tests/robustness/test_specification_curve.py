"""The specification curve: which specifications, their common scale, and the joint test against the slow way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.designs import estimation, outcome, sample, treated_first
from tests.robustness.simulated import counts, doubted
from utvardering.data.panel import NEVER
from utvardering.estimators.base import Job
from utvardering.estimators.registry import ESTIMATORS
from utvardering.inference.reassignment import reassign
from utvardering.robustness.base import Doubt, Robustness, RobustnessRow, SpecificationRow
from utvardering.robustness.joint_test import joint_test, studentised_contrasts, treated_by_draw
from utvardering.robustness.specification_curve import specification_curve
from utvardering.robustness.specifications import MOST, Comparison, choices
from utvardering.robustness.unit_effects import unit_effects

ALSO = ("did", "staggered_did", "event_study")


def curve(doubt: Doubt) -> tuple[list[SpecificationRow], dict[str, RobustnessRow]]:
    rows = list(specification_curve(doubt))
    table = [row for row in rows if isinstance(row, SpecificationRow)]
    return table, {row.variant: row for row in rows if isinstance(row, RobustnessRow)}


@pytest.fixture(scope="module")
def found() -> tuple[Doubt, list[SpecificationRow], dict[str, RobustnessRow]]:
    doubt = doubted(counts(np.random.default_rng(3), effect=-0.4), also=ALSO)
    return doubt, *curve(doubt)


def test_every_choice_is_there_in_order_of_size(found) -> None:
    doubt, table, _ = found
    told = [row for row in table if np.isfinite(row.estimate_percent)]
    assert [row.specification for row in table] == list(range(1, len(table) + 1))
    assert [row.estimate_percent for row in told] == sorted(row.estimate_percent for row in told)
    assert {row.estimator for row in told} == {"poisson_did", "did", "staggered_did"}
    assert {row.comparison for row in table[:-1]} == {"planned", "without_heaviest", "smaller_half", "larger_half"}
    assert all("no comparable unit" in row.note for row in table[:-1] if not np.isfinite(row.estimate_percent))
    assert {row.window for row in told} == {"full", "no_first_year", "no_last_year", "half_follow_up"}
    assert {row.scale for row in told} == {"count", "log"}
    assert not [row for row in told if row.estimator == "poisson_did" and row.scale == "log"]
    (planned,) = [row for row in table if row.planned]
    assert planned.estimate_percent == doubt.planned.effect_percent
    assert (planned.low, planned.high) == (doubt.planned.effect_percent_low, doubt.planned.effect_percent_high)
    assert (planned.comparison, planned.window, planned.scale) == ("planned", "full", "count")


def test_an_estimator_with_another_question_is_told_and_not_counted(found) -> None:
    _, table, rows = found
    (left,) = [row for row in table if row.estimator == "event_study"]
    assert np.isnan(left.estimate_percent)
    assert left.note == "Not counted: measures against a single period before the start."
    assert rows["joint"].text.endswith("Not counted: event_study, which answers another question.")


def test_a_large_effect_passes_all_three(found) -> None:
    _, table, rows = found
    assert {name: row.verdict for name, row in rows.items()} == {"sign": "pass", "conclusion": "pass", "joint": "pass"}
    assert rows["sign"].estimate == 1
    assert rows["joint"].p_value <= 0.05  # three of 33 can be dealt in 5,456 ways
    assert all(row.same_sign for row in table if np.isfinite(row.estimate_percent))


def test_every_row_is_the_estimator_run_by_hand(found) -> None:
    doubt, table, _ = found
    y, start = doubt.panel.grids["y"].y, doubt.panel.grids["y"].start
    by = {(row.estimator, row.comparison, row.window, row.scale): row for row in table}
    treated, others = y[:3], y[3:]
    largest = others[:, :36].mean(axis=1).argmax()
    kept = np.delete(others, largest, axis=0)
    change = treated[:, 36:].mean() - treated[:, :36].mean() - (kept[:, 36:].mean() - kept[:, :36].mean())
    percent = 100 * change / (treated[:, 36:].mean() - change)
    assert by["did", "without_heaviest", "full", "count"].estimate_percent == pytest.approx(percent, rel=1e-9)
    ratio = np.log(treated[:, 36:].sum() / treated[:, :24].sum()) - np.log(others[:, 36:].sum() / others[:, :24].sum())
    assert by["poisson_did", "planned", "no_last_year", "count"].estimate_percent == pytest.approx(100 * np.expm1(ratio))
    assert (start[:3] == 36).all()
    half = 36 + 12
    ratio = np.log(treated[:, 36:half].sum() / treated[:, :36].sum())
    ratio -= np.log(others[:, 36:half].sum() / others[:, :36].sum())
    assert by["poisson_did", "planned", "half_follow_up", "count"].estimate_percent == pytest.approx(100 * np.expm1(ratio))


def test_no_effect_gives_no_conclusion_and_the_joint_test_agrees() -> None:
    _, rows = curve(doubted(counts(np.random.default_rng(8)), also=ALSO))
    assert rows["sign"].verdict == "not_evaluated"
    assert rows["conclusion"].verdict == "pass"
    assert rows["joint"].verdict == "pass"
    assert rows["joint"].p_value > 0.05


def test_a_planned_conclusion_that_no_other_way_shares_fails() -> None:
    doubt = doubted(counts(np.random.default_rng(8)), also=("did",))
    claimed = {"estimate": -0.3, "ci_low": -0.5, "ci_high": -0.1}
    shown = {"effect_percent": -26.0, "effect_percent_low": -39.0, "effect_percent_high": -10.0}
    _, rows = curve(replace(doubt, planned=replace(doubt.planned, **claimed, **shown)))
    assert {name: rows[name].verdict for name in ("conclusion", "joint")} == {"conclusion": "fail", "joint": "fail"}


def test_few_units_have_a_floor_that_is_told() -> None:
    _, rows = curve(doubted(counts(np.random.default_rng(1), treated=1, comparison=9), also=("did",)))
    assert rows["joint"].verdict == "not_evaluated"
    assert "10.0%" in rows["joint"].text


def test_too_many_are_picked_by_a_fixed_rule() -> None:
    doubt = doubted(counts(np.random.default_rng(3)), also=("did", "staggered_did", "sun_abraham", "imputation", "wdd"))
    windows = tuple((f"2010-{m:02d}-01", "2014-12-01") for m in range(1, 13))
    asked = doubt.study.robustness.model_copy(update={"windows": windows})
    offered = choices(doubt.study.model_copy(update={"robustness": asked}), doubt.panel)
    listed, count = offered.listed()
    assert len(listed) <= MOST < count
    assert offered.planned in listed
    assert listed == offered.listed()[0]
    assert {choice.window for choice in listed if choice.estimator == "poisson_did"} == set(offered.windows)


def test_comparisons_are_rules_for_anybody() -> None:
    pool = np.array([True, True, True, True, False])
    size = np.array([5.0, 1.0, 3.0, 2.0, 9.0])
    treated = np.eye(5, dtype=bool)[[0, 2]]
    assert Comparison(pool).members(treated, size).tolist() == [[0, 1, 1, 1, 0], [1, 1, 0, 1, 0]]
    assert Comparison(pool, "heaviest").members(treated, size).tolist() == [[0, 1, 0, 1, 0], [0, 1, 0, 1, 0]]
    assert Comparison(pool, "smaller").members(treated, size).tolist() == [[0, 1, 0, 0, 0], [0, 1, 0, 0, 0]]
    assert Comparison(pool, "larger").members(treated, size).tolist() == [[0, 0, 1, 1, 0], [1, 0, 0, 1, 0]]


@pytest.mark.parametrize("estimator", ["did", "imputation", "staggered_did", "sun_abraham", "wdd"])
@pytest.mark.parametrize("starts", [[6, 6], [6, 8, 8]])
def test_contrasts_are_those_of_the_estimator_run_on_every_reassignment(estimator: str, starts: list[int]) -> None:
    rng = np.random.default_rng(6)
    y = rng.poisson(30, (9, 12)).astype(float)
    one = sample(y, treated_first(9, starts))
    out, plan = outcome("count"), estimation(estimator)
    effects = unit_effects(one, out, plan, estimator)
    if len(starts) > 2 and estimator in {"did", "imputation", "wdd"}:
        assert effects is None
        return
    assert effects is not None
    effects = replace(effects, variance=np.ones_like(effects.variance))
    profile = np.full(9, -1)
    profile[: len(starts)] = np.unique(starts, return_inverse=True)[1]
    draws = reassign(profile, rng)
    members = ~treated_by_draw(draws, 9)
    found = studentised_contrasts(effects, draws, members)
    for r in rng.choice(len(draws.units), 6, replace=False):
        start = np.full(9, NEVER)
        start[draws.units[r]] = starts
        job = Job(sample(y, start), out, plan, ("cluster",) if estimator != "wdd" else ("analytic",), draws=9)
        method = ESTIMATORS[estimator]
        estimate = next(row.estimate for row in method.run(job).estimates if row.estimand == method.estimand)
        estimate /= len(starts) * 6 if estimator == "wdd" else 1  # events over all areas and the whole time
        mine = _spread(effects.cells, np.array(starts), draws.profiles, 9) * found[r]
        assert mine == pytest.approx(estimate, rel=1e-9)


def _spread(cells, starts, profiles, n_units: int) -> float:
    """The standard deviation that unit variances of one give: what the studentised contrast is multiplied with."""
    if len(cells) == 1:
        return float(np.sqrt(1 / len(starts) + 1 / (n_units - len(starts))))
    share = np.array([cells[g] * (profiles == g).sum() for g in range(len(cells))])
    share = share / share.sum()
    own = sum(share[g] ** 2 / (profiles == g).sum() for g in range(len(cells)))
    return float(np.sqrt(own + 1 / (n_units - len(starts))))


def test_ratios_follow_the_poisson_estimate_to_first_order() -> None:
    y = np.random.default_rng(6).poisson(400, (9, 12)).astype(float)
    one = sample(y, treated_first(9, [6, 6]))
    effects = unit_effects(one, outcome("count"), estimation("poisson_did"), "poisson_did")
    assert effects is not None
    mass, effect = effects.mass[:, 0], effects.effect[:, 0]
    mean = [np.sum((mass * effect)[rows]) / mass[rows].sum() for rows in (slice(0, 2), slice(2, 9))]
    before, after = y[:, :6].sum(axis=1), y[:, 6:].sum(axis=1)
    exact = np.log(after[:2].sum() / before[:2].sum()) - np.log(after[2:].sum() / before[2:].sum())
    assert mean[0] - mean[1] == pytest.approx(exact, abs=0.002)


def test_the_joint_test_by_hand() -> None:
    one, two = np.array([3.0, -1.0, 1.0, -2.0]), np.array([2.0, 1.0, -1.0, -1.0])
    found = joint_test([one, two], 0.75, 0.25)
    assert found.median_p == 0.25
    assert found.sign_p == 0.5  # both up in the first, both down in the last
    assert found.significant_p == 0.25
    assert (found.sign, found.count, found.draws) == (1.0, 2, 4)


def test_the_table_is_written_as_text_that_any_program_reads(found) -> None:
    frame = Robustness((), tuple(found[1])).specifications_frame()
    assert list(frame.columns)[:9] == [
        *("study", "outcome", "specification", "planned", "estimator"),
        *("comparison", "window", "scale", "estimate_percent"),
    ]
    assert set(frame["planned"]) == {"true", "false"}
    assert frame["same_sign"].isna().iloc[-1]
