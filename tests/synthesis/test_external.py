"""What is an author of evidence/external.toml told? Every message written out in full."""

from __future__ import annotations

from pathlib import Path

import pytest

from utvardering.errors import StudyError
from utvardering.synthesis.evidence import weigh
from utvardering.synthesis.external import load_external
from utvardering.synthesis.findings import from_external

ROW = """[[result]]
measure = "belysning"
aim = "brott"
scale = "log_ratio"
estimate = -0.12
std_error = 0.05
source = "Påhittsson (2020), Ljus i Exempelstad, Tidskrift för påhittade studier 1(1), tabell 2"
design = "11 parker, skillnad i skillnader"
"""


def said(folder: Path, text: str) -> str:
    path = folder / "external.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(StudyError) as fault:
        load_external(path)
    return str(fault.value).replace(path.as_posix(), "external.toml")


def test_the_file_of_the_repository_is_empty():
    assert load_external(Path(__file__).parents[2] / "evidence" / "external.toml") == ()


def test_no_file_is_no_results(tmp_path):
    assert load_external(tmp_path / "external.toml") == ()


def test_a_row_is_read_and_pooled_as_it_stands(tmp_path):
    path = tmp_path / "external.toml"
    path.write_text("\n".join(ROW.replace("-0.12", f"-0.1{n}") for n in range(3)), encoding="utf-8")
    found = weigh(from_external(load_external(path)))
    assert [one.pooled for one in found.listed] == [True] * 3
    assert (found.groups[0].k, found.groups[0].direction) == (3, "decrease")
    assert found.pooled_frame().iloc[0]["n_external"] == 3
    assert found.listed[0].finding.verdict == ""


def test_a_difference_without_its_unit_is_listed_only(tmp_path):
    path = tmp_path / "external.toml"
    path.write_text(ROW.replace("log_ratio", "difference"), encoding="utf-8")
    assert weigh(from_external(load_external(path))).listed[0].why_not == "unit_unknown"


def test_everything_that_is_wrong_is_said_at_once(tmp_path):
    text = """[[result]]
measure = "belysningar"
aim = "brott"
scale = "logratio"
estimate = -0,12
std_error = -0.1
source = "Ek 2020"
desing = "11 parker"
"""
    assert said(tmp_path, text) == (
        "external.toml: 6 problems\n"
        "  line 2: result[0].measure: needs one of trygghetsvardar, sspf, belysning, ordningsvakter, kamera, skola, "
        'utbildning, organisation, other, found "belysningar". Did you mean "belysning"?\n'
        '  line 4: result[0].scale: needs one of log_ratio, difference, found "logratio". Did you mean "log_ratio"?\n'
        "  line 5: result[0].estimate: needs a number, found -0,12; write estimate = -0.12\n"
        "  line 6: result[0].std_error: needs a number above 0, found -0.1\n"
        "  line 7: result[0].source: needs the full source (author, year, title, where it is published and the table), "
        'found "Ek 2020"\n'
        '  line 8: result[0].desing: is not a key of [[result]]. Did you mean "design"?'
    )


def test_a_source_is_needed(tmp_path):
    text = "\n".join(line for line in ROW.splitlines() if not line.startswith("source"))
    assert said(tmp_path, text) == (
        "external.toml: 1 problem\n"
        '  line 1: result[0].source: is missing: full source. Write such as source = "Author (year), title, journal, table"'
    )


def test_a_result_stands_there_once(tmp_path):
    assert said(tmp_path, ROW + ROW) == (
        "external.toml: 1 problem\n  line 9: result[1]: is the same as result[0]; a result counts once"
    )


def test_single_brackets_are_mended_in_words(tmp_path):
    assert said(tmp_path, ROW.replace("[[result]]", "[result]")) == (
        "external.toml: 1 problem\n  line 1: result: needs double brackets, once for each: [[result]]"
    )
