"""No table holds a pseudonym, a count of persons under the limit, or two counts whose difference is one."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from simulated_cohort import by_lottery, by_starting_point, cohort_of

from utvardering.data.cohort import load_cohort
from utvardering.disclosure.rounding import rounded
from utvardering.errors import DesignError
from utvardering.individuals.analysis import analyse
from utvardering.individuals.checks import check_cohort
from utvardering.individuals.disclosure import share, told, told_tipping
from utvardering.individuals.missing import TippingPoint
from utvardering.individuals.rows import estimates_of
from utvardering.study.model import Study

PSEUDONYM = "Q7Z{:04d}"
CELL = 5


def make_study(folder, language="sv"):
    file = {
        "schema": 1,
        "folder": folder,
        "study": {"id": "prov", "title": "Prov", "question": "Minskade det?", "design": "individuals"},
        "measure": {"kind": "sspf", "name": "SSPF"},
        "data": {
            "cohort": "data/kohort.csv", "person": "lopnummer", "wave": "vag", "last_wave_before": 1, "treated": "sspf",
            "group": "skola",
        },
        "outcomes": ({"id": "normbrytande", "title": "N", "aim": "brott", "role": "primary", "kind": "mean"},),
        "estimation": {"estimator": "adjusted", "inference": "cluster", "covariates": ("alder",)},
        "ethics": {"individuals": True, "review": "2024-01234-01"},
        "report": {"language": language, "smallest_cell": CELL},
    }  # fmt: skip
    return Study.model_validate(file)


def write(folder, persons):
    """The persons as a file of a row per person and wave, a wave that is missing without its row."""
    cohort = cohort_of(persons)
    rows = ["lopnummer;vag;sspf;skola;alder;normbrytande"]
    for n, values in enumerate(cohort.outcomes["normbrytande"]):
        for wave, value in zip(cohort.waves, values, strict=True):
            if np.isfinite(value):
                age = cohort.covariates["alder"][n]
                cells = (PSEUDONYM.format(n), wave, int(cohort.treated[n]), f"skola {cohort.group[n]}", repr(float(age)))
                rows.append(";".join(str(cell) for cell in (*cells, repr(float(value)))))
    (folder / "data").mkdir()
    (folder / "data" / "kohort.csv").write_text("\n".join(rows), encoding="utf-8")


def run(study):
    cohort = load_cohort(study)
    analyses = tuple(analyse(cohort, outcome, study.estimation, study.checks.min_overlap) for outcome in study.outcomes)
    return analyses, estimates_of(study, cohort, analyses), check_cohort(study, cohort)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("seed", [41, 42, 43])
def test_no_pseudonym_and_no_small_cell_in_any_row(seed, language, tmp_path):
    persons = by_starting_point(seed, missing=True)
    write(tmp_path, persons)
    analyses, estimates, checks = run(make_study(tmp_path, language))
    frames = [estimates.to_frame(), estimates.events_frame()]
    texts = "\n".join(
        [frame.to_csv() for frame in frames] + [repr(row) for row in estimates.left_out] + [repr(row) for row in checks]
    )
    assert not re.search(r"Q7Z\d", texts)
    for column in ("n_treated", "n_comparison", "n_obs"):
        assert all(value % CELL == 0 and value >= CELL for value in frames[0][column])
    small = {analyses[0].overlap.outside.treated, analyses[0].overlap.outside.comparison}
    assert any(0 < count < CELL for count in small), "the case must hold a cell that is too small"
    words = " ".join([*frames[0]["note"], *(row.reason for row in estimates.left_out), *(row.text for row in checks)])
    about = r"(?:färre än 5|fewer than 5|\d+)(?= (?:med insats och|treated and|utan[.;]|comparison persons[.;]))"
    told_counts = re.findall(about, words)
    assert told_counts, "the sentences about counts are found"
    for count in told_counts:
        assert count in {"färre än 5", "fewer than 5"} or int(count) % CELL == 0, count


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_sentence_of_a_row_can_be_said(language, tmp_path):
    write(tmp_path, by_lottery(44))
    _, estimates, checks = run(make_study(tmp_path, language))
    assert len(estimates.rows) == 1
    assert estimates.rows[0].planned
    assert "{" not in estimates.rows[0].note
    assert [row.check for row in checks] == ["overlap", "balance", "attrition", "groups", "history"]


def test_rows_have_keys_of_their_own_and_one_is_planned(tmp_path):
    write(tmp_path, by_starting_point(45, missing=True))
    _, estimates, _ = run(make_study(tmp_path))
    frame = estimates.to_frame()
    assert not frame.duplicated(["outcome", "estimator", "estimand", "inference", "weights"]).any()
    assert frame["planned"].sum() == 1
    assert frame["effect_units"].isna().all()
    row = estimates.planned("normbrytande")
    assert row.effect_percent_low < row.effect_percent < row.effect_percent_high
    assert row.weights == "response"


def test_an_arm_under_the_limit_is_not_written(tmp_path):
    write(tmp_path, by_lottery(46, schools=2, treated_each=2))
    with pytest.raises(DesignError, match="an arm has fewer than 5 persons, so nothing about it may be shown"):
        run(make_study(tmp_path))


def test_counts_are_rounded_so_that_no_difference_is_small():
    assert [rounded(n, 5) for n in (0, 1, 4, 5, 7, 8, 12, 13)] == [0, None, None, 5, 5, 10, 10, 15]
    for n in range(5, 200):
        for k in range(1, 5):
            both = rounded(n, 5), rounded(n + k, 5)
            assert both[1] - both[0] in {0, 5}
    assert told(3, 5, "sv") == "färre än 5"
    assert told(13, 5, "en") == "15"
    assert share(3, 60, 5) is None
    assert share(0, 60, 5) == 0
    assert share(12, 58, 5) == 10 / 60
    assert share(5, 6, 5) == 1


def test_secondary_outcomes_are_adjusted_for_their_number(tmp_path):
    write(tmp_path, by_starting_point(47, missing=False))
    study = make_study(tmp_path)
    file = tmp_path / "data" / "kohort.csv"
    first, *body = file.read_text(encoding="utf-8").splitlines()
    rng = np.random.default_rng(1)
    wider = [f"{line};{line.split(';')[-1]};{rng.normal()}" for line in body]
    file.write_text("\n".join([f"{first};skola_trivs;sover", *wider]), encoding="utf-8")
    others = tuple(study.primary.model_copy(update={"id": column, "role": "secondary"}) for column in ("skola_trivs", "sover"))
    _, estimates, _ = run(study.model_copy(update={"outcomes": (study.primary, *others)}))
    p = [estimates.planned(one.id).p_value for one in others]
    smaller = int(np.argmin(p))
    assert estimates.planned(others[smaller].id).p_adjusted == pytest.approx(2 * p[smaller])
    assert np.isnan(estimates.planned("normbrytande").p_adjusted)


def few_cases(after):
    """Who has the outcome is 0 or 1, and so many of the treated have it after the start."""
    persons = by_starting_point(47, missing=False)
    rng = np.random.default_rng(47)
    some = rng.random(len(persons.treated)) < 0.4
    values = np.where(persons.treated, np.cumsum(persons.treated) <= after, some)[:, None].astype(float)
    return replace(persons, baseline=some.astype(float), after=values)


@pytest.mark.parametrize("after", [1, 4])
def test_an_effect_that_would_count_a_few_cases_is_not_told(after, tmp_path):
    study, persons = make_study(tmp_path), few_cases(after)
    values = np.column_stack([persons.baseline] * 2 + [persons.after])
    cohort = replace(cohort_of(persons), outcomes={"normbrytande": values})
    analysis = analyse(cohort, study.outcomes[0], study.estimation, study.checks.min_overlap)
    with pytest.raises(DesignError, match="fewer than 5 persons differ"):
        estimates_of(study, cohort, (analysis,))


def test_estimates_are_too_coarse_to_tell_how_many_they_rest_on(tmp_path):
    study, persons = make_study(tmp_path), few_cases(9)
    values = np.column_stack([persons.baseline] * 2 + [persons.after])
    cohort = replace(cohort_of(persons), outcomes={"normbrytande": values})
    analysis = analyse(cohort, study.outcomes[0], study.estimation, study.checks.min_overlap)
    for row in estimates_of(study, cohort, (analysis,)).rows:
        assert row.effect_percent == round(row.effect_percent, 1)
        assert len(repr(abs(row.estimate))) <= len("0.123")


def test_the_tipping_point_does_not_count_the_missing():
    nearest, treated = 0.7, 60
    told_differences = set()
    for missing in (1, 2, 3, 4, 5):
        point = TippingPoint(nearest / (missing / treated), missing / treated)
        told_differences.add(told_tipping(point, missing, treated, CELL))
    assert told_differences == {8.4}
