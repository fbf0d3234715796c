"""Was the measure carried out as planned? The dose log and the assessments on three levels; None where there is neither."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from utvardering.process.agreement import Agreement, agreements
from utvardering.process.dose import COLUMNS, Dose, load_dose
from utvardering.process.load import Graded, Process, load_process
from utvardering.process.model import GRADE_MAX
from utvardering.process.override import Placed, refuse_unknown_outcomes
from utvardering.process.words import title
from utvardering.study.model import Study
from utvardering.wording import percent, say

DOSE = "dose"
"""The criterion of process.csv whose `value` is the delivered share of the planned dose."""
NOT_DELIVERED = 1
"""A final grade of a delivery criterion up to here says that the measure was not carried out."""
PROCESS_COLUMNS = (
    "study", "level", "criterion", "grade", "grade_max", "assessor", "evidence", "text",
    "final_grade", "delivery", "settled_on", "title", "value", "threshold",
)  # fmt: skip


@dataclass(frozen=True)
class ProcessAssessment:
    """What is known of the delivery of a measure: the dose log, the assessments, and how well assessors agree."""

    dose: Dose | None = None
    process: Process | None = None
    agreement: tuple[Agreement, ...] = ()
    study: str = ""
    language: str = "sv"
    overrides: tuple[Placed, ...] = ()
    least_dose: float = 0.5

    @property
    def delivery(self) -> tuple[Graded, ...]:
        """The assessed criteria that ask whether the measure was delivered."""
        return tuple(one for one in (() if self.process is None else self.process.graded) if one.criterion.delivery)

    @property
    def not_delivered(self) -> tuple[Graded, ...]:
        """Delivery criteria of the operational level whose final grade says that the measure was not carried out."""
        return tuple(one for one in self.delivery if one.final is not None and one.final <= NOT_DELIVERED)

    def to_frame(self) -> pd.DataFrame:
        """A row per assessment, and one for the delivered dose: the columns of process.csv."""
        rows: list[tuple[object, ...]] = []
        for one in () if self.process is None else self.process.graded:
            for assessor, grade in one.grades.items():
                evidence = " ".join(one.evidence[assessor])
                rows.append(
                    (
                        self.study, one.criterion.level, one.id, grade, GRADE_MAX, assessor, evidence, one.texts[assessor],
                        one.final, one.criterion.delivery, one.settled.date.isoformat() if one.settled else "",
                        title(one.criterion, self.language), math.nan, math.nan,
                    )
                )  # fmt: skip
        rows += [self._dose_row(self.dose)] if self.dose is not None else []
        frame = pd.DataFrame(rows, columns=list(PROCESS_COLUMNS))
        return frame.astype({"grade": "Int64", "grade_max": "Int64", "final_grade": "Int64", "delivery": bool})

    def _dose_row(self, dose: Dose) -> tuple[object, ...]:
        """The delivered share of the planned dose and its limit, as a row without a grade."""
        facts = {"share": percent(dose.share, self.language), "limit": percent(self.least_dose, self.language)}
        text = say(self.language, "rule_facts", "dose", **facts)
        name = say(self.language, "rule_facts", "dose_title")
        graded = (pd.NA, pd.NA, "", "dose.csv", text, pd.NA, True, "", name)
        return (self.study, "operational", DOSE, *graded, dose.share, self.least_dose)

    def dose_frame(self) -> pd.DataFrame:
        """A row per unit and week of the dose log: the columns of dose.csv."""
        return pd.DataFrame(columns=list(COLUMNS)) if self.dose is None else self.dose.to_frame()

    def agreement_frame(self) -> pd.DataFrame:
        """A row per level and group of assessors: the columns of agreement.csv."""
        columns = ["study", *Agreement.__dataclass_fields__]
        return pd.DataFrame([{"study": self.study, **vars(one)} for one in self.agreement], columns=columns)


def assess_process(study: Study) -> ProcessAssessment | None:
    """Read `process.toml` and the dose log of `[data] dose`; None where the study keeps neither.

    Raises a StudyError for a wrong process file, a DataError where it names a person or the dose log is wrong.
    """
    process, dose = load_process(study.folder), load_dose(study)
    if process is None and dose is None:
        return None
    found = () if process is None else agreements(process.graded, tuple(one.id for one in process.assessors))
    overrides = () if process is None else process.overrides
    refuse_unknown_outcomes(study, overrides)
    process = process if process is not None and process.graded else None
    least = study.checks.min_delivered_dose
    return ProcessAssessment(dose, process, found, study.id, study.report.language, overrides, least)
