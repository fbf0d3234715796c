"""The test over starts and persons is exact by enumeration, agrees with a slow listing, and says when it cannot answer."""

from __future__ import annotations

import math

import numpy as np
import pytest

from utvardering.errors import DesignError
from utvardering.individuals.single_case import MANY_WAVES, NEVER, common_starts, handed_out, single_case


def noise(seed, persons, waves, trend=0.3):
    """Persons with levels of their own, a common trend, and waves that depend on those before."""
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 1, (persons, waves))
    for wave in range(1, waves):
        values[:, wave] += 0.7 * values[:, wave - 1]
    return values + rng.normal(0, 3, (persons, 1)) + trend * np.arange(waves)


def under(start, waves):
    return ((start[:, None] != NEVER) & (np.arange(waves) >= start[:, None])).astype(float)


def with_effect(values, start, effect):
    return values + effect * under(start, values.shape[1])


def rng():
    return np.random.default_rng(1)


def few(waves=20, persons=6, treated=3, start=9):
    arm = np.arange(persons) < treated
    ways, exact = common_starts(arm, np.zeros(persons, dtype=np.int64), waves, start, rng())
    return ways, exact, np.where(arm, start, NEVER)


STAGGERED = np.array([8, 10, 12, 14])


def slow_statistic(values, start):
    """|t| of the measure in a regression with dummies, up to a factor that all ways share."""
    persons, waves = values.shape
    known = np.isfinite(values).ravel()
    dummies = [np.kron(np.eye(persons), np.ones((waves, 1)))]
    if len(np.unique(start)) > 1:
        dummies.append(np.kron(np.ones((persons, 1)), np.eye(waves)))
    x = np.column_stack(dummies)[known]

    def rest(column):
        return column - x @ np.linalg.lstsq(x, column, rcond=None)[0]

    d = rest(under(start, waves).ravel()[known])
    return abs(d @ rest(values.ravel()[known])) / np.sqrt(d @ d)


def slow_p_value(values, ways):
    every = np.array([slow_statistic(values, way) for way in ways])
    return np.mean(every >= every[0] * (1 - 1e-9))


def test_all_starts_and_persons_are_listed():
    ways, exact, start = few()
    starts = 20 - 2 * MANY_WAVES + 1
    assert exact
    assert len(ways) == starts * math.comb(6, 3) == len(np.unique(ways, axis=0))
    assert np.array_equal(ways[0], start)
    assert set(np.unique(ways)) == {NEVER, 8, 9, 10, 11, 12}


def test_persons_change_places_within_their_school():
    arm = np.array([True, False, True, False, False])
    ways, _ = common_starts(arm, np.array([0, 0, 1, 1, 1]), 17, 8, rng())
    assert len(ways) == 2 * 3 * 2
    assert all((way[:2] != NEVER).sum() == (way[2:] != NEVER).sum() == 1 for way in ways)


def test_own_starts_are_handed_out_in_every_way():
    ways, exact = handed_out(STAGGERED, rng())
    assert exact
    assert len(np.unique(ways, axis=0)) == len(ways) == 24
    assert np.array_equal(ways[0], STAGGERED)
    with_others, _ = handed_out(np.array([8, 8, 10, NEVER, NEVER]), rng())
    assert len(with_others) == math.factorial(5) // 4
    many, exact = handed_out(np.arange(12) + 8, rng(), draws=99)
    assert not exact
    assert many.shape == (100, 12)


@pytest.mark.parametrize("design", ["common", "own"])
def test_the_level_is_exact_by_enumeration(design):
    """Every way in turn is the actual one: of R ways exactly those of the largest statistics are rejected."""
    ways = few()[0] if design == "common" else handed_out(np.array([8, 10, 12, 14, NEVER]), rng())[0]
    values = noise(2, ways.shape[1], 24 if design == "own" else 20)
    found = []
    for k in range(len(ways)):
        order = np.concatenate([[k], np.delete(np.arange(len(ways)), k)])
        found.append(single_case(values, ways[order], exact=True, level=0.90).test.p_value)
    found = np.array(found)
    for alpha in np.arange(1, 20) / 20:
        assert np.mean(found <= alpha + 1e-12) <= alpha + 1e-12
    assert np.mean(found <= 0.10 + 1e-12) >= 0.10 - 2 / len(ways), "nearly all of the level is used"


def test_p_value_is_that_of_the_slow_listing_also_with_gaps():
    ways, _, start = few()
    values = with_effect(noise(3, 6, 20), start, 1.5)
    values[1, 4] = values[5, 17] = np.nan
    found = single_case(values, ways, exact=True, level=0.95)
    assert found.test.p_value == slow_p_value(values, ways)
    for limit, inside in ((found.test.ci_low, 1), (found.test.ci_high, -1)):
        step = 1e-6 * found.test.std_error
        at = [slow_p_value(with_effect(values, start, -(limit + side * step)), ways) for side in (inside, -inside)]
        assert at[0] > 0.05 >= at[1]


def test_starts_with_few_waves_on_one_side_are_judged_by_their_own_noise():
    """Early and late starts tell less than those in the middle: several panels agree with the slow listing."""
    ways, _, _ = few(waves=34, persons=4, treated=2, start=17)
    for seed in range(6):
        values = noise(20 + seed, 4, 34)
        assert single_case(values, ways, exact=True, level=0.95).test.p_value == slow_p_value(values, ways)


def test_estimate_is_the_difference_in_differences():
    ways, _, start = few()
    values = noise(4, 6, 20)
    change = values[:, 9:].mean(axis=1) - values[:, :9].mean(axis=1)
    found = single_case(values, ways, exact=True, level=0.95)
    assert found.estimate == pytest.approx(change[start != NEVER].mean() - change[start == NEVER].mean())


def test_without_comparison_the_start_alone_is_drawn():
    arm = np.ones(3, dtype=bool)
    ways, _ = common_starts(arm, np.zeros(3, dtype=np.int64), 40, 20, rng())
    assert len(ways) == 25
    values = with_effect(noise(5, 3, 40, trend=0.0), ways[0], 6.0)
    found = single_case(values, ways, exact=True, level=0.95)
    assert found.test.p_value == found.test.p_smallest == 1 / 25
    change = values[:, 20:].mean(axis=1) - values[:, :20].mean(axis=1)
    assert found.estimate == pytest.approx(change.mean())


def test_an_effect_moves_estimate_and_interval_with_it():
    ways, _ = handed_out(np.array([8, 9, 11, 13, 15]), rng())
    values = noise(6, 5, 24)
    one, other = (single_case(with_effect(values, ways[0], by), ways, exact=True, level=0.95) for by in (0.0, 4.0))
    assert other.estimate - one.estimate == pytest.approx(4.0)
    assert other.test.ci_low - one.test.ci_low == pytest.approx(4.0)
    assert other.test.ci_low < other.estimate < other.test.ci_high


def test_smallest_p_counts_what_looks_alike():
    ways, _, _ = few()
    found = single_case(noise(7, 6, 20), ways, exact=True, level=0.95)
    assert found.test.p_smallest == 2 / len(ways), "treated and comparison may change places"


def test_too_few_ways_are_refused():
    ways, _ = handed_out(np.array([8, 10, 12]), rng())
    with pytest.raises(DesignError, match=r"no p-value below 0\.167, so level 0\.95 cannot be reached; more waves or"):
        single_case(noise(8, 3, 24), ways, exact=True, level=0.95)


def test_persons_never_measured_before_are_refused():
    ways, _, _ = few()
    values = noise(9, 6, 20)
    values[:3, :9] = np.nan
    with pytest.raises(DesignError, match="nobody was measured both before and after the start"):
        single_case(values, ways, exact=True, level=0.95)
