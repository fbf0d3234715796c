"""What is proposed, written and said?"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests import designs
from utvardering.data.panel import LeftOut
from utvardering.errors import DesignError
from utvardering.planning.candidates import propose_comparison

from .areas_before import START, course, many, panel, propose, study


def test_the_files_have_their_columns_and_only_the_past(tmp_path: Path) -> None:
    found = propose(many(12))
    found.write(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "before.csv",
        "candidates.csv",
        "choice.json",
        "design_balance.csv",
    ]
    frames = {name: pd.read_csv(tmp_path / f"{name}.csv") for name in ("candidates", "design_balance", "before")}
    assert list(frames["candidates"]) == (
        [
            "study",
            "unit",
            "label",
            "role",
            "level",
            "trend",
            "season",
            "covariates",
            "distance",
            "rank",
            "donor_weight",
            "planned",
            "reason",
        ]
    )
    assert list(frames["design_balance"]) == (
        ["study", "choice", "n_comparison", "variable", "treated", "comparison", "standardised_difference"]
    )
    assert list(frames["before"]) == ["study", "outcome", "choice", "period", "treated", "comparison"]
    assert set(frames["before"]["period"]) == {f"{year}-{month:02d}" for year in (2010, 2011, 2012) for month in range(1, 13)}
    choice = json.loads((tmp_path / "choice.json").read_text(encoding="utf-8"))
    assert sorted(choice) == ["choices", "decided_by", "recommended", "rule", "text", "units"]
    assert choice["units"] == choice["choices"][choice["recommended"]]["units"]
    again = tmp_path / "again"
    again.mkdir()
    propose(many(12)).write(again)
    for path in again.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_an_empty_list_of_units_has_its_columns_too(tmp_path: Path) -> None:
    found = propose(many(3), [START] * 3)
    assert (found.recommended, found.rules) == ("", ())
    assert (
        found.text
        == "There is no unit to compare with: all are treated, neighbours, excluded or without data before the start."
    )
    found.write(tmp_path)
    assert (tmp_path / "before.csv").read_text(encoding="utf-8") == "study,outcome,choice,period,treated,comparison\n"
    assert len(pd.read_csv(tmp_path / "candidates.csv")) == 3


def test_every_unit_has_its_role_and_its_reason() -> None:
    y = many(12)
    y[3, :START] = np.nan
    roles = ["treated", *["comparison"] * 7, "unused", "unused", "neighbour", "excluded"]
    out = (
        LeftOut("u11", "", "", "Slogs ihop."),
        LeftOut("u8", "", "", "not named in the study"),
        LeftOut("u8", "2010-02", "y", "x"),
    )
    covariates = {"folk": np.where(np.arange(12)[:, None] == 9, np.nan, 1.0 + np.arange(12)[:, None]) * np.ones(y.shape)}
    ring = np.array([0] * 10 + [2, 0])
    plan = study(estimation={"estimator": "did", "covariates": ("folk",)})
    found = propose(y, plan=plan, roles=roles, left_out=out, ring=ring, covariates=covariates)
    rows = {row.unit: row for row in found.candidates}
    assert [row.role for row in found.candidates] == [role.replace("unused", "candidate") for role in roles]
    assert [row.planned for row in found.candidates] == [role == "comparison" for role in roles]
    assert rows["u3"].reason == "no data before the start"
    assert rows["u8"].reason == "not named in the study"
    assert rows["u9"].reason == "cannot be ranked: no data on covariates"
    assert rows["u10"].reason == "neighbour (ring 2): crime may move there, so the unit is not in the comparison"
    assert rows["u11"].reason == "Slogs ihop."
    assert (rows["u0"].reason, rows["u1"].reason) == ("", "")
    assert [unit for unit, row in rows.items() if not row.rank] == ["u0", "u3", "u9", "u10", "u11"]
    assert np.isnan([rows["u0"].distance, rows["u0"].donor_weight, rows["u10"].donor_weight]).all()
    assert np.isfinite(rows["u10"].distance)
    for rule in found.rules:
        assert not {"u0", "u3", "u10", "u11"} & set(rule.units)
    assert "u9" not in found["nearest"].units


def sentences(kind: str = "mean", **sections: object) -> str:
    """Ten areas lie in pairs around the treated one, which swings to and fro between them."""
    pairs = [(100 + sign * step, 0.01 + sign * step / 1000) for step in range(4, 24, 4) for sign in (-1, 1)]
    y = np.array([course(100, 0.01, 0.2) + 1.5 * (-1) ** np.arange(48), *(course(level, trend, 0.2) for level, trend in pairs)])
    return propose(y, plan=study(kind, **sections)).text


def test_what_is_said_in_english() -> None:
    assert sentences() == (
        "Proposal: keep the comparison of the plan (10 units). With the last periods before the start held out, they were "
        "foretold with a typical error of 1.53. No other rule is clearly better. Nothing in the data before the start speaks "
        "against the choice. Whether the units would have developed alike after the start too cannot be known."
    )


def test_what_is_said_in_swedish() -> None:
    assert sentences(report={"language": "sv"}, checks={"min_comparison_units": 19}) == (
        "Förslag: behåll planens jämförelse (10 områden). När de sista perioderna före starten hölls undan förutsades de med "
        "ett typiskt fel på 1,53. Ingen annan regel är klart bättre. Emot talar att det bara är 10 områden; studien kräver "
        "minst 19. Att områdena skulle ha utvecklats lika även efter starten går inte att veta."
    )


def test_what_speaks_against_is_said() -> None:
    y = many(12, seed=4)
    text = propose(y[:, :6], [6], calendar="index").text
    assert "Against it: the difference before the start in " in text
    assert "With a single treated unit such differences are common." in text
    short = propose(y[:, :2], [2], calendar="index").text
    assert (
        "Against it: the choice could not be tried on held-out periods, since the time before the start is too short" in short
    )
    chosen = study(comparison={"choose": {"method": "nearest", "n": 5, "on": ("y",)}})
    assert "chosen with the periods on which they were tried" in propose(np.tile(many(1), (12, 1)), plan=chosen).text


def test_a_proposal_that_became_the_plan_is_not_taken_for_a_plan_that_has_seen_nothing() -> None:
    rng = np.random.default_rng(3)
    y = np.array([course(100, 0.0, 0.2) for _ in range(12)]) + rng.normal(0, 2, (12, 48))
    nearest = propose(y)["nearest"].units
    roles = ["treated", *("comparison" if f"u{k}" in nearest else "unused" for k in range(1, 12))]
    found = propose(y, roles=roles)
    assert found["planned"].units == nearest
    assert found.recommended == "planned"
    assert "chosen with the periods on which they were tried" in found.text
    assert "chosen with the periods" not in propose(y, plan=study(checks={"min_comparison_units": 11})).text


def test_a_rule_with_a_smaller_error_that_is_refused_is_named() -> None:
    rng = np.random.default_rng(2)
    drift = np.concatenate([np.zeros(24), np.linspace(0, 40, 24)])
    rows = [100 + drift, 99 + drift, 101 + drift, *(100 + rng.normal(0, 6, 48) for _ in range(9))]
    found = propose(np.array(rows) + rng.normal(0, 0.1, (12, 48)), plan=study(checks={"min_comparison_units": 9}))
    assert found.recommended != "donors"
    assert "The error was smaller for the donors of a synthetic control, " in found.text
    assert "but they are too few (" in found.text


def test_shares_have_errors_in_percentage_points() -> None:
    assert " percentage points" in propose(many(12) / 200, plan=study("share")).text


def test_how_it_was_decided() -> None:
    assert propose(many(12)).decided_by == (
        "How one is recommended: of the rules with at least 5 units, those in which no difference in level, size, trend or "
        "covariates before the start exceeds 0.25 standard deviations are taken, if there are any. Of these the one that best "
        "foretold the treated in the last 12 periods before the start, which the choice was then not allowed to see. "
        "Differences under 10% do not count: then the rule of the plan goes first, followed by group, nearest, "
        "matched and donors."
    )


def test_few_persons_cannot_be_told_from_balance_or_distances() -> None:
    """One treated area with three persons in three years: its mean times its exposure would be that number."""
    rng = np.random.default_rng(4)
    y = rng.poisson(4, (12, START)).astype(float)
    y[0], y[3] = 0, 0
    y[0, :3] = 1
    plan = study("count", outcome={"counts": "persons"}, report={"smallest_cell": 5, "language": "en"})
    found = propose(y, plan=plan)
    own = [row for row in found.balance if row.variable.split(".")[0] == "y" and not row.variable.endswith(".exposure")]
    assert own
    assert np.isnan([(row.treated, row.comparison, row.standardised_difference) for row in own]).all()
    assert np.isnan([(row.level, row.trend, row.season, row.distance) for row in found.candidates]).all()
    y[0, :6] = 1
    shown = propose(y, plan=plan)
    assert np.isfinite([row.treated for row in shown.balance if row.variable == "y"]).all()
    assert [row.unit for row in shown.candidates if np.isnan(row.level)] == ["u0", "u3"]  # the treated has none, u3 no person


def test_levels_that_never_change_are_compared_without_a_fault() -> None:
    """Every year alike: the donors' paths are one another's multiples, and no one combination is the best."""
    size = np.round(np.exp(np.random.default_rng(0).normal(8, 0.4, (24, 1)))) * np.ones(12)
    plan = study("count", outcome={"exposure": "folk"})
    past = panel(np.full((24, 12), 7.0), [12], exposure=size, calendar="year", n_after=3)
    assert propose_comparison(plan, past).recommended


def test_small_counts_of_persons_are_not_in_the_means() -> None:
    y = np.round(many(12) / 20)
    plan = study("count", outcome={"counts": "persons"}, report={"smallest_cell": 5, "language": "en"})
    rows = [row for row in propose(y, plan=plan).before if row.choice == "planned"]
    for place, row in enumerate(rows):
        assert np.isnan(row.treated) or y[0, place] >= 5
        assert np.isfinite(row.comparison)
    few, hidden = (y[0, : len(rows)] < 5).sum(), sum(np.isnan(row.treated) for row in rows)
    assert few <= hidden <= few + 2, "with what would give them away, and no more"
    assert any(np.isnan(row.treated) for row in rows)


@pytest.mark.parametrize("calendar", ["month", "year", "index"])
@pytest.mark.parametrize("kind", ["mean", "share", "rate", "count"])
def test_every_kind_of_study_with_gaps_and_several_starts(kind: str, calendar: str) -> None:
    rng = np.random.default_rng(5)
    y = np.round(many(25)) / (200 if kind == "share" else 1)
    y[rng.random(y.shape) < 0.1] = np.nan
    size = rng.uniform(1e3, 1e5, (25, 1)) * np.ones(y.shape)
    plan = study(kind, outcome={"exposure": "folk"} if kind == "count" else {})
    parts = {"exposure": size} if kind == "count" else {}
    found = propose(y, [START, START + 3, START + 6], plan, calendar=calendar, **parts)
    assert [rule.choice for rule in found.rules][:3] == ["planned", "nearest", "matched"]
    assert all(np.isfinite(rule.held_out_error) for rule in found.rules)
    assert ("y.season" in {row.variable for row in found.balance}) == (calendar == "month")
    assert ("y.exposure" in {row.variable for row in found.balance}) == (kind == "count")


def test_other_outcomes_stand_in_the_balance_and_the_means() -> None:
    y = many(12)
    start = designs.treated_first(12, [START])
    first = designs.grid(y, start, calendar="month")
    other = designs.grid(np.where(np.arange(12)[:, None] == 0, np.nan, y), start, calendar="month")
    one = designs.panel({"y": first, "z": first, "w": other}, ["treated", *["comparison"] * 11])
    kept = {"aim": "brott", "kind": "mean"}
    outcomes = tuple(
        {"id": name, "title": name.upper(), "role": "primary" if name == "y" else "secondary", **kept}
        for name in ("y", "z", "w")
    )
    found = propose_comparison(study(outcomes=outcomes), one)
    variables = [row.variable for row in found.balance if row.choice == "planned"]
    assert variables == ["y", "y.trend", "y.season", "z", "z.trend", "z.season"]
    assert {row.outcome for row in found.before} == {"y", "z", "w"}


def test_treated_without_a_past_are_told() -> None:
    y = many(6)
    y[0, :START] = np.nan
    with pytest.raises(DesignError) as told:
        propose(y)
    assert str(told.value) == "y: no treated unit has a value before the start, so no unit can be said to be like it"
