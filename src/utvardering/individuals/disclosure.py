"""Which counts of persons may be shown? None under the limit, and the others rounded, so that no difference tells of a few.

A study of persons shows the number of persons in several places; the exact numbers of those measured and those left out
would give away a count under the limit by subtraction. Every count is therefore rounded to a multiple of the limit, and
shares are of rounded counts.
"""

from __future__ import annotations

from utvardering.data.small_counts import rounded
from utvardering.errors import DesignError
from utvardering.individuals.persons import Arms
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
