"""The publisher that is the real Quarto: finds it, runs it in a copy of the staged project, and reads its complaints."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from utvardering.errors import Problem, PublishError

if TYPE_CHECKING:
    from collections.abc import Callable

    from utvardering.report.publishers.project import Project

OLDEST = (1, 9)
LAST_LINES = 12
ERROR_LINE = re.compile(r"^(\w*(?:Error|Exception|Interrupt)\b.*)$", re.MULTILINE)
FAILED_FILE = re.compile(r"^\[\s*\d+/\d+\]\s*(\S+\.qmd)", re.MULTILINE)
LABEL = re.compile(r"^#\|\s*label:\s*(\S+)", re.MULTILINE)


@cache
def version() -> tuple[int, ...] | None:
    """The version of the Quarto on PATH, or None where there is none that is new enough."""
    program = shutil.which("quarto")
    if program is None:
        return None
    try:
        done = subprocess.run([program, "--version"], capture_output=True, encoding="utf-8", check=True, timeout=60)  # noqa: S603 -- found on PATH
    except (OSError, subprocess.SubprocessError):
        return None
    numbers = tuple(int(part) for part in re.findall(r"\d+", done.stdout)[:3])
    return numbers if numbers >= OLDEST else None


def render(project: Project, out: Path, caches: Path, progress: Callable[[str], None]) -> dict[str, list[str]]:
    """Renders the whole project into `out`; gives the files of each document, relative to `out`."""
    from utvardering.report.publishers.cells import environment  # noqa: PLC0415 -- keeps `version` quick

    output = str((project.config.get("project") or {}).get("output-dir", "_site"))
    with tempfile.TemporaryDirectory(prefix="utvardering-") as name:
        scratch, copy = Path(name), Path(name) / "project"
        shutil.copytree(project.root, copy, symlinks=False, ignore=shutil.ignore_patterns(".quarto", output))
        settings = environment(next(iter(project.documents[0].formats.values()), {}), scratch, caches)
        command = [str(shutil.which("quarto")), "render", str(copy)]
        done = subprocess.run(  # noqa: S603 -- found on PATH
            command, capture_output=True, encoding="utf-8", check=False, cwd=copy, env={**settings, "NO_COLOR": "1"}
        )
        if done.returncode != 0:
            raise failure(done.stdout + "\n" + done.stderr)
        shutil.copytree(copy / output, out, dirs_exist_ok=True)
    files = {document.path: sorted(_files(out, document.folder, document.stem)) for document in project.documents}
    for document in project.documents:
        files[document.path] += [
            name for target in document.formats if (name := document.output(target)) not in files[document.path]
        ]
        progress(document.path)
    return {path: [name for name in names if (out / name).is_file()] for path, names in files.items()}


def _files(out: Path, folder: str, stem: str) -> list[str]:
    pictures = out / folder / f"{stem}_files"
    return [PurePosixPath(os.path.relpath(file, out)).as_posix() for file in pictures.rglob("*") if file.is_file()]


def failure(said: str) -> PublishError:
    """What Quarto said, in short: the document it was at, the cell, and the last line of the exception."""
    documents, errors, labels = FAILED_FILE.findall(said), ERROR_LINE.findall(said), LABEL.findall(said)
    document = documents[-1] if documents else "the project"
    cell = f": cell {labels[-1]} failed" if labels and errors else ""
    last = errors[-1] if errors else "\n".join([line for line in said.splitlines() if line.strip()][-LAST_LINES:])
    return PublishError(
        f"Quarto could not render {document}{cell}.", (Problem(document, f"{last} (run the study again, or mend the cell)"),)
    )
