"""The verb design on 290 municipalities × 15 years, five outcomes, three estimators: seconds with one and two processes.

    python benchmarks/design.py            writes its section of benchmarks/results.md

Nobody else's program does this, so there is no peer; the ratio is that of two processes to one. Needs ../shared/data.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from peers import keep_section

DATA = Path(__file__).parents[2] / "shared" / "data" / "brott-kommun-ar.csv"
OUTCOMES = ("skadegorelse", "valdsbrott", "narkotika", "bostadsinbrott", "bilbrott")
PLANS = {
    "poisson_did, did, forecast_did": ("poisson_did", '"did", "forecast_did"'),
    "poisson_did, forecast_did, synthetic_did": ("poisson_did", '"forecast_did", "synthetic_did"'),
}
STUDY = """schema = 1
[study]
id = "{id}"
title = "Tid för design"
question = "Hur lång tid tar det?"
design = "areas"
[measure]
kind = "other"
name = "Ingen"
[data]
panel = "data/panel.csv"
unit = "kommunkod"
period = "ar"
[period]
unit = "year"
first = 2008-01-01
last = 2026-12-31
{treated}[comparison]
units = "all"
{outcomes}[estimation]
estimator = "{estimator}"
also = [{also}]
"""


def study(root: Path, name: str, estimator: str, also: str) -> Path:
    """A plan for three municipalities from 2023 on, on fifteen years of real counts until then."""
    folder = root / name
    (folder / "data").mkdir(parents=True)
    shutil.copy(DATA, folder / "data" / "panel.csv")
    treated = "".join(f'[[treated]]\nunit = "{code}"\nstart = 2023-01-01\n' for code in ("0583", "1281", "0880"))
    roles = ["primary", *["secondary"] * 4]
    outcomes = "".join(
        f'[[outcomes]]\nid = "{one}"\ntitle = "{one}"\naim = "brott"\nrole = "{role}"\nkind = "count"\n'
        f'exposure = "befolkning"\ndirection = "decrease"\n'
        for one, role in zip(OUTCOMES, roles, strict=True)
    )
    text = STUDY.format(id=name, treated=treated, outcomes=outcomes, estimator=estimator, also=also)
    (folder / "study.toml").write_text(text, encoding="utf-8")
    return folder


def timed(folder: Path, out: Path, workers: int) -> tuple[float, float]:
    """Wall and processor seconds of one design."""
    program = Path(sys.executable).parent / "utvardering"
    command = [str(program), "design", str(folder), "--out", str(out), "--workers", str(workers), "--quiet"]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"})
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Time every plan and write the section."""
    lines = [
        "290 municipalities × 15 years of real counts, three treated, five outcomes: comparison, power, false alarms, advice.",
        "",
        "| planned and also | processes | s | processor s |",
        "|---|--:|--:|--:|",
    ]
    with tempfile.TemporaryDirectory() as scratch:
        for number, (name, (estimator, also)) in enumerate(PLANS.items()):
            folder = study(Path(scratch), f"tid-{number}", estimator, also)
            for workers in (2, 1) if number == 0 else (2,):
                wall, processor = timed(folder, Path(scratch) / f"build{workers}", workers)
                lines.append(f"| {name} | {workers} | {wall:.0f} | {processor:.0f} |")
    keep_section("The verb design", lines)


if __name__ == "__main__":
    main()
