"""Do the keys of a study file agree with each other? No data are needed to tell."""

from __future__ import annotations

from utvardering.errors import Problem
from utvardering.study.model import Study


def rule_problems(study: Study, *, partial: bool = False) -> list[Problem]:
    """Every contradiction in the file."""
    return []
