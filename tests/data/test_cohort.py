"""A cohort is laid out as persons and waves, and every fault is told with its line and without what the cell holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_cohort import HEADER, PERSONS, changed, fault, make_study, rows, write

from utvardering.data.cohort import load_cohort
from utvardering.errors import DataError, StudyError


def test_a_sound_file_is_persons_and_waves(tmp_path: Path) -> None:
    write(tmp_path, changed({}))
    cohort = load_cohort(make_study(tmp_path))
    assert cohort.waves == (0, 1, 2)
    assert cohort.last_before == 1
    order = (0, 2, 3, 1, 6, 4, 7, 5)  # by group, arm, age and values, whatever the pseudonyms are
    assert cohort.outcomes["normbrytande"].tolist() == [[10 + n - wave for wave in (0, 1, 2)] for n in order]
    assert cohort.treated.tolist() == [bool(n % 2) for n in order]
    assert cohort.group.tolist() == [0] * 4 + [1] * 4
    assert cohort.covariates["alder"].tolist() == [13 + n % 3 for n in order]


def test_another_pseudonym_changes_nothing_but_the_checksum_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, changed({}))
    one = load_cohort(make_study(tmp_path))
    other_names = changed({})
    for n, person in enumerate(PERSONS):
        other_names = other_names.replace(person, f"Z-{900 - 7 * n}")
    write(tmp_path, other_names)
    other = load_cohort(make_study(tmp_path))
    for name in ("treated", "group"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert one.outcomes["normbrytande"].tobytes() == other.outcomes["normbrytande"].tobytes()
    assert one.covariates["alder"].tobytes() == other.covariates["alder"].tobytes()
    assert one.sources != other.sources


def test_nothing_in_the_cohort_holds_a_pseudonym(tmp_path: Path) -> None:
    write(tmp_path, changed({}))
    cohort = load_cohort(make_study(tmp_path))
    with np.printoptions(threshold=10**6):
        shown = "".join(repr(value) for value in vars(cohort).values())
    assert not any(person in shown for person in PERSONS)


def test_the_order_of_the_rows_does_not_matter(tmp_path: Path) -> None:
    write(tmp_path, changed({}))
    one = load_cohort(make_study(tmp_path))
    first, *body = rows()
    write(tmp_path, "\n".join([first, *body[::-1]]))
    other = load_cohort(make_study(tmp_path))
    assert np.array_equal(one.outcomes["normbrytande"], other.outcomes["normbrytande"])
    assert np.array_equal(one.treated, other.treated)
    assert np.array_equal(one.group, other.group)


def test_a_wave_that_is_missing_is_nan(tmp_path: Path) -> None:
    write(tmp_path, "\n".join(line for place, line in enumerate(rows(), start=1) if place not in {4, 9}))
    values = load_cohort(make_study(tmp_path)).outcomes["normbrytande"]
    assert np.isnan(values[0, 2])  # the first person, whose age is the lowest of group and arm
    assert np.isnan(values[1, 1])
    assert np.isnan(values).sum() == 2


def test_a_covariate_is_never_from_after_the_start(tmp_path: Path) -> None:
    write(tmp_path, changed({4: "K-700;2;0;Alfa;99;8", 3: "K-700;1;0;Alfa;;9"}))
    assert load_cohort(make_study(tmp_path)).covariates["alder"][0] == 13


def test_before_cuts_what_comes_after(tmp_path: Path) -> None:
    write(tmp_path, changed({}))
    before = load_cohort(make_study(tmp_path)).before()
    assert before.waves == (0, 1)
    assert before.outcomes["normbrytande"].shape == (8, 2)
    assert before.outcomes["normbrytande"].base is None, "a view would keep the later waves in memory"


FAULTS = [
    ({4: "K-700;1;0;Alfa;13;8"}, "line 4: lopnummer: the person has a row for wave 1 already, on line 3; keep one of them"),
    (
        {7: "K-713;2;0;Alfa;14;9"},
        "line 7: sspf: another treatment than on line 5, for the same person; a person keeps one treatment through all waves",
    ),
    ({3: "K-700;1,5;0;Alfa;13;9"}, "line 3: vag: needs the wave as a whole number, such as 1"),
    ({3: "K-700;;0;Alfa;13;9"}, "line 3: vag: needs the wave as a whole number, such as 1"),
    (
        {3: "K-700;1;0;Gamma;13;9"},
        "line 3: skola: another group than on line 2, for the same person; a person keeps one group through all waves",
    ),
    ({3: "K-700;1;0;;13;9"}, "line 3: skola: is empty; needs the person's group"),
    ({3: "K-700;1;2;Alfa;13;9"}, "line 3: sspf: needs 1 for the measure and 0 for the comparison"),
    ({3: "K-700;1;;Alfa;13;9"}, "line 3: sspf: needs 1 for the measure and 0 for the comparison"),
    ({3: ";1;0;Alfa;13;9"}, "line 3: lopnummer: is empty; needs the person's number"),
    ({3: "K-700;1;0;Alfa;13;mycket"}, "line 3: normbrytande: needs a number, or nothing where it is not known"),
    ({3: "K-700;1;0;Alfa;tretton;9"}, "line 3: alder: needs a number, or nothing where it is not known"),
]


@pytest.mark.parametrize(("lines", "told"), FAULTS)
def test_a_fault_is_told_with_its_line(lines: dict[int, str], told: str, tmp_path: Path) -> None:
    assert fault(tmp_path, changed(lines)) == f"data/kohort.csv: 1 problem\n  {told}"


def test_all_faults_are_told_at_once_and_no_cell_is_repeated(tmp_path: Path) -> None:
    said = fault(tmp_path, changed({3: "K-700;1,5;7;Alfa;tretton;mycket", 7: "K-713;2;0;Gamma;14;9"}))
    assert said.startswith("data/kohort.csv: 6 problems")
    assert not any(cell in said for cell in (*PERSONS, "tretton", "mycket", "Gamma", "Alfa"))


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("count", "-1", "needs a count of 0 or more"),
        ("count", "1,5", 'needs a whole number; a score is written with kind = "mean"'),
        ("rate", "-0,1", "needs a rate of 0 or more"),
        ("share", "-0,1", "needs a share from 0 to 1"),
        ("share", "40", "needs a share from 0 to 1, found more: if it is percent, divide by 100"),
    ],
)
def test_values_fit_their_kind(kind: str, value: str, told: str, tmp_path: Path) -> None:
    body = [";".join([*line.split(";")[:-1], "1"]) for line in rows()[1:]]
    body[2] = f"K-700;2;0;Alfa;13;{value}"
    outcome = {"id": "normbrytande", "title": "N", "aim": "brott", "role": "primary", "kind": kind}
    assert f"line 4: normbrytande: {told}" in fault(tmp_path, "\n".join([HEADER, *body]), outcomes=(outcome,))


def test_waves_around_the_start(tmp_path: Path) -> None:
    data = make_study(tmp_path).data.model_dump()
    write(tmp_path, changed({}))
    planned = load_cohort(make_study(tmp_path, data=data | {"last_wave_before": 2}))
    assert planned.n_after == 0, "a study that has not begun has no wave after the start"
    said = fault(tmp_path, changed({}), data=data | {"last_wave_before": -1})
    assert "vag: last_wave_before = -1 is no wave of the file, which has 0, 1, 2" in said


def test_both_arms_are_needed(tmp_path: Path) -> None:
    lines = [";".join([*(parts := line.split(";"))[:2], "0", *parts[3:]]) for line in rows()[1:]]
    assert "sspf: nobody has 1: nobody got the measure" in fault(tmp_path, "\n".join([HEADER, *lines]))


def test_missing_columns_are_named_and_the_first_row_is_not_repeated(tmp_path: Path) -> None:
    said = fault(tmp_path, "\n".join(rows()[4:]))
    assert said.count("is not a column of the file") == 6
    assert "K-713" not in said
    assert "Is the first row the names of the columns?" in said


@pytest.mark.parametrize(
    ("column", "value", "what"),
    [
        ("pnr", "1", "identity numbers"),
        ("id", "811228-9874", "identity numbers"),
        ("vem", "Anna Andersson", "names of persons"),
        ("vem", "Anna", "names of persons"),
        ("bor", "Storgatan 12", "street addresses"),
        ("kommentar", "Han sa att han skulle komma tillbaka. Det gjorde han.", "free text"),
        ("fodd", "2008", "dates of birth"),
        ("dag", "2008-03-14", "dates of single days"),
        ("dag", "20080314", "dates of single days"),
        ("postnummer", "12345", "postal codes"),
        ("telefon", "1", "telephone numbers"),
    ],
)
def test_what_tells_who_a_person_is_is_refused_unrepeated(column: str, value: str, what: str, tmp_path: Path) -> None:
    first, *body = rows()
    said = fault(tmp_path, "\n".join([f"{first};{column}", *(f"{line};{value}" for line in body)]))
    assert f"looks like {what}" in said
    if len(value) > 1:
        assert value not in said


def test_pseudonyms_that_are_given_names_are_refused(tmp_path: Path) -> None:
    names = ("Anna", "Erik", "Sara", "Karin", "Emil", "Maja", "Liam", "Ella")
    content = changed({})
    for person, name in zip(PERSONS, names, strict=True):
        content = content.replace(person, name)
    said = fault(tmp_path, content)
    assert (
        "lopnummer: looks like names of persons, which tells who the person is; write a number that only you can trace" in said
    )
    assert not any(name in said for name in names)


@pytest.mark.parametrize("review", ["", "Skriv diarienumret för etikprövningen här"])
def test_data_are_not_read_without_the_number_of_a_review(review: str, tmp_path: Path) -> None:
    study = make_study(tmp_path, ethics={"individuals": True, "review": review})
    with pytest.raises(StudyError, match=r"line 40: ethics.review: needs the registration number of the ethics review"):
        load_cohort(study)  # there is no file, so nothing was looked for


def test_ethics_say_that_it_is_about_persons(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=r"ethics.individuals: needs to be true before data on persons are read"):
        load_cohort(make_study(tmp_path, ethics={"individuals": False, "review": "2024-1"}))


def test_areas_have_no_cohort(tmp_path: Path) -> None:
    study = make_study(tmp_path)
    areas = study.model_copy(update={"study": study.study.model_copy(update={"design": "areas"})})
    with pytest.raises(StudyError, match='only a study with design = "individuals" has a cohort'):
        load_cohort(areas)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        load_cohort(make_study(tmp_path))
