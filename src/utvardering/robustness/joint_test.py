"""Would the whole curve have looked like this, had other units got the measure? One test of many specifications at once.

The starts are dealt to other units by the same draws for every specification, and every specification is computed again with
its own rule for the comparison (Simonsohn, Simmons & Nelson 2020, step 3, with the re-assignments of a placebo test in place of
shuffled or simulated outcomes). The statistic of a specification is the mean of the unit effects of those who carry the measure
less that of those they are held against, over its predicted standard deviation, so that loud specifications do not decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.inference.randomization import TIE
from utvardering.inference.reassignment import Reassignments

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class UnitEffects:
    """What each of N units shows when it carries each of G treatment profiles, no unit being singled out.

    effect    (N, G) change of the unit from before to after, or the log ratio of its count after to what it lets expect
    mass      (N, G) what it counts for in a mean
    variance  (N, G) predicted noise variance of the effect
    cells     (G,) periods under the measure: the weight of a unit with that profile
    """

    effect: Array
    mass: Array
    variance: Array
    cells: Array


@dataclass(frozen=True)
class JointTest:
    """p-values of three statistics of the curve, and what stands behind them.

    median_p         median studentised estimate, either side (the joint test proper)
    sign_p           share of specifications on the larger side
    significant_p    share of specifications beyond their own critical value, on the side with more of them
    sign             side of the median
    count, draws     specifications in the test, re-assignments (the actual one counts)
    p_smallest       the smallest p-value that the re-assignments allow
    """

    median_p: float
    sign_p: float
    significant_p: float
    sign: float
    count: int
    draws: int
    p_smallest: float


def treated_by_draw(draws: Reassignments, n_units: int) -> Mask:
    """(R, N) who carries the measure in each re-assignment."""
    treated = np.zeros((len(draws.units), n_units), dtype=bool)
    np.put_along_axis(treated, draws.units, values=True, axis=1)
    return treated


def studentised_contrasts(units: UnitEffects, draws: Reassignments, members: Mask) -> Array:
    """(R,) weighted mean effect of the treated less that of the comparison, over its predicted standard deviation.

    members: (R, N) the comparison units of each re-assignment. NaN where these or the treated have no mass.
    """
    share = np.array([units.cells[g] * one.shape[1] for g, one in draws.by_profile])
    share = share / share.sum()
    rows = len(draws.units)
    contrast, variance, root = np.zeros(rows), np.zeros(rows), np.zeros(units.effect.shape[0])
    inside = members.astype(float)
    spread = np.zeros((rows, len(root)))
    for part, (g, carried) in zip(share, draws.by_profile, strict=True):
        mass, effect, noise = units.mass[:, g], units.effect[:, g], units.variance[:, g]
        held, against = mass[carried].sum(axis=1), inside @ mass
        with np.errstate(divide="ignore", invalid="ignore"):  # no mass: no answer, NaN
            contrast += part * ((mass * effect)[carried].sum(axis=1) / held - (inside @ (mass * effect)) / against)
            variance += part**2 * (mass**2 * noise)[carried].sum(axis=1) / held**2
            # one comparison unit serves all profiles: its noise is taken to be the same in each
            spread += part / against[:, None] * (mass * np.sqrt(noise))
    variance += (inside * spread**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(contrast / np.sqrt(variance))


def joint_test(statistics: Sequence[Array], level: float, p_smallest: float) -> JointTest:
    """The three tests from the (R,) studentised estimates of each specification, row 0 the actual one.

    Each specification is first brought to a root mean square of one over the draws. A specification is significant in a draw
    where at most 1 − level of all draws show as much in it.
    """
    table = np.column_stack(statistics)
    table = table / np.sqrt(np.mean(table**2, axis=0))
    size = np.abs(table)
    count = len(table)
    order = np.sort(size, axis=0)
    reached = np.column_stack(
        [count - np.searchsorted(order[:, k], size[:, k] * (1 - TIE), side="left") for k in range(size.shape[1])]
    )
    significant = reached <= (1 - level) * count * (1 + TIE)
    median = np.median(table, axis=1)
    positive = (table > 0).mean(axis=1)
    found = np.maximum((significant & (table > 0)).mean(axis=1), (significant & (table < 0)).mean(axis=1))
    return JointTest(
        _p(np.abs(median)),
        _p(np.abs(positive - 0.5)),
        _p(found),
        float(np.sign(median[0])),
        table.shape[1],
        count,
        p_smallest,
    )


def _p(size: Array) -> float:
    """Share of re-assignments with at least the actual value (row 0), which counts itself."""
    return float(np.mean(size >= size[0] * (1 - TIE)))
