"""Are there enough comparison units, and are they like the treated before the start?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import Balance, CheckResult, Design, Verdict
from utvardering.errors import DesignError
from utvardering.estimators.base import additive_values
from utvardering.inference.randomization import p_value
from utvardering.inference.reassignment import reassign
from utvardering.wording import number, percent

_RARE = 0.10  # of blind picks


def comparison(design: Design) -> CheckResult:
    """Fails with too few comparison units, or when treated and comparison differed beyond the limit and beyond chance.

    With one treated unit the standardised difference exceeds 0.25 in four of five sound designs; so beyond the limit it fails
    only if at most one in ten blind picks of as many units differ as much, and is not evaluated otherwise.
    """
    limits, sample = design.limits, design.sample
    found = int((~sample.treated).sum())
    if found < limits.min_comparison_units:
        return design.result(
            "comparison",
            "fail",
            found,
            limits.min_comparison_units,
            "comparison_few",
            found=found,
            needed=limits.min_comparison_units,
        )
    rows = [row for row in balance(design) if row.variable in {design.outcome.id, *design.estimation.covariates}]
    worst = max(rows, key=lambda row: abs(row.standardised_difference))
    value = abs(worst.standardised_difference)
    language = design.study.report.language
    verdict: Verdict = "pass"
    rare = 1.0
    if value > limits.max_imbalance:
        rare = min(_rarity(design, row.variable) for row in rows if abs(row.standardised_difference) > limits.max_imbalance)
        verdict = "fail" if rare <= _RARE else "not_evaluated"
    return design.result(
        "comparison",
        verdict,
        value,
        limits.max_imbalance,
        f"comparison_{verdict}",
        variable=_title(design, worst.variable),
        value=number(value, language),
        limit=number(limits.max_imbalance, language),
        found=found,
        rare=percent(rare, language),
    )


def balance(design: Design) -> tuple[Balance, ...]:
    """Means before the start of every outcome and covariate, and the difference in standard deviations between units."""
    rows = []
    for outcome in design.study.outcomes:
        try:
            sample = design.sample_of(outcome.id)
        except DesignError:
            if outcome.id == design.outcome.id:
                raise
            continue  # nothing was seen before the start, which the estimate of that outcome says itself
        rows.append(_row(design, outcome.id, _unit_means(design, outcome.id), sample.treated, sample.grid.weights))
    sample = design.sample
    rows += [
        _row(design, name, _unit_means(design, name), sample.treated, sample.grid.weights) for name in sample.grid.covariates
    ]
    return tuple(rows)


def _unit_means(design: Design, variable: str) -> NDArray[np.float64]:
    """(N,) mean before the start of an outcome (a count with exposure as a rate) or of a covariate; NaN where never seen."""
    outcome = next((one for one in design.study.outcomes if one.id == variable), None)
    if outcome is None:
        values = design.sample.grid.covariates[variable]
    else:
        plain = outcome.model_copy(update={"transform": "none"})
        values, _ = additive_values(design.sample_of(variable), plain)
    seen = np.isfinite(values).any(axis=1)
    unit = np.full(len(values), np.nan)
    unit[seen] = np.nanmean(values[seen], axis=1)
    return unit


def _rarity(design: Design, variable: str) -> float:
    """Share of blind picks of as many units whose mean differs from the others' at least as much."""
    sample = design.sample if variable in design.sample.grid.covariates else design.sample_of(variable)
    unit = np.nan_to_num(_unit_means(design, variable), nan=float(np.nanmean(_unit_means(design, variable))))
    rng = np.random.default_rng(design.estimation.seed)
    draws = reassign(np.where(sample.treated, 0, -1).astype(np.intp), rng, strata=sample.strata)
    return p_value(unit[draws.units].mean(axis=1) - unit.mean())


def _row(
    design: Design,
    variable: str,
    unit: NDArray[np.float64],
    treated: NDArray[np.bool_],
    weights: NDArray[np.float64] | None,
) -> Balance:
    seen = np.isfinite(unit)
    weight = np.ones(len(unit)) if weights is None else weights.mean(axis=1)

    def mean(rows: NDArray[np.bool_]) -> float:
        rows = rows & seen
        return float(np.average(unit[rows], weights=weight[rows])) if rows.any() else float("nan")

    def variance(rows: NDArray[np.bool_]) -> float:
        rows = rows & seen
        return float(np.var(unit[rows], ddof=1)) if rows.sum() > 1 else float("nan")

    spreads = [one for one in (variance(treated), variance(~treated)) if np.isfinite(one)]
    spread = float(np.mean(spreads)) if spreads else 0.0
    difference = mean(treated) - mean(~treated)
    standardised = difference / np.sqrt(spread) if spread > 0 else float(np.sign(difference) * np.inf if difference else 0)
    return Balance(design.study.id, variable, mean(treated), mean(~treated), float(standardised))


def _title(design: Design, variable: str) -> str:
    return next((outcome.title for outcome in design.study.outcomes if outcome.id == variable), variable)
