"""Every key that one series has no use for is refused, with what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from utvardering.errors import StudyError
from utvardering.study.load import load_study

WEBBPLATS = Path(__file__).parents[2] / "studies" / "webbplats"
COLUMNS = "is for areas that are compared with each other, and one series has none; remove it"
NOTHING = "needs something to compare with, and one series has nothing; write"

CASES = {
    "[estimation]\ncovariates = ['x']": f"estimation.covariates: {COLUMNS}",
    "[estimation]\nweights = 'x'": f"estimation.weights: {COLUMNS}",
    "[estimation]\nperiod_effects_by = 'x'": f"estimation.period_effects_by: {COLUMNS}",
    "[estimation]\ncluster = 'x'": f"estimation.cluster: {COLUMNS}",
    "[estimation]\nstrata = 'x'": f"estimation.strata: {COLUMNS}",
    "[estimation]\nalso = ['did']": 'estimation.also[0]: "did" compares units, and one series has none; write also = []',
    "[estimation]\ncomparison_group = 'not_yet'": (
        "estimation.comparison_group: is for areas that start at different times, and one series has one start; remove it"
    ),
    "[robustness]\ntrend_deviations = [1.0]": f"robustness.trend_deviations: {NOTHING} trend_deviations = []",
    "[robustness]\nsmoothness = [0.1]": f"robustness.smoothness: {NOTHING} smoothness = []",
    "[measure]\nassignment = 'lottery'\nlottery_seed = 1\nlottery_source = 'a'": (
        'measure.assignment: is "lottery", and one series is not drawn among others; write assignment = "chosen"'
    ),
    "[causal_model]\nedges = ['start -> besok_trygg']": (
        "causal_model: is held against differences between areas, and one series has none; "
        "write what is believed in [measure] mechanism"
    ),
    "[data]\nunit = 'sida'": "data.unit: is for areas, and one series is one unit; write a file with a row per period",
    "[[outcomes]]\nunit = 'sida'": "outcomes[0].unit: is for areas, and one series is one unit; remove it",
}


def load(root: Path, lines: str) -> None:
    """The example study with lines put under a heading."""
    heading, _, rest = lines.partition("\n")
    text = (WEBBPLATS / "study.toml").read_text(encoding="utf-8")
    text = text.replace(f"{heading}\n", f"{lines}\n", 1) if heading in text else f"{text}\n{heading}\n{rest}\n"
    (root / "webbplats").mkdir()
    (root / "webbplats" / "study.toml").write_text(text, encoding="utf-8")
    load_study(root / "webbplats")


@pytest.mark.parametrize("lines", CASES)
def test_a_key_of_areas_is_refused(lines: str, tmp_path: Path) -> None:
    with pytest.raises(StudyError) as fault:
        load(tmp_path, lines)
    told = [line.strip().split(": ", 1)[1] for line in str(fault.value).splitlines()[1:]]
    assert CASES[lines] in told


def test_the_example_itself_is_right() -> None:
    assert load_study(WEBBPLATS).study.design == "series"
