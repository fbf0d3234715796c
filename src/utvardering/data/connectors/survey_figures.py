"""How sure is a share or a mean? Standard errors from margins, numbers of answers, and weighted answers of persons."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from utvardering.disclosure.bounds import hide

Array = NDArray[np.float64]
_LIKE = 0.10  # how near to a constant a ratio lies that comes from a formula and from rounding
_SPREAD = 0.25


@dataclass(frozen=True)
class Figures:
    """(m,) value, standard error and number of persons of each unit in each wave; NaN where they are not known."""

    value: Array
    std_error: Array
    n: Array


def from_margin(margin: Array, level: float, *, is_error: bool) -> Array:
    """Standard errors from half the widths of normal intervals at `level`."""
    return margin if is_error else margin / float(norm.ppf(0.5 + level / 2))


def from_number(share: Array, n: Array) -> Array:
    """Standard error of a share under simple random sampling: sqrt(p(1 − p)/n)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.sqrt(share * (1 - share) / n)


def design_effect(share: Array, std_error: Array, n: Array) -> Array:
    """Variance against that of a simple random sample (Kish 1965); NaN where the share is 0 or 1 or something is not known."""
    plain = from_number(share, n)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(plain > 0, (std_error / plain) ** 2, np.nan)


def mistaken(effect: Array, level: float, *, is_error: bool) -> bool:
    """Whether margins look like standard errors, or the other way round: design effects all near 1/z², or all near z²."""
    known = effect[np.isfinite(effect)]
    if len(known) < 5:  # noqa: PLR2004 -- too few to tell
        return False
    z2 = float(norm.ppf(0.5 + level / 2)) ** 2
    low, middle, high = np.quantile(known * (1 / z2 if is_error else z2), [0.25, 0.5, 0.75])
    return bool(abs(middle - 1) < _LIKE and high - low < _SPREAD)


def weighted_mean(value: Array, weight: Array, group: NDArray[np.int64], groups: int) -> Figures:
    """Weighted mean of each group, with the linearised error sqrt(n/(n − 1) Σ w²(y − ȳ)²)/Σ w (Särndal et al. 1992)."""
    n = np.bincount(group, minlength=groups).astype(np.float64)
    total = np.bincount(group, weight, groups)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.bincount(group, weight * value, groups) / total
        squares = np.bincount(group, (weight * (value - mean[group])) ** 2, groups)
        std_error = np.sqrt(squares * n / (n - 1)) / total
    return Figures(mean, np.where(n > 1, std_error, np.nan), n)


def too_few(figures: Figures, smallest: int, *, share: bool) -> NDArray[np.bool_]:
    """(m,) where fewer than `smallest` answered, or where a share tells of fewer than that who answered yes, or no."""
    few: NDArray[np.bool_] = (figures.n > 0) & (figures.n < smallest)
    if share:
        yes = np.round(figures.value * figures.n)
        few |= ((yes > 0) & (yes < smallest)) | ((figures.n - yes > 0) & (figures.n - yes < smallest))
    return few


def with_company(few: NDArray[np.bool_], n: Array, smallest: int) -> NDArray[np.bool_]:
    """(m,) cells that are not told: those of too few, and such as give their number away, since that of all answers is told."""
    small = few & (n > 0) & (n < smallest)
    if not small.any():
        return few
    others = np.flatnonzero(~few & (n > 0))
    least = others[np.argsort(n[others], kind="stable")][:smallest]  # more are never needed: each holds a person or more
    place = np.concatenate([np.flatnonzero(few & np.isfinite(n)), least])
    told = np.flatnonzero(~few[place] | small[place])  # the others that are hidden keep company already
    statements = np.vstack([np.eye(len(place))[told], np.ones((1, len(place)))])
    may_hide = np.arange(len(statements)) < len(told)
    hidden = few.copy()
    hidden[place[told]] |= hide(n[place], statements, may_hide, smallest).all[:-1]
    return hidden


def repeated_waves(values: Array, period: NDArray[np.int64], unit: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs of neighbouring waves in which nearly all units have the very same figures; values (m, k), NaN equal to NaN."""
    waves = np.unique(period)
    found = []
    for early, late in zip(waves[:-1].tolist(), waves[1:].tolist(), strict=True):
        at_early = {int(u): row for u, row in zip(unit[period == early], values[period == early], strict=True)}
        both = [
            (at_early[int(u)], row)
            for u, row in zip(unit[period == late], values[period == late], strict=True)
            if int(u) in at_early
        ]
        same = sum(np.array_equal(one, other, equal_nan=True) and bool(np.isfinite(one).any()) for one, other in both)
        if len(both) >= 2 and same >= 0.8 * len(both):  # noqa: PLR2004 -- two units that agree by chance are rare, nearly all impossible
            found.append((early, late))
    return found
