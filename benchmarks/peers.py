"""Runs one case of a benchmark in a process of its own, with the Python of its peer, and keeps a section of results.md.

Peers live in environments of their own, so that they neither decide nor break the versions of this program. The variable
UTVARDERING_PEERS names a folder with an environment for each, such as `qp/bin/python`; a peer without one is named as absent.
"""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

RESULTS = Path(__file__).parent / "results.md"
PATIENCE = 180
LONG = 10.0  # seconds: what takes as long in all is not tried again


def interpreter(environment: str) -> str | None:
    """The Python of a peer's environment, this one for none; None where there is no such environment."""
    if not environment:
        return sys.executable
    path = Path(os.environ.get("UTVARDERING_PEERS", "")) / environment / "bin" / "python"
    return str(path) if path.is_absolute() and path.exists() else None


def measured(script: str, case: str, environment: str = "", patience: int = PATIENCE) -> dict[str, float | str]:
    """Seconds, gigabytes and what the case found, or `error`."""
    python = interpreter(environment)
    if python is None:
        return {"error": f"no environment {environment} in UTVARDERING_PEERS"}
    try:
        done = subprocess.run([python, script, case], capture_output=True, text=True, check=False, timeout=patience)
    except subprocess.TimeoutExpired:
        return {"error": f"not done in {patience} s"}
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1][:120]}
    found: dict[str, float | str] = json.loads(done.stdout.splitlines()[-1])
    return found


def run_case(work: Callable[[], dict[str, float | str]]) -> None:
    """Best of three (one, where it is long), printed as JSON with what was found."""
    warnings.simplefilter("ignore")
    seconds: list[float] = []
    processor: list[float] = []
    found: dict[str, float | str] = {}
    while len(seconds) < 3 and sum(seconds) < LONG:
        begun, used = time.perf_counter(), time.process_time()
        found = work()
        seconds.append(time.perf_counter() - begun)
        processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    print(json.dumps({"seconds": min(seconds), "processor": min(processor), "gigabytes": peak, **found}))


def keep_section(heading: str, lines: list[str]) -> None:
    """Put the lines under their heading in results.md, in place of what stood there, and print them."""
    text = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else ""
    before = re.sub(rf"\n*^## {re.escape(heading)}\n.*?(?=^## |\Z)", "\n", text, flags=re.MULTILINE | re.DOTALL).rstrip()
    section = "\n".join([f"## {heading}", "", *lines])
    RESULTS.write_text(f"{before}\n\n{section}\n".lstrip(), encoding="utf-8")
    print(section)
