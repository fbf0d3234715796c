"""Pseudo-treated are drawn like the treated: same stratum, about the same size and rate, at a peak where they stand at one."""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import outcome, sample, treated_first
from utvardering.checks.pseudo_treated import ENOUGH, pools_like_the_treated

N, T = 200, 14


def counts(seed: int = 1):
    """200 units of very different size and rate, quiet over time."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.normal(9, 1, N))
    rate = np.exp(rng.normal(-4, 0.5, N))
    return rng.poisson(np.outer(size * rate, np.ones(T))).astype(float), size, rate


def pools(y, size, start: int = 9, n_treated: int = 2, direction: str = "decrease", **parts):
    one = sample(y, treated_first(N, [T] * n_treated), exposure=np.outer(size, np.ones(T)), **parts)
    return pools_like_the_treated(one, outcome("count", direction=direction, exposure="e"), start)


def ranks(values):
    return values.argsort().argsort() / (len(values) - 1)


def test_the_pool_of_each_treated_is_of_its_size_and_rate() -> None:
    y, size, _ = counts()
    found = pools(y, size)
    rate = y[:, :9].sum(axis=1) / size
    assert found.loose == ""
    assert not found.peak
    for unit, pool in enumerate(found.units):
        assert len(pool) >= ENOUGH
        for trait in (ranks(size), ranks(rate)):
            assert np.abs(trait[pool] - trait[unit]).max() <= 0.42  # the band, and what rates moved since


def test_a_stratum_is_never_left() -> None:
    y, size, _ = counts()
    strata = np.arange(N) % 4
    found = pools(y, size, strata=strata)
    for unit, pool in enumerate(found.units):
        assert set(strata[pool]) == {strata[unit]}


@pytest.mark.parametrize(("direction", "factor"), [("decrease", 1.6), ("increase", 0.5)])
def test_treated_at_a_peak_are_matched_by_units_at_a_peak_before_the_pseudo_start(direction: str, factor: float) -> None:
    """A tenth of the units stand at a peak before the pseudo-start; the treated do before the real start, not then."""
    y, size, _ = counts()
    y[:2, -1] = np.round(y[:2, -1] * factor)
    high = np.arange(40, 80)
    y[high, 8] = np.round(y[high, 8] * factor)
    found = pools(y, size, direction=direction)
    assert found.peak
    assert set(np.concatenate(found.units)) <= set(high.tolist()) | set(_noisy(y))
    assert not pools(y, size, direction="none").peak
    assert not pools(y, size, direction="increase" if direction == "decrease" else "decrease").peak


def _noisy(y):
    """Units that stand as high by chance: so few events that the last year varies by a half."""
    return np.flatnonzero(y[:, :9].mean(axis=1) < 60).tolist()


def test_what_comes_after_the_pseudo_start_changes_nothing() -> None:
    y, size, _ = counts()
    other = y.copy()
    other[:, 9:] *= 7  # all alike: where the treated stand among the others, which they are matched by, stays as it was
    for one, two in zip(pools(y, size).units, pools(other, size).units, strict=True):
        np.testing.assert_array_equal(one, two)


def test_the_rule_treats_all_units_alike() -> None:
    """Other names for the units, same draws by content: no unit but the treated has a place of its own."""
    y, size, _ = counts()
    turned = np.concatenate([[0, 1], np.random.default_rng(3).permutation(np.arange(2, N))])
    straight, other = pools(y, size), pools(y[turned], size[turned])
    for one, two in zip(straight.units, other.units, strict=True):
        assert set(one) == set(turned[two])


def test_gaps_are_drawn_only_where_the_treated_have_them() -> None:
    y, size, _ = counts()
    gaps = y.copy()
    gaps[50:150, 3] = np.nan
    gaps[150:170, 11] = np.nan  # after the pseudo-start at 9, within a follow-up to 12
    one = sample(gaps, treated_first(N, [T] * 2), exposure=np.outer(size, np.ones(T)))
    how = outcome("count", direction="decrease", exposure="e")
    drawn = set(np.concatenate(pools_like_the_treated(one, how, 9, 12).units))
    assert not drawn & set(range(50, 170))
    gaps[0, 3] = np.nan
    one = sample(gaps, treated_first(N, [T] * 2), exposure=np.outer(size, np.ones(T)))
    assert set(np.concatenate(pools_like_the_treated(one, how, 9, 12).units)) & set(range(50, 170))


def test_too_few_alike_is_said() -> None:
    y, size, _ = counts()
    size[:] = 1.0
    y[:] = np.arange(N)[::-1, None] * 100.0
    strata = np.where(np.arange(N) < 12, 0, 1)
    found = pools(y, size, strata=strata)
    assert found.loose in {"", "size"}
    assert all(len(pool) == 12 for pool in found.units)


def test_draws_are_different_units_each_from_its_pool() -> None:
    y, size, _ = counts()
    found = pools(y, size)
    for seed in range(30):
        chosen = found.draw(2, np.random.default_rng(seed))
        assert len(set(chosen)) == 2
        assert chosen[0] in found.units[0]
        assert chosen[1] in found.units[1]
    many = found.draw(found.reach, np.random.default_rng(0))
    assert len(set(many)) == found.reach
