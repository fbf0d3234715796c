"""How often do the doubts fail where nothing is wrong, and where something is? The tables of docs/methods are made here.

`python tests/simulation/test_doubt_rates.py` prints them.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.robustness.simulated import PERIODS, START, counts, doubted, plan
from utvardering.robustness.base import Doubt, RobustnessRow
from utvardering.robustness.displacement import displacement
from utvardering.robustness.placebo_unit import placebo_unit
from utvardering.robustness.scales import scales
from utvardering.robustness.specification_curve import Tried, specification_curve, together
from utvardering.robustness.specifications import choices

SEEDS = 200
Rates = dict[str, Counter[str]]


def hidden(rng: np.random.Generator, units: int, spread: float) -> np.ndarray:
    """(N, T) a shift of every unit at the start that no past foretells: other measures, here and there."""
    return spread * rng.standard_normal((units, 1)) * (np.arange(PERIODS) >= START)


def apart(slope: float, units: int, treated: int) -> np.ndarray:
    """(N, T) a trend of the treated alone, in log points a year."""
    return slope / 12 * np.arange(PERIODS) * (np.arange(units) < treated)[:, None]


def tried(check: Callable[[Doubt], Iterator[Any]], make: Callable[[np.random.Generator], Doubt], seeds: int) -> Rates:
    """Verdicts of each variant over seeds; rows of single units and specifications are left out."""
    found: Rates = {}
    for seed in range(seeds):
        for row in check(make(np.random.default_rng(seed))):
            if isinstance(row, RobustnessRow) and not row.variant.startswith("u"):
                found.setdefault(row.variant, Counter())[row.verdict] += 1
    return found


def curve(effect: float = 0.0, spread: float = 0.0, slope: float = 0.0, inference: str = "randomization") -> Any:
    def make(rng: np.random.Generator) -> Doubt:
        trend = hidden(rng, 33, spread) + apart(slope, 33, 3)
        return doubted(counts(rng, effect=effect, trend=trend), also=("did", "staggered_did"), inference=inference)

    return make


def plain(effect: float = 0.0, spread: float = 0.0, inference: str = "cluster", **keys: Any) -> Any:
    def make(rng: np.random.Generator) -> Doubt:
        return doubted(counts(rng, effect=effect, trend=hidden(rng, 33, spread)), inference=inference, **keys)

    return make


def beside(effect: float, moved: float) -> Any:
    return lambda rng: doubted(counts(rng, neighbours=6, level=60.0, effect=effect, beside=moved))


def levels(effect: float, rise: float) -> Any:
    """Treated areas two fifths as large as the others, and a common rise: the scales then part."""

    def make(rng: np.random.Generator) -> Doubt:
        size = np.where(np.arange(33) < 3, 0.0, np.log(2.5))[:, None]
        trend = size + np.log1p(rise) * (np.arange(PERIODS) >= START)
        return doubted(counts(rng, effect=effect, level=40.0, trend=trend), estimator="did", inference="cluster")

    return make


def rejections(effect: float, seeds: int = SEEDS) -> float:
    """Share of the seeds in which the joint test alone, without any estimate, finds something at 5 %."""
    found = 0
    for seed in range(seeds):
        one = counts(np.random.default_rng(seed), effect=effect)
        doubt = Doubt(plan(also=("did", "staggered_did")), one, planned=None)  # type: ignore[arg-type]  # it is not looked at
        offered = choices(doubt.study, one)
        none = [Tried(choice, *(math.nan,) * 4, concludes=False) for choice in offered.listed()[0]]
        test, _ = together(doubt, offered, none)
        assert test is not None
        found += test.median_p <= 0.05
    return found / seeds


def share(rates: Rates, variant: str, verdict: str = "fail") -> float:
    """Share of the seeds with a verdict."""
    return rates[variant][verdict] / sum(rates[variant].values())


NOISE = 2.6 * np.sqrt(0.05 * 0.95 / SEEDS)


@pytest.mark.slow
def test_the_joint_test_has_its_size_and_finds_an_effect() -> None:
    assert abs(rejections(0.0) - 0.05) <= NOISE
    assert rejections(-0.25, 60) >= 0.95


@pytest.mark.slow
def test_placebo_units_stop_a_conclusion_that_a_clustered_interval_draws_from_chance() -> None:
    wrong = tried(placebo_unit, plain(spread=0.3), SEEDS)
    sound = tried(placebo_unit, plain(effect=-0.3), SEEDS)
    assert share(sound, "rank", "pass") >= 0.9
    assert share(wrong, "rank") >= 0.15  # a clustered interval with three treated alarms in a fifth, and nearly all are stopped


@pytest.mark.slow
def test_displacement_is_seen_and_not_made_up() -> None:
    sound, moved = tried(displacement, beside(-0.3, 0.0), 120), tried(displacement, beside(-0.3, 0.25), 40)  # 30 seconds
    assert share(sound, "ring=1", "pass") >= 0.9
    assert share(sound, "spillover_robust") <= 0.05
    assert share(moved, "ring=1") >= 0.95
    assert share(moved, "spillover_robust") >= 0.9


@pytest.mark.slow
def test_scales_part_where_levels_do() -> None:
    sound, wrong = tried(scales, levels(-0.4, 0.0), SEEDS), tried(scales, levels(0.0, 0.8), SEEDS)
    for scale in ("ratio", "log"):
        assert share(sound, scale, "pass") >= 0.9
        assert share(wrong, scale) >= 0.8


CASES: dict[str, tuple[Any, dict[str, Any]]] = {
    "specification_curve": (
        specification_curve,
        {
            "no effect": curve(),
            "effect −25 %": curve(effect=-0.25),
            "no effect, areas shift by themselves (0.3), clustered plan": curve(spread=0.3, inference="cluster"),
            "no effect, the treated fall by 0.1 a year": curve(slope=-0.1),
        },
    ),
    "placebo_unit": (
        placebo_unit,
        {
            "effect −30 %, clustered plan": plain(effect=-0.3),
            "no effect, clustered plan": plain(),
            "no effect, areas shift by themselves (0.3), clustered plan": plain(spread=0.3),
        },
    ),
    "displacement": (
        displacement,
        {
            "effect −30 %, neighbours untouched": beside(-0.3, 0.0),
            "effect −30 %, neighbours +25 %": beside(-0.3, 0.25),
            "effect −30 %, neighbours −15 % (shared benefit)": beside(-0.3, -0.15),
        },
    ),
    "scales": (
        scales,
        {
            "effect −40 %, levels alike": levels(-0.4, 0.0),
            "no effect, all rise by 80 %, comparison 2.5 times as large": levels(0.0, 0.8),
        },
    ),
}


if __name__ == "__main__":
    for name in sys.argv[1:] or CASES:
        check, cases = CASES[name]
        for case, make in cases.items():
            for variant, found in tried(check, make, SEEDS).items():
                cells = " | ".join(
                    f"{found[verdict] / sum(found.values()):.3f}" for verdict in ("pass", "fail", "not_evaluated")
                )
                sys.stdout.write(f"| {name}: {case} | {variant} | {cells} |\n")
