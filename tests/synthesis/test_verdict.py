"""A walk over every branch of the verdict, its certainty and the strength of the design."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.designs import outcome, study
from utvardering.checks.base import IDENTIFYING, CheckResult, DesignChecks
from utvardering.data.panel import LeftOut
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.evaluate import gated
from utvardering.process.assess import ProcessAssessment
from utvardering.process.dose import Dose
from utvardering.study.model import Expected, Outcome, Study
from utvardering.synthesis.verdict import Judgement, by_interval, judge

CHECKS = ("history", "comparison", "pretrend", "staggered", "spillover", "concurrent", "power", "false_positives")


def checks(**verdicts: str) -> DesignChecks:
    """All checks pass but those named."""
    rows = tuple(CheckResult("prov", name, verdicts.get(name, "pass"), 0.0, 0.0, f"{name}!") for name in CHECKS)  # type: ignore[arg-type] -- the verdicts are Verdicts
    return DesignChecks(rows)


def row(low: float, high: float, inner: tuple[float, float] | None = None, **parts: Any) -> EstimateRow:
    """A planned row on the log scale with an interval, and a 90 % interval (by default five sixths as wide)."""
    finite = [limit for limit in (low, high) if math.isfinite(limit)]
    middle = sum(finite) / len(finite) if finite else 0.0
    inner = inner or (middle + (low - middle) * 5 / 6, middle + (high - middle) * 5 / 6)
    base = EstimateRow(
        study="prov",
        outcome="y",
        role="primary",
        aim="brott",
        estimator="poisson_did",
        planned=True,
        estimand="att",
        scale="log_ratio",
        estimate=middle,
        std_error=0.1,
        ci_low=low,
        ci_high=high,
        level=0.95,
        p_value=0.01 if low > 0 or high < 0 else 0.5,
        inference="randomization",
        weights="",
        p_adjusted=float("nan"),
        p_smallest=0.001,
        effect_percent=100 * math.expm1(middle),
        effect_percent_low=100 * math.expm1(low),
        effect_percent_high=100 * math.expm1(high) if high < 700 else math.inf,
        effect_units=0.0,
        effect_units_low=0.0,
        effect_units_high=0.0,
        n_treated=12,
        n_comparison=40,
        n_periods_before=12,
        n_periods_after=6,
        n_obs=900,
        interpretable=True,
        note="",
        ci_low_90=inner[0],
        ci_high_90=inner[1],
        effect_percent_low_90=100 * math.expm1(inner[0]),
        effect_percent_high_90=100 * math.expm1(inner[1]) if inner[1] < 700 else math.inf,
    )
    return replace(base, **parts)


def plan(direction: str = "decrease", smallest: float | None = -0.10, **sections: Any) -> Study:
    out = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "count", "direction": direction}
    if smallest is not None:
        out["smallest_effect"] = smallest
    return study(**{"outcomes": (out,), "estimation": {"estimator": "poisson_did"}, **sections})


def judged(
    one: Study | None = None, found: DesignChecks | None = None, planned: EstimateRow | None = None, share: float | None = None
) -> Judgement:
    rows = () if planned is None else (planned,)
    left_out = (LeftOut("", "", "y", "poisson_did: no events"),) if planned is None else ()
    process = None
    if share is not None:
        log = pd.DataFrame({"unit": ["u0"], "week": ["2022-W01"], "planned_hours": [100.0], "delivered_hours": [100 * share]})
        process = ProcessAssessment(Dose(log))
    return judge(one or plan(), found or checks(), Estimates(rows, left_out=left_out), None, process).primary


FALL, RISE, WIDE, NARROW = row(-0.5, -0.2), row(0.2, 0.5), row(-0.4, 0.3), row(-0.05, 0.06)


@pytest.mark.parametrize(
    ("planned", "direction", "smallest", "verdict", "says"),
    [
        (FALL, "decrease", -0.10, "effect", "at least of importance"),
        (row(-0.5, -0.02), "decrease", -0.10, "effect", ""),
        (row(-0.06, -0.01), "decrease", -0.10, "effect", "below importance"),
        (FALL, "decrease", None, "effect", ""),
        (FALL, "increase", 0.10, "effect_opposite", "unwanted side"),
        (RISE, "decrease", -0.10, "effect_opposite", "unwanted side"),
        (RISE, "increase", 0.10, "effect", "at least of importance"),
        (RISE, "none", None, "effect", "does not hold zero"),
        (FALL, "none", None, "effect", "does not hold zero"),
        (NARROW, "decrease", -0.10, "no_effect_of_interest", "within"),
        (NARROW, "increase", 0.10, "no_effect_of_interest", "within"),
        (NARROW, "decrease", None, "uncertain", "holds both"),
        (NARROW, "decrease", -0.02, "uncertain", "holds both"),
        (WIDE, "decrease", -0.10, "uncertain", "holds both"),
        (row(-math.inf, math.inf, (-math.inf, math.inf)), "decrease", -0.10, "uncertain", "∞"),
        (row(-math.inf, -0.2, (-math.inf, -0.25)), "decrease", -0.10, "effect", "at least of importance"),
        (row(0.0, 0.3), "increase", 0.10, "uncertain", ""),
        (row(-0.3, 0.0), "decrease", -0.10, "uncertain", ""),
    ],
)
def test_verdict_by_interval(planned: EstimateRow, direction: str, smallest: float | None, verdict: str, says: str) -> None:
    found = judged(plan(direction, smallest), planned=planned)
    assert found.verdict == verdict
    assert says in " ".join(found.reasons["verdict"])


def test_one_row_of_the_table_holds_before_the_next() -> None:
    """Not carried out before not interpretable, that before the interval."""
    bad = checks(pretrend="fail")
    assert judged(planned=FALL, found=bad, share=0.3).verdict == "not_implemented"
    assert judged(planned=FALL, found=bad, share=0.6).verdict == "not_interpretable"
    assert judged(planned=FALL, share=0.6).verdict == "effect"
    assert judged(planned=None).verdict == "not_interpretable"
    assert "no events" in judged(planned=None).reasons["verdict"][0]


@pytest.mark.parametrize(("share", "verdict"), [(0.0, "not_implemented"), (0.4999, "not_implemented"), (0.5, "effect")])
def test_a_dose_below_the_limit_is_not_carried_out(share: float, verdict: str) -> None:
    assert judged(planned=FALL, share=share).verdict == verdict


@pytest.mark.parametrize("name", CHECKS)
def test_identifying_checks_close_the_gate_and_others_lower_certainty(name: str) -> None:
    failed = judged(planned=FALL, found=checks(**{name: "fail"}))
    unknown = judged(planned=FALL, found=checks(**{name: "not_evaluated"}))
    if name in IDENTIFYING:
        assert (failed.verdict, failed.certainty) == ("not_interpretable", "very_low")
        assert f"{name}!" in failed.reasons["verdict"][0]
    else:
        assert (failed.verdict, failed.certainty) == ("effect", "low")
    assert unknown.verdict == "effect"
    assert unknown.certainty == ("moderate" if name in {"false_positives", "spillover"} else "low")
    said = " ".join(failed.reasons["verdict"])
    assert ("exaggerated" in said) == (name == "power")
    assert ("false alarms too often" in said) == (name == "false_positives")


def test_no_effect_found_is_not_called_exaggerated() -> None:
    for planned in (NARROW, WIDE):
        assert "exaggerated" not in " ".join(judged(planned=planned, found=checks(power="fail")).reasons["verdict"])
    opposite = judged(planned=RISE, found=checks(power="fail"))
    assert "exaggerated" in " ".join(opposite.reasons["verdict"])


LOTTERY = {"assignment": "lottery", "lottery_seed": 1, "lottery_source": "x"}


@pytest.mark.parametrize(
    ("measure", "found", "parts", "certainty"),
    [
        ({}, {}, {}, "moderate"),
        (LOTTERY, {}, {}, "high"),
        (LOTTERY, {"power": "fail"}, {}, "low"),
        (LOTTERY, {"pretrend": "not_evaluated"}, {}, "low"),
        ({}, {}, {"inference": "cluster", "n_treated": 29}, "low"),
        ({}, {}, {"inference": "cluster", "n_treated": 30}, "moderate"),
        (LOTTERY, {}, {"inference": "permutation", "n_treated": 3}, "high"),
        (LOTTERY, {"history": "fail"}, {}, "very_low"),
    ],
)
def test_certainty(measure: dict[str, Any], found: dict[str, str], parts: dict[str, Any], certainty: str) -> None:
    one = plan(measure={"kind": "other", "name": "Prov", **measure})
    assert judged(one, checks(**found), replace(FALL, **parts)).certainty == certainty


@pytest.mark.parametrize(
    ("measure", "estimation", "found", "parts", "level"),
    [
        (LOTTERY, {}, {}, {"n_treated": 10, "n_comparison": 10}, 5),
        (LOTTERY, {}, {}, {"n_treated": 9, "n_comparison": 40}, 3),
        (LOTTERY, {}, {}, {"n_treated": 40, "n_comparison": 9}, 3),
        (LOTTERY, {}, {}, {"inference": "cluster"}, 3),
        ({}, {"weights": "w"}, {}, {"n_treated": 5, "n_comparison": 20}, 4),
        ({}, {"covariates": ("x",)}, {}, {"n_treated": 5, "n_comparison": 20}, 4),
        ({}, {"weights": "w"}, {}, {"n_treated": 4, "n_comparison": 20}, 3),
        ({}, {"weights": "w"}, {}, {"n_treated": 5, "n_comparison": 19}, 3),
        ({}, {}, {}, {}, 3),
        ({}, {"weights": "w"}, {"pretrend": "not_evaluated"}, {}, 2),
        ({}, {}, {"comparison": "not_evaluated"}, {}, 2),
        ({}, {}, {"pretrend": "fail"}, {}, 2),
        ({}, {}, {"power": "fail"}, {}, 3),
    ],
)
def test_maryland_level(
    measure: dict[str, Any], estimation: dict[str, Any], found: dict[str, str], parts: dict[str, Any], level: int
) -> None:
    one = plan(measure={"kind": "other", "name": "Prov", **measure}, estimation={"estimator": "did", **estimation})
    judgement = judged(one, checks(**found), replace(FALL, **parts))
    assert judgement.maryland_level == level
    assert f"Level {level}" in judgement.reasons["maryland_level"][0]
    assert "the program's own" in judgement.reasons["maryland_level"][-1]


@pytest.mark.parametrize("measure", [{}, {"assignment": "lottery"}])
def test_a_single_series_is_never_above_level_two(measure: dict[str, Any]) -> None:
    """Whatever the checks say, and were the starts drawn by lottery; its certainty is low."""
    one = plan(measure={"kind": "other", "name": "Prov", **measure}, estimation={"estimator": "interrupted"})
    found = judged(one, checks(), replace(FALL, estimator="interrupted", inference="analytic", n_comparison=0))
    assert found.maryland_level == 2
    assert found.reasons["maryland_level"][0] == "Level 2: a single series without comparison."
    assert found.certainty == "low"
    assert found.reasons["certainty"][-1] == (
        "At most low: a single series without comparison cannot tell the measure from whatever else happened at the start."
    )


@pytest.mark.parametrize(("inference", "certainty"), [("analytic", "low"), ("randomization", "moderate")])
@pytest.mark.parametrize("n_treated", [2, 40])
def test_a_formula_for_the_noise_of_counts_never_decides_alone(inference: str, certainty: str, n_treated: int) -> None:
    planned = replace(FALL, estimator="wdd", estimand="wdd", inference=inference, n_treated=n_treated)
    found = judged(plan(estimation={"estimator": "wdd"}), checks(), planned)
    assert (found.verdict, found.certainty) == ("effect", certainty)
    said = (
        "At most low: the interval of the weighted displacement difference rests on a formula for the noise of counts, "
        "which never decides alone."
    )
    assert (said in found.reasons["certainty"]) == (inference == "analytic")
    assert "clustered" not in " ".join(found.reasons["certainty"])


def test_without_an_estimate_the_level_is_two() -> None:
    assert judged(planned=None).maryland_level == 2


# Equivalence ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delta", [-0.10, 0.10, -0.5, 0.5])
def test_bounds_of_no_interest_are_symmetric_in_logarithms(delta: float) -> None:
    reach = abs(math.log1p(delta))
    out = Outcome.model_validate({**outcome("count").model_dump(), "direction": "none", "smallest_effect": delta})

    def verdict(low: float, high: float) -> str:
        return by_interval(row(-2.0, 2.0, (low, high)), out, "en")[0]

    assert verdict(-reach + 1e-9, reach - 1e-9) == "no_effect_of_interest"
    assert verdict(-reach - 1e-6, 0) == "uncertain"
    assert verdict(0, reach + 1e-6) == "uncertain"


@pytest.mark.parametrize("scale", ["log_ratio", "difference"])
def test_differences_are_judged_in_percent_of_what_would_have_been(scale: str) -> None:
    out = outcome("rate", direction="decrease", smallest_effect=-0.10)
    near = row(-2.0, 2.0, scale=scale, effect_percent_low_90=-9.9, effect_percent_high_90=9.9)
    far = replace(near, effect_percent_low_90=-11.0)
    assert by_interval(near, out, "en")[0] == "no_effect_of_interest"
    assert by_interval(far, out, "en")[0] == "uncertain"


def test_a_difference_below_minus_all_there_was_is_a_number_like_others() -> None:
    """On the additive scale an interval can lie wholly below −100 %."""
    out = outcome("rate", direction="decrease", smallest_effect=-0.10)
    percents = {"effect_percent_low": -180.0, "effect_percent_high": -120.0}
    inner = {"effect_percent_low_90": -170.0, "effect_percent_high_90": -130.0}
    assert by_interval(row(-9.0, -6.0, scale="difference", **percents, **inner), out, "en")[0] == "effect"


def test_an_effect_without_a_percentage_is_judged_all_the_same() -> None:
    """A mean that would have been 0 or less has no percent of it; only the equivalence test then has no answer."""
    out = outcome("mean", direction="decrease", smallest_effect=-0.10)
    nothing = dict.fromkeys(
        ("effect_percent_low", "effect_percent_high", "effect_percent_low_90", "effect_percent_high_90"), math.nan
    )
    verdict, why = by_interval(row(-9.0, -6.0, scale="difference", **nothing), out, "en")
    assert verdict == "effect"
    assert "nan" not in " ".join(why).lower()


@settings(max_examples=200, deadline=None)
@given(st.floats(-1, 1), st.floats(0.001, 1), st.sampled_from(["decrease", "increase", "none"]), st.floats(0.01, 0.5))
def test_verdict_agrees_with_the_two_intervals(middle: float, half: float, direction: str, delta: float) -> None:
    smallest = -delta if direction == "decrease" else delta
    out = outcome("count", direction=direction, smallest_effect=smallest)
    one = row(middle - half, middle + half)
    verdict, _ = by_interval(one, out, "en")
    excludes = one.ci_low > 0 or one.ci_high < 0
    assert (verdict in {"effect", "effect_opposite"}) == excludes
    if not excludes:
        reach = abs(np.log1p(smallest))
        within = one.ci_low_90 >= -reach and one.ci_high_90 <= reach
        assert verdict == ("no_effect_of_interest" if within else "uncertain")


def test_the_p_value_decides_where_the_hull_of_a_broken_set_holds_zero() -> None:
    """The set of effects that are not rejected may have a gap at 0: the hull then holds 0 though no effect is rejected."""
    broken = row(-0.5, 0.1, p_value=0.05, note="the set is not connected; its hull is shown")
    assert judged(planned=broken).verdict == "effect"


# Replication ------------------------------------------------------------------------------------------------------------


def replication(expected: float | None, tolerance: float = 0.001) -> Study:
    one = plan(study={"replication": "Cheng & Hoekstra (2013)"})
    if expected is None:
        return one
    stated = Expected(outcome="y", estimator="poisson_did", estimate=expected, tolerance=tolerance, source="Table 5")
    return one.model_copy(update={"expected": (stated,)})


def test_a_replication_is_judged_by_the_published_number() -> None:
    planned = replace(FALL, estimate=-0.35)
    same = judged(replication(-0.3505), planned=planned)
    assert same.verdict == "effect"
    assert "was reproduced" in same.reasons["verdict"][0]
    other = judged(replication(-0.36), planned=planned)
    assert other.verdict == "not_interpretable"
    assert "differs" in other.reasons["verdict"][0]
    unknown = judged(replication(None), planned=planned)
    assert "states no number" in unknown.reasons["verdict"][0]


def test_failed_checks_of_a_replication_are_warnings() -> None:
    found = judged(replication(-0.35), checks(pretrend="fail"), replace(FALL, estimate=-0.35))
    assert found.verdict == "effect"
    assert "Warning" in found.reasons["verdict"][-1]
    assert found.certainty == "low"


def test_a_number_expected_of_another_inference_is_not_that_of_the_planned_row() -> None:
    stated = Expected(
        outcome="y", estimator="poisson_did", inference="cluster", estimate=9.0, tolerance=0.001, source="Table 5"
    )
    one = replication(None).model_copy(update={"expected": (stated,)})
    assert "states no number" in judged(one, planned=FALL).reasons["verdict"][0]


# Changing one fact ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["history", "comparison", "pretrend", "staggered", "spillover", "concurrent"])
def test_the_gate_marks_every_row_and_hides_none(name: str) -> None:
    estimates = Estimates((FALL, replace(FALL, planned=False, estimator="did", note="kept")))
    closed = gated(plan(), checks(**{name: "fail"}), estimates)
    assert [one.interpretable for one in closed.rows] == [False, False]
    assert all(f"check failed: {name}" in one.note for one in closed.rows)
    assert closed.rows[1].note.startswith("kept; ")
    assert [one.estimate for one in closed.rows] == [one.estimate for one in estimates.rows]
    assert gated(plan(), checks(), estimates) is estimates
    assert gated(plan(), checks(power="fail"), estimates) is estimates
    warned = gated(replication(-0.35), checks(**{name: "fail"}), estimates)
    assert all(one.interpretable and "warning" in one.note for one in warned.rows)


def test_one_fact_changes_what_its_rule_says_and_nothing_else() -> None:
    base = judged(planned=FALL)
    lottery = judged(plan(measure={"kind": "other", "name": "Prov", **LOTTERY}), planned=FALL)
    assert (base.verdict, base.reasons["verdict"]) == (lottery.verdict, lottery.reasons["verdict"])
    weak = judged(planned=FALL, found=checks(power="fail"))
    assert (base.verdict, base.maryland_level) == (weak.verdict, weak.maryland_level)
    untold = judged(planned=FALL, found=checks(pretrend="not_evaluated"))
    assert base.reasons["verdict"] == untold.reasons["verdict"]
    assert (untold.certainty, untold.maryland_level) == ("low", 2)
    narrow = judged(planned=NARROW)
    assert (base.certainty, base.maryland_level) == (narrow.certainty, narrow.maryland_level)
    assert base.reasons["certainty"] == narrow.reasons["certainty"]


def test_an_uncertain_verdict_is_of_low_certainty() -> None:
    found = judged(plan(measure={"kind": "other", "name": "Prov", **LOTTERY}), planned=WIDE)
    assert (found.verdict, found.certainty, found.maryland_level) == ("uncertain", "low", 5)


@pytest.mark.parametrize(("control", "certainty"), [(FALL, "low"), (RISE, "low"), (NARROW, "high"), (None, "high")])
def test_a_negative_control_that_moved_lowers_certainty(control: EstimateRow | None, certainty: str) -> None:
    first = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "count", "direction": "decrease"}
    second = {**first, "id": "z", "title": "Bedrägerier", "role": "negative_control", "direction": "none"}
    one = plan(outcomes=(first, second), measure={"kind": "other", "name": "Prov", **LOTTERY})
    rows = (FALL,) if control is None else (FALL, replace(control, outcome="z", role="negative_control"))
    found = judge(one, checks(), Estimates(rows)).primary
    assert (found.verdict, found.certainty) == ("effect", certainty)
    assert ("Bedrägerier" in " ".join(found.reasons["certainty"])) == (certainty == "low")


def test_other_outcomes_are_judged_by_their_own_rows_and_written_as_toml() -> None:
    first = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "count", "direction": "decrease"}
    second = {**first, "id": "z", "role": "secondary", "aim": "trygghet", "direction": "increase"}
    one = plan(outcomes=(first, second))
    found = judge(one, checks(), Estimates((FALL, replace(RISE, outcome="z", role="secondary"))))
    assert (found.primary.verdict, found.outcomes["z"].verdict) == ("effect", "effect")
    text = tomllib.loads(found.to_toml())
    assert text["verdict"] == "effect"
    assert text["outcomes"]["z"]["certainty"] == "moderate"
    assert set(text["reasons"]) == {"verdict", "certainty", "maryland_level"}
