"""The panel of one series, and every message that a faulty file of it gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from utvardering.data.load import load_panel
from utvardering.data.panel import Panel
from utvardering.errors import DataError, DataNotFetchedError, StudyError
from utvardering.study.load import load_study

WEBBPLATS = Path(__file__).parents[2] / "studies" / "webbplats"
Change = Callable[[pd.DataFrame], pd.DataFrame]


def load(root: Path, change: Change = lambda table: table, old: str = "", new: str = "") -> Panel:
    """The panel of the example study with a changed table, and with one text of its study file replaced."""
    folder = root / "webbplats"
    (folder / "data").mkdir(parents=True)
    text = (WEBBPLATS / "study.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "study.toml").write_text(text.replace(old, new, 1), encoding="utf-8")
    change(pd.read_csv(WEBBPLATS / "data" / "serie.csv", dtype=str)).to_csv(folder / "data" / "serie.csv", index=False)
    return load_panel(load_study(folder))


def cell(row: int, column: str, value: str) -> Change:
    def changed(table: pd.DataFrame) -> pd.DataFrame:
        table.loc[row, column] = value
        return table

    return changed


def test_one_unit_under_the_measure_and_nothing_else(tmp_path: Path) -> None:
    panel = load(tmp_path)
    sample = panel.sample("besok_trygg")
    assert panel.one_series
    assert (panel.labels, sample.y.shape) == (("Serien",), (1, 84))
    assert (sample.n_periods_before, sample.n_periods_after) == (56, 28)
    assert sample.y[0, 0] == 2399


def test_an_empty_cell_is_left_out_without_a_name_of_the_unit(tmp_path: Path) -> None:
    panel = load(tmp_path, cell(5, "besok_trygg", ""))
    assert np.isnan(panel.sample("besok_trygg").y[0, 5])
    assert [(one.unit, one.period, one.outcome) for one in panel.left_out] == [("", "2018-06", "besok_trygg")]


CASES = {
    "column": (
        lambda table: table.rename(columns={"besok_trygg": "besok_tryg"}),
        'besok_trygg: is not a column of the file (outcomes[0].id, line 47 of study.toml). Did you mean "besok_tryg"?',
    ),
    "period_column": (
        lambda table: table.rename(columns={"manad": "Månad"}),
        'manad: is not a column of the file (data.period, line 38 of study.toml). Did you mean "Månad"?',
    ),
    "wide": (
        lambda table: table.set_index("manad").T.reset_index(),
        (
            "manad: the periods stand as columns (2018-01, 2018-02, 2018-03 and 81 more); "
            'write a row per period with the period in a column "manad"'
        ),
    ),
    "two_rows": (
        lambda table: pd.concat([table, table.iloc[[3]]]),
        "line 86: 2018-04 stands on row 5 already; a series has one row per month",
    ),
    "missing_period": (
        lambda table: table.drop(index=[5]),
        "data/serie.csv: there is no row for 2018-06; add the rows, or change first and last in [period]",
    ),
    "text": (cell(5, "besok_trygg", "ca 2000"), 'line 7: besok_trygg: needs a number, found "ca 2000"'),
    "fraction": (
        cell(5, "besok_trygg", "20.5"),
        'line 7: besok_trygg: needs a whole number, found 20.5; a rate is written with kind = "rate"',
    ),
    "period": (cell(5, "manad", "juni 2018"), 'line 7: manad: needs a month such as 2019-07, found "juni 2018"'),
    "persons": (
        lambda table: table.assign(personnummer="199001011234"),
        "personnummer: looks like identity numbers of persons; personal data may not be in a study; take the column away",
    ),
    "other_years": (
        lambda table: table.assign(manad=table["manad"].str.replace("20", "19")),
        "manad: no row lies within [period] 2018-01 to 2024-12",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_fault_of_the_file_is_told_in_words_of_one_series(name: str, tmp_path: Path) -> None:
    change, text = CASES[name]
    with pytest.raises(DataError) as fault:
        load(tmp_path, change)
    lines = [line.strip() for line in str(fault.value).splitlines()]
    assert lines[0].startswith("data/serie.csv: 1 problem")
    assert lines[1] == text
    assert '"series"' not in str(fault.value)
    assert "unit" not in str(fault.value)


@pytest.mark.parametrize("start", ["2027-09-01", "2017-01-01"])
def test_a_start_outside_the_data_is_refused(start: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError, match=rf"line 23: measure.start: {start} lies outside \[period\]"):
        load(tmp_path, old="start = 2022-09-01", new=f"start = {start}")


def test_a_start_in_the_first_period_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="lies in the first period, so nothing is known from before"):
        load(tmp_path, old="start = 2022-09-01", new="start = 2018-01-01")


def test_a_file_that_is_not_there_is_told_with_what_is(tmp_path: Path) -> None:
    with pytest.raises(
        (DataError, DataNotFetchedError), match=r"data/serier\.csv: there is no such file; the folder holds serie.csv"
    ):
        load(tmp_path, old="data/serie.csv", new="data/serier.csv")


def test_an_outcome_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    whole = load(tmp_path / "whole")
    folder = tmp_path / "webbplats"
    shutil.copytree(tmp_path / "whole" / "webbplats", folder)
    table = pd.read_csv(folder / "data" / "serie.csv", dtype=str)
    table[["manad", "samtal_stodlinjen"]].to_csv(folder / "data" / "samtal.csv", index=False)
    table.drop(columns="samtal_stodlinjen").to_csv(folder / "data" / "serie.csv", index=False)
    text = (folder / "study.toml").read_text(encoding="utf-8")
    own = 'id = "samtal_stodlinjen"\nfile = "data/samtal.csv"\n'
    (folder / "study.toml").write_text(text.replace('id = "samtal_stodlinjen"\n', own), encoding="utf-8")
    panel = load_panel(load_study(folder))
    np.testing.assert_array_equal(panel.sample("samtal_stodlinjen").y, whole.sample("samtal_stodlinjen").y)
    assert set(panel.sources) == {"data/serie.csv", "data/samtal.csv"}
