"""Before the measure: how small an effect can a study of persons find? `detectable.csv` and `design.json`, as for areas.

It is a formula on the waves before the start, not a simulation on a long past, which persons do not have: false alarms cannot
be counted, and no comparison is proposed, since the persons are those of the file.
"""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from utvardering.data.cohort import Cohort
from utvardering.data.fingerprint import data_sha256
from utvardering.disclosure.rounding import rounded
from utvardering.errors import DesignError
from utvardering.individuals.persons import persons_of
from utvardering.individuals.plan import refuse_hopeless_data
from utvardering.individuals.power import smallest_detectable
from utvardering.outputs import whole_folder, write_json, write_table
from utvardering.planning.design import FILES
from utvardering.planning.power_tables import DetectableRow
from utvardering.study.model import Outcome, Study
from utvardering.study.register import plan_sha256
from utvardering.wording import percent, say


def design_persons(study: Study, cohort: Cohort, out: str | Path) -> Path:
    """Work out the smallest effect that the plan finds in four of five tries and write it to `out/<id>/`.

    Raises DesignError where the primary outcome has only one wave before the start, and StudyError where the plan is hopeless.
    """
    before = cohort.before()
    refuse_hopeless_data(study, before)
    rows, refused = [], {}
    for outcome in study.outcomes:
        if outcome.role == "negative_control":
            continue
        try:
            rows.append(_row(study, cohort, outcome))
        except DesignError as fault:
            refused[f"{outcome.id}: adjusted"] = fault.message
            if outcome.role == "primary":
                msg = f"{study.id}: how small an effect can be found cannot be worked out: {fault.message}"
                raise DesignError(msg) from fault
    folder = Path(out) / study.id
    with whole_folder(folder) as new:
        if folder.exists():
            shutil.copytree(folder, new, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*FILES))
        frame = pd.DataFrame([asdict(row) for row in rows], columns=list(DetectableRow.__dataclass_fields__))
        write_table(frame, new / "detectable.csv")
        write_json(_facts(study, before, rows, refused), new / "design.json")
    return folder


def _row(study: Study, cohort: Cohort, outcome: Outcome) -> DetectableRow:
    assert study.estimation is not None  # noqa: S101 -- smallest_detectable refuses a study without
    found = smallest_detectable(study, cohort, outcome)
    if np.isnan(found.share):
        msg = f"{outcome.id}: the level before the start is 0 or less, so no effect is a share of it"
        raise DesignError(msg)
    language = study.report.language
    arms = persons_of(cohort.before(), outcome.id)[0].arms
    shown = [rounded(n, study.report.smallest_cell) or 0 for n in (arms.treated, arms.comparison)]
    key = "detectable_rise" if outcome.direction == "increase" else "detectable"
    text = say(
        language,
        "individuals",
        key,
        treated=shown[0],
        comparison=shown[1],
        value=percent(found.share, language),
        title=outcome.title,
    )
    inference = study.estimation.inference
    after = max(cohort.n_after, 1)
    return DetectableRow(
        study=study.id,
        outcome=outcome.id,
        estimator="adjusted",
        inference=inference,
        planned=True,
        variation="planned",
        n_treated=shown[0],
        follow_up=after,
        smallest_detectable_effect=found.share,
        text=text,
    )


def _facts(study: Study, before: Cohort, rows: list[DetectableRow], refused: dict[str, str]) -> dict[str, Any]:
    primary = next(row for row in rows if row.outcome == study.primary.id)
    limit = study.checks.max_detectable_effect
    key = "design_fit" if primary.smallest_detectable_effect <= limit else "design_unfit"
    language = study.report.language
    sentences = [primary.text, say(language, "individuals", key, limit=percent(limit, language))]
    sentences += [say(language, "individuals", "design_how")]
    sentences += [row.text for row in rows if row is not primary]
    return {
        "study": study.id,
        "simulated": study.data.simulated,
        "language": language,
        "outcomes": {
            row.outcome: {
                "smallest_detectable_effect": {row.estimator: row.smallest_detectable_effect},
                "false_positive_rate": {},
            }
            for row in rows
        },
        "sentences": sentences,
        "not_tried": refused,
        "plan_sha256": plan_sha256(study),
        "data_sha256": data_sha256(study, before),
        "seed": study.estimation.seed if study.estimation else None,
    }
