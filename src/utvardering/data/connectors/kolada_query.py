"""What may be asked of Kolada: figures, municipalities and years, with what must be declared of each figure."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from utvardering.data.connectors.base import Query
from utvardering.data.municipalities import code_of, municipalities
from utvardering.data.sources import Polarity
from utvardering.study.vocabulary import did_you_mean

OFFENCES = frozenset(
    {"N07540", "N07403", "U07417", "U07452", "N07543", "N07544", "N07546", "N07547", "N07537"}
)  # reported offences per 100,000
SAFETY_SURVEY = range(7601, 7648)  # NTU: N07601 to N07647, with margins of error 48 further on
MARGIN_AT = 48
UNSAFE = "N07609"  # its description says safe, its values are of those who are unsafe
POPULATION = "N01951"  # 31 December
NATION = "0000"

Column = Annotated[str, Field(pattern=r"^[a-zåäö_][a-zåäö0-9_]*$")]
Id = Annotated[str, Field(pattern=r"^[NU]\d{5}$")]


class Figure(Query):
    """A key figure, and what it becomes in the table.

    form                    count: a rate per 100,000 becomes the count that it was made of; share: percent becomes 0 to 1;
                            value: as it stands
    zeros_as_missing_until  last year in which a missing value may be a zero; such cells stay empty
    pooled_years            years that one value is of: NTU pools two and may write the value in both
    margin                  with the margin of error, as COLUMN_margin
    """

    id: Id
    column: Column
    form: Literal["count", "value", "share"]
    polarity: Polarity
    zeros_as_missing_until: int | None = None
    pooled_years: Literal[1, 2] = 1
    margin: bool = False

    @property
    def margin_id(self) -> str:
        """The figure that holds the margin of error."""
        return f"{self.id[0]}{int(self.id[1:]) + MARGIN_AT:05d}"

    @property
    def of_safety_survey(self) -> bool:
        """Whether it is of the national safety survey (NTU)."""
        return self.id[0] == "N" and int(self.id[1:]) in SAFETY_SURVEY

    @model_validator(mode="after")
    def _consistent(self) -> Figure:
        if self.id in OFFENCES and self.polarity == "more_is_better":
            msg = f'{self.id} counts reported offences: write polarity = "more_is_worse"'
            raise ValueError(msg)
        if self.id == UNSAFE and self.polarity == "more_is_better":
            msg = f'{UNSAFE} is described as safe, but its values are of those who are unsafe: write polarity = "more_is_worse"'
            raise ValueError(msg)
        if self.form == "count" and self.of_safety_survey:
            msg = f'{self.id} is a share of those who answered: write form = "share"'
            raise ValueError(msg)
        if self.margin and not self.of_safety_survey:
            msg = f"{self.id} has no margin of error; N07601 to N07647 have one"
            raise ValueError(msg)
        return self


class KoladaQuery(Query):
    """What to fetch.

    municipalities      "all", or names and codes
    municipality_group  title or id of a group in Kolada, whose members are fetched too, such as "Liknande kommuner …"
    population          figure with the population of 31 December, of which rates are made; it becomes `population_column`
    allow_missing       cells that are missing are listed instead of refused; `missing_years`: in these years only
    rounding            largest distance of a rebuilt count from a whole number
    """

    figures: tuple[Figure, ...]
    first_year: Annotated[int, Field(ge=1990, le=2100)]
    last_year: Annotated[int, Field(ge=1990, le=2100)]
    municipalities: Literal["all"] | tuple[str, ...] = ()
    municipality_group: str = ""
    population: Id = POPULATION
    population_column: Column = "folkmangd"
    gender: Literal["T", "K", "M"] = "T"
    allow_missing: bool = False
    missing_years: tuple[int, ...] = ()
    rounding: Annotated[float, Field(gt=0, lt=0.5)] = 0.05

    @property
    def years(self) -> tuple[int, ...]:
        """Every year that is asked for."""
        return tuple(range(self.first_year, self.last_year + 1))

    @property
    def columns(self) -> tuple[str, ...]:
        """Of the table, after unit and period."""
        own = [name for figure in self.figures for name in (figure.column, *([f"{figure.column}_margin"] * figure.margin))]
        return (*own, *([self.population_column] if self.counts else []))

    @property
    def counts(self) -> tuple[Figure, ...]:
        """Figures that are rebuilt to counts, which needs the population."""
        return tuple(figure for figure in self.figures if figure.form == "count")

    @field_validator("municipalities")
    @classmethod
    def _known(cls, given: Literal["all"] | tuple[str, ...]) -> Literal["all"] | tuple[str, ...]:
        wrong = [name for name in given if code_of(name) is None] if given != "all" else []
        if wrong:
            told = "; ".join(
                f'"{name}" is not a municipality.{did_you_mean(name, municipalities().values())}' for name in wrong
            )
            raise ValueError(told)
        return given

    @model_validator(mode="after")
    def _whole(self) -> KoladaQuery:
        faults = [] if self.figures else ["figures: is empty: write which key figures to fetch"]
        if self.last_year < self.first_year:
            faults.append(f"last_year: {self.last_year} is before first_year, {self.first_year}")
        if not self.municipalities and not self.municipality_group:
            faults.append('municipalities: is missing: write "all", a list of names or codes, or a municipality_group')
        columns = ("unit", "period", *self.columns)
        faults += [
            f'figures: the column "{name}" stands twice' for name in sorted({c for c in columns if columns.count(c) > 1})
        ]
        if self.gender != "T" and self.counts:
            faults.append("gender: a rate is of all inhabitants and is rebuilt with all of them; leave gender out")
        outside = [year for year in self.missing_years if year not in self.years]
        if outside:
            faults.append(f"missing_years: {', '.join(map(str, outside))} is not asked for")
        if faults:
            raise ValueError("; ".join(faults))
        return self


def looks_like_id(text: str) -> bool:
    """Whether a group is named by its id."""
    return re.fullmatch(r"G\d+", text) is not None
