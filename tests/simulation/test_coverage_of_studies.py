"""Does the planned 95 % interval hold the planted effect in 95 of 100 simulated studies?

Each simulated study is drawn anew from its `data/simulation.toml` with other seeds. The interval holds the truth exactly when
the p-value of the truth exceeds 0.05, by the statistics that the interval is inverted from; one evaluation then does instead
of the hundred that the interval takes.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from utvardering.data.load import load_panel
from utvardering.estimators.base import profiles
from utvardering.estimators.count_scores import ScoreFit, Statistics, count_table, placebo_statistics
from utvardering.estimators.poisson_did import dispersion, placebo_test
from utvardering.inference.randomization import p_value
from utvardering.inference.reassignment import Reassignments, reassign
from utvardering.simulate import Simulator, read_simulation
from utvardering.study.load import load_study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from utvardering.data.panel import Panel, Sample

STUDIES = Path(__file__).parents[2] / "studies"
SIMULATED = ("belysning", "trygghetsvardar")
"""Studies of areas; that of persons is tried in tests/individuals/test_coverage.py."""
DRAWS = 999  # a placebo test is exact with any number of draws; more would only make each interval a little shorter
REACH = 2.6  # Monte Carlo standard errors: a sound interval fails one time in a hundred
QUICK, FULL = 100, 1_000
ALPHA = 0.05 * (1 + 1e-9)  # a p-value that equals 0.05 but for rounding rejects
CHUNK = 50
FAR_SEEDS = 1_000_000  # far from the seeds of the kept files


def test_p_value_of_the_truth_says_what_the_interval_says() -> None:
    """The shortcut of this file: on a fine grid of effects, those within the interval are those with p above 0.05."""
    for study in SIMULATED:
        simulator, panel = _study(study)
        sample = redrawn(simulator, panel, 7)
        fitter, statistics, draws = planned_statistics(sample, 7)
        found = placebo_test(statistics, draws, fitter.estimate(), 0.95)
        assert not found.note, "the interval is a hull; take another seed"
        effects = np.linspace(found.ci_low - found.std_error, found.ci_high + found.std_error, 201)
        held = np.array([p_value(statistics(effect)) > ALPHA for effect in effects])
        inside = (effects >= found.ci_low) & (effects <= found.ci_high)
        distance = np.minimum(abs(effects - found.ci_low), abs(effects - found.ci_high))
        near = distance < 1e-4 * found.std_error  # a limit is found to 2e-5 of the standard error
        assert np.array_equal(held[~near], inside[~near])


def test_intervals_hold_the_truth_quickly() -> None:
    """A hundred seeds of each study find gross faults."""
    for study in SIMULATED:
        _judge(study, [*covered(study, range(QUICK))])


@pytest.mark.slow
@pytest.mark.parametrize("study", SIMULATED)
def test_intervals_hold_the_truth(study: str) -> None:
    """A thousand seeds tell 95 % from 93 and from 97."""
    starts = range(0, FULL, CHUNK)
    with ProcessPoolExecutor(2) as workers:
        parts = workers.map(covered, [study] * len(starts), [range(first, first + CHUNK) for first in starts])
        _judge(study, [held for part in parts for held in part])


def covered(study: str, seeds: range) -> list[bool]:
    """Whether the planned interval of the primary outcome holds the planted effect, for each seed."""
    simulator, panel = _study(study)
    truth = simulator.study.truth[simulator.study.primary.id]
    found = []
    for seed in seeds:
        sample = redrawn(simulator, panel, FAR_SEEDS + seed)
        _, statistics, _ = planned_statistics(sample, seed)
        found.append(p_value(statistics(truth)) > ALPHA)
    return found


def planned_statistics(sample: Sample, seed: int) -> tuple[ScoreFit, Statistics, Reassignments]:
    """Set up what `poisson_did` judges an effect by, over fewer re-assignments."""
    table = count_table(sample)
    draws = reassign(profiles(table.treatment)[0], np.random.default_rng(seed), draws=DRAWS, enumerate_up_to=DRAWS)
    fitter = ScoreFit(table)
    return fitter, placebo_statistics(fitter, dispersion(sample), draws), draws


def redrawn(simulator: Simulator, panel: Panel, seed: int) -> Sample:
    """Draw the primary outcome of the treated and comparison units anew."""
    outcome = simulator.study.primary
    frame = simulator.files(seed)[outcome.file or simulator.study.data.panel]
    names = simulator.simulation.units
    order = np.array([names.index(unit) for unit in panel.units])

    def grid(column: str) -> NDArray[np.float64]:
        values: NDArray[np.float64] = frame[column].to_numpy(float).reshape(len(names), -1)[order]
        return values

    kept = panel.grids[outcome.id]
    new = replace(kept, y=grid(outcome.id), exposure=grid(outcome.exposure) if outcome.exposure else None)
    return replace(panel, grids={outcome.id: new}).sample(outcome.id)


@cache
def _study(name: str) -> tuple[Simulator, Panel]:
    study = load_study(STUDIES / name)
    return Simulator(study, read_simulation(study.folder)), load_panel(study)


def _judge(study: str, held: list[bool]) -> None:
    share, count = float(np.mean(held)), len(held)
    error = np.sqrt(0.95 * 0.05 / count)
    finest = 1 - np.floor(0.05 * (DRAWS + 1)) / (DRAWS + 1)  # what the steps of the p-value make of 0.95
    assert share >= 0.95 - REACH * error, f"{study}: {share:.3f} of {count} intervals hold the truth"
    assert share <= finest + REACH * error, f"{study}: {share:.3f} of {count} intervals hold the truth"
