"""How strong would a hidden cause have to be to explain the effect away? The E-value of a rate ratio."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from utvardering.robustness.base import Doubt, RobustnessRow
from utvardering.wording import number, say


@dataclass(frozen=True)
class EValue:
    """Least ratio by which a hidden cause must go with both measure and outcome to move the estimate, or its limit, to 1.

    `limit` is the E-value of the confidence limit nearest 1: 1 where the interval holds 1, None where no limit was given.
    """

    estimate: float
    limit: float | None


def e_value(rate_ratio: float, limit: float | None = None) -> EValue:
    """The E-value of a rate ratio and of its confidence limit nearest 1.

    RR + √(RR(RR − 1)), with 1 ÷ RR in place of a ratio below 1 (VanderWeele & Ding 2017, Ann. Intern. Med. 167:268–274).
    Limits of 0 and infinity are taken. Raises ValueError for a ratio or limit that is none.
    """
    for name, value in (("rate_ratio", rate_ratio), ("limit", limit)):
        if value is not None and not value >= 0:
            msg = f"{name} needs a ratio of at least 0, found {value}"
            raise ValueError(msg)
    if limit is None:
        return EValue(_of(rate_ratio), None)
    nearest = max(limit, 1.0) if rate_ratio > 1 else min(limit, 1.0)
    return EValue(_of(rate_ratio), 1.0 if rate_ratio == 1 else _of(nearest))


def _of(ratio: float) -> float:
    """The E-value of one ratio."""
    away = max(ratio, 1 / ratio) if ratio > 0 else math.inf
    return away + math.sqrt(away * (away - 1)) if math.isfinite(away) else math.inf


def hidden_cause(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row for a planned log ratio: its E-value, and in `ci_low` that of the limit nearest no effect.

    No study states how strong a hidden cause may be, so no verdict is given: the number is there to be read.
    """
    row, language = doubt.planned, doubt.study.report.language
    if row.scale != "log_ratio":
        return
    limit = row.ci_high if row.estimate < 0 else row.ci_low
    found = e_value(_ratio(row.estimate), _ratio(limit))
    excluded = row.ci_low > 0 or row.ci_high < 0
    nearest = found.limit if excluded and found.limit is not None else 1.0
    key = "e_value" if excluded else "e_value_nothing"
    text = say(language, "robustness", key, value=number(found.estimate, language), limit=number(nearest, language))
    yield RobustnessRow(
        doubt.study.id,
        doubt.outcome.id,
        row.estimator,
        "e_value",
        "",
        found.estimate,
        nearest,
        math.nan,
        math.nan,
        "not_evaluated",
        text,
    )


def _ratio(log: float) -> float:
    """The exponent of a log ratio; infinite where it is beyond every number."""
    try:
        return math.exp(log)
    except OverflowError:
        return math.inf
