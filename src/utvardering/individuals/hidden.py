"""How strong would an unmeasured cause have to be, and does the study's own graph ask for more than was adjusted for?"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from utvardering.causal.hidden_cause import as_strong_as, plain_fit, robustness_value
from utvardering.causal.identify import identify
from utvardering.individuals import naming
from utvardering.individuals.doubt import PersonDoubt
from utvardering.individuals.missing import complete_cases
from utvardering.individuals.persons import Persons
from utvardering.robustness.base import RobustnessRow
from utvardering.robustness.e_value import e_value
from utvardering.study.causal_graph import causal_graph
from utvardering.wording import number, percent, say

PER_DEVIATION = 0.91
"""Log of the risk ratio that a difference of one standard deviation amounts to (VanderWeele & Ding 2017, Ann. Intern. Med.
167:268, for outcomes that are no counts of cases)."""


def e_value_of_difference(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """The E-value of the planned difference, and in `ci_low` that of the limit nearest no effect; never graded.

    A share is told as the ratio to what it would have been, another outcome by its standard deviation before the start.
    """
    planned, language = doubt.planned, doubt.study.report.language
    limit = planned.ci_high if planned.estimate < 0 else planned.ci_low
    ratios = [_ratio(doubt, value) for value in (planned.estimate, limit)]
    if not all(math.isfinite(ratio) and ratio >= 0 for ratio in ratios):
        return
    found = e_value(*ratios)
    nearest = found.limit if doubt.excluded and found.limit is not None else 1.0
    key = "doubt_e_value" if doubt.excluded else "doubt_e_value_nothing"
    text = say(language, "individuals", key, value=number(found.estimate, language), limit=number(nearest, language))
    yield doubt.numbers("e_value", "", (found.estimate, nearest, math.nan, math.nan), "not_evaluated", text)


def _ratio(doubt: PersonDoubt, value: float) -> float:
    if doubt.outcome.kind == "share":
        level = doubt.analysis.planned.counterfactual
        return (level + value) / level if level > 0 else math.nan
    persons = doubt.analysis.persons
    variances = [persons.baseline[arm].var(ddof=1) for arm in (persons.treated, ~persons.treated) if arm.sum() > 1]
    deviation = math.sqrt(float(np.mean(variances))) if variances else 0.0
    return math.exp(PER_DEVIATION * value / deviation) if deviation > 0 else math.nan


def hidden_cause(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """What a hidden cause as strong as each measured one would leave of the effect, and how strong it must be to leave nothing.

    From a linear regression of the change on arm, outcome before and covariates among the persons compared, without response
    weights. Fails where as strong a cause would turn the sign.
    """
    persons = complete_cases(doubt.analysis.persons.take(doubt.analysis.overlap.kept))
    others = _varied(persons)
    treated, language = persons.treated.astype(float), doubt.study.report.language
    names = [doubt.outcome.id, *doubt.cohort.covariates]
    shown = [name for name, kept in zip(names, _varies(persons), strict=True) if kept]
    if len(treated) <= others.shape[1] + 2:
        return
    estimate, std_error, freedom = plain_fit(persons.change, treated, others)
    if not (std_error > 0 and freedom > 0):
        return
    for one in as_strong_as(persons.change, treated, others, tuple(shown)):
        told = math.isfinite(one.effect)
        verdict = "not_evaluated" if not told else "fail" if one.effect * estimate <= 0 else "pass"
        key = "doubt_hidden" if told else "doubt_hidden_all"
        facts = {
            "name": naming.column(doubt.study, one.name),
            "value": doubt.shown(one.effect) if told else "",
            "plain": doubt.shown(estimate),
        }
        text = say(language, "individuals", key, **facts)
        yield doubt.numbers("refute", f"hidden_cause={one.name}", (one.effect, math.nan, math.nan, math.nan), verdict, text)
    value = robustness_value(estimate, std_error, freedom)
    text = say(language, "individuals", "doubt_strength", value=percent(value, language))
    yield doubt.numbers("refute", "hidden_cause", (value, math.nan, math.nan, math.nan), "not_evaluated", text)


def graph(doubt: PersonDoubt) -> Iterator[RobustnessRow]:
    """Whether the effect is identified by the study's graph, and all that it asks for was adjusted for.

    The outcome before the start is always adjusted for. The graph is not held against the data: its independencies are tested
    for areas only, since persons of a group are not independent.
    """
    drawn, language = causal_graph(doubt.study.causal_model), doubt.study.report.language
    if not drawn.edges:
        return
    found = identify(drawn, doubt.outcome.id)
    missing = [name for name in found.adjustment if name not in doubt.cohort.covariates]
    text = found.sentence(language)
    if found.kind == "backdoor" and missing:
        text += " " + say(
            language, "individuals", "doubt_not_adjusted", names=", ".join(naming.column(doubt.study, name) for name in missing)
        )
    verdict = "pass" if found.kind == "backdoor" and not missing else "fail"
    yield doubt.numbers("graph", "identification", (math.nan,) * 4, verdict, text)


def _varies(persons: Persons) -> NDArray[np.bool_]:
    return np.asarray(persons.features.std(axis=0) > 0)


def _varied(persons: Persons) -> NDArray[np.float64]:
    return persons.features[:, _varies(persons)]
