"""Which counts of persons may be shown? None under the limit, and the others rounded, so that no difference tells of a few.

A study of persons shows the number of persons in several places; the exact numbers of those measured and those left out
would give away a count under the limit by subtraction. Every count is therefore rounded to a multiple of the limit, and
shares are of rounded counts.
"""

from __future__ import annotations

import math

from utvardering.disclosure.rounding import blunted, few_differ, rounded, step_above
from utvardering.errors import DesignError
from utvardering.estimators.base import Estimate
from utvardering.individuals.missing import TippingPoint, followed
from utvardering.individuals.persons import Arms, Persons
from utvardering.wording import percent, say


def told(count: int, smallest: int, language: str) -> str:
    """The count as a text may say it."""
    shown = rounded(count, smallest)
    return say(language, "individuals", "fewer_than", limit=smallest) if shown is None else str(shown)


def share(part: int, whole: int, smallest: int) -> float | None:
    """Share from rounded counts, None where the part may not be shown."""
    top, bottom = rounded(part, smallest), rounded(whole, smallest)
    return None if top is None or not bottom else min(top / bottom, 1.0)


def told_share(part: int, whole: int, smallest: int, language: str) -> str:
    """The share as a text may say it."""
    shown = share(part, whole, smallest)
    return say(language, "individuals", "fewer_than", limit=smallest) if shown is None else percent(shown, language)


def require_shown(arms: Arms, smallest: int) -> None:
    """Raise DesignError where an arm is too small for its mean to be shown."""
    if min(arms.treated, arms.comparison) < smallest:
        msg = f"an arm has fewer than {smallest} persons, so nothing about it may be shown ([report] smallest_cell)"
        raise DesignError(msg)


def require_many_differ(groups: tuple[Persons, ...], smallest: int) -> None:
    """Raise DesignError where an estimate would count a few, as of an outcome that all but three have 0 of.

    The level before, the estimate and the percent that it amounts to give the mean of an arm after the start, and that mean
    times the persons is how many differ. groups: everyone with a level before the start, and those who are compared.
    """
    for persons in groups:
        for some in (persons, persons.take(followed(persons))):
            for arm in (some.treated, ~some.treated):
                columns = (some.baseline[arm], *some.after[arm].T)
                if arm.sum() >= smallest and any(few_differ(values, smallest) for values in columns):
                    msg = (
                        f"in some wave fewer than {smallest} persons differ from the others of their arm, so an effect would "
                        "count them; choose an outcome that more persons differ in"
                    )
                    raise DesignError(msg)


def step_of(estimate: Estimate) -> float:
    """What an estimate is rounded to: from a fiftieth to a twentieth of its standard error, which no exact mean survives."""
    spread = estimate.std_error
    if not (math.isfinite(spread) and spread > 0):
        spread = abs(estimate.estimate)
    return step_above(spread / 50)


def significant(value: float, digits: int = 3) -> float:
    """The value in so many significant digits; as it is where it is not finite."""
    return float(f"{value:.{digits}g}") if math.isfinite(value) else value


def told_tipping(point: TippingPoint | None, missing: int, treated: int, smallest: int) -> float:
    """The tipping point from rounded counts, NaN where there is none.

    The exact one times the limit of the interval gives the missing by division. Fewer than the limit count as so many, which
    makes the difference told the least that it can be.
    """
    whole = rounded(treated, smallest)
    if point is None or not missing or not whole or not math.isfinite(point.difference):
        return math.nan
    part = rounded(missing, smallest) or smallest
    value = point.difference * point.share * whole / part
    return blunted(value, step_above(abs(value) / 50))
