"""Rules of the study file that need the data: they end like any fault of the study file, with its line."""

from __future__ import annotations

import numpy as np

from utvardering.causal.identify import identify
from utvardering.data.panel import Panel, Sample
from utvardering.errors import DesignError, Problem, StudyError
from utvardering.estimators.base import RANDOMIZED, planned_profile
from utvardering.estimators.comparable import OF_PLACEBOS, Alone, without_comparable
from utvardering.inference.noise import seen_mean
from utvardering.inference.reassignment import smallest_p
from utvardering.study.causal_graph import TREATMENT, causal_graph, read_edge
from utvardering.study.model import Study


def refuse_hopeless(study: Study, panel: Panel) -> None:
    """Raise a StudyError where the planned test cannot reach significance with the units that the data hold.

    And where a cause of the causal model is the same in every area, so that nothing can be learnt of it. A DesignError where
    the plan is to adjust by a causal model from which the effect cannot be had by adjustment.
    """
    _refuse_constant_causes(study, panel)
    _refuse_unidentified(study)
    estimation = study.estimation
    if estimation is None or estimation.inference not in OF_PLACEBOS:
        return
    try:
        sample = panel.sample(study.primary.id)
    except DesignError:
        return
    if study.measure.assignment != "lottery":  # then re-assignment is valid whatever the sizes
        _refuse_alone(study, sample)
    if estimation.inference not in RANDOMIZED:
        return
    smallest = smallest_p(planned_profile(sample), sample.strata)
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


def _refuse_unidentified(study: Study) -> None:
    graph = causal_graph(study.causal_model)
    if study.estimation is None or study.estimation.estimator != "adjusted" or not graph.edges:
        return
    found = identify(graph, study.primary.id)
    if found.kind != "backdoor":
        raise DesignError(found.sentence(study.report.language))


def _refuse_constant_causes(study: Study, panel: Panel) -> None:
    """Raise a StudyError where a measured name of the graph does not differ between areas before the start."""
    graph = causal_graph(study.causal_model)
    try:
        sample = panel.sample(study.primary.id)
    except DesignError:
        return
    before = max(sample.n_periods_before, 1)
    problems = []
    for name in (name for name in graph.observed if name in sample.grid.covariates):
        level = seen_mean(sample.grid.covariates[name][:, :before], 1)
        known = level[np.isfinite(level)]
        if len(known) and np.ptp(known) == 0 and name not in graph.effects(TREATMENT):
            place = next(i for i, edge in enumerate(study.causal_model.edges) if name in (read_edge(edge) or ()))
            key = f"causal_model.edges[{place}]"
            said = f"{name} is {known[0]:g} in every area before the start, so it explains nothing; remove it from the model"
            problems.append(Problem(key, said, study.line(key)))
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        heading = f"{study.folder / 'study.toml'}: {count}"
        raise StudyError(heading, tuple(problems))


def _refuse_alone(study: Study, sample: Sample) -> None:
    """Raise a StudyError where a treated unit lies far outside the sizes of the comparison."""
    alone = without_comparable(sample, counts=study.primary.kind == "count")
    if not alone:
        return
    problems = tuple(_problem(study, one) for one in alone)
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    heading = f"{study.folder / 'study.toml'}: {count}"
    raise StudyError(heading, problems)


def _problem(study: Study, alone: Alone) -> Problem:
    named = [k for k, unit in enumerate(study.treated) if str(unit.unit) == alone.unit]
    key = f"treated[{named[0]}].unit" if named else "comparison"
    return Problem(key, alone.reason(), study.line(key))
