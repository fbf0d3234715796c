"""The forecast of a series against its closed form, and what the check makes of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from utvardering.data.load import load_panel
from utvardering.errors import DesignError
from utvardering.estimators.estimate import estimate_effects
from utvardering.robustness.base import Doubt, RobustnessRow
from utvardering.robustness.state_space import RATIOS, forecast, quantile
from utvardering.robustness.structural import structural
from utvardering.study.load import load_study

STUDIES = Path(__file__).parents[2] / "studies"
LENGTH, START = 60, 40


def waves(length: int) -> np.ndarray:
    time = np.arange(length)
    return np.column_stack([np.cos(2 * np.pi * time / 12), np.sin(2 * np.pi * time / 12)])


def course(seed: int, length: int = LENGTH) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 3 + 0.01 * np.arange(length) + waves(length) @ [0.2, 0.1] + 0.1 * rng.standard_normal(length)


def by_least_squares(y: np.ndarray, columns: np.ndarray, start: int, ratio: float) -> tuple[float, float, float]:
    """Mean difference, its scale and the log likelihood of one ratio, by generalised least squares in closed form."""
    time = np.arange(len(y))
    design = np.column_stack([np.ones(len(y)), time, columns])
    covariance = np.eye(len(y)) + ratio**2 * np.minimum.outer(time, time)
    past = np.flatnonzero(np.isfinite(y) & (time < start))
    after = np.flatnonzero(np.isfinite(y) & (time >= start))
    inverse = np.linalg.inv(covariance[np.ix_(past, past)])
    information = design[past].T @ inverse @ design[past]
    held = np.linalg.inv(information)
    beta = held @ design[past].T @ inverse @ y[past]
    residual = y[past] - design[past] @ beta
    squares, freedom = float(residual @ inverse @ residual), len(past) - design.shape[1]
    gain = covariance[np.ix_(after, past)] @ inverse
    expected = design[after] @ beta + gain @ residual
    left = design[after] - gain @ design[past]
    error = covariance[np.ix_(after, after)] - gain @ covariance[np.ix_(past, after)] + left @ held @ left.T
    scale = np.sqrt(squares / freedom * error.sum()) / len(after)
    logs = np.linalg.slogdet(covariance[np.ix_(past, past)])[1] + np.linalg.slogdet(information)[1]
    return float(np.mean(y[after] - expected)), float(scale), float(-0.5 * (logs + freedom * np.log(squares)))


@pytest.mark.parametrize("gaps", [(), (7, 23, 51)])
def test_the_forecast_is_that_of_generalised_least_squares(gaps: tuple[int, ...]) -> None:
    y, columns = course(3), waves(LENGTH)
    y[list(gaps)] = np.nan
    found = forecast(y, columns, START, 0.95)
    wanted = np.array([by_least_squares(y, columns, START, ratio) for ratio in RATIOS])
    np.testing.assert_allclose(found.centre, wanted[:, 0], rtol=0, atol=1e-7)  # a Kalman filter against matrices
    np.testing.assert_allclose(found.scale, wanted[:, 1], rtol=1e-6, atol=0)
    weight = np.exp(wanted[:, 2] - wanted[:, 2].max())
    np.testing.assert_allclose(found.weight, weight / weight.sum(), rtol=0, atol=1e-6)
    assert found.freedom == START - 4 - sum(gap < START for gap in gaps)


def test_a_shift_after_the_start_is_the_effect() -> None:
    y = course(5)
    shifted = np.where(np.arange(LENGTH) >= START, y + 0.5, y)
    one, other = (forecast(values, waves(LENGTH), START, 0.95) for values in (y, shifted))
    assert other.effect - one.effect == pytest.approx(0.5, abs=1e-9)
    assert other.limit(0.025) - one.limit(0.025) == pytest.approx(0.5, abs=1e-9)
    assert other.limit(0.025) < other.effect < other.limit(0.975)
    assert (one.low < one.expected).all()
    assert (one.expected < one.high).all()


def test_the_quantile_of_a_mixture_of_one_is_its_own() -> None:
    same = np.full(3, 1.0)
    assert quantile(same, same, same / 3, 10, 0.975) == pytest.approx(1 + 2.2281388519649385, rel=1e-12)


def test_what_cannot_be_forecast_is_refused() -> None:
    with pytest.raises(DesignError, match="11 periods before the start are too few for a forecast with 4 coefficients"):
        forecast(course(1), waves(LENGTH), 11, 0.95)
    with pytest.raises(DesignError, match="every value before the start is the same"):
        forecast(np.ones(LENGTH), waves(LENGTH), START, 0.95)


def rows_of(tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame] = lambda table: table) -> dict[str, RobustnessRow]:
    """What the check says of the example study with changed data."""
    folder = tmp_path / "webbplats"
    shutil.copytree(STUDIES / "webbplats", folder)
    (folder / "data" / "sources.toml").unlink()
    change(pd.read_csv(folder / "data" / "serie.csv")).to_csv(folder / "data" / "serie.csv", index=False)
    study = load_study(folder)
    panel = load_panel(study)
    found = estimate_effects(study, panel)
    planned = found.planned(study.primary.id)
    assert planned is not None
    return {row.variant: row for row in structural(Doubt(study, panel, planned))}


def test_three_other_accounts_of_the_example_agree(tmp_path: Path) -> None:
    rows = rows_of(tmp_path)
    assert list(rows) == ["alone", "controls", "against=besok_sophamtning"]
    assert {row.verdict for row in rows.values()} == {"pass"}
    assert {row.check for row in rows.values()} == {"structural"}
    assert all(row.ci_low < row.estimate < row.ci_high for row in rows.values())


def test_an_effect_that_the_control_shows_too_fails_against_it(tmp_path: Path) -> None:
    """Something lifted the whole website at the start: the planned analysis cannot see it, the control can."""

    def lift(table: pd.DataFrame) -> pd.DataFrame:
        after = table["manad"] >= "2022-09"
        return table.assign(besok_sophamtning=np.where(after, 2 * table["besok_sophamtning"], table["besok_sophamtning"]))

    rows = rows_of(tmp_path, lift)
    assert rows["alone"].verdict == "pass"
    assert rows["against=besok_sophamtning"].verdict == "fail"


def test_a_control_without_events_is_told_and_does_not_stop_the_others(tmp_path: Path) -> None:
    rows = rows_of(
        tmp_path, lambda table: table.assign(besok_sophamtning=table["besok_sophamtning"].where(table.index != 3, 0))
    )
    assert rows["alone"].verdict == "pass"
    for variant in ("controls", "against=besok_sophamtning"):
        assert rows[variant].verdict == "not_evaluated"
        assert rows[variant].text
        assert np.isnan(rows[variant].estimate)


def test_studies_with_a_comparison_have_no_such_check() -> None:
    series = load_study(STUDIES / "webbplats")
    planned = estimate_effects(series, load_panel(series)).planned(series.primary.id)
    assert planned is not None
    study = load_study(STUDIES / "belysning")
    assert list(structural(Doubt(study, load_panel(study), planned))) == []
