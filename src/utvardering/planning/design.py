"""Before the measure: can it be evaluated at all, and what should be changed? All tables of `utvardering design`.

Nothing here sees an outcome after the start: every step is given `Panel.before()`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from utvardering.checks.plan import refuse_hopeless
from utvardering.data.by_design import Data
from utvardering.data.fingerprint import data_sha256
from utvardering.data.load import load_panel
from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.outputs import whole_folder, write_json, write_table
from utvardering.planning.advice import AdviceRow, advice_rows
from utvardering.planning.alarm_tables import AlarmRow, alarm_rows, fitness
from utvardering.planning.candidates import propose_comparison
from utvardering.planning.cases import cases, estimation_of, items, untried
from utvardering.planning.power_tables import DetectableRow, detectable_rows, power_frame
from utvardering.planning.regression import RegressionRow, regression_rows
from utvardering.planning.rollout import RolloutRow, rollout
from utvardering.planning.series import design_series
from utvardering.planning.series import fitness as series_fitness
from utvardering.planning.store import store_of
from utvardering.planning.words import span
from utvardering.planning.work import compute, refusals
from utvardering.study.load import load_study
from utvardering.study.model import Study
from utvardering.study.register import plan_sha256
from utvardering.wording import say

FILES = (
    "design.json",
    "power.csv",
    "detectable.csv",
    "false_positives.csv",
    "regression_to_mean.csv",
    "rollout.csv",
    "advice.csv",
    "candidates.csv",
    "design_balance.csv",
    "before.csv",
    "choice.json",
)
"""What this stage writes into `build/<study>/`; `rollout.csv` only while the start dates are free."""

Progress = Callable[[int, int, str], None]
"""Called with parts done, parts in all, and what was done."""


@dataclass(frozen=True)
class Design:
    """Everything that is said before the measure."""

    study: Study
    power: pd.DataFrame
    detectable: tuple[DetectableRow, ...]
    alarms: tuple[AlarmRow, ...]
    regression: tuple[RegressionRow, ...]
    rollout: tuple[RolloutRow, ...]
    advice: tuple[AdviceRow, ...]
    facts: dict[str, Any]


def design_study(
    study: str | Path | Study,
    out: str | Path = "build",
    progress: Progress | None = None,
    *,
    workers: int = 2,
    lottery: int = 0,
    quick: bool = False,
) -> Path:
    """Work out what the study can find and write it to `out/<id>/`, all or nothing; a run's files there are kept.

    workers: processes; the result does not depend on it. lottery: so many of the named areas begin, drawn by lot (0: all).
    quick: a tenth of the tries, for a first look; every row tells its Monte Carlo error. What is computed is kept under
    `out/.design/`, so that an interrupted call goes on where it stopped. Raises StudyError, DataError or DesignError, with
    what to do about it.
    """
    loaded = study if isinstance(study, Study) else load_study(study)
    if not loaded.has_panel:
        msg = f'{loaded.id}: design = "{loaded.study.design}" has no past to try the plan on; only "areas" and "series" have'
        raise DesignError(msg)
    panel, folder = load_panel(loaded), Path(out) / loaded.id
    before = panel.before()
    refuse_hopeless(loaded, before)
    found = work_out(loaded, panel, Path(out), progress, workers=workers, lottery=lottery, quick=quick)
    with whole_folder(folder) as new:
        if folder.exists():
            shutil.copytree(folder, new, dirs_exist_ok=True, ignore=shutil.ignore_patterns(*FILES))
        write(found, new)
        if not panel.one_series:
            _write_candidates(loaded, before, new)
    return folder


def work_out(
    study: Study,
    panel: Panel,
    out: Path,
    progress: Progress | None = None,
    *,
    workers: int = 2,
    lottery: int = 0,
    quick: bool = False,
) -> Design:
    """Power, false alarms, regression to the mean and advice, in this order."""
    before = panel.before()
    if panel.one_series:
        power, detectable, alarms, advice, refused = design_series(study, before, quick=quick)
        facts = _facts(study, before, detectable, alarms, (), advice) | {"not_tried": refused}
        return Design(study, power, detectable, alarms, (), (), advice, facts)
    drawn = rollout(study, panel, lottery)
    wanted = cases(study, before, quick=quick)
    tried = [outcome for outcome in study.outcomes if outcome.role != "negative_control"]
    without = {outcome.id: why for outcome in tried if (why := untried(study, before, outcome))}
    if not wanted:
        msg = f"{study.id}: there is no past to try the plan on: {without[study.primary.id]}"
        raise DesignError(msg)
    parts, store = items(study, before, wanted), store_of(study, before, out)
    compute(study, before, parts, store, workers, progress or (lambda _done, _all, _what: None))
    detectable = detectable_rows(study, before, wanted, parts, store)
    alarms = alarm_rows(study, wanted, parts, store)
    regression = regression_rows(study, before)
    advice = advice_rows(study, panel, detectable, alarms)
    refused = {f"{case.outcome}: {case.estimator}, {case.inference}": why for case, why in refusals(parts, store).items()}
    refused |= without
    facts = _facts(study, before, detectable, alarms, regression, advice) | {"not_tried": refused}
    return Design(study, power_frame(study, wanted, parts, store), detectable, alarms, regression, drawn, advice, facts)


def write(found: Design, folder: Path) -> None:
    """Write every table of this stage."""
    persons = {outcome.id for outcome in found.study.outcomes if outcome.counts == "persons"}
    write_table(_coarse(found.power, persons), folder / "power.csv")
    for name, kind, rows in (
        ("detectable", DetectableRow, found.detectable),
        ("false_positives", AlarmRow, found.alarms),
        ("regression_to_mean", RegressionRow, found.regression),
        ("advice", AdviceRow, found.advice),
    ):
        write_table(_coarse(_frame(kind, rows), persons), folder / f"{name}.csv")
    if found.rollout:
        write_table(_frame(RolloutRow, found.rollout), folder / "rollout.csv")
    write_json(found.facts, folder / "design.json")


def _coarse(frame: pd.DataFrame, persons: set[str]) -> pd.DataFrame:
    """A table with the numbers of outcomes that count persons in two digits, as its sentences have them."""
    if "outcome" not in frame or not persons:
        return frame
    out, which = frame.copy(), frame["outcome"].isin(persons)
    for name in out.select_dtypes("float").columns:
        out.loc[which, name] = [float(f"{value:.2g}") for value in out.loc[which, name]]
    return out


def _coarse_facts(found: dict[str, dict[str, float | None]]) -> dict[str, dict[str, float | None]]:
    return {
        key: {name: None if value is None else float(f"{value:.2g}") for name, value in one.items()}
        for key, one in found.items()
    }


def keep_design(old: Path, new: Path, study: Study, before: Data) -> None:
    """Copy the files of this stage from an older folder of the study where its plan and data before the start are the same."""
    try:
        facts = pd.read_json(old / "design.json", typ="series").to_dict()
    except (OSError, ValueError):
        return
    if (facts.get("plan_sha256"), facts.get("data_sha256")) != (plan_sha256(study), data_sha256(study, before)):
        return
    for name in FILES:
        if (old / name).is_file():
            shutil.copyfile(old / name, new / name)


def _frame(kind: type, rows: tuple[Any, ...]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=[one.name for one in fields(kind)])


def _facts(
    study: Study,
    before: Panel,
    detectable: tuple[DetectableRow, ...],
    alarms: tuple[AlarmRow, ...],
    regression: tuple[RegressionRow, ...],
    advice: tuple[AdviceRow, ...],
) -> dict[str, Any]:
    """`design.json`."""
    outcomes: dict[str, dict[str, dict[str, float | None]]] = {}
    for outcome in study.outcomes:
        if outcome.role == "negative_control":
            continue
        as_planned = [row for row in detectable if row.outcome == outcome.id and row.variation == "planned"]
        tried = [row for row in alarms if row.outcome == outcome.id]
        found: dict[str, dict[str, float | None]] = {"smallest_detectable_effect": {}, "false_positive_rate": {}}
        for one in as_planned:
            effect = one.smallest_detectable_effect if np.isfinite(one.smallest_detectable_effect) else None
            found["smallest_detectable_effect"].setdefault(one.estimator, effect)
        for two in tried:
            found["false_positive_rate"].setdefault(two.estimator, two.rate)
        outcomes[outcome.id] = _coarse_facts(found) if outcome.counts == "persons" else found
    return {
        "study": study.id,
        "simulated": study.data.simulated,
        "language": study.report.language,
        "outcomes": outcomes,
        "sentences": _sentences(study, before, detectable, alarms, regression, advice),
        "plan_sha256": plan_sha256(study),
        "data_sha256": data_sha256(study, before),
        "seed": estimation_of(study).seed,
    }


def _sentences(
    study: Study,
    before: Panel,
    detectable: tuple[DetectableRow, ...],
    alarms: tuple[AlarmRow, ...],
    regression: tuple[RegressionRow, ...],
    advice: tuple[AdviceRow, ...],
) -> list[str]:
    """What a coordinator reads: the plan in a sentence, its false alarms, whether it is fit, peaks, and what would help."""
    primary = study.primary.id
    said = [row.text for row in detectable if row.planned and row.outcome == primary and row.variation == "planned"]
    tried = {row.follow_up for row in detectable if row.planned and row.outcome == primary and row.variation == "planned"}
    if tried and max(tried) < (planned := before.grids[primary].n_after):
        language, calendar = study.report.language, before.grids[primary].calendar
        lengths = {"tried": span(language, calendar, max(tried)), "planned": span(language, calendar, planned)}
        said.append(say(language, "design", "shorter", **lengths))
    said += [row.text for row in alarms if row.planned and row.outcome == primary]
    said.append((series_fitness if before.one_series else fitness)(study, detectable, alarms))
    said += [row.text for row in regression if row.outcome == primary and not row.unit and row.verdict == "fail"]
    return said + [row.text for row in advice]


def _write_candidates(study: Study, before: Panel, folder: Path) -> None:
    """The comparison that data before the start propose."""
    propose_comparison(study, before).write(folder)
