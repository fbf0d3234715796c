"""A treated unit far outside the sizes of the comparison is refused before any placebo test."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.designs import grid, outcome, panel, sample, study, treated_first
from utvardering.checks.plan import refuse_hopeless
from utvardering.errors import DesignError, StudyError
from utvardering.estimators.comparable import without_comparable
from utvardering.estimators.estimate import estimate_effects

START = treated_first(25, [6])
COUNT = {"outcomes": ({**outcome("count").model_dump(exclude_none=True), "direction": "decrease"},)}


def counts(size: float) -> np.ndarray:
    """Counts of about 50 to 98 in the comparison, and of `size` in the treated unit."""
    y = np.random.default_rng(1).poisson(np.repeat(np.arange(50, 100, 2)[:, None], 12, axis=1)).astype(float)
    y[0] = np.round(size * (1 + 0.01 * np.arange(12)))
    return y


@pytest.mark.parametrize(("size", "alone"), [(30, True), (45, False), (120, False), (400, True)])
def test_half_as_large_again_is_the_limit(size: float, alone: bool) -> None:  # noqa: FBT001 -- a case of the table
    assert bool(without_comparable(sample(counts(size), START), counts=True)) is alone


def test_exposure_is_the_size_where_there_is_one() -> None:
    one = sample(counts(400), START)
    same = replace(one, grid=replace(one.grid, exposure=np.full(one.y.shape, 1000.0)))
    assert without_comparable(same, counts=True) == ()
    assert without_comparable(one, counts=False) == ()


def test_the_plan_is_refused_with_its_reason() -> None:
    treated = panel({"y": grid(counts(400), START)}, ["treated", *["comparison"] * 24])
    plan = study(estimation={"estimator": "poisson_did"}, **COUNT)
    with pytest.raises(StudyError) as refused:
        refuse_hopeless(plan, treated)
    (problem,) = refused.value.problems
    assert problem.message == (
        '"u0" has no comparable unit: its size before the start is 410, and the comparison units reach from 54 to 105; a '
        "placebo test would hold it against units that vary in another way. Name comparison units of its size"
    )
    with pytest.raises(DesignError, match='y: "u0" has no comparable unit'):
        estimate_effects(plan, treated)


def test_a_clustered_plan_goes_on_without_a_placebo_test_beside() -> None:
    treated = panel({"y": grid(counts(400), START)}, ["treated", *["comparison"] * 24])
    plan = study(estimation={"estimator": "did", "inference": "cluster"}, **COUNT)
    refuse_hopeless(plan, treated)
    assert {row.inference for row in estimate_effects(plan, treated).rows} == {"cluster"}
