"""How often did something happen in draws that share units and years, and how sure is that?

Two draws that hold a unit in common, or whose follow-ups overlap, are not two draws. Their errors are summed over all pairs
that share a unit (Aronow, Samii & Assenova 2015, for dyads) and over windows by their overlap (Newey & West 1987, with the
weights that fall to none over two follow-ups), less what both count; each sum is divided by the share of pairs that it leaves
out, since errors from a mean sum to zero. The effective number of draws is then p(1 − p) over that variance, less where few
units or windows tell it (by the t distribution), and the bounds are exact binomial ones with that number (Korn & Graubard
1998). With few windows and years that move together the bounds are somewhat too narrow: they hold the rate in 80 instead of
90 of 100 with seven windows and three tenths of the variance in the years (tests/checks/test_dependent_rate.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

INNER = 0.90
"""Level of the bounds: the lower one is exceeded in one of twenty."""

_TAIL = (1 + INNER) / 2
_FEW = 5  # events, or non-events: below, their own variance says too little about dependence
_MOSTLY = 0.5  # of the pairs of draws: where more share a unit, so do those that stand for independence
_WIDTH = 2  # follow-ups over which windows count as dependent, falling to none


@dataclass(frozen=True)
class Draws:
    """M draws: the units of each (M, n), its pseudo-start (M,), and whether it happened (M,); the windows' length and span.

    reach: different units that can be drawn; span: periods that the follow-ups cover together
    """

    units: NDArray[np.intp]
    starts: NDArray[np.int64]
    happened: NDArray[np.bool_]
    follow_up: int
    reach: int
    span: int

    @property
    def windows(self) -> float:
        """So many follow-ups lie in the span without overlap; 1.5 is one and a half."""
        return max(self.span / self.follow_up, 1.0)


@dataclass(frozen=True)
class Rate:
    """A share with its 90 % bounds, the draws, and as how many independent ones they count."""

    rate: float
    low: float
    high: float
    draws: int
    effective: float


def dependent_rate(draws: Draws) -> Rate:
    """The share of draws in which it happened; NaN without a draw."""
    count = len(draws.happened)
    if not count:
        return Rate(float("nan"), 0.0, 1.0, 0, 0.0)
    rate = float(draws.happened.mean())
    effective = effective_number(draws)
    low, high = binomial_bounds(rate * effective, effective)
    return Rate(rate, low, high, count, effective)


def effective_number(draws: Draws) -> float:
    """As how many independent draws they count.

    With fewer than five events (or non-events), or where most draws share a unit, there is no variance to speak of. Then it is
    the number of disjoint sets of units times that of windows that do not overlap: by Hoeffding (1948) the mean over all sets
    of n of N units varies at most as the mean of N ÷ n independent ones.
    """
    happened = draws.happened.astype(float)
    count, size = draws.units.shape
    apart = max(min(draws.reach / size * draws.windows, count), 1.0)
    if min(happened.sum(), count - happened.sum()) < _FEW:
        return apart
    together = _share_a_unit(draws.units)
    if (shared := together.mean()) > _MOSTLY:
        return apart
    error = happened - happened.mean()
    overlap = np.maximum(1 - np.abs(np.subtract.outer(draws.starts, draws.starts)) / (_WIDTH * draws.follow_up), 0.0)
    in_years = overlap.mean() if draws.windows > 1 else 1.0  # one window says nothing of how windows differ
    of_units = max(error @ together @ error, 0.0) / (1 - shared)
    of_years = max(error @ (overlap * ~together) @ error, 0.0) / (1 - in_years) if in_years < 1 else 0.0
    variance = max(of_units + of_years, error @ error)
    parts = np.array([max(of_units, variance - of_years), of_years])
    freedom = variance**2 / float(np.sum(parts**2 / np.array([max(apart - 1, 1.0), max(draws.windows - 1, 1.0)])))
    unsure = float(stats.t.ppf(_TAIL, count) / stats.t.ppf(_TAIL, min(freedom, count))) ** 2
    return float(np.clip(unsure * count**2 * happened.mean() * (1 - happened.mean()) / variance, 1.0, count))


def _share_a_unit(units: NDArray[np.intp]) -> NDArray[np.bool_]:
    """(M, M) whether two draws hold a unit in common."""
    held = np.zeros((len(units), int(units.max()) + 1), dtype=np.float32)
    held[np.arange(len(units))[:, None], units] = 1.0
    return (held @ held.T) > 0


def binomial_bounds(events: float, trials: float) -> tuple[float, float]:
    """Clopper–Pearson bounds at INNER, for numbers that need not be whole."""
    low = float(stats.beta.ppf(1 - _TAIL, events, trials - events + 1)) if events > 0 else 0.0
    high = float(stats.beta.ppf(_TAIL, events + 1, trials - events)) if events < trials else 1.0
    return low, high
