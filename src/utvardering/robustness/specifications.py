"""Which other analyses could just as well have been planned? Estimators × comparisons × windows × scales, within a bound.

A specification is a choice of each. What cannot answer the planned question is left out, with its reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from utvardering.data.load import load_panel
from utvardering.data.panel import NEVER, Panel
from utvardering.errors import UtvarderingError
from utvardering.estimators.count_scores import is_product
from utvardering.estimators.registry import ESTIMATORS, Method, planned_method
from utvardering.inference.noise import seen_mean
from utvardering.robustness.alternative_comparisons import named, with_comparison
from utvardering.robustness.unit_effects import LAST_BEFORE, RATIO
from utvardering.study.model import Outcome, Study

MOST = 200
"""Specifications at most: a reader takes in no more, and each costs time."""

SLOW = ("synthetic_control", "synthetic_did", "balanced_weights", "adjusted")
"""Estimators that are fitted anew for every re-assignment, or at a cost for every panel: one other choice at a time."""

FEWEST_IN_HALVES = 16
"""Comparison units from which on each half still holds enough to compare with."""

PLANNED, FULL = "planned", "full"

Scale = Literal["count", "rate", "log", "level"]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, order=True)
class Choice:
    """One specification: a value of each of the four choices, by their names in `specifications.csv`."""

    estimator: str
    comparison: str
    window: str
    scale: str


@dataclass(frozen=True)
class Comparison:
    """A comparison as a rule for anybody's being treated: the units `pool` that are not treated, cut by `size`.

    pool  (N,) units of the panel that may be compared with, the treated among them
    cut   which of them stay, in the order of size: all, all but the largest, the smaller or the larger half
    """

    pool: Mask
    cut: Literal["", "heaviest", "smaller", "larger"] = ""

    def members(self, treated: Mask, size: NDArray[np.float64]) -> Mask:
        """(R, N) the comparison units where (R, N) are treated; size (N,) orders the units."""
        left = self.pool & ~treated
        if not self.cut:
            return left
        order = np.argsort(size, kind="stable")
        place = np.empty_like(left, dtype=np.int64)
        place[:, order] = np.cumsum(left[:, order], axis=1)  # 1 for the smallest that is left
        count = left.sum(axis=1, keepdims=True)
        if self.cut == "heaviest":
            return left & (place < count)
        half = count // 2
        return left & (place <= half) if self.cut == "smaller" else left & (place > half)


@dataclass(frozen=True)
class Choices:
    """What may be chosen: the panel behind each comparison and window, the outcome on each scale, and the estimators.

    `excluded` holds the estimators of the plan that answer another question, each with the key of its reason.
    """

    study: Study
    panels: dict[str, Panel]
    comparisons: dict[str, Comparison]
    windows: dict[str, tuple[int, int, int]]
    outcomes: dict[str, Outcome]
    methods: dict[str, Method]
    excluded: dict[str, str]
    size: NDArray[np.float64]
    planned: Choice

    def listed(self) -> tuple[list[Choice], int]:
        """The specifications that are tried, in a fixed order, and how many there are without the bound.

        Where there are too many: the plan, all that differ from it in one choice, then so many of the others at equal
        distances in their order.
        """
        every = [choice for choice in self._every() if self._fits(choice)]
        if len(every) <= MOST:
            return every, len(every)
        near = [choice for choice in every if self._apart(choice) <= 1]
        far = [choice for choice in every if self._apart(choice) > 1]
        room = max(MOST - len(near), 0)
        kept = {far[k] for k in np.linspace(0, len(far) - 1, room).round().astype(int)} if room else set()
        return [choice for choice in every if choice in kept or self._apart(choice) <= 1], len(every)

    def panel(self, choice: Choice) -> Panel:
        """The panel with the comparison and the window of a choice, and without exposure where events are only counted."""
        return self.on_scale(self.in_window(self.panels[choice.comparison], choice.window), choice.scale)

    def on_scale(self, panel: Panel, scale: str) -> Panel:
        """The panel as the estimators see it on a scale."""
        name, grid = self.planned_outcome, panel.grids[self.planned_outcome]
        if self.outcomes[scale].exposure or grid.exposure is None:
            return panel
        return replace(panel, grids={**panel.grids, name: replace(grid, exposure=None)})

    def in_window(self, panel: Panel, window: str) -> Panel:
        """The panel in a window; one without the last year before drops it as `anticipation` does."""
        first, last, gap = self.windows[window]
        calendar = panel.grids[self.planned_outcome].calendar
        if window == FULL:
            return panel
        ends = (first, last) if calendar.unit == "index" else (calendar.date(first), calendar.date(last))
        return replace(panel.between(*ends), anticipation=panel.anticipation + gap)

    @property
    def planned_outcome(self) -> str:
        """Id of the primary outcome."""
        return self.study.primary.id

    def _every(self) -> Iterable[Choice]:
        parts = (self.methods, self.panels, self.windows, self.outcomes)
        return (Choice(*one) for one in itertools.product(*parts))

    def _twin(self, choice: Choice) -> bool:
        """Whether a specification gives the same number as another one, by algebra."""
        if choice.estimator in LAST_BEFORE and choice.window == "no_first_year":
            return True
        if choice.scale != "count" or self.planned.scale == "count":
            return False
        if choice.estimator == "wdd":
            return "did" in self.methods
        exposure = self.panels[PLANNED].grids[self.planned_outcome].exposure
        return choice.estimator in RATIO and exposure is not None and is_product(exposure)

    def _apart(self, choice: Choice) -> int:
        names = ("estimator", "comparison", "window", "scale")
        return sum(getattr(choice, name) != getattr(self.planned, name) for name in names)

    def _fits(self, choice: Choice) -> bool:
        method = self.methods[choice.estimator]
        ratio = self.study.primary.kind == "count" and (method.multiplicative or method.counts_only)
        if ratio and choice.scale == "log" and choice != self.planned:
            return False
        if choice != self.planned and self._twin(choice):
            return False
        if choice.estimator not in SLOW:
            return True
        return self._apart(replace(choice, estimator=self.planned.estimator)) <= 1


def choices(study: Study, panel: Panel) -> Choices:
    """Every choice that the plan, the data and the study's own alternatives offer. Raises nothing: what cannot be is absent."""
    estimation, outcome = study.estimation, study.primary
    if estimation is None:
        raise AssertionError
    planned = planned_method(estimation.estimator, outcome)
    methods, excluded = _methods(study, panel, planned)
    comparisons, panels, size = _comparisons(study, panel)
    outcomes = scales(outcome)
    first = Choice(planned.name, PLANNED, FULL, next(iter(outcomes)))
    return Choices(study, panels, comparisons, _windows(study, panel), outcomes, methods, excluded, size, first)


def scales(outcome: Outcome) -> dict[str, Outcome]:
    """The outcome on each scale that its kind allows, the planned one first.

    count: as it is; rate: per exposure; log: the logarithm of what is counted or measured, not of shares; level: as measured.
    """
    plain = outcome.model_copy(update={"transform": "none"})
    found = {"rate": plain, "count": plain.model_copy(update={"exposure": ""})} if outcome.exposure else {"count": plain}
    if outcome.kind != "count":
        found = {"level": plain}
    if outcome.kind != "share":
        found["log"] = outcome.model_copy(update={"transform": "log"})
    name = "log" if outcome.transform == "log" else next(iter(found))
    return {name: outcome, **{key: one for key, one in found.items() if key != name}}


def unit_size(panel: Panel, outcome: str) -> NDArray[np.float64]:
    """(N,) size of each unit before the first start: analysis weight, else exposure, else level."""
    grid = panel.grids[outcome]
    first = max(int(grid.start.min(initial=NEVER)), 1)
    values = next(one for one in (grid.weights, grid.exposure, grid.y) if one is not None)
    found: NDArray[np.float64] = np.nan_to_num(seen_mean(values[:, :first], 1)[:, 0])
    return found


def _methods(study: Study, panel: Panel, planned: Method) -> tuple[dict[str, Method], dict[str, str]]:
    estimation, outcome = study.estimation, study.primary
    start = panel.grids[outcome.id].start[panel.role == "treated"]
    staggered = len(np.unique(start)) > 1
    methods, excluded = {planned.name: planned}, {}
    for name in estimation.also if estimation else ():
        method = ESTIMATORS[name]
        if name in methods or not method.suits(outcome):
            continue
        if name == "event_study":
            excluded[name] = "single_reference"
        elif method.alone and not planned.alone:
            excluded[name] = "alone_reason"
        elif method.common_start_only and staggered:
            excluded[name] = "staggered"
        elif method.estimand == "att_weighted" and study.measure.course != "lasting":
            excluded[name] = "weighted"
        else:
            methods[name] = method
    return methods, excluded


def _comparisons(study: Study, panel: Panel) -> tuple[dict[str, Comparison], dict[str, Panel], NDArray[np.float64]]:
    """Rules and panels: the planned comparison, without its heaviest unit, halves or the study's alternatives, own stratum."""
    size = unit_size(panel, study.primary.id)
    treated = panel.role == "treated"
    own = treated | (panel.role == "comparison")
    rules = {PLANNED: Comparison(own)}
    rules |= {} if panel.one_series else {"without_heaviest": Comparison(own, "heaviest")}
    others = study.robustness.alternative_comparisons
    if not others and (own & ~treated).sum() >= FEWEST_IN_HALVES:
        rules |= {"smaller_half": Comparison(own, "smaller"), "larger_half": Comparison(own, "larger")}
    if panel.strata is not None:
        inside = own & np.isin(panel.strata, panel.strata[treated])
        if (inside != own).any() and (inside & ~treated).sum() > 1:
            rules["same_stratum"] = Comparison(inside)
    panels = {name: _only(panel, rule.members(treated[None], size)[0]) for name, rule in rules.items()}
    for number, other in enumerate(others, start=1):
        try:
            found = load_panel(with_comparison(study, other))
        except UtvarderingError:
            continue  # told by the check alternative_comparisons
        place = {unit: k for k, unit in enumerate(found.units)}
        role = np.array([found.role[place[unit]] if unit in place else "excluded" for unit in panel.units])
        members = np.asarray(role == "comparison")
        name = named(other, number)
        rules[name], panels[name] = Comparison(members | treated), _only(panel, members)
    if panels[PLANNED].not_yet and not (own & ~treated).any():
        rules, panels = {PLANNED: rules[PLANNED]}, {PLANNED: panel}
    return rules, panels, size


def _only(panel: Panel, members: Mask) -> Panel:
    role = np.where(panel.role == "treated", "treated", np.where(members, "comparison", "excluded"))
    return panel.with_roles(np.where(panel.role == "neighbour", "neighbour", role))


def _windows(study: Study, panel: Panel) -> dict[str, tuple[int, int, int]]:
    """First and last period number, and periods left out before the start, of each window."""
    grid = panel.grids[study.primary.id]
    start = grid.start[panel.role == "treated"]
    begins, ends, year = grid.periods[0], grid.periods[-1], grid.calendar.per_year
    before, after = int(start.min()) - panel.anticipation, len(grid.periods) - int(start.max())
    found = {FULL: (begins, ends, 0)}
    if before >= 2 * year and before > 2:  # noqa: PLR2004 -- two periods must be left before
        found["no_first_year"] = (begins + year, ends, 0)
        found["no_last_year"] = (begins, ends, year)
    if after > 1:
        found["half_follow_up"] = (begins, ends - after // 2, 0)
    for first, last in study.robustness.windows:
        one, other = grid.calendar.number(first), grid.calendar.number(last)
        found[f"{grid.calendar.label(one)}..{grid.calendar.label(other)}"] = (one, other, 0)
    return found
