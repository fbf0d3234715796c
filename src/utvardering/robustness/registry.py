"""All robustness checks in the order in which a reader meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from utvardering.data.panel import Panel
from utvardering.estimators.estimate import Estimates
from utvardering.robustness.alternative_comparisons import alternative_comparisons
from utvardering.robustness.base import Doubt, Robustness, RobustnessRow, SpecificationRow
from utvardering.robustness.causal_model import graph, refute
from utvardering.robustness.contrasts import contrasts
from utvardering.robustness.displacement import displacement
from utvardering.robustness.e_value import hidden_cause
from utvardering.robustness.kept import Kept
from utvardering.robustness.leave_one_out import leave_one_out
from utvardering.robustness.negative_controls import negative_controls
from utvardering.robustness.placebo_start import placebo_start
from utvardering.robustness.placebo_unit import placebo_unit
from utvardering.robustness.scales import scales
from utvardering.robustness.specification_curve import specification_curve
from utvardering.robustness.structural import structural
from utvardering.robustness.trend_deviation import trend_deviation
from utvardering.robustness.windows import windows
from utvardering.study.model import Study

ROBUSTNESS: dict[str, Callable[[Doubt], Iterator[RobustnessRow] | Iterator[RobustnessRow | SpecificationRow]]] = {
    "placebo_start": placebo_start,
    "placebo_unit": placebo_unit,
    "leave_one_out": leave_one_out,
    "windows": windows,
    "structural": structural,
    "alternative_comparisons": alternative_comparisons,
    "scales": scales,
    "contrasts": contrasts,
    "trend_deviation": trend_deviation,
    "displacement": displacement,
    "negative_controls": negative_controls,
    "e_value": hidden_cause,
    "graph": graph,
    "refute": refute,
    "specification_curve": specification_curve,
}

OF_AREAS = (
    "placebo_unit",
    "leave_one_out",
    "alternative_comparisons",
    "trend_deviation",
    "displacement",
    "e_value",
    "graph",
    "refute",
)
"""Doubts about other areas, or about causes that differ between them: one series has none."""


def stress(
    study: Study,
    panel: Panel,
    estimates: Estimates,
    progress: Callable[[str], None] | None = None,
    kept: Kept | None = None,
) -> Robustness:
    """Try every doubt on the planned estimate of the primary outcome; empty where there is none.

    kept: where an earlier run's numbers lie; without it everything is computed. The result is the same.
    """
    planned = estimates.planned(study.primary.id)
    if planned is None:
        return Robustness(())
    others = tuple(row for row in estimates.rows if row.planned and row.outcome != planned.outcome)
    doubt = Doubt(study, panel, planned, others, kept or Kept())
    rows: list[RobustnessRow | SpecificationRow] = []
    for name, check in ROBUSTNESS.items():
        if panel.one_series and name in OF_AREAS:
            continue
        if progress:
            progress(name)
        rows.extend(check(doubt))
    doubt.kept.clean()
    return Robustness(
        tuple(row for row in rows if isinstance(row, RobustnessRow)),
        tuple(row for row in rows if isinstance(row, SpecificationRow)),
    )
