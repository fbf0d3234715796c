"""All checks together: every one is there, none looks beyond the start, and hopeless plans are told so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.checks.pasts import N_AFTER, N_BEFORE, N_UNITS, a_panel, a_study, events, means
from utvardering.checks import power as trying
from utvardering.checks.base import IDENTIFYING
from utvardering.checks.plan import refuse_hopeless
from utvardering.checks.registry import CHECKS, check_design
from utvardering.errors import StudyError

TWO = [N_BEFORE] * 2


@pytest.fixture(autouse=True)
def _few_tries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer tries of the past, for speed: how precise a power is plays no part here."""
    monkeypatch.setattr(trying, "TRIES", 25)


@pytest.mark.parametrize("kind", ["count", "mean"])
def test_nothing_after_the_start_can_influence_a_check(kind: str) -> None:
    """Outcomes, exposure, weights and covariates after the start are exchanged, erased or absurd: not a letter changes."""
    rng = np.random.default_rng(1)
    y = events() if kind == "count" else means()
    beside = {
        "weights": np.ones(y.shape),
        "covariates": {"x": rng.normal(0, 1, y.shape)},
        "exposure": np.full(y.shape, 500.0) if kind == "count" else None,
    }
    plan = a_study(kind, "poisson_did" if kind == "count" else "did")
    after = np.arange(y.shape[1]) >= N_BEFORE

    def tables(values: np.ndarray, other: float) -> tuple[str, str]:
        def moved(part: np.ndarray | None) -> np.ndarray | None:
            return None if part is None else np.where(after, other, part)

        covariates = {"x": moved(beside["covariates"]["x"])}
        whole = a_panel(
            values, TWO, weights=moved(beside["weights"]), exposure=moved(beside["exposure"]), covariates=covariates
        )
        found = check_design(plan, whole.before())
        return found.to_frame().to_csv(), found.balance_frame().to_csv()

    expected = tables(y, 1.0)
    shuffled = np.where(after, rng.permutation(y.ravel()).reshape(y.shape), y)
    assert tables(shuffled, 2.0) == expected
    assert tables(np.where(after, np.nan, y), np.nan) == expected
    assert tables(np.where(after, 1e9, y), 1e9) == expected


def test_anticipated_periods_are_not_seen_either() -> None:
    y = means()
    late = y.copy()
    late[:, N_BEFORE - 2 :] = 1e6
    found = [check_design(a_study(), a_panel(one, TWO, anticipation=2).before()).to_frame() for one in (y, late)]
    assert found[0].to_csv() == found[1].to_csv()


def test_every_check_gives_a_verdict_a_number_and_a_sentence() -> None:
    found = check_design(a_study(), a_panel(means(), TWO).before())
    assert [row.check for row in found.rows] == list(CHECKS)
    assert all(row.text and row.verdict in {"pass", "fail", "not_evaluated"} for row in found.rows)
    assert found["history"].check == "history"
    assert check_design(a_study(), a_panel(means(), TWO).before()).to_frame().equals(found.to_frame())


def test_concurrent_changes_fail() -> None:
    declared = a_study(measure={"kind": "other", "name": "Prov", "concurrent": ("Nya kameror",)})
    found = check_design(declared, a_panel(means(), TWO).before())
    assert found["concurrent"].verdict == "fail"
    assert "Nya kameror" in found["concurrent"].text
    assert [row.check for row in found.failed()] == ["concurrent"]
    assert check_design(a_study(), a_panel(means(), TWO).before())["concurrent"].verdict == "pass"


def test_only_identifying_checks_close_the_gate() -> None:
    noisy = check_design(a_study(), a_panel(means(spread=60), TWO).before())
    assert noisy["power"].verdict == "fail"
    assert "power" not in {row.check for row in noisy.failed()}
    assert "power" not in IDENTIFYING


@pytest.mark.parametrize(
    "y",
    [np.zeros((N_UNITS, N_BEFORE + N_AFTER)), np.full((N_UNITS, N_BEFORE + N_AFTER), 7.0)],
    ids=["no events before", "no variation before"],
)
@pytest.mark.parametrize("kind", ["count", "mean"])
def test_a_past_without_anything_in_it_is_not_evaluated(y: np.ndarray, kind: str) -> None:
    """No check passes on a past that tells nothing, and none stumbles."""
    found = check_design(a_study(kind, "poisson_did" if kind == "count" else "did"), a_panel(y, TWO).before())
    if not y.any():
        assert found["pretrend"].verdict == "not_evaluated"
        assert found["power"].verdict != "pass"
    assert all(np.isfinite(row.value) or row.verdict != "pass" for row in found.rows)


def test_gaps_in_the_past_are_no_fault() -> None:
    y = means()
    y[4, 3] = y[0, 5] = np.nan
    y[:, 7] = np.nan
    y[9, :N_BEFORE] = np.nan
    found = check_design(a_study(), a_panel(y, TWO).before())
    assert found["history"].verdict == "pass"


def test_a_plan_that_cannot_reach_its_level_is_refused() -> None:
    few = a_panel(means(n_units=14), [N_BEFORE])
    with pytest.raises(StudyError, match=r"1 treated of 14 units gives no p-value below 0\.071"):
        refuse_hopeless(a_study(), few)
    refuse_hopeless(a_study(), a_panel(means(n_units=20), [N_BEFORE]))
    refuse_hopeless(a_study(estimation={"inference": "cluster"}), few)
    refuse_hopeless(a_study(estimation={"level": 0.9}), few)
    strata = replace(a_panel(means(n_units=24), [N_BEFORE]), strata=np.array([0] * 12 + [1] * 12))
    with pytest.raises(StudyError, match=r"0\.083"):
        refuse_hopeless(a_study(), strata)
