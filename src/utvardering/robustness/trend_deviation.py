"""How far may the trends part before the conclusion falls? Bounds of Rambachan & Roth on effects per block of periods."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from utvardering.errors import DesignError
from utvardering.inference.honest import HonestInterval, PeriodEffects, breakdown
from utvardering.inference.honest_magnitudes import magnitudes_interval
from utvardering.inference.honest_smoothness import Smoothness
from utvardering.robustness.base import Doubt, RobustnessRow, share_of_one, unanswered
from utvardering.robustness.trend_blocks import TrendBlocks, trend_blocks
from utvardering.wording import number, say

CHECK = "trend_deviation"
MOST = 100.0
"""Relative magnitudes beyond which no breakdown value is looked for."""

_FINE = 0.005  # of a relative magnitude, to which the breakdown value is found
_SMALL = 1e-3  # standard errors: the same for a change of slope
_BLOCKS = {"month": {1: "month", 3: "quarter", 6: "half", 12: "year"}, "quarter": {1: "quarter", 2: "half", 4: "year"}}
_BLOCKS |= {"week": {1: "week", 13: "quarter", 26: "half", 52: "year"}, "year": {1: "year"}, "index": {1: "period"}}


def trend_deviation(doubt: Doubt) -> Iterator[RobustnessRow]:
    """One row per `[robustness] trend_deviations` and `smoothness`, and the breakdown value of each.

    A row passes where the interval under such deviations still lies on the side of zero that the planned one lies on; a
    breakdown value where it is at least the largest deviation that the study names. Where the plan has found nothing, or the
    effects per block show nothing without any deviation, there is nothing to overturn: intervals are given, and no verdict.
    """
    asked = doubt.study.robustness
    names = [f"relative_magnitude={m}" for m in asked.trend_deviations] + ["breakdown"] * bool(asked.trend_deviations)
    names += [f"smoothness={m}" for m in asked.smoothness] + ["smoothness_breakdown"] * bool(asked.smoothness)
    if not names:
        return
    try:
        bounds = _bounds(doubt)
    except DesignError as fault:
        for name in names:
            yield unanswered(doubt, CHECK, name, fault)
        return
    if asked.trend_deviations:
        yield from bounds.magnitudes(asked.trend_deviations)
    if asked.smoothness:
        yield from bounds.smoothness(asked.smoothness)


def _bounds(doubt: Doubt) -> _Bounds:
    if doubt.planned.estimator == "wdd":
        msg = f"{doubt.outcome.id}: bounds on the trends are not there for wdd, which knows no periods; add did to also"
        raise DesignError(msg)
    sample, plan, scale = doubt.panel.sample(doubt.outcome.id), doubt.estimation, doubt.planned.scale

    def work() -> dict[str, Any]:
        blocks = trend_blocks(sample, doubt.outcome, plan, scale)
        found = {name: getattr(blocks.found, name).tolist() for name in ("effects", "covariance", "weights")}
        return {**found, "n_before": blocks.found.n_before, "length": blocks.length, "inference": blocks.inference}

    kept = doubt.kept.value("blocks", (sample, doubt.outcome, plan, scale), work)
    arrays = {name: np.array(kept[name]) for name in ("effects", "covariance", "weights")}
    found = PeriodEffects(n_before=kept["n_before"], **arrays)
    return _Bounds(doubt, TrendBlocks(found, kept["length"], scale, kept["inference"]))


@dataclass(frozen=True)
class _Bounds:
    """The effects per block of one study, and the rows on them."""

    doubt: Doubt
    blocks: TrendBlocks

    def magnitudes(self, sizes: tuple[float, ...]) -> Iterator[RobustnessRow]:
        """Rows on deviations relative to the largest before."""
        none = self._relative(0.0)
        concluded = self._concluded(none)
        for m in sizes:
            one = self._relative(m)
            yield self._row(
                f"relative_magnitude={m}", "relative_magnitude", self.blocks.found.estimate, one, m, concluded=concluded
            )
        if not concluded:
            yield self._no_breakdown("breakdown", none)
            return
        at = self._kept(
            "breakdown",
            MOST,
            lambda: breakdown(lambda m: self._magnitudes(m).excludes_zero(self._side), first=0.1, most=MOST, tolerance=_FINE),
        )
        at = 0.0 if at is None else at
        key, shown = ("breakdown", _floored(at)) if math.isfinite(at) else ("breakdown_beyond", MOST)
        text = self._say(key, value=number(shown, self._language, _digits(shown)))
        yield self._numbers("breakdown", (at, math.nan, math.nan), self._against(at, sizes), text)

    def smoothness(self, sizes: tuple[float, ...]) -> Iterator[RobustnessRow]:
        """Rows on changes of slope, a share of the treated areas' level per year, from one year to the next."""
        concluded = self._concluded(self._relative(0.0))
        smooth = Smoothness(self.blocks.found, self.doubt.estimation.level)
        for m in sizes:
            centre, half = self._kept("smoothness", m * self._per_share, partial(_centred, smooth, m * self._per_share))
            key = "smoothness" if m else "smoothness_none"
            yield self._row(
                f"smoothness={m}", key, centre, HonestInterval(centre - half, centre + half), 100 * m, concluded=concluded
            )
        if not concluded:
            yield self._no_breakdown("smoothness_breakdown", self._relative(0.0))
            return
        fine = _SMALL * self.blocks.found.std_error

        def work() -> float | None:
            return breakdown(
                lambda m: smooth.interval(m).excludes_zero(self._side), first=fine, most=1e6 * fine, tolerance=fine
            )

        at = self._kept("smoothness_breakdown", fine, work)
        if at is None:
            straight = smooth.interval(0.0)
            shown = {"low": self.doubt.percent(straight.low), "high": self.doubt.percent(straight.high)}
            text = self._say("smoothness_breakdown_none", **shown)
            yield self._numbers("smoothness_breakdown", (math.nan,) * 3, "fail", text)
            return
        share = at / self._per_share
        text = self._say("smoothness_breakdown", value=number(_floored(100 * share), self._language, _digits(100 * share)))
        yield self._numbers("smoothness_breakdown", (share, math.nan, math.nan), self._against(share, sizes), text)

    @property
    def _language(self) -> str:
        return self.doubt.study.report.language

    @property
    def _side(self) -> float:
        return self.doubt.planned.estimate

    @property
    def _per_share(self) -> float:
        """What a change of slope of one, as a share per year, is on the scale of the estimates from block to block.

        A course whose slope changes by M a year has second differences of M d² between blocks of d years. Differences are a
        share of what the treated would have had.
        """
        years = self.blocks.length / self.doubt.panel.grids[self.doubt.outcome.id].calendar.per_year
        return years**2 / (1.0 if self.blocks.scale == "log_ratio" else share_of_one(self.doubt.planned))

    def _relative(self, m_bar: float) -> HonestInterval:
        """The interval under a relative magnitude, kept."""

        def work() -> list[float]:
            one = self._magnitudes(m_bar)
            return [one.low, one.high]

        return HonestInterval(*self._kept("magnitudes", m_bar, work))

    def _magnitudes(self, m_bar: float) -> HonestInterval:
        return magnitudes_interval(self.blocks.found, m_bar, self.doubt.estimation.level)

    def _kept(self, name: str, size: float, work: Callable[[], Any]) -> Any:  # noqa: ANN401 -- whatever JSON holds
        hangs_on = (self.blocks.found, self.doubt.estimation.level, self._side > 0, size)
        return self.doubt.kept.value(name, hangs_on, work)

    def _concluded(self, none: HonestInterval) -> bool:
        """Whether plan and effects per block lie on the same side of zero."""
        planned = self.doubt.planned
        return (planned.ci_low > 0 or planned.ci_high < 0) and none.excludes_zero(self._side)

    def _against(self, at: float, sizes: tuple[float, ...]) -> str:
        return "pass" if at >= max(sizes) else "fail"

    def _row(
        self,
        variant: str,
        key: str,
        value: float,
        one: HonestInterval,
        bound: float,
        *,
        concluded: bool,
    ) -> RobustnessRow:
        verdict = "not_evaluated" if not concluded else "pass" if one.excludes_zero(self._side) else "fail"
        digits = 0 if bound == round(bound) else 1 if 10 * bound == round(10 * bound) else 2
        shown = {name: self.doubt.percent(x) for name, x in (("value", value), ("low", one.low), ("high", one.high))}
        text = self._say(key, bound=number(bound, self._language, digits), **shown)
        return self._numbers(variant, (value, one.low, one.high), verdict, text)

    def _no_breakdown(self, variant: str, none: HonestInterval) -> RobustnessRow:
        found = self.doubt.planned.ci_low > 0 or self.doubt.planned.ci_high < 0
        shown = {"value": self.blocks.found.estimate, "low": none.low, "high": none.high}
        text = self._say(
            "breakdown_lost" if found else "breakdown_nothing", **{name: self.doubt.percent(x) for name, x in shown.items()}
        )
        return self._numbers(variant, (math.nan,) * 3, "not_evaluated", text)

    def _say(self, key: str, **facts: str) -> str:
        unit, length = self.doubt.panel.grids[self.doubt.outcome.id].calendar.unit, self.blocks.length
        name = _BLOCKS[unit].get(length)
        block = say(self._language, "blocks", name or ("spans" if unit == "index" else f"{unit}s"), n=length)
        year = say(self._language, "blocks", "period" if unit == "index" else "year")
        return say(self._language, "robustness", key, block=block, year=year, **facts)

    def _numbers(self, variant: str, values: tuple[float, float, float], verdict: str, text: str) -> RobustnessRow:
        doubt = self.doubt
        return RobustnessRow(
            doubt.study.id, doubt.outcome.id, doubt.planned.estimator, CHECK, variant, *values, math.nan, verdict, text
        )


def _centred(smooth: Smoothness, m: float) -> list[float]:
    """Centre and half length of the interval under changes of slope of m."""
    weights, half = smooth.estimator(m)
    return [float(weights @ smooth.found.effects), half]


def _floored(value: float) -> float:
    """A number that holds, cut off after the decimals that are shown."""
    by = 10 ** _digits(value)
    return math.floor(by * value + 1e-9) / by  # what is whole but for rounding is kept


def _digits(value: float) -> int:
    """One decimal, or two below one."""
    return 1 if value >= 1 else 2
