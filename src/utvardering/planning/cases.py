"""Which analyses of which outcomes are tried, with how many treated areas and how long a follow-up?"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from utvardering.checks import false_positives, power
from utvardering.checks.past import FEWEST, Analysis, longest_follow_up
from utvardering.checks.power import tries_by_start
from utvardering.data.panel import Panel
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED
from utvardering.estimators.estimate import inferences
from utvardering.estimators.registry import ESTIMATORS, Method, planned_method
from utvardering.study.model import Estimation, Outcome, Study

NUMBERS = (1, 2, 3, 5, 10, 20, 30)
"""Numbers of treated areas that are tried beside the planned one."""

ALTERNATIVES = ("did", "poisson_did", "forecast_did")
"""Quick methods tried on the primary outcome even where the plan does not name them: one of them may see more."""

_SLOW_PART = 4  # tries of a method fitted anew for each re-assignment that an interruption may lose
_QUICK_LEAST = 10
_SLOW_NUMBERS = 2  # other numbers of areas tried with such a method, those nearest to the plan's


@dataclass(frozen=True)
class Case:
    """One analysis tried in one way; variation says what differs from the plan."""

    kind: str
    outcome: str
    estimator: str
    inference: str
    planned: bool
    variation: str
    n_treated: int
    follow_up: int
    tries: int

    @property
    def key(self) -> tuple[str, str, str, str, int, int]:
        """What decides its numbers."""
        return (self.kind, self.outcome, self.estimator, self.inference, self.n_treated, self.follow_up)


@dataclass(frozen=True)
class Item:
    """A part of a case: the tries first … last − 1 at one pseudo-start."""

    case: Case
    start: int
    first: int
    last: int

    @property
    def name(self) -> str:
        """Name of its file: equal work has equal names, whatever it is wanted for."""
        what = [*self.case.key, self.start, self.first, self.last]
        return hashlib.sha256(json.dumps(what).encode()).hexdigest()[:24]


def analysis_of(study: Study, before: Panel, case: Case) -> Analysis:
    """The analysis of a case on the study's past."""
    outcome = next(one for one in study.outcomes if one.id == case.outcome)
    found = analysis(before, outcome, estimation_of(study), ESTIMATORS[case.estimator], case.inference)
    return replace(found, causal_model=study.causal_model, language=study.report.language)


def analysis(before: Panel, outcome: Outcome, estimation: Estimation, method: Method, inference: str) -> Analysis:
    """One method with one inference on one outcome."""
    plan = estimation.model_copy(update={"estimator": method.name, "inference": inference})
    return Analysis(before.sample(outcome.id, alone=method.alone), outcome, plan, method, inference)


def estimation_of(study: Study) -> Estimation:
    """The planned analysis; a DesignError where there is none."""
    if study.estimation is None:
        msg = f"{study.id}: the study plans no estimate ([estimation] is missing)"
        raise DesignError(msg)
    return study.estimation


def cases(study: Study, before: Panel, *, quick: bool = False) -> tuple[Case, ...]:
    """All cases, those of the plan first; every outcome but negative controls. quick: a tenth of the tries."""
    found = [case for outcome in study.outcomes if outcome.role != "negative_control" for case in _of(study, before, outcome)]
    first = {case.key: case for case in reversed(found)}
    chosen = (first[key] for key in dict.fromkeys(case.key for case in found))
    return tuple(replace(case, tries=max(case.tries // 10, _QUICK_LEAST)) if quick else case for case in chosen)


def untried(study: Study, before: Panel, outcome: Outcome) -> str:
    """Why an outcome's past cannot show what the plan finds; empty where it can."""
    try:
        sample = before.sample(outcome.id, alone=planned_method(estimation_of(study).estimator, outcome).alone)
    except DesignError as fault:
        return fault.message
    periods = sample.y.shape[1]
    if periods < FEWEST:
        return f"{outcome.id}: periods before the start: {periods}; it needs {FEWEST}; write an earlier first in [period]"
    if outcome.kind == "count" and outcome.direction == "decrease" and not np.nansum(sample.y[sample.treated]) > 0:
        return f"{outcome.id}: the treated have only 0 before the start, and 0 cannot fall; choose another outcome or area"
    return ""


def items(study: Study, before: Panel, wanted: tuple[Case, ...]) -> tuple[Item, ...]:
    """The parts into which cases are cut."""
    found: list[Item] = []
    for case in wanted:
        one = analysis_of(study, before, case)
        near, most = case.kind == "power", power.STARTS if case.kind == "power" else false_positives.STARTS
        for start, numbers in tries_by_start(one, case.follow_up, case.tries, near=near, most=most).items():
            step = max(len(numbers), 1) if one.quick else _SLOW_PART
            firsts = range(numbers.start, numbers.stop, step)
            found += [Item(case, start, first, min(first + step, numbers.stop)) for first in firsts]
    return tuple(found)


def _of(study: Study, before: Panel, outcome: Outcome) -> Iterator[Case]:
    estimation = estimation_of(study)
    planned = planned_method(estimation.estimator, outcome)
    if untried(study, before, outcome):
        return
    sample = before.sample(outcome.id, alone=planned.alone)
    n_treated = int(sample.treated.sum())
    follow_up = longest_follow_up(sample.y.shape[1], before.grids[outcome.id].n_after)
    for method in _methods(estimation, planned, outcome):
        for inference in _inferences(method, estimation, n_treated):
            is_planned = method is planned and inference == inferences(planned, estimation, n_treated)[0]
            one = analysis(before, outcome, estimation, method, inference)
            tries = false_positives.TRIES if one.quick else false_positives.SLOW_TRIES
            alarm = Case(
                "false_positives", outcome.id, method.name, inference, is_planned, "planned", n_treated, follow_up, tries
            )
            if sample.y.shape[1] >= 2 * FEWEST:  # as in the check `false_positives`
                yield replace(alarm, tries=2 * tries if one.quick else tries)
            if inference == "cluster" and not is_planned:
                continue
            tried = Case(
                "power", outcome.id, method.name, inference, is_planned, "planned", n_treated, follow_up, one_tries(one)
            )
            yield tried
            if is_planned and outcome.role == "primary":
                yield from _variations(study, one, tried)


def one_tries(one: Analysis) -> int:
    """Tries for a power, by what one costs."""
    return power.TRIES if one.quick else power.SLOW_TRIES


def _methods(estimation: Estimation, planned: Method, outcome: Outcome) -> tuple[Method, ...]:
    names = [planned.name, *estimation.also, *(ALTERNATIVES if outcome.role == "primary" else ())]
    return tuple(ESTIMATORS[name] for name in dict.fromkeys(names) if ESTIMATORS[name].suits(outcome))


def _inferences(method: Method, estimation: Estimation, n_treated: int) -> tuple[str, ...]:
    """The planned one and those that stand beside it; a clustered one only where it is no more than that."""
    found = inferences(method, estimation, n_treated)
    beside = tuple(name for name in method.inferences if name in RANDOMIZED and found[0] not in RANDOMIZED)
    return tuple(dict.fromkeys((*found, *beside)))


def _variations(study: Study, one: Analysis, planned: Case) -> Iterator[Case]:
    """The planned analysis with other numbers of treated areas and other lengths of follow-up."""
    periods, size = one.sample.y.shape[1], len(one.sample.units)
    least = study.checks.min_comparison_units
    numbers = [n for n in NUMBERS if n != planned.n_treated and size - n >= least]
    lengths = {max(planned.follow_up // 2, 1), min(2 * planned.follow_up, periods // 2), periods // 2} - {planned.follow_up, 0}
    if not one.quick:
        numbers = sorted(sorted(numbers, key=lambda n: abs(n - 1 - planned.n_treated))[:_SLOW_NUMBERS])
        lengths = set(sorted(lengths)[-1:])
    yield from (replace(planned, variation="n_treated", n_treated=n) for n in numbers)
    yield from (replace(planned, variation="follow_up", follow_up=length) for length in sorted(lengths))
