"""Every message that a faulty data file gives, written out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from small_panel import HEADER, UNITS, changed, load, message, rows, write
from wrong_persons import CASES as PERSONS
from wrong_roles import CASES as ROLES
from wrong_tables import CASES as TABLES

from utvardering.errors import DataNotFetchedError

SOUND = "\n".join(rows())
SOURCES = '[[source]]\nfile = "{file}"\nproducer = "Exempelstad"\nsha256 = "{sha}"\n'


@pytest.mark.parametrize(("content", "tables", "code", "text"), [*TABLES, *ROLES, *PERSONS])
def test_a_fault_is_told(content: str | None, tables: dict[str, Any], code: int, text: str, tmp_path: Path) -> None:
    assert message(tmp_path, content, **tables) == (code, text)


def test_a_sound_file_gives_no_message(tmp_path: Path) -> None:
    assert message(tmp_path) == (0, "")


def test_all_faults_of_a_file_are_told_at_once_in_its_order(tmp_path: Path) -> None:
    content = changed({4: "Centrum;2020-03;många;1000", 9: "Norra;2020-02;-3;1000", 15: "Södra;2020-02;3;0"})
    assert message(tmp_path, content) == (
        3,
        (
            "data/panel.csv: 3 problems\n"
            '  line 4: brott: needs a number, found "många"\n'
            "  line 9: brott: needs a count of 0 or more, found -3\n"
            "  line 15: folkmangd: needs a number above 0, found 0"
        ),
    )


def test_a_long_list_is_cut_and_counted(tmp_path: Path) -> None:
    body = [f"{unit};2020-{month:02d};x;y" for unit in UNITS for month in range(1, 7)]
    _, text = message(tmp_path, "\n".join([HEADER, *body]))
    lines = text.splitlines()
    assert lines[0] == "data/panel.csv: 36 problems"
    assert lines[1:3] == ['  line 2: brott: needs a number, found "x"', '  line 2: folkmangd: needs a number, found "y"']
    assert len(lines) == 22
    assert lines[-1] == "  and 16 more"


def test_labels_without_their_columns(tmp_path: Path) -> None:
    write(tmp_path, "omrade;namn\nCentrum;Torget\n", "data/namn.csv")
    data = {"panel": "data/panel.csv", "unit": "omrade", "period": "manad", "unit_labels": "data/namn.csv"}
    assert message(tmp_path, data=data) == (
        3,
        (
            "data/namn.csv: 2 problems\n"
            "  unit: is not a column of the file (data.unit_labels).\n"
            "  label: is not a column of the file (data.unit_labels).\n"
            "  the columns are: omrade, namn"
        ),
    )


def test_an_old_excel_file(tmp_path: Path) -> None:
    write(tmp_path, "x", "data/panel.xls")
    data = {"panel": "data/panel.xls", "unit": "omrade", "period": "manad"}
    assert message(tmp_path, data=data) == (3, "data/panel.xls: cannot read .xls; save it as csv, parquet or xlsx")


def test_data_that_are_described_but_not_fetched(tmp_path: Path) -> None:
    write(tmp_path, SOURCES.format(file="data/kolada.csv", sha=""), "data/sources.toml")
    data = {"panel": "data/kolada.csv", "unit": "omrade", "period": "manad"}
    with pytest.raises(DataNotFetchedError) as told:
        load(tmp_path, data=data)
    assert str(told.value) == "data/kolada.csv: the data have not been fetched; run: utvardering data fetch prov"


@pytest.mark.parametrize("file", ["data/panel.csv", "panel.csv"])
def test_data_that_are_not_those_that_were_described(file: str, tmp_path: Path) -> None:
    write(tmp_path, SOURCES.format(file=file, sha="0" * 64), "data/sources.toml")
    assert message(tmp_path, SOUND) == (
        3,
        (
            "data/sources.toml: 1 problem\n"
            f"  source[0].sha256: {file} has changed since it was described; restore the file, or describe the new one and "
            f'write sha256 = "{hashlib.sha256(SOUND.encode()).hexdigest()}"'
        ),
    )


def test_a_source_with_an_unknown_key(tmp_path: Path) -> None:
    write(tmp_path, '[[source]]\nfile = "data/panel.csv"\nproduser = "Exempelstad"\n', "data/sources.toml")
    assert message(tmp_path) == (
        3,
        (
            "data/sources.toml: 1 problem\n"
            '  line 3: source[0].produser: is not a key. Did you mean "producer"? The keys are file, producer, title, address, '
            "retrieved, licence, sha256, unit, breaks, connector, query, polarity, remarks, areas, crosswalk"
        ),
    )


def test_another_design_has_no_panel(tmp_path: Path) -> None:
    study = {"id": "prov", "title": "Prov", "question": "Hur gick det?", "design": "organisation"}
    assert message(tmp_path, study=study) == (2, 'prov: only a study with design = "areas" or "series" has a panel')
