"""`make coverage`: simulate what is missing and write the tables, the picture and the page."""

from __future__ import annotations

import argparse
import sys
from functools import partial
from pathlib import Path

from utvardering.coverage import real_noise
from utvardering.coverage.designs import Cell, read_designs
from utvardering.coverage.page import write_page
from utvardering.coverage.runs import COLUMNS, work
from utvardering.coverage.schedule import Task, run_tasks
from utvardering.coverage.store import Shelf, shelf
from utvardering.coverage.table import DESIGN, FILE, FOUND, summarise, to_text
from utvardering.errors import UtvarderingError
from utvardering.estimators.registry import ESTIMATORS

RUNS = 500
UNIFORM = 1000
"""Draws of any municipality from real counts: there 5 % must hold, and 300 draws say it to ±1.3 % only."""
MINUTES = 120.0


def main(words: list[str] | None = None) -> int:
    """Do what the words of the command line say; the exit code."""
    asked = _parser().parse_args(words)
    try:
        if asked.part in {"simulated", "all"}:
            simulated(asked)
        if asked.part in {"real", "all"}:
            real(asked)
        write_page(asked.out)
    except UtvarderingError as fault:
        sys.stderr.write(f"{fault}\n")
        return fault.exit_code
    return 0


def simulated(asked: argparse.Namespace) -> None:
    """Every estimator in every cell; coverage.csv holds what is there, whether or not the time was enough for all."""
    places = {(cell, name): _shelf(asked.build, cell, name) for cell in read_designs(asked.designs) for name in ESTIMATORS}
    tasks = [
        Task(f"{cell.name} {name}", partial(work, cell, name), place, asked.runs)
        for (cell, name), place in places.items()
        if _wanted(cell.name, asked.cells) and _wanted(name, asked.estimators)
    ]
    _spend(asked, tasks)
    rows = [row for (cell, name), place in places.items() for row in summarise(cell, name, place.rows())]
    _write(asked.out / FILE, to_text(rows, (*DESIGN, *FOUND)))


def real(asked: argparse.Namespace) -> None:
    """Estimators on real counts, where the file with them is at hand."""
    if not asked.data.is_file():
        sys.stderr.write(f"{asked.data} is not there: {real_noise.FILE} stays as it is\n")
        return
    tries = real_noise.tries([name for name in real_noise.METHODS if name in ESTIMATORS])
    places = {one: real_noise.place(asked.build, asked.data, one) for one in tries}
    tasks = [
        Task(
            f"{one.name} {one.estimator}",
            partial(real_noise.work, asked.data, one),
            place,
            UNIFORM if one.rule == "uniform" else real_noise.RUNS,
        )
        for one, place in places.items()
        if _wanted(one.name, asked.cells) and _wanted(one.estimator, asked.estimators)
    ]
    _spend(asked, tasks)
    rows = [row for one, place in places.items() for row in real_noise.summarise(one, place.rows())]
    _write(asked.out / real_noise.FILE, to_text(rows, real_noise.WRITTEN))


def _wanted(name: str, chosen: list[str] | None) -> bool:
    return not chosen or name in chosen


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def _spend(asked: argparse.Namespace, tasks: list[Task]) -> None:
    run_tasks(
        tasks,
        minutes=asked.minutes,
        workers=asked.workers,
        dask=asked.dask,
        say=lambda line: print(line, flush=True),  # noqa: T201 -- the voice of a command
    )
    slow = sorted(tasks, key=lambda task: -task.each)[:10]
    for task in slow:
        print(f"  {task.name}: {1000 * task.each:.0f} ms a run")  # noqa: T201 -- as above


def _shelf(build: Path, cell: Cell, method: str) -> Shelf:
    modules = (ESTIMATORS[method].run.__module__, "utvardering.coverage.runs")
    return shelf(build, f"{cell.name}-{cell.key}", method, modules, COLUMNS)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m utvardering.coverage", description=__doc__)
    parser.add_argument("part", nargs="?", default="all", choices=("simulated", "real", "page", "all"))
    parser.add_argument("--designs", type=Path, default=Path("tests/simulation/designs.toml"), help="the cells")
    parser.add_argument("--out", type=Path, default=Path("docs/methods"), help="where the tables go")
    parser.add_argument("--build", type=Path, default=Path("build/coverage"), help="where the runs are kept")
    parser.add_argument("--data", type=Path, default=Path("../shared/data/brott-kommun-ar.csv"), help="real counts")
    parser.add_argument("--runs", type=int, default=RUNS, help="of each estimator in each cell")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="after which no more work is given out")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--dask", default="", help="address of a Dask scheduler, such as tcp://10.0.0.5:8786")
    parser.add_argument("--cells", nargs="*", help="only these")
    parser.add_argument("--estimators", nargs="*", help="only these")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
