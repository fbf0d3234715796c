"""Are there enough comparison units, and are they like the treated before the start?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from utvardering.checks.base import Balance, CheckResult, Design
from utvardering.estimators.base import additive_values
from utvardering.wording import number


def comparison(design: Design) -> CheckResult:
    """Fails with too few comparison units, or when a standardised difference before the start exceeds the limit."""
    limits, sample = design.limits, design.sample
    found = int((~sample.treated).sum())
    if found < limits.min_comparison_units:
        return design.result(
            "comparison", "fail", found, limits.min_comparison_units, "comparison_few",
            found=found, needed=limits.min_comparison_units,
        )
    rows = [row for row in balance(design) if row.variable in {design.outcome.id, *design.estimation.covariates}]
    worst = max(rows, key=lambda row: abs(row.standardised_difference))
    value = abs(worst.standardised_difference)
    verdict = "fail" if value > limits.max_imbalance else "pass"
    language = design.study.report.language
    return design.result(
        "comparison", verdict, value, limits.max_imbalance, f"comparison_{verdict}",
        variable=_title(design, worst.variable), value=number(value, language),
        limit=number(limits.max_imbalance, language), found=found,
    )


def balance(design: Design) -> tuple[Balance, ...]:
    """Means before the start of every outcome and covariate, and the difference in standard deviations between units."""
    rows = []
    for outcome in design.study.outcomes:
        sample = design.before.sample(outcome.id)
        plain = outcome.model_copy(update={"transform": "none"})
        values, _ = additive_values(sample, plain)
        rows.append(_row(design, outcome.id, values, sample.treated, sample.grid.weights))
    sample = design.sample
    for name, values in sample.grid.covariates.items():
        rows.append(_row(design, name, values, sample.treated, sample.grid.weights))
    return tuple(rows)


def _row(
    design: Design,
    variable: str,
    values: NDArray[np.float64],
    treated: NDArray[np.bool_],
    weights: NDArray[np.float64] | None,
) -> Balance:
    seen = np.isfinite(values).any(axis=1)
    unit = np.full(len(values), np.nan)
    unit[seen] = np.nanmean(values[seen], axis=1)
    weight = np.ones(len(values)) if weights is None else weights.mean(axis=1)

    def mean(rows: NDArray[np.bool_]) -> float:
        rows = rows & seen
        return float(np.average(unit[rows], weights=weight[rows])) if rows.any() else float("nan")

    def variance(rows: NDArray[np.bool_]) -> float:
        rows = rows & seen
        return float(np.var(unit[rows], ddof=1)) if rows.sum() > 1 else float("nan")

    spread = np.nanmean([variance(treated), variance(~treated)])
    difference = mean(treated) - mean(~treated)
    standardised = difference / np.sqrt(spread) if spread > 0 else float(np.sign(difference) * np.inf if difference else 0)
    return Balance(design.study.id, variable, mean(treated), mean(~treated), float(standardised))


def _title(design: Design, variable: str) -> str:
    return next((outcome.title for outcome in design.study.outcomes if outcome.id == variable), variable)
