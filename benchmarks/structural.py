"""How often does the interval of `robustness/state_space.py` hold the truth? Its closed form, which tests hold to the code."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import stats

from utvardering.robustness.state_space import RATIOS

Course = Callable[[np.random.Generator, int], np.ndarray]
DRAWS = 1_000


def waves(length: int) -> np.ndarray:
    """(T, 4) cosine and sine of the year and the half year of months."""
    time = np.arange(length)
    return np.column_stack([wave(2 * np.pi * k * time / 12) for k in (1, 2) for wave in (np.cos, np.sin)])


def forms(length: int, start: int) -> tuple[list[tuple[np.ndarray, np.ndarray, float, float]], int]:
    """For each ratio: the squares, the forecast of the mean, its variance and the constant of the likelihood; and n - K."""
    time = np.arange(length)
    design = np.column_stack([np.ones(length), time, waves(length)])
    found = []
    for ratio in RATIOS:
        covariance = np.eye(length) + ratio**2 * np.minimum.outer(time, time)
        past, inverse = design[:start], np.linalg.inv(covariance[:start, :start])
        information = past.T @ inverse @ past
        hat = np.linalg.solve(information, past.T @ inverse)
        left = np.eye(start) - past @ hat
        gain = covariance[start:, :start] @ inverse
        ahead = design[start:] - gain @ past
        error = covariance[start:, start:] - gain @ covariance[:start, start:] + ahead @ np.linalg.solve(information, ahead.T)
        constant = -0.5 * (np.linalg.slogdet(covariance[:start, :start])[1] + np.linalg.slogdet(information)[1])
        mean = (design[start:] @ hat + gain @ left).mean(axis=0)
        found.append((left.T @ inverse @ left, mean, float(error.mean()), float(constant)))
    return found, start - design.shape[1]


def coverage(length: int, start: int, course: Course) -> float:
    """Share of 95 % intervals that hold an effect of 0."""
    given, freedom = forms(length, start)
    rng, held = np.random.default_rng(0), 0
    for _ in range(DRAWS):
        y = course(rng, length) + waves(length) @ [0.1, 0.05, 0.03, 0.01] + 0.003 * np.arange(length)
        squares = np.array([y[:start] @ one[0] @ y[:start] for one in given])
        centre = np.array([y[start:].mean() - one[1] @ y[:start] for one in given])
        scale = np.sqrt(squares / freedom * np.array([one[2] for one in given]))
        logs = np.array([one[3] for one in given]) - 0.5 * freedom * np.log(squares)
        weight = np.exp(logs - logs.max())
        below = float(weight @ stats.t.cdf(-centre / scale, freedom) / weight.sum())
        held += 0.025 <= below <= 0.975
    return held / DRAWS


def alike(correlation: float) -> Course:
    """AR(1) with standard deviation .1."""

    def draw(rng: np.random.Generator, length: int) -> np.ndarray:
        fresh = rng.standard_normal(length)
        walk = fresh.copy()
        for k in range(1, length):
            walk[k] = correlation * walk[k - 1] + np.sqrt(1 - correlation**2) * fresh[k]
        return 0.1 * walk

    return draw


def drifting(step: float) -> Course:
    """Independent noise of .1 and a random walk."""

    def draw(rng: np.random.Generator, length: int) -> np.ndarray:
        return step * np.cumsum(rng.standard_normal(length)) + 0.1 * rng.standard_normal(length)

    return draw


def waving(rng: np.random.Generator, length: int) -> np.ndarray:
    """Independent noise of .1 and a wave over seven years."""
    noise = 0.1 * rng.standard_normal(length)
    return noise + 0.1 * np.sin(2 * np.pi * (np.arange(length) / 84 + rng.random()))


if __name__ == "__main__":
    courses = {f"AR(1) {rho}": alike(rho) for rho in (0.0, 0.3, 0.5, 0.7, 0.9)}
    courses |= {f"step {step}": drifting(step) for step in (0.02, 0.05, 0.1)} | {"wave": waving}
    for name, one in courses.items():
        print(name, *(coverage(length, start, one) for length, start in ((84, 56), (60, 40), (36, 24))))
