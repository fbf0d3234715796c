"""Which other units could have got the measure? All re-assignments where they can be listed, else seeded draws."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

ENUMERATE_UP_TO = 20_000
DRAWS = 9_999
_SORTED_UP_TO = 500  # units: beyond, sorting random numbers for all of them costs more than picking row by row


@dataclass(frozen=True)
class Reassignments:
    """Row r says which unit carries which treatment profile in re-assignment r; row 0 is what was actually done.

    units       (R, n) unit carrying the profile of column j
    profiles    (n,) profile of column j
    exact       every re-assignment that the design allows is listed
    p_smallest  the smallest p-value that a two-sided test over them can reach
    """

    units: NDArray[np.intp]
    profiles: NDArray[np.intp]
    exact: bool
    p_smallest: float

    @cached_property
    def by_profile(self) -> tuple[tuple[int, NDArray[np.intp]], ...]:
        """Each profile with the (R, n_g) units that carry it."""
        kinds = np.unique(self.profiles)
        return tuple((int(g), np.ascontiguousarray(self.units[:, self.profiles == g])) for g in kinds)

    def total(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """(R,) sum over the units of each re-assignment of (N,) values, or of (N, G) values under the profile they carry."""
        total = np.zeros(len(self.units))
        for g, units in self.by_profile:
            column = values if values.ndim == 1 else np.ascontiguousarray(values[:, g])
            total += column[units].sum(axis=1)
        return total


def reassign(
    profile: NDArray[np.intp],
    rng: np.random.Generator,
    *,
    strata: NDArray[np.int64] | None = None,
    draws: int = DRAWS,
    enumerate_up_to: int | None = None,
) -> Reassignments:
    """All permutations of the treatment profiles over units (within strata), or `draws` of them and the actual one.

    profile: (N,) profile of each unit, −1 for the untreated. With one profile and n treated of N there are C(N, n)
    re-assignments; with several the multinomial number; with strata the product over strata. They are listed up to
    `enumerate_up_to`: ENUMERATE_UP_TO with the usual DRAWS, and in proportion where fewer draws are asked for.
    """
    if enumerate_up_to is None:
        enumerate_up_to = ENUMERATE_UP_TO * (draws + 1) // (DRAWS + 1)
    strata = np.zeros(len(profile), dtype=np.int64) if strata is None else strata
    blocks = [np.flatnonzero(strata == code) for code in np.unique(strata[profile >= 0])]
    actual = np.concatenate([block[profile[block] >= 0] for block in blocks])
    profiles = profile[actual]
    count = math.prod(_count(profile[block]) for block in blocks)
    p_exact = smallest_p(profile, strata)
    if count <= enumerate_up_to:
        listed = _enumerate([(block, profile[block]) for block in blocks])
        first = (listed == actual).all(axis=1)
        units = np.concatenate([actual[None, :], listed[~first]])
        return Reassignments(units, profiles, exact=True, p_smallest=p_exact)
    units = np.empty((draws + 1, len(actual)), dtype=np.intp)
    units[0] = actual
    column = 0
    for block in blocks:
        width = int((profile[block] >= 0).sum())
        units[1:, column : column + width] = block[_pick(len(block), width, draws, rng)]
        column += width
    return Reassignments(units, profiles, exact=False, p_smallest=max(p_exact, 1 / (draws + 1)))


def _pick(n_units: int, width: int, draws: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """(draws, width) ordered picks without replacement, all equally probable.

    Few of many: picks with replacement, those with a repeat drawn again. Else the order of random numbers, or, where there
    are too many units for that, one row at a time.
    """
    if width**2 > n_units and n_units <= _SORTED_UP_TO:
        return np.argsort(rng.random((draws, n_units)), axis=1)[:, :width]
    if width**2 > n_units:
        return np.array([rng.choice(n_units, width, replace=False) for _ in range(draws)], dtype=np.intp)
    picked = rng.integers(n_units, size=(draws, width))
    while True:
        ordered = np.sort(picked, axis=1)
        again = (ordered[:, 1:] == ordered[:, :-1]).any(axis=1)
        if not again.any():
            return picked.astype(np.intp)
        picked[again] = rng.integers(n_units, size=(int(again.sum()), width))


def smallest_p(profile: NDArray[np.intp], strata: NDArray[np.int64] | None = None) -> float:
    """The smallest p-value that a two-sided test over all re-assignments can reach; arguments as in `reassign`."""
    strata = np.zeros(len(profile), dtype=np.int64) if strata is None else strata
    blocks = [np.flatnonzero(strata == code) for code in np.unique(strata[profile >= 0])]
    return (2 if _mirrored(profile, blocks) else 1) / math.prod(_count(profile[block]) for block in blocks)


def _count(profile: NDArray[np.intp]) -> int:
    """Distinct ways to hand out the profiles of one stratum to its units."""
    left, ways = len(profile), 1
    for size in Counter(profile[profile >= 0].tolist()).values():
        ways *= math.comb(left, size)
        left -= size
    return ways


def _mirrored(profile: NDArray[np.intp], blocks: list[NDArray[np.intp]]) -> bool:
    """Whether treated and untreated can change places, so that every |statistic| occurs twice."""
    if sum(map(len, blocks)) < len(profile):
        return False  # units of strata without treated ones stay on one side
    return len(np.unique(profile[profile >= 0])) == 1 and all(2 * (profile[block] >= 0).sum() == len(block) for block in blocks)


def _enumerate(parts: list[tuple[NDArray[np.intp], NDArray[np.intp]]]) -> NDArray[np.intp]:
    """(R, n) all assignments; columns in the order of the actual treated units of each stratum."""
    listed = [list(_hand_out(block, profile)) for block, profile in parts]
    return np.array([np.concatenate(choice) for choice in itertools.product(*listed)], dtype=np.intp)


def _hand_out(block: NDArray[np.intp], profile: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    labels = profile[profile >= 0]
    kinds = list(dict.fromkeys(labels.tolist()))

    def fill(rest: list[int], todo: list[int], chosen: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
        if not todo:
            yield chosen.copy()
            return
        columns = np.flatnonzero(labels == todo[0])
        for pick in itertools.combinations(rest, len(columns)):
            chosen[columns] = pick
            left = [unit for unit in rest if unit not in pick] if len(todo) > 1 else []
            yield from fill(left, todo[1:], chosen)

    yield from fill(block.tolist(), kinds, np.empty(len(labels), dtype=np.intp))
