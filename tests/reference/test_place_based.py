"""The table functions of place-based evaluation against published and recomputed numbers, with the fault each must see.

Sources stand with each case of `place-based.json`: Wheeler & Ratcliffe (2018), Krishnamoorthy & Thomson (2004), Guerette
(2009), Farrington et al. (2007), VanderWeele & Ding (2017). Tolerances are those of the file: the digits that the source
prints.
"""

from __future__ import annotations

import json
import math
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from scipy import stats

from tests.designs import SHARED
from utvardering.estimators.wdd import (
    displacement_difference,
    displacement_quotient,
    poisson_e_test,
    relative_effect_size,
)
from utvardering.robustness.e_value import e_value


def cases(method: str) -> list[Any]:
    path = SHARED / "reference" / "place-based.json"
    reason = "development data are absent: reference/place-based.json beside the repository"
    if not path.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason))]
    listed = json.loads(path.read_text(encoding="utf-8"))
    return [pytest.param(case, id=case["id"]) for case in listed if case["method"] == method]


def test_every_case_of_the_file_is_tried() -> None:
    path = SHARED / "reference" / "place-based.json"
    if not path.exists():
        pytest.skip("development data are absent: reference/place-based.json beside the repository")
    methods = {case["method"] for case in json.loads(path.read_text(encoding="utf-8"))}
    assert methods == {"wdd", "e_test", "guerette", "res", "evalue"}


@pytest.mark.parametrize("case", cases("wdd"))
def test_weighted_displacement_difference(case: dict[str, Any]) -> None:
    given = dict(case["input"])
    level = 1 - given.pop("alpha", 0.05)
    found = displacement_difference(**given_weights(given), level=level)
    named = {
        "est": found.estimate,
        "est_local": found.local,
        "est_displace": found.displacement,
        "se": found.std_error,
        "se_1dp": found.std_error,
        "se_0dp": found.std_error,
        "z": found.z,
        "p_one_tailed": found.p_one_sided,
        "ci": (found.ci_low, found.ci_high),
        "ci_1dp": (found.ci_low, found.ci_high),
    }
    for name, expected in case["expected"].items():
        assert named[name] == pytest.approx(expected, abs=case["tolerance"]), name


def given_weights(given: dict[str, Any]) -> dict[str, Any]:
    """The file names the order of the area weights in its key: control, treated, disp_control, disp_treated."""
    sizes = given.pop("area_weights_c_t_dc_dt", None)
    return {**given, "area_weights": sizes}


@pytest.mark.parametrize("case", cases("e_test"))
def test_poisson_e_test(case: dict[str, Any]) -> None:
    assert poisson_e_test(**case["input"]).p_value == pytest.approx(case["expected"]["p"], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("guerette"))
def test_displacement_quotient(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    pairs = [(given[f"{area}b"], given[f"{area}a"]) for area in "RCD"]
    found = displacement_quotient(*pairs)
    assert found.interpretable
    numbers = {
        "GE": found.gross_effect,
        "NE": found.net_effect,
        "success": found.success,
        "buffer": found.buffer,
        "WDQ": found.quotient,
        "TNE": found.total_net_effect,
    }
    assert numbers == pytest.approx(expected, abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("res"))
def test_relative_effect_size(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expected"]
    found = relative_effect_size((given["a"], given["b"]), (given["c"], given["d"]), given["V"])
    numbers = {
        "RES": found.estimate,
        "LRES": found.log_estimate,
        "var": found.variance,
        "se": found.std_error,
        "z": found.z,
        "lo": found.ci_low,
        "hi": found.ci_high,
        "RIRR": found.rate_ratio,
        "pct": found.percent_fewer,
        "pct_lo": found.percent_low,
        "pct_hi": found.percent_high,
    }
    assert numbers == pytest.approx(expected, abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("evalue"))
def test_e_value(case: dict[str, Any]) -> None:
    assert e_value(case["input"]["rr"]).estimate == pytest.approx(case["expected"]["evalue"], abs=case["tolerance"])


def test_the_order_of_weights_matters() -> None:
    """Exchanging control and treated in area_weights, or before and after in time_weights, gives another number."""
    right = displacement_difference((200, 100), (400, 200), time_weights=(2, 1), area_weights=(2, 1, 1, 1))
    by_hand = (100 / 1 - 200 / 2) - (200 / 2 - 400 / 4)
    assert right.estimate == pytest.approx(by_hand)
    assert right.std_error == pytest.approx(math.sqrt(100 + 200 / 4 + 200 / 4 + 400 / 16))
    assert displacement_difference((200, 100), (400, 200), time_weights=(1, 2)).estimate == pytest.approx(-150 + 300)
    assert displacement_difference((200, 100), (400, 200), area_weights=(1, 2, 1, 1)).estimate == pytest.approx(-50 + 200)


def slow_e_test(k1: int, k2: int, n1: float, n2: float, d: float) -> float:
    """The double sum as the paper writes it."""
    second = max((k1 + k2) / (n1 + n2) - d * n1 / (n1 + n2), 0)

    def statistic(x1: int, x2: int) -> float:
        spread = math.sqrt(x1 / n1**2 + x2 / n2**2)
        difference = x1 / n1 - x2 / n2 - d
        return difference / spread if spread > 0 else (-math.inf if difference < 0 else 0.0)

    seen = abs(statistic(k1, k2))
    total = 0.0
    for x1 in range(120):
        for x2 in range(120):
            if abs(statistic(x1, x2)) >= seen - 1e-12:
                total += stats.poisson.pmf(x1, n1 * (second + d)) * stats.poisson.pmf(x2, n2 * second)
    return total


@pytest.mark.parametrize("case", [(3, 9, 1, 1, 0), (12, 4, 2, 1, 0), (8, 3, 1, 1.5, 2), (1, 0, 1, 1, 2), (0, 0, 1, 1, 1)])
def test_the_e_test_is_the_double_sum_of_the_paper(case: tuple[int, int, float, float, float]) -> None:
    assert poisson_e_test(*case).p_value == pytest.approx(slow_e_test(*case), abs=1e-10)  # the tails left out hold 1e-14


def test_the_e_test_without_events_and_with_many() -> None:
    assert poisson_e_test(0, 0).p_value == 1
    many = poisson_e_test(100_000, 101_000)
    assert many.p_value == pytest.approx(2 * stats.norm.sf(abs(many.z)), rel=1e-3)  # the normal limit


def test_the_e_test_keeps_its_size() -> None:
    """Under equal rates p ≤ .05 in about 5 %: summed over the sample space of means 5 and 5."""
    chance = stats.poisson.pmf(np.arange(25), 5)
    reject = np.array([[poisson_e_test(a, b).p_value <= 0.05 for b in range(25)] for a in range(25)])
    assert 0.03 <= float(chance @ reject @ chance) <= 0.055  # the paper reports sizes up to a little above nominal


@pytest.mark.parametrize(
    ("pairs", "reason"),
    [
        (((100, 100), (100, 100), (50, 40)), "there was no success to displace or to share"),
        (((100, 120), (100, 100), (50, 40)), "there was no success to displace or to share"),
        (((100, 60), (0, 10), (50, 40)), "the control has no events before, so there is no ratio to it"),
        (((100, 60), (10, 0), (50, 40)), "the control has no events after, so there is no ratio to it"),
        (((100, 60), (0, 0), (50, 40)), "the control has no events before and after, so there is no ratio to it"),
    ],
)
def test_a_quotient_without_meaning_says_why(pairs: Any, reason: str) -> None:
    found = displacement_quotient(*pairs)
    assert found.quotient is None
    assert not found.interpretable
    assert found.reason.startswith(reason)
    assert found.gross_effect == pairs[0][0] - pairs[0][1]


def test_a_relative_effect_size_with_inflated_variance_and_its_one_sided_p() -> None:
    plain, inflated = relative_effect_size((100, 50), (100, 100)), relative_effect_size((100, 50), (100, 100), inflation=4)
    assert inflated.std_error == pytest.approx(2 * plain.std_error)
    assert inflated.estimate == plain.estimate
    assert plain.p_one_sided == pytest.approx(plain.p_value / 2)
    assert plain.percent_fewer == pytest.approx(50)


def test_e_values_of_limits() -> None:
    assert e_value(0.8, 0.9).limit == pytest.approx(e_value(0.9).estimate)
    assert e_value(1.5, 1.2).limit == pytest.approx(1.2 + math.sqrt(1.2 * 0.2))
    assert e_value(0.8, 1.1).limit == 1  # the interval holds 1
    assert e_value(1.5, 0.9).limit == 1
    assert e_value(1.0) == e_value(1.0, None)
    assert e_value(1.0, 1.2).limit == 1
    assert e_value(1.0).estimate == 1
    assert e_value(0.5).estimate == pytest.approx(e_value(2.0).estimate)
    assert e_value(2.0).limit is None
    assert e_value(0.0).estimate == math.inf
    assert e_value(math.inf, 2.0).limit == pytest.approx(2 + math.sqrt(2))


def test_results_are_frozen() -> None:
    found = displacement_difference((20, 10), (20, 20))
    with pytest.raises(FrozenInstanceError):
        found.estimate = 0.0  # type: ignore[misc] -- that it cannot be written is what is tested


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: displacement_difference((-1, 2), (3, 4)), "treated needs counts of at least 0, found [-1.0, 2.0]"),
        (lambda: displacement_difference((1, 2, 3), (3, 4)), "treated needs two counts (before, after), found [1.0, 2.0, 3.0]"),
        (lambda: displacement_difference((1, 2), (3, math.nan)), "control needs counts of at least 0, found [3.0, nan]"),
        (
            lambda: displacement_difference((1, 2), (3, 4), disp_treated=(1, 1)),
            "disp_treated and disp_control belong together: give both, or (0, 0) for the one that there is not",
        ),
        (
            lambda: displacement_difference((1, 2), (3, 4), time_weights=(1, 2, 3)),
            "time_weights needs 2 numbers (before, after), found [1.0, 2.0, 3.0]",
        ),
        (
            lambda: displacement_difference((1, 2), (3, 4), area_weights=(1, 2)),
            "area_weights needs 4 numbers (control, treated, disp_control, disp_treated), found [1.0, 2.0]",
        ),
        (
            lambda: displacement_difference((1, 2), (3, 4), area_weights=(1, 0, 1, 1)),
            "area_weights needs numbers above 0, found [1.0, 0.0, 1.0, 1.0]",
        ),
        (lambda: displacement_difference((0, 0), (0, 0)), "every count is 0, so there is nothing to compare"),
        (lambda: displacement_difference((1, 2), (3, 4), level=95), "level needs a number above 0 and below 1, found 95"),
        (lambda: displacement_quotient((1, 2), (3, 4), (5, -6)), "disp_treated needs counts of at least 0, found [5.0, -6.0]"),
        (
            lambda: relative_effect_size((10, 0), (3, 4)),
            "a count of 0 leaves no ratio, found treated (10, 0) and control (3, 4); use longer periods",
        ),
        (lambda: relative_effect_size((10, 1), (3, 4), inflation=0), "inflation needs numbers above 0, found [0.0]"),
        (lambda: poisson_e_test(1.5, 2), "k1 needs a whole number of at least 0, found 1.5"),
        (lambda: poisson_e_test(1, -2), "k2 needs a whole number of at least 0, found -2"),
        (lambda: poisson_e_test(1, 2, n1=0), "(n1, n2) needs numbers above 0, found [0.0, 1.0]"),
        (
            lambda: poisson_e_test(1, 2, d=-1),
            "d needs a number of at least 0, found -1; exchange the two counts to ask for the other direction",
        ),
        (lambda: e_value(-0.5), "rate_ratio needs a ratio of at least 0, found -0.5"),
        (lambda: e_value(0.5, math.nan), "limit needs a ratio of at least 0, found nan"),
    ],
)
def test_what_is_no_count_is_refused(call: Any, said: str) -> None:
    with pytest.raises(ValueError) as fault:  # noqa: PT011 -- the whole text is compared below
        call()
    assert str(fault.value) == said
