"""Every message that an author can see, written out in full."""

from __future__ import annotations

import contextlib
import re
import tomllib
from pathlib import Path

import pytest

from .example import STUDY, changed, complaint, write

PYDANTIC = re.compile(r"Input should|validation error|Field required|Extra inputs|Traceback|_type|NoneType|pydantic")


CASES = {
    name: case
    for file in ("wrong_values.toml", "wrong_plans.toml", "wrong_costs.toml")
    for name, case in tomllib.loads((Path(__file__).parent / file).read_text(encoding="utf-8")).items()
}


@pytest.mark.parametrize("name", CASES)
def test_wrong_study_is_told_so(here: Path, name: str) -> None:
    told = CASES[name]["told"]
    write(here, changed(*CASES[name]["edits"]))
    count = "1 problem" if len(told) == 1 else f"{len(told)} problems"
    text = complaint("studies/prov")
    assert text.split("\n") == [f"studies/prov/study.toml: {count}", *(f"  {line}" for line in told)]
    assert not PYDANTIC.search(text)


def test_all_problems_at_once_in_the_order_of_the_lines(here: Path) -> None:
    text = changed(
        ("title", "titel"),
        ('id = "prov"', 'id = "annan"'),
        ("amount = 4_200_000", "amount = 4 200 000"),
        ("start = 2022-07-01", 'start = "juli 2022"'),
        ('units = ["Parken"]', 'units = ["Centrum"]'),
        ('kind = "share"', 'kind = "andel"'),
        ("level = 0.95", "level = 0,95"),
    )
    write(here, text)
    assert complaint("studies/prov") == (
        "studies/prov/study.toml: 7 problems\n"
        '  line 4: study.id: is "annan", but the folder is prov; write id = "prov" or rename the folder\n'
        '  line 5: study.titel: is not a key of [study]. Did you mean "title"?\n'
        "  line 17: measure.cost.amount: needs a number of at least 0, found 4 200 000; write amount = 4_200_000\n"
        '  line 34: treated[0].start: needs a date such as 2022-07-01, found "juli 2022"\n'
        '  line 41: neighbours.units[0]: "Centrum" is treated and cannot be here too; remove it here or from [[treated]]\n'
        '  line 58: outcomes[1].kind: needs one of count, rate, share, mean, found "andel". Did you mean "share"?\n'
        "  line 64: estimation.level: needs a number above 0.5 and below 1, found 0,95; write level = 0.95"
    )


SAVE = "save it again as UTF-8 (Notepad: Save as, Encoding: UTF-8; VS Code: click the encoding in the bottom row)"


def test_latin_1_file(here: Path) -> None:
    write(here, STUDY.encode("latin-1"))
    assert complaint("studies/prov") == (
        f'studies/prov/study.toml: 1 problem\n  line 5: the file is not saved as UTF-8 (here: "Trygghetsvärdar); {SAVE}'
    )


def test_latin_1_hides_nothing_else(here: Path) -> None:
    write(here, changed(("level = 0.95", "level = 95")).encode("latin-1"))
    assert complaint("studies/prov").count("\n  line ") == 2


def test_utf_16_file(here: Path) -> None:
    write(here, STUDY.encode("utf-16"))
    assert complaint("studies/prov") == f"studies/prov/study.toml: 1 problem\n  line 1: the file is saved as UTF-16; {SAVE}"


def test_binary_file(here: Path) -> None:
    write(here, b"PK\x03\x04\x00\x00\xff\xfe")
    assert complaint("studies/prov") == (
        "studies/prov/study.toml: this is not a text file; a study file is written in a text editor"
    )


def test_missing_study(here: Path) -> None:
    write(here, STUDY)
    write(here, STUDY, "belysning")
    assert complaint("prof") == ('prof: there is no such study. Did you mean "prov"? These studies exist: belysning, prov')
    assert complaint("studies/x") == "studies/x: there is no such study. These studies exist: belysning, prov"
    assert complaint("studies/prof/study.toml") == (
        'studies/prof/study.toml: there is no such file. Did you mean "prov"? These studies exist: belysning, prov'
    )


def test_missing_study_where_there_are_none(here: Path) -> None:
    assert here.is_dir()
    assert complaint("prov") == "prov: there is no such study. Make a study with: utvardering new NAME"


def test_folder_without_study_file(here: Path) -> None:
    write(here, STUDY)
    (here / "studies" / "tom").mkdir()
    assert complaint("studies/tom") == "studies/tom: this folder has no study.toml. These studies exist: prov"
    assert complaint("tom") == "studies/tom: this folder has no study.toml. These studies exist: prov"


def test_folder_of_all_studies(here: Path) -> None:
    write(here, STUDY)
    write(here, STUDY, "belysning")
    assert complaint("studies") == "studies: this folder holds several studies; name one of them: belysning, prov"


EXPECTED = """\
[[expected]]
outcome = "brott"
estimator = "poisson_did"
estimate = -0.1
tolerance = 0.001
source = "Tabell 2"

[truth]
brott = -0.2
"""


@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (
            [("estimate = -0.1", 'estimate = "-0,1"')],
            ['line 4: expected[0].estimate: needs a number, found "-0,1"; write estimate = -0.10'],
        ),
        (
            [("brott = -0.2", "brot = -0.2")],
            ['line 9: truth.brot: "brot" is not an outcome of the study. Did you mean "brott"?'],
        ),
        (
            [('outcome = "brott"', 'outcome = "trygghet"')],
            ['line 2: expected[0].outcome: "trygghet" is not an outcome of the study. Did you mean "trygg"?'],
        ),
        ([("brott = -0.2", 'brott = "minus"')], ['line 9: truth.brott: needs a number, found "minus"']),
        (
            [("tolerance = 0.001\n", ""), ("[[expected]]", "[expected]")],
            [
                "line 1: expected: needs double brackets, once for each: [[expected]]",
                (
                    "line 1: expected[0].tolerance: is missing: largest deviation from either number. "
                    "Write such as tolerance = 0.0001"
                ),
            ],
        ),
        ([("source", "kalla")], ['line 6: expected[0].kalla: is not a key of [[expected]]. Did you mean "source"?']),
        (
            [("tolerance = 0.001", "tolerance 0.001")],
            ['line 5: expected[0].tolerance: needs "=" between key and value: tolerance = 0.001'],
        ),
        (
            [('source = "Tabell 2"', 'source = ["Tabell 2"')],
            ['line 6: the list that begins here lacks a comma between two values, or "]" at its end'],
        ),
    ],
)
def test_expected_numbers(here: Path, edits: list[tuple[str, str]], told: list[str]) -> None:
    folder = write(here, STUDY)
    (folder / "expected.toml").write_text(changed(*edits, text=EXPECTED), encoding="utf-8")
    count = "1 problem" if len(told) == 1 else f"{len(told)} problems"
    assert complaint("studies/prov").split("\n") == [f"studies/prov/expected.toml: {count}", *(f"  {line}" for line in told)]


def test_no_slip_of_one_sign_gives_a_traceback(here: Path) -> None:
    """Take away, or change, every single sign of the file: the author is told in words, or the study loads."""
    seen = []
    signs = ["", '"', "[", "å", "=", "\\"]
    for at in range(0, len(STUDY), 7):
        for sign in signs:
            write(here, STUDY[:at] + sign + STUDY[at + 1 :])
            with contextlib.suppress(AssertionError):  # a slip within a text is no fault
                seen.append(complaint("studies/prov"))
    assert len(seen) > len(STUDY) / 7
    assert not [told for told in seen if PYDANTIC.search(told)]
