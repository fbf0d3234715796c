"""What did the measure cost, by year, inhabitant, person and unit of dose; what did an avoided event cost; when does it pay?

Numbers alone: which of them may be shown is for the rules in `cost_rows.py`. Cost per avoided event is a claim of effect. The
break-even is none: it says how many events would have to be avoided, whatever was found.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields

import pandas as pd

from utvardering.study.model import Cost
from utvardering.synthesis.cost_facts import NAN

SHOWN, HIDDEN, UNKNOWN, WARNED = "shown", "not_shown", "not_evaluated", "warning"


@dataclass(frozen=True)
class CostRow:
    """A row of `cost.csv`.

    item     what the number is
    outcome  of a row about one outcome
    status   shown; not_shown: a rule forbids it; not_evaluated: something is not known; warning: of `prices`
    reason   the rule, or what is not known; empty where shown
    value    in `unit`, with the interval `low` to `high` at `level` where it rests on an estimate
    basis    the number that is divided, in the currency (of break_even_share: events a year that must be avoided)
    divisor  what it is divided by (of total: the years it is multiplied by; of break_even_share: the events counted a year)
    answer   against the break-even: reached, beyond; pays, open, does_not_pay
    text     how it is computed, or why it is not shown
    """

    study: str
    item: str
    outcome: str = ""
    status: str = SHOWN
    reason: str = ""
    value: float = NAN
    low: float = NAN
    high: float = NAN
    level: float = NAN
    unit: str = ""
    price_year: str = ""
    basis: float = NAN
    divisor: float = NAN
    answer: str = ""
    text: str = ""


@dataclass(frozen=True)
class Costs:
    """The rows of `cost.csv`; none where the study states no cost."""

    rows: tuple[CostRow, ...]

    def to_frame(self) -> pd.DataFrame:
        """A row per number, in the order in which the report shows them."""
        return pd.DataFrame([asdict(row) for row in self.rows], columns=[one.name for one in fields(CostRow)])


def yearly_cost(cost: Cost, units: float) -> float:
    """Cost a year when all treated have the measure; NaN for an amount that is paid once without a lifetime.

    units  treated areas or persons, which count where the amount is for each
    """
    whole = cost.amount * (units if cost.covers == "each" else 1.0)
    return whole if cost.per == "year" else whole / cost.lifetime if cost.lifetime else NAN


def cost_over(cost: Cost, units: float, years: float) -> float:
    """Cost over so many years; an amount paid once without a lifetime falls on them as a whole.

    Where areas began at different times `years` is their mean, so that each bears an equal part from its own start.
    """
    if cost.per == "once" and cost.lifetime is None:
        return cost.amount * (units if cost.covers == "each" else 1.0)
    return yearly_cost(cost, units) * years


def price_factor(index: dict[str, float], year: int, into: int) -> float:
    """What a price of one year is multiplied by to be one of another; NaN where the index lacks either."""
    if year == into:
        return 1.0
    first, last = (index.get(str(one), NAN) for one in (year, into))
    return last / first


def per_avoided(total: float, units: float, low: float, high: float) -> tuple[float, float, float]:
    """Cost of an avoided event with its interval, from the change in events (avoided are negative) and its limits.

    The ends change places: the most avoided events give the lowest cost. Where none avoided is a limit, no cost is too high.
    """
    ends = [total / -change if change < 0 else math.inf for change in (units, low, high)]
    return ends[0], ends[1], ends[2]


def break_even_share(events: float, counted: float) -> float:
    """The fall at which the measure pays: so many avoided of those counted under the measure and those avoided."""
    return events / (counted + events)


def against(limit: float, low: float, high: float) -> str:
    """Where a limit of avoided events lies against their interval: pays, open or does_not_pay."""
    return "pays" if low > limit else "does_not_pay" if high < limit else "open"
