"""How often do sign and conclusion change, had another sound analysis been planned? A specification curve with one joint test.

Every specification gives an effect in percent of what the treated would have had, with its interval (Simonsohn, Simmons &
Nelson 2020, *Nature Human Behaviour* 4:1208). They are no independent studies: they use the same data, so that only the joint
test says how surprising the whole curve is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Panel, Sample
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, Job
from utvardering.estimators.comparable import OF_PLACEBOS, without_comparable
from utvardering.estimators.effects import effect_size
from utvardering.estimators.estimate import planned_job
from utvardering.estimators.registry import Method
from utvardering.inference.reassignment import Reassignments, reassign
from utvardering.robustness.base import Doubt, RobustnessRow, SpecificationRow, on_planned_scale, unanswered
from utvardering.robustness.joint_test import JointTest, UnitEffects, joint_test, studentised_contrasts, treated_by_draw
from utvardering.robustness.specifications import MOST, PLANNED, SLOW, Choice, Choices, choices
from utvardering.robustness.unit_effects import PLAIN, unit_effects
from utvardering.wording import percent, say
from utvardering.wording.refusals import in_words

CHECK = "specification_curve"

DRAWS, FEW_DRAWS = 999, 99
"""Re-assignments for an interval and for the joint test, and for the interval of an estimator that fits each anew."""

SAME_SIGN, SAME_CONCLUSION = 0.9, 0.5
"""Share of the specifications that must have the planned sign, and that must reach the planned conclusion on no effect."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tried:
    """One specification: its effect in percent with interval and p-value, whether its interval can exclude 0, its statistics.

    statistics: (R,) studentised placebo statistics of the estimator's own test, None where there are none; missing: whether a
    cell was missing; fault: why there is no estimate, else empty.
    """

    choice: Choice
    estimate: float
    low: float
    high: float
    p_value: float
    concludes: bool
    n_units: int = 0
    statistics: Floats | None = None
    missing: bool = False
    fault: str = ""

    @property
    def conclusion(self) -> int:
        """Side of zero on which the interval lies wholly; 0 where it holds zero."""
        return int(self.low > 0) - int(self.high < 0)


def specification_curve(doubt: Doubt) -> Iterator[RobustnessRow | SpecificationRow]:
    """The specifications in order of size, and three rows: `sign`, `conclusion` and `joint`.

    `sign` passes where at least nine in ten have the planned sign, `conclusion` where more than half reach the planned
    conclusion and none the opposite one, `joint` where the joint test agrees with the planned conclusion. Without a planned
    effect `sign` is not evaluated.
    """
    offered = choices(doubt.study, doubt.panel)
    listed, count = offered.listed()
    tried = [_tried(doubt, offered, choice) for choice in listed]
    answered = sorted((one for one in tried if not one.fault), key=lambda one: (one.estimate, one.choice))
    test, inside = together(doubt, offered, answered)
    yield from _table(doubt, offered, [*answered, *(one for one in tried if one.fault)], inside)
    if len(answered) <= 1:
        fault = DesignError(say(doubt.study.report.language, "robustness", "curve_alone"))
        yield from (unanswered(doubt, CHECK, variant, fault) for variant in ("sign", "conclusion", "joint"))
        return
    yield _sign(doubt, answered, count)
    yield _conclusion(doubt, answered)
    yield _together(doubt, answered, test, offered)


def _tried(doubt: Doubt, offered: Choices, choice: Choice) -> Tried:
    if choice == offered.planned:
        row = doubt.planned
        able = not row.p_smallest > 1 - row.level
        own = Tried(choice, row.effect_percent, row.effect_percent_low, row.effect_percent_high, row.p_value, able)
        if choice.estimator in SLOW:
            return own
        with suppress(DesignError):  # its statistics over as many re-assignments as the others have
            again = _estimated(doubt, offered, choice)
            own = replace(own, n_units=again.n_units, statistics=again.statistics, missing=again.missing)
        return own
    try:
        return _estimated(doubt, offered, choice)
    except DesignError as fault:
        return Tried(choice, *(math.nan,) * 4, concludes=False, fault=in_words(fault.message, doubt.study.report.language))


def _estimated(doubt: Doubt, offered: Choices, choice: Choice) -> Tried:
    method, outcome = offered.methods[choice.estimator], offered.outcomes[choice.scale]
    job = planned_job(doubt.study, offered.panel(choice), method, outcome)
    asked = doubt.estimation.inference
    inference = asked if method.has(asked) else method.inferences[0]
    if inference in OF_PLACEBOS and doubt.study.measure.assignment != "lottery":
        for alone in without_comparable(job.sample, counts=outcome.kind == "count")[:1]:
            raise DesignError(f"{outcome.id}: {alone.reason()}")  # noqa: TRY003, EM102 -- one sentence, written there
    others = job.others if choice.estimator == "balanced_weights" else ()
    draws = FEW_DRAWS if choice.estimator in SLOW else DRAWS
    job = replace(job, inferences=(inference,), others=others, draws=draws)

    def work() -> dict[str, Any]:
        return _numbers(job, method, kept=choice.comparison == PLANNED and choice.estimator not in PLAIN)

    found = doubt.kept.value("specification", (method.name, job, choice.comparison == PLANNED), work)
    if not math.isfinite(found["estimate"]):
        msg = f"{outcome.id}: the effect has no size in percent, since the treated would have had nothing"
        raise DesignError(msg)
    statistics = None if found["statistics"] is None else np.array(found["statistics"])
    numbers = (found["estimate"], found["low"], found["high"], found["p_value"])
    return Tried(choice, *numbers, found["concludes"], len(job.sample.units), statistics, bool(np.isnan(job.sample.y).any()))


def _numbers(job: Job, method: Method, *, kept: bool) -> dict[str, Any]:
    """The effect of a job in percent, and its placebo statistics where they are to be kept."""
    found = next(row for row in method.run(job).estimates if row.estimand == method.estimand)
    size = found.size or effect_size(job.sample, job.outcome, found.estimate, found.scale)
    randomized = found.inference in RANDOMIZED
    return {
        "estimate": size.percent(found.estimate),
        "low": size.percent(found.ci_low),
        "high": size.percent(found.ci_high),
        "p_value": float(found.p_value),
        "concludes": not (randomized and found.p_smallest > 1 - job.estimation.level),
        "statistics": None if not (kept and randomized) or found.statistics is None else found.statistics.tolist(),
    }


def together(doubt: Doubt, offered: Choices, tried: list[Tried]) -> tuple[JointTest | None, set[Choice]]:
    """The joint test of specifications and which of them are in it; None where fewer than two are. No estimate is looked at."""
    pools = np.any([rule.pool for rule in offered.comparisons.values()], axis=0)
    role = np.where(doubt.panel.role == "treated", "treated", np.where(pools, "comparison", "excluded"))
    wide = doubt.panel.with_roles(role)
    try:
        whole = wide.sample(doubt.outcome.id)
    except DesignError:
        return None, set()
    kept = np.isin(np.array(wide.units), np.array(whole.units))
    drawn = offered.comparisons[PLANNED].pool[kept]
    draws = _draws(doubt, whole, drawn)
    treated = treated_by_draw(draws, len(whole.units))
    members = {
        name: replace(rule, pool=rule.pool[kept]).members(treated, offered.size[kept])
        for name, rule in offered.comparisons.items()
    }
    effects: dict[tuple[str, str, str], UnitEffects | None] = {}
    statistics, inside = [], set()
    for one in tried:
        choice = one.choice
        key = (choice.estimator, choice.window, choice.scale)
        if key not in effects:
            panel = offered.on_scale(offered.in_window(wide, choice.window), choice.scale)
            effects[key] = _effects(doubt, offered, choice, panel, whole)
        found = effects[key]
        values = None
        if found is not None:
            values = studentised_contrasts(found, draws, members[choice.comparison])
        elif choice.comparison == PLANNED and one.n_units == drawn.sum() and not one.missing:
            values = one.statistics  # over the same draws, since the units and the seed are the same
        if values is not None and len(values) == len(draws.units) and np.isfinite(values).all() and np.any(values != 0):
            statistics.append(values)
            inside.add(choice)
    if len(statistics) <= 1:
        return None, set()
    return joint_test(statistics, doubt.estimation.level, draws.p_smallest), inside


def _draws(doubt: Doubt, whole: Sample, drawn: NDArray[np.bool_]) -> Reassignments:
    """Starts dealt to the units of the planned comparison and the treated ones, within strata."""
    profile = np.full(len(whole.units), -1, dtype=np.intp)
    profile[whole.treated] = np.unique(whole.start[whole.treated], return_inverse=True)[1]
    strata = np.zeros(len(profile), dtype=np.int64) if whole.strata is None else whole.strata
    rng = np.random.default_rng(doubt.estimation.seed)
    return reassign(profile, rng, strata=np.where(drawn, strata, strata.max() + 1), draws=DRAWS)


def _effects(doubt: Doubt, offered: Choices, choice: Choice, panel: Panel, whole: Sample) -> UnitEffects | None:
    try:
        sample = panel.sample(doubt.outcome.id)
    except DesignError:
        return None
    if sample.units != whole.units or not np.array_equal(sample.treated, whole.treated):
        return None
    return unit_effects(sample, offered.outcomes[choice.scale], doubt.estimation, choice.estimator)


def _table(doubt: Doubt, offered: Choices, tried: list[Tried], inside: set[Choice]) -> Iterator[SpecificationRow]:
    """A row per specification, then one per estimator of the plan that answers another question."""
    plan = next(one for one in tried if one.choice == offered.planned)
    language = doubt.study.report.language
    for number, one in enumerate(tried, start=1):
        choice = one.choice
        same_sign = same_conclusion = None
        note = one.fault
        if not one.fault:
            same_sign = one.estimate * plan.estimate > 0
            same_conclusion = one.conclusion == plan.conclusion if one.concludes else None
            notes = [] if choice in inside else [_why_outside(doubt, choice)]
            notes += [] if one.concludes else [say(language, "robustness", "curve_no_conclusion")]
            note = " ".join(notes)
        yield SpecificationRow(
            doubt.study.id,
            doubt.outcome.id,
            number,
            choice == offered.planned,
            choice.estimator,
            choice.comparison,
            choice.window,
            choice.scale,
            one.estimate,
            one.low,
            one.high,
            one.p_value,
            same_sign,
            same_conclusion,
            note,
        )
    nan = math.nan
    for number, (name, reason) in enumerate(offered.excluded.items(), start=len(tried) + 1):
        text = say(language, "robustness", f"curve_{reason}")
        row = (number, False, name, "", "", "", nan, nan, nan, nan, None, None, text)
        yield SpecificationRow(doubt.study.id, doubt.outcome.id, *row)


def _why_outside(doubt: Doubt, choice: Choice) -> str:
    key = "curve_slow" if choice.estimator in SLOW else "curve_outside"
    return say(doubt.study.report.language, "robustness", key)


def _sign(doubt: Doubt, tried: list[Tried], count: int) -> RobustnessRow:
    """How many specifications have the planned sign."""
    language = doubt.study.report.language
    values = [one.estimate for one in tried]
    same = sum(value * doubt.planned.effect_percent > 0 for value in values)
    share = same / len(values)
    found = _concluded(doubt)
    verdict = "not_evaluated" if not found else "pass" if share >= SAME_SIGN else "fail"
    low, middle, high = (doubt.said(value / 100) for value in (values[0], float(np.median(values)), values[-1]))
    text = say(language, "robustness", "curve_sign", same=same, count=len(values), low=low, median=middle, high=high)
    if count > MOST:
        text += " " + say(language, "robustness", "curve_many", count=count, most=len(tried))
    return _row(doubt, "sign", share, math.nan, verdict, text)


def _conclusion(doubt: Doubt, tried: list[Tried]) -> RobustnessRow:
    """How many specifications that can conclude reach the planned conclusion."""
    language = doubt.study.report.language
    able = [one.conclusion for one in tried if one.concludes]
    if not able:
        text = say(language, "robustness", "curve_no_conclusion")
        return _row(doubt, "conclusion", math.nan, math.nan, "not_evaluated", text)
    plan = _side(doubt)
    same = sum(one == plan for one in able)
    opposite = sum(one == -plan for one in able) if plan else 0
    verdict = "pass" if same > SAME_CONCLUSION * len(able) and not opposite else "fail"
    key = f"curve_conclusion_{'effect' if plan else 'none'}"
    text = say(language, "robustness", key, same=same, count=len(able))
    if opposite:
        text += " " + say(language, "robustness", "curve_opposite", count=opposite)
    return _row(doubt, "conclusion", same / len(able), math.nan, verdict, text)


def _together(doubt: Doubt, tried: list[Tried], test: JointTest | None, offered: Choices) -> RobustnessRow:
    """The joint test: passes where it finds what the plan found, or nothing where the plan found nothing."""
    language, alpha = doubt.study.report.language, 1 - doubt.estimation.level
    if test is None:
        return _row(doubt, "joint", math.nan, math.nan, "not_evaluated", say(language, "robustness", "curve_no_test"))
    middle = on_planned_scale(doubt.planned, float(np.median([one.estimate for one in tried])))
    found = test.median_p <= alpha
    if test.p_smallest > alpha:
        verdict, key = "not_evaluated", "curve_joint_floor"
    else:
        agrees = found == _concluded(doubt) and (not found or test.sign * doubt.planned.estimate > 0)
        verdict, key = "pass" if agrees else "fail", "curve_joint"
    kind = "lottery" if doubt.study.measure.assignment == "lottery" else "placebo"
    text = say(
        language,
        "robustness",
        key,
        p=_chance(test.median_p, language),
        sign=_chance(test.sign_p, language),
        significant=_chance(test.significant_p, language),
        floor=_chance(test.p_smallest, language),
        inside=test.count,
        count=len(tried),
        kind=say(language, "robustness", f"curve_{kind}"),
    )
    if offered.excluded:
        text += " " + say(language, "robustness", "curve_excluded", list=", ".join(offered.excluded))
    return _row(doubt, "joint", middle, test.median_p, verdict, text)


def _chance(p_value: float, language: str) -> str:
    return percent(p_value, language, 1)


def _side(doubt: Doubt) -> int:
    return int(doubt.planned.ci_low > 0) - int(doubt.planned.ci_high < 0)


def _concluded(doubt: Doubt) -> bool:
    return _side(doubt) != 0


def _row(doubt: Doubt, variant: str, estimate: float, p_value: float, verdict: str, text: str) -> RobustnessRow:
    nan = math.nan
    numbers = (estimate, nan, nan, p_value)
    return RobustnessRow(doubt.study.id, doubt.outcome.id, doubt.planned.estimator, CHECK, variant, *numbers, verdict, text)
