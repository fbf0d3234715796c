"""How simulated data are written into a study's folder, whatever its design, and the command that does it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import tomlkit

from utvardering.data.sources import SOURCES, sha256
from utvardering.errors import UtvarderingError

Simulate = Callable[[Path], dict[str, pd.DataFrame]]
"""From a study's folder to its tables by the name of their file."""


def write_files(folder: Path, simulate: Simulate) -> list[Path]:
    """Write a study's tables, and their checksums into `data/sources.toml` where there is one; the files written."""
    written = []
    for name, table in simulate(folder).items():
        path = folder / name
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        written.append(path)
    sources = folder / SOURCES
    if sources.is_file():
        document = tomlkit.parse(sources.read_text(encoding="utf-8"))
        for row in document.get("source", []):
            if (path := folder / str(row["file"])) in written:
                row["sha256"] = sha256(path)
        sources.write_text(tomlkit.dumps(document), encoding="utf-8", newline="\n")
    return written


def command(module: str, simulate: Simulate, folders: list[str]) -> int:
    """Write the data of the studies in the given folders, as `python -m utvardering.<module>` does; the exit code."""
    if not folders:
        sys.stderr.write(f"usage: python -m utvardering.{module} STUDY ...\n")
        return 2
    try:
        for folder in folders:
            for path in write_files(Path(folder), simulate):
                sys.stdout.write(f"{path.parent.parent.name}: {path.name} written\n")
    except UtvarderingError as fault:
        sys.stderr.write(f"{fault}\n")
        return fault.exit_code
    return 0
