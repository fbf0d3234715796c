"""Every message that an author of `process.toml` can see, written out in full."""

from __future__ import annotations

import pytest

from tests.process.process_files import RIGHT, changed, told, write
from utvardering.errors import DataError, StudyError
from utvardering.process.criteria_sets import ready_sets
from utvardering.process.load import load_process

SETS = "belysning, lag-2023-196, sspf, tryggare-skola, trygghetsvardar"
OWN = '\n[[criterion]]\nid = "{id}"\nlevel = "{level}"\ntitle = "T"\nquestion = "Q?"\n'

WRONG = {
    "unknown_set": (
        changed(('"trygghetsvardar"]', '"trygghetsvärdar"]')),
        [
            (
                f'line 2: criteria[1]: "trygghetsvärdar" is not a ready criteria set; they are {SETS}. '
                'Did you mean "trygghetsvardar"?'
            ),
            (
                'line 40: assessment[2].criterion: "trygghetsvardar.leverans" belongs to the ready set "trygghetsvardar", '
                "which criteria does not name; add it there"
            ),
        ],
    ),
    "unknown_criterion": (
        changed(('"lag-2023-196.atgardsplan"\nlevel', '"lag-2023-196.atgardsplanen"\nlevel')),
        [
            (
                'line 19: assessment[0].criterion: "lag-2023-196.atgardsplanen" is no criterion of this study. '
                'Did you mean "lag-2023-196.atgardsplan"?'
            ),
            (
                "line 34: settled[0].criterion: lag-2023-196.atgardsplan has 1 assessment, so there is nothing to settle; "
                "take the table away"
            ),
        ],
    ),
    "criterion_without_its_set": (
        changed(('"trygghetsvardar.leverans"', '"logg"')),
        ['line 40: assessment[2].criterion: "logg" is no criterion of this study. Did you mean "trygghetsvardar.logg"?'],
    ),
    "criterion_of_nowhere": (
        changed(('"trygghetsvardar.leverans"', '"himlen"')),
        [
            (
                'line 40: assessment[2].criterion: "himlen" is no criterion of this study; write one of its sets '
                "(lag-2023-196.…, trygghetsvardar.…), or add it as a [[criterion]] of your own"
            )
        ],
    ),
    "level_contradicts": (
        changed(('level = "strategic"', 'level = "tactical"')),
        ['line 20: assessment[0].level: is "tactical", but lag-2023-196.atgardsplan is strategic; write level = "strategic"'],
    ),
    "level_unknown": (
        changed(('level = "strategic"', 'level = "strategisk"')),
        [
            (
                'line 20: assessment[0].level: needs one of strategic, tactical, operational, found "strategisk". '
                'Did you mean "strategic"?'
            )
        ],
    ),
    "grade_outside": (
        changed(("grade = 3", "grade = 5")),
        ["line 21: assessment[0].grade: needs a whole number of at least 0 and of at most 4, found 5"],
    ),
    "assessor_unknown": (
        changed(('grade = 3\nassessor = "A"', 'grade = 3\nassessor = "C"')),
        ['line 22: assessment[0].assessor: "C" is not an [[assessor]]; they are A, B.'],
    ),
    "no_evidence": (
        changed(('assessor = "A"\nevidence = ["d1"]', 'assessor = "A"\nevidence = []')),
        ['line 23: assessment[0].evidence: is empty: what does this rest on? Write such as evidence = ["d1"]'],
    ),
    "evidence_missing": (
        changed(('assessor = "A"\nevidence = ["d1"]\n', 'assessor = "A"\n')),
        ['line 18: assessment[0].evidence: is missing: ids of the evidence; at least one. Write such as evidence = ["d1"]'],
    ),
    "evidence_unknown": (
        changed(('assessor = "A"\nevidence = ["d1"]', 'assessor = "A"\nevidence = ["d1", "d11"]')),
        [
            (
                'line 23: assessment[0].evidence[1]: "d11" is not an [[evidence]] of this file. Did you mean "d1"? '
                "Add it, or correct the name"
            )
        ],
    ),
    "assessed_twice": (
        changed(('grade = 1\nassessor = "B"', 'grade = 1\nassessor = "A"')),
        [
            (
                "line 27: assessment[1].criterion: lag-2023-196.atgardsplan is assessed twice by A (first on line 18); "
                "keep one of the assessments"
            )
        ],
    ),
    "settled_without_difference": (
        changed(("grade = 1", "grade = 3")),
        [
            (
                "line 34: settled[0].criterion: the assessors agree on lag-2023-196.atgardsplan (grade 3), so there is nothing "
                "to settle; take the table away"
            )
        ],
    ),
    "settled_outside": (
        changed(("grade = 2\ndate", "grade = 4\ndate")),
        ["line 35: settled[0].grade: needs a grade between those given, 1 to 3, found 4"],
    ),
    "improvement_without_addressee": (
        changed(('addressee = "kommunstyrelsen"\n', "")),
        [
            (
                "line 47: factor[0].addressee: is missing: who can act on the improvement. "
                'Write such as addressee = "kommunstyrelsen"'
            )
        ],
    ),
    "unknown_key": (
        changed(("grade = 3", "betyg = 3")),
        ['line 21: assessment[0].betyg: is not a key of [[assessment]]. Did you mean "grade"?'],
    ),
    "own_extends_unnamed": (
        RIGHT + OWN.format(id="sspf.eget", level="tactical"),
        [
            'line 54: criterion[0].id: extends "sspf", which criteria does not name; add it there, or write id = "eget"',
        ],
    ),
    "own_repeats_ready": (
        RIGHT + OWN.format(id="trygghetsvardar.logg", level="tactical"),
        [
            (
                'line 54: criterion[0].id: "trygghetsvardar.logg" is a criterion of the ready set; give yours another name, or '
                "take the table away"
            )
        ],
    ),
    "own_anchors": (
        RIGHT + OWN.format(id="eget", level="tactical") + 'anchors = ["a", "b"]\n',
        ["line 58: criterion[0].anchors: needs five texts, for the grades 0 to 4, found 2"],
    ),
    "own_delivery": (
        RIGHT + OWN.format(id="eget", level="tactical") + "delivery = true\n",
        ["line 58: criterion[0].delivery: is for the operational level, and this criterion is tactical; take delivery away"],
    ),
    "same_id": (
        changed(('id = "B"', 'id = "A"'), ('assessor = "B"', 'assessor = "A"')),
        [
            'line 9: assessor[1].id: "A" is used by another [[assessor]] too; give each its own',
            (
                "line 27: assessment[1].criterion: lag-2023-196.atgardsplan is assessed twice by A (first on line 18); "
                "keep one of the assessments"
            ),
        ],
    ),
}

NAMED = {
    "role": (
        changed(('role = "extern granskare"', 'role = "Anna Andersson, granskare"')),
        (
            "line 6: assessor[0].role: looks like a person's name: a process evaluation names roles, never persons; "
            'write the role, such as "extern granskare"'
        ),
    ),
    "given_name_as_id": (
        changed(('id = "A"', 'id = "anna"'), ('grade = 3\nassessor = "A"', 'grade = 3\nassessor = "anna"')),
        (
            "line 5: assessor[0].id: looks like a person's name: a process evaluation names roles, never persons; "
            "write the role instead"
        ),
    ),
    "addressee": (
        changed(('addressee = "kommunstyrelsen"', 'addressee = "Karin på kommunen"')),
        (
            "line 50: factor[0].addressee: looks like a person's name: a process evaluation names roles, never persons; "
            'write a board or a role, such as "kommunstyrelsen"'
        ),
    ),
    "title": (
        changed(('title = "Åtgärdsplan 2024–2025"', 'title = "Intervju med Lars Svensson"')),
        (
            "line 15: evidence[0].title: looks like a person's name: a process evaluation names roles, never persons; "
            "write the role instead"
        ),
    ),
    "text": (
        changed(('text = "Utse en ersättare."', 'text = "Utse en ersättare för Eva Berg."')),
        (
            "line 49: factor[0].text: looks like a person's name: a process evaluation names roles, never persons; "
            "write the role instead"
        ),
    ),
    "mail": (
        changed(('text = "Utse en ersättare."', 'text = "Skriv till e.b@kommun.example."')),
        (
            "line 49: factor[0].text: looks like an e-mail address: a process evaluation names roles, never persons; "
            "write the role instead"
        ),
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_message(name, tmp_path):
    text, messages = WRONG[name]
    fault, problems = told(tmp_path, text)
    assert problems == messages
    assert isinstance(fault, StudyError)


@pytest.mark.parametrize("name", NAMED)
def test_a_person_is_refused_and_not_repeated(name, tmp_path):
    text, message = NAMED[name]
    fault, problems = told(tmp_path, text)
    assert message in problems
    assert isinstance(fault, DataError)
    for part in ("Anna", "anna", "Andersson", "Karin", "Lars", "Svensson", "Eva", "Berg", "e.b@"):
        assert part not in str(fault)


def test_another_problem_does_not_repeat_the_name_either(tmp_path):
    fault, problems = told(tmp_path, changed(('grade = 3\nassessor = "A"', 'grade = 3\nassessor = "Eva Berg"')))
    assert problems[0] == "line 22: assessment[0].assessor: what may be personal data is not an [[assessor]]; they are A, B."
    assert "Berg" not in str(fault)


@pytest.mark.parametrize("title", ["Observation av Stortorget 2024", "Intervju med polisens Region Syd", "Passen i Maria park"])
def test_places_and_years_are_no_persons(title, tmp_path):
    assert load_process(write(tmp_path, changed(('"Åtgärdsplan 2024–2025"', f'"{title}"')))) is not None


def test_all_problems_are_told_at_once(tmp_path):
    text = changed(("grade = 3", "grade = 7"), ('assessor = "B"', 'assessor = "C"'), ('"trygghetsvardar.leverans"', '"himlen"'))
    fault, problems = told(tmp_path, text)
    assert fault.message.endswith("process.toml: 3 problems")
    assert [problem.split(":")[0] for problem in problems] == ["line 21", "line 29", "line 40"]


def test_the_sets_of_the_messages_are_those_there_are():
    assert ", ".join(ready_sets()) == SETS
