"""Would another start, or another person, have shown as much? For a handful of persons measured many times.

With three treated persons of six no test over persons can reach 5 %. Where each is measured in many waves the start may be
re-assigned too: Edgington's randomization test for single cases (Edgington & Onghena 2007, Randomization Tests, 4th ed.),
over persons and starts (Wampold & Worsham 1986, Behav. Assess. 8:135: given starts handed out to persons), with the
interval that holds every effect that is not rejected (Michiels et al. 2017, Behav. Res. Methods 49:363). It is exact whatever
the dependence between waves if the start and who got the measure were drawn; else it is a placebo test.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.errors import DesignError
from utvardering.inference.randomization import TIE, PlaceboTest, studentised_placebo_test
from utvardering.inference.reassignment import DRAWS, ENUMERATE_UP_TO, reassign

MANY_WAVES = 8
"""Waves that every start tried leaves on either side: with fewer a mean over waves is itself mostly noise."""
NEVER = -1
"""Start of a person without the measure."""

_CELLS = 2_000_000  # ways × cells held at once: 16 MB


@dataclass(frozen=True)
class SingleCase:
    """A randomization test over starts and persons.

    estimate  effect that sets in at the start and lasts, the same for all, less what all changed by where that can be told
    test      its p-value and intervals
    exact     whether every way was listed
    n_ways    ways to hand out the measure, the actual one among them
    """

    estimate: float
    test: PlaceboTest
    exact: bool
    n_ways: int


def common_starts(
    treated: NDArray[np.bool_], strata: NDArray[np.int64], waves: int, start: int, rng: np.random.Generator, draws: int = DRAWS
) -> tuple[NDArray[np.int64], bool]:
    """(R, P) starts with one start for all, the actual one first, and whether all are listed.

    Every start that leaves MANY_WAVES on either side, with every way to pick as many treated persons within (P,) strata.
    """
    tried = [start, *(at for at in range(MANY_WAVES, waves - MANY_WAVES + 1) if at != start)]
    profile = np.where(treated, 0, -1).astype(np.intp)
    picks = reassign(profile, rng, strata=strata, draws=draws, enumerate_up_to=ENUMERATE_UP_TO // len(tried))
    chosen = np.zeros((len(picks.units), len(treated)), dtype=bool)
    np.put_along_axis(chosen, picks.units, values=True, axis=1)
    if picks.exact:
        return np.concatenate([np.where(chosen, at, NEVER) for at in tried]), True
    at = np.array(tried)[rng.integers(len(tried), size=len(chosen))]
    at[0] = start
    return np.where(chosen, at[:, None], NEVER), False


def handed_out(start: NDArray[np.int64], rng: np.random.Generator, draws: int = DRAWS) -> tuple[NDArray[np.int64], bool]:
    """(R, P) starts, those of (P,) handed out to the persons in every other way, and whether all are listed.

    NEVER counts as a start, so that persons without the measure change places too.
    """
    counts = np.unique(start, return_counts=True)[1]
    if math.factorial(len(start)) // math.prod(math.factorial(int(count)) for count in counts) <= ENUMERATE_UP_TO:
        listed = np.array(list(_orders(start.tolist())), dtype=np.int64)
        return np.concatenate([start[None, :], listed[(listed != start).any(axis=1)]]), True
    return np.concatenate([start[None, :], rng.permuted(np.tile(start, (draws, 1)), axis=1)]), False


def _orders(values: list[int]) -> Iterator[list[int]]:
    """Every distinct order of the values."""
    if not values:
        yield []
        return
    for first in sorted(set(values)):
        rest = values.copy()
        rest.remove(first)
        yield from ([first, *tail] for tail in _orders(rest))


def single_case(values: NDArray[np.float64], ways: NDArray[np.int64], *, exact: bool, level: float) -> SingleCase:
    """Test of no effect on (P, W) values, NaN where a person was not measured, over (R, P) ways, the actual one first.

    The statistic is the coefficient of the measure beside an effect of each person and wave, divided by its standard
    deviation under equal noise; without comparison persons or own starts the waves' effects cannot be told from the
    measure and are left out. Raises DesignError where the ways cannot reach the level, and where nothing is left to compare.
    """
    known = np.isfinite(values)
    person, wave = np.nonzero(known)
    y = values[known]
    by_wave = len(np.unique(ways[0])) > 1
    q = _basis(person, wave, by_wave=by_wave)
    rest = _under(ways[:1], person, wave)[0]
    rest = rest - q @ (q.T @ rest)
    noise = y - q @ (q.T @ y)
    if rest @ rest <= TIE * len(y):
        msg = "nobody was measured both before and after the start, so nothing can be compared; add waves"
        raise DesignError(msg)
    score, slope, size = np.empty(len(ways)), np.empty(len(ways)), np.empty(len(ways))
    step = max(_CELLS // len(y), 1)
    for first in range(0, len(ways), step):
        part = slice(first, first + step)
        under = _under(ways[part], person, wave)
        score[part], slope[part] = under @ noise, under @ rest
        size[part] = np.sqrt(np.maximum((under**2).sum(axis=1) - ((under @ q) ** 2).sum(axis=1), 0.0))
    empty = size <= np.sqrt(TIE * len(y))  # a way that nothing can be told under shows nothing
    size[empty], score[empty], slope[empty] = 1.0, 0.0, 0.0
    shows = np.abs(slope / size)
    smallest = float(np.mean(shows >= shows[0] * (1 - TIE)))  # as where the measure is all there is to see
    if smallest > 1 - level + 1e-12:  # rounding of 1 − level
        msg = (
            f"so few starts and persons give no p-value below {smallest:.3f}, so level {level:g} cannot be reached; "
            "more waves or more persons are needed"
        )
        raise DesignError(msg)
    test = studentised_placebo_test(score, slope, size, max(smallest, 1 / len(ways)), level)
    return SingleCase(float(score[0] / slope[0]), test, exact, len(ways))


def _under(ways: NDArray[np.int64], person: NDArray[np.intp], wave: NDArray[np.intp]) -> NDArray[np.float64]:
    """(r, n) whether the measure has begun in each cell."""
    start = ways[:, person]
    return ((start != NEVER) & (wave >= start)).astype(np.float64)


def _basis(person: NDArray[np.intp], wave: NDArray[np.intp], *, by_wave: bool) -> NDArray[np.float64]:
    """(n, K) orthonormal columns of the effects of persons, and of waves."""
    columns = [person[:, None] == np.unique(person)]
    columns += [wave[:, None] == np.unique(wave)] if by_wave else []
    left, sizes, _ = np.linalg.svd(np.column_stack(columns).astype(np.float64), full_matrices=False)
    return np.asarray(left[:, sizes > TIE * sizes[0]])
