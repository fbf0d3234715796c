"""Does a new study load as it is, and are bad names refused with the right one?"""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from utvardering.errors import StudyError
from utvardering.study import load_study, new, vocabulary
from utvardering.study.model import Design
from utvardering.study.new import new_study
from utvardering.study.page import study_page


def test_areas(here: Path) -> None:
    folder = new_study("trygga-gator")
    assert folder == Path("studies/trygga-gator")
    study = load_study("trygga-gator")
    assert (study.id, study.study.title) == ("trygga-gator", "Trygga gator")
    assert sorted(file.name for file in folder.rglob("*") if file.is_file()) == [
        "panel.csv",
        "protokoll.md",
        "sources.toml",
        "study.toml",
    ]
    assert [path.name for path in (here / "studies").iterdir()] == ["trygga-gator"]


@pytest.mark.parametrize("design", get_args(Design))
def test_every_design_has_a_template_that_loads(here: Path, design: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vocabulary, "AVAILABLE_ESTIMATORS", vocabulary.KNOWN_ESTIMATORS)
    study = load_study(new_study("prov", design, here / "mina"))
    assert study.study.design == design
    assert study_page(study).startswith("# Prov\n")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Trygga gator på Åsen", "; write trygga-gator-pa-asen"),
        ("trygga_gator", "; write trygga-gator"),
        ("-x", "; write x"),
        ("../x", "; write x"),
        ("", ", such as trygghetsvardar-centrum"),
        ("_template", "; write template"),
        ("x" * 61, f"; write {'x' * 60}"),
    ],
)
def test_names_that_cannot_be(here: Path, name: str, told: str) -> None:
    with pytest.raises(StudyError) as error:
        new_study(name)
    assert str(error.value) == (
        f'"{name}" cannot be the name of a study: it needs small letters a-z, digits and hyphens, at most 60{told}'
    )
    assert list(here.iterdir()) == []


def test_a_study_is_never_overwritten(here: Path) -> None:
    new_study("prov")
    (here / "studies/prov/study.toml").write_text("mitt", encoding="utf-8")
    with pytest.raises(StudyError) as error:
        new_study("prov")
    assert str(error.value) == "studies/prov: exists already; choose another name, or change the study that is there"
    assert (here / "studies/prov/study.toml").read_text(encoding="utf-8") == "mitt"


def test_unknown_design(here: Path) -> None:
    with pytest.raises(StudyError) as error:
        new_study("prov", "omraden", here)
    assert str(error.value) == (
        '"omraden" is not a design; the designs are areas, individuals, series, organisation. Did you mean "areas"?'
    )


def test_nothing_is_left_of_a_copy_that_fails(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(new, "_set_name", fail)
    with pytest.raises(OSError, match=r"^$"):
        new_study("prov")
    assert list((here / "studies").iterdir()) == []


def test_template_of_an_installed_package_comes_first(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new, "__file__", str(here / "study" / "new.py"))
    (here / "study" / "template").mkdir(parents=True)
    assert new.template() == here / "study" / "template"
