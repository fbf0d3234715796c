"""What may be asked of the answers to a survey?"""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr, model_validator

from utvardering.data.connectors.base import Query
from utvardering.data.sources import Polarity


class Question(Query):
    """A question, and what it becomes: `COLUMN`, `COLUMN_std_error` and `COLUMN_n`."""

    column: StrictStr = Field(description="Column to write")
    value: StrictStr = Field(description="Column of the file with the share or mean, or with the answer of each person")
    polarity: Polarity = Field(description="Whether more of it is worse or better: a share of the unsafe is `more_is_worse`")
    scale: Literal["share", "percent", "mean"] = Field("share", description="0 to 1, 0 to 100, or a mean on a scale of its own")
    margin: StrictStr = Field("", description="Column with the margin of error, in the unit of `value`")
    margin_is: Literal["margin", "std_error"] = Field(
        "margin", description="Half the width of an interval, or a standard error"
    )
    level: StrictFloat = Field(0.95, gt=0.5, lt=1, description="Level of the interval of which `margin` is half the width")
    n: StrictStr = Field("", description="Column with the number of persons who answered")
    yes: tuple[StrictStr, ...] = Field((), description="Answers that count as 1, where a row is a person and `scale` is share")
    no: tuple[StrictStr, ...] = Field((), description="Answers that count as 0, where a row is a person and `scale` is share")
    without: tuple[StrictStr, ...] = Field((), description="Answers that are left out, such as `Vet ej`")


class SurveyQuery(Query):
    """Shares or means with their margins, per unit and wave; answers of persons are summed up and never written."""

    file: StrictStr = Field(description="File with the answers, from the study's folder: csv, xlsx or parquet")
    unit: StrictStr = Field(description="Column with the unit")
    period: StrictStr = Field(description="Column with the wave")
    period_unit: Literal["year", "quarter", "month", "index"] = Field("year", description="What a wave is written as")
    rows: Literal["units", "persons"] = Field("units", description="Whether a row is a unit in a wave, or a person")
    weight: StrictStr = Field("", description="Column with the weight of each person; none: all count alike")
    questions: tuple[Question, ...] = Field(min_length=1, description="What to take")
    pooled: Literal["refuse", "first", "last"] = Field(
        "refuse", description="Which wave to keep where two waves hold the same answers, as where a survey pools two years"
    )
    smallest: StrictInt = Field(5, ge=3, description="Fewest persons whose answers are shown together")

    @model_validator(mode="after")
    def _consistent(self) -> SurveyQuery:
        told = []
        names = [question.column for question in self.questions]
        told += [
            f'questions: the column "{name}" is written twice' for name in sorted({n for n in names if names.count(n) > 1})
        ]
        told += [f'questions: "{name}" is taken' for name in names if name in {"unit", "period"}]
        for question in self.questions:
            who = f"questions: {question.column}"
            if self.rows == "units":
                told += (
                    []
                    if question.margin or question.n
                    else [f"{who}: needs margin or n: a figure without either cannot be weighed"]
                )
                told += (
                    [f"{who}: yes, no and without are for answers of persons"]
                    if question.yes or question.no or question.without
                    else []
                )
                told += (
                    [f"{who}: a mean needs its margin, since n alone does not give it"]
                    if question.scale == "mean" and not question.margin
                    else []
                )
                continue
            told += [f"{who}: margin and n are reckoned from the answers of persons"] if question.margin or question.n else []
            told += [f'{who}: answers of persons need scale = "share" or "mean"'] if question.scale == "percent" else []
            if question.scale == "share" and not (question.yes and question.no):
                told.append(f"{who}: write which answers count as 1 (yes) and which as 0 (no)")
        if self.weight and self.rows == "units":
            told.append('weight: is for answers of persons; write rows = "persons"')
        if told:
            raise ValueError("; ".join(told))
        return self
