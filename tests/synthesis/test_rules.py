"""Changing one fact changes exactly what the printed rules say: every branch, and the whole verdict before and after."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from tests.designs import study
from tests.synthesis.test_verdict import FALL, LOTTERY, NARROW, RISE, WIDE, checks
from utvardering.checks.base import CheckResult, DesignChecks
from utvardering.data.panel import LeftOut
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.inference.randomization import BROKEN
from utvardering.process.assess import ProcessAssessment
from utvardering.process.dose import Dose
from utvardering.process.load import Graded, Process
from utvardering.process.model import Criterion
from utvardering.study.model import Expected, Study
from utvardering.synthesis.case import table_of
from utvardering.synthesis.certainty_rules import CERTAINTY_RULES
from utvardering.synthesis.level_rules import LEVEL_RULES
from utvardering.synthesis.verdict import Judgement, Verdict, judge
from utvardering.synthesis.verdict_rules import VERDICT_RULES
from utvardering.wording import say

OUTCOMES = tuple(
    {"id": name, "title": name.upper(), "aim": "brott", "role": role, "kind": "count", "direction": "decrease"}
    | {"smallest_effect": -0.10}
    for name, role in (("y", "primary"), ("t", "secondary"), ("c", "negative_control"))
)
ROWS = {"y": FALL, "t": replace(FALL, outcome="t", role="secondary"), "c": replace(WIDE, outcome="c", role="negative_control")}
BASE = {
    "y": ("effect", "moderate", 3, "effect no_lottery comparable"),
    "t": ("effect", "moderate", 3, "effect secondary no_lottery comparable"),
    "c": ("uncertain", "low", 3, "uncertain secondary no_lottery imprecise comparable"),
}


def criterion(grade: int | None) -> Graded:
    """A delivery criterion with a final grade; None where two assessors differ."""
    own = Criterion(id="leverans", level="operational", title="Leverans", question="Gavs den?", delivery=True)
    grades = {"A": 1, "B": 3} if grade is None else {"A": grade}
    return Graded("egna.leverans", "egna", own, grades, dict.fromkeys(grades, ("d1",)), dict.fromkeys(grades, "T"))


def process(share: float = 0.9, grade: int | None = 3) -> ProcessAssessment:
    log = pd.DataFrame({"unit": ["u0"], "week": ["2022-W01"], "planned_hours": [100.0], "delivered_hours": [100 * share]})
    return ProcessAssessment(Dose(log), Process(("egna",), (), (), (criterion(grade),), (), {}, simulated=True))


def tried(
    *,
    found: dict[str, str] | None = None,
    rows: dict[str, dict[str, Any] | None] | None = None,
    share: float = 0.9,
    grade: int | None = 3,
    outcomes: tuple[dict[str, Any], ...] = OUTCOMES,
    expected: tuple[Expected, ...] = (),
    **sections: Any,
) -> Verdict:
    """The verdict of the base study with the facts that are named changed; a row that is None could not be estimated."""
    one = study(outcomes=outcomes, **{"estimation": {"estimator": "poisson_did"}, **sections})
    one = one.model_copy(update={"expected": expected})
    changes = rows or {}
    kept = [name for name in ROWS if changes.get(name, {}) is not None]
    planned = tuple(replace(ROWS[name], **(changes.get(name) or {})) for name in kept)
    left = tuple(LeftOut("", "", name, "no events") for name in ROWS if name not in kept)
    return judge(one, made(one, found or {}), Estimates(planned, left_out=left), None, process(share, grade))


def made(one: Study, found: dict[str, str]) -> DesignChecks:
    """The checks of a design: all pass but those named."""
    if one.study.design != "individuals":
        return checks(**found)
    names = ("overlap", "balance", "history", "attrition", "groups", "power")
    rows = tuple(CheckResult("prov", name, found.get(name, "pass"), 0.0, 0.0, f"{name}!") for name in names)  # type: ignore[arg-type] -- the verdicts are Verdicts
    return DesignChecks(rows)


def shown(one: Judgement) -> tuple[str, str, int, str]:
    """Verdict, certainty and level, and the names of the rules that held."""
    return one.verdict, one.certainty, one.maryland_level, " ".join(row.rule for row in one.rules if row.holds == "true")


def judged(verdict: Verdict) -> dict[str, Judgement]:
    return {"y": verdict.primary, **verdict.outcomes}


def outcomes_with(**changes: Any) -> tuple[dict[str, Any], ...]:
    """The outcomes with other keys of the primary one."""
    return ({**OUTCOMES[0], **changes}, *OUTCOMES[1:])


def stated(value: float) -> tuple[Expected, ...]:
    return (
        Expected.model_validate(
            {"outcome": "y", "estimator": "poisson_did", "estimate": value, "tolerance": 0.001, "source": "S"}
        ),
    )


def _like(row: EstimateRow) -> dict[str, Any]:
    """The numbers of another row."""
    kept = ("outcome", "role", "estimator", "inference")
    return {name: value for name, value in vars(row).items() if name not in kept}


REPLICATION = {"study": {"replication": "X (2000)"}}
PERSONS = {"study": {"design": "individuals"}, "ethics": {"individuals": True, "review": "x"}}
SERIES = {"study": {"design": "series"}, "estimation": {"estimator": "interrupted"}}
ALONE = {"estimator": "interrupted", "inference": "analytic", "n_comparison": 0}

FACTS: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "dose below the limit": (
        {"share": 0.49},
        "not_implemented very_low 3: dose closed comparable",
        "not_implemented very_low 3: dose closed comparable",
        "not_implemented very_low 3: dose closed comparable",
    ),
    "dose at the limit": ({"share": 0.5}, "=", "=", "="),
    "limit above the dose": (
        {"checks": {"min_delivered_dose": 0.95}},
        "not_implemented very_low 3: dose closed comparable",
        "not_implemented very_low 3: dose closed comparable",
        "not_implemented very_low 3: dose closed comparable",
    ),
    "delivery graded 1": (
        {"grade": 1},
        "not_implemented very_low 3: delivery closed comparable",
        "not_implemented very_low 3: delivery closed comparable",
        "not_implemented very_low 3: delivery closed comparable",
    ),
    "delivery not settled": ({"grade": None}, "=", "=", "="),
    "dose and delivery": (
        {"share": 0.2, "grade": 0},
        "not_implemented very_low 3: dose delivery closed comparable",
        "not_implemented very_low 3: dose delivery closed comparable",
        "not_implemented very_low 3: dose delivery closed comparable",
    ),
    "history fails": (
        {"found": {"history": "fail"}},
        "not_interpretable very_low 3: gate closed comparable",
        "not_interpretable very_low 3: gate closed comparable",
        "not_interpretable very_low 3: gate closed comparable",
    ),
    "comparison not evaluated": (
        {"found": {"comparison": "not_evaluated"}},
        "effect low 2: effect no_lottery not_evaluated not_comparable",
        "effect low 2: effect secondary no_lottery not_evaluated not_comparable",
        "uncertain low 2: uncertain secondary no_lottery not_evaluated imprecise not_comparable",
    ),
    "pretrend fails": (
        {"found": {"pretrend": "fail"}},
        "not_interpretable very_low 2: gate closed not_comparable",
        "not_interpretable very_low 2: gate closed not_comparable",
        "not_interpretable very_low 2: gate closed not_comparable",
    ),
    "spillover not evaluated": ({"found": {"spillover": "not_evaluated"}}, "=", "=", "="),
    "power fails": (
        {"found": {"power": "fail"}},
        "effect low 3: effect no_lottery weak comparable",
        "effect low 3: effect secondary no_lottery weak comparable",
        "uncertain low 3: uncertain secondary no_lottery weak imprecise comparable",
    ),
    "false alarms not evaluated": ({"found": {"false_positives": "not_evaluated"}}, "=", "=", "="),
    "no planned estimate": ({"rows": {"y": None}}, "not_interpretable very_low 2: no_estimate closed no_estimate", "=", "="),
    "no estimate of a secondary outcome": (
        {"rows": {"t": None}},
        "=",
        "not_interpretable very_low 2: no_estimate closed no_estimate",
        "=",
    ),
    "the interval holds zero": (
        {"rows": {"y": {"ci_low": -0.5, "ci_high": 0.01, "p_value": 0.06}}},
        "uncertain low 3: uncertain no_lottery imprecise comparable",
        "=",
        "=",
    ),
    "the interval holds zero but has a gap": (
        {"rows": {"y": {"ci_low": -0.5, "ci_high": 0.01, "p_value": 0.04, "note": BROKEN}}},
        "=",
        "=",
        "=",
    ),
    "the estimate is on the other side": (
        {"rows": {"y": _like(RISE)}},
        "effect_opposite moderate 3: effect_opposite no_lottery comparable",
        "=",
        "=",
    ),
    "no direction is wanted": ({"outcomes": outcomes_with(direction="none")}, "=", "=", "="),
    "an increase is wanted": (
        {"outcomes": outcomes_with(direction="increase", smallest_effect=0.1)},
        "effect_opposite moderate 3: effect_opposite no_lottery comparable",
        "=",
        "=",
    ),
    "a narrow interval around zero": (
        {"rows": {"y": _like(NARROW)}},
        "no_effect_of_interest moderate 3: no_effect_of_interest no_lottery comparable",
        "=",
        "=",
    ),
    "a narrow interval without a smallest effect": (
        {"rows": {"y": _like(NARROW)}, "outcomes": outcomes_with(smallest_effect=None)},
        "uncertain low 3: uncertain no_lottery imprecise comparable",
        "=",
        "=",
    ),
    "a secondary outcome is uncertain": (
        {"rows": {"t": _like(WIDE)}},
        "=",
        "uncertain low 3: uncertain secondary no_lottery imprecise comparable",
        "=",
    ),
    "the negative control moves": (
        {"rows": {"c": _like(FALL)}},
        "effect low 3: effect no_lottery negative_control comparable",
        "effect low 3: effect secondary no_lottery negative_control comparable",
        "effect low 3: effect secondary no_lottery negative_control comparable",
    ),
    "starts drawn by lottery": (
        {"measure": LOTTERY},
        "effect high 5: effect lottery",
        "effect moderate 5: effect secondary lottery",
        "uncertain low 5: uncertain secondary imprecise lottery",
    ),
    "a lottery of nine": (
        {"measure": LOTTERY, "rows": {"y": {"n_treated": 9}}},
        "effect high 3: effect comparable",
        "effect moderate 5: effect secondary lottery",
        "uncertain low 5: uncertain secondary imprecise lottery",
    ),
    "clustered with 29 units": (
        {"rows": {"y": {"inference": "cluster", "n_treated": 29}}},
        "effect low 3: effect no_lottery cluster_few comparable",
        "=",
        "=",
    ),
    "clustered with 30 units": ({"rows": {"y": {"inference": "cluster", "n_treated": 30}}}, "=", "=", "="),
    "a formula for counts": (
        {"rows": {"y": {"estimator": "wdd", "inference": "analytic"}}},
        "effect low 3: effect no_lottery wdd_analytic comparable",
        "=",
        "=",
    ),
    "weights in the plan": (
        {"estimation": {"estimator": "poisson_did", "weights": "w"}},
        "effect moderate 4: effect no_lottery adjusted",
        "effect moderate 4: effect secondary no_lottery adjusted",
        "uncertain low 4: uncertain secondary no_lottery imprecise adjusted",
    ),
    "weights and four treated": (
        {"estimation": {"estimator": "poisson_did", "weights": "w"}, "rows": {"y": {"n_treated": 4}}},
        "=",
        "effect moderate 4: effect secondary no_lottery adjusted",
        "uncertain low 4: uncertain secondary no_lottery imprecise adjusted",
    ),
    "weights and nineteen to compare with": (
        {"estimation": {"estimator": "poisson_did", "weights": "w"}, "rows": {"y": {"n_comparison": 19}}},
        "=",
        "effect moderate 4: effect secondary no_lottery adjusted",
        "uncertain low 4: uncertain secondary no_lottery imprecise adjusted",
    ),
    "a single series": (
        dict(**SERIES, rows=dict.fromkeys("ytc", ALONE)),
        "effect low 2: effect series series",
        "effect low 2: effect secondary series series",
        "uncertain low 2: uncertain secondary series imprecise series",
    ),
    "a single series whose drift cannot be evaluated": (
        dict(**SERIES, rows=dict.fromkeys("ytc", ALONE), found={"power": "not_evaluated"}),
        "effect low 2: effect not_evaluated series series",
        "effect low 2: effect secondary not_evaluated series series",
        "uncertain low 2: uncertain secondary not_evaluated series imprecise series",
    ),
    "a replication with a failed check": (
        dict(**REPLICATION, found={"history": "fail"}, expected=stated(-0.35)),
        "effect low 3: effect no_lottery weak comparable",
        "effect low 3: effect secondary no_lottery weak comparable",
        "uncertain low 3: uncertain secondary no_lottery weak imprecise comparable",
    ),
    "a replication that differs": (
        dict(**REPLICATION, expected=stated(-0.30)),
        "not_interpretable very_low 3: not_reproduced closed comparable",
        "=",
        "=",
    ),
    "persons": (dict(**PERSONS), "=", "=", "="),
    "persons whose history cannot be evaluated": (
        dict(**PERSONS, found={"history": "not_evaluated"}, estimation={"estimator": "adjusted", "covariates": ("x",)}),
        "effect low 3: effect no_lottery not_evaluated comparable",
        "effect low 3: effect secondary no_lottery not_evaluated comparable",
        "uncertain low 3: uncertain secondary no_lottery not_evaluated imprecise comparable",
    ),
    "persons with covariates": (
        dict(**PERSONS, estimation={"estimator": "adjusted", "covariates": ("x",)}),
        "effect moderate 4: effect no_lottery adjusted",
        "effect moderate 4: effect secondary no_lottery adjusted",
        "uncertain low 4: uncertain secondary no_lottery imprecise adjusted",
    ),
    "persons unlike each other": (
        dict(**PERSONS, found={"balance": "not_evaluated"}),
        "effect low 2: effect no_lottery not_evaluated not_comparable",
        "effect low 2: effect secondary no_lottery not_evaluated not_comparable",
        "uncertain low 2: uncertain secondary no_lottery not_evaluated imprecise not_comparable",
    ),
    "persons without overlap": (
        dict(**PERSONS, found={"overlap": "fail"}),
        "not_interpretable very_low 2: gate closed not_comparable",
        "not_interpretable very_low 2: gate closed not_comparable",
        "not_interpretable very_low 2: gate closed not_comparable",
    ),
    "persons drawn by lottery": (
        dict(**PERSONS, measure=LOTTERY),
        "effect high 5: effect lottery",
        "effect moderate 5: effect secondary lottery",
        "uncertain low 5: uncertain secondary imprecise lottery",
    ),
    "persons of an uncertain rounded number": (
        dict(**PERSONS, measure=LOTTERY, rows={"y": {"n_treated": 11}}),
        "effect high 3: effect comparable",
        "effect moderate 5: effect secondary lottery",
        "uncertain low 5: uncertain secondary imprecise lottery",
    ),
    "persons not given the measure": (
        dict(**PERSONS, grade=0),
        "not_implemented very_low 3: delivery closed comparable",
        "not_implemented very_low 3: delivery closed comparable",
        "not_implemented very_low 3: delivery closed comparable",
    ),
}
"""A fact that is changed, and what the printed rules then say of the three outcomes: `=` is as before.

verdict certainty level: the rules that hold
"""


def words(one: Judgement) -> str:
    verdict, sure, level, held = shown(one)
    return f"{verdict} {sure} {level}: {held}"


@pytest.mark.parametrize("name", FACTS)
def test_one_fact_changes_exactly_what_the_rules_say(name: str) -> None:
    facts, *expected = FACTS[name]
    before, after = judged(tried()), judged(tried(**facts))
    for outcome, wanted in zip("ytc", expected, strict=True):
        assert words(after[outcome]) == (words(before[outcome]) if wanted == "=" else wanted), outcome
        about_others = set(facts) == {"rows"} and outcome not in facts["rows"] and outcome != "c"
        if wanted == "=" and about_others:
            assert after[outcome] == before[outcome], f"{outcome}: a reason or a fact changed too"


def test_the_base_is_what_the_rules_say() -> None:
    assert {name: shown(one) for name, one in judged(tried()).items()} == BASE


def test_no_branch_is_left_out() -> None:
    """Every rule of every scale decides for some outcome of some study above, and every one is also seen not to hold."""
    rows = [row for facts, *_ in FACTS.values() for one in judged(tried(**facts)).values() for row in one.rules]
    for scale, rules in (("verdict", VERDICT_RULES), ("certainty", CERTAINTY_RULES), ("maryland_level", LEVEL_RULES)):
        names = {rule.name for rule in rules}
        assert {row.rule for row in rows if row.scale == scale and row.decides == "true"} == names
        always = {"uncertain"} if scale == "verdict" else {"not_comparable"} if scale == "maryland_level" else set()
        assert {row.rule for row in rows if row.scale == scale and row.holds == "false"} == names - always


def test_a_row_that_decides_holds_and_gives_the_result() -> None:
    for facts, *_ in FACTS.values():
        for one in judged(tried(**facts)).values():
            for scale, value in (
                ("verdict", one.verdict),
                ("certainty", one.certainty),
                ("maryland_level", str(one.maryland_level)),
            ):
                decided = [row for row in one.rules if row.scale == scale and row.decides == "true"]
                assert {row.gives for row in decided} == {value} or (scale == "certainty" and value == "high" and not decided)
                assert all(row.holds == "true" for row in decided)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_rule_has_its_text(language: str) -> None:
    for scale, of_persons, rules in (
        ("verdict", False, VERDICT_RULES),
        ("certainty", False, CERTAINTY_RULES),
        ("maryland_level", False, LEVEL_RULES),
        ("maryland_level", True, LEVEL_RULES),
    ):
        for rule in rules:
            text = say(language, f"rule_{table_of(scale, of_persons=of_persons)}", rule.name, **dict(rule.terms))
            assert text.endswith(".")
            assert all(str(number) in text for _, number in rule.terms)


def test_numbers_of_a_closed_gate_are_not_among_the_facts() -> None:
    """Rows below the one that decided are not tried, so that no interval slips out."""
    closed = [row for row in tried(share=0.2).primary.rules if row.scale == "verdict" and row.holds == ""]
    assert {row.facts for row in closed} == {"Not tried: a row above decided."}
    assert "effect" in {row.rule for row in closed}
