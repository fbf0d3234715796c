"""What a measure cost: every number by hand, invariances, and what is shown under which verdict."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from tests.designs import grid, panel, study, treated_first
from tests.synthesis.cost_by_hand import costs_by_hand
from tests.synthesis.test_verdict import row as estimated
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.outputs import write_table
from utvardering.process.dose import Dose
from utvardering.study.model import Study
from utvardering.synthesis.cost import (
    CostRow,
    Costs,
    against,
    break_even_share,
    cost_over,
    per_avoided,
    price_factor,
    yearly_cost,
)
from utvardering.synthesis.cost_facts import CostFacts, Followed, cost_facts
from utvardering.synthesis.cost_rows import costs
from utvardering.synthesis.verdict import VERDICTS, Judgement, Verdict

WORTH = {"event_cost": 20_000.0, "event_cost_source": "Påhittat", "event_cost_year": 2010, "price_year": 2010}
COUNT = {"kind": "count", "direction": "decrease", "exposure": "folkmangd", "smallest_effect": -0.1}
FALL = estimated(
    -0.3, -0.1, effect_units=-60.0, effect_units_low=-90.0, effect_units_high=-30.0, n_periods_after=24, n_treated=2
)
amounts = st.floats(1, 1e9)
changes = st.floats(-1e6, -1e-3)


def plan(outcome: dict[str, Any] | None = None, **cost: Any) -> Study:
    """A study of two town centres with monthly counts from 2010 on, and its cost."""
    stated = {"amount": 1_000_000.0, "price_year": 2010, "source": "Bokslut", **cost}
    one = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", **COUNT, **(outcome or {})}
    return study(
        measure={"kind": "other", "name": "Prov", "cost": stated},
        outcomes=(one,),
        period={"unit": "month", "first": pd.Timestamp(2010, 1, 1).date(), "last": pd.Timestamp(2012, 12, 31).date()},
        report={"language": "en"},
    )


def judged(verdict: str = "effect", beside: str | None = None) -> Verdict:
    return Verdict(Judgement(verdict, "moderate", 3, {}, override=SimpleNamespace(verdict=beside) if beside else None))  # type: ignore[arg-type] -- all that is read of an override


def town(starts: tuple[int, int] = (12, 12), people: float = 4000.0) -> Any:
    y = np.full((4, 36), 10.0)
    return panel(
        {"y": grid(y, treated_first(4, list(starts)), calendar="month", exposure=np.full(y.shape, people))},
        ["treated", "treated", "comparison", "comparison"],
    )


def found(one: Study, row: EstimateRow | None = FALL, verdict: str = "effect", **parts: Any) -> dict[str, CostRow]:
    """Item to row, for a study of one outcome."""
    facts = parts.pop("facts", None) or cost_facts(one, town(**parts))
    return {item.item: item for item in costs(one, facts, Estimates((row,) if row else ()), judged(verdict)).rows}


LOG = pd.DataFrame(
    [(unit, f"2011-W{week:02d}", 40.0, 30.0) for unit in ("u0", "u1") for week in range(1, 53)],
    columns=["unit", "week", "planned_hours", "delivered_hours"],
)


@pytest.mark.parametrize(
    ("cost", "log"),
    [
        ({}, False),
        ({**WORTH, "covers": "each"}, True),
        ({**WORTH, "per": "once"}, True),
        (
            {**WORTH, "per": "once", "lifetime": 20.0, "dose_unit": "lamp", "dose_planned": 180.0, "dose_delivered": 172.0},
            False,
        ),
        ({**WORTH, "event_cost_year": 2008, "price_index": {"2008": 90.0, "2010": 99.0}, "price_index_source": "Prov"}, True),
    ],
)
@pytest.mark.parametrize("high", [-30.0, 5.0])
def test_every_number_follows_by_hand(tmp_path: Path, cost: dict[str, Any], log: bool, high: float) -> None:  # noqa: FBT001 -- a column of the table above
    one, row = plan(**cost), replace(FALL, effect_units_high=high)
    spent = costs(one, cost_facts(one, town(), Dose(LOG) if log else None), Estimates((row,)), judged())
    file = one.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"folder", "lines", "expected", "truth"})
    (tmp_path / "study.toml").write_text(tomlkit.dumps(file), encoding="utf-8")
    write_table(pd.DataFrame([asdict(row)]), tmp_path / "estimates.csv")
    write_table(spent.to_frame(), tmp_path / "cost.csv")
    if log:
        write_table(LOG, tmp_path / "dose.csv")
    by_hand = costs_by_hand(tmp_path)
    shown = {(item.item, item.outcome): item for item in spent.rows if item.status == "shown" and item.item != "prices"}
    assert by_hand.keys() == shown.keys()
    for key, numbers in by_hand.items():
        assert numbers == pytest.approx((shown[key].value, shown[key].low, shown[key].high), rel=1e-12, nan_ok=True), key
    assert ("per_avoided_event", "y") in shown
    assert {item.divisor for item in spent.rows if item.item == "per_inhabitant"} == {8000.0}
    assert {item.divisor for item in spent.rows if item.item == "break_even_share"} <= {240.0}


def test_the_ends_of_the_interval_change_places_and_one_is_open_where_none_may_have_been_avoided() -> None:
    assert per_avoided(1000.0, -10.0, -20.0, -5.0) == (100.0, 50.0, 200.0)
    assert per_avoided(1000.0, -10.0, -20.0, 0.0) == (100.0, 50.0, math.inf)
    assert per_avoided(1000.0, -10.0, -math.inf, 3.0) == (100.0, 0.0, math.inf)
    said = found(plan(), replace(FALL, effect_units_high=2.0))["per_avoided_event"]
    assert said.high == math.inf
    assert said.text.endswith("There is no upper limit, since the effect may be zero. No cost is then too high to be true.")


@given(amounts, st.floats(0.1, 10), changes)
def test_another_currency_scales_every_amount_and_no_number_of_events(amount: float, rate: float, change: float) -> None:
    ends = sorted([change, change / 2, change * 2])
    one, other = (per_avoided(amount * factor, ends[1], ends[0], ends[2]) for factor in (1.0, rate))
    assert other == pytest.approx([rate * value for value in one])
    assert one[1] <= one[0] <= one[2]
    worth = amount / 50
    assert amount * rate / (worth * rate) == pytest.approx(amount / worth)
    small, large = (found(plan(**{**WORTH, "amount": amount * k, "event_cost": worth * k})) for k in (1.0, rate))
    for item in ("per_year", "total", "per_inhabitant", "per_avoided_event", "event_cost"):
        assert large[item].value == pytest.approx(rate * small[item].value), item
    for item in ("break_even_events", "break_even_share", "avoided_events"):
        assert large[item].value == pytest.approx(small[item].value), item


@given(amounts, st.floats(0.5, 20))
def test_twice_as_many_years_cost_twice_as_much_and_a_year_the_same(amount: float, years: float) -> None:
    cost = plan(amount=amount).measure.cost
    assert cost is not None
    assert cost_over(cost, 2, 2 * years) == pytest.approx(2 * cost_over(cost, 2, years))
    assert yearly_cost(cost, 2) == amount
    assert cost_over(cost.model_copy(update={"per": "once"}), 2, years) == amount


@given(st.floats(0.01, 1e5), st.floats(0, 1e6))
def test_the_fall_at_which_it_pays_is_that_of_the_events_it_must_avoid(needed: float, counted: float) -> None:
    share = break_even_share(needed, counted)
    assert 0 < share <= 1
    assert (counted + needed) * (1 - share) == pytest.approx(counted, abs=1e-6)


def test_areas_bear_equal_parts_from_their_own_starts() -> None:
    one = found(plan(), starts=(12, 24))
    assert one["total"].value == pytest.approx(1_000_000 * 1.5)
    assert one["total"].text == (
        "1\u00a0million kronor times 1.5 years with the measure on average. Each area bears an equal part, from its own start."
    )
    assert found(plan(covers="each"))["per_year"].value == 2_000_000


SHOWN = {
    "effect": ("shown", ""),
    "effect_opposite": ("not_shown", "not_effect"),
    "no_effect_of_interest": ("not_shown", "not_effect"),
    "uncertain": ("not_shown", "not_effect"),
    "not_interpretable": ("not_shown", "not_effect"),
    "not_implemented": ("not_shown", "not_effect"),
}


@pytest.mark.parametrize("verdict", VERDICTS)
def test_an_avoided_event_has_a_cost_with_one_verdict_only_and_the_break_even_with_any(verdict: str) -> None:
    rows = found(plan(**WORTH), verdict=verdict)
    for item in ("per_avoided_event", "avoided_events"):
        assert (rows[item].status, rows[item].reason) == SHOWN[verdict], item
        assert math.isnan(rows[item].value) == (verdict != "effect")
    for item in ("break_even_events", "break_even_share", "break_even_smallest", "event_cost"):
        assert rows[item].status == "shown", item
    assert rows["break_even_events"].text.endswith("The number says nothing of how many were avoided.")


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ({"outcome": {"kind": "mean", "exposure": ""}}, "not_count"),
        ({"outcome": {"direction": "increase", "smallest_effect": 0.1}}, "not_decrease"),
        ({"replication": True}, "replication"),
        ({"beside": "uncertain"}, "overridden"),
        ({"row": None}, "no_estimate"),
        ({"row": replace(FALL, interpretable=False)}, "no_estimate"),
        ({"row": replace(FALL, effect_units=math.nan)}, "no_units"),
        ({"row": replace(FALL, effect_units=3.0)}, "none_avoided"),
    ],
)
def test_why_an_avoided_event_has_no_cost(parts: dict[str, Any], reason: str) -> None:
    one = plan(parts.get("outcome"))
    if parts.get("replication"):
        one = one.model_copy(update={"study": one.study.model_copy(update={"replication": "Ett arbete"})})
    row = parts.get("row", FALL)
    estimates = Estimates((row,) if row else ())
    rows = costs(one, cost_facts(one, town()), estimates, judged("effect", parts.get("beside"))).rows
    said = next(item for item in rows if item.item == "per_avoided_event")
    assert (said.reason, said.status) == (reason, "not_evaluated" if reason in {"no_estimate", "no_units"} else "not_shown")
    assert math.isnan(said.value)
    assert said.text


def test_a_verdict_that_somebody_raised_to_an_effect_shows_no_cost() -> None:
    one = plan()
    rows = costs(one, cost_facts(one, town()), Estimates((FALL,)), judged("uncertain", "effect")).rows
    assert next(item for item in rows if item.item == "per_avoided_event").reason == "not_effect"


@pytest.mark.parametrize(("limit", "answer"), [(10.0, "pays"), (20.0, "open"), (50.0, "does_not_pay")])
def test_a_break_even_lies_below_within_or_above_the_interval(limit: float, answer: str) -> None:
    rows = found(plan(**{**WORTH, "event_cost": 1_000_000 / limit}))
    assert rows["break_even_events"].value == pytest.approx(limit)
    assert (rows["avoided_events"].low, rows["avoided_events"].high) == (15.0, 45.0)
    assert rows["avoided_events"].answer == answer == against(limit, 15.0, 45.0)


def test_prices_of_different_years_are_not_put_together_without_an_index() -> None:
    apart = found(plan(**{**WORTH, "event_cost_year": 2008}))
    assert (apart["event_cost"].status, apart["event_cost"].reason) == ("not_shown", "price_years")
    assert "break_even_events" not in apart
    index = {"price_index": {"2008": 80.0, "2010": 100.0}, "price_index_source": "Prov"}
    assert found(plan(**{**WORTH, "event_cost_year": 2008, **index}))["event_cost"].value == 25_000
    assert math.isnan(price_factor({"2008": 80.0}, 2008, 2010))


@pytest.mark.parametrize(
    ("year", "status", "reason"), [(None, "warning", "missing"), (2009, "warning", "outside"), (2012, "shown", "")]
)
def test_a_price_year_is_missing_or_outside_the_follow_up(year: int | None, status: str, reason: str) -> None:
    said = found(plan(price_year=year))["prices"]
    assert (said.status, said.reason) == (status, reason)


def test_few_persons_are_told_by_no_cost() -> None:
    one = plan().model_copy(update={"study": plan().study.model_copy(update={"design": "individuals"})})
    shown, hidden = (
        {row.item: row for row in costs(one, CostFacts(units=n, of_persons=True), Estimates((FALL,)), judged()).rows}
        for n in (60.0, math.nan)
    )
    assert (shown["per_person"].value, shown["per_person"].unit) == (pytest.approx(1_000_000 / 60), "SEK/person/year")
    assert (hidden["per_person"].status, hidden["per_person"].reason) == ("not_evaluated", "few_persons")
    assert shown["total"].reason == "no_calendar"


def test_events_that_count_too_few_persons_give_no_share() -> None:
    one = plan({"counts": "persons"}, **WORTH)
    rows = found(one, facts=CostFacts(units=2, followed={"y": Followed(2.0, few=True)}))
    assert (rows["break_even_share"].status, rows["break_even_share"].reason) == ("not_evaluated", "few_events")


def test_a_week_counts_for_each_area_in_the_log_and_once_where_there_are_none() -> None:
    whole = cost_facts(plan(), town(), Dose(LOG.iloc[:78])).dose  # a year in one area, half a year in the other
    alone = cost_facts(plan(), None, Dose(LOG)).dose
    assert whole is not None
    assert alone is not None
    assert whole.years == pytest.approx(0.75 * 52 * 7 / 365.25)
    assert alone.years == pytest.approx(52 * 7 / 365.25)


def test_a_study_without_a_cost_has_no_rows() -> None:
    assert costs(study(), CostFacts()) == Costs(())
