"""Has the study of a course what its design needs: departments with both arms, the planned sizes, and missing tests?"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from utvardering.data.cohort import load_cohort
from utvardering.individuals.checks import attrition, groups
from utvardering.study.load import load_study

COURSE = Path(__file__).parents[2] / "studies" / "utbildning"


def test_the_course_has_departments_with_both_arms_and_missing_tests() -> None:
    """At least twelve departments; an eighth lack a test after the course, and the check says what that leaves unknown."""
    study = load_study(COURSE)
    cohort = load_cohort(study)
    assert groups(study, cohort.before()).value >= 12
    assert attrition(study, cohort).verdict == "not_evaluated"
    table = pd.read_csv(COURSE / "data" / "kohort.csv")
    arms = table.drop_duplicates("lopnummer")["kurs"].value_counts()
    assert arms[1] == pytest.approx(120, abs=10)  # as planned; chance moves it
    assert arms[0] == pytest.approx(140, abs=10)  # as planned; chance moves it
    after = table[table["tillfalle"] > study.data.last_wave_before].groupby("lopnummer").size()
    both = after.reindex(table["lopnummer"].unique(), fill_value=0) == 2
    assert 0.10 <= 1 - both.mean() <= 0.18
