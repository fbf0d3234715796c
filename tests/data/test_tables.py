"""csv, parquet and xlsx of every make hold the same table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from small_panel import write

from utvardering.data.datasets import read_dataset
from utvardering.data.numbers import number
from utvardering.data.tables import Table, read_table
from utvardering.errors import DataError

TEXT = "område;andel;antal\nTorsås;0,5;1 234\n0126;..;-3\n"


def read(folder: Path, content: str | bytes, name: str = "tabell.csv") -> Table:
    return read_table(write(folder, content, name))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, newline: str, tmp_path: Path) -> None:
    table = read(tmp_path, TEXT.replace("\n", newline).encode(encoding))
    assert list(table.columns) == ["område", "andel", "antal"]
    assert table.text("område").to_pylist() == ["Torsås", "0126"]
    assert table.numbers("antal").floats.tolist() == [1234, -3]
    assert table.rows.tolist() == [2, 3]


@pytest.mark.parametrize("separator", [";", "\t", ","])
def test_separators(separator: str, tmp_path: Path) -> None:
    text = TEXT.replace("0,5", '"0,5"').replace(";", separator)
    table = read(tmp_path, text)
    assert table.numbers("andel").floats[0] == 0.5
    assert table.numbers("andel").missing.tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234), ("1 234,5", 1234.5), ("1\u00a0234,5", 1234.5), ("1\u2009234", 1234), ("12\u202f345\u202f678", 12345678),
        ("-3", -3), ("\u22123,25", -3.25), ("+4", 4), ("1e5", 1e5), ("2019.0", 2019), (",5", 0.5), ("3,", 3),
        ("12 34", None), ("1 2345", None), ("1,234.5", None), ("1.234,5", None), ("tolv", None), ("12 %", None),
        ("0x10", None), ("1_000", None), ("", None), ("inf", None),
    ],
)  # fmt: skip
def test_spellings_of_numbers(text: str, value: float | None) -> None:
    assert number(text) == value


@pytest.mark.parametrize("mark", ["", "..", "NA", "-", ".", " "])
def test_marks_of_missing_values(mark: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"a;b\nx;{mark}\ny;2\n").numbers("b")
    assert found.missing.tolist() == [True, False]
    assert not found.bad.any()


@pytest.mark.parametrize("other", ["nan", "null", "inf", "#SAKNAS!", "x"])
def test_other_text_is_no_number(other: str, tmp_path: Path) -> None:
    found = read(tmp_path, f"a;b\nx;{other}\ny;2\n").numbers("b")
    assert found.bad.tolist() == [True, False]
    assert np.isnan(found.floats[0])


def test_codes_keep_their_zeros_and_cells_their_quotes(tmp_path: Path) -> None:
    table = read(tmp_path, 'kod;namn\n0126;"Norra; ""gamla"" delen"\n0834; Söder \n')
    assert table.text("kod").to_pylist() == ["0126", "0834"]
    assert table.text("namn").to_pylist() == ['Norra; "gamla" delen', "Söder"]


def test_rows_are_numbered_as_in_the_file(tmp_path: Path) -> None:
    table = read(tmp_path, 'a;b\n1;x\n\n2;"y\nz"\n;\n3;w\n\n')
    assert table.text("a").to_pylist() == ["1", "2", "3"]
    assert table.rows.tolist() == [2, 4, 7]


def test_excels_own_separator_line_and_trailing_separators(tmp_path: Path) -> None:
    table = read(tmp_path, "sep=;\na;b;\n1;2;\n3;4;\n")
    assert list(table.columns) == ["a", "b"]
    assert table.numbers("b").floats.tolist() == [2, 4]


def test_a_workbook_gives_dates_and_whole_numbers(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    for row in [
        ["kod", "datum", "text", "antal", "andel"],
        [
            126,
            dt.datetime(2020, 1, 1),  # noqa: DTZ001 -- Excel's dates have no time zone
            "2020-01-01",
            3.0,
            0.1,
        ],
        [180, dt.date(2020, 2, 1), "2020-02-01", None, 0.25],
    ]:
        sheet.append(row)
    book.save(tmp_path / "bok.xlsx")
    table = read_table(tmp_path / "bok.xlsx")
    assert table.text("kod").to_pylist() == ["126", "180"]
    assert table.text("datum").to_pylist() == table.text("text").to_pylist() == ["2020-01-01", "2020-02-01"]
    assert table.numbers("antal").missing.tolist() == [False, True]
    assert table.numbers("andel").floats.tolist() == [0.1, 0.25]
    assert table.rows.tolist() == [2, 3]


def test_parquet_keeps_types_and_gives_text(tmp_path: Path) -> None:
    frame = pd.DataFrame(
        {
            "kod": ["0126", "0834"],
            "grupp": pd.Categorical(["a", "b"]),
            "dag": pd.to_datetime(["2020-01-01", "2020-02-01"]),
            "ar": [2019.0, 2020.0],
            "antal": pd.array([3, None], dtype="Int64"),
            "infört": [True, False],
            "andel": [np.inf, np.nan],
        }
    )
    frame.to_parquet(tmp_path / "t.parquet")
    table = read_table(tmp_path / "t.parquet")
    assert table.text("kod").to_pylist() == ["0126", "0834"]
    assert table.text("grupp").to_pylist() == ["a", "b"]
    assert table.text("dag").to_pylist() == ["2020-01-01", "2020-02-01"]
    assert table.text("ar").to_pylist() == ["2019", "2020"]
    assert table.numbers("antal").missing.tolist() == [False, True]
    assert table.numbers("infört").floats.tolist() == [1, 0]
    assert table.numbers("andel").bad.tolist() == [True, False]


@pytest.mark.parametrize(("name", "kind"), [("a.xlsx", "an Excel workbook"), ("a.parquet", "a parquet file")])
def test_a_file_of_another_kind_than_its_ending(name: str, kind: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=f"{name}: is not {kind} that can be read"):
        read(tmp_path, "a;b\n1;2\n", name)


def test_data_sets_of_installed_packages() -> None:
    table = read_dataset("causaldata:castle")
    assert len(table.rows) == 550
    assert table.name == "causaldata:castle"
    assert sorted(set(table.text("year").to_pylist())) == [str(year) for year in range(2000, 2011)]
    assert table.numbers("homicide").floats[0] == pytest.approx(7.594, abs=1e-3)  # the file holds single precision
