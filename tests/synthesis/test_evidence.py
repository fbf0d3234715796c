"""Which results may be pooled with which? Each rule by itself, on studies that do not exist."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.synthesis.made_up import finding
from utvardering.synthesis.evidence import POOLED_COLUMNS, WHY_NOT, weigh
from utvardering.synthesis.findings import NAN, Area
from utvardering.synthesis.pooling import pool

THREE = [finding("a", estimate=-0.2), finding("b", std_error=0.2), finding("c", estimate=0.05)]


def why_not(*more):
    """Why the results after the three that are pooled are not; `pooled` for those that are."""
    return [one.why_not or "pooled" for one in weigh([*THREE, *more]).listed[3:]]


def test_three_alike_are_pooled_by_both_models():
    found = weigh(THREE)
    [group] = found.groups
    same = pool(np.array([-0.2, -0.1, 0.05]), np.array([0.1, 0.2, 0.1]))
    assert (group.pooled.fixed, group.pooled.random, group.k) == (same.fixed, same.random, 3)
    assert [one.pooled for one in found.listed] == [True, True, True]
    assert sum(one.weight_random for one in found.listed) == pytest.approx(1)
    assert group.verdict == "uncertain"
    assert group.warnings == ("few", "untested")
    assert len(group.without) == 3


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("pooled", {}),
        ("pooled", {"verdict": "uncertain"}),
        ("pooled", {"verdict": "no_effect_of_interest"}),
        ("pooled", {"verdict": "effect_opposite", "estimate": 0.3}),
        ("not_interpretable", {"verdict": "not_interpretable", "estimate": NAN}),
        ("not_interpretable", {"verdict": "not_interpretable"}),
        ("not_implemented", {"verdict": "not_implemented"}),
        ("no_estimate", {"estimate": NAN}),
        ("process", {"aim": "process"}),
        ("replication", {"replication": "Ek (2020)"}),
        ("no_randomized_error", {"std_error": NAN}),
        ("unit_unknown", {"scale": "difference"}),
        ("measure_unknown", {"measure": "other", "measure_name": ""}),
        ("alone", {"aim": "ordning"}),
        ("alone", {"aim": "trygghet"}),
        ("alone", {"measure": "belysning"}),
        ("alone", {"scale": "difference", "unit": "share"}),
        ("alone", {"estimand": "wdd"}),
        ("alone", {"direction": "increase"}),
        ("alone", {"simulated": False}),
    ],
)
def test_one_fact_decides_whether_a_result_is_pooled(rule, changes):
    assert why_not(finding("d", **changes)) == [rule]
    assert rule == "pooled" or rule in WHY_NOT


def test_two_are_listed_side_by_side_without_a_pooled_number():
    found = weigh(THREE[:2])
    assert [(one.pooled, one.why_not) for one in found.listed] == [(False, "two"), (False, "two")]
    row = found.pooled_frame().iloc[0]
    assert row["k"] == 2
    assert row[["fixed", "random", "prediction_low", "tau2", "i2"]].isna().all()
    assert row["verdict"] == ""
    assert found.without_frame().empty


def test_ratios_and_differences_are_never_in_one_group():
    shares = [finding(name, scale="difference", unit="share", estimate=0.02, std_error=0.01) for name in "def"]
    found = weigh([*THREE, *shares])
    assert sorted((group.scale, group.k) for group in found.groups) == [("difference", 3), ("log_ratio", 3)]


def test_a_study_counts_with_one_outcome_for_each_aim_chosen_by_the_plan():
    """The primary one although the other is larger and surer; the first in the plan where none is primary."""
    second = finding("d", role="secondary", outcome="rån", estimate=-0.9, std_error=0.01)
    assert why_not(second, finding("d")) == ["other_outcome", "pooled"]
    first = finding("d", role="secondary", outcome="stöld")
    assert why_not(first, second) == ["pooled", "other_outcome"]


def test_an_area_is_counted_once():
    """The same unit at the same time: the stronger design stays, then the locked plan, then the larger study, then by name."""
    mine = (Area("centrum", 2022.0, 2024.0),)
    weak = finding("d", areas=(Area("centrum", 2023.5, 2025.0),), maryland_level=2, estimate=-0.9)
    strong = finding("e", areas=(Area("annat", 2022.0, 2024.0), *mine), maryland_level=3, estimate=0.0)
    assert why_not(weak, strong) == ["same_area", "pooled"]
    locked = finding("f", areas=mine, registered=True)
    assert why_not(strong, locked) == ["same_area", "pooled"]
    large = finding("g", areas=mine, n_treated=40)
    assert why_not(finding("d", areas=mine), large) == ["same_area", "pooled"]
    assert why_not(finding("d", areas=mine), finding("e", areas=mine)) == ["pooled", "same_area"]
    later = finding("h", areas=(Area("centrum", 2024.0, 2026.0),))
    assert why_not(finding("d", areas=mine), later) == ["pooled", "pooled"]
    other_aim = finding("i", areas=mine, aim="ordning")
    assert why_not(finding("d", areas=mine), other_aim) == ["pooled", "alone"]


def test_simulated_studies_make_a_group_of_their_own_that_says_so():
    real = [finding(name, simulated=False) for name in "def"]
    rows = weigh([*THREE, *real]).pooled_frame()
    assert list(rows["simulated"]) == [False, True]
    assert list(rows["k"]) == [3, 3]


def test_other_measures_are_pooled_by_their_name():
    named = [
        finding(name, measure="other", measure_name=title)
        for name, title in zip("defg", ["Vakt", "vakt ", "Vakt", "Rond"], strict=True)
    ]
    assert why_not(*named) == ["pooled", "pooled", "pooled", "alone"]


@pytest.mark.parametrize(
    ("direction", "sign", "verdict"),
    [
        ("decrease", -1, "effect"),
        ("decrease", 1, "effect_opposite"),
        ("increase", 1, "effect"),
        ("increase", -1, "effect_opposite"),
    ],
)
def test_the_verdict_of_a_group_follows_the_interval_of_random_effects(direction, sign, verdict):
    alike = [finding(name, estimate=0.5 * sign, std_error=0.05, direction=direction) for name in "defgh"]
    assert weigh(alike).groups[0].verdict == verdict


def test_ten_studies_are_tried_for_small_study_effects():
    many = [finding(f"s{n}", estimate=-0.05 * n, std_error=0.05 + 0.04 * n, n_treated=2) for n in range(10)]
    [group] = weigh(many).groups
    assert "untested" not in group.warnings
    assert {"asymmetric", "small"} <= set(group.warnings)
    assert math.isfinite(weigh(many).pooled_frame().iloc[0]["egger_p"])


def test_the_promised_columns_come_first():
    assert POOLED_COLUMNS[:14] == (
        *("measure", "aim", "scale", "k", "fixed", "fixed_low", "fixed_high", "random", "random_low", "random_high"),
        *("prediction_low", "prediction_high", "tau2", "i2"),
    )


def test_the_order_of_studies_changes_nothing():
    more = [*THREE, finding("d", areas=THREE[0].areas), finding("e", aim="ordning")]
    one, other = weigh(more), weigh(more[::-1])
    assert one.pooled_frame().drop(columns="tau2").round(12).equals(other.pooled_frame().drop(columns="tau2").round(12))
    assert {label.finding.study: label.why_not for label in one.listed} == {
        label.finding.study: label.why_not for label in other.listed
    }
