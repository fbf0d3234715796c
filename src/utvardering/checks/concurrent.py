"""Did something else happen in the treated areas at the same time, so that the effect cannot be told apart from it?"""

from __future__ import annotations

from utvardering.checks.base import CheckResult, Design


def concurrent(design: Design) -> CheckResult:
    """Fails when the study declares another change in the treated units: what is measured is then the sum of both."""
    declared = design.study.measure.concurrent
    if not declared:
        return design.result("concurrent", "pass", 0, 0, "concurrent_pass")
    return design.result("concurrent", "fail", len(declared), 0, "concurrent_fail", list="; ".join(declared))
