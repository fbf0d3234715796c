"""What a panel shows, what it hides, and what does not change it."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest
from small_panel import load, make_study, rows, with_column, write

from utvardering.data import Panel, load_panel
from utvardering.data.panel import NEVER
from utvardering.errors import DesignError

ESTIMATION = {"estimator": "did", "covariates": ("vikt",), "weights": "vikt"}
SECRET = 987654.0  # what only periods after the start hold


def secretive(folder: Path, anticipation: int = 0, partial: str = "after") -> Panel:
    """A panel where every number after the start is SECRET or a share."""
    lines = []
    for line in with_column("vikt", ["1"] * 18).splitlines()[1:]:
        unit, month, *values = line.split(";")
        after = month >= "2020-04" if anticipation == 0 else month >= "2020-03"
        lines.append(";".join([unit, month, *(["987654"] * 3 if after else values)]))
    period = {
        "unit": "month",
        "first": dt.date(2020, 1, 1),
        "last": dt.date(2020, 6, 30),
        "anticipation": anticipation,
        "partial_first": partial,
    }
    treated = ({"unit": "Centrum", "start": dt.date(2020, 4, 16)},)
    content = "\n".join(["omrade;manad;brott;folkmangd;vikt", *lines])
    return load(folder, content, estimation=ESTIMATION, period=period, treated=treated)


def arrays(value: object) -> Iterator[np.ndarray]:
    """Every array of a panel, with the memory behind it."""
    if isinstance(value, np.ndarray):
        yield value
        yield from arrays(value.base)
    elif isinstance(value, dict):
        for item in value.values():
            yield from arrays(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from arrays(getattr(value, name))


@pytest.mark.parametrize(("anticipation", "partial"), [(0, "after"), (0, "drop"), (1, "after"), (1, "drop")])
def test_before_holds_nothing_of_what_came_after(anticipation: int, partial: str, tmp_path: Path) -> None:
    panel = secretive(tmp_path, anticipation, partial)
    assert any((array == SECRET).any() for array in arrays(panel)), "the panel itself does not hold what is to be hidden"
    before = panel.before()
    grid = before.grids["brott"]
    assert grid.labels == ("2020-01", "2020-02", "2020-03")[: 3 - anticipation]
    found = list(arrays(before))
    assert len(found) > 8
    assert not any((array == SECRET).any() for array in found if array.dtype.kind == "f")
    for array in (grid.y, grid.exposure, grid.weights, grid.treatment, grid.covariates["vikt"]):
        assert array is not None
        assert array.base is None
        assert array.shape == (3, 3 - anticipation)
    assert not grid.treatment.any()
    assert SECRET not in before.to_frame()["value"].to_numpy()
    assert before.before().grids["brott"].labels == grid.labels


def test_what_the_plan_says_of_time_after_the_start_is_kept(tmp_path: Path) -> None:
    before = load(tmp_path).before().grids["brott"]
    assert before.n_after == 3
    assert before.start.tolist() == [3, NEVER, NEVER]


def test_a_sample_holds_the_treated_and_the_comparison_units(tmp_path: Path) -> None:
    sample = load(tmp_path, comparison={"units": ("Södra",)}).sample("brott")
    assert sample.units == ("Centrum", "Södra")
    assert sample.treated.tolist() == [True, False]
    assert sample.y.tolist() == [[11, 12, 13, 14, 15, 16], [31, 32, 33, 34, 35, 36]]
    assert sample.cluster.tolist() == [0, 1]
    assert (sample.common_start, sample.n_periods_before, sample.n_periods_after) == (3, 3, 3)


def test_a_sample_cuts_everything_alike(tmp_path: Path) -> None:
    content = with_column("vikt", [str(place) for place in range(1, 19)])
    panel = load(tmp_path, content, estimation=ESTIMATION, comparison={"units": ("Södra",)})
    grid = panel.sample("brott").grid
    for array in (grid.exposure, grid.weights, grid.treatment, grid.covariates["vikt"]):
        assert array is not None
        assert array.shape == (2, 6)
    assert grid.weights is not None
    assert grid.weights[1].tolist() == grid.covariates["vikt"][1].tolist() == [13, 14, 15, 16, 17, 18]


def test_a_sample_needs_someone_to_compare_with(tmp_path: Path) -> None:
    panel = load(tmp_path)
    with pytest.raises(DesignError, match="brott: no comparison unit is left"):
        panel.sample("brott", roles=("treated",))
    with pytest.raises(DesignError, match="brott: no treated unit has any value of this outcome"):
        panel.sample("brott", roles=("comparison",))


def test_to_frame_has_a_row_per_unit_outcome_and_period(tmp_path: Path) -> None:
    frame = load(tmp_path).to_frame()
    assert list(frame.columns) == ["unit", "label", "role", "ring", "outcome", "period", "value", "exposure", "treatment"]
    assert len(frame) == 18
    assert frame.iloc[3].to_dict() == {
        "unit": "Centrum", "label": "Centrum", "role": "treated", "ring": 0, "outcome": "brott", "period": "2020-04",
        "value": 14.0, "exposure": 1000.0, "treatment": 1.0,
    }  # fmt: skip


def alike(one: Panel, other: Panel) -> bool:
    """Whether two panels say the same, wherever they were read from."""
    frames = [panel.to_frame() for panel in (one, other)]
    pd.testing.assert_frame_equal(*frames)
    return one.left_out == other.left_out and all(
        np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(arrays(one), arrays(other), strict=True)
    )


TABLE = [line.split(";") for line in rows()]
TABLE[9] = ["Norra", "2020-03", "", "1000"]
TABLE[10] = ["Norra", "2020-04", "1234", "1000.5"]


def text(separator: str = ";", table: list[list[str]] = TABLE) -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator, lineterminator="\n").writerows(table)
    return stream.getvalue()


@pytest.fixture
def plain(tmp_path: Path) -> Panel:
    return load(tmp_path, text())


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encoding_changes_nothing(encoding: str, plain: Panel, tmp_path: Path) -> None:
    assert alike(plain, load(tmp_path, text().encode(encoding)))


@pytest.mark.parametrize("separator", [",", "\t"])
def test_separator_changes_nothing(separator: str, plain: Panel, tmp_path: Path) -> None:
    assert alike(plain, load(tmp_path, text(separator)))


def test_swedish_numbers_change_nothing(plain: Panel, tmp_path: Path) -> None:
    assert alike(plain, load(tmp_path, text().replace("1234", "1 234").replace("1000.5", "1\u00a0000,5")))


def test_order_of_rows_and_columns_changes_nothing(plain: Panel, tmp_path: Path) -> None:
    body = TABLE[1:]
    random.Random(1).shuffle(body)  # noqa: S311 -- an order, no secret
    assert alike(plain, load(tmp_path, text(table=[TABLE[0], *body])))
    assert alike(plain, load(tmp_path, text(table=[row[::-1] for row in TABLE])))


@pytest.mark.parametrize("kind", ["xlsx", "xlsx dates", "parquet", "parquet text", "parquet dates"])
def test_format_changes_nothing(kind: str, plain: Panel, tmp_path: Path) -> None:
    frame = pd.read_csv(io.StringIO(text()), sep=";", dtype=str if "text" in kind else None)
    if "dates" in kind:
        frame["manad"] = pd.to_datetime(frame["manad"])
    ending = kind.split(maxsplit=1)[0]
    path = write(tmp_path, b"", f"data/panel.{ending}")
    if ending == "parquet":
        frame.to_parquet(path)
    else:
        book = openpyxl.Workbook()
        for row in [list(frame.columns), *frame.itertuples(index=False)]:
            book.active.append([None if isinstance(cell, float) and np.isnan(cell) else cell for cell in row])
        book.save(path)
    data = {"panel": f"data/panel.{ending}", "unit": "omrade", "period": "manad"}
    assert alike(plain, load_panel(make_study(tmp_path, data=data)))


def test_another_number_does_change_it(plain: Panel, tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        alike(plain, load(tmp_path, text().replace("1234", "1235")))
