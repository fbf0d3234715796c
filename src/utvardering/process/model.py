"""The keys of `process.toml` and of a ready criteria set, as types: every key, its values, its default and what it means."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal, TypeAlias

from pydantic import Field, StrictBool, StrictInt, StrictStr

from utvardering.study.model import Section

Anything: TypeAlias = Any  # what pydantic's own Field takes and gives
Level = Literal["strategic", "tactical", "operational"]
Verdict = Literal["effect", "effect_opposite", "no_effect_of_interest", "uncertain", "not_interpretable", "not_implemented"]
Certainty = Literal["high", "moderate", "low", "very_low"]
LEVELS: tuple[Level, ...] = ("strategic", "tactical", "operational")
GRADE_MAX = 4
_REASON = "Två av åren byttes sättet att räkna, och kontrollerna ser det inte."


def _key(description: str, default: Anything = ..., *, example: Anything = None, **limits: Anything) -> Anything:
    return Field(default, description=description, examples=None if example is None else [example], **limits)


def _grade(description: str) -> Anything:
    return Field(description=description, ge=0, le=GRADE_MAX, examples=[3])


class Assessor(Section):
    """`[[assessor]]`: who assesses, by role."""

    id: StrictStr = _key("Short name used in assessments, such as A", min_length=1, example="A")
    role: StrictStr = _key("Role, never a person", min_length=1, example="extern granskare")


class Evidence(Section):
    """`[[evidence]]`: what an assessment rests on."""

    id: StrictStr = _key("Short name used in assessments, such as d1", min_length=1, example="d1")
    kind: Literal["document", "interview", "observation", "survey", "register"] = _key("Kind of evidence", example="document")
    title: StrictStr = _key(
        "What it is: a document, a group that was interviewed, a place that was observed; never a person",
        min_length=1,
        example="Åtgärdsplan 2024–2025",
    )
    date: dt.date | None = _key("Its date, or the day on which it was gathered", None, example=dt.date(2024, 3, 1))


class Criterion(Section):
    """`[[criterion]]`: a criterion of the study's own, or of a ready set."""

    id: StrictStr = _key("Its name; in the study file set.name extends a ready set", min_length=1, example="eget")
    level: Level = _key("Level of the organisation", example="strategic")
    title: StrictStr = _key("Its name in the report", min_length=1, example="Uppdraget är känt")
    question: StrictStr = _key("What the assessor asks", min_length=1, example="Är uppdraget känt i förvaltningarna?")
    title_en: StrictStr = _key("Its name in an English report", "")
    question_en: StrictStr = _key("The question in an English report", "")
    paragraph: StrictStr = _key("The paragraph of the law that it stands on", "")
    anchors: tuple[StrictStr, ...] = _key("What the grades 0, 1, 2, 3 and 4 mean here; empty for the common scale", ())
    delivery: StrictBool = _key(
        "Operational only: whether the measure was delivered; a final grade of 0 or 1 says that it was not", default=False
    )


class CriteriaSet(Section):
    """A ready set of criteria: a file in `process/criteria/`."""

    schema_version: Literal[1] = Field(alias="schema", description="Version of this format", examples=[1])
    id: StrictStr = _key("The set's id, the name of its file", example="lag-2023-196")
    title: StrictStr = _key("Its name in the report", example="Lagen om kommuners ansvar för brottsförebyggande arbete")
    title_en: StrictStr = _key("Its name in an English report", example="The act")
    source: StrictStr = _key("What it stands on", "")
    criterion: tuple[Criterion, ...] = _key("Its criteria")


class Assessment(Section):
    """`[[assessment]]`: one assessor's grade of one criterion, and what it rests on."""

    criterion: StrictStr = _key("The criterion, as set.name", min_length=1, example="lag-2023-196.atgardsplan")
    level: Level | None = _key("Level of the criterion, to read along; it must be the one of the criterion", None)
    grade: StrictInt = _grade("0 to 4, as the scale says")
    assessor: StrictStr = _key("Id of the assessor", min_length=1, example="A")
    evidence: tuple[StrictStr, ...] = _key("Ids of the evidence; at least one", example=("d1",))
    text: StrictStr = _key("Why this grade, in a sentence or two", min_length=1, example="Planen bygger på lägesbilden.")


class Settled(Section):
    """`[[settled]]`: how a difference between assessors was settled."""

    criterion: StrictStr = _key("The criterion", min_length=1, example="lag-2023-196.atgardsplan")
    grade: StrictInt = _grade("The final grade, 0 to 4")
    date: dt.date = _key("The day on which it was settled", example=dt.date(2025, 2, 14))
    how: StrictStr = _key("How, in a sentence", min_length=1, example="Bedömarna läste underlaget på nytt tillsammans.")


class Factor(Section):
    """`[[factor]]`: what carried the work, or what could be better, and for whom."""

    kind: Literal["success", "improvement"] = _key("success or improvement", example="improvement")
    text: StrictStr = _key("The factor in a sentence or two", min_length=1, example="Besluta om en ersättare.")
    addressee: StrictStr = _key("Who can act on it: a board or a role, never a person; an improvement needs one", "")
    evidence: tuple[StrictStr, ...] = _key("Ids of the evidence; at least one", example=("d1",))
    level: Level | None = _key("Level of the organisation, if it is about one", None)


class Override(Section):
    """`[[override]]`: another verdict, certainty or level beside the computed one, which stays; dated, signed and reasoned."""

    outcome: StrictStr = _key("The outcome; empty for the primary one", "", example="trygg_ute_kvall")
    verdict: Verdict | None = _key("The verdict that somebody puts beside the computed one: a weaker one", None)
    certainty: Certainty | None = _key("Likewise: a lower one, or one step up with evidence and organisation", None)
    maryland_level: StrictInt | None = _key("Likewise the level of the Maryland scale", None, example=2, ge=1, le=5)
    date: dt.date = _key("The day on which it was decided", example=dt.date(2025, 3, 1))
    role: StrictStr = _key("Who signs, by role, never a person", min_length=1, example="extern granskare")
    organisation: StrictStr = _key("The organisation that stands behind it; needed to raise anything", "")
    reason: StrictStr = _key("Why, in a sentence or two: what the rules do not see", example=_REASON)
    evidence: tuple[StrictStr, ...] = _key("Ids of the evidence; needed to raise anything", (), example=("d1",))


class ProcessFile(Section):
    """The whole of `process.toml`."""

    schema_version: Literal[1] = Field(alias="schema", description="Version of this format", examples=[1])
    criteria: tuple[StrictStr, ...] = _key("Ready criteria sets", (), example=("lag-2023-196",))
    simulated: StrictBool = _key("The assessments are made up: every page then says so", default=False)
    language: Literal["sv", "en"] = _key("Language of the texts in this file; a report in the other one marks them", "sv")
    assessor: tuple[Assessor, ...] = _key("Who assesses, by role", ())
    evidence: tuple[Evidence, ...] = _key("What assessments rest on", ())
    criterion: tuple[Criterion, ...] = _key("Criteria of the study's own", ())
    assessment: tuple[Assessment, ...] = _key("The assessments; a file of overrides alone has none", ())
    settled: tuple[Settled, ...] = _key("How differences between assessors were settled", ())
    factor: tuple[Factor, ...] = _key("What carried the work, and what could be better", ())
    override: tuple[Override, ...] = _key("What somebody puts beside verdict, certainty or level", ())
