"""Is every value of the plan on the page, in words and numbers that a municipality uses?"""

from __future__ import annotations

import datetime as dt
import re
import types
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Union, get_args

import pytest
from pydantic import BaseModel

from utvardering.study import Study, load_study, model
from utvardering.study.page import study_page
from utvardering.study.values import origin

from .example import STUDY, changed, write

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = model.StudyFile.model_construct(
    schema_version=1,
    study=model.Meta.model_construct(
        id="full",
        title="Titel",
        question="Fråga?",
        design="areas",
        status="draft",
        authors=("Anna", "Bo"),
        replication="Arbete",
        problem="fynd",
        plan="rad",
        follow_up=dt.date(2026, 6, 30),
    ),
    measure=model.Measure.model_construct(
        kind="trygghetsvardar",
        name="Värdar",
        prevention="social",
        description="Beskrivning",
        mechanism="Mekanism",
        concurrent=("Kamera",),
        assignment="lottery",
        lottery_seed=77,
        lottery_source="Protokoll",
        start=dt.date(2022, 2, 3),
        cost=model.Cost(
            amount=4_200_000.0,
            price_year=2024,
            source="Bokslut",
            lifetime=20.0,
            dose_unit="armatur",
            dose_planned=180.0,
            dose_delivered=172.0,
            event_cost=25_000.0,
            event_cost_source="Rapport",
            event_cost_year=2023,
            event_cost_outcome="brott",
            price_index={"2023": 100.0, "2024": 103.5},
            price_index_source="Index",
        ),
    ),
    data=model.Data.model_construct(
        panel="panel.csv",
        dataset="a:b",
        incidents=model.Incidents(file="h.csv", time="tid", kind="slag", unit="plats", x="ost", y="nord"),
        exposure=model.Exposure(file="f.csv", unit="omr", period="per"),
        cohort="k.csv",
        series="s.csv",
        unit="omrade",
        period="manad",
        person="lop",
        wave="vag",
        last_wave_before=3,
        treated="fick",
        group="skola",
        unit_labels="namn.csv",
        dose="dos.csv",
    ),
    period=model.Period(unit="month", first=dt.date(2018, 1, 1), last=dt.date(2024, 12, 31), anticipation=2),
    treated=(model.Treated(unit="Centrum", start=dt.date(2022, 7, 1), end=dt.date(2023, 7, 1), source="Beslut"),),
    treated_from=model.TreatedFrom(column="start", indicator="post", share="andel", source="Lista"),
    comparison=model.Comparison(
        rule="Regel",
        units=("A", "B"),
        choose=model.Choose(method="nearest", n=20, on=("folk",)),
        excluded=(model.Excluded(unit="Grannstad", reason="Nära"),),
    ),
    neighbours=model.Neighbours(
        units=("Parken",), column="namn", file="karta.gpkg", within=(250.0, 500.0), comparison=("Hamnen",)
    ),
    outcomes=(
        model.Outcome(
            id="brott",
            title="Anmälda brott",
            aim="brott",
            role="primary",
            kind="count",
            file="u.csv",
            unit="uomr",
            period="uper",
            period_unit="year",
            exposure="folkmangd",
            smallest_effect=-0.1,
        ),
    ),
    estimation=model.Estimation(
        estimator="did",
        also=("wdd",),
        covariates=("alder",),
        weights="vikt",
        period_effects_by="region",
        cluster="kluster",
        strata="stratum",
    ),
    causal_model=model.CausalModel(edges=("a -> b",), unobserved=("dolt",)),
    checks=model.Checks(),
    robustness=model.Robustness(
        placebo_shifts=(-12,),
        trend_deviations=(0.5,),
        smoothness=(0.02,),
        alternative_comparisons=(
            ("Bystad",),
            model.Choose(method="nearest", n=9, on=("alder",)),
            model.Choose(method="matched", each=3, on=("alder",)),
            model.Choose(method="group", column="skr"),
            model.Choose(method="group", file="lika.csv", family="skola"),
            "all",
        ),
        windows=((dt.date(2019, 1, 1), dt.date(2023, 12, 31)),),
        contrasts=(("natt", "dag"),),
    ),
    ethics=model.Ethics(individuals=True, review="2024-1"),
    report=model.Report(),
)
"""A value for every key, though no study may have them all."""

Anything: TypeAlias = Any  # values of the model and their types have none in common
DASH = "\N{EN DASH}"
OTHERS = [f"robustness.alternative_comparisons[{place}]" for place in range(6)]
NOT_ON_THE_PAGE = {
    "study.id",  # the folder's name, not a part of the plan
    "report.doi",  # of the published report; it is given afterwards and is no part of the plan
    # keys of other methods, which a rule refuses
    *(f"{key}.{name}" for key in ("comparison.choose", *OTHERS[1:3]) for name in ("column", "file", "family")),
    *(f"{OTHERS[3]}.{name}" for name in ("file", "family")),
    f"{OTHERS[4]}.column",
}


def page(file: model.StudyFile) -> str:
    """The page of a plan that need not be possible."""
    return study_page(Study.model_construct(**file.__dict__, folder=Path(), lines={}))


def other(annotation: Anything, value: Anything) -> Anything:  # noqa: PLR0911 -- a return for each kind of value
    """Another value of the same kind."""
    choices = [choice for choice in get_args(annotation) if choice != value] if origin(annotation) is Literal else []
    if choices:
        return choices[0]
    if origin(annotation) in {Union, types.UnionType}:
        for member in get_args(annotation):
            if origin(member) is Literal and value in get_args(member):
                return other(member, value)
    if isinstance(value, bool):
        return not value
    if isinstance(value, str):
        return f"{value}ny"
    if isinstance(value, dt.date):
        return value + dt.timedelta(days=1)
    if isinstance(value, dict):
        return {key: one + 1 for key, one in value.items()}
    return value + 1 if isinstance(value, int) else value * 2 + 0.01


def variants(value: Anything, annotation: Anything, path: str) -> Iterator[tuple[str, Anything]]:
    """The value with each of its parts changed, one at a time."""
    if isinstance(value, BaseModel):
        for name, field in type(value).model_fields.items():
            for place, changed_part in variants(getattr(value, name), field.annotation, f"{path}.{name}" if path else name):
                yield place, value.model_construct(**{**value.__dict__, name: changed_part})
    elif isinstance(value, tuple):
        item = next((member for member in get_args(annotation) if member is not Ellipsis), None)
        for number, part in enumerate(value):
            for place, changed_part in variants(part, item, f"{path}[{number}]"):
                yield place, (*value[:number], changed_part, *value[number + 1 :])
    elif value is not None and path != "schema_version":
        yield path, other(annotation, value)


VARIANTS = dict(variants(FULL, None, ""))


@pytest.mark.parametrize("place", sorted(VARIANTS.keys() - NOT_ON_THE_PAGE))
def test_every_value_of_the_plan_is_on_the_page(place: str) -> None:
    assert page(VARIANTS[place]) != page(FULL)


@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_word_has_its_text(language: str) -> None:
    """No choice of the model is shown as the word of the study file."""
    report = model.Report(language=language)  # type: ignore[arg-type]  # both are languages
    for place, file in VARIANTS.items():
        text = page(file.model_copy(update={"report": report}))
        for word in ("negative_control", "poisson_did", "not_yet", "wild_bootstrap", "situational_", "{", "}"):
            assert word not in text, (place, word)


def test_swedish_numbers_and_dates(here: Path) -> None:
    text = study_page(load_study(write(here, STUDY)))
    gap = "\N{NO-BREAK SPACE}"
    assert f"Kostnad: 4{gap}200{gap}000{gap}kr per år." in text
    assert f"| Centrum | 1{gap}juli{gap}2022 | pågår | {DASH} |" in text
    assert f"en minskning med 10{gap}%" in text
    assert "Största standardiserade skillnad före starten: 0,25" in text
    assert "\N{MINUS SIGN}12" in text


def test_english_page(here: Path) -> None:
    text = study_page(load_study(write(here, STUDY + '\n[report]\nlanguage = "en"\n')))
    gap = "\N{NO-BREAK SPACE}"
    assert "## The question" in text
    assert f"Cost: 4,200,000{gap}SEK a year." in text
    assert f"| Centrum | July{gap}1,{gap}2022 | goes on | {DASH} |" in text


def test_no_english_in_the_swedish_page(here: Path) -> None:
    text = study_page(load_study(write(here, STUDY)))
    words = set(re.findall(r"[a-z]+", re.sub(r"`[^`]*`", "", text).lower()))
    english = {
        "the",
        "and",
        "of",
        "treated",
        "count",
        "month",
        "year",
        "start",
        "primary",
        "draft",
        "areas",
        "none",
        "all",
        "share",
    }
    assert not words & english


def test_lottery_is_called_a_lottery(here: Path) -> None:
    drawn = ('assignment = "chosen"', 'assignment = "lottery"\nlottery_seed = 5\nlottery_source = "Protokoll"')
    assert "placebotest" in study_page(load_study(write(here, STUDY)))
    text = study_page(load_study(write(here, changed(drawn))))
    assert "lottningstest" in text
    assert "placebotest" not in text


def test_page_as_a_section(here: Path) -> None:
    study = load_study(write(here, STUDY))
    assert study_page(study, level=2).startswith("## Trygghetsvärdar")
    assert "\n### Frågan" in study_page(study, level=2)


def test_signs_of_markdown_in_a_text_stay_signs(here: Path) -> None:
    edits = [('title = "Trygghetsvärdar i', 'title = "*Trygghet* | <b>värdar</b> i'), ('unit = "Centrum"', 'unit = "A|B"')]
    text = study_page(load_study(write(here, changed(*edits))))
    assert r"# \*Trygghet\* \| \<b\>värdar\</b\> i" in text
    assert r"| A\|B |" in text
