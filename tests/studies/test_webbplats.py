"""Does the planned interval of the series study hold the planted effect in 95 of 100 studies drawn like it?"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from utvardering.data.load import load_panel
from utvardering.estimators.estimate import planned_job
from utvardering.estimators.interrupted import interrupted
from utvardering.estimators.registry import ESTIMATORS
from utvardering.simulate_series import frame_of, main, read_simulation, simulate_series
from utvardering.study.load import load_study

WEBBPLATS = Path(__file__).parents[2] / "studies" / "webbplats"
REACH = 2.6  # Monte Carlo standard errors: a sound interval fails one time in a hundred
QUICK, FULL, CHUNK = 60, 400, 100  # a tenth of a second a study: the slow test stays under a minute of processor time
FAR_SEEDS = 1_000_000  # far from the seed of the kept file


def covered(seeds: range) -> list[bool]:
    """Whether the planned interval of the primary outcome holds the planted effect, for each seed."""
    study = load_study(WEBBPLATS)
    panel, outcome = load_panel(study), study.primary
    job = planned_job(study, panel, ESTIMATORS["interrupted"], outcome)
    frame, simulation = frame_of(study), read_simulation(WEBBPLATS)
    held = []
    for seed in seeds:
        table = simulate_series(frame, simulation, np.random.default_rng(FAR_SEEDS + seed))
        grid = replace(job.sample.grid, y=table[outcome.id].to_numpy(float)[None, :])
        found = interrupted(replace(job, sample=replace(job.sample, grid=grid))).estimates[0]
        held.append(found.ci_low <= study.truth[outcome.id] <= found.ci_high)
    return held


def judge(held: list[bool]) -> None:
    share, error = float(np.mean(held)), np.sqrt(0.95 * 0.05 / len(held))
    assert share >= 0.95 - REACH * error, f"{share:.3f} of {len(held)} intervals hold the truth"


def test_intervals_hold_the_truth_quickly() -> None:
    judge(covered(range(QUICK)))


@pytest.mark.slow
def test_intervals_hold_the_truth() -> None:
    with ProcessPoolExecutor(2) as workers:
        parts = workers.map(covered, [range(first, first + CHUNK) for first in range(0, FULL, CHUNK)])
        judge([held for part in parts for held in part])


def test_command_without_a_study(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: python -m utvardering.simulate_series STUDY ...\n"


def test_a_study_of_areas_is_not_simulated_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(WEBBPLATS.parent / "castle-doctrine")]) == 3
    assert "there is no such file in castle-doctrine" in capsys.readouterr().err
