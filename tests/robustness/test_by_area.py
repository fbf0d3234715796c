"""What is estimated in each treated area by itself? Held against an effect that was put into each."""

from __future__ import annotations

import numpy as np
import pytest

from tests.designs import grid, noise, panel, study, treated_first
from utvardering.data.panel import Panel
from utvardering.estimators.estimate import estimate_effects
from utvardering.robustness.by_area import MOST, effects_by_area

EFFECTS = (-3.0, 0.0, 4.0)
N_UNITS, N_PERIODS, START = 30, 12, 8


def areas(effects: tuple[float, ...] = EFFECTS, n_units: int = N_UNITS, spread: float = 0.0) -> Panel:
    start = treated_first(n_units, [START] * len(effects))
    y = 10 + np.arange(n_units)[:, None] / 10 + np.arange(N_PERIODS)[None, :] / 5
    y = y + spread * noise(np.random.default_rng(3), n_units, N_PERIODS)
    y[: len(effects), START:] += np.array(effects)[:, None]
    return panel({"y": grid(y, start)}, ["treated"] * len(effects) + ["comparison"] * (n_units - len(effects)))


def test_each_area_shows_the_effect_that_was_put_into_it() -> None:
    plan, one = study(estimation={"estimator": "did"}), areas()
    found = effects_by_area(plan, one, estimate_effects(plan, one))
    assert found["unit"].tolist() == ["u0", "u1", "u2"]
    assert found["estimate"].tolist() == pytest.approx(list(EFFECTS), abs=1e-9)  # noiseless
    assert found["interpretable"].all()


def test_a_single_area_has_a_wider_interval_than_all_together() -> None:
    plan, one = study(estimation={"estimator": "did"}), areas((2.0, 2.0, 2.0), spread=1.0)
    estimates = estimate_effects(plan, one)
    shared = estimates.planned("y")
    assert shared is not None
    found = effects_by_area(plan, one, estimates)
    widths = found["ci_high"] - found["ci_low"]
    assert (widths > shared.ci_high - shared.ci_low).all()
    assert (
        (found["effect_percent_low"] < found["effect_percent"]) & (found["effect_percent"] < found["effect_percent_high"])
    ).all()


def test_with_too_few_to_compare_with_the_interval_has_no_end() -> None:
    plan, one = study(estimation={"estimator": "did"}), areas(n_units=13, spread=1.0)
    found = effects_by_area(plan, one, estimate_effects(plan, one))
    assert np.isinf(found[["ci_low", "ci_high"]]).to_numpy().any(axis=1).all()


@pytest.mark.parametrize("effects", [(1.0,), (1.0,) * (MOST + 1)])
def test_one_area_and_very_many_get_no_rows(effects: tuple[float, ...]) -> None:
    plan, one = study(estimation={"estimator": "did"}), areas(effects, n_units=80)
    assert effects_by_area(plan, one, estimate_effects(plan, one)).empty


def test_an_area_alone_is_never_shown_where_persons_are_counted() -> None:
    counted = {"id": "y", "title": "Y", "aim": "brott", "role": "primary", "kind": "count", "counts": "persons"}
    plan = study(estimation={"estimator": "did"}, outcomes=(counted,))
    one = areas(spread=0.0)
    assert effects_by_area(plan, one, estimate_effects(plan, one)).empty
