"""What do the counts of a before/after table say? The arithmetic of place-based evaluation, on pairs (before, after).

Every result is frozen; p_value is two-sided and p_one_sided is in the direction that its docstring names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Pair = Sequence[float]
"""A count before and a count after."""

_TAIL = 1e-14  # probability left out at each end of a Poisson sum: far below any printed digit of a p-value
_BLOCK = 2_000_000  # cells of the sample space looked at together
_TIE = 1e-12  # relative: statistics of the sample space that differ by rounding only are as extreme


@dataclass(frozen=True)
class DisplacementDifference:
    """The weighted displacement difference and its two parts, in events per unit of the weights.

    estimate = local + displacement; p_one_sided is for a fall (lower tail of z); the standard errors are Poisson's.
    """

    estimate: float
    std_error: float
    z: float
    p_value: float
    p_one_sided: float
    ci_low: float
    ci_high: float
    level: float
    local: float
    local_std_error: float
    displacement: float
    displacement_std_error: float


@dataclass(frozen=True)
class DisplacementQuotient:
    """Success of the treated area and what the neighbours add to it or take from it.

    gross_effect      fewer events in the treated area: before less after
    net_effect        fall of the ratio treated/control (minus success); success is negative where there was one
    buffer            change of the ratio neighbours/control
    quotient          buffer ÷ success: above 0 diffusion of benefits, below 0 displacement, −1 as much as was won; None where
                      it has no meaning, `interpretable` is then False and `reason` says why
    total_net_effect  events fewer in treated and neighbouring areas than the control's change would have given
    """

    gross_effect: float
    net_effect: float | None
    success: float | None
    buffer: float | None
    quotient: float | None
    total_net_effect: float | None
    interpretable: bool
    reason: str = ""


@dataclass(frozen=True)
class RelativeEffectSize:
    """The relative effect size (odds ratio of four counts) with its interval; above 1 the treated fell relative to the control.

    std_error and z are those of log_estimate; rate_ratio = 1 ÷ estimate; percent_fewer = 100(1 − rate_ratio) with its limits;
    p_one_sided is for a relative fall (estimate above 1).
    """

    estimate: float
    log_estimate: float
    variance: float
    std_error: float
    z: float
    p_value: float
    p_one_sided: float
    ci_low: float
    ci_high: float
    level: float
    rate_ratio: float
    percent_fewer: float
    percent_low: float
    percent_high: float


@dataclass(frozen=True)
class PoissonETest:
    """The E-test of two Poisson rates: estimate = k1/n1 − k2/n2 − d, its standard error and ratio z.

    p_value is two-sided; p_one_sided is for k1/n1 − k2/n2 above d.
    """

    estimate: float
    std_error: float
    z: float
    p_value: float
    p_one_sided: float


def displacement_difference(
    treated: Pair,
    control: Pair,
    disp_treated: Pair | None = None,
    disp_control: Pair | None = None,
    time_weights: Sequence[float] | None = None,
    area_weights: Sequence[float] | None = None,
    level: float = 0.95,
) -> DisplacementDifference:
    """By how many events did treated and neighbouring areas together change more than their controls?

    treated, control, disp_treated, disp_control: counts (before, after). The last two are the area where crime could have moved
    and its control, and belong together. time_weights: lengths (before, after), by which counts are divided. area_weights:
    sizes in the order of the published programs, (control, treated, disp_control, disp_treated), by which counts are divided.

    Wheeler & Ratcliffe (2018, Crime Science 7:11), with the weights of their later programs. The counts are taken to be
    Poisson; crime counts vary more than that. Raises ValueError for counts or weights that are none.
    """
    if (disp_treated is None) != (disp_control is None):
        msg = "disp_treated and disp_control belong together: give both, or (0, 0) for the one that there is not"
        raise ValueError(msg)
    z_level = _z(level)
    lengths = _positive("time_weights", (1, 1) if time_weights is None else time_weights, 2, "before, after")
    order = "control, treated, disp_control, disp_treated"
    sizes = _positive("area_weights", (1, 1, 1, 1) if area_weights is None else area_weights, 4, order)
    pairs = {"control": control, "treated": treated, "disp_control": disp_control, "disp_treated": disp_treated}
    counts = np.array([_pair(name, (0, 0) if pair is None else pair) for name, pair in pairs.items()])
    scaled = sizes[:, None] * lengths
    change = np.diff(counts / scaled, axis=1)[:, 0]
    variance = (counts / scaled**2).sum(axis=1)
    local, moved = float(change[1] - change[0]), float(change[3] - change[2])
    total = float(variance.sum())
    if total == 0:
        msg = "every count is 0, so there is nothing to compare"
        raise ValueError(msg)
    estimate, std_error = local + moved, math.sqrt(total)
    z = estimate / std_error
    return DisplacementDifference(
        estimate=estimate,
        std_error=std_error,
        z=z,
        p_value=float(2 * stats.norm.sf(abs(z))),
        p_one_sided=float(stats.norm.cdf(z)),
        ci_low=estimate - z_level * std_error,
        ci_high=estimate + z_level * std_error,
        level=level,
        local=local,
        local_std_error=math.sqrt(float(variance[0] + variance[1])),
        displacement=moved,
        displacement_std_error=math.sqrt(float(variance[2] + variance[3])),
    )


def displacement_quotient(treated: Pair, control: Pair, disp_treated: Pair) -> DisplacementQuotient:
    """What share of the success in the treated area was lost to, or shared with, the neighbouring area?

    Counts (before, after) of the treated area R, the control C and the neighbouring area D: buffer (Da/Ca − Db/Cb) ÷ success
    (Ra/Ca − Rb/Cb). Not interpretable where success is 0 or more, or where the control has no events before or after.

    Bowers & Johnson (2003, J. Quant. Criminol. 19:275–301); Guerette (2009, POP Guide 10, appendix B). Raises ValueError for
    counts that are none.
    """
    (rb, ra), (cb, ca), (db, da) = _pair("treated", treated), _pair("control", control), _pair("disp_treated", disp_treated)
    gross = float(rb - ra)
    total = float((rb + db) * ca / cb - ra - da) if cb else None
    if not cb or not ca:
        side = "before and after" if not cb and not ca else "after" if cb else "before"
        reason = f"the control has no events {side}, so there is no ratio to it"
        return DisplacementQuotient(gross, None, None, None, None, total, interpretable=False, reason=reason)
    success, buffer = float(ra / ca - rb / cb), float(da / ca - db / cb)
    if ra * cb >= rb * ca:
        reason = "there was no success to displace or to share: the treated area did not fall relative to the control"
        return DisplacementQuotient(gross, -success, success, buffer, None, total, interpretable=False, reason=reason)
    return DisplacementQuotient(gross, -success, success, buffer, buffer / success, total, interpretable=True)


def relative_effect_size(treated: Pair, control: Pair, inflation: float = 1.0, level: float = 0.95) -> RelativeEffectSize:
    """By what factor did the control change more than the treated area: (a·d) ÷ (b·c) of (a, b) treated and (c, d) control?

    inflation: factor of the Poisson variance 1/a + 1/b + 1/c + 1/d of the logarithm, for overdispersed counts. The exponent of
    minus the estimate of `poisson_did` is the same number.

    Farrington, Gill, Waples & Argomaniz (2007, J. Exp. Criminol. 3:21–38, appendix). Raises ValueError where a count is 0.
    """
    z_level = _z(level)
    (inflated,) = _positive("inflation", (inflation,), 1, "inflation")
    (a, b), (c, d) = _pair("treated", treated), _pair("control", control)
    if 0 in {a, b, c, d}:
        msg = f"a count of 0 leaves no ratio, found treated ({a:g}, {b:g}) and control ({c:g}, {d:g}); use longer periods"
        raise ValueError(msg)
    log = math.log(a * d / (b * c))
    variance = float(inflated * (1 / a + 1 / b + 1 / c + 1 / d))
    std_error = math.sqrt(variance)
    z = log / std_error
    low, high = math.exp(log - z_level * std_error), math.exp(log + z_level * std_error)
    return RelativeEffectSize(
        estimate=math.exp(log),
        log_estimate=log,
        variance=variance,
        std_error=std_error,
        z=z,
        p_value=float(2 * stats.norm.sf(abs(z))),
        p_one_sided=float(stats.norm.sf(z)),
        ci_low=low,
        ci_high=high,
        level=level,
        rate_ratio=math.exp(-log),
        percent_fewer=-100 * math.expm1(-log),
        percent_low=100 * (1 - 1 / low),
        percent_high=100 * (1 - 1 / high),
    )


def poisson_e_test(k1: int, k2: int, n1: float = 1, n2: float = 1, d: float = 0) -> PoissonETest:
    """Do two Poisson counts k1 and k2, seen over n1 and n2 (time, area), differ in rate by more than d?

    The p-value is the probability, with both rates as estimated under no difference but d, of a studentised difference as large
    as the one seen. Where that estimate is negative the second rate is set to 0. With no event at all and d = 0 it is 1.

    Krishnamoorthy & Thomson (2004, J. Stat. Plan. Inference 119:23–35). Raises ValueError for counts that are none.
    """
    for name, count in (("k1", k1), ("k2", k2)):
        if isinstance(count, bool) or not math.isfinite(count) or count < 0 or count != int(count):
            msg = f"{name} needs a whole number of at least 0, found {count}"
            raise ValueError(msg)
    _positive("(n1, n2)", (n1, n2), 2, "n1, n2")
    if not math.isfinite(d) or d < 0:
        msg = f"d needs a number of at least 0, found {d}; exchange the two counts to ask for the other direction"
        raise ValueError(msg)
    second = max((k1 + k2) / (n1 + n2) - d * n1 / (n1 + n2), 0.0)
    means = (n1 * (second + d), n2 * second)
    seen, std_error = _studentised(np.array([float(k1)]), np.array([float(k2)]), n1, n2, d)
    statistic = float(seen[0, 0])
    ranges = [np.arange(stats.poisson.ppf(_TAIL, mean), stats.poisson.isf(_TAIL, mean) + 1) for mean in means]
    chances = [stats.poisson.pmf(values, mean) for values, mean in zip(ranges, means, strict=True)]
    both = above = 0.0
    step = max(_BLOCK // len(ranges[1]), 1)
    size, slack = abs(statistic), _TIE * max(1.0, abs(statistic)) if math.isfinite(statistic) else 0.0
    for begin in range(0, len(ranges[0]), step):
        part = slice(begin, begin + step)
        found, _ = _studentised(ranges[0][part], ranges[1], n1, n2, d)
        both += float(chances[0][part] @ ((np.abs(found) >= size - slack) @ chances[1]))
        above += float(chances[0][part] @ ((found >= statistic - slack) @ chances[1]))
    estimate = k1 / n1 - k2 / n2 - d
    return PoissonETest(estimate, float(std_error[0, 0]), statistic, min(both, 1.0), min(above, 1.0))


def _studentised(
    x1: NDArray[np.float64], x2: NDArray[np.float64], n1: float, n2: float, d: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(len x1, len x2) difference less d over its standard error, and that error; 0 ÷ 0 is 0, −d ÷ 0 is −∞."""
    difference = x1[:, None] / n1 - x2 / n2 - d
    error = np.sqrt(x1[:, None] / n1**2 + x2 / n2**2)
    at_zero = np.where(difference < 0, -np.inf, 0.0)
    return np.divide(difference, error, out=at_zero, where=error > 0), error


def _z(level: float) -> float:
    if not 0 < level < 1:
        msg = f"level needs a number above 0 and below 1, found {level}"
        raise ValueError(msg)
    return float(stats.norm.ppf((1 + level) / 2))


def _pair(name: str, values: Pair) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=float)
    if found.shape != (2,):
        msg = f"{name} needs two counts (before, after), found {found.ravel().tolist()}"
        raise ValueError(msg)
    if not np.all(np.isfinite(found)) or np.any(found < 0):
        msg = f"{name} needs counts of at least 0, found {found.tolist()}"
        raise ValueError(msg)
    return found


def _positive(name: str, values: Sequence[float], length: int, order: str) -> NDArray[np.float64]:
    found = np.asarray(values, dtype=float)
    if found.shape != (length,):
        msg = f"{name} needs {length} numbers ({order}), found {found.ravel().tolist()}"
        raise ValueError(msg)
    if not np.all(np.isfinite(found)) or np.any(found <= 0):
        msg = f"{name} needs numbers above 0, found {found.tolist()}"
        raise ValueError(msg)
    return found
