"""How often does the planned analysis see an effect where nothing was done?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.checks.pasts import N_BEFORE, a_design, a_study, means
from utvardering.checks.dependent_rate import Rate
from utvardering.checks.false_positives import alarms, false_positives, judged, rates
from utvardering.checks.power import planned_analysis


def test_a_clustered_plan_with_one_treated_fails_and_a_placebo_test_does_not() -> None:
    y = means(spread=5, n_units=60, n_periods=30)
    clustered = false_positives(a_design(y, [26], a_study(estimation={"inference": "cluster"})))
    placebo = false_positives(a_design(y, [26]))
    assert clustered.verdict == "fail"
    assert clustered.value > 0.4
    assert placebo.verdict == "pass"
    assert placebo.value <= 0.12
    assert "independent draws" in clustered.text


def test_too_short_a_past_and_too_few_draws_are_not_evaluated() -> None:
    assert false_positives(a_design(means(n_periods=9), [7])).verdict == "not_evaluated"
    few = false_positives(a_design(means(n_units=12), [N_BEFORE] * 4, a_study(checks={"min_comparison_units": 5})))
    assert few.verdict == "not_evaluated"
    assert "only" in few.text


@pytest.mark.parametrize(
    ("low", "effective", "verdict"), [(0.11, 50, "fail"), (0.10, 50, "pass"), (0.5, 19.9, "not_evaluated"), (0.0, 20, "pass")]
)
def test_only_a_lower_bound_beyond_the_limit_fails(low: float, effective: float, verdict: str) -> None:
    assert judged(Rate(0.3, low, 0.9, 200, effective), 0.10) == verdict


def test_a_try_is_the_same_in_whatever_part_it_is_made() -> None:
    analysis = planned_analysis(a_design(means(), [N_BEFORE] * 2))
    whole = alarms(analysis, 8, 4, 2, range(20))
    parts = [alarms(analysis, 8, 4, 2, range(first, first + 5)) for first in range(0, 20, 5)]
    np.testing.assert_array_equal(whole.units, np.concatenate([part.units for part in parts]))
    np.testing.assert_array_equal(whole.rejects, np.concatenate([part.rejects for part in parts]))
    assert rates([whole], 4) == rates(parts, 4)


def test_an_interval_holds_zero_where_the_test_does_not_reject() -> None:
    for inference in ("cluster", "randomization"):
        plan = a_study(estimation={"inference": inference})
        one = alarms(planned_analysis(a_design(means(), [N_BEFORE] * 2, plan)), 8, 4, 2, range(40))
        np.testing.assert_array_equal(one.holds, ~one.rejects)
