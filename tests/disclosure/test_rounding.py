"""Means and counts of persons are told so that nobody can work out a few from them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from utvardering.disclosure.rounding import blunted, few_differ, is_tellable, mean_step, rounded, step_above

CELL = 5


@pytest.mark.parametrize(("least", "step"), [(0.018, 0.02), (0.02, 0.02), (0.021, 0.05), (3.1, 5.0), (6.0, 10.0), (0.0, 0.0)])
def test_steps(least, step):
    assert step_above(least) == step


def test_to_a_step_without_the_noise_of_fractions():
    assert blunted(-2.4601753, 0.02) == -2.46
    assert repr(blunted(0.30000000000000004, 0.1)) == "0.3"
    assert repr(blunted(-0.001, 0.1)) == "0.0"
    assert np.isnan(blunted(np.nan, 0.1))


@pytest.mark.parametrize("kind", ["share", "score"])
def test_an_exact_mean_tells_how_many_they_are_and_a_told_one_does_not(kind):
    rng = np.random.default_rng(1)
    for n in range(20, 120):
        values = (rng.random(n) < 0.3).astype(float) if kind == "share" else rng.integers(0, 40, n).astype(float)
        exact = float(values.mean())
        fits = Fraction(exact).limit_denominator(200)
        assert n % fits.denominator == 0, "the exact mean is a fraction of the number of persons"
        step = mean_step(values, CELL)
        told = blunted(exact, step)
        alike = [other for other in range(max(n - CELL, CELL), n + CELL) if rounded(other, CELL) == rounded(n, CELL)]
        for other in alike:
            assert abs(round(told * other) / other - told) <= step / 2 + 1e-12, (n, other)


def test_a_few_who_differ_are_not_told():
    assert few_differ(np.array([1.0] * 3 + [0.0] * 50), CELL)
    assert not few_differ(np.array([1.0] * 5 + [0.0] * 50), CELL)
    assert not few_differ(np.zeros(50), CELL)
    assert not is_tellable(np.array([1.0] * 4 + [0.0] * 50 + [np.nan]), CELL)
