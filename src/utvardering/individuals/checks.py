"""May this cohort answer the question? Overlap, balance, attrition, groups and history, each with a verdict and a sentence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import CheckResult, Verdict
from utvardering.data.cohort import Cohort
from utvardering.disclosure.rounding import blunted, is_tellable
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED
from utvardering.individuals import naming
from utvardering.individuals.analysis import FEW_PERSONS
from utvardering.individuals.disclosure import require_many_differ, share, told, told_share
from utvardering.individuals.effects import effect, odds_weights
from utvardering.individuals.grouped import FEWEST_GROUPS, groups_with_both, leave_one_group_out
from utvardering.individuals.missing import followed
from utvardering.individuals.overlap import quantiles, trim
from utvardering.individuals.persons import Persons, persons_of
from utvardering.individuals.wild import FEWEST_FOR_SIGNS
from utvardering.study.model import Study
from utvardering.wording import number, percent, say

MOST_TRIMMED = 0.5
"""With more of the treated trimmed the effect is about a minority of those who got the measure."""
LITTLE_LOSS, MUCH_LOSS = 0.05, 0.20
"""Below 5 % missing there is little bias, above 20 % validity is threatened (Schulz & Grimes 2002, Lancet 359:781)."""


def check_cohort(study: Study, cohort: Cohort) -> tuple[CheckResult, ...]:
    """Every check of a study of persons; attrition looks at who is missing after the start, and at no outcome there."""
    before = cohort.before()
    return (
        overlap(study, before),
        balance(study, before),
        attrition(study, cohort),
        groups(study, before),
        history(study, before),
    )


def overlap(study: Study, before: Cohort) -> CheckResult:
    """Fails when more than half of the treated have no comparison persons like them."""
    persons, _ = persons_of(before, study.primary.id)
    least, language, smallest = study.checks.min_overlap, study.report.language, study.report.smallest_cell
    found = trim(persons.treated, persons.features, least)
    treated, comparison = found.outside.treated, found.outside.comparison
    failed = treated > MOST_TRIMMED * persons.arms.treated or not (found.kept & ~persons.treated).any()
    spread = [_spread(found.score[arm], smallest, language) for arm in (persons.treated, ~persons.treated)]
    value = share(treated, persons.arms.treated, smallest)
    return _result(
        study,
        "overlap",
        "fail" if failed else "pass",
        np.nan if value is None else value,
        MOST_TRIMMED,
        treated=told(treated, smallest, language),
        comparison=told(comparison, smallest, language),
        low=number(least, language),
        high=number(1 - least, language),
        spread_treated=spread[0],
        spread_comparison=spread[1],
    )


def balance(study: Study, before: Cohort) -> CheckResult:
    """Fails when the arms still differ too much before the start after trimming and weighting."""
    persons, _ = persons_of(before, study.primary.id)
    limit, language = study.checks.max_imbalance, study.report.language
    kept = persons.take(trim(persons.treated, persons.features, study.checks.min_overlap).kept)
    names = (study.primary.id, *before.covariates)
    try:
        weights = odds_weights(kept, "baseline")
    except DesignError as fault:
        return _result(study, "balance", "not_evaluated", np.nan, limit, reason=naming.reason(study, fault.message))
    raw = standardised_differences(persons, persons.weights)
    weighted = standardised_differences(kept, weights)
    smallest = study.report.smallest_cell
    shown = [all(is_tellable(x[arm], smallest) for arm in (persons.treated, ~persons.treated)) for x in persons.features.T]
    worst = int(np.argmax(np.abs(weighted)))
    value = float(np.abs(weighted[worst]))
    return _result(
        study,
        "balance",
        "pass" if value <= limit else "fail",
        value,
        limit,
        variable=naming.column(study, names[worst]),
        value=number(value, language),
        raw=number(float(np.abs(raw[shown]).max(initial=0.0)), language),
        limit=number(limit, language),
    )


def standardised_differences(persons: Persons, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + K,) weighted difference of the arms in each feature, in standard deviations of the arms unweighted.

    Austin (2011), Multivar. Behav. Res. 46:399; 0 where nothing varies.
    """
    x, treated = persons.features, persons.treated
    means = [np.average(x[arm], axis=0, weights=weights[arm]) for arm in (treated, ~treated)]
    spread = np.sqrt((x[treated].var(axis=0) + x[~treated].var(axis=0)) / 2)
    return np.divide(means[0] - means[1], spread, out=np.zeros(len(spread)), where=spread > 0)


def attrition(study: Study, cohort: Cohort) -> CheckResult:
    """Passes below 5 % missing in both arms, fails above 20 % in either, and is else not evaluated."""
    persons, _ = persons_of(cohort, study.primary.id)
    language, smallest = study.report.language, study.report.smallest_cell
    missing = ~followed(persons)
    shares = [float(missing[arm].mean()) for arm in (persons.treated, ~persons.treated)]
    verdict: Verdict = "pass" if max(shares) <= LITTLE_LOSS else "fail" if max(shares) > MUCH_LOSS else "not_evaluated"
    parts = [int(missing[arm].sum()) for arm in (persons.treated, ~persons.treated)]
    wholes = (persons.arms.treated, persons.arms.comparison)
    shown = [share(part, whole, smallest) for part, whole in zip(parts, wholes, strict=True)]
    told_shares = [told_share(part, whole, smallest, language) for part, whole in zip(parts, wholes, strict=True)]
    return _result(
        study,
        "attrition",
        verdict,
        max((part for part in shown if part is not None), default=np.nan),
        MUCH_LOSS,
        treated=told_shares[0],
        comparison=told_shares[1],
        little=percent(LITTLE_LOSS, language),
        much=percent(MUCH_LOSS, language),
    )


def groups(study: Study, before: Cohort) -> CheckResult:
    """Fails when the planned clustered interval has too few groups with both arms to rest on."""
    persons, _ = persons_of(before, study.primary.id)
    both = groups_with_both(persons) if before.grouped else len(persons.group)
    few = int(persons.treated.sum()) < FEW_PERSONS
    randomized = few or (study.estimation is not None and study.estimation.inference in RANDOMIZED)
    if not before.grouped:
        return _result(study, "groups", "not_evaluated", np.nan, FEWEST_GROUPS, sentence="groups_none")
    if randomized:
        sentence = "groups_few_persons" if few else "groups_randomized"
        return _result(study, "groups", "pass", both, FEWEST_GROUPS, sentence=sentence, found=both, few=FEW_PERSONS)
    wild = study.estimation is not None and study.estimation.inference == "wild_bootstrap"
    needed = FEWEST_FOR_SIGNS if wild else FEWEST_GROUPS
    return _result(study, "groups", "pass" if both >= needed else "fail", both, needed, found=both, needed=needed)


def history(study: Study, before: Cohort) -> CheckResult:
    """Did the arms change alike before the start? Judged by the 90 % interval against ± `max_pretrend` of the treated mean."""
    limit, language = study.checks.max_pretrend, study.report.language
    name = "history"
    if before.last_before < 1:
        return _result(study, name, "not_evaluated", np.nan, limit, sentence="history_short")
    values = before.outcomes[study.primary.id]
    past = replace(before, last_before=before.last_before - 1)
    try:
        persons, _ = persons_of(past, study.primary.id)
        require_many_differ((persons,), study.report.smallest_cell)
        persons = persons.take(followed(persons))
        estimate, test = leave_one_group_out(persons, lambda some: effect(some, "nothing"), 0.90)
    except DesignError as fault:
        return _result(
            study, name, "not_evaluated", np.nan, limit, sentence="impossible", reason=naming.reason(study, fault.message)
        )
    mean = float(np.nanmean(values[before.treated, before.last_before]))
    if mean <= 0:
        return _result(study, name, "not_evaluated", np.nan, limit, sentence="history_no_mean")
    value, low, high = estimate / mean, test.ci_low / mean, test.ci_high / mean
    inside, outside = -limit <= low and high <= limit, low > limit or high < -limit
    verdict: Verdict = "pass" if inside else "fail" if outside else "not_evaluated"
    facts = {"value": value, "low": low, "high": high, "limit": limit}
    return _result(study, name, verdict, value, limit, **{key: percent(fact, language) for key, fact in facts.items()})


def _spread(score: NDArray[np.float64], smallest: int, language: str) -> str:
    found = quantiles(score, smallest)
    return " / ".join(number(value, language) for value in found.values()) or say(language, "individuals", "not_shown")


def _result(
    study: Study, check: str, verdict: Verdict, value: float, threshold: float, /, *, sentence: str = "", **facts: object
) -> CheckResult:
    key = sentence or f"{check}_{verdict}"
    text = say(study.report.language, "individuals", f"check_{key}", **facts)
    text = text[:1].upper() + text[1:]
    return CheckResult(study.id, check, verdict, blunted(float(value), 0.001), float(threshold), text)
