"""How often is an effect of each size found, and which is the smallest found in four of five tries?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from utvardering.checks.power import detectable
from utvardering.data.panel import Panel
from utvardering.planning.cases import Case, Item
from utvardering.planning.store import Store
from utvardering.planning.words import about, areas, change, outcome_of, span
from utvardering.planning.work import found_effects
from utvardering.study.model import Study
from utvardering.wording import percent, say

EFFECTS = tuple(round(0.05 * k, 2) for k in range(1, 11))
"""Effects of `power.csv`, from 5 to 50 %, in the wanted direction."""

POWER_COLUMNS = (
    "study",
    "outcome",
    "estimator",
    "inference",
    "planned",
    "variation",
    "n_treated",
    "follow_up",
    "effect",
    "power",
    "mc_error",
    "tries",
)  # fmt: skip -- the columns of a table


@dataclass(frozen=True)
class DetectableRow:
    """A row of `detectable.csv`; the effect is a share in the wanted direction, infinite where none up to 95 % is found."""

    study: str
    outcome: str
    estimator: str
    inference: str
    planned: bool
    variation: str
    n_treated: int
    follow_up: int
    smallest_detectable_effect: float
    text: str


def power_frame(study: Study, cases: tuple[Case, ...], items: tuple[Item, ...], store: Store) -> pd.DataFrame:
    """`power.csv`: a row per case and effect, each with its Monte Carlo error."""
    rows = []
    for case in cases:
        found = found_effects(case, items, store) if case.kind == "power" else np.array([])
        sign = 1 if outcome_of(study, case.outcome).direction == "increase" else -1
        for effect in EFFECTS if len(found) else ():
            hits, tries = int(np.sum(found <= effect + 1e-9)), len(found)
            rough = (hits + 1) / (tries + 2)  # Laplace's share: an error of 0 would claim too much
            error = float(np.sqrt(rough * (1 - rough) / tries))
            named = (study.id, case.outcome, case.estimator, case.inference, case.planned, case.variation)
            rows.append((*named, case.n_treated, case.follow_up, sign * effect, hits / tries, error, tries))
    return pd.DataFrame(rows, columns=list(POWER_COLUMNS))


def detectable_rows(
    study: Study, before: Panel, cases: tuple[Case, ...], items: tuple[Item, ...], store: Store
) -> tuple[DetectableRow, ...]:
    """`detectable.csv`: the smallest effect found in four of five tries of each case, with its sentence."""
    rows = []
    for case in cases:
        found = found_effects(case, items, store) if case.kind == "power" else np.array([])
        if len(found):
            effect = detectable(found)
            said = sentence(study, before, case, effect)
            text = about(study, case.outcome, case.estimator, said, planned=case.planned)
            named = (study.id, case.outcome, case.estimator, case.inference, case.planned, case.variation)
            rows.append(DetectableRow(*named, case.n_treated, case.follow_up, effect, text))
    return tuple(rows)


def sentence(study: Study, before: Panel, case: Case, effect: float) -> str:
    """With one area and 24 months only a fall of at least 34 % can be found."""
    language, calendar = study.report.language, before.grids[case.outcome].calendar
    return say(
        language,
        "design",
        "detectable" if np.isfinite(effect) else "detectable_none",
        areas=areas(language, case.n_treated),
        time=span(language, calendar, case.follow_up),
        change=change(language, outcome_of(study, case.outcome)),
        value=percent(effect, language),
    )
