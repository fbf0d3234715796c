"""In which order is the work done, on how many processes or machines, and when does it stop?"""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import joblib

from utvardering.coverage.store import Shelf
from utvardering.errors import UtvarderingError

TRIAL = 10
"""Runs of the first item of a task: they tell how long a run takes."""

GUESS = 1.0
"""Seconds of a run before one has been made."""

ITEM_SECONDS = 15.0
"""About so long takes an item; what a stop can lose."""

Rows = list[dict[str, Any]]


@dataclass
class Task:
    """Runs to be made for one shelf. `make(first, last)` gives the rows of runs, and runs where the scheduler says.

    spent: seconds that its runs took or will take as far as they are given out; each: seconds of a run, 0 if unknown.
    """

    name: str
    make: Callable[[int, int], Rows]
    shelf: Shelf
    wanted: int

    def __post_init__(self) -> None:
        rows = self.shelf.rows()
        runs = rows.drop_duplicates("run") if len(rows) else rows
        self.spent = float(runs["seconds"].sum()) if len(runs) else 0.0
        self.each = self.spent / len(runs) if len(runs) else 0.0
        self.left = self.shelf.missing(self.wanted)

    def take(self) -> tuple[int, int]:
        """The next runs to be made: few, until their time is known."""
        size = max(1, min(int(ITEM_SECONDS / self.each), self.wanted)) if self.each else TRIAL
        first, last = self.left.pop(0)
        cut = min(first + size, last)
        if cut < last:
            self.left.insert(0, (cut, last))
        self.spent += (cut - first) * (self.each or GUESS)
        return first, cut

    def done(self, first: int, last: int, rows: Rows) -> None:
        """Keep the rows of finished runs, and how long they took."""
        self.shelf.put(first, last, rows)
        seconds = sum({row["run"]: row["seconds"] for row in rows}.values())
        self.spent += seconds - (last - first) * (self.each or GUESS)
        self.each = max(seconds / (last - first), 1e-6)


def run_tasks(
    tasks: list[Task], *, minutes: float, workers: int, dask: str = "", say: Callable[[str], None] = lambda _: None
) -> None:
    """Make what is missing until all is there or the time is up.

    Each task gets the same time until it has its runs: quick methods get all of them, slow ones as many as time allows.
    """
    begun = time.monotonic()

    def items() -> Iterator[Any]:
        while time.monotonic() - begun < 60 * minutes:
            unfinished = [place for place, task in enumerate(tasks) if task.left]
            if not unfinished:
                return
            place = min(unfinished, key=lambda one: tasks[one].spent)
            first, last = tasks[place].take()
            yield joblib.delayed(_make)(tasks[place].make, place, first, last)

    told = begun
    with _places(dask, workers):
        jobs = {} if dask else {"n_jobs": workers}
        results = joblib.Parallel(return_as="generator_unordered", batch_size=1, pre_dispatch=2 * workers, **jobs)(items())
        for place, first, last, rows in results:
            tasks[place].done(first, last, rows)
            if time.monotonic() - told > 20:  # noqa: PLR2004 -- seconds between two lines
                told = time.monotonic()
                say(_state(tasks, told - begun))
    say(_state(tasks, time.monotonic() - begun))


def _make(make: Callable[[int, int], Rows], place: int, first: int, last: int) -> tuple[int, int, int, Rows]:
    return place, first, last, make(first, last)


def _state(tasks: list[Task], seconds: float) -> str:
    whole = sum(task.wanted for task in tasks)
    left = sum(last - first for task in tasks for first, last in task.left)
    full = sum(not task.left for task in tasks)
    return f"{seconds / 60:.1f} min: {whole - left} of {whole} runs given out, {full} of {len(tasks)} tasks"


def _places(dask: str, workers: int) -> AbstractContextManager[Any]:
    """Processes of this machine, each with one thread for linear algebra, or the workers of a Dask scheduler."""
    if not dask:
        if workers == 1:
            return nullcontext()
        return joblib.parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1)
    try:
        client = importlib.import_module("dask.distributed").Client  # needed only where the work is spread over machines
    except ImportError as fault:
        msg = "DASK needs the package distributed, which is not installed; write: .venv/bin/pip install distributed"
        raise UtvarderingError(msg) from fault
    client(dask, timeout="10s")
    return joblib.parallel_config(backend="dask")
