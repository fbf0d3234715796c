"""All checks in the order in which a reader meets them."""

from __future__ import annotations

from collections.abc import Callable

from utvardering.checks.base import CheckResult, Design, DesignChecks
from utvardering.checks.comparison import balance, comparison
from utvardering.checks.concurrent import concurrent
from utvardering.checks.coverage import coverage
from utvardering.checks.false_positives import false_positives
from utvardering.checks.history import history
from utvardering.checks.power import power
from utvardering.checks.pretrend import pretrend
from utvardering.checks.series import series_checks
from utvardering.checks.spillover import spillover
from utvardering.checks.staggered import staggered
from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.study.model import Study
from utvardering.wording import say
from utvardering.wording.refusals import in_words

CHECKS: dict[str, Callable[[Design], CheckResult]] = {
    "history": history,
    "comparison": comparison,
    "pretrend": pretrend,
    "staggered": staggered,
    "spillover": spillover,
    "concurrent": concurrent,
    "power": power,
    "false_positives": false_positives,
    "coverage": coverage,
}


def check_design(study: Study, before: Panel, progress: Callable[[str], None] | None = None) -> DesignChecks:
    """Run every check on the panel as it was before the start; one series has its own (`series.py`).

    A check that the data cannot answer says so as `not_evaluated` with the reason; it never passes by default.
    """
    design = Design(study, before)
    rows = []
    for name, check in (series_checks() if before.one_series else CHECKS).items():
        if progress:
            progress(name)
        try:
            rows.append(check(design))
        except DesignError as fault:
            language = study.report.language
            text = say(language, "checks", "impossible", reason=in_words(fault.message, language).rstrip("."))
            rows.append(CheckResult(study.id, name, "not_evaluated", float("nan"), float("nan"), text))
    return DesignChecks(tuple(rows), () if before.one_series else balance(design))
