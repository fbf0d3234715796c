"""What may stand beside a computed verdict: weaker claims, one step up with good reason, and never a changed number."""

# ruff: noqa: E501 -- messages are written out as the author sees them

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.synthesis.test_rules import process, tried
from tests.synthesis.test_verdict import FALL, NARROW, WIDE, checks, plan
from utvardering.errors import StudyError
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.process.model import Override
from utvardering.process.override import Placed
from utvardering.report import beside
from utvardering.report.texts import Texts
from utvardering.study.source import Source
from utvardering.synthesis.override import allowed_verdicts
from utvardering.synthesis.verdict import VERDICTS, Verdict, judge

SIGNED = {"date": "2025-02-14", "role": "extern granskare", "reason": "Två områden bytte vakter mitt i, och det syns inte."}
STRONG = {"organisation": "Exempelstads högskola", "evidence": ("d1",)}
SOURCE = Source(Path("process.toml"), "process.toml", "")


def with_override(
    row: EstimateRow | None = FALL, share: float = 0.9, found: dict[str, str] | None = None, **said: Any
) -> Verdict:
    """The verdict of a study with one override."""
    override = Override.model_validate({**SIGNED, **said}, strict=False)
    beside_it = replace(process(share), overrides=(Placed(override, 0, {"verdict": 7}, SOURCE),))
    return judge(plan(), checks(**(found or {})), Estimates(() if row is None else (row,)), None, beside_it)


def told(**said: Any) -> list[str]:
    with pytest.raises(StudyError) as fault:
        with_override(**said)
    assert fault.value.exit_code == 2
    return [str(problem) for problem in fault.value.problems]


def test_the_computed_values_stay_and_the_override_stands_beside() -> None:
    """Fields that others read, and what is pooled, are the computed ones."""
    plain = judge(plan(), checks(), Estimates((FALL,)), None, process()).primary
    found = with_override(verdict="uncertain", outcome="y")
    assert replace(found.primary, override=None) == plain
    written = tomllib.loads(found.to_toml())
    assert (written["verdict"], written["certainty"], written["maryland_level"]) == ("effect", "moderate", 3)
    assert written["override"] == {
        "verdict": "uncertain",
        "certainty": "low",
        "date": "2025-02-14",
        "role": "extern granskare",
        "organisation": "",
        "reason": "Två områden bytte vakter mitt i, och det syns inte.",
        "evidence": [],
    }


def test_without_an_override_the_file_is_as_before() -> None:
    assert "override" not in tried().to_toml()


@pytest.mark.parametrize(
    ("said", "certainty"),
    [
        ({"verdict": "uncertain"}, "low"),
        ({"verdict": "not_interpretable"}, "very_low"),
        ({"verdict": "not_implemented"}, "very_low"),
        ({"verdict": "uncertain", "certainty": "very_low"}, "very_low"),
        ({"certainty": "very_low"}, "very_low"),
        ({"certainty": "high", **STRONG}, "high"),
        ({"maryland_level": 2}, None),
        ({"maryland_level": 4, **STRONG}, None),
    ],
)
def test_what_is_allowed(said: dict[str, Any], certainty: str | None) -> None:
    """A weaker verdict takes its certainty down with it."""
    override = with_override(**said).primary.override
    assert override is not None
    assert override.certainty == certainty
    assert (override.verdict, override.maryland_level) == (said.get("verdict"), said.get("maryland_level"))


@pytest.mark.parametrize(
    ("said", "problems"),
    [
        (
            {"verdict": "effect"},
            [
                'line 7: override[0].verdict: is "effect", which the rules give already, so it is not an override; take verdict away'
            ],
        ),
        (
            {"certainty": "moderate"},
            [
                'override[0].certainty: is "moderate", which the rules give already, so it is not an override; take certainty away'
            ],
        ),
        (
            {"maryland_level": 3},
            [
                "override[0].maryland_level: is 3, which the rules give already, so it is not an override; take maryland_level away"
            ],
        ),
        (
            {"verdict": "no_effect_of_interest"},
            [
                (
                    'line 7: override[0].verdict: is "no_effect_of_interest", but the rules give "effect", and an override may weaken '
                    'what the rules give, never claim what they do not; write "uncertain" or "not_interpretable" or '
                    '"not_implemented", or take verdict away'
                )
            ],
        ),
        (
            {"row": WIDE, "verdict": "effect"},
            [
                (
                    'line 7: override[0].verdict: is "effect", but the rules give "uncertain", and an override may weaken what the '
                    'rules give, never claim what they do not; write "not_interpretable" or "not_implemented", or take verdict away'
                )
            ],
        ),
        (
            {"found": {"pretrend": "fail"}, "verdict": "effect"},
            [
                (
                    'line 7: override[0].verdict: is "effect", but the rules give "not_interpretable", and an override never opens a '
                    'closed gate; write "not_implemented", or take verdict away'
                )
            ],
        ),
        (
            {"share": 0.1, "verdict": "uncertain"},
            [
                (
                    'line 7: override[0].verdict: is "uncertain", but the rules give "not_implemented", and an override never opens a '
                    'closed gate; write "not_interpretable", or take verdict away'
                )
            ],
        ),
        (
            {"found": {"pretrend": "fail"}, "certainty": "low", **STRONG},
            [
                (
                    'override[0].certainty: is "low", but with the verdict "not_interpretable" the rules allow at most "very_low"; '
                    "write that, or less"
                )
            ],
        ),
        (
            {"verdict": "uncertain", "certainty": "high", **STRONG},
            [
                (
                    'override[0].certainty: is "high", but with the verdict "uncertain" the rules allow at most "low"; '
                    "write that, or less"
                )
            ],
        ),
        (
            {"certainty": "high"},
            [
                (
                    'override[0].certainty: raises "moderate", which the rules give: that needs what it rests on and who stands '
                    'behind it; write also evidence = ["d1"] and organisation = "Exempelstads högskola"'
                )
            ],
        ),
        (
            {"found": {"power": "fail"}, "certainty": "high", **STRONG},
            [
                'override[0].certainty: is "high", 2 steps above "low", which the rules give; at most one is allowed: "moderate"',
            ],
        ),
        (
            {"maryland_level": 5, "organisation": "Exempelstads högskola"},
            [
                "override[0].maryland_level: is 5, 2 steps above 3, which the rules give; at most one is allowed: 4",
                (
                    "override[0].maryland_level: raises 3, which the rules give: that needs what it rests on and who stands behind it; "
                    'write also evidence = ["d1"]'
                ),
            ],
        ),
    ],
)
def test_what_is_refused(said: dict[str, Any], problems: list[str]) -> None:
    assert sorted(told(**said)) == sorted(problems)


def test_no_override_claims_more() -> None:
    """Whatever the rules give, what may stand beside it claims less; a closed gate stays closed."""
    strength = {"effect": 2, "effect_opposite": 2, "no_effect_of_interest": 2, "uncertain": 1}
    for computed in VERDICTS:
        for other in allowed_verdicts(computed):
            assert strength.get(other, 0) <= strength.get(computed, 0)
            assert other != computed
            assert strength.get(other, 0) < strength.get(computed, 0) or strength.get(computed, 0) == 0


def test_an_equivalence_may_be_weakened_too() -> None:
    override = with_override(row=NARROW, verdict="uncertain").primary.override
    assert override is not None
    assert override.certainty == "low"


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "sv",
            (
                "En annan bedömning står bredvid reglernas: slutsatsen osäkert i stället för effekt påvisad och säkerheten låg i stället "
                "för måttlig (2025-02-14, extern granskare, Exempelstads högskola). Skäl: Två områden bytte vakter mitt i, och det syns "
                "inte. Underlag: d1."
            ),
        ),
        (
            "en",
            (
                "Another judgement stands beside that of the rules: the verdict uncertain instead of effect established and the "
                "certainty low instead of moderate (2025-02-14, extern granskare, Exempelstads högskola). Reason: Två områden bytte "
                "vakter mitt i, och det syns inte. Evidence: d1."
            ),
        ),
    ],
)
def test_the_sentence_holds_both_with_date_role_and_reason(language: str, said: str) -> None:
    found = with_override(verdict="uncertain", **STRONG).primary
    assert found.override is not None
    computed = {"verdict": found.verdict, "certainty": found.certainty, "maryland_level": found.maryland_level}
    assert beside.words(found.override.plain(), computed, Texts(language)) == said
