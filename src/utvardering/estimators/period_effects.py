"""Rows of `event_study.csv`: the effect in each period from the start, with its interval and a band that holds them all."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from utvardering.estimators.base import EventEffect
from utvardering.inference.randomization import PlaceboTest, p_value

_BAND_DRAWS = 20_000  # Monte Carlo error of a 95 % quantile below one per cent of its value


def placebo_events(
    periods: NDArray[np.int64],
    effects: NDArray[np.float64],
    tests: Sequence[PlaceboTest],
    *,
    scale: str,
    inference: str,
    level: float,
    reach: float | None = None,
) -> list[EventEffect]:
    """Rows with the intervals of a placebo test for each period; all tests stand on the same re-assignments.

    reach: half-width of the band in standard errors, where it is known.
    """
    reach = joint_quantile(tests, level) if reach is None else reach
    return [
        EventEffect(
            estimand="att_dynamic",
            scale=scale,
            inference=inference,
            period_from_start=int(k),
            estimate=float(effect),
            std_error=one.std_error,
            ci_low=one.ci_low,
            ci_high=one.ci_high,
            band_low=float(effect - reach * one.std_error),
            band_high=float(effect + reach * one.std_error),
        )
        for k, effect, one in zip(periods, effects, tests, strict=True)
    ]


def clustered_events(
    periods: NDArray[np.int64],
    effects: NDArray[np.float64],
    covariance: NDArray[np.float64],
    clusters: int,
    *,
    scale: str,
    level: float,
    rng: np.random.Generator,
    critical: float | None = None,
) -> list[EventEffect]:
    """Rows with intervals from t(G − 1) and the sup-t band of a clustered (K, K) covariance.

    critical: half-width of the band in standard errors, where it is known.
    """
    errors = np.sqrt(np.diag(covariance))
    reach = stats.t.ppf((1 + level) / 2, clusters - 1) * errors
    band = (sup_t(covariance, level, rng) if critical is None else critical) * errors
    return [
        EventEffect(
            "att_dynamic", scale, "cluster", int(k), float(b), float(se), float(b - r), float(b + r), float(b - w), float(b + w)
        )
        for k, b, se, r, w in zip(periods, effects, errors, reach, band, strict=True)
    ]


def joint_quantile(tests: Sequence[PlaceboTest], level: float) -> float:
    """Quantile of the largest studentised placebo effect over all periods: the half-width of the band in standard errors."""
    if len(tests) == 0 or len(tests[0].statistics) == 1:
        return float("nan")
    placebo = np.array([one.statistics[1:] for one in tests])
    spread = np.sqrt(np.mean(placebo**2, axis=1, keepdims=True))
    scaled = np.divide(np.abs(placebo), spread, out=np.zeros_like(placebo), where=spread > 0)
    return float(np.quantile(scaled.max(axis=0), level, method="higher"))


def sup_t(covariance: NDArray[np.float64], level: float, rng: np.random.Generator) -> float:
    """Critical value of the largest |t| (Montiel Olea & Plagborg-Møller 2019), from seeded normal draws."""
    errors = np.sqrt(np.diag(covariance))
    if not len(errors) or not np.all(errors > 0):
        return float("nan")
    values, vectors = np.linalg.eigh(covariance / np.outer(errors, errors))
    root = vectors * np.sqrt(np.maximum(values, 0))
    largest = np.abs(rng.standard_normal((_BAND_DRAWS, len(errors))) @ root.T).max(axis=1)
    return float(np.quantile(largest, level))


def joint_note(periods: NDArray[np.int64], tests: Sequence[PlaceboTest]) -> str:
    """Placebo test that no effect before the start differs from zero, on the largest studentised one of them.

    A Wald test on the clustered covariance rejects far too often with as many periods as municipalities have.
    """
    before = [test.statistics for k, test in zip(periods, tests, strict=True) if k < 0]
    if not before:
        return ""
    p = p_value(np.abs(np.array(before)).max(axis=0))
    return f"joint placebo test of the {len(before)} effects before the start: p = {p:.3f}"
