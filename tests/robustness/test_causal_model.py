"""The causal model among the doubts: identification, independencies and refuters, their verdicts and sentences."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from tests.designs import grid, panel, study
from tests.synthesis.test_verdict import FALL
from utvardering.causal.facts import graph_facts
from utvardering.data.panel import NEVER, Panel
from utvardering.robustness.base import Doubt, RobustnessRow
from utvardering.robustness.causal_model import graph, refute
from utvardering.study.model import Study

PLANNED = replace(FALL, scale="difference")
EDGES = ("income -> x", "x -> start", "x -> y", "start -> y")


def plan(*edges: str, hidden: tuple[str, ...] = (), language: str = "en") -> Study:
    return study(causal_model={"edges": edges, "unobserved": hidden}, report={"language": language})


def areas(seed: int = 1, income: float = 0.0, n_units: int = 60) -> Panel:
    """Areas by EDGES; `income` is how much income moves the outcome beside x, which EDGES leave out."""
    rng = np.random.default_rng(seed)
    rich = rng.standard_normal(n_units)
    x = 0.7 * rich + rng.standard_normal(n_units)
    start = np.where(x + rng.standard_normal(n_units) > 0.5, 6, NEVER)
    after = np.arange(12) >= 6
    y = 20 + rng.standard_normal((n_units, 1)) + 0.5 * rng.standard_normal((n_units, 12))
    y += after * (0.8 * x + income * rich - 3 * (start < NEVER))[:, None]
    columns = {"x": np.repeat(x[:, None], 12, axis=1), "income": np.repeat(rich[:, None], 12, axis=1)}
    role = ["treated" if at < NEVER else "comparison" for at in start]
    return panel({"y": grid(y, start, covariates=columns)}, role)


def rows(check: object, one: Panel, plans: Study) -> dict[str, RobustnessRow]:
    return {row.variant: row for row in check(Doubt(plans, one, PLANNED))}  # type: ignore[operator] -- a robustness check


def test_a_study_without_a_causal_model_has_no_such_rows() -> None:
    assert not rows(graph, areas(), plan())
    assert not rows(refute, areas(), plan())


def test_a_right_graph_stands() -> None:
    found = rows(graph, areas(), plan(*EDGES))
    assert [(row.check, row.variant, row.verdict) for row in found.values()] == [
        ("graph", "identification", "pass"),
        ("graph", "independencies", "pass"),
    ]
    assert found["identification"].text == (
        "By the causal model the effect follows once x is adjusted for. That closes the path start ← x → y, by which other "
        "causes would mix in."
    )
    assert found["independencies"].text == (
        "The causal model says that 2 pairs have nothing to do with each other once others are held fixed. The data contradict "
        "none of them."
    )


def test_a_broken_graph_is_seen_and_named() -> None:
    found = rows(graph, areas(income=2.0), plan(*EDGES, language="sv"))["independencies"]
    assert found.verdict == "fail"
    assert found.p_value < 0.01
    assert found.text.startswith(
        "Data motsäger den kausala modellen: enligt den saknar 2 par samband när annat hålls lika, men 1 av dem har samband: "
        "income och y, för lika x (korrelation 0,"
    )


def test_a_graph_that_identifies_nothing_fails_and_is_not_refuted() -> None:
    plans = plan("u -> start", "u -> y", "start -> y", hidden=("u",))
    found = rows(graph, areas(), plans)
    assert found["identification"].verdict == "fail"
    assert found["identification"].text == (
        "The effect is not identified, says the causal model: the path start ← u → y cannot be closed by what is measured. "
        "Measure the cause, or change the model if it is wrong."
    )
    assert found["independencies"].verdict == "not_evaluated"
    assert found["independencies"].text == (
        "The causal model says nothing that these data could contradict, so it rests on judgement alone."
    )
    assert not rows(refute, areas(), plans)


def test_refuters_leave_a_sound_estimate_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utvardering.causal.library.SIMULATIONS", 10)
    found = rows(refute, areas(), plan(*EDGES))
    assert list(found) == ["placebo_treatment", "random_cause", "subset", "hidden_cause=x", "hidden_cause"]
    assert {name: row.verdict for name, row in found.items()} == {
        "placebo_treatment": "pass",
        "random_cause": "pass",
        "subset": "pass",
        "hidden_cause=x": "pass",
        "hidden_cause": "not_evaluated",
    }
    assert found["random_cause"].estimate == pytest.approx(-3, abs=0.4)
    assert abs(found["placebo_treatment"].estimate) < 1
    assert -3 < found["hidden_cause=x"].estimate < -1
    assert found["random_cause"].text.startswith("With an invented cause that has nothing to do with anything the effect is −")
    assert found["hidden_cause"].text.startswith("To explain the effect away a hidden cause would have to explain at least ")
    assert {row.estimator for row in found.values()} == {"adjusted"}
    assert str(rows(refute, areas(), plan(*EDGES))) == str(found), "the same seed gives the same numbers"


def test_beside_a_planned_ratio_an_effect_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utvardering.causal.library.SIMULATIONS", 2)
    ratio, difference = (
        next(row for row in refute(Doubt(plan(*EDGES), areas(), planned)) if row.variant == "hidden_cause=x")
        for planned in (FALL, PLANNED)
    )
    assert ratio.text == difference.text
    said = re.search(r"could be (−[\d.]+)%", ratio.text)
    assert said is not None
    assert 100 * np.expm1(ratio.estimate) == pytest.approx(float(said[1].replace("−", "-")), abs=0.051)  # told with a decimal


def test_a_hidden_cause_overturns_an_effect_that_is_small_beside_a_measured_cause() -> None:
    small = areas()
    one = small.grids["y"]
    less = np.where((np.arange(12) >= 6) & (one.start < NEVER)[:, None], 2.9, 0.0)  # all but 0.1 of the effect
    small = replace(small, grids={"y": replace(one, y=one.y + less)})
    found = [row for row in refute(Doubt(plan(*EDGES), small, PLANNED)) if row.variant == "hidden_cause=x"]
    assert found[0].verdict == "fail"


def test_few_treated_areas_have_no_random_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("utvardering.causal.library.SIMULATIONS", 2)
    one = areas(n_units=20)
    found = rows(refute, one, plan(*EDGES))["subset"]
    assert found.verdict == "not_evaluated"
    treated = int((one.role == "treated").sum())
    assert treated < 10
    assert found.text == (
        f"Random parts of the areas cannot be tried: at least 10 areas are needed on either side, and there are {treated}."
    )


def test_the_graph_as_data() -> None:
    facts = graph_facts(plan(*EDGES, "u -> income", hidden=("u",)))
    assert {node["name"]: node["kind"] for node in facts["nodes"]} == {
        "income": "measured",
        "x": "adjusted",
        "start": "treatment",
        "y": "outcome",
        "u": "unobserved",
    }
    assert [node["label"] for node in facts["nodes"]] == ["income", "x", "Prov", "Y", "u"]
    assert facts["edges"][0] == {"from": "income", "to": "x"}
    assert facts["identification"]["adjustment"] == ["x"]
