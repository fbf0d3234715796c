"""How the parts are computed: on as many processes as are asked for, each kept as soon as it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import joblib
import numpy as np
from threadpoolctl import threadpool_limits

from utvardering.checks.false_positives import Alarms, alarms
from utvardering.checks.power import effects_found
from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.planning.cases import Case, Item, analysis_of
from utvardering.planning.store import Store
from utvardering.study.model import Study

Counted = Callable[[int, int, str], None]
"""Called with parts done, parts in all, and what was done."""


def compute(study: Study, before: Panel, wanted: tuple[Item, ...], store: Store, workers: int, told: Counted) -> None:
    """Compute the parts that the store lacks. The numbers do not depend on `workers`: every try has its own generator."""
    missing = [item for item in wanted if store.get(item.name) is None]
    done = len(wanted) - len(missing)
    told(done, len(wanted), "")
    if not missing:
        return
    slow_first = sorted(missing, key=lambda item: analysis_of(study, before, item.case).quick)
    with joblib.parallel_config(backend="loky", n_jobs=workers, inner_max_num_threads=1):
        results: Iterable[Item] = joblib.Parallel(
            n_jobs=workers, return_as="generator_unordered", batch_size=1, pre_dispatch=2 * workers
        )(joblib.delayed(_keep)(study, before, item, store) for item in slow_first)
        for number, item in enumerate(results, done + 1):
            told(number, len(wanted), f"{item.case.outcome}: {item.case.estimator}")


def _keep(study: Study, before: Panel, item: Item, store: Store) -> Item:
    with threadpool_limits(1):
        store.put(item.name, do(study, before, item))
    return item


def do(study: Study, before: Panel, item: Item) -> dict[str, Any]:
    """Compute one part; what the method refuses is told as such."""
    case = item.case
    one = analysis_of(study, before, case)
    try:
        if case.kind == "power":
            found = effects_found(one, item.start, case.follow_up, case.n_treated, range(item.first, item.last))
            return {"found": [float(value) if np.isfinite(value) else None for value in found]}
        part = alarms(one, item.start, case.follow_up, case.n_treated, range(item.first, item.last))
    except DesignError as fault:
        return {"refused": fault.message}
    return {
        "units": part.units.tolist(),
        "rejects": part.rejects.tolist(),
        "holds": part.holds.tolist(),
        "reach": int(part.reach),
        "peak": bool(part.peak),
        "loose": part.loose,
    }


def found_effects(case: Case, wanted: tuple[Item, ...], store: Store) -> np.ndarray:
    """The smallest effect found in each try of a case; empty where it was refused."""
    parts = [store.get(item.name) or {} for item in wanted if item.case.key == case.key]
    return np.array([np.inf if value is None else value for part in parts for value in part.get("found", ())], dtype=float)


def found_alarms(case: Case, wanted: tuple[Item, ...], store: Store) -> list[Alarms]:
    """What the tries of a case gave at each pseudo-start; empty where it was refused."""
    found = []
    for item in wanted:
        part = (store.get(item.name) or {}) if item.case.key == case.key else {}
        if part.get("rejects"):
            rejects, holds = (np.array(part[name], dtype=bool) for name in ("rejects", "holds"))
            units = np.array(part["units"], dtype=np.intp)
            found.append(Alarms(item.start, units, rejects, holds, part["reach"], part["peak"], part["loose"]))
    return found


def refusals(wanted: tuple[Item, ...], store: Store) -> dict[Case, str]:
    """Cases that could not be tried, and why."""
    told: dict[Case, str] = {}
    for item in wanted:
        part = store.get(item.name) or {}
        if "refused" in part:
            told.setdefault(item.case, str(part["refused"]))
    return told
