"""Does the result hang on whom the treated are held against?"""

from __future__ import annotations

from collections.abc import Iterator

from utvardering.data.load import load_panel
from utvardering.errors import DesignError, UtvarderingError
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered
from utvardering.study.model import Alternative, Choose, Study

CHECK = "alternative_comparisons"


def alternative_comparisons(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per `[robustness] alternative_comparisons`, by the planned analysis; excluded units stay excluded.

    Fails where the estimate leaves the planned interval.
    """
    for number, other in enumerate(doubt.study.robustness.alternative_comparisons, start=1):
        variant = named(other, number)
        try:
            sample, found = doubt.again(load_panel(with_comparison(doubt.study, other)))
        except UtvarderingError as fault:
            yield unanswered(doubt, CHECK, variant, DesignError(str(fault)))
            continue
        count = int((~sample.treated).sum())
        yield doubt.row(CHECK, variant, sample, found, doubt.inside(found), rule=variant, count=count)


def with_comparison(study: Study, other: Alternative) -> Study:
    """The study with another rule for the comparison."""
    chosen = {"choose": other, "units": "all"} if isinstance(other, Choose) else {"choose": None, "units": other}
    return study.model_copy(update={"comparison": study.comparison.model_copy(update=chosen)})


def named(other: Alternative, number: int) -> str:
    """What a reader recognises a rule by."""
    if isinstance(other, Choose):
        return f"{other.method} {other.n}" if getattr(other, "n", None) else other.method
    return "all" if other == "all" else f"list {number}"
