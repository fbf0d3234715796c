"""Does every study load, run, and give the numbers that its `expected.toml` states?

For simulated studies: are the data files what `simulation.toml` makes, and does each planned interval hold the planted effect?
"""

from __future__ import annotations

import datetime as dt
import hashlib
import shutil
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.report.reading import LOOSE, POINT, english, lix
from tests.synthesis.by_hand import judge_by_hand
from tests.synthesis.cost_by_hand import costs_by_hand
from utvardering.checks.base import IDENTIFYING
from utvardering.data.load import load_panel
from utvardering.errors import NotBegunError
from utvardering.evaluate import Evaluation, evaluate
from utvardering.report import sentences
from utvardering.report.results import Results
from utvardering.simulate import main, read_simulation, simulate_study
from utvardering.simulate_persons import main as main_persons
from utvardering.simulate_persons import read_simulation as read_cohort
from utvardering.simulate_persons import simulate_study as simulate_cohort
from utvardering.simulate_series import read_simulation as read_series
from utvardering.simulate_series import simulate_study as simulate_one_series
from utvardering.study.load import load_study

STUDIES = Path(__file__).parents[2] / "studies"
PLANNED = ("ordningsvakter",)
"""Studies whose data end before the start: there is nothing to estimate yet."""
ASSESSED = ("organisation",)
"""Studies of an organisation: nothing is estimated."""
FETCHED = ("purple-flag", "sluta-skjut-malmo")
"""Studies of real municipalities, whose data are not here: `test_fetched_studies.py`."""
ALL = sorted(
    path.parent.name
    for path in STUDIES.glob("*/study.toml")
    if not path.parent.name.startswith("_") and path.parent.name not in (*PLANNED, *ASSESSED, *FETCHED)
)
SIMULATED = sorted(path.parent.parent.name for path in STUDIES.glob("*/data/simulation.toml"))
SERIES = ("webbplats",)
"""Simulated studies of one series."""
PERSONS = ("sspf", "utbildning")
"""Simulated studies of persons."""
VERDICTS = {
    "belysning": "uncertain",
    "castle-doctrine": "effect_opposite",
    "sspf": "effect",
    "tryggare-skola": "uncertain",
    "trygghetsvardar": "effect",
    "utbildning": "effect",
    "webbplats": "effect",
}


Run = Callable[[str], Evaluation]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Give a function that runs a study once."""
    out = tmp_path_factory.mktemp("build")

    @cache
    def run(study: str) -> Evaluation:
        return evaluate(STUDIES / study, out)

    return run


def test_there_are_studies() -> None:
    """The other tests look at something."""
    assert set(VERDICTS) <= set(ALL)
    assert len(SIMULATED) >= 3


@pytest.mark.parametrize("study", ALL)
def test_the_verdict_is_reached_by_hand(study: str, results: Run, tmp_path: Path) -> None:
    """The printed rules, written down a second time, and five files of the run alone give every verdict and rating."""
    folder = results(study).folder
    for name in ("study.toml", "process.csv", "checks.csv", "estimates.csv", "robustness.csv"):
        if (folder / name).is_file():
            shutil.copy(folder / name, tmp_path)
    written = tomllib.loads((folder / "verdict.toml").read_text(encoding="utf-8"))
    judged = {results(study).study.primary.id: written, **written.get("outcomes", {})}
    said = {name: (one["verdict"], one["certainty"], one["maryland_level"]) for name, one in judged.items()}
    assert judge_by_hand(tmp_path) == said


@pytest.mark.parametrize("study", ALL)
def test_every_cost_follows_by_hand(study: str, results: Run) -> None:
    """Every number of cost.csv from study.toml, dose.csv and estimates.csv alone; no avoided event without an effect."""
    folder = results(study).folder
    if results(study).study.measure.cost is None:
        assert not (folder / "cost.csv").exists()
        return
    rows = pd.read_csv(folder / "cost.csv", dtype={"outcome": str}, keep_default_na=False).set_index(["item", "outcome"])
    for key, numbers in costs_by_hand(folder).items():
        written = [float(value) if value != "" else np.nan for value in rows.loc[key, ["value", "low", "high"]]]
        assert numbers == pytest.approx(tuple(written), rel=1e-12, nan_ok=True), key
    for (item, outcome), row in rows.iterrows():
        if item == "per_avoided_event":
            judged = results(study).verdict.outcomes.get(outcome, results(study).verdict.primary)
            assert judged.verdict == "effect" or row["status"] != "shown"


@pytest.mark.parametrize("study", ALL)
def test_the_summary_is_easy_to_read(study: str, results: Run) -> None:
    """LIX under 45, no English words, decimal comma, and no number parted from its sign, in every Swedish study."""
    found = Results.load(results(study).folder)
    if found.texts.language != "sv":
        return
    said = " ".join(sentences.summary(found))
    assert lix(said) < 45
    own = said if not found.replication else ""  # a citation carries the title of a journal and version numbers
    assert not english(own)
    assert not POINT.search(own)
    assert not LOOSE.search(own)


@pytest.mark.parametrize("study", ALL)
def test_numbers_are_those_expected(study: str, results: Run) -> None:
    """Every row of `expected.toml` is found, and is met within its tolerance."""
    found = results(study)
    assert found.study.expected, "a study without expected numbers cannot be reproduced"
    for wanted in found.study.expected:
        rows = [
            row
            for row in found.estimates.rows
            if (row.outcome, row.estimator, row.estimand) == (wanted.outcome, wanted.estimator, wanted.estimand)
            and wanted.inference in {"", row.inference}
            and wanted.weights in {None, row.weights}
        ]
        assert len(rows) == 1, f"{wanted.outcome}: {len(rows)} rows"
        assert rows[0].estimate == pytest.approx(wanted.estimate, rel=0, abs=wanted.tolerance)
        if wanted.std_error is not None:
            assert rows[0].std_error == pytest.approx(wanted.std_error, rel=0, abs=wanted.tolerance)


@pytest.mark.parametrize("study", ALL)
def test_every_planned_estimate_is_expected(study: str, results: Run) -> None:
    """No planned number can change unseen."""
    found = results(study)
    stated = {(one.outcome, one.estimator) for one in found.study.expected}
    planned = {(row.outcome, row.estimator) for row in found.estimates.rows if row.planned}
    assert {outcome.id for outcome in found.study.outcomes} == {outcome for outcome, _ in planned}
    assert planned <= stated


@pytest.mark.parametrize("study", sorted(VERDICTS))
def test_verdict(study: str, results: Run) -> None:
    """The examples show effects, an uncertain answer and a repeated finding."""
    assert results(study).verdict.primary.verdict == VERDICTS[study]


def test_hosts_pass_every_identifying_check(results: Run) -> None:
    """The model study is sound in every respect that its data can show."""
    found = {row.check: row.verdict for row in results("trygghetsvardar").checks.rows if row.check in IDENTIFYING}
    assert found
    assert set(found.values()) == {"pass"}


@pytest.mark.parametrize("study", SIMULATED)
def test_intervals_hold_what_was_planted(study: str, results: Run) -> None:
    """At the kept seed; over other seeds see tests/simulation."""
    found = results(study)
    assert set(found.study.truth) == {outcome.id for outcome in found.study.outcomes}
    for outcome, truth in found.study.truth.items():
        row = found.estimates.planned(outcome)
        assert row is not None
        assert row.ci_low <= truth <= row.ci_high, outcome


@pytest.mark.parametrize("study", SIMULATED)
def test_truth_is_what_the_simulation_plants(study: str) -> None:
    """The effect of `simulation.toml` and the truth of `expected.toml` are one number on two scales."""
    plan = load_study(STUDIES / study)
    read = read_series if study in SERIES else read_cohort if study in PERSONS else read_simulation
    for name, outcome in read(STUDIES / study).outcomes.items():
        counted = study not in PERSONS and outcome.kind == "count"
        planted = np.log1p(outcome.effect) if counted else outcome.effect
        assert plan.truth[name] == pytest.approx(planted, rel=1e-12)  # both are written with full precision


def drawn(study: str, seed: int | None = None) -> dict[str, pd.DataFrame]:
    """The data files as the simulation of the study's design makes them."""
    make = simulate_one_series if study in SERIES else simulate_cohort if study in PERSONS else simulate_study
    return make(STUDIES / study, seed)


@pytest.mark.parametrize("study", SIMULATED)
def test_data_files_are_what_the_simulation_makes(study: str) -> None:
    """Byte by byte."""
    for name, table in drawn(study).items():
        made = table.to_csv(index=False, lineterminator="\n").encode()
        assert made == (STUDIES / study / name).read_bytes(), name


@pytest.mark.parametrize("study", SIMULATED)
def test_another_seed_makes_other_data(study: str) -> None:
    """The seed is in use, and units, periods and columns stay."""
    kept, other = drawn(study), drawn(study, seed=12345)
    assert kept.keys() == other.keys()
    for name, table in kept.items():
        assert list(table.columns) == list(other[name].columns)
        named = 1 if study in SERIES else 2  # columns that say which unit and period
        if study not in PERSONS:  # other persons are missing
            assert table.iloc[:, :named].equals(other[name].iloc[:, :named])
        assert not table.equals(other[name])


@pytest.mark.parametrize("study", PLANNED)
def test_a_planned_study_loads_and_has_nothing_to_estimate(study: str, tmp_path: Path) -> None:
    """Its plan is linked to finding, plan row and a date within two years of the start."""
    about = load_study(STUDIES / study)
    assert about.study.problem
    assert about.study.plan
    start = about.treated[0].start
    assert about.study.follow_up is not None
    assert isinstance(start, dt.date)
    assert start < about.study.follow_up < start.replace(year=start.year + 2)
    with pytest.raises(NotBegunError):
        evaluate(about, tmp_path)


def test_the_data_of_the_planned_study_are_what_its_simulation_makes(tmp_path: Path) -> None:
    """As `simulering.toml` says: simulated a month past the start, then cut after October 2026."""
    folder = tmp_path / "ordningsvakter"
    shutil.copytree(STUDIES / "ordningsvakter", folder)
    shutil.copy(folder / "data" / "simulering.toml", folder / "data" / "simulation.toml")
    plan = (folder / "study.toml").read_text(encoding="utf-8")
    plan = plan.replace("last = 2028-08-31", "last = 2027-01-31").replace("min_periods_after = 18", "min_periods_after = 1")
    (folder / "study.toml").write_text(plan, encoding="utf-8")
    table = simulate_study(folder)["data/panel.csv"]
    made = table[table["manad"] < "2026-11"].to_csv(index=False, lineterminator="\n").encode()
    assert made == (STUDIES / "ordningsvakter" / "data" / "panel.csv").read_bytes()


def test_a_cohort_is_described_in_full(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every mismatch is told at once; a right one is written with its checksum, and comments stay."""
    folder = tmp_path / "sspf"
    shutil.copytree(STUDIES / "sspf", folder)
    file = folder / "data" / "simulation.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[outcomes.skolvag]", "[outcomes.restid]").replace("waves = [1, 2, 3, 4]", "waves = [1, 2]"))
    assert main_persons([str(folder)]) == 3
    assert capsys.readouterr().err == (
        "data/simulation.toml: 2 problems\n"
        "  outcomes.skolvag: is an outcome of study.toml and missing here\n"
        "  waves: need last_wave_before = 2 of study.toml, and a wave after it\n"
    )
    file.write_text(text.replace("seed = 1", "seed = 2"), encoding="utf-8")
    assert main_persons([str(folder)]) == 0
    assert capsys.readouterr().out == "sspf: kohort.csv written\n"
    written = hashlib.sha256((folder / "data" / "kohort.csv").read_bytes()).hexdigest()
    assert written in (folder / "data" / "sources.toml").read_text(encoding="utf-8")
    assert main_persons([str(STUDIES / "belysning")]) == 3
    assert main_persons([str(STUDIES / "castle-doctrine")]) == 3
    assert "its data are not simulated here" in capsys.readouterr().err
    assert main_persons([]) == 2


def test_lottery_can_be_drawn_again() -> None:
    """The places that got lights are those that the seed in the study file draws."""
    study = load_study(STUDIES / "belysning")
    places = sorted(read_simulation(study.folder).units)
    drawn = np.random.default_rng(study.measure.lottery_seed).choice(len(places), 10, replace=False)
    assert {places[k] for k in drawn} == {treated.unit for treated in study.treated}


def test_command_tells_a_study_without_simulation(capsys: pytest.CaptureFixture[str]) -> None:
    """Real data are not overwritten."""
    assert main([str(STUDIES / "castle-doctrine")]) == 3
    assert capsys.readouterr().err == (
        "data/simulation.toml: there is no such file in castle-doctrine, so its data are not simulated here\n"
    )


def test_simulation_that_does_not_fit_its_study(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every mismatch is told at once, and nothing is written."""
    folder = tmp_path / "belysning"
    shutil.copytree(STUDIES / "belysning", folder)
    file = folder / "data" / "simulation.toml"
    text = (
        file.read_text(encoding="utf-8")
        .replace('"Alstigen"', '"Alstiggen"')
        .replace("[outcomes.brott_dag]", "[outcomes.brott_dagtid]")
    )
    file.write_text(text, encoding="utf-8")
    kept = (folder / "data" / "panel.csv").read_bytes()
    assert main([str(folder)]) == 3
    assert capsys.readouterr().err == (
        "data/simulation.toml: 2 problems\n"
        '  units: "Alstigen" is named in study.toml and missing here. Did you mean "Alstiggen"?\n'
        "  outcomes.brott_dag: is an outcome of study.toml and missing here\n"
    )
    assert (folder / "data" / "panel.csv").read_bytes() == kept


def test_command_writes_the_data_and_their_checksums(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a new seed the study still loads: `sources.toml` has the new checksum, and its comments are kept."""
    folder = tmp_path / "belysning"
    shutil.copytree(STUDIES / "belysning", folder)
    file = folder / "data" / "simulation.toml"
    file.write_text(file.read_text(encoding="utf-8").replace("seed = 2", "seed = 3"), encoding="utf-8")
    assert main([str(folder)]) == 0
    assert capsys.readouterr().out == "belysning: panel.csv written\n"
    assert load_panel(load_study(folder)).units
    new, old = (path.joinpath("data", "sources.toml").read_text(encoding="utf-8") for path in (folder, STUDIES / "belysning"))
    assert [line for line in new.splitlines() if line not in old.splitlines()] == [
        f'sha256 = "{hashlib.sha256((folder / "data" / "panel.csv").read_bytes()).hexdigest()}"'
    ]


def test_command_without_a_study(capsys: pytest.CaptureFixture[str]) -> None:
    """The usage in one line."""
    assert main([]) == 2
    assert capsys.readouterr().err == "usage: python -m utvardering.simulate STUDY ...\n"
