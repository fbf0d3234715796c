"""Every message about an override in `process.toml`, written out; and what a right one is."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tests.designs import study
from tests.process.process_files import RIGHT, told, write
from utvardering.errors import DataError, StudyError
from utvardering.process.assess import assess_process
from utvardering.process.load import load_process

OVERRIDE = """
[[override]]
certainty = "low"
date = 2025-02-14
role = "extern granskare"
organisation = "Exempelstads högskola"
reason = "Två av områdena bytte ordningsvakter under perioden, och kontrollerna ser det inte."
evidence = ["d1"]
"""
ALONE = f"schema = 1\n{OVERRIDE}".replace('evidence = ["d1"]\n', "")

WRONG = {
    "no_date": (
        ("date = 2025-02-14\n", ""),
        "line 53: override[0].date: is missing: the day on which it was decided. Write such as date = 2025-03-01",
    ),
    "future_date": (
        ("2025-02-14", "2125-02-14"),
        "line 55: override[0].date: is 2125-02-14, which has not come yet; write the day on which it was decided",
    ),
    "no_role": (
        ('role = "extern granskare"\n', ""),
        'line 53: override[0].role: is missing: who signs, by role, never a person. Write such as role = "extern granskare"',
    ),
    "no_reason": (
        ('"Två av områdena bytte ordningsvakter under perioden, och kontrollerna ser det inte."', '""'),
        (
            "line 58: override[0].reason: needs a reason that a reader can judge, at least 6 words and 40 letters, "
            "found 0 and 0; write what the rules do not see"
        ),
    ),
    "reason_too_short": (
        ('"Två av områdena bytte ordningsvakter under perioden, och kontrollerna ser det inte."', '"Vi tror inte på det."'),
        (
            "line 58: override[0].reason: needs a reason that a reader can judge, at least 6 words and 40 letters, "
            "found 5 and 20; write what the rules do not see"
        ),
    ),
    "unknown_certainty": (
        ('certainty = "low"', 'certainty = "lag"'),
        'line 54: override[0].certainty: needs one of high, moderate, low, very_low, found "lag"',
    ),
    "unknown_verdict": (
        ('certainty = "low"', 'verdict = "uncertian"'),
        (
            "line 54: override[0].verdict: needs one of effect, effect_opposite, no_effect_of_interest, uncertain, "
            'not_interpretable, not_implemented, found "uncertian". Did you mean "uncertain"?'
        ),
    ),
    "unknown_level": (
        ('certainty = "low"', "maryland_level = 6"),
        "line 54: override[0].maryland_level: needs a whole number of at least 1 and of at most 5, found 6",
    ),
    "nothing_overridden": (
        ('certainty = "low"\n', ""),
        (
            "line 53: override[0].verdict: is missing: what is overridden. Write verdict, certainty or maryland_level, "
            'such as certainty = "low"'
        ),
    ),
    "unknown_evidence": (
        ('evidence = ["d1"]\n', 'evidence = ["d9"]\n'),
        ('line 59: override[0].evidence[0]: "d9" is not an [[evidence]] of this file. Add it, or correct the name'),
    ),
    "unknown_key": (
        ("reason =", "skal ="),
        (
            "line 58: override[0].skal: is not a key of [[override]]; its keys are outcome, verdict, certainty, "
            "maryland_level, date, role, organisation, reason, evidence"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_override_is_told(tmp_path: Path, name: str) -> None:
    (old, new), said = WRONG[name]
    assert OVERRIDE.count(old) >= 1
    fault, problems = told(tmp_path, RIGHT + OVERRIDE.replace(old, new))
    assert isinstance(fault, StudyError)
    assert said in problems


@pytest.mark.parametrize("key", ["reason", "role", "organisation"])
def test_a_persons_name_is_refused_and_not_repeated(tmp_path: Path, key: str) -> None:
    line = next(one for one in OVERRIDE.splitlines() if one.startswith(f"{key} ="))
    text = OVERRIDE.replace(line, f'{key} = "Efter samtal med Anna Andersson, som har lett arbetet hela tiden i kommunen"')
    fault, problems = told(tmp_path, RIGHT + text)
    assert isinstance(fault, DataError)
    place = {"role": 56, "organisation": 57, "reason": 58}[key]
    instead = 'write the role, such as "extern granskare"' if key == "role" else "write the role instead"
    why = "looks like a person's name: a process evaluation names roles, never persons"
    assert problems == [f"line {place}: override[0].{key}: {why}; {instead}"]
    assert "Andersson" not in str(fault)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    text = OVERRIDE.replace("date = 2025-02-14\n", "").replace('"low"', '"lag"').replace('["d1"]', '["d9"]')
    short = text.replace("Två av områdena bytte ordningsvakter under perioden, och kontrollerna ser det inte.", "Nej.")
    _, problems = told(tmp_path, RIGHT + short)
    assert [one.split(": ")[1] for one in problems] == [
        "override[0].date",
        "override[0].certainty",
        "override[0].reason",
        "override[0].evidence[0]",
    ]


def test_two_overrides_of_one_outcome_are_refused(tmp_path: Path) -> None:
    _, problems = told(tmp_path, RIGHT + OVERRIDE + OVERRIDE)
    assert problems == [
        "line 61: override[1].outcome: the primary outcome is overridden twice; write one [[override]] with all that it changes"
    ]


def test_a_right_override_is_read_with_and_without_a_process_evaluation(tmp_path: Path) -> None:
    for text, graded in ((RIGHT + OVERRIDE, 2), (ALONE, 0)):
        found = load_process(write(tmp_path, text))
        assert found is not None
        said = found.overrides[0].said
        assert (said.outcome, said.certainty, said.date) == ("", "low", dt.date(2025, 2, 14))
        assert len(found.graded) == graded
    one = study().model_copy(update={"folder": tmp_path})
    assessed = assess_process(one)
    assert assessed is not None
    assert assessed.process is None
    assert len(assessed.overrides) == 1


def test_an_unknown_outcome_is_told(tmp_path: Path) -> None:
    write(tmp_path, ALONE.replace("[[override]]", '[[override]]\noutcome = "z"'))
    with pytest.raises(StudyError) as fault:
        assess_process(study().model_copy(update={"folder": tmp_path}))
    assert [str(one) for one in fault.value.problems] == [
        'line 4: override[0].outcome: "z" is no outcome of the study; they are y.'
    ]


def test_the_primary_outcome_by_name_and_by_default_is_one(tmp_path: Path) -> None:
    both = ALONE + ALONE.removeprefix("schema = 1\n").replace("[[override]]", '[[override]]\noutcome = "y"')
    write(tmp_path, both)
    with pytest.raises(StudyError) as fault:
        assess_process(study().model_copy(update={"folder": tmp_path}))
    assert [str(one) for one in fault.value.problems] == [
        'line 11: override[1].outcome: "y" is the primary outcome, which another [[override]] changes; write one of them'
    ]


def test_an_organisation_has_no_verdict_to_override(tmp_path: Path) -> None:
    write(tmp_path, ALONE)
    one = study(study={"design": "organisation"}).model_copy(update={"folder": tmp_path})
    with pytest.raises(StudyError) as fault:
        assess_process(one)
    assert [str(problem) for problem in fault.value.problems] == [
        (
            "line 3: override[0].verdict: a study of an organisation has no verdict, so there is nothing to override; "
            "take the table away"
        )
    ]
