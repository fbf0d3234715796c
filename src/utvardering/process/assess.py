"""Was the measure carried out as planned? The dose log and the assessments on three levels; None where there is neither."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from utvardering.process.agreement import Agreement, agreements
from utvardering.process.dose import COLUMNS, Dose, load_dose
from utvardering.process.load import Graded, Process, load_process
from utvardering.process.model import GRADE_MAX
from utvardering.process.words import title
from utvardering.study.model import Study

NOT_DELIVERED = 1
"""A final grade of a delivery criterion up to here says that the measure was not carried out."""
PROCESS_COLUMNS = (
    "study", "level", "criterion", "grade", "grade_max", "assessor", "evidence", "text",
    "final_grade", "delivery", "settled_on", "title",
)  # fmt: skip


@dataclass(frozen=True)
class ProcessAssessment:
    """What is known of the delivery of a measure: the dose log, the assessments, and how well assessors agree."""

    dose: Dose | None = None
    process: Process | None = None
    agreement: tuple[Agreement, ...] = ()
    study: str = ""
    language: str = "sv"

    @property
    def not_delivered(self) -> tuple[Graded, ...]:
        """Delivery criteria of the operational level whose final grade says that the measure was not carried out."""
        graded = () if self.process is None else self.process.graded
        return tuple(one for one in graded if one.criterion.delivery and one.final is not None and one.final <= NOT_DELIVERED)

    def to_frame(self) -> pd.DataFrame:
        """A row per assessment: the columns of process.csv."""
        rows = []
        for one in () if self.process is None else self.process.graded:
            for assessor, grade in one.grades.items():
                evidence = " ".join(one.evidence[assessor])
                rows.append(
                    (
                        self.study, one.criterion.level, one.id, grade, GRADE_MAX, assessor, evidence, one.texts[assessor],
                        one.final, one.criterion.delivery, one.settled.date.isoformat() if one.settled else "",
                        title(one.criterion, self.language),
                    )
                )  # fmt: skip
        frame = pd.DataFrame(rows, columns=list(PROCESS_COLUMNS))
        return frame.astype({"final_grade": "Int64", "delivery": bool})

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
    return ProcessAssessment(dose, process, found, study.id, study.report.language)
