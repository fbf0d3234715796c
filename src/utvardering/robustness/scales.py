"""Does the conclusion hang on the scale: a ratio, a difference, or a mean of logarithms?

Trends that run parallel in one of them do not in another, so an effect may stand on the choice (Roth & Sant'Anna 2023).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from utvardering.errors import DesignError
from utvardering.estimators.effects import effect_size
from utvardering.estimators.registry import planned_method
from utvardering.robustness.base import Doubt, RobustnessRow, on_planned_scale, unanswered
from utvardering.study.vocabulary import FOR_COUNTS
from utvardering.wording import say

CHECK = "scales"

_RATIO = {"did": "poisson_did", "staggered_did": "poisson_staggered", "sun_abraham": "poisson_staggered"}
_RATIO |= {"imputation": "poisson_staggered"}
_TWICE = ("event_study", "interrupted", "wdd")
"""Methods that are not put on another scale: the first two answer another question, events are only counted by the third."""


def scales(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per other scale that the outcome allows: `ratio`, `difference`, `log`; estimates are put on the planned scale.

    The planned comparison and inference, with the estimator that has this scale. Passes where zero is excluded on the same side
    as in the plan, or held by both intervals; else fails.
    """
    for scale, estimator, transform in _others(doubt):
        try:
            yield _row(doubt, scale, estimator, transform)
        except DesignError as fault:
            yield unanswered(doubt, CHECK, scale, fault)


def _others(doubt: Doubt) -> Iterator[tuple[str, str, str]]:
    """Name of the scale, estimator and transformation of each that is not the planned one."""
    outcome, method = doubt.outcome, planned_method(doubt.estimation.estimator, doubt.outcome)
    if method.name in _TWICE and method.name != "wdd":
        return
    count, log = outcome.kind == "count", outcome.transform == "log"
    ratio = count and not log and method.multiplicative
    plain = FOR_COUNTS.get(method.name, "did" if method.multiplicative else method.name)
    if plain == "did" and doubt.panel.sample(outcome.id, alone=True).common_start is None and method.name != "did":
        plain = "staggered_did"
    if not ratio and count and not log:
        yield "ratio", _RATIO.get(plain, "poisson_did"), "none"
    if ratio or log:
        yield "difference", plain, "none"
    if not log and outcome.kind != "share":
        yield "log", plain, "log"


def _row(doubt: Doubt, scale: str, estimator: str, transform: str) -> RobustnessRow:
    study, planned = doubt.study, doubt.planned
    outcome = doubt.outcome.model_copy(update={"transform": transform})
    outcomes = tuple(outcome if one.id == outcome.id else one for one in study.outcomes)
    plan = doubt.estimation.model_copy(update={"estimator": estimator})
    other = replace(doubt, study=study.model_copy(update={"outcomes": outcomes, "estimation": plan}))
    sample, found = other.again(doubt.panel)
    size = found.size or effect_size(sample, outcome, found.estimate, found.scale)
    percents = [size.percent(value) for value in (found.estimate, found.ci_low, found.ci_high)]
    if not np.isfinite(percents[0]):
        msg = f"{outcome.id}: the effect has no size in percent, since the treated would have had nothing"
        raise DesignError(msg)
    value, low, high = (on_planned_scale(planned, one) for one in percents)
    side = int(found.ci_low > 0) - int(found.ci_high < 0)
    verdict = "pass" if side == int(planned.ci_low > 0) - int(planned.ci_high < 0) else "fail"
    language = study.report.language
    shown = {name: doubt.share(one / 100, "share") for name, one in zip(("value", "low", "high"), percents, strict=True)}
    text = say(language, "robustness", f"scale_{scale}", **shown)
    numbers = (value, low, high, found.p_value)
    return RobustnessRow(study.id, outcome.id, planned.estimator, CHECK, scale, *numbers, verdict, text)
