"""How the command line speaks: a progress line on a terminal, plain lines elsewhere, nothing when quiet, JSON when asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from utvardering.errors import UtvarderingError


@dataclass(frozen=True)
class Voice:
    """What may be said: `quiet` leaves errors only, `as_json` one JSON object on standard output."""

    quiet: bool = False
    as_json: bool = False

    def say(self, text: str) -> None:
        """A line for the user; left out when quiet or when JSON is asked for."""
        if not (self.quiet or self.as_json):
            print(text)  # noqa: T201 -- this is the command line's voice

    def note(self, text: str) -> None:
        """A line on standard error on how the work goes, such as a wait; left out when quiet or when JSON is asked for."""
        if not (self.quiet or self.as_json):
            print(text, file=sys.stderr)  # noqa: T201 -- as above

    def result(self, value: dict[str, Any]) -> None:
        """The outcome as JSON, if asked for."""
        if self.as_json:
            print(json.dumps(value, ensure_ascii=False, indent=1, default=str))  # noqa: T201 -- as above

    @contextmanager
    def progress(self, title: str) -> Iterator[Callable[[str, str], None]]:
        """A callback for stages: a spinner with elapsed time on a terminal, a line per stage elsewhere."""
        console = Console(stderr=True)
        if self.quiet or self.as_json:
            yield lambda stage, item: None  # noqa: ARG005 -- nothing is shown
        elif console.is_terminal:
            columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
            with Progress(*columns, console=console, transient=True) as bar:
                task = bar.add_task(title)
                yield lambda stage, item: bar.update(
                    task, description=" · ".join(part for part in (title, stage, item) if part)
                )
        else:
            seen: set[str] = set()

            def line(stage: str, item: str) -> None:
                if not item and stage not in seen:
                    seen.add(stage)
                    print(f"{title}: {stage}", file=sys.stderr)  # noqa: T201 -- as above

            yield line

    @contextmanager
    def counted(self, title: str) -> Iterator[Callable[[int, int, str], None]]:
        """A callback for parts done of parts in all: a bar with the time left on a terminal, a line per tenth elsewhere."""
        console = Console(stderr=True)
        if self.quiet or self.as_json:
            yield lambda done, whole, item: None  # noqa: ARG005 -- nothing is shown
        elif console.is_terminal:
            columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
            with Progress(*columns, TimeRemainingColumn(), console=console, transient=True) as bar:
                task = bar.add_task(title, total=None)
                yield lambda done, whole, item: bar.update(
                    task, completed=done, total=whole, description=f"{title} · {item}" if item else title
                )
        else:
            told = {"tenth": -1}

            def line(done: int, whole: int, item: str) -> None:
                tenth = 10 * done // max(whole, 1)
                if tenth > told["tenth"]:
                    told["tenth"] = tenth
                    print(f"{title}: {done} of {whole}" + (f" ({item})" if item else ""), file=sys.stderr)  # noqa: T201 -- as above

            yield line

    def fail(self, fault: UtvarderingError) -> None:
        """The fault in words on standard error, and as JSON if asked for."""
        print(fault, file=sys.stderr)  # noqa: T201 -- as above
        self.result(
            {
                "error": fault.message,
                "exit_code": fault.exit_code,
                "problems": [{"line": one.line, "key": one.key, "message": one.message} for one in fault.problems],
            }
        )
