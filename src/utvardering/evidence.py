"""What works, over all studies? Reads every run, pools what may be pooled, and writes `build/evidence/`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from utvardering.errors import DataError
from utvardering.outputs import whole_folder, write_table
from utvardering.report.evidence_figures import draw_evidence
from utvardering.synthesis.evidence import Evidence, Group
from utvardering.synthesis.evidence import weigh as weigh_findings
from utvardering.synthesis.external import EXTERNAL, load_external
from utvardering.synthesis.findings import findings, from_external

FOLDER = "evidence"


def weigh_evidence(build: Path = Path("build"), external: Path = EXTERNAL) -> Evidence:
    """Every result of the runs below `build` and of `external`, each with what became of it.

    Raises a DataError where nothing has been run and there is no result of others, or where a run lacks a file, and a
    StudyError for what is wrong in the file of external results.
    """
    found = [*findings(build), *from_external(load_external(external))]
    if not found:
        msg = f"{build.as_posix()}: no study has been run; run one first: utvardering run STUDY"
        raise DataError(msg)
    return weigh_findings(found)


def write_evidence(found: Evidence, build: Path) -> Path:
    """Write tables and pictures to `build/evidence/`, all or nothing; the folder is the result."""
    folder = build / FOLDER
    with whole_folder(folder) as new:
        write_table(found.pooled_frame(), new / "pooled.csv")
        write_table(found.results_frame(), new / "results.csv")
        write_table(found.without_frame(), new / "leave_one_out.csv")
        draw_evidence(new)
    return folder


def told(found: Evidence) -> list[str]:
    """What came of it, in lines for a terminal: a line a group, then how many results are listed only, and why."""
    lines = [_line(group) for group in found.groups]
    why: dict[str, int] = {}
    for one in found.listed:
        if not one.pooled:
            why[one.why_not] = why.get(one.why_not, 0) + 1
    return [*lines, *(f"{count} listed, not pooled: {name}" for name, count in why.items())]


def _line(group: Group) -> str:
    what = f"{group.measure}, {group.aim}, {group.scale}{', simulated' if group.simulated else ''}: k = {group.k}"
    pooled = group.pooled
    if pooled is None:
        return f"{what}, listed side by side"
    random = f"{pooled.random:.3f} ({pooled.random_low:.3f} to {pooled.random_high:.3f})"
    return f"{what}, fixed {pooled.fixed:.3f}, random {random}: {group.verdict}"


def facts(found: Evidence, folder: Path) -> dict[str, Any]:
    """The groups and the results, for `--json`."""
    return {
        "folder": str(folder),
        "pooled": _plain(found.pooled_frame().to_dict("records")),
        "results": _plain(found.results_frame().to_dict("records")),
    }


def _plain(rows: list[dict[Any, Any]]) -> list[dict[str, Any]]:
    """NaN as null, since JSON has none."""
    return [{str(name): None if value != value else value for name, value in row.items()} for row in rows]  # noqa: PLR0124 -- only NaN differs from itself
