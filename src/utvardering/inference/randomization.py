"""Would a unit without the measure have shown as much? The studentised placebo test and its inversion to an interval.

Every estimator here solves "the score of the treated units is zero". The score of a re-assignment S under a hypothesised
effect τ is the sum over its units of residuals from a fit in which τ is removed and no unit is singled out; it is divided by
its standard deviation as predicted from the noise of those very units before the start (studentised: Chung & Romano 2013).
The p-value of τ is the share of re-assignments whose |score| is at least the actual one, which counts itself; the interval
holds every τ with a p-value above 1 − level (Rosenbaum 2002, ch. 2; MacKinnon & Webb 2020 for few treated units).

Where starts were drawn by lottery this is a randomization test. Otherwise it is a placebo test, valid only if treated and
comparison units are exchangeable in studentised residuals.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utvardering.inference.reassignment import Reassignments

INNER = 0.90
"""Level of the interval behind two one-sided tests at 5 %."""

BROKEN = "the set is not connected; its hull is shown"
"""Note of an interval that is the hull of several parts: the p-value then decides."""

TIE = 1e-9  # relative: statistics that differ by rounding only count as equal


@dataclass(frozen=True)
class PlaceboTest:
    """p-value of no effect and interval of one estimate.

    inner_low, inner_high  the 90 % interval, for two one-sided tests at 5 %
    statistics  (R,) studentised scores under no effect, row 0 the actual one; for joint tests over outcomes
    std_error   standard deviation of the placebo estimates, scaled to the noise of the actual treated units
    """

    p_value: float
    ci_low: float
    ci_high: float
    inner_low: float
    inner_high: float
    std_error: float
    p_smallest: float
    statistics: NDArray[np.float64]
    note: str = ""


@dataclass(frozen=True)
class LinearScores:
    """Scores that are linear in the hypothesised effect.

    score    (N, G) residual score of unit i carrying profile g under no effect
    slope    (N, G) what a unit of effect adds to it, given who was actually treated
    spread   (N, G) predicted variance of the score of unit i carrying profile g
    mass     (N,) share of the unit in the whole, summing to 1
    """

    score: NDArray[np.float64]
    slope: NDArray[np.float64]
    spread: NDArray[np.float64]
    mass: NDArray[np.float64]


def deviations(spread: NDArray[np.float64], mass: NDArray[np.float64], draws: Reassignments) -> NDArray[np.float64]:
    """(R,) predicted standard deviation of the summed score of each re-assignment.

    Residuals are taken from a mean over all units, of which S holds the mass p: the variance of the sum over S is
    (1 − 2p) Σ_S v + p² Σ v. All units enter the last sum with the mean of the profiles in use.
    """
    whole = float(np.mean([spread[:, g].sum() for g in draws.profiles]))
    return deviation(draws.total(spread), draws.total(mass), whole)


def deviation(
    held: NDArray[np.float64], mass_held: NDArray[np.float64], whole: float | NDArray[np.float64]
) -> NDArray[np.float64]:
    """√((1 − 2p) Σ_S v + p² Σ v) from the (R,) sums over each re-assignment and the sum over all."""
    variance = (1 - 2 * mass_held) * held + mass_held**2 * whole
    return np.sqrt(np.maximum(variance, np.finfo(float).tiny))


def studentised(score: NDArray[np.float64], sd: NDArray[np.float64], draws: Reassignments) -> NDArray[np.float64]:
    """(R,) studentised score of each re-assignment, row 0 the actual one; score is (N, G)."""
    return draws.total(score) / sd


def p_value(statistics: NDArray[np.float64]) -> float:
    """Share of re-assignments with a statistic at least as large as the actual one (row 0), which counts itself."""
    size = np.abs(statistics)
    return float(np.mean(size >= size[0] * (1 - TIE)))


def linear_placebo_test(scores: LinearScores, draws: Reassignments, level: float) -> PlaceboTest:
    """Test of no effect and exact inversion to an interval.

    For each re-assignment the effects under which it is as extreme as the actual one form an interval or the outside of one,
    so the p-value is a step function whose steps are known.
    """
    sd = deviations(scores.spread, scores.mass, draws)
    return studentised_placebo_test(draws.total(scores.score), draws.total(scores.slope), sd, draws.p_smallest, level)


def studentised_placebo_test(
    score: NDArray[np.float64], slope: NDArray[np.float64], sd: NDArray[np.float64], p_smallest: float, level: float
) -> PlaceboTest:
    """The same from (R,) score under no effect, what a unit of effect adds to it, and standard deviation."""
    a, b = score / sd, slope / sd
    estimate = a[0] / b[0]
    placebo = a[1:] - b[1:] * estimate
    std_error = float(np.sqrt(np.mean(placebo**2)) / abs(b[0])) if len(placebo) else float("nan")
    low, high, note = _invert(a, b, 1 - level)
    inner_low, inner_high, _ = _invert(a, b, 1 - INNER)
    p = p_value(a)
    low, high = with_zero(low, high, p, 1 - level)
    inner_low, inner_high = with_zero(inner_low, inner_high, p, 1 - INNER)
    return PlaceboTest(p, low, high, inner_low, inner_high, std_error, p_smallest, a, note)


def with_zero(low: float, high: float, p: float, alpha: float) -> tuple[float, float]:
    """The interval, with 0 in it where no effect is not rejected: a limit at 0 may have been found a rounding beside it."""
    return (min(low, 0.0), max(high, 0.0)) if p > alpha * (1 + TIE) else (low, high)


def _invert(a: NDArray[np.float64], b: NDArray[np.float64], alpha: float) -> tuple[float, float, str]:
    """Hull of {τ : share of r with |a_r − b_r τ| ≥ |a_0 − b_0 τ| exceeds alpha}."""
    estimate = a[0] / b[0]
    count = len(a)
    # Re-assignments with the actual slope (row 0 among them) are at least as extreme on a half-line or everywhere.
    same = np.isclose(np.abs(b), abs(b[0]), rtol=1e-12, atol=0)
    others = ~same
    ar, br = a[others], b[others]
    one = (ar - a[0]) / (br - b[0])
    two = (ar + a[0]) / (br + b[0])
    low, high = np.minimum(one, two), np.maximum(one, two)
    outside = np.abs(br) > abs(b[0])
    starts = [low[~outside], high[outside]]
    ends = [high[~outside], low[outside]]
    always = int(outside.sum())
    for a_r, b_r in zip(a[same], b[same], strict=True):
        sign = np.sign(b_r * b[0])
        gap = a_r - sign * a[0]
        if abs(gap) <= TIE * max(abs(a[0]), 1e-300):
            always += 1
            continue
        # |a_r − b_r τ| ≥ |a_0 − b_0 τ| with |b_r| = |b_0|: beyond the midpoint of the two zeros, on the side of the estimate
        middle = (a_r / b_r + estimate) / 2
        if middle <= estimate:
            starts.append(np.array([middle]))
        else:
            ends.append(np.array([middle]))
            always += 1
    start, end = np.concatenate(starts), np.concatenate(ends)
    places = np.concatenate([start, end])
    step = np.concatenate([np.ones(len(start), dtype=np.int64), -np.ones(len(end), dtype=np.int64)])
    order = np.lexsort((-step, places))  # closed sets: openings before closings at the same place
    places, after = places[order], always + np.cumsum(step[order])
    need = alpha * count * (1 + TIE)
    held = np.concatenate([[always > need], after > need])
    edges = np.concatenate([[-np.inf], places, [np.inf]])
    inside = np.flatnonzero(held)
    if len(inside) == 0:
        return float(estimate), float(estimate), "the interval is a single point"
    note = BROKEN if _gaps(held, edges) else ""
    return float(edges[inside[0]]), float(edges[inside[-1] + 1]), note


def _gaps(held: NDArray[np.bool_], edges: NDArray[np.float64]) -> bool:
    """Whether a part of positive length between held parts is not held."""
    inside = np.flatnonzero(held)
    middle = slice(inside[0], inside[-1] + 1)
    width = np.diff(edges)[middle]
    return bool((~held[middle] & (width > TIE * (1 + np.abs(edges[:-1][middle])))).any())
