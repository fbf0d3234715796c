"""Do two clean runs give the same bytes, and the numbers that the study says it gives?"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utvardering.errors import Problem, ReproductionError
from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.evaluate import Evaluation, evaluate
from utvardering.outputs import tree_hashes
from utvardering.report.render import render_report
from utvardering.study.load import load_study
from utvardering.study.model import Expected, Study

_DIGITS = 8


@dataclass(frozen=True)
class Reproduction:
    """What was compared: how many files were the same, and every expected number with the one found."""

    lines: tuple[str, ...]
    facts: dict[str, Any]


def reproduce(
    study: str | Path, *, with_report: bool = True, progress: Callable[[str, str], None] | None = None
) -> Reproduction:
    """Run a study twice in clean folders, compare every file, then compare with expected.toml.

    Only the timings of the manifest may differ. Raises ReproductionError naming each file and number that does.
    """
    loaded = load_study(study)
    with tempfile.TemporaryDirectory() as scratch:
        trees, found = [], None
        for turn in ("first", "second"):
            base = Path(scratch) / turn
            found = evaluate(loaded, base / "build", progress, anew=True)
            if with_report:
                if progress:
                    progress(f"{turn} report", "")
                render_report([found.folder], base / "site")
            trees.append(_hashes(base))
    problems = [
        Problem(name, "differs between two clean runs")
        for name in sorted(set(trees[0]) | set(trees[1]))
        if trees[0].get(name) != trees[1].get(name)
    ]
    estimates = found.estimates if isinstance(found, Evaluation) else Estimates(())
    numbers, wrong = compare(loaded, estimates)
    problems += wrong
    if problems:
        msg = f"{loaded.id}: not reproduced"
        raise ReproductionError(msg, tuple(problems))
    lines = (f"{loaded.id}: {len(trees[0])} files are the same in two clean runs", *numbers)
    return Reproduction(lines, {"study": loaded.id, "files": len(trees[0]), "expected": len(numbers)})


def compare(study: Study, estimates: Estimates) -> tuple[tuple[str, ...], list[Problem]]:
    """Every row of expected.toml against the estimate it names."""
    lines, problems = [], []
    for number, expected in enumerate(study.expected):
        key = f"expected[{number}]"
        row = find(expected, estimates)
        if row is None:
            what = f"{expected.outcome} {expected.estimator} {expected.estimand} {expected.inference}".rstrip()
            problems.append(Problem(key, f"no estimate {what}; see estimates.csv for those there are"))
            continue
        pairs = [("estimate", expected.estimate, row.estimate)]
        if expected.std_error is not None:
            pairs.append(("std_error", expected.std_error, row.std_error))
        for name, wanted, got in pairs:
            if abs(wanted - got) <= expected.tolerance:
                lines.append(
                    f"  {expected.outcome} {expected.estimator} {name}: {got:.{_DIGITS}g}, expected {wanted:.{_DIGITS}g}"
                )
            else:
                text = f"found {got:.{_DIGITS}g}, expected {wanted:.{_DIGITS}g} ± {expected.tolerance:g} ({expected.source})"
                problems.append(Problem(f"{key}.{name}", text))
    return tuple(lines), problems


def find(expected: Expected, estimates: Estimates) -> EstimateRow | None:
    """The estimate that a row of expected.toml names; the planned one among several."""
    rows = [
        row
        for row in estimates.rows
        if (row.outcome, row.estimator, row.estimand) == (expected.outcome, expected.estimator, expected.estimand)
        and expected.inference in {"", row.inference}
        and expected.weights in {None, row.weights}
    ]
    return next((row for row in rows if row.planned), rows[0] if rows else None)


def _hashes(base: Path) -> dict[str, str]:
    """Digests of every file; the manifest without its timings."""
    hashes = tree_hashes(base)
    for path in base.rglob("build/*/manifest.json"):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        manifest.pop("timings", None)
        hashes[path.relative_to(base).as_posix()] = json.dumps(manifest, sort_keys=True)
    return hashes
