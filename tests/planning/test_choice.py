"""Who is chosen by each rule, who is recommended, and what does no choice depend on?"""

from __future__ import annotations

import numpy as np
import pytest

from tests import designs
from utvardering.planning.choice import Compared, asked_for, recommend
from utvardering.planning.differences import Difference
from utvardering.planning.donors import donor_weights
from utvardering.planning.likeness import past_of

from .areas_before import START, course, many, panel, propose, ranks, study


def with_twin() -> np.ndarray:
    """Twenty areas; the last is the first's twin but for a little noise."""
    y = many(20, seed=5)
    y[19] = y[0] + np.random.default_rng(1).normal(0, 0.5, y.shape[1])
    return y


def test_a_twin_ranks_first_and_gets_most_donor_weight() -> None:
    found = propose(with_twin())
    rows = {row.unit: row for row in found.candidates}
    assert ranks(found)["u19"] == 1
    assert rows["u19"].distance < 0.2
    assert rows["u19"].donor_weight > 0.9
    assert sorted(ranks(found).values()) == [0, *range(1, 20)]


def test_a_twin_with_another_season_ranks_behind() -> None:
    rng = np.random.default_rng(8)
    like = [course(100, 0.02, 0.25, 0) + rng.normal(0, 1, 48) for _ in range(6)]
    shifted = course(100, 0.02, 0.25, 6) + rng.normal(0, 1, 48)
    found = propose(np.array([course(100, 0.02, 0.25, 0), shifted, *like]))
    rows = {row.unit: row for row in found.candidates}
    assert ranks(found)["u1"] == 7
    assert rows["u1"].season > 5 * max(rows[f"u{k}"].season for k in range(2, 8))


@pytest.mark.parametrize(("trait", "worse"), [("level", {}), ("trend", {"trend": 0.3}), ("season", {"shift": 6})])
def test_each_trait_sees_its_own_difference(trait: str, worse: dict[str, float]) -> None:
    rng = np.random.default_rng(9)
    plain = {"level": 100, "trend": 0.02, "swing": 0.25}
    rows = [course(**plain), course(**{**plain, **worse}), *(course(**plain) for _ in range(6))]
    y = np.array(rows) + rng.normal(0, 0.5, (8, 48))
    y[1] += 50 * (trait == "level")
    found = propose(y)
    far = next(row for row in found.candidates if row.unit == "u1")
    assert max(("level", "trend", "season"), key=lambda name: getattr(far, name)) == trait
    assert far.rank == 7


def test_nothing_after_the_first_start_matters() -> None:
    """Poison: what comes after the first start is replaced by other numbers, infinite ones too, in every grid and covariate."""
    y, other = with_twin(), with_twin()
    other[:, START:] = 1e9
    other[3, START:] = np.inf
    covariate = np.tile(np.arange(20.0)[:, None], 48)
    poisoned = covariate.copy()
    poisoned[:, START:] = -7
    plan = study(estimation={"estimator": "did", "covariates": ("folk",)})
    clean = panel(y, [START, START + 5], covariates={"folk": covariate})
    bad = panel(other, [START, START + 5], covariates={"folk": poisoned})
    from utvardering.planning.candidates import propose_comparison

    assert repr(propose_comparison(plan, clean)) == repr(propose_comparison(plan, bad))
    assert repr(propose_comparison(plan, clean.before())) == repr(propose_comparison(plan, bad))


def test_the_order_of_the_units_changes_nothing() -> None:
    y = with_twin()
    y[7] = y[11]  # equals, which go by name
    names = tuple(f"n{k:02d}" for k in range(20))
    order = np.random.default_rng(3).permutation(20)
    start = designs.treated_first(20, [START, START])
    role = np.array(["treated"] * 2 + ["comparison"] * 18)

    def proposal(places: np.ndarray):
        grid = designs.grid(y[places], start[places], calendar="month")
        units = tuple(names[k] for k in places)
        one = designs.panel({"y": grid}, role[places].tolist())
        from dataclasses import replace

        from utvardering.planning.candidates import propose_comparison

        return propose_comparison(study(), replace(one, units=units, labels=units))

    straight, mixed = proposal(np.arange(20)), proposal(order)
    assert straight.text == mixed.text
    assert ranks(straight) == ranks(mixed)
    for rule in straight.rules:
        assert sorted(rule.units) == sorted(mixed[rule.choice].units)
        assert rule.held_out_error == pytest.approx(mixed[rule.choice].held_out_error)


def test_the_scale_and_the_zero_of_a_mean_change_nothing_in_the_choice() -> None:
    y = with_twin()
    plain, scaled = propose(y), propose(1000 * y - 5e4)
    assert ranks(plain) == ranks(scaled)
    assert [rule.units for rule in plain.rules] == [rule.units for rule in scaled.rules]
    for one, other in zip(plain.candidates, scaled.candidates, strict=True):
        assert one.distance == pytest.approx(other.distance, nan_ok=True)
    for one, other in zip(plain.balance, scaled.balance, strict=True):
        assert one.standardised_difference == pytest.approx(other.standardised_difference)


def test_the_scale_of_an_exposure_changes_nothing_in_the_choice() -> None:
    y = np.round(with_twin() * 10)
    size = np.random.default_rng(2).uniform(1e3, 1e4, (20, 1)) * np.ones(y.shape)
    plan = study("count", outcome={"exposure": "folk"})
    assert ranks(propose(y, plan=plan, exposure=size)) == ranks(propose(y, plan=plan, exposure=100 * size))


def test_each_treated_gets_its_own_and_none_is_taken_twice() -> None:
    low = [course(50, 0.01, 0.2), course(200, 0.01, 0.2)]
    rest = [course(level, 0.01, 0.2) for level in (51, 49, 201, 198, 120, 121, 122, 119, 118)]
    y = np.array(low + rest) + np.random.default_rng(6).normal(0, 0.2, (11, 48))
    plan = study(checks={"min_comparison_units": 4})
    found = propose(y, [START, START], plan)
    assert set(found["matched"].units) == {"u2", "u3", "u4", "u5"}
    assert set(found["nearest"].units) != set(found["matched"].units)


def test_groups_are_a_rule_where_the_study_has_them() -> None:
    y = many(12, seed=3)
    alike = np.array([True, False, True, True, True, True, True, True] + [False] * 4)
    roles = ["treated", *["comparison"] * 9, "excluded", "neighbour"]
    found = propose(y, roles=roles, alike=alike)
    assert found["group"].units == ("u2", "u3", "u4", "u5", "u6", "u7")
    assert [rule.choice for rule in found.rules] == ["planned", "group", "nearest", "matched", "donors"]
    assert [rule.choice for rule in propose(y, roles=roles).rules] == ["planned", "nearest", "matched", "donors"]


def test_donors_are_those_of_the_exact_mixture() -> None:
    y = many(10, seed=7)
    y[0] = 0.6 * y[3] + 0.4 * y[8]
    past = past_of(panel(y, [START]).before(), designs.outcome())
    weights = donor_weights(past, np.arange(10) == 0, np.arange(10) > 0)
    assert weights is not None
    assert weights[[3, 8]] == pytest.approx([0.6, 0.4], abs=1e-6)  # the ridge that decides between equals
    assert weights.sum() == pytest.approx(1)


def test_donors_with_gaps_are_left_out_and_too_little_gives_none() -> None:
    y = many(10, seed=7)
    y[0] = 0.6 * y[3] + 0.4 * y[8]
    y[3, 4] = np.nan
    past = past_of(panel(y, [START]).before(), designs.outcome())
    treated = np.arange(10) == 0
    weights = donor_weights(past, treated, ~treated)
    assert weights is not None
    assert weights[3] == 0
    y[1:, 5] = np.nan
    assert donor_weights(past_of(panel(y, [START]).before(), designs.outcome()), treated, ~treated) is None
    flat = past_of(panel(np.ones((4, 40)), [START]).before(), designs.outcome())
    assert donor_weights(flat, np.arange(4) == 0, np.arange(4) > 0) is None


@pytest.mark.parametrize(
    ("minimum", "planned", "treated", "n", "each"), [(19, 0, 1, 19, 19), (19, 0, 5, 19, 4), (19, 30, 5, 30, 6), (5, 0, 8, 8, 1)]
)
def test_how_many_are_asked_for(minimum: int, planned: int, treated: int, n: int, each: int) -> None:
    assert asked_for(minimum, planned, treated) == (n, each)


def compared(name: str, n_units: int, largest: float, error: float) -> Compared:
    return Compared(name, n_units, (), Difference("y", 0, 0, largest), error)


NAN = float("nan")


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("planned", 20, 0.1, 0.100), ("nearest", 20, 0.1, 0.095)], "planned"),  # within a tenth
        ([("planned", 20, 0.1, 0.100), ("nearest", 20, 0.1, 0.080)], "nearest"),
        ([("planned", 20, 0.1, 0.100), ("nearest", 20, -0.3, 0.080)], "planned"),  # beyond the limit
        ([("planned", 20, 0.9, 0.100), ("nearest", 20, -0.3, 0.080)], "nearest"),  # all beyond it
        ([("planned", 20, 0.1, 0.100), ("donors", 7, 0.1, 0.010)], "planned"),  # too few
        ([("planned", 9, 0.1, 0.100), ("donors", 7, 0.1, 0.010)], "donors"),  # all too few
        ([("nearest", 20, 0.1, NAN), ("group", 20, 0.1, NAN)], "group"),  # untried: by order
        ([("nearest", 20, 0.1, 0.1), ("group", 20, 0.1, NAN)], "nearest"),
        ([("nearest", 20, NAN, 0.1), ("group", 20, 0.1, 0.3)], "group"),  # an unknown difference is beyond the limit
        ([("donors", 20, 0.1, 0.1), ("matched", 20, 0.1, 0.1), ("nearest", 20, 0.1, 0.1)], "nearest"),
    ],
)
def test_one_is_recommended_by_the_stated_rule(rows: list[tuple[str, int, float, float]], expected: str) -> None:
    best = recommend(tuple(compared(*row) for row in rows), 19, 0.25)
    assert best is not None
    assert best.name == expected


def test_nothing_is_recommended_where_there_is_nothing() -> None:
    assert recommend((), 19, 0.25) is None
