"""Rules of the study file that need the data: they end like any fault of the study file, with its line."""

from __future__ import annotations

from utvardering.data.panel import Panel
from utvardering.errors import DesignError, Problem, StudyError
from utvardering.estimators.base import RANDOMIZED, profiles
from utvardering.inference.reassignment import smallest_p
from utvardering.study.model import Study


def refuse_hopeless(study: Study, panel: Panel) -> None:
    """Raise a StudyError where the planned test cannot reach significance with the units that the data hold."""
    estimation = study.estimation
    if estimation is None or estimation.inference not in RANDOMIZED:
        return
    try:
        sample = panel.sample(study.primary.id)
    except DesignError:
        return
    smallest = smallest_p(profiles(sample.grid.treatment)[0], sample.strata)
    treated = int(sample.treated.sum())
    if smallest <= 1 - estimation.level + 1e-12:
        return
    message = (
        f"{estimation.level:g} cannot be reached: randomization inference with {treated} treated of {len(sample.units)} units "
        f"gives no p-value below {smallest:.3f}; add comparison units or choose another inference"
    )
    key = "estimation.level" if "estimation.level" in study.lines else "estimation"
    problem = Problem("estimation.level", message, study.line(key))
    heading = f"{study.folder / 'study.toml'}: 1 problem"
    raise StudyError(heading, (problem,))
