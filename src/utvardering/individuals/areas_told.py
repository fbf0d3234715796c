"""What may be told where areas are compared and persons counted? Tables without what would tell of a few, and rounded.

The numbers of the run are kept where a count of a few could follow from them: rows of single areas and of single periods are
left out with those that would give them away, and the others are rounded to what the limit on small counts amounts to.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd

from utvardering.checks.base import Balance, CheckResult, DesignChecks
from utvardering.data.counted_persons import counts_persons, withheld_of
from utvardering.data.panel import LeftOut, Panel
from utvardering.disclosure.areas import Withheld
from utvardering.disclosure.rounding import blunted, step_above
from utvardering.disclosure.suppressed import Suppressed
from utvardering.errors import DesignError
from utvardering.estimators.estimate import EstimateRow, Estimates, EventRow
from utvardering.individuals.disclosure import significant
from utvardering.robustness.base import Robustness, RobustnessRow, SpecificationRow
from utvardering.study.model import Study
from utvardering.wording import say

OF_WINDOWS = ("windows", "placebo_start")
OWN_NUMBERS = ("e_value", "specification_curve", "quotient")
TWO = partial(significant, digits=2)
BLUNT_FILES = ("bacon.csv", "dose_response.csv", "truth.csv", "contribution.csv")
"""Tables that are written by their own rooms, whose numbers are told in two digits where persons are counted."""
_PERCENT = re.compile(r"([−-]?)(\d+[.,]\d+)((?:\s| )*%)")


def withheld_by_outcome(study: Study, panel: Panel) -> dict[str, Withheld]:
    """Outcome to what is not told of it, for those that count persons; none where no outcome does."""
    if not counts_persons(study):
        return {}
    found = {outcome.id: withheld_of(study, panel, outcome.id) for outcome in study.outcomes}
    return {name: one for name, one in found.items() if one is not None}


def told_estimates(study: Study, panel: Panel, estimates: Estimates) -> Estimates:
    """The estimates as they may be told.

    Raises DesignError where nothing may be told of any outcome.
    """
    held = withheld_by_outcome(study, panel)
    if not held:
        return estimates
    hidden = [name for name, one in held.items() if one.all]
    rows = [_estimate(row, held.get(row.outcome)) for row in estimates.rows if row.outcome not in hidden]
    if not rows:
        raise DesignError("; ".join(_too_few(study, name) for name in hidden))
    events = [
        _event(row, held.get(row.outcome))
        for row in estimates.events
        if row.outcome not in hidden and row.period_from_start not in (held[row.outcome].periods if row.outcome in held else ())
    ]
    left = [LeftOut("", "", name, _too_few(study, name)) for name in hidden]
    weights = [row for row in estimates.weights if row.outcome not in hidden]
    return replace(
        estimates,
        rows=tuple(rows),
        events=tuple(events),
        left_out=(*estimates.left_out, *left),
        weights=tuple(replace(row, weight=blunted(row.weight, 0.001)) if row.outcome in held else row for row in weights),
    )


def told_robustness(study: Study, panel: Panel, robustness: Robustness) -> Robustness:
    """The doubts as they may be told."""
    held = withheld_by_outcome(study, panel)
    rows = [_doubt(row, held.get(row.outcome), panel) for row in robustness.rows if not _is_withheld(row, held, panel)]
    curve = [
        _specification(row, held[row.outcome]) if row.outcome in held else row
        for row in robustness.specifications
        if row.outcome not in held or not (held[row.outcome].windows and row.window != "full")
    ]
    return replace(robustness, rows=tuple(rows), specifications=tuple(curve)) if held else robustness


def told_checks(study: Study, panel: Panel, checks: DesignChecks) -> DesignChecks:
    """Checks and balance as they may be told: means of counts so that no total of few persons follows from them."""
    held = withheld_by_outcome(study, panel)
    if not held:
        return checks
    primary = held.get(study.primary.id)
    step = 100 * primary.log_step if primary else 0.0
    rows = tuple(_check(row, step) for row in checks.rows)
    return replace(checks, rows=rows, balance=tuple(_balance(row, held, panel) for row in checks.balance))


def _check(row: CheckResult, step: float) -> CheckResult:
    """A check whose trend before the start, a share of the treated persons, is as coarse as the estimates; step in percent."""
    if row.check != "pretrend":
        return replace(row, value=TWO(row.value))
    return replace(row, value=blunted(TWO(row.value), step_above(step / 100)), text=coarser(row.text, step))


def suppressed_in_areas(study: Study, panel: Panel, robustness: Robustness) -> tuple[Suppressed, ...]:
    """What is not told of areas and periods, a row for each, without any number. robustness: before it was made tellable."""
    held = withheld_by_outcome(study, panel)
    return tuple(row for name, one in held.items() for row in _listed(study, panel, name, one, robustness))


def _listed(study: Study, panel: Panel, name: str, held: Withheld, robustness: Robustness) -> Iterator[Suppressed]:
    language = study.report.language

    def row(table: str, item: str, kind: str) -> Suppressed:
        reason = say(language, "individuals", f"suppressed_{kind}", limit=held.smallest)
        return Suppressed(study.id, table, name, item, reason, kind)

    if held.all:
        yield row("estimates", "", "primary")
        yield row("event_study", "", "secondary")
    for period in sorted(() if held.all else held.periods):
        yield row("event_study", str(period), "primary" if period in held.primary_periods else "secondary")
    for one in robustness.rows:
        if one.outcome != name or not _is_withheld(one, {name: held}, panel):
            continue
        place = panel.units.index(one.variant) if one.variant in panel.units else -1
        own = place >= 0 and bool(held.primary_areas[place])
        yield row("robustness", f"{one.check}, {one.variant}", "primary" if own or held.all else "secondary")
    if held.windows and any(one.outcome == name and one.window != "full" for one in robustness.specifications):
        yield row("specifications", "window", "secondary")
    if held.all:
        yield row("balance", "", "denominator")


def _too_few(study: Study, name: str) -> str:
    return say(study.report.language, "individuals", "too_few_in_areas", outcome=name, limit=study.report.smallest_cell)


def _is_withheld(row: RobustnessRow, held: dict[str, Withheld], panel: Panel) -> bool:
    one = held.get(row.outcome)
    if one is None:
        return False
    if one.all or (one.windows and row.check in OF_WINDOWS):
        return True
    area = row.variant.rpartition("=")[2] if row.variant not in panel.units else row.variant
    return area in panel.units and bool(one.areas[panel.units.index(area)])


def outward(low: float, high: float, step: float) -> tuple[float, float]:
    """An interval whose limits are multiples of a step, never narrower than the one given."""
    if step <= 0:
        return low, high
    ends = [low, high]
    for place, up in ((0, math.floor), (1, math.ceil)):
        if math.isfinite(ends[place]):
            ends[place] = blunted(up(ends[place] / step) * step, step)
    return ends[0], ends[1]


def _step(scale: str, held: Withheld, estimator: str = "") -> float:
    if scale == "log_ratio":
        return held.log_step
    return float(held.smallest) if estimator == "wdd" else held.unit_step


def _estimate(row: EstimateRow, held: Withheld | None) -> EstimateRow:
    if held is None:
        return row
    step = _step(row.scale, held, row.estimator)
    low, high = outward(row.ci_low, row.ci_high, step)
    inner_low, inner_high = outward(row.ci_low_90, row.ci_high_90, step)
    share = 100 * held.log_step
    percents = (row.effect_percent_low, row.effect_percent_high), (row.effect_percent_low_90, row.effect_percent_high_90)
    (p_low, p_high), (p_low_90, p_high_90) = (outward(*ends, share) for ends in percents)
    u_low, u_high = outward(row.effect_units_low, row.effect_units_high, held.smallest)
    return replace(
        row,
        estimate=blunted(row.estimate, step),
        std_error=TWO(row.std_error),
        ci_low=low,
        ci_high=high,
        ci_low_90=inner_low,
        ci_high_90=inner_high,
        p_value=TWO(row.p_value),
        p_adjusted=TWO(row.p_adjusted),
        effect_percent=blunted(row.effect_percent, step_above(share)),
        effect_percent_low=p_low,
        effect_percent_high=p_high,
        effect_percent_low_90=p_low_90,
        effect_percent_high_90=p_high_90,
        effect_units=blunted(row.effect_units, held.smallest) if not math.isnan(row.effect_units) else row.effect_units,
        effect_units_low=u_low,
        effect_units_high=u_high,
        note=without_numbers(row.note),
    )


def without_numbers(note: str) -> str:
    """A note with `…` for its numbers: an error of a count is the root of the count."""
    return re.sub(r"\d+(?:[.,]\d+)*(?:e[-+]\d+)?", "…", note)


def _event(row: EventRow, held: Withheld | None) -> EventRow:
    if held is None:
        return row
    period = row.period_from_start
    steps = held.period_steps if row.scale == "log_ratio" else held.period_unit_steps
    step = steps.get(period, _step(row.scale, held))
    low, high = outward(row.ci_low, row.ci_high, step)
    band_low, band_high = outward(row.band_low, row.band_high, step)
    return replace(
        row,
        estimate=blunted(row.estimate, step),
        std_error=TWO(row.std_error),
        ci_low=low,
        ci_high=high,
        band_low=band_low,
        band_high=band_high,
    )


def _doubt(row: RobustnessRow, held: Withheld | None, panel: Panel) -> RobustnessRow:
    if held is None or row.check in OWN_NUMBERS or row.variant in OWN_NUMBERS:
        return (
            row if held is None else replace(row, estimate=TWO(row.estimate), ci_low=TWO(row.ci_low), ci_high=TWO(row.ci_high))
        )
    step = held.log_step or held.unit_step
    if abs(row.estimate) > 1 and held.unit_step > step:
        step = held.unit_step
    text = row.text
    if row.check == "placebo_unit" and row.variant in panel.units:  # follows from the persons of that area alone
        own = float(held.area_steps[panel.units.index(row.variant)])
        step, text = max(step, own), coarser(text, 100 * own)
    low, high = outward(row.ci_low, row.ci_high, step)
    return replace(row, estimate=blunted(row.estimate, step), ci_low=low, ci_high=high, p_value=TWO(row.p_value), text=text)


def coarser(text: str, step: float) -> str:
    """A sentence whose percentages with decimals are multiples of a step, in percent."""

    def told(found: re.Match[str]) -> str:
        sign, digits, unit = found.groups()
        mark = "," if "," in digits else "."
        value = blunted(float(digits.replace(",", ".")), step)
        return f"{sign if value else ''}{value:.1f}".replace(".", mark) + unit

    return _PERCENT.sub(told, text) if step > 0 else text


def _specification(row: SpecificationRow, held: Withheld) -> SpecificationRow:
    step = step_above(100 * held.log_step)
    low, high = outward(row.low, row.high, step)
    return replace(row, estimate_percent=blunted(row.estimate_percent, step), low=low, high=high, p_value=TWO(row.p_value))


def _balance(row: Balance, held: dict[str, Withheld], panel: Panel) -> Balance:
    one = held.get(row.variable)
    if one is None:
        return row
    if one.all:
        return replace(row, treated=math.nan, comparison=math.nan, standardised_difference=math.nan)
    grid = panel.grids[row.variable]
    means = []
    for role, mean in (("treated", row.treated), ("comparison", row.comparison)):
        cells = int(np.isfinite(grid.y[panel.role == role]).sum())
        step = step_above(one.smallest / max(cells, 1)) if grid.exposure is None else one.unit_step
        means.append(blunted(mean, step))
    return replace(row, treated=means[0], comparison=means[1], standardised_difference=TWO(row.standardised_difference))


def blunt_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of another room with its numbers in two digits, and its notes without any."""
    out = frame.copy()
    for name in out.select_dtypes("float").columns:
        out[name] = [TWO(value) for value in out[name]]
    return out
