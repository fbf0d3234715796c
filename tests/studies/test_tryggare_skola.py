"""What does the study of schools show besides its numbers?

Two questions, and several projects at once told honestly.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from utvardering.checks.base import Design
from utvardering.checks.concurrent import concurrent
from utvardering.data.load import load_panel
from utvardering.process.load import Process, load_process
from utvardering.study.load import load_study

STUDIES = Path(__file__).parents[2] / "studies"
SCHOOLS = STUDIES / "tryggare-skola"
SIXTH = "Granskolan"
"""The school that had other projects from the same start."""


@pytest.fixture(scope="module")
def assessed() -> Process:
    """The process evaluation of the schools."""
    found = load_process(SCHOOLS)
    assert found is not None
    return found


@pytest.mark.parametrize("criterion", ["kartlaggning", "orsaksanalys", "atgarder", "problem", "vana"])
def test_whether_mapping_led_to_measures_is_answered(criterion: str, assessed: Process) -> None:
    """By both assessors, with a final grade also where they differed."""
    (graded,) = [one for one in assessed.graded if one.id == f"tryggare-skola.{criterion}"]
    assert set(graded.grades) == {"A", "B"}
    assert graded.final is not None


def test_assessors_differ_and_settle(assessed: Process) -> None:
    """An example where all agree would not show how a difference is settled."""
    differed = [one for one in assessed.graded if len(set(one.grades.values())) > 1]
    assert len(differed) >= 4
    assert all(one.final is not None for one in differed)


def test_a_school_with_other_projects_is_in_neither_arm() -> None:
    """It is excluded with its reason, so nothing is declared for the five."""
    study = load_study(SCHOOLS)
    panel = load_panel(study)
    assert SIXTH not in {row.unit for row in study.treated}
    assert study.comparison is not None
    assert [row.unit for row in study.comparison.excluded] == [SIXTH]
    assert (len(study.treated), len(panel.units)) == (5, 31)
    assert study.measure.concurrent == ()


def test_had_the_projects_been_declared_the_gate_would_close() -> None:
    """As the protocol says of the sixth school."""
    study = load_study(SCHOOLS)
    declared = study.model_copy(update={"measure": study.measure.model_copy(update={"concurrent": ("kameror",)})})
    design = Design(declared, load_panel(study).before())
    assert concurrent(design).verdict == "fail"
    assert concurrent(replace(design, study=study)).verdict == "pass"
