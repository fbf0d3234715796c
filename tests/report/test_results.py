"""The files of a run are read as they were written."""

import pytest

from tests.report.fixtures.builds import make
from utvardering.errors import PublishError
from utvardering.report.results import Results


def test_a_run_is_read_with_its_planned_estimate_and_its_verdict(tmp_path):
    run = Results.load(make(tmp_path))
    row = run.planned("brott")
    assert run.id == "prov"
    assert row is not None
    assert row["effect_percent"] == -20
    assert row["weights"] == ""
    assert run.judgement("brott").verdict == "effect"
    assert run.judgement("trygg").step == 2
    assert run.panel is not None


def test_what_a_run_did_not_write_is_empty(tmp_path):
    run = Results.load(make(tmp_path, dose=False, panel=False))
    assert run.tables["dose"].empty
    assert run.tables["truth"].empty
    assert run.panel is None
    assert run.dose_share() != run.dose_share()


def test_a_folder_without_a_run_says_what_to_do(tmp_path):
    (tmp_path / "tom").mkdir()
    with pytest.raises(PublishError) as fault:
        Results.load(tmp_path / "tom")
    assert str(fault.value) == "tom: study.toml is missing; run the study again"


def test_an_estimate_becomes_percent_on_its_own_scale(tmp_path):
    run = Results.load(make(tmp_path))
    assert run.percent("brott", 0.0) == 0
    assert run.percent("brott", float(run.planned("brott")["estimate"])) == pytest.approx(-20)
    assert run.percent("trygg", float(run.planned("trygg")["estimate"])) == pytest.approx(5)
