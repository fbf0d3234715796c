"""An organisation is assessed, not estimated: from `process.toml` to `build/<study>/`, without a verdict of effect."""

from __future__ import annotations

import importlib.metadata
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utvardering.errors import DesignError
from utvardering.outputs import sha256, tree_hashes, whole_folder, write_json, write_table
from utvardering.process.assess import ProcessAssessment, assess_process
from utvardering.process.load import PROCESS_FILE, Process
from utvardering.process.model import LEVELS
from utvardering.process.write import write_process
from utvardering.registration.files import write_registration
from utvardering.registration.state import Registration, verify
from utvardering.report.figures import write_process_figures
from utvardering.study.model import Study
from utvardering.study.page import study_page
from utvardering.synthesis.cost_facts import cost_facts
from utvardering.synthesis.cost_rows import costs

VERSIONED = ("utvardering", "numpy", "pandas", "statsmodels", "plotnine")
Stage = Callable[[str, Callable[[], Any]], Any]
"""Runs the work of a stage and keeps its time."""


@dataclass(frozen=True)
class AssessedOrganisation:
    """What a run of an organisation found: no panel, no estimates and no verdict, since no effect is claimed."""

    study: Study
    process: ProcessAssessment
    folder: Path
    registration: Registration


def assess_organisation(study: Study) -> tuple[ProcessAssessment, Process]:
    """The assessments of an organisation; a DesignError where nothing was assessed yet, and what reading them raises."""
    found = assess_process(study)
    if found is None or found.process is None:
        msg = (
            f'{study.id}: there is no {PROCESS_FILE}, and a study with design = "organisation" is its assessments; '
            "write them there (docs/methods/process.md)"
        )
        raise DesignError(msg)
    return found, found.process


def evaluate_organisation(
    study: Study,
    out: str | Path,
    copied: tuple[str, ...],
    copy: Callable[[Study, Path], None],
    stage: Stage,
    seconds: dict[str, float],
) -> AssessedOrganisation:
    """Write the process evaluation of an organisation to `out/<id>/`, all or nothing.

    copied   files of the study that are copied, by `copy`
    seconds  the time of each stage so far
    """
    registration = verify(study)
    process, stated = stage("process", lambda: assess_organisation(study))
    folder = Path(out) / study.id
    with whole_folder(folder) as new:
        write_process(process, new)
        spent = costs(study, cost_facts(study, None))
        if spent.rows:
            write_table(spent.to_frame(), new / "cost.csv")
        (new / "plan.md").write_text(study_page(study), encoding="utf-8")
        copy(study, new)
        write_registration(registration, new)
        manifest: dict[str, Any] = {
            "study": study.id,
            "fetched": True,
            "design": "organisation",
            "language": study.report.language,
            "simulated": stated.simulated,
            "seed": None,
            "versions": {name: importlib.metadata.version(name) for name in VERSIONED},
            "inputs": {name: sha256(study.folder / name) for name in copied if (study.folder / name).is_file()},
        }
        write_json(manifest, new / "manifest.json")
        stage("figures", lambda: write_process_figures(new))
        outputs = {name: digest for name, digest in tree_hashes(new).items() if name != "manifest.json"}
        write_json({**manifest, "outputs": outputs, "timings": seconds}, new / "manifest.json")
    return AssessedOrganisation(study, process, folder, registration)


def lines_of(process: Process) -> list[str]:
    """How many criteria were assessed on each level, and the median grade, for the command line."""
    lines = []
    for level in LEVELS:
        graded = [one for one in process.graded if one.criterion.level == level]
        finals = [one.final for one in graded if one.final is not None]
        middle = f", median grade {statistics.median(finals):g} of 4" if finals else ""
        open_ = f", {len(graded) - len(finals)} not settled" if len(graded) > len(finals) else ""
        lines.append(f"{level}: {len(graded)} criteria assessed{middle}{open_}")
    return lines
