"""Night against day: where the effect lies, over the same re-assignments."""

from __future__ import annotations

import numpy as np
import pytest

import utvardering as utv
from tests.evaluate.small import write_study
from utvardering.inference.joint_contrast import joint_contrast


def rows(tmp_path, pairs: str, effect: float = -0.5, estimator: str = "poisson_did"):
    """The small study's crimes fall by the effect and its graffiti too; its vandalism does not."""
    folder = write_study(tmp_path, also="[]", effect=effect, estimator=estimator)
    file = folder / "study.toml"
    extra = f'\n[robustness]\nleave_one_out = false\ncontrasts = {pairs}\n[report]\nlanguage = "en"\n'
    file.write_text(file.read_text(encoding="utf-8") + extra, encoding="utf-8")
    study = utv.load_study(folder)
    panel = utv.load_panel(study)
    found = utv.stress(study, panel, utv.estimate_effects(study, panel)).rows
    return {row.variant: row for row in found if row.check == "contrasts"}


@pytest.mark.parametrize("estimator", ["poisson_did", "did"])
def test_an_effect_on_one_outcome_alone_is_seen(tmp_path, estimator) -> None:
    found = rows(tmp_path, '[["brott", "skadegorelse"], ["skadegorelse", "brott"]]', estimator=estimator)
    there, back = found["brott-skadegorelse"], found["skadegorelse-brott"]
    assert (there.verdict, back.verdict) == ("pass", "fail")
    assert there.estimate == pytest.approx(-back.estimate)
    assert there.estimate == pytest.approx(np.log(0.5) if estimator == "poisson_did" else -0.5, abs=0.12)  # noise of counts
    assert there.text.startswith("The effect on Anmälda brott is larger than on Skadegörelse, as it should be")


def test_the_same_effect_on_both_is_not_told_apart(tmp_path) -> None:
    row = rows(tmp_path, '[["brott", "klotter"]]')["brott-klotter"]
    assert row.verdict == "not_evaluated"
    assert row.ci_low < 0 < row.ci_high


def test_an_outcome_against_itself_differs_by_nothing() -> None:
    score = np.random.default_rng(1).standard_normal(500)
    found = joint_contrast((0.3, 0.3), (score, score), 0.95)
    assert (found.difference, found.p_value) == (0.0, 1.0)


def test_an_effect_of_exactly_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="has no scale"):
        joint_contrast((0.0, 0.1), (np.zeros(3), np.ones(3)), 0.95)


@pytest.mark.parametrize("common", [0.0, 0.8])
def test_size_and_coverage_where_both_outcomes_share_their_noise(common: float) -> None:
    """Over 2,000 draws: the test rejects in 5 % and the interval covers in 95 %, less 2.6 Monte Carlo errors."""
    rng, truth, rejected, covered = np.random.default_rng(3), (-0.3, -0.1), 0, 0
    for _ in range(2000):
        shared = rng.standard_normal(200) * np.sqrt(common)
        noise = [shared + np.sqrt(1 - common) * rng.standard_normal(200) for _ in range(2)]
        null = [0.1 * one for one in noise]
        found = joint_contrast((null[0][0], null[1][0]), (null[0], null[1]), 0.95)
        rejected += found.p_value <= 0.05
        scores = [one + effect * (np.arange(200) == 0) for one, effect in zip(null, truth, strict=True)]
        found = joint_contrast((scores[0][0], scores[1][0]), (scores[0], scores[1]), 0.95)
        covered += found.ci_low <= truth[0] - truth[1] <= found.ci_high
    error = 2.6 * np.sqrt(0.05 * 0.95 / 2000)
    assert abs(rejected / 2000 - 0.05) <= error
    assert covered / 2000 >= 0.95 - error
