"""Do the studies of real municipalities fetch, run and conclude as they should? A server on this machine speaks for Kolada.

Their data are not in the repository. The rules by which their areas were picked are held against the figures themselves.
"""

from __future__ import annotations

import csv
import datetime as dt
import shutil
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pandas as pd
import pytest

from tests.data.kolada_server import SHARED, cells_of, serving
from tests.report.reading import english, lix
from utvardering.data.fetch import fetch
from utvardering.data.load import load_panel
from utvardering.data.municipalities import code_of, polygons
from utvardering.data.sources import read_sources
from utvardering.describe import describe
from utvardering.errors import DataNotFetchedError
from utvardering.evaluate import Evaluation, evaluate
from utvardering.report import sentences
from utvardering.report.results import Results
from utvardering.study.load import load_study

STUDIES = Path(__file__).parents[2] / "studies"
REAL = {"sluta-skjut-malmo": "not_interpretable", "purple-flag": "not_interpretable"}
"""Studies of real municipalities, and the verdict that each must reach."""
DAY = dt.date(2026, 11, 22)

needs_figures = pytest.mark.skipif(not SHARED.is_file(), reason="../shared/data/brott-kommun-ar.csv is not here")


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """Give a function that copies a study and fetches its data, once each."""
    base = tmp_path_factory.mktemp("studies")
    with serving(cells_of()) as kolada:

        @cache
        def get(study: str) -> Path:
            folder = base / study
            shutil.copytree(STUDIES / study, folder, ignore=shutil.ignore_patterns("kolada.csv", "vintages", ".fetch*"))
            fetch(folder, addresses={"kolada": kolada.address}, today=DAY)
            return folder

        yield get


@pytest.fixture(scope="module")
def run(fetched: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Evaluation]:
    """Give a function that runs a fetched study once."""
    out = tmp_path_factory.mktemp("build")

    @cache
    def get(study: str) -> Evaluation:
        found = evaluate(fetched(study), out)
        assert isinstance(found, Evaluation)
        return found

    return get


@cache
def figures() -> pd.DataFrame:
    """The municipal figures, a row per municipality and year."""
    with SHARED.open(encoding="utf-8", newline="") as file:
        rows = pd.DataFrame(list(csv.DictReader(file)))
    numbers = rows.drop(columns=["kommunkod", "kommun", "lan"]).apply(pd.to_numeric, errors="coerce")
    return pd.concat([rows[["kommunkod", "kommun"]], numbers], axis=1)


def eligible(day: int, least: int, first: int, last: int) -> set[str]:
    """Codes of the municipalities that were large enough at the end of a year and have violence in every year."""
    rows = figures()
    large = rows[(rows["ar"] == day) & (rows["befolkning"] >= least)]["kommunkod"]
    within = rows[rows["ar"].between(first, last)]
    whole = within.groupby("kommunkod")["valdsbrott"].apply(lambda values: values.notna().all())
    return set(large) & set(whole[whole].index)


@pytest.mark.parametrize("study", REAL)
def test_the_data_are_not_in_the_repository_and_the_study_says_how_to_get_them(study: str, tmp_path: Path) -> None:
    folder = tmp_path / study
    shutil.copytree(STUDIES / study, folder, ignore=shutil.ignore_patterns("kolada.csv", "vintages"))
    (source,) = read_sources(folder)
    assert source.connector == "kolada"
    assert not source.sha256
    assert source.retrieved is None
    with pytest.raises(DataNotFetchedError, match=f"utvardering data fetch {study}"):
        load_panel(load_study(folder))
    assert not load_study(folder).data.simulated


@pytest.mark.parametrize("study", REAL)
def test_every_claim_about_a_real_place_stands_beside_its_source(study: str) -> None:
    """The protocol lists addresses; the plan is called retrospective, and starts name where they are from."""
    plan = load_study(STUDIES / study)
    text = (STUDIES / study / "protokoll.md").read_text(encoding="utf-8")
    assert plan.study.retrospective
    assert all(one.source for one in plan.treated)
    assert all(one.reason for one in plan.comparison.excluded)
    sources = text.split("## Källor")[1]
    assert sources.count("<http") >= 10
    assert "lästes i sökbara lagrade kopior" in sources


@needs_figures
def test_malmo_is_compared_by_the_rule_that_the_plan_states() -> None:
    plan = load_study(STUDIES / "sluta-skjut-malmo")
    wanted = eligible(2017, 80_000, 2008, 2021) - {"1280"}
    assert {code_of(name) for name in plan.comparison.units} == wanted
    rows = figures()
    large = set(rows[(rows["ar"] == 2017) & (rows["befolkning"] >= 80_000)]["kommunkod"])
    assert {code_of(one.unit) for one in plan.comparison.excluded} == large - wanted - {"1280"}


@needs_figures
def test_purple_flag_is_compared_by_the_rule_that_the_plan_states() -> None:
    plan = load_study(STUDIES / "purple-flag")
    treated = {str(code_of(one.unit)) for one in plan.treated}
    known = {str(code_of(one.unit)) for one in plan.comparison.excluded}
    shapes = polygons().set_index("code")
    beside = set(shapes[shapes.intersects(shapes.loc[sorted(treated)].union_all())].index) - treated
    left = eligible(2014, 35_000, 2008, 2018) - treated - known
    assert {code_of(name) for name in plan.neighbours.units} == left & beside
    assert {code_of(name) for name in plan.comparison.units} == left - beside


@needs_figures
def test_zeros_that_are_stored_as_missing_stay_missing_and_touch_no_estimate(fetched: Callable[[str], Path]) -> None:
    folder = fetched("sluta-skjut-malmo")
    table = pd.read_csv(folder / "data" / "kolada.csv", dtype={"unit": str})
    gaps = table[table["valdsbrott"].isna()]
    assert set(zip(gaps["unit"], gaps["period"], strict=True)) == {
        ("1281", 2008),
        ("1281", 2009),
        ("0780", 2011),
        ("1290", 2008),
        ("1384", 2008),
    }
    assert not (table["valdsbrott"] == 0).any()
    (source,) = read_sources(folder)
    assert "5 av 234 värden till och med 2016 saknas" in source.remarks[0]
    panel = load_panel(load_study(folder))
    used = pd.Series(panel.role).isin(["treated", "comparison"]).to_numpy()
    assert not pd.isna(panel.grids["valdsbrott"].y[used]).any()


@needs_figures
@pytest.mark.parametrize("study", REAL)
def test_a_fetched_study_is_described(study: str, fetched: Callable[[str], Path]) -> None:
    found = describe(load_study(fetched(study)))
    assert found.facts["units"]["treated"] == len(load_study(STUDIES / study).treated)
    assert found.facts["units"]["comparison"] >= 19


@needs_figures
@pytest.mark.parametrize("study", ["sluta-skjut-malmo", pytest.param("purple-flag", marks=pytest.mark.slow)])
def test_the_verdict_and_the_number_are_those_expected(study: str, run: Callable[[str], Evaluation]) -> None:
    found = run(study)
    assert found.verdict.primary.verdict == REAL[study]
    assert found.study.expected
    for wanted in found.study.expected:
        row = found.estimates.planned(wanted.outcome)
        assert row is not None
        assert (row.estimator, row.inference) == (wanted.estimator, wanted.inference)
        assert row.estimate == pytest.approx(wanted.estimate, rel=0, abs=wanted.tolerance)
        assert not row.interpretable


@needs_figures
def test_malmo_is_not_tied_to_the_strategy_and_the_report_says_why(run: Callable[[str], Evaluation]) -> None:
    """As in the published evaluation: another operation came at the same time, and the figures are too coarse."""
    folder = run("sluta-skjut-malmo").folder
    verdict = tomllib.loads((folder / "verdict.toml").read_text(encoding="utf-8"))
    assert "Rimfrost" in verdict["reasons"]["verdict"][0]
    checks = pd.read_csv(folder / "checks.csv").set_index("check")["verdict"]
    assert dict(checks[["history", "pretrend", "spillover", "concurrent", "power"]]) == {
        "history": "pass",
        "pretrend": "pass",
        "spillover": "pass",
        "concurrent": "fail",
        "power": "fail",
    }
    found = Results.load(folder)
    assert not found.is_simulated
    maps = {one["name"]: one for one in found.figures["figures"] if one["section"] == "areas"}
    assert list(maps) == ["karta"]
    assert "Med åtgärd: Malmö." in maps["karta"]["alt"]
    assert "Stockholm" in maps["karta"]["alt"]
    assert not (folder / "area_effects.csv").exists()
    said = " ".join(sentences.summary(found))
    assert lix(said) < 45  # as for every Swedish study
    assert not english(said)


@needs_figures
@pytest.mark.slow
def test_purple_flag_stops_where_the_cities_stood_high_the_year_before(run: Callable[[str], Evaluation]) -> None:
    """Methods that take the last year before as their base find fewer offences; the verdict lets none of them through."""
    found = run("purple-flag")
    checks = {row.check: row.verdict for row in found.checks.rows}
    assert checks["history"] == "fail"
    assert checks["spillover"] == "pass"
    by_base = {
        row.estimator: row.p_value
        for row in found.estimates.rows
        if row.outcome == "valdsbrott" and row.estimand == "att" and row.inference == "randomization"
    }
    assert by_base["staggered_did"] < 0.05 < by_base["poisson_staggered"]
    effects = found.by_area
    assert effects is not None
    assert len(effects) == 11
    assert not effects["interpretable"].any()
    names = [one["name"] for one in Results.load(found.folder).figures["figures"]]
    assert "karta" in names
    assert "karta-effekt" not in names
