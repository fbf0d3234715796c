"""Which numbers of a study's cost are shown, in which order, how each is computed, and why some are not shown.

Cost per avoided event is a claim of effect: it needs a count that is to fall, the verdict `effect`, and nobody who has changed
that verdict. Amounts of different years are not put together without an index of the study.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from utvardering.estimators.estimate import EstimateRow, Estimates
from utvardering.study.model import Cost, Outcome, Study
from utvardering.synthesis.cost import (
    HIDDEN,
    SHOWN,
    UNKNOWN,
    WARNED,
    CostRow,
    Costs,
    against,
    break_even_share,
    cost_over,
    per_avoided,
    price_factor,
    yearly_cost,
)
from utvardering.synthesis.cost_facts import NAN, CostFacts, Followed, is_known
from utvardering.synthesis.verdict import Judgement, Verdict
from utvardering.wording import number, say
from utvardering.wording.money import money

FEW = 20
"""Events below which a decimal makes a difference."""


def costs(study: Study, facts: CostFacts, estimates: Estimates | None = None, verdict: Verdict | None = None) -> Costs:
    """Every number of a study's cost, and why some are not shown; estimates and verdict are None for an organisation."""
    cost = study.measure.cost
    if cost is None:
        return Costs(())
    return Costs(tuple(_Sheet(study, cost, facts, estimates, verdict).rows()))


class _Sheet:
    """The rows of one study."""

    def __init__(
        self, study: Study, cost: Cost, facts: CostFacts, estimates: Estimates | None, verdict: Verdict | None
    ) -> None:
        self.study, self.cost, self.facts = study, cost, facts
        self.estimates, self.verdict = estimates, verdict
        self.yearly = yearly_cost(cost, facts.units)
        self.whole = cost.amount * (facts.units if cost.covers == "each" else 1.0)
        self.spread = is_known(self.yearly)

    def rows(self) -> Iterator[CostRow]:
        """In the order in which the report shows them."""
        yield self._amount()
        yield from self._by_time()
        yield from self._by_heads()
        yield from self._by_dose()
        yield self._prices()
        yield from self._avoided()
        if self.cost.event_cost is not None:
            yield from self._break_even(self.cost.event_cost)

    def _amount(self) -> CostRow:
        cost, persons = self.cost, self.facts.of_persons
        whom = {"all": "for_persons" if persons else "for_all", "each": "for_each_person" if persons else "for_each"}
        many = cost.covers == "each" or persons or self.facts.units > 1
        said = self._say(
            f"amount_{cost.per}",
            for_whom=self._say(whom[cost.covers]) if many else "",
            prices=self._say("prices", year=cost.price_year) if cost.price_year else "",
            source=self._say("source", source=cost.source.rstrip(".")) if cost.source else "",
        )
        return self._row("amount", said, value=cost.amount, unit=self._unit("year" if cost.per == "year" else ""))

    def _by_time(self) -> Iterator[CostRow]:
        cost, n = self.cost, self.facts.units
        unit = self._unit("year")
        if not is_known(self.whole):
            yield self._missing("per_year", "few_persons", unit)
        elif not self.spread:
            yield self._missing("per_year", "paid_once", unit)
        elif cost.per == "once":
            said = self._say("per_year_lifetime", amount=self._money(self.whole), years=self._number(cost.lifetime or NAN))
            yield self._row("per_year", said, value=self.yearly, unit=unit, basis=self.whole, divisor=cost.lifetime or NAN)
        else:
            each = cost.covers == "each"
            said = self._say("per_year_each", amount=self._money(cost.amount), n=self._number(n))
            yield self._row("per_year", said if each else self._say("per_year_all"), value=self.yearly, unit=unit)
        if self.study.study.design == "organisation" or not is_known(self.whole):
            return
        followed = self._followed(self.study.primary.id)
        total = cost_over(cost, n, followed.years)
        if not is_known(total):
            yield self._missing("total", "no_calendar", self._unit())
        elif not self.spread:
            yield self._row("total", self._say("total_once"), value=total, unit=self._unit(), basis=self.whole)
        else:
            key = "total_year" if followed.n_starts == 1 else "total_starts"
            said = self._say(key, yearly=self._money(self.yearly), years=self._number(followed.years, 2))
            known = {"basis": self.yearly, "divisor": followed.years}
            yield self._row("total", said, value=total, unit=self._unit(), **known)

    def _by_heads(self) -> Iterator[CostRow]:
        """By inhabitant of the areas, or by person in the measure."""
        design, ending = self.study.study.design, "year" if self.spread else "once"
        basis = self.yearly if self.spread else self.whole
        if design == "areas":
            unit, people = self._unit("inhabitant", "year" if self.spread else ""), self.facts.inhabitants
            if not is_known(people):
                yield self._missing("per_inhabitant", "no_inhabitants", unit)
                return
            said = self._say(f"per_inhabitant_{ending}", basis=self._money(basis), divisor=self._number(people))
            yield self._row("per_inhabitant", said, value=basis / people, unit=unit, basis=basis, divisor=people)
        elif design == "individuals":
            unit, people = self._unit("person", "year" if self.spread else ""), self.facts.units
            if not is_known(people):
                yield self._missing("per_person", "few_persons", unit)
                return
            said = self._say(f"per_person_{ending}", basis=self._money(basis), divisor=self._number(people))
            yield self._row("per_person", said, value=basis / people, unit=unit, basis=basis, divisor=people)

    def _by_dose(self) -> Iterator[CostRow]:
        cost, log = self.cost, self.facts.dose
        if log is not None:
            basis = cost_over(cost, self.facts.units, log.years)
            given, key, unit = (log.planned, log.delivered), "log", self._unit(cost.dose_unit or "hour")
        elif cost.dose_planned is not None and cost.dose_delivered is not None:
            basis = self.whole
            given, key, unit = (cost.dose_planned, cost.dose_delivered), "stated", self._unit(cost.dose_unit)
        else:
            return
        for name, dose in zip(("planned", "delivered"), given, strict=True):
            item = f"per_dose_{name}"
            if not is_known(basis):
                yield self._missing(item, "few_persons", unit)
            elif dose > 0:
                counted = self._number(dose) if log is not None else f"{self._number(dose)} ({cost.dose_unit})"
                said = self._say(f"per_dose_{key}_{name}", basis=self._money(basis), divisor=counted)
                yield self._row(item, said, value=basis / dose, unit=unit, basis=basis, divisor=dose)
            else:
                yield self._missing(item, "no_dose", unit)

    def _prices(self) -> CostRow:
        """Whether the prices are of the years of the follow-up; nothing is converted without an index of the study."""
        price, span = self.cost.price_year, self.facts.span
        if price is None:
            return self._row("prices", self._say("prices_missing"), status=WARNED, reason="missing")
        if self.study.study.design == "organisation":
            return self._row("prices", self._say("prices_alone", price=price), value=float(price), unit="year")
        if span is None:
            said = self._say("prices_unknown", price=price)
            return self._row("prices", said, status=UNKNOWN, reason="no_calendar", value=float(price), unit="year")
        inside = span[0] <= price <= span[1]
        said = self._say("prices_ok" if inside else "prices_outside", price=price, first=span[0], last=span[1])
        state = {"status": SHOWN if inside else WARNED, "reason": "" if inside else "outside"}
        return self._row("prices", said, value=float(price), unit="year", **state)

    def _avoided(self) -> Iterator[CostRow]:
        """Cost of an avoided event for each outcome that a verdict is about."""
        unit = self._unit("event")
        if self.study.study.design == "organisation":
            yield self._missing("per_avoided_event", "organisation", unit, status=HIDDEN)
            return
        for one in self.study.outcomes:
            if one.role == "negative_control":
                continue
            why, facts = self._why_not(one)
            row = self._planned(one)
            total = cost_over(self.cost, self.facts.units, self._followed(one.id).years)
            if why or row is None:
                status = UNKNOWN if why in {"no_estimate", "no_units"} else HIDDEN
                yield self._missing("per_avoided_event", why, unit, outcome=one.id, status=status, **facts)
            elif not is_known(total):
                yield self._missing("per_avoided_event", "no_calendar", unit, outcome=one.id)
            else:
                yield self._per_event(one, row, total)

    def _per_event(self, outcome: Outcome, row: EstimateRow, total: float) -> CostRow:
        value, low, high = per_avoided(total, row.effect_units, row.effect_units_low, row.effect_units_high)
        avoided = -row.effect_units
        said = self._say("per_avoided_event", basis=self._money(total), divisor=self._number(avoided))
        said += "" if math.isfinite(high) else f" {self._say('open_end')}"
        numbers = {"value": value, "low": low, "high": high, "level": row.level, "basis": total, "divisor": avoided}
        return self._row("per_avoided_event", said, outcome=outcome.id, unit=self._unit("event"), **numbers)

    def _why_not(self, outcome: Outcome) -> tuple[str, dict[str, str]]:
        """The rule by which no cost of an avoided event is shown, and its facts; empty where it may be shown."""
        judged, row = self._judgement(outcome), self._planned(outcome)
        final, change = _overridden_to(judged), NAN if row is None else row.effect_units
        rules = (
            ("replication", self.study.is_replication, ""),
            ("not_count", outcome.kind != "count", ""),
            ("not_decrease", outcome.direction != "decrease", ""),
            ("not_effect", judged.verdict != "effect", judged.verdict),
            ("overridden", final != "effect", final),
            ("no_estimate", row is None or not row.interpretable, ""),
            ("no_units", not math.isfinite(change), ""),
            ("none_avoided", change >= 0, ""),
        )
        reason, _, verdict = next((rule for rule in rules if rule[1]), ("", True, ""))
        return reason, {"verdict": self._verdict(verdict)} if verdict else {}

    def _break_even(self, stated: float) -> Iterator[CostRow]:
        """How many events would have to be avoided a year, whatever was found."""
        cost = self.cost
        outcome = next((one for one in self.study.outcomes if one.id == cost.event_cost_outcome), self.study.primary)
        if cost.price_year is None or cost.event_cost_year is None:  # the rules of the study file ask for both
            return
        factor = price_factor(cost.price_index, cost.event_cost_year, cost.price_year)
        worth, unit = stated * factor, self._unit("event")
        years = {"year": cost.price_year, "from_year": cost.event_cost_year}
        if not is_known(worth):
            facts = {name: str(year) for name, year in years.items()}
            yield self._missing("event_cost", "price_years", unit, outcome=outcome.id, status=HIDDEN, **facts)
            return
        primary = outcome.role == "primary"
        said = self._say(
            "event_cost" if factor == 1 else "event_cost_converted",
            outcome="" if primary else self._say("event_cost_of", title=outcome.title),
            stated=self._money(stated),
            index=cost.price_index_source,
            source=cost.event_cost_source.rstrip("."),
            **years,
        )
        yield self._row("event_cost", said, outcome=outcome.id, value=worth, unit=unit, basis=stated, divisor=1 / factor)
        followed = self._followed(outcome.id)
        yearly = self.yearly if self.spread else self.whole / followed.years
        if not is_known(yearly):
            reason = "no_calendar" if is_known(self.whole) else "few_persons"
            yield self._missing("break_even_events", reason, "events/year", outcome=outcome.id)
            return
        yield from self._against_found(outcome, followed, yearly, worth)

    def _against_found(self, outcome: Outcome, followed: Followed, yearly: float, worth: float) -> Iterator[CostRow]:
        """The break-even in events, as a fall, against the smallest effect of interest and, where allowed, what was found."""
        needed = yearly / worth
        key = "break_even_events" if self.spread else "break_even_events_once"
        said = self._say(key, basis=self._money(yearly), divisor=self._money(worth))
        known = {"outcome": outcome.id, "unit": "events/year"}
        yield self._row("break_even_events", said, value=needed, basis=yearly, divisor=worth, **known)
        if not is_known(followed.events):
            reason = "few_events" if followed.few else "no_events"
            yield self._missing("break_even_share", reason, "share", outcome=outcome.id)
        else:
            share = break_even_share(needed, followed.events)
            events = {"basis": needed, "divisor": followed.events}
            shown = {name: self._counted(value) for name, value in {**events, "all": needed + followed.events}.items()}
            said = self._say("break_even_share", **shown)
            yield self._row("break_even_share", said, outcome=outcome.id, value=share, unit="share", **events)
            yield self._smallest(outcome, share)
        why, facts = self._why_not(outcome)
        row = self._planned(outcome)
        if why or row is None or not is_known(followed.years):
            yield self._missing(
                "avoided_events", why or "no_calendar", "events/year", outcome=outcome.id, status=HIDDEN, **facts
            )
            return
        value, high, low = (-change / followed.years for change in _change(row))
        answer = against(needed, low, high)
        said = self._say(f"avoided_{answer}", limit=self._counted(needed))
        numbers = {"value": value, "low": low, "high": high, "level": row.level, "basis": -row.effect_units}
        yield self._row("avoided_events", said, **known, **numbers, divisor=followed.years, answer=answer)

    def _smallest(self, outcome: Outcome, share: float) -> CostRow:
        if not outcome.smallest_effect:
            return self._missing("break_even_smallest", "no_smallest", "share", outcome=outcome.id)
        smallest = abs(outcome.smallest_effect)
        answer = "reached" if share <= smallest else "beyond"
        said = self._say(f"break_even_smallest_{answer}")
        return self._row("break_even_smallest", said, outcome=outcome.id, value=smallest, unit="share", answer=answer)

    def _planned(self, outcome: Outcome) -> EstimateRow | None:
        return None if self.estimates is None else self.estimates.planned(outcome.id)

    def _judgement(self, outcome: Outcome) -> Judgement:
        if self.verdict is None:
            msg = f"{self.study.id}: an outcome without a verdict"
            raise ValueError(msg)
        return self.verdict.primary if outcome.role == "primary" else self.verdict.outcomes[outcome.id]

    def _followed(self, outcome: str) -> Followed:
        return self.facts.followed.get(outcome, Followed(NAN))

    def _unit(self, *divided_by: str) -> str:
        return "/".join([self.cost.currency, *(one for one in divided_by if one)])

    def _row(self, item: str, text: str, **known: Any) -> CostRow:  # noqa: ANN401 -- columns of a row by their names
        price = "" if self.cost.price_year is None else str(self.cost.price_year)
        return CostRow(self.study.id, item, text=text, price_year=price, **known)

    def _missing(self, item: str, reason: str, unit: str, *, outcome: str = "", status: str = UNKNOWN, **facts: str) -> CostRow:
        return self._row(item, self._say(reason, **facts), outcome=outcome, status=status, reason=reason, unit=unit)

    def _say(self, key: str, **facts: object) -> str:
        return say(self.study.report.language, "cost", key, **facts)

    def _verdict(self, name: str) -> str:
        return say(self.study.report.language, "cost_verdicts", name)

    def _money(self, value: float) -> str:
        return money(value, self.cost.currency, self.study.report.language)

    def _counted(self, value: float) -> str:
        """A number of events, with a decimal where there are few."""
        return self._number(value, 0 if value >= FEW else 1)

    def _number(self, value: float, digits: int = 0) -> str:
        """A number without decimals that are zero."""
        shown = next((few for few in range(digits) if round(value, few) == round(value, digits)), digits)
        return number(value, self.study.report.language, shown)


def _change(row: EstimateRow) -> tuple[float, float, float]:
    """The change in events with its limits."""
    return row.effect_units, row.effect_units_low, row.effect_units_high


def _overridden_to(judged: Judgement) -> str:
    """The verdict that stands beside the computed one, where somebody put one there."""
    return (judged.override.verdict if judged.override else None) or judged.verdict
