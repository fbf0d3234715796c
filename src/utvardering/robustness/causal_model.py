"""Does the study's own causal model hold, and does the estimate that it gives survive what should leave it as it is?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import astuple
from itertools import starmap
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utvardering.causal import independencies
from utvardering.causal.hidden_cause import as_strong_as, plain_fit, robustness_value
from utvardering.causal.identify import identify
from utvardering.causal.library import SUBSET, Refutation, refutations
from utvardering.errors import DesignError
from utvardering.estimators.cross_section import CrossSection, change_of, cross_section, level_of
from utvardering.estimators.effects import effect_size
from utvardering.robustness.base import Doubt, RobustnessRow, unanswered
from utvardering.study.causal_graph import TREATMENT, CausalGraph, causal_graph
from utvardering.wording import percent, say

FEWEST_FOR_SUBSETS = 10
"""Treated, and comparison, areas below which a random part may hold none of them."""
_ALPHA = 0.05

_NOTHING = (math.nan, math.nan, math.nan, math.nan)


def graph(doubt: Doubt) -> Iterator[RobustnessRow]:
    """Whether the effect is identified by the graph (`identification`), and whether the data contradict it (`independencies`).

    Only for a study with a causal model. Identification fails where adjustment cannot give the effect.
    """
    drawn, language = causal_graph(doubt.study.causal_model), doubt.study.report.language
    if not drawn.edges:
        return
    found = identify(drawn, doubt.outcome.id)
    stands = "pass" if found.kind == "backdoor" else "fail"
    yield _row(doubt, "graph", "identification", _NOTHING, stands, found.sentence(language))
    try:
        section = cross_section(doubt.panel.sample(doubt.outcome.id), doubt.outcome, ())
    except DesignError as fault:
        yield unanswered(doubt, "graph", "independencies", fault)
        return
    values, cluster = _values(drawn, doubt.outcome.id, section)
    tested = _tested(doubt, drawn, values, cluster)
    smallest = min((one.p_adjusted for one in tested), default=math.nan)
    text = independencies.sentence(tested, _ALPHA, language)
    numbers = (math.nan, math.nan, math.nan, smallest)
    yield _row(doubt, "graph", "independencies", numbers, independencies.verdict(tested, _ALPHA), text)


def refute(doubt: Doubt) -> Iterator[RobustnessRow]:
    """The estimate by adjustment under dowhy's refuters and under a hidden cause.

    Only where the causal model gives the effect by adjustment; beside a planned ratio told as one, by its share of the level.
    Without analysis weights, which dowhy's regression has not.
    A refuter fails where its p-value is at most 0.05, a hidden cause as strong as a measured one where it would turn the sign.
    `hidden_cause` holds the robustness value in `estimate` and has no verdict.
    """
    drawn = causal_graph(doubt.study.causal_model)
    if not drawn.edges or (found := identify(drawn, doubt.outcome.id)).kind != "backdoor":
        return
    try:
        section = cross_section(doubt.panel.sample(doubt.outcome.id), doubt.outcome, found.adjustment)
        estimate, std_error, freedom = plain_fit(section.change, section.treated.astype(float), section.others)
    except DesignError as fault:
        yield unanswered(doubt, "refute", "", fault)
        return
    if freedom < 1 or not std_error > 0:
        few = DesignError(f"{doubt.outcome.id}: too few areas for what is adjusted for, so nothing can be refuted")
        yield unanswered(doubt, "refute", "", few)
        return
    yield from _refuters(doubt, section, estimate)
    names = found.adjustment
    for one in as_strong_as(section.change, section.treated.astype(float), section.others, names):
        alone = "refute_hidden_all" if math.isfinite(one.of_treatment) else "refute_hidden_same"
        key = "refute_hidden" if math.isfinite(one.effect) else alone
        turned = "fail" if one.effect * estimate <= 0 else "pass"
        verdict = turned if math.isfinite(one.effect) else "not_evaluated"
        yield _effect(doubt, section, f"hidden_cause={one.name}", (estimate, one.effect), math.nan, verdict, key, name=one.name)
    value = robustness_value(estimate, std_error, freedom)
    language = doubt.study.report.language
    text = say(language, "robustness", "refute_strength", value=percent(value, language))
    yield _row(doubt, "refute", "hidden_cause", (value, math.nan, math.nan, math.nan), "not_evaluated", text)


def _refuters(doubt: Doubt, section: CrossSection, estimate: float) -> Iterator[RobustnessRow]:
    sides = min(int(section.treated.sum()), int((~section.treated).sum()))
    names = ["placebo_treatment", "random_cause", *(["subset"] if sides >= FEWEST_FOR_SUBSETS else [])]
    language, seed = doubt.study.report.language, doubt.estimation.seed
    given = (section.change, section.treated, section.others, names, seed)
    kept = doubt.kept.value("refute", given, lambda: [astuple(found) for found in refutations(*given)])
    for one in starmap(Refutation, kept):
        verdict = "fail" if one.p_value <= _ALPHA else "pass"
        share = percent(SUBSET, language)
        yield _effect(doubt, section, one.name, (estimate, one.effect), one.p_value, verdict, f"refute_{one.name}", share=share)
    if sides < FEWEST_FOR_SUBSETS:
        text = say(language, "robustness", "refute_few", needed=FEWEST_FOR_SUBSETS, found=sides)
        yield _row(doubt, "refute", "subset", _NOTHING, "not_evaluated", text)


def _effect(
    doubt: Doubt,
    section: CrossSection,
    variant: str,
    effects: tuple[float, float],
    p_value: float,
    verdict: str,
    key: str,
    **facts: object,
) -> RobustnessRow:
    """A row with an effect in place of the adjusted one, told in percent; (adjusted, in its place)."""
    language = doubt.study.report.language
    size = effect_size(section.sample, doubt.outcome, effects[0], section.scale)
    adjusted, value = (doubt.said(size.percent(one) / 100) if math.isfinite(one) else "" for one in effects)
    text = say(language, "robustness", key, value=value, adjusted=adjusted, **facts)
    shown = effects[1]
    if doubt.planned.scale == "log_ratio" and section.scale == "difference":  # beside a ratio, told as one
        share = size.percent(shown) / 100
        shown = math.log1p(share) if share > -1 else -math.inf if math.isfinite(share) else math.nan
    return _row(doubt, "refute", variant, (shown, math.nan, math.nan, p_value), verdict, text)


def _tested(
    doubt: Doubt, drawn: CausalGraph, values: dict[str, NDArray[np.float64]], cluster: NDArray[np.int64]
) -> tuple[independencies.Tested, ...]:
    seed = doubt.estimation.seed

    def work() -> list[tuple[Any, ...]]:
        found = independencies.held_against(drawn, values, cluster, np.random.default_rng(seed))
        return [astuple(one) for one in found]

    kept = doubt.kept.value("independencies", (drawn, values, cluster, seed), work)
    pairs = (independencies.Independence(one, other, tuple(given)) for (one, other, given), *_ in kept)
    return tuple(independencies.Tested(pair, *numbers) for pair, (_, *numbers) in zip(pairs, kept, strict=True))


def _values(
    drawn: CausalGraph, outcome: str, section: CrossSection
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.int64]]:
    """(N,) values of each measured name, over the areas that have all of them, and the cluster of each.

    The outcome, and any effect of the measure, by its change; what comes before it by its mean before the start.
    """
    after = drawn.effects(TREATMENT)
    found = {TREATMENT: section.treated.astype(float), outcome: section.change}
    for name in drawn.observed:
        if name not in found and name in section.sample.grid.covariates:
            found[name] = change_of(section.sample, name) if name in after else level_of(section.sample, name)
    found = {name: found[name] for name in drawn.observed if name in found}
    whole = np.isfinite(np.column_stack(list(found.values()))).all(axis=1)
    return {name: values[whole] for name, values in found.items()}, section.sample.cluster[whole]


def _row(
    doubt: Doubt, check: str, variant: str, numbers: tuple[float, float, float, float], verdict: str, text: str
) -> RobustnessRow:
    return RobustnessRow(doubt.study.id, doubt.outcome.id, "adjusted", check, variant, *numbers, verdict, text)
