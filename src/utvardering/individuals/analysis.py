"""All that is estimated for one outcome of a cohort: the planned estimate, those beside it, and what missing waves may hide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from utvardering.data.cohort import Cohort
from utvardering.errors import DesignError
from utvardering.estimators.base import RANDOMIZED, Estimate, from_cluster
from utvardering.individuals.effects import Fit, Given, effect
from utvardering.individuals.grouped import leave_one_group_out
from utvardering.individuals.missing import (
    TippingPoint,
    complete_cases,
    followed,
    response_weighted,
    tipping_point,
    with_worst,
)
from utvardering.individuals.overlap import Overlap, logistic_scores, trim
from utvardering.individuals.persons import Arms, Persons, persons_of
from utvardering.individuals.randomized import propensity_strata, randomize, with_both_arms
from utvardering.individuals.single_case import MANY_WAVES, common_starts, single_case
from utvardering.individuals.wild import wild_groups
from utvardering.inference.randomization import PlaceboTest
from utvardering.study.model import Estimation, Outcome

FEW_PERSONS = 20
"""Below so many treated persons nothing but randomization is run: a normal approximation would rest on a handful."""

Handling = Literal["complete", "weighted", "lowest", "highest"]
"""What is done about missing waves: complete cases; response weights; the worst case on either side."""

_Handle = Callable[[Persons], Persons]


@dataclass(frozen=True)
class Found:
    """One estimate and whom it is about.

    given, handling  what was adjusted for (starts: nothing but a person's other waves), and what was done about missing waves
    wave             position of the one wave after the start, -1 for the mean of all of them
    used             persons in the estimate, by arm
    trimmed          persons left out since nobody of the other arm is like them
    missing          persons with a wave missing
    counterfactual   the treated persons' mean after the start had nothing happened
    strata           what changed places: persons within groups or propensities, or starts and persons; empty for the others
    """

    given: Given | Literal["starts"]
    handling: Handling
    wave: int
    estimate: Estimate
    used: Arms
    trimmed: Arms
    missing: Arms
    counterfactual: float
    strata: Literal["", "groups", "propensities", "starts"] = ""


@dataclass(frozen=True)
class Analysis:
    """What was found for one outcome, the planned estimate first; what could not be had, and why."""

    outcome: Outcome
    found: tuple[Found, ...]
    overlap: Overlap
    persons: Persons
    unknown: Arms
    tipping: TippingPoint | None
    refused: tuple[tuple[str, str], ...]

    @property
    def planned(self) -> Found:
        """The one on which the verdict rests."""
        return self.found[0]


def analyse(cohort: Cohort, outcome: Outcome, estimation: Estimation, least: float) -> Analysis:
    """Estimate the effect on the treated, adjusted for the outcome before the start and the covariates.

    `least` is the smallest propensity used. With missing waves the planned estimate is response-weighted, with complete cases
    and worst cases beside it. Change scores, doubly robust difference-in-differences and each wave are beside it too, and
    randomization within groups; beside a wild bootstrap the interval that leaves out groups. With fewer than FEW_PERSONS
    treated nothing but randomization is run: over persons and, with MANY_WAVES on either side of the start, over starts too,
    which is the planned one where persons are too few to tell. Raises DesignError where the planned estimate cannot be had.
    """
    if estimation.inference not in (*RANDOMIZED, "cluster", "wild_bootstrap"):
        others = '"cluster", "wild_bootstrap" or "randomization"'
        msg = f'inference = "{estimation.inference}" is not available for persons; write {others}'
        raise DesignError(msg)
    persons, unknown = persons_of(cohort, outcome.id)
    overlap = trim(persons.treated, persons.features, least)
    if not _both(overlap.kept & persons.treated, overlap.kept & ~persons.treated):
        msg = (
            f"{outcome.id}: no treated and comparison persons are alike: an arm has nobody with a propensity from "
            f"{least:g} to {1 - least:g}; find comparison persons more like the treated"
        )
        raise DesignError(msg)
    runs = _Runs(persons, overlap, outcome, estimation)
    few = int(persons.treated.sum()) < FEW_PERSONS
    randomized = few or estimation.inference in RANDOMIZED
    wild = not randomized and estimation.inference == "wild_bootstrap"
    many = few and min(cohort.last_before + 1, len(cohort.waves) - cohort.last_before - 1) >= MANY_WAVES
    found: list[Found] = []
    refused: list[tuple[str, str]] = []
    try:
        found = [runs.randomized() if randomized else runs.wild() if wild else runs.clustered("baseline", runs.handling)]
    except DesignError as fault:
        if not many:
            msg = f"{outcome.id}: {fault.message}"
            raise DesignError(msg) from fault
        refused = [("randomization", fault.message)]
    if many:
        try:
            found.append(over_starts(cohort, outcome.id, estimation))
        except DesignError as fault:
            refused.append(("starts", fault.message))
    if not found:
        msg = f"{outcome.id}: {'; '.join(reason for _, reason in refused)}"
        raise DesignError(msg)
    planned = found[0]
    for name, run in runs.beside(randomized=randomized, wild=wild, few=few):
        try:
            found.append(run())
        except DesignError as fault:
            refused.append((name, fault.message))
    tipping = tipping_point(persons, planned.estimate.ci_low, planned.estimate.ci_high)
    return Analysis(outcome, tuple(found), overlap, persons, unknown, tipping, tuple(refused))


def over_starts(cohort: Cohort, outcome: str, estimation: Estimation) -> Found:
    """The single-case test over starts and persons, who change places within their group where most treated can.

    Everyone measured on both sides of the start is in it, whatever else is known of them; waves not measured are left out.
    """
    values, first = cohort.outcomes[outcome], cohort.last_before + 1
    known = np.isfinite(values)
    there = known[:, :first].any(axis=1) & known[:, first:].any(axis=1)
    values, treated, group = values[there], cohort.treated[there], cohort.group[there]
    if not treated.any():
        msg = "no treated person was measured both before and after the start"
        raise DesignError(msg)
    by_group = with_both_arms(group, treated)[treated].mean() > 0.5  # noqa: PLR2004 -- most of the treated
    strata = group if by_group else np.zeros(len(group), dtype=np.int64)
    ways, exact = common_starts(treated, strata, values.shape[1], first, np.random.default_rng(estimation.seed))
    found = single_case(values, ways, exact=exact, level=estimation.level)
    return Found(
        given="starts",
        handling="complete",
        wave=-1,
        estimate=_randomized(found.test, found.estimate, "att", estimation),
        used=Arms.count(treated, np.ones(len(treated), dtype=bool)),
        trimmed=Arms(0, 0),
        missing=Arms(0, 0),
        counterfactual=float(np.nanmean(values[treated, first:], axis=1).mean()) - found.estimate,
        strata="starts",
    )


def _randomized(test: PlaceboTest, estimate: float, estimand: str, estimation: Estimation) -> Estimate:
    return Estimate(
        estimand=estimand,
        scale="difference",
        estimate=estimate,
        std_error=test.std_error,
        ci_low=test.ci_low,
        ci_high=test.ci_high,
        inner_low=test.inner_low,
        inner_high=test.inner_high,
        p_value=test.p_value,
        inference=next((name for name in RANDOMIZED if name == estimation.inference), RANDOMIZED[0]),
        p_smallest=test.p_smallest,
        note=test.note,
        statistics=test.statistics,
    )


def _both(one: np.ndarray, other: np.ndarray) -> bool:
    return bool(one.any() and other.any())


@dataclass(frozen=True)
class _Runs:
    """One outcome's persons and what may be run on them."""

    persons: Persons
    overlap: Overlap
    outcome: Outcome
    estimation: Estimation

    @property
    def handling(self) -> Handling:
        """Response weights where anybody is missing."""
        return "complete" if followed(self.persons).all() else "weighted"

    def beside(self, *, randomized: bool, wild: bool, few: bool) -> Iterator[tuple[str, Callable[[], Found]]]:
        """Names and runs of what stands beside the planned estimate."""
        if not few:
            if randomized or wild:
                yield "baseline", lambda: self.clustered("baseline", self.handling)
            yield "covariates", lambda: self.clustered("covariates", self.handling)
            yield "nothing", lambda: self.clustered("nothing", self.handling)
            if self.handling == "weighted":
                yield "complete", lambda: self.clustered("baseline", "complete")
                yield "lowest", lambda: self.clustered("baseline", "lowest")
                yield "highest", lambda: self.clustered("baseline", "highest")
            for wave in range(self.persons.after.shape[1] if self.persons.after.shape[1] > 1 else 0):
                yield f"wave {wave}", lambda wave=wave: self.clustered("baseline", self.handling, wave)  # type: ignore[misc]
        if not randomized:
            yield "randomization", self.randomized

    def clustered(self, given: Given, handling: Handling, wave: int = -1) -> Found:
        """Leave-one-group-out inference, trimmed to the overlap unless nothing is adjusted for."""
        every = self.persons if wave < 0 else self.persons.wave(wave)
        trimmed = Arms(0, 0)
        if given != "nothing":
            every, trimmed = every.take(self.overlap.kept), self.overlap.outside
        handle = self._handle(handling, every)
        fit: Fit = lambda some: effect(handle(some), given)  # noqa: E731 -- a name for what is done anew without each group
        estimate, test = leave_one_group_out(every, fit, self.estimation.level)
        used = handle(every)
        estimand = "att_overlap" if trimmed.treated else "att"
        return Found(
            given=given,
            handling=handling,
            wave=wave,
            estimate=from_cluster(test, estimand=estimand, scale="difference", estimate=estimate),
            used=used.arms,
            trimmed=trimmed,
            missing=Arms.count(every.treated, ~followed(every)),
            counterfactual=_counterfactual(used, estimate),
        )

    def wild(self) -> Found:
        """The planned estimate with the wild bootstrap over groups, trimmed to the overlap."""
        every = self.persons.take(self.overlap.kept)
        used = self._handle(self.handling, every)(every)
        rng = np.random.default_rng(self.estimation.seed)
        estimate, found = wild_groups(used, "baseline", rng, level=self.estimation.level)
        estimand = "att_overlap" if self.overlap.outside.treated else "att"
        row = from_cluster(found.test, estimand=estimand, scale="difference", estimate=estimate, note=found.note)
        return Found(
            given="baseline",
            handling=self.handling,
            wave=-1,
            estimate=replace(row, inference="wild_bootstrap", p_smallest=found.p_smallest),
            used=used.arms,
            trimmed=self.overlap.outside,
            missing=Arms.count(every.treated, ~followed(every)),
            counterfactual=_counterfactual(used, estimate),
        )

    def randomized(self) -> Found:
        """Complete cases, re-assigned within groups, or within propensities where no group has both arms."""
        persons = complete_cases(self.persons)
        both = with_both_arms(persons.group, persons.treated)
        by_group = bool(both.any()) and both[persons.treated].mean() > 0.5  # noqa: PLR2004 -- most of the treated
        if by_group:
            strata = persons.group
        else:
            score = logistic_scores(persons.treated, persons.features)
            strata = propensity_strata(score, persons.treated)
        rng = np.random.default_rng(self.estimation.seed)
        columns = persons.features if len(persons.treated) > 3 * persons.features.shape[1] + FEW_PERSONS else persons.baseline
        found = randomize(persons, strata, columns.reshape(len(persons.treated), -1), rng, level=self.estimation.level)
        used = persons.take(found.used)
        return Found(
            given="baseline",
            handling="complete",
            wave=-1,
            estimate=_randomized(found.test, found.estimate, "att_within", self.estimation),
            used=used.arms,
            trimmed=Arms(0, 0),
            missing=Arms.count(self.persons.treated, ~followed(self.persons)),
            counterfactual=_counterfactual(used, found.estimate),
            strata="groups" if by_group else "propensities",
        )

    def _handle(self, handling: Handling, every: Persons) -> _Handle:
        if handling == "complete":
            return complete_cases
        if handling == "weighted":
            return response_weighted
        limits = self.limits(every)
        side = 0 if handling == "lowest" else 1
        return lambda some: with_worst(some, limits)[side]

    def limits(self, every: Persons) -> tuple[float, float]:
        """Smallest and largest value that the outcome can have: of a share 0 and 1, else those seen, from 0 for counts."""
        if self.outcome.kind == "share":
            return 0.0, 1.0
        seen = np.column_stack([every.baseline, every.after])
        least = 0.0 if self.outcome.kind in {"count", "rate"} else float(np.nanmin(seen))
        return least, float(np.nanmax(seen))


def _counterfactual(used: Persons, estimate: float) -> float:
    mean = np.average(used.after.mean(axis=1)[used.treated], weights=used.weights[used.treated])
    return float(mean - estimate)
