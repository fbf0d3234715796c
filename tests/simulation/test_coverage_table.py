"""Is the coverage table made rightly, is the kept one complete, and does a fresh part of it say the same?"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from utvardering.coverage import real_noise
from utvardering.coverage.attempts import Attempts, Refusal
from utvardering.coverage.designs import MOST_CELLS, Cell, read_designs
from utvardering.coverage.page import PAGE, page
from utvardering.coverage.panels import draw, truth
from utvardering.coverage.runs import COLUMNS, work
from utvardering.coverage.schedule import Task, run_tasks
from utvardering.coverage.store import Shelf
from utvardering.coverage.table import FILE, found, read_table, summarise
from utvardering.coverage.versions import code_version
from utvardering.errors import DataError, DesignError, UtvarderingError
from utvardering.estimators.base import Estimate, Job, Result
from utvardering.estimators.registry import ESTIMATORS, Method

DESIGNS = Path(__file__).with_name("designs.toml")
CELLS = {cell.name: cell for cell in read_designs(DESIGNS)}
DOCS = Path(__file__).parents[2] / "docs" / "methods"


def test_the_designs_cover_what_municipalities_have() -> None:
    cells = CELLS.values()
    assert len(cells) <= MOST_CELLS
    for factor, values in {
        "treated": {1, 2, 5, 10},
        "units": {20, 60, 200},
        "count": {5, 50, 500},
        "overdispersion": {1, 2, 4},
        "ar1": {0.0, 0.4, 0.8},
        "sizes": {"equal", "unequal"},
        "starts": {"common", "staggered"},
        "drawn": {"random", "large", "small", "peak"},
        "trends": {"parallel", "non-parallel"},
    }.items():
        assert values <= {getattr(cell, factor) for cell in cells}, factor


def test_designs_that_cannot_be_are_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "designs.toml"
    for text in ("cells = 1", "[cells.a]\ntreated = 1", "not toml"):
        wrong.write_text(text, encoding="utf-8")
        with pytest.raises((DataError, AttributeError)):
            read_designs(wrong)
    with pytest.raises(DataError, match="cannot be read"):
        read_designs(tmp_path / "absent.toml")


@pytest.mark.parametrize("name", ["t5-n60-c5", "staggered-t5-n60-c5", "peak-t5-n60-c50", "large-t5-n60-c500"])
def test_the_effect_is_in_the_treated_cells_only(name: str) -> None:
    """Everyone who asks gets the same panel; neighbours are others than the treated and held against the same units."""
    one, again = draw(CELLS[name], 3), draw(CELLS[name], 3)
    assert np.array_equal(one.some.y, again.some.y)
    assert not np.array_equal(one.none.y, draw(CELLS[name], 4).none.y)
    under = one.some.grid.treatment > 0
    assert np.array_equal(one.none.y[~under], one.some.y[~under])
    assert not np.array_equal(one.none.y[under], one.some.y[under])
    assert under.any(axis=1).sum() == CELLS[name].treated
    assert len(one.some.units) == CELLS[name].units
    assert one.beside_some.treated.sum() == CELLS[name].treated
    assert np.array_equal(one.beside_some.y[~one.beside_some.treated], one.some.y[~one.some.treated])


def test_counts_have_the_mean_and_variance_of_their_cell() -> None:
    calm = replace(CELLS["t2-n20-c50"], wander=0.0, shock=0.0, spread=0.0, sizes="equal", overdispersion=3.0, units=200)
    y = np.concatenate([draw(calm, run).none.y.ravel() for run in range(50)])
    assert y.mean() == pytest.approx(50, rel=0.01)  # ten standard errors of a mean of 120,000 counts
    assert y.var() == pytest.approx(150, rel=0.03)  # seven standard errors of a variance


def test_truth_is_the_effect_on_expected_counts() -> None:
    cell = replace(CELLS["staggered-t5-n60-c5"], effect=-0.3)
    drawn = draw(cell, 0)
    for estimand in ("att", "att_dynamic", "att_group", "att_calendar"):
        assert truth(drawn, estimand, "log_ratio") == pytest.approx(np.log(0.7))  # it is the same everywhere
    under = drawn.some.grid.treatment > 0
    rate = 1e5 * drawn.before / drawn.some.grid.exposure
    assert truth(drawn, "att", "difference") == pytest.approx(-0.3 * rate[under].mean())
    assert truth(drawn, "wdd", "difference") == pytest.approx(-0.3 * drawn.before[under].sum())
    period = np.broadcast_to(np.arange(cell.periods), under.shape)
    by_period = [-0.3 * rate[under & (period == t)].mean() for t in range(cell.periods) if (under & (period == t)).any()]
    assert truth(drawn, "att_calendar", "difference") == pytest.approx(np.mean(by_period))


def some_method(name: str, inferences: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> Attempts:
    """A method that refuses the bootstrap, breaks on cluster and answers the rest."""
    asked: list[tuple[str, ...]] = []

    def run(job: Job) -> Result:
        asked.append(job.inferences)
        if "wild_bootstrap" in job.inferences:
            msg = "too few clusters"
            raise DesignError(msg)
        if "cluster" in job.inferences:
            raise ZeroDivisionError
        rows = [Estimate("att", "difference", 0, 1, -1, 1, -1, 1, 0.5, inference) for inference in job.inferences]
        return Result(tuple(rows), 1)

    monkeypatch.setattr(Method, "inferences", property(lambda _: inferences))
    attempts = Attempts(Method(name, run, "att"))
    attempts.asked = asked  # type: ignore[attr-defined]
    return attempts


def test_a_refused_inference_takes_no_other_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: Any = some_method("m", ("randomization", "wild_bootstrap", "cluster"), monkeypatch)
    one = draw(CELLS["t1-n20-c5"], 0).none
    answers = attempts.answers(one, 1)
    assert isinstance(answers["randomization"], Estimate)
    assert answers["wild_bootstrap"] == Refusal("too few clusters")
    assert answers["cluster"].reason.startswith("fault of the program: ZeroDivisionError")
    attempts.asked.clear()
    attempts.answers(one, 2)
    assert attempts.asked == [("randomization",), ("wild_bootstrap",), ("cluster",)]  # the refused are asked for alone


def rows_of(first: int, last: int) -> list[dict[str, Any]]:
    return [{"run": run, "refused": "", "inference": "cluster", "seconds": 0.0} for run in range(first, last)]


def test_kept_runs_are_not_made_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "cell" / "did-1", COLUMNS)
    assert shelf.missing(30) == [(0, 30)]
    shelf.put(0, 10, rows_of(0, 10))
    shelf.put(20, 25, rows_of(20, 25))
    (shelf.folder / ".25-30.999").write_text("half a f", encoding="utf-8")  # a killed run leaves this
    assert shelf.missing(30) == [(10, 20), (25, 30)]
    assert sorted(shelf.rows()["run"]) == [*range(10), *range(20, 25)]
    made: list[int] = []

    def make(first: int, last: int) -> list[dict[str, Any]]:
        made.extend(range(first, last))
        return rows_of(first, last)

    for _ in range(2):
        run_tasks([Task("one", make, shelf, 30)], minutes=1, workers=1)
    assert sorted(made) == [*range(10, 20), *range(25, 30)]
    assert shelf.missing(30) == []


def test_slow_tasks_get_the_same_time_not_the_same_runs(tmp_path: Path) -> None:
    def make(pause: float, first: int, last: int) -> list[dict[str, Any]]:
        time.sleep(pause * (last - first))
        return [row | {"seconds": pause} for row in rows_of(first, last)]

    tasks = [Task(str(pause), partial(make, pause), Shelf(tmp_path / str(pause), COLUMNS), 200) for pause in (0.001, 0.1)]
    run_tasks(tasks, minutes=0.03, workers=1)
    made = [200 - sum(last - first for first, last in task.left) for task in tasks]
    assert made[0] == 200
    assert 10 <= made[1] < 200


def test_dask_without_its_package_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dask.distributed", None)
    task = Task("one", rows_of, Shelf(tmp_path, COLUMNS), 1)
    with pytest.raises(UtvarderingError, match="DASK needs the package distributed, which is not installed"):
        run_tasks([task], minutes=1, workers=1, dask="tcp://localhost:1")


def test_a_version_is_of_the_code_not_of_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    versions = []
    for k, text in enumerate(('"""A."""\nx = 1\n', '"""B."""\n# a comment\nx  =  1\n', '"""A."""\nx = 2\n')):
        (tmp_path / f"words{k}.py").write_text(text, encoding="utf-8")
        versions.append(code_version(f"words{k}"))
    assert versions[0] == versions[1] != versions[2]
    assert code_version("utvardering.estimators.did") != code_version("utvardering.estimators.poisson_did")


def test_shares_are_counted_rightly() -> None:
    """Four runs by hand: one refused, one rejected without effect, two intervals hold the truth, one unbounded."""
    rows = pd.DataFrame(
        {
            "refused": ["no", "", "", ""],
            "p_none": [np.nan, 0.05, 0.06, 1.0],
            "p": [np.nan, 0.01, 0.2, 0.04],
            "estimate": [np.nan, 1.0, 2.0, 3.0],
            "std_error": [np.nan, 1.0, 1.0, 1.0],
            "ci_low": [np.nan, 0.0, 2.0, -np.inf],
            "ci_high": [np.nan, 2.0, 3.0, 4.0],
            "truth": [np.nan, 1.0, 1.0, 1.0],
            "estimand": "att",
            "scale": "difference",
        }
    )
    one = found(rows)
    assert (one["runs"], one["refused"], one["refused_reason"]) == (4, 0.25, "no")
    assert (one["size"], one["coverage"], one["power"]) == pytest.approx((1 / 3, 2 / 3, 2 / 3))
    assert (one["bias"], one["se_ratio"], one["unbounded"]) == pytest.approx((1.0, 1.0, 1 / 3))
    assert one["bias_mcse"] == pytest.approx(1 / np.sqrt(3))


def test_the_kept_table_is_whole() -> None:
    """Every registered estimator and inference in every cell; a faulty program is told as such in no row."""
    table = read_table(DOCS / FILE)
    assert set(table["cell"]) == set(CELLS)
    for name, method in ESTIMATORS.items():
        there = table[table["estimator"] == name].groupby("inference")["cell"].nunique()
        assert set(there.index) == set(method.inferences), f"{name}: make coverage"
        assert (there == len(CELLS)).all(), f"{name}: make coverage"
    for row in table.itertuples():
        cell = CELLS[row.cell]
        assert (row.treated, row.units, row.starts, row.drawn) == (cell.treated, cell.units, cell.starts, cell.drawn)
    assert not table["refused_reason"].fillna("").str.startswith("fault of the program").any()


def test_the_page_says_what_the_tables_say() -> None:
    real = pd.read_csv(DOCS / real_noise.FILE)
    assert (DOCS / PAGE).read_text(encoding="utf-8") == page(read_table(DOCS / FILE), real)


SUBSET = ("t1-n20-c50", "t5-n60-c50", "staggered-t5-n60-c5")
SECONDS = 2.0  # of each method in each cell, so that all of them take a minute and a half on two cores


@pytest.mark.slow
@pytest.mark.parametrize("name", SUBSET)
def test_a_fresh_part_says_the_same(name: str) -> None:
    """Runs with numbers beyond the kept ones: sizes and coverages differ by no more than Monte Carlo error."""
    table = read_table(DOCS / FILE)
    kept = table[table["cell"] == name].set_index(["estimator", "inference"])
    for method in ESTIMATORS:
        for row in fresh(CELLS[name], method):
            old = kept.loc[method, row["inference"]]
            for share in ("size", "coverage"):
                if "size" not in row or not np.isfinite(old[share]):
                    continue
                middle = (old[share] * old["runs"] + row[share] * row["runs"]) / (old["runs"] + row["runs"])
                error = np.sqrt(max(middle * (1 - middle), 0.01) * (1 / old["runs"] + 1 / row["runs"]))
                assert abs(row[share] - old[share]) <= 4 * error, (method, row["inference"], share)  # 1 in 15,000 by chance


def fresh(cell: Cell, method: str) -> list[dict[str, Any]]:
    """As many runs as SECONDS allow, at least five, with numbers that no kept run has."""
    begun, first, rows = time.monotonic(), 1_000_000, []
    while len(rows) == 0 or time.monotonic() - begun < SECONDS:
        rows += work(cell, method, first, first + 5)
        first += 5
    return summarise(cell, method, pd.DataFrame(rows, columns=list(COLUMNS)))
