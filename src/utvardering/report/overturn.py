"""What would overturn the result? One or two sentences by fixed rules (`docs/sureness.md`), before everything else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from utvardering.report.doubts import FAIL, PASS
from utvardering.report.sureness import doubted

if TYPE_CHECKING:
    from utvardering.report.results import Results

CONCLUDED = ("effect", "effect_opposite")
BEYOND = 100.0
"""Relative magnitudes up to which a breakdown value is looked for."""


def overturn(results: Results) -> str:
    """What the doubts say together, and how large a violation the conclusion bears where there is one."""
    texts = results.texts
    if results.is_gated:
        return texts("overturn.gated")
    if results.planned(results.primary.id) is None:
        return texts("overturn.none")
    tried = [one for one in doubted(results) if one.grade in {PASS, FAIL}]
    failed = list(dict.fromkeys(one.check for one in tried if one.grade == FAIL))
    lines = []
    verdict = results.judgement(results.primary.id).verdict
    if verdict == "uncertain":
        lines.append(texts("overturn.uncertain"))
    elif not tried:
        lines.append(texts("overturn.untried"))
    elif failed:
        keys = [f"overturn.by_{name}" for name in failed]
        named = texts.joined([texts(key if texts.has(key) else "overturn.by_other") for key in dict.fromkeys(keys)])
        many = sum(one.grade == FAIL for one in tried)
        lines.append(texts("overturn.falls", failed=many, count=len(tried), list=named))
    else:
        lines.append(texts("overturn.stands" if len(tried) > 1 else "overturn.stands_one", count=len(tried)))
    if _excludes_zero(results):
        lines.append(_how_much(results))
    return " ".join(lines)


def _excludes_zero(results: Results) -> bool:
    """Whether there is a conclusion on zero that a violation could overturn."""
    row = results.planned(results.primary.id)
    return row is not None and (row["ci_low"] > 0 or row["ci_high"] < 0)


def _how_much(results: Results) -> str:
    """The first of these that was computed: a difference in trend, its bend, a hidden cause, its ratio."""
    texts = results.texts
    value = _number(results, "trend_deviation", "breakdown")
    if math.isinf(value):
        return texts("overturn.breakdown_beyond", x=texts.number(BEYOND))
    if not math.isnan(value):
        return texts("overturn.breakdown", x=texts.number(_floored(value), 1 if value >= 1 else 2))
    value = _number(results, "trend_deviation", "smoothness_breakdown")
    if not math.isnan(value):
        return texts("overturn.smoothness", x=texts.number(_floored(100 * value), 1 if value >= 0.01 else 2))  # noqa: PLR2004 -- one percentage point
    value = _number(results, "refute", "hidden_cause")
    if not math.isnan(value):
        return texts("overturn.hidden", x=texts.percent(100 * value))
    limit = _number(results, "e_value", "", "ci_low")
    return texts("overturn.e_value", x=texts.number(limit, 1)) if limit > 1 else texts("overturn.unknown")


def _number(results: Results, check: str, variant: str, column: str = "estimate") -> float:
    rows = results.robustness(check)
    rows = rows[rows["variant"] == variant] if len(rows) else rows
    return float(rows[column].iloc[0]) if len(rows) else math.nan


def _floored(value: float) -> float:
    """Cut off after the decimals that are shown, so that the number still holds."""
    by = 10 if value >= 1 else 100
    return math.floor(by * value + 1e-9) / by  # what is whole but for rounding is kept
