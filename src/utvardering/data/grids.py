"""One outcome on all units: values, exposure, weights, covariates and the measure, with what is left out and why."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.faults import Faults
from utvardering.data.graph_columns import graph_columns
from utvardering.data.panel import NEVER, Grid, LeftOut
from utvardering.data.roles import FEW, Roles
from utvardering.data.sheet import Sheet
from utvardering.data.starts import Start
from utvardering.data.validate import check_divisor, check_outcome, spans_of
from utvardering.study.model import Outcome, Period, Study
from utvardering.wording import say


@dataclass(frozen=True)
class Values:
    """What a sheet says of an outcome, each (N, T)."""

    sheet: Sheet
    y: NDArray[np.float64]
    exposure: NDArray[np.float64] | None = None
    weights: NDArray[np.float64] | None = None
    covariates: dict[str, NDArray[np.float64]] = field(default_factory=dict)


@dataclass
class GridMaker:
    """Reads outcomes from sheets and puts the measure on them; what no estimate uses goes to `left_out`."""

    study: Study
    period: Period
    main: Sheet
    concerned: NDArray[np.bool_]
    starts: dict[int, Start]
    share: NDArray[np.float64] | None
    left_out: list[LeftOut]
    notes: list[str]

    def read(self, outcome: Outcome, sheet: Sheet, faults: Faults) -> Values:
        """Values of an outcome and of the columns that go with it, checked."""
        y = sheet.numbers(outcome.id, faults)
        checked = np.where(self.concerned[:, None], y, np.nan)
        check_outcome(sheet, outcome, checked, faults)
        exposure = weights = None
        if outcome.exposure:
            exposure = sheet.numbers(outcome.exposure, faults)
            check_divisor(sheet, outcome.exposure, exposure, faults, where=~np.isnan(checked), outcome=outcome.id)
        estimation = self.study.estimation
        if estimation is not None and estimation.weights:
            weights = self._beside(outcome, sheet, estimation.weights, faults)
            if weights is not None and estimation.weights in sheet.table.columns:
                check_divisor(sheet, estimation.weights, weights, faults, where=~np.isnan(checked), outcome=outcome.id)
        names = estimation.covariates if estimation is not None else ()
        names = tuple(dict.fromkeys([*names, *graph_columns(self.study, outcome, self.main.table.columns)]))
        found = {name: self._beside(outcome, sheet, name, faults) for name in names}
        covariates = {name: values for name, values in found.items() if values is not None}
        return Values(sheet, y, exposure, weights, covariates)

    def grid(self, outcome: Outcome, values: Values, roles: Roles) -> Grid:
        """The grid of an outcome, with starts, shares and ends in its own periods."""
        sheet, y = values.sheet, values.y.copy()
        n_units, n_periods = y.shape
        start = np.full(n_units, NEVER, dtype=np.int64)
        treatment = np.zeros(y.shape)
        taken = np.zeros(y.shape, dtype=bool)
        for place, began in self.starts.items():
            if roles.role[place] != "treated":  # under the measure throughout, or only after the last period
                continue
            number = sheet.calendar.number(began.moment)
            at = max(number - sheet.first, 0)
            start[place], inside = at, sheet.calendar.starts_inside(began.moment) and number >= sheet.first
            treatment[place, at:] = 1.0
            if self.share is not None and sheet is self.main:
                treatment[place] = self.share[place]
                inside = at < n_periods and 0 < treatment[place, at] < 1
            if inside and self.period.partial_first == "drop":
                start[place] = at + 1
                if at < n_periods:
                    taken[place, at] = True
                    treatment[place, at] = (
                        treatment[place, at] if self.share is not None else _rest(sheet.calendar, began.moment)
                    )
                    reason = self._say("inside")
                    self.left_out.append(LeftOut(sheet.units.names[place], sheet.label(at), outcome.id, reason))
            elif inside:
                name, label = sheet.units.names[place], sheet.calendar.label(number)
                self.notes.append(self._say("counts_as_after", unit=name, period=label))
            if began.end is not None:
                self._end(outcome, sheet, place, began, treatment, taken)
        y[taken] = np.nan
        active = np.isin(roles.role, ("treated", "comparison", "neighbour"))
        if roles.neighbour_comparison is not None:
            active |= roles.neighbour_comparison
        self._list_missing(outcome, sheet, outcome.id, np.isnan(y) & active[:, None] & ~taken)
        for name, covariate in values.covariates.items():
            self._list_missing(outcome, sheet, name, np.isnan(covariate) & ~np.isnan(y) & active[:, None])
        self._list_periods(outcome, sheet)
        treated = start[start < NEVER]
        last = sheet.calendar.number(self.period.last) - sheet.first
        return Grid(
            outcome=outcome.id,
            calendar=sheet.calendar,
            periods=sheet.periods,
            y=y,
            treatment=treatment,
            start=start,
            exposure=values.exposure,
            weights=values.weights,
            covariates=values.covariates,
            n_after=max(last - int(treated.max()) + 1, 0) if len(treated) else 0,
        )

    def _beside(self, outcome: Outcome, sheet: Sheet, column: str, faults: Faults) -> NDArray[np.float64] | None:
        """A column of the sheet, or of the panel where the outcome's own file lacks it and the periods are the same."""
        if column in sheet.table.columns:
            return sheet.numbers(column, faults)
        if sheet.calendar == self.main.calendar:
            values = self.main.numbers(column, Faults(self.main.table.name, self.main.table.rows))
            short = max(len(sheet.periods) - values.shape[1], 0)
            return np.pad(values, ((0, 0), (0, short)), constant_values=np.nan)[:, : len(sheet.periods)]
        reason = self._say("not_column", column=column, file=sheet.table.name)
        self.left_out.append(LeftOut("", "", outcome.id, reason))
        return None

    def _end(
        self,
        outcome: Outcome,
        sheet: Sheet,
        place: int,
        began: Start,
        treatment: NDArray[np.float64],
        taken: NDArray[np.bool_],
    ) -> None:
        after = max(sheet.calendar.number(began.end) + 1 - sheet.first, 0)
        if after < treatment.shape[1]:
            treatment[place, after:] = 0.0
            taken[place, after:] = True
            span = spans_of(sheet, np.arange(after, treatment.shape[1]))[0]
            self.left_out.append(LeftOut(sheet.units.names[place], span, outcome.id, self._say("ended")))

    def _list_missing(self, outcome: Outcome, sheet: Sheet, column: str, cells: NDArray[np.bool_]) -> None:
        absent: NDArray[np.bool_] = np.all(sheet.row_at < 0, axis=1) & np.any(cells, axis=1)
        for missing in np.flatnonzero(absent):
            self.left_out.append(
                LeftOut(sheet.units.names[missing], "", outcome.id, self._say("not_in", file=sheet.table.name))
            )
        listed: list[list[int]] = np.argwhere(cells & ~absent[:, np.newaxis]).tolist()
        reasons = self._found(sheet, column, [int(sheet.row_at[place, at]) for place, at in listed])
        of = "" if column == outcome.id else self._say("of", column=column)
        if len(reasons) <= FEW:
            for (place, at), reason in zip(listed, reasons, strict=True):
                said = self._say("no_value", of=of, found=reason)
                self.left_out.append(LeftOut(sheet.units.names[place], sheet.label(at), outcome.id, said))
            return
        told = ", ".join(f"{count} {reason}" for reason, count in sorted(Counter(reasons).items()))
        units = len({place for place, _ in listed})
        said = self._say("no_values", cells=len(reasons), units=units, of=of, found=told)
        self.left_out.append(LeftOut("", "", outcome.id, said))

    def _list_periods(self, outcome: Outcome, sheet: Sheet) -> None:
        last = sheet.calendar.number(self.period.last)
        ends = sheet.periods[-1] if sheet.periods else sheet.first - 1
        if ends < last:
            label = sheet.calendar.label
            span = label(last) if ends + 1 == last else self._say("span", first=label(ends + 1), last=label(last))
            self.left_out.append(LeftOut("", span, outcome.id, self._say("late", file=sheet.table.name)))

    def _found(self, sheet: Sheet, column: str, rows: list[int]) -> list[str]:
        """What stands in the cells that have no value."""
        empty = self._say("empty")
        if not rows or column not in sheet.table.columns:
            return [empty] * len(rows)
        texts, codes = sheet.table.codes(column)
        told = [f'"{text}"' if text else empty for text in texts]
        return [self._say("no_row") if row < 0 else told[codes[row]] for row in rows]

    def _say(self, key: str, **facts: object) -> str:
        return say(self.study.report.language, "left_out", key, **facts)


def _rest(calendar: Calendar, moment: dt.date | int) -> float:
    """Share of a period that is left at a day within it."""
    if not isinstance(moment, dt.date):
        return 1.0
    number = calendar.number(moment)
    begins, ends = calendar.date(number), calendar.date(number + 1)
    return (ends - moment).days / (ends - begins).days
