"""Why something could not be computed, in the reader's language: the reasons of estimators and checks are written in English.

A reason is known by its words, since estimators raise them for whoever writes a study file, with what to write instead. One
that is not known here stays as it was written.
"""

from __future__ import annotations

import re

from utvardering.wording import say

_KNOWN: tuple[tuple[str, str], ...] = (
    (r"treated and comparison persons in at least|hangs on a single group|no group has both treated", "persons_groups"),
    (r"only one wave before the start", "persons_one_wave"),
    (
        r"treated and comparison persons are alike|persons of one arm cannot carry|persons measured cannot carry",
        "persons_unlike",
    ),
    (r"so few (persons|starts)", "persons_few"),
    (r"fewer than \d+ persons differ", "persons_differ"),
    (r"an arm has fewer than \d+ persons", "persons_shown"),
    (r"no \w+ person (has a value|was measured)|nobody was measured both", "persons_missing"),
    (r"bounds on the trends are not there for wdd", "trend_no_periods"),
    (r"bounds on the trends are not there for a plan with", "trend_plan"),
    (r"bounds on the trends need units that never get", "no_comparison"),
    (
        r"no comparison unit is left|no comparison is left|nobody can be compared with|has anyone to be compared",
        "no_comparison",
    ),
    (r"no other unit to deal the start to", "no_other_unit"),
    (r"has no period (before|after)|has no period \w+ its start", "no_period"),
    (r"every value before the start is 0|no events before the start", "nothing_before"),
    (r"every value (of the treated units )?is the same", "no_variation"),
    (r"no events|events in a block", "no_events"),
    (r"have no logarithm", "no_logarithm"),
    (r"are separated|do not settle", "few_events"),
    (r"missing value|no value|lacks values|have no values|has values of only one|in no period .* have a value", "missing"),
    (r"(at|vid) different times|start or end at different|needs one common start", "different_starts"),
    (r"needs? \d+ (blocks of )?periods|needs at least \d+ periods|too short a past|need \d+ periods before", "too_short"),
    (r"is not known from|fewer than \d+ donors|comparison units (have a value|cannot stand in)|too few areas", "too_few_units"),
    (r"clusters, found|placebo variance needs|be balanced exactly|units like the treated", "too_few_units"),
    (r"leaves out each cluster|lie in one cluster", "too_few_units"),
    (r"does not differ|cannot be told apart|can be told apart|follows from what is adjusted for", "not_apart"),
    (r"takes? no covariates|no such column", "no_covariates"),
    (r"no (treated|comparison|\w+) (unit|area) has", "missing"),
)


def in_words(message: str, language: str) -> str:
    """The reason in a language, where it is known; a sentence that holds one in parentheses keeps its own words around it.

    In English what the author was told follows, since it says what to write instead.
    """
    if language == "en":
        said = _known(message, language)
        return f"{said.rstrip('.')} ({message})." if said and said not in message else message
    opening, _, rest = message.partition(" (")
    inner = rest.removesuffix(").") if rest.endswith(").") else ""
    if inner and (said := _known(inner, language)):
        return f"{opening}: {said[:1].lower()}{said[1:]}"
    return _known(message, language) or message


def _known(message: str, language: str) -> str:
    return next((say(language, "refusals", key) for pattern, key in _KNOWN if re.search(pattern, message)), "")
