"""dowhy kept quiet, alone with its random numbers, and the same each time."""

from __future__ import annotations

import logging
import random
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from utvardering.causal.library import alone, refutations

NAMES = ("placebo_treatment", "random_cause", "subset")


def areas(seed: int = 1, effect: float = -0.5) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((60, 1))
    treated = x[:, 0] + rng.standard_normal(60) > 0
    return x[:, 0] + effect * treated + 0.5 * rng.standard_normal(60), treated, x


@pytest.fixture
def one_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten simulations in place of a hundred: a p-value's meaning is not what is tested here."""
    monkeypatch.setattr("utvardering.causal.library.SIMULATIONS", 10)


@pytest.mark.usefixtures("one_simulation")
def test_random_states_logs_and_arguments_are_left_as_they_were(capfd: pytest.CaptureFixture[str]) -> None:
    change, treated, x = areas()
    kept = [one.copy() for one in (change, treated, x)]
    numbers, picks, level = np.random.get_state(), random.getstate(), logging.getLogger("dowhy").level  # noqa: NPY002 -- the global state is what must not change
    found = refutations(change, treated, x, NAMES, seed=3)
    for mine, theirs in zip(numbers, np.random.get_state(), strict=True):  # noqa: NPY002 -- the same
        np.testing.assert_array_equal(mine, theirs)
    assert (random.getstate(), logging.getLogger("dowhy").level) == (picks, level)
    for before, after in zip(kept, (change, treated, x), strict=True):
        np.testing.assert_array_equal(before, after)
    assert capfd.readouterr() == ("", "")
    np.random.seed(99)  # noqa: NPY002 -- another state from which the same must follow
    assert refutations(change, treated, x, NAMES, seed=3) == found
    assert refutations(change, treated, x, NAMES, seed=4) != found


@pytest.mark.usefixtures("one_simulation")
def test_without_anything_to_adjust_for() -> None:
    change, treated, _ = areas()
    placebo, random_cause, subset = refutations(change, treated, np.empty((60, 0)), NAMES, seed=1)
    plain = change[treated].mean() - change[~treated].mean()
    assert random_cause.effect == pytest.approx(plain, abs=0.2)
    assert subset.effect == pytest.approx(plain, abs=0.2)
    assert placebo.effect == pytest.approx(0, abs=0.5)


def test_states_come_back_where_something_fails() -> None:
    before = np.random.get_state()[1].copy()  # noqa: NPY002 -- the global state is what must not change

    def fails() -> None:
        with alone(5):
            np.random.normal()  # noqa: NPY002 -- as dowhy does
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    np.testing.assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002 -- the same


def test_dowhy_is_imported_only_where_it_is_used() -> None:
    code = "import sys, utvardering.evaluate; print('dowhy' in sys.modules, 'networkx' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("False")
