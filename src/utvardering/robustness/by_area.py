"""How did it go in each treated area by itself? The planned analysis with one treated area at a time: `area_effects.csv`.

Each area is held against the study's own comparison, and its interval is that of a study with one treated area: wide, and
without end where the comparison units are too few for the level. The rows describe; no verdict stands on them, and which area
came out best or worst is mostly chance.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.estimators.effects import effect_size
from utvardering.estimators.estimate import Estimates
from utvardering.estimators.registry import planned_method
from utvardering.robustness.base import Doubt
from utvardering.robustness.kept import Kept
from utvardering.study.model import Study
from utvardering.wording.refusals import in_words

MOST = 40
"""With more treated areas a number for each says nothing that the shared one does not, and takes long."""

DRAWS = 999
"""Re-assignments, where they are too many to be listed; one treated area has as many as there are units."""


@dataclass(frozen=True)
class AreaEffect:
    """A row of `area_effects.csv`; numbers are NaN where `note` tells why there are none."""

    study: str
    outcome: str
    estimator: str
    inference: str
    unit: str
    label: str
    scale: str
    estimate: float
    ci_low: float
    ci_high: float
    level: float
    effect_percent: float
    effect_percent_low: float
    effect_percent_high: float
    interpretable: bool
    note: str


def effects_by_area(study: Study, panel: Panel, estimates: Estimates, kept: Kept | None = None) -> pd.DataFrame:
    """A row per treated area: the planned estimate of the primary outcome with the other treated areas left out.

    Empty where there is one treated area or more than MOST, where the outcome counts persons, whose numbers in a single area
    may tell of a few, where the method compares with nobody, and where there is no planned estimate.
    """
    planned = estimates.planned(study.primary.id)
    treated = np.flatnonzero(panel.role == "treated")
    columns = list(AreaEffect.__dataclass_fields__)
    if planned is None or study.estimation is None or not 1 < len(treated) <= MOST or study.primary.counts == "persons":
        return pd.DataFrame(columns=columns)
    if planned_method(study.estimation.estimator, study.primary).alone:
        return pd.DataFrame(columns=columns)
    doubt = Doubt(study, panel, planned, kept=kept or Kept())
    return pd.DataFrame([asdict(_of(doubt, int(one), planned.interpretable)) for one in treated], columns=columns)


def _of(doubt: Doubt, unit: int, interpretable: bool) -> AreaEffect:  # noqa: FBT001 -- passed on as it is
    panel, planned = doubt.panel, doubt.planned
    role = np.where(panel.role == "treated", "excluded", panel.role)
    role[unit] = "treated"
    nan = float("nan")
    row = AreaEffect(
        study=doubt.study.id,
        outcome=doubt.outcome.id,
        estimator=planned.estimator,
        inference=planned.inference,
        unit=panel.units[unit],
        label=panel.labels[unit],
        scale=planned.scale,
        estimate=nan,
        ci_low=nan,
        ci_high=nan,
        level=planned.level,
        effect_percent=nan,
        effect_percent_low=nan,
        effect_percent_high=nan,
        interpretable=interpretable,
        note="",
    )
    try:
        sample, found = doubt.again(panel.with_roles(role), planned.inference, DRAWS)
    except DesignError as fault:
        return replace(row, interpretable=False, note=in_words(fault.message, doubt.study.report.language))
    size = found.size or effect_size(sample, doubt.outcome, found.estimate, found.scale)
    low, value, high = (size.percent(x) for x in (found.ci_low, found.estimate, found.ci_high))
    return replace(
        row,
        inference=found.inference,
        scale=found.scale,
        estimate=float(found.estimate),
        ci_low=float(found.ci_low),
        ci_high=float(found.ci_high),
        effect_percent=value,
        effect_percent_low=low,
        effect_percent_high=high,
    )
