"""What is known, whatever the design: a panel of areas or a cohort of persons."""

from __future__ import annotations

from utvardering.data.cohort import Cohort, load_cohort
from utvardering.data.load import load_panel
from utvardering.data.panel import Panel
from utvardering.study.model import Study

Data = Panel | Cohort


def load_data(study: Study) -> Data:
    """The data of a study; raises what loading a panel or a cohort raises."""
    return load_cohort(study) if study.study.design == "individuals" else load_panel(study)
