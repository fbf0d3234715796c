"""What a run writes of the process: process.csv, agreement.csv, process.json, dose.csv and dose_response.csv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from utvardering.data.panel import Panel
from utvardering.outputs import write_json, write_table
from utvardering.process.assess import ProcessAssessment
from utvardering.process.criteria_sets import criteria_set, ready_sets
from utvardering.process.dose_response import dose_response
from utvardering.process.load import Graded, Process
from utvardering.process.model import LEVELS
from utvardering.process.words import meaning, question, scale, set_title, title
from utvardering.study.model import Study


def write_process(
    found: ProcessAssessment | None, folder: Path, study: Study | None = None, panel: Panel | None = None
) -> None:
    """Write what there is of a process evaluation into the folder of a run; with a panel also how outcomes go with the dose."""
    if found is None:
        return
    if found.dose is not None:
        write_table(found.dose_frame(), folder / "dose.csv")
        if study is not None and panel is not None:
            write_table(dose_response(study, panel, found.dose), folder / "dose_response.csv")
    if found.process is not None or found.dose is not None:
        write_table(found.to_frame(), folder / "process.csv")
    if found.process is not None:
        write_table(found.agreement_frame(), folder / "agreement.csv")
        write_json(process_facts(found.process, found.language), folder / "process.json")


def process_facts(process: Process, language: str) -> dict[str, Any]:
    """What the tables do not hold: scale, questions, evidence, roles, factors and a summary of each level."""
    return {
        "language": language,
        "simulated": process.simulated,
        "said_in": process.language,
        "scale": [{"grade": grade, "word": word, "text": text} for grade, (word, text) in scale(language).items()],
        "sets": [
            {
                "id": name,
                "title": set_title(name, language),
                "source": criteria_set(name).source if name in ready_sets() else "",
            }
            for name in process.sets
        ],
        "criteria": [_criterion(one, language) for one in process.graded],
        "unassessed": [
            {"id": name, "title": title(one, language), "level": one.level} for name, one in process.unassessed.items()
        ],
        "assessors": [{"id": one.id, "role": one.role} for one in process.assessors],
        "evidence": [
            {"id": one.id, "kind": one.kind, "title": one.title, "date": one.date.isoformat() if one.date else ""}
            for one in process.evidence
        ],
        "factors": [
            {
                "kind": one.kind,
                "level": one.level or "",
                "text": one.text,
                "addressee": one.addressee,
                "evidence": list(one.evidence),
            }
            for one in process.factors
        ],
        "levels": [_level(level, process) for level in LEVELS],
    }


def _criterion(one: Graded, language: str) -> dict[str, Any]:
    final, settled = one.final, one.settled
    return {
        "id": one.id,
        "set": one.set_id,
        "level": one.criterion.level,
        "title": title(one.criterion, language),
        "question": question(one.criterion, language),
        "paragraph": one.criterion.paragraph,
        "delivery": one.criterion.delivery,
        "final": final,
        "meaning": "" if final is None else meaning(one.criterion, final, language),
        "settled": None if settled is None else {"date": settled.date.isoformat(), "how": settled.how},
    }


def _level(level: str, process: Process) -> dict[str, Any]:
    """Median, lowest and highest of the final grades of a level; null where nothing was assessed or settled."""
    all_of = [one for one in process.graded if one.criterion.level == level]
    finals = [one.final for one in all_of if one.final is not None]
    return {
        "level": level,
        "n_criteria": len(all_of),
        "n_unsettled": len(all_of) - len(finals),
        "median": float(np.median(finals)) if finals else None,
        "lowest": min(finals) if finals else None,
        "highest": max(finals) if finals else None,
    }
