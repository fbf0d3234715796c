"""Can the planned analysis answer the question: outcomes, estimators, inference and robustness that fit each other?"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study import vocabulary
from utvardering.study.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from utvardering.study.model import Moment, Study

RANDOMIZED = ("randomization", "permutation")
FEWEST_FOR_WILD_BOOTSTRAP = 5
"""Treated clusters below which the wild cluster bootstrap hardly ever rejects."""

_KIND_WORDS = {"count": "a count", "rate": "a rate", "share": "a share", "mean": "a mean"}


def smallest_p(n_treated: int, n_units: int) -> float:
    """The smallest two-sided p-value that a randomization test can give with `n_treated` of `n_units` treated at one time.

    Each way to pick the treated is one re-assignment; with as many treated as untreated, a pick and its opposite give the
    same absolute statistic.
    """
    return (2 if 2 * n_treated == n_units else 1) / math.comb(n_units, n_treated)


def _one_primary(study: Study) -> Iterator[Problem]:
    primary = [i for i, outcome in enumerate(study.outcomes) if outcome.role == "primary"]
    if study.outcomes and not primary:
        yield _at(study, "outcomes", 'needs one primary outcome, on which the verdict rests; write role = "primary" for it')
    for i in primary[1:]:
        yield _at(
            study,
            f"outcomes[{i}].role",
            f'is primary, and so is outcomes[{primary[0]}]; the verdict rests on one: write role = "secondary" for the other',
        )


def _outcome_ids(study: Study) -> Iterator[Problem]:
    ids = [outcome.id for outcome in study.outcomes]
    for i, id_ in enumerate(ids):
        key = f"outcomes[{i}].id"
        if id_ in ids[:i]:
            yield _at(study, key, f"{show(id_)} is the id of outcomes[{ids.index(id_)}] too; every outcome has its own")
        if id_ != id_.strip() or (" " in id_ and not study.data.incidents):
            right = "_".join(id_.split())
            yield _at(study, key, f"{show(id_)} holds a blank; rename the column and write id = {show(right)}")


def _effect_fits_direction(study: Study) -> Iterator[Problem]:
    for i, outcome in enumerate(study.outcomes):
        effect = outcome.smallest_effect
        if effect is None:
            continue
        key = f"outcomes[{i}].smallest_effect"
        if abs(effect) > 1:
            yield _at(
                study, key, f"is relative, found {effect:g}; {effect:g} % is written smallest_effect = {effect / 100:.2f}"
            )
        elif effect == 0:
            yield _at(study, key, "needs a change other than 0, such as -0.10 for a fall of 10 %")
        elif (outcome.direction, effect > 0) in {("decrease", True), ("increase", False)}:
            yield _at(
                study,
                key,
                f'{effect:g} contradicts direction = "{outcome.direction}"; '
                f"write smallest_effect = {-effect:.2f} or another direction",
            )


def _keys_fit_kind(study: Study) -> Iterator[Problem]:
    for i, outcome in enumerate(study.outcomes):
        is_count, what = outcome.kind == "count", _KIND_WORDS[outcome.kind]
        if outcome.exposure and not is_count:
            yield _at(
                study,
                f"outcomes[{i}].exposure",
                f'is for counts, and this outcome is {what}; remove it or write kind = "count"',
            )
        if outcome.counts == "persons" and not is_count:
            yield _at(
                study, f"outcomes[{i}].counts", f'is for counts, and this outcome is {what}; remove it or write kind = "count"'
            )
        if outcome.transform == "log" and is_count and not outcome.exposure:
            yield _at(
                study,
                f"outcomes[{i}].transform",
                "has no answer for a count of 0; remove it (poisson_did gives relative effects of counts), or name an exposure",
            )
        if not outcome.file:
            for name in ("unit", "period", "period_unit"):
                if getattr(outcome, name):
                    yield _at(
                        study, f"outcomes[{i}].{name}", "is for an outcome from a file of its own; write file too, or remove it"
                    )


def _estimators_are_known(study: Study) -> Iterator[Problem]:
    if study.estimation is None:
        return
    named = [("estimation.estimator", study.estimation.estimator)]
    named += [(f"estimation.also[{i}]", name) for i, name in enumerate(study.estimation.also)]
    for key, name in named:
        if name not in vocabulary.KNOWN_ESTIMATORS:
            hint = vocabulary.did_you_mean(name, vocabulary.KNOWN_ESTIMATORS)
            choices = ", ".join(vocabulary.KNOWN_ESTIMATORS)
            yield _at(study, key, f"{show(name)} is not an estimator.{hint or f' The estimators are {choices}'}")
        elif name not in vocabulary.AVAILABLE_ESTIMATORS:
            choices = ", ".join(vocabulary.AVAILABLE_ESTIMATORS)
            yield _at(study, key, f"{show(name)} is not part of this version yet; choose among {choices}")


def _also_is_other(study: Study) -> Iterator[Problem]:
    if study.estimation is None:
        return
    also = study.estimation.also
    for i, name in enumerate(also):
        if name == study.estimation.estimator:
            yield _at(study, f"estimation.also[{i}]", f"{show(name)} is the planned estimator already; remove it here")
        elif name in also[:i]:
            yield _at(study, f"estimation.also[{i}]", f"{show(name)} is named twice; keep one of them")


def _poisson_has_counts(study: Study) -> Iterator[Problem]:
    if study.estimation is None:
        return
    planned = study.estimation.estimator
    primary = next((outcome for outcome in study.outcomes if outcome.role == "primary"), None)
    if planned in vocabulary.FOR_COUNTS and primary and primary.kind != "count":
        yield _at(
            study,
            "estimation.estimator",
            f"{show(planned)} is for counts, and the primary outcome is {_KIND_WORDS[primary.kind]}; "
            f'write estimator = "{vocabulary.FOR_COUNTS[planned]}"',
        )
    if study.outcomes and not any(outcome.kind == "count" for outcome in study.outcomes):
        for i, name in enumerate(study.estimation.also):
            if name in vocabulary.FOR_COUNTS:
                yield _at(study, f"estimation.also[{i}]", f"{show(name)} is for counts, and no outcome is a count; remove it")


def _forecast_needs_a_lasting_effect(study: Study) -> Iterator[Problem]:
    if study.estimation is None or study.measure.course == "lasting" or study.estimation.estimator != "forecast_did":
        return
    yield _at(
        study,
        "estimation.estimator",
        f'"forecast_did" weighs the first periods most, and [measure] course = "{study.measure.course}"; '
        'write estimator = "poisson_did" or "did", and "forecast_did" in also',
    )


def _series_is_interrupted(study: Study) -> Iterator[Problem]:
    if study.study.design != "series" or study.estimation is None:
        return
    if study.estimation.estimator != "interrupted":
        yield _at(
            study,
            "estimation.estimator",
            f'{show(study.estimation.estimator)} compares units, and one series has none; write estimator = "interrupted"',
        )
    if study.estimation.inference != "analytic":
        yield _at(
            study,
            "estimation.inference",
            f'{show(study.estimation.inference)} needs units to compare; one series has inference = "analytic"',
        )


def _inference_fits(study: Study) -> Iterator[Problem]:
    if study.estimation is None or study.study.design == "series":
        return
    inference, estimator = study.estimation.inference, study.estimation.estimator
    key = "estimation.inference"
    has = vocabulary.INFERENCES.get(estimator, (inference,))
    if inference == "wild_bootstrap" and study.treated and len(study.treated) < FEWEST_FOR_WILD_BOOTSTRAP:
        yield _at(
            study,
            key,
            f'"wild_bootstrap" needs at least {FEWEST_FOR_WILD_BOOTSTRAP} treated units, found {len(study.treated)}; '
            'write inference = "randomization"',
        )
    elif inference != "permutation" and inference not in has:
        own = [name for name, listed in vocabulary.INFERENCES.items() if inference in listed]
        yield _at(
            study,
            key,
            f'"{inference}" is for {", ".join(own)}, and the estimator is {estimator}; write inference = "{has[0]}"',
        )


def _level_can_be_reached(study: Study) -> Iterator[Problem]:
    """Only where the plan itself says how many units there are; `units = "all"` is judged with the data."""
    if study.estimation is None or study.estimation.inference not in RANDOMIZED or not study.treated:
        return
    n_comparison = _n_comparison(study)
    if not n_comparison:
        return
    n_treated = len(study.treated)
    smallest = _smallest_p(Counter(unit.start for unit in study.treated), n_treated + n_comparison)
    if smallest > 1 - study.estimation.level + 1e-12:  # 1e-12: 1 - 0.95 is not 0.05 in binary
        yield _at(
            study,
            "estimation.level",
            f"{study.estimation.level:g} cannot be reached: randomization inference with {n_treated} treated of "
            f"{n_treated + n_comparison} units gives no p-value below {smallest:.2g}; "
            "add comparison units or choose another inference",
        )


def _n_comparison(study: Study) -> int:
    """Comparison units as far as the plan alone says how many there are, else 0."""
    choose, units = study.comparison.choose, study.comparison.units
    if choose is not None:
        return {"nearest": choose.n or 0, "matched": (choose.each or 0) * len(study.treated)}.get(choose.method, 0)
    return 0 if units == "all" else len(units)


def _smallest_p(starts: Counter[Moment], n_units: int) -> float:
    """As `smallest_p`, also where starts differ: then each way to deal out the starts is a re-assignment."""
    if len(starts) == 1:
        return smallest_p(starts.total(), n_units)
    ways, left = 1, n_units
    for count in starts.values():
        ways *= math.comb(left, count)
        left -= count
    return 1 / ways


def _shifts_go_back(study: Study) -> Iterator[Problem]:
    for i, shift in enumerate(study.robustness.placebo_shifts):
        if shift >= 0:
            hint = f"; write {-shift}" if shift else ""
            yield _at(
                study,
                f"robustness.placebo_shifts[{i}]",
                f"needs a number below 0, since a placebo start lies before the real one, found {shift}{hint}",
            )


def _deviations_are_sizes(study: Study) -> Iterator[Problem]:
    for name in ("trend_deviations", "smoothness"):
        for i, size in enumerate(getattr(study.robustness, name)):
            if size < 0:
                yield _at(study, f"robustness.{name}[{i}]", f"needs a size of at least 0, found {size:g}; write {-size:g}")


def _windows_lie_inside(study: Study) -> Iterator[Problem]:
    period = study.period
    for i, (first, last) in enumerate(study.robustness.windows):
        key = f"robustness.windows[{i}]"
        if period is None or len({type(moment) for moment in (first, last, period.first, period.last)}) > 1:
            continue
        if _order(first) >= _order(last):
            yield _at(study, key, f"{first} does not come before {last}; exchange the dates")
        elif _order(first) < _order(period.first) or _order(last) > _order(period.last):
            yield _at(study, key, f"{first} to {last} reaches outside [period], {period.first} to {period.last}; shorten it")


def _order(moment: Moment) -> int:
    return moment if isinstance(moment, int) else moment.toordinal()


def _contrasts_name_outcomes(study: Study) -> Iterator[Problem]:
    ids = [outcome.id for outcome in study.outcomes]
    for i, pair in enumerate(study.robustness.contrasts):
        for j, name in enumerate(pair):
            if name not in ids:
                hint = vocabulary.did_you_mean(name, ids) or f" The outcomes are {', '.join(ids)}"
                yield _at(study, f"robustness.contrasts[{i}][{j}]", f"{show(name)} is not an outcome.{hint}")
        if pair[0] == pair[1]:
            yield _at(study, f"robustness.contrasts[{i}]", f"compares {show(pair[0])} with itself; name two outcomes")


def _at(study: Study, key: str, message: str) -> Problem:
    return Problem(key, message, study.line(key))


ANALYSIS_RULES: tuple[Callable[[Study], Iterator[Problem]], ...] = (
    _one_primary,
    _outcome_ids,
    _effect_fits_direction,
    _keys_fit_kind,
    _estimators_are_known,
    _also_is_other,
    _poisson_has_counts,
    _forecast_needs_a_lasting_effect,
    _series_is_interrupted,
    _inference_fits,
    _level_can_be_reached,
    _shifts_go_back,
    _deviations_are_sizes,
    _windows_lie_inside,
    _contrasts_name_outcomes,
)
