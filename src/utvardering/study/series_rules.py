"""What can one series not be asked? Keys that need areas to compare with are refused, with what to write instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

from utvardering.errors import Problem
from utvardering.study.values import show

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from utvardering.study.model import Study

_COLUMNS = ("covariates", "weights", "period_effects_by", "cluster", "strata")
_DOUBTS = ("trend_deviations", "smoothness", "alternative_comparisons")


def _no_columns_of_areas(study: Study) -> Iterator[Problem]:
    """Adjustment, weights and groups compare areas with each other."""
    if study.estimation is None:
        return
    for name in _COLUMNS:
        if getattr(study.estimation, name):
            yield _at(study, f"estimation.{name}", "is for areas that are compared with each other, and one series has none")
    for i, name in enumerate(study.estimation.also):
        yield _at(study, f"estimation.also[{i}]", f"{show(name)} compares units, and one series has none; write also = []")
    if study.estimation.comparison_group != "never":
        yield _at(
            study, "estimation.comparison_group", "is for areas that start at different times, and one series has one start"
        )


def _no_doubts_about_areas(study: Study) -> Iterator[Problem]:
    for name in _DOUBTS:
        if getattr(study.robustness, name):
            said = f"needs something to compare with, and one series has nothing; write {name} = []"
            yield _at(study, f"robustness.{name}", said)


def _no_lottery(study: Study) -> Iterator[Problem]:
    if study.measure.assignment == "lottery":
        said = 'is "lottery", and one series is not drawn among others; write assignment = "chosen"'
        yield _at(study, "measure.assignment", said)


def _no_causal_model(study: Study) -> Iterator[Problem]:
    if study.causal_model.edges or study.causal_model.unobserved:
        said = (
            "is held against differences between areas, and one series has none; write what is believed in [measure] mechanism"
        )
        yield _at(study, "causal_model", said)


def _no_units(study: Study) -> Iterator[Problem]:
    if study.data.unit:
        yield _at(study, "data.unit", "is for areas, and one series is one unit; write a file with a row per period")
    for i, outcome in enumerate(study.outcomes):
        if outcome.unit:
            yield _at(study, f"outcomes[{i}].unit", "is for areas, and one series is one unit; remove it")


def _at(study: Study, key: str, message: str) -> Problem:
    text = message if ";" in message else f"{message}; remove it"
    return Problem(key, text, study.line(key))


_RULES: tuple[Callable[[Study], Iterator[Problem]], ...] = (
    _no_columns_of_areas,
    _no_doubts_about_areas,
    _no_lottery,
    _no_causal_model,
    _no_units,
)


def _only_for_series(rule: Callable[[Study], Iterator[Problem]]) -> Callable[[Study], Iterator[Problem]]:
    return lambda study: rule(study) if study.study.design == "series" else iter(())


SERIES_RULES = tuple(_only_for_series(rule) for rule in _RULES)
