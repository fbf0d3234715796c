"""Which units of the past could have been treated, by the rule that picked those that are? Pseudo-treated like the treated.

A tried effect or a false alarm says something about the plan only if it is tried on units like those of the plan. So for
every treated unit one is drawn in its own stratum, of about its size and rate, and, where the treated stand at a peak in the
last year before the real start, one that stands as high in the year before the pseudo-start. The rule looks at no value after
the pseudo-start and treats all units alike, the treated themselves among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.data.panel import Sample
from utvardering.errors import DesignError
from utvardering.inference.noise import seen_mean
from utvardering.study.model import Outcome

ENOUGH = 20
"""Units that a treated one's pool should hold: fewer are too few to tell a rate of false alarms from."""

BANDS = (0.10, 0.15, 0.25, 0.40, 1.0)
"""Widths of likeness in size and rate, as ranks from 0 to 1: the first with ENOUGH units is taken, the last is any unit."""

PEAK_BAND = 0.15
PEAK_RARE = 0.10
"""The treated stand at a peak if at most so many blind picks of as many units stand as high."""

_PICKS = 999


@dataclass(frozen=True)
class Pools:
    """For each treated unit those that are like it at a pseudo-start, and how far likeness had to be stretched.

    units   n arrays of positions in the sample
    peak    whether the pseudo-treated stand at a peak (a trough where a rise is wanted), as the treated do
    loose   "" where all pools are alike in everything; "size" where size and rate, "peak" where the peak too, had to give way
    """

    units: tuple[NDArray[np.intp], ...]
    peak: bool
    loose: str

    def draw(self, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
        """So many different units, each from the pool of the next treated unit, in turn; any left of any pool at the end."""
        if count > self.reach:
            msg = f"{count} units like the treated are asked for, and the past holds {self.reach}"
            raise DesignError(msg)
        chosen = np.full(count, -1, dtype=np.intp)
        for slot in rng.permutation(count):
            pool = np.setdiff1d(self.units[slot % len(self.units)], chosen)
            if not len(pool):
                pool = np.setdiff1d(np.concatenate(self.units), chosen)
            chosen[slot] = rng.choice(pool)
        return chosen

    @property
    def reach(self) -> int:
        """Different units that can be drawn."""
        return len(np.unique(np.concatenate(self.units)))


def pools_like_the_treated(sample: Sample, outcome: Outcome, start: int, end: int = 0) -> Pools:
    """Pools at a pseudo-start, from a sample that ends where the real start begins.

    Where the treated have every value, so have those drawn, to the end of the pseudo-follow-up (`end`; the pseudo-start by
    default): many methods refuse a treated unit with gaps.
    """
    treated = np.flatnonzero(sample.treated)
    real_start = sample.y.shape[1]
    real, then = _traits(sample, outcome, real_start), _traits(sample, outcome, start)
    peaks, peaks_then = _peak_ranks(sample, outcome, real_start), _peak_ranks(sample, outcome, start)
    peak = peaks is not None and peaks_then is not None and _is_peak(peaks, treated)
    strata = np.zeros(len(sample.units), dtype=np.int64) if sample.strata is None else sample.strata
    whole = np.isfinite(sample.y[:, : max(start, end)]).all(axis=1) | ~np.isfinite(sample.y[treated]).all()
    pools, loose = [], ""
    for unit in treated:
        within = (strata == strata[unit]) & whole
        as_high = within
        if peak and peaks is not None and peaks_then is not None:
            as_high = within & (np.abs(peaks_then - peaks[unit]) <= PEAK_BAND)
        pool, stretched = _pool(np.abs(then - real[unit]).max(axis=1, initial=0.0), as_high, within)
        pools.append(pool)
        loose = max(loose, stretched, key=("", "size", "peak").index)
    return Pools(tuple(pools), peak, loose)


def _pool(apart: NDArray[np.float64], as_high: NDArray[np.bool_], within: NDArray[np.bool_]) -> tuple[NDArray[np.intp], str]:
    """Units within the narrowest band that holds ENOUGH; the selection rule gives way last."""
    enough = min(ENOUGH, int(within.sum()))
    for rule, last in ((as_high, "size"), (within, "peak")):
        for band in BANDS:
            pool = np.flatnonzero(rule & (apart <= band))
            if len(pool) >= enough:
                beyond = "peak" if last == "peak" and as_high is not within else ""
                everyone = "size" if band == BANDS[-1] and apart.any() else ""
                return pool, beyond or everyone
    return np.flatnonzero(within), "peak"


def _traits(sample: Sample, outcome: Outcome, end: int) -> NDArray[np.float64]:
    """(N, Q) ranks from 0 to 1 of size and rate (of counts) or level (of anything else) over the periods before `end`."""
    level = seen_mean(sample.y[:, :end], 1)[:, 0]
    if outcome.kind != "count" or sample.grid.exposure is None:
        return _ranks(level)[:, None]
    size = seen_mean(sample.grid.exposure[:, :end], 1)[:, 0]
    return np.column_stack([_ranks(size), _ranks(level / size)])


def _peak_ranks(sample: Sample, outcome: Outcome, end: int) -> NDArray[np.float64] | None:
    """(N,) ranks of the last year before `end` over the earlier ones; None without two years and a period, or a direction."""
    season = sample.grid.calendar.per_year
    if outcome.direction == "none" or end < 2 * season + 1:
        return None
    values = sample.y[:, :end] if sample.grid.exposure is None else sample.y[:, :end] / sample.grid.exposure[:, :end]
    last, earlier = (seen_mean(part, 1)[:, 0] for part in (values[:, -season:], values[:, :-season]))
    excess = np.divide(last, earlier, out=np.ones_like(last), where=earlier > 0)
    return _ranks(excess if outcome.direction == "decrease" else -excess)


def _is_peak(ranks: NDArray[np.float64], treated: NDArray[np.intp]) -> bool:
    """Whether at most PEAK_RARE of blind picks of as many units have a mean rank as high."""
    rng = np.random.default_rng(0)
    picks = [ranks[rng.choice(len(ranks), len(treated), replace=False)].mean() for _ in range(_PICKS)]
    rare = (1 + np.sum(np.array(picks) >= ranks[treated].mean() - 1e-9)) / (1 + _PICKS)
    return bool(rare <= PEAK_RARE)


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 0 to 1, ties at their mean; what is not known stands in the middle."""
    known = np.isfinite(values)
    out = np.full(len(values), 0.5)
    if known.sum() > 1:
        below = (values[known][:, None] > values[known][None, :]).sum(axis=1)
        ties = (values[known][:, None] == values[known][None, :]).sum(axis=1)
        out[known] = (below + (ties - 1) / 2) / (known.sum() - 1)
    return out
