"""A cohort that differs in a few persons from the one told is not told beside it: nothing of them follows by subtraction."""

from __future__ import annotations

import pytest
from study_folder import lines_of, write_folder

from utvardering.data.cohort import load_cohort
from utvardering.data.told_versions import note_told, refuse_telling_difference
from utvardering.errors import DataError
from utvardering.study.load import load_study


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    root = tmp_path_factory.mktemp("told")
    study = load_study(write_folder(root))
    note_told(study, load_cohort(study), root / "build")
    return root / "build"


def _without(persons: int) -> list[str]:
    head, *rows = lines_of()
    gone = sorted({row.split(";")[0] for row in rows})[:persons]
    return [head, *(row for row in rows if row.split(";")[0] not in gone)]


def _refuse(rows, tmp_path, told):
    study = load_study(write_folder(tmp_path, rows))
    refuse_telling_difference(study, load_cohort(study), told)


@pytest.mark.parametrize("persons", [1, 4])
def test_a_few_persons_less_are_refused(persons, told, tmp_path):
    with pytest.raises(DataError, match="fewer than 5 persons differ") as refused:
        _refuse(_without(persons), tmp_path, told)
    assert "Ekskolan" not in str(refused.value)


def test_another_value_of_one_person_is_refused(told, tmp_path):
    head, first, *rows = lines_of()
    cells = first.split(";")
    cells[-1] = "1.25"
    with pytest.raises(DataError, match="fewer than 5 persons differ"):
        _refuse([head, ";".join(cells), *rows], tmp_path, told)


def test_a_wave_less_does_not_hide_a_person_less(told, tmp_path):
    gone = {row.split(";")[0] for row in _without(1)}
    rows = [row for row in lines_of(waves=(0, 1)) if row.split(";")[0] in gone]
    with pytest.raises(DataError, match="fewer than 5 persons differ"):
        _refuse(rows, tmp_path, told)


def test_the_same_cohort_and_one_that_many_left_are_told(told, tmp_path):
    _refuse(lines_of()[:1] + lines_of()[:0:-1], tmp_path / "order", told)
    _refuse(_without(9), tmp_path / "many", told)


def test_the_record_holds_no_value(told):
    held = (told / ".told" / "stod.json").read_text(encoding="utf-8")
    assert "Q7Z" not in held
    assert "Ekskolan" not in held
    assert "." not in held
