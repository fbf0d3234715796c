"""The Goodman-Bacon decomposition against R's bacondecomp and against two-way fixed effects itself."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.designs import treated_first
from tests.reference.test_castle import read, results, wide
from utvardering.data.panel import NEVER
from utvardering.errors import DesignError
from utvardering.estimators.bacon import FORBIDDEN, bacon, forbidden_share, starts_of

PEER = 1e-6  # the tolerance of the reference files; R's numbers agree to about 1e-12
SUM = 1e-8  # as the reference files ask


def data(case: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    frame = read(case)
    y = wide(frame, "unit", "period", "homicide" if case == "castle" else "outcome")
    return (np.log(y) if case == "castle" else y), wide(frame, "unit", "period", "treated")


CASES = [
    ("mpdta", "bacon|", "twfe_static"),
    ("castle", "bacon_ln_homicide|", "twfe_ln_homicide|D|unweighted|state+year"),
    ("divorce", "bacon|excl_AK_HI|", "twfe_female_suicide_per_million|excl_AK_HI|unweighted"),
]


@pytest.mark.parametrize(("case", "prefix", "whole"), CASES, ids=[case[0] for case in CASES])
def test_weights_and_estimates_are_those_of_bacondecomp(case: str, prefix: str, whole: str) -> None:
    """bacondecomp 0.1.1; divorce laws in 49 states, since Alaska and Hawaii of the reference's 51 are not in the data."""
    y, treatment = data(case)
    rows = {row["id"]: row for row in results(case)}
    expected = {
        name.removeprefix(prefix).lower().removesuffix(" treated"): (row["weight"], row["value"])
        for name, row in rows.items()
        if name.startswith(prefix) and "weight" in row
    }
    found = bacon(y, treatment)
    assert {one.comparison.removesuffix(" treated") for one in found} == set(expected)
    for one in found:
        assert (one.weight, one.estimate) == pytest.approx(expected[one.comparison.removesuffix(" treated")], abs=PEER)
    assert sum(one.weight * one.estimate for one in found) == pytest.approx(rows[whole]["value"], abs=SUM)
    assert sum(one.weight for one in found) == pytest.approx(1, abs=SUM)
    forbidden = sum(one.weight for one in found if one.comparison in FORBIDDEN)
    assert forbidden_share(starts_of(treatment), y.shape[1]) == pytest.approx(forbidden, abs=SUM)


def slow(y: NDArray[np.float64], treatment: NDArray[np.float64]) -> float:
    """Two-way fixed effects by demeaning twice."""
    left = treatment - treatment.mean(axis=1, keepdims=True)
    left -= left.mean(axis=0)
    return float((left * y).sum() / (left**2).sum())


@pytest.mark.parametrize("starts", [[2, 4, 4, 6], [0, 3, 5], [1, 1, 7, 7, 7], [0, 0, 4]])
@pytest.mark.parametrize("never", [0, 5])
def test_the_sum_is_two_way_fixed_effects(starts: list[int], never: int) -> None:
    y = np.random.default_rng(5).normal(size=(len(starts) + never, 8))
    treatment = (np.arange(8) >= treated_first(len(y), starts)[:, None]).astype(float)
    found = bacon(y, treatment)
    assert sum(one.weight * one.estimate for one in found) == pytest.approx(slow(y, treatment), abs=1e-12)  # rounding
    assert sum(one.weight for one in found) == pytest.approx(1, abs=1e-12)  # rounding
    assert all(one.weight > 0 for one in found)


def test_a_common_start_has_one_comparison_and_none_forbidden() -> None:
    start = treated_first(6, [3, 3])
    treatment = (np.arange(7) >= start[:, None]).astype(float)
    (only,) = bacon(np.random.default_rng(1).normal(size=(6, 7)), treatment)
    assert (only.comparison, only.weight) == ("treated vs untreated", 1)
    assert forbidden_share(start, 7) == 0


def broken(name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    start = np.array([2, 4, NEVER, NEVER])
    y, treatment = np.random.default_rng(2).normal(size=(4, 6)), (np.arange(6) >= start[:, None]).astype(float)
    if name == "every value":
        y[1, 1] = np.nan
    elif name == "does not end":
        treatment[0, 5] = 0
    elif name == "whole periods":
        treatment[0, 2] = 0.5
    else:
        treatment[:] = 0
    return y, treatment


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("every value", "a value of every unit in every period"),
        ("does not end", "does not end"),
        ("whole periods", "whole periods"),
        ("nobody", "nothing to decompose"),
    ],
)
def test_what_cannot_be_decomposed_is_refused(name: str, said: str) -> None:
    with pytest.raises(DesignError, match=said):
        bacon(*broken(name))
