"""The schema of `study.toml` as types: every key, its values, its default and what it means.

The descriptions are what `docs/study-toml.md` prints, so a key is documented where it is defined.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from utvardering.study.lines import line_of
from utvardering.study.vocabulary import DOI

Anything: TypeAlias = Any  # what pydantic's own Field takes and gives
Number = StrictFloat  # a whole number is taken too
Moment = dt.date | StrictInt
"""A date, or an integer where `[period] unit = "index"`."""

Design = Literal["areas", "individuals", "series", "organisation"]
Aim = Literal["brott", "ordning", "trygghet", "process"]
MeasureKind = Literal[
    "trygghetsvardar", "sspf", "belysning", "ordningsvakter", "kamera", "skola", "utbildning", "organisation", "other"
]
Role = Literal["primary", "secondary", "negative_control"]
Kind = Literal["count", "rate", "share", "mean"]
Inference = Literal["randomization", "permutation", "cluster", "wild_bootstrap", "placebo", "jackknife", "analytic"]
PeriodUnit = Literal["week", "month", "quarter", "year", "index"]


class Section(BaseModel):
    """A table of the study file: unknown keys are refused and nothing can be changed after loading.

    TOML's arrays are lists; the loader turns them into tuples before validation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=False, allow_inf_nan=False)


def _key(description: str, default: Anything = ..., *, example: Anything = None, **limits: Anything) -> Anything:
    return Field(default, description=description, examples=None if example is None else [example], **limits)


class Meta(Section):
    """`[study]`: the question and who asks it."""

    id: StrictStr = _key("The study's id, the same as its folder", pattern=r"^[a-z0-9][a-z0-9-]*$", example="trygghetsvardar")
    title: StrictStr = _key("Title of the report", min_length=1, example="Trygghetsvärdar i Exempelstads centrum")
    question: StrictStr = _key(
        "The question that the study answers, in plain Swedish", min_length=1, example="Blev det färre anmälda brott i centrum?"
    )
    design: Design = _key(
        "What the data are about: areas, individuals, one series, or an organisation without an effect claim", example="areas"
    )
    status: Literal["draft", "registered", "published"] = _key("Where the study stands", "draft")
    authors: tuple[StrictStr, ...] = _key("Who answers for the study", ())
    independence: Literal["internal", "external"] = _key("Who evaluates whom, printed in the report", "internal")
    replication: StrictStr = _key("The published work that this study repeats, if any", "")
    problem: StrictStr = _key("The finding in the lägesbild that the measure answers (lag 2023:196, 4 §)", "")
    plan: StrictStr = _key("The row in the åtgärdsplan (5 §)", "")
    follow_up: dt.date | None = _key("Date of the next follow-up, at least every second year (6 §)", None)
    retrospective: StrictBool = _key("Outcomes after the start were known when the plan was written", default=False)


class Cost(Section):
    """`[measure.cost]`: what the measure costs, all treated areas or persons together unless `covers` says otherwise."""

    amount: Number = _key("Amount in the currency", ge=0, example=4_200_000)
    currency: StrictStr = _key("Currency code", "SEK")
    per: Literal["year", "once"] = _key("Whether the amount is paid each year or once", "year")
    price_year: StrictInt | None = _key("Year of the prices of the amount", None, ge=1900, le=2100)
    source: StrictStr = _key("Where the amount is from", "")
    covers: Literal["all", "each"] = _key(
        "Whether the amount is for all treated areas (or persons) together, in a year when all have it, or for each", "all"
    )
    lifetime: Number | None = _key("Years that an amount paid once is spread over, in equal parts", None, gt=0, example=20)
    dose_unit: StrictStr = _key("What the dose is counted in, in the singular; with a dose log without it: hour", "")
    dose_planned: Number | None = _key(
        "Units of dose that the amount was to pay for, where there is no dose log", None, gt=0, example=180
    )
    dose_delivered: Number | None = _key("Units of dose that it did pay for", None, ge=0, example=172)
    event_cost: Number | None = _key(
        "What one avoided event is worth, for the break-even; there is no default", None, gt=0, example=25_000
    )
    event_cost_source: StrictStr = _key("Where event_cost is from", "")
    event_cost_year: StrictInt | None = _key("Year of the prices of event_cost", None, ge=1900, le=2100)
    event_cost_outcome: StrictStr = _key("Id of the outcome that counts those events; default the primary one", "")
    price_index: dict[StrictStr, Number] = _key("Price index, year to value: makes prices of different years alike", {})
    price_index_source: StrictStr = _key("Where the index is from", "")


class Measure(Section):
    """`[measure]`: what was done, and how it is thought to work."""

    kind: MeasureKind = _key("Kind of measure; studies of one kind are compared with each other", example="trygghetsvardar")
    name: StrictStr = _key("Name of the measure as residents know it", min_length=1, example="Trygghetsvärdar")
    prevention: Literal["situational", "social", "both"] | None = _key("Kind of prevention", None)
    description: StrictStr = _key("What was done, in a sentence or two", "")
    mechanism: StrictStr = _key("How the measure is thought to work", "")
    course: Literal["lasting", "gradual", "fading"] = _key(
        "How the effect is expected to go on: at once and lasting, growing gradually, or fading", "lasting"
    )
    concurrent: tuple[StrictStr, ...] = _key("What else changed in the treated units at the same time", ())
    assignment: Literal["chosen", "lottery"] = _key(
        "How the treated units were picked; without a lottery the randomization test is called a placebo test", "chosen"
    )
    lottery_seed: StrictInt | None = _key("Seed of the lottery", None)
    lottery_source: StrictStr = _key("Record of the lottery", "")
    start: Moment | None = _key('Start of the measure, for design = "series"', None)
    cost: Cost | None = _key("What the measure costs", None)


class Incidents(Section):
    """`[data.incidents]`: one row per event, counted into the panel."""

    file: StrictStr = _key("File with a row per event", example="data/handelser.parquet")
    time: StrictStr = _key("Column with the time of the event", example="tid")
    kind: StrictStr = _key("Column with the kind of event; an outcome's id is one of its values", example="brott")
    unit: StrictStr = _key("Column with the unit", "")
    x: StrictStr = _key("Column with the x coordinate, instead of unit", "")
    y: StrictStr = _key("Column with the y coordinate, instead of unit", "")


class Exposure(Section):
    """`[data.exposure]`: exposure beside incidents."""

    file: StrictStr = _key("File with the exposure", example="data/folkmangd.csv")
    unit: StrictStr = _key("Column with the unit", example="omrade")
    period: StrictStr = _key("Column with the period", example="manad")


class Data(Section):
    """`[data]`: which file holds what."""

    panel: StrictStr = _key("File with a row per unit and period: csv, parquet or xlsx", "")
    dataset: StrictStr = _key('Data set of an installed package, such as "causaldata:castle"', "")
    incidents: Incidents | None = _key("Events to be counted into a panel", None)
    exposure: Exposure | None = _key("Exposure beside incidents", None)
    cohort: StrictStr = _key('File with a row per person and wave, for design = "individuals"', "")
    series: StrictStr = _key('File with one unit\'s outcomes, for design = "series"', "")
    unit: StrictStr = _key("Column with the unit", "")
    period: StrictStr = _key("Column with the period", "")
    person: StrictStr = _key("Column with the pseudonymous id of a person", "")
    wave: StrictStr = _key("Column with the wave, integers", "")
    last_wave_before: StrictInt | None = _key("Last wave before the start", None)
    treated: StrictStr = _key("Column that is 1 for persons in the measure, else 0", "")
    group: StrictStr = _key("Column with the cluster of a person", "")
    simulated: StrictBool = _key("The data are simulated: every page then says so", default=False)
    unit_labels: StrictStr = _key("csv with the columns unit and label: names for coded units", "")
    dose: StrictStr = _key("csv with unit, week, planned_hours, delivered_hours", "")
    boundaries: StrictStr = _key("GeoPackage or GeoJSON with the outlines of the areas, for the map", "")
    boundaries_unit: StrictStr = _key("Column of that file with the unit; default the name of the unit column", "")


class Period(Section):
    """`[period]`: the calendar of the panel."""

    unit: PeriodUnit = _key("Length of a period; index is a period without a calendar", example="month")
    first: Moment = _key("First period: a date in it, or an integer for index", example=dt.date(2018, 1, 1))
    last: Moment = _key("Last period", example=dt.date(2024, 12, 31))
    anticipation: StrictInt = _key("Periods before the start in which an effect may already have begun", 0, ge=0)
    partial_first: Literal["after", "drop"] = _key("What to do with a period in which the measure started midway", "after")


class Treated(Section):
    """`[[treated]]`: a unit that got the measure, and when."""

    unit: StrictStr = _key("Value in the unit column; municipalities by name or code", example="Centrum")
    start: Moment = _key("When the measure started there", example=dt.date(2022, 7, 1))
    end: Moment | None = _key("When the measure ended, if it did", None)
    source: StrictStr = _key("Where the start is recorded", "")


class TreatedFrom(Section):
    """`[treated_from]`: treated units read from the panel, for many units."""

    column: StrictStr = _key("Column with the start of each unit, empty = never treated", "")
    indicator: StrictStr = _key("Column that is 0 before and 1 under the measure", "")
    share: StrictStr = _key("Column in 0..1 with the share of the period under the measure", "")
    source: StrictStr = _key("Where the starts are recorded", "")


class Choose(Section):
    """`[comparison] choose`: comparison units chosen from data before the start, or by groups that others drew up."""

    method: Literal["nearest", "matched", "group"] = _key(
        "How units are chosen: the n nearest, each treated unit's own nearest, or the units of its group", example="nearest"
    )
    n: StrictInt | None = _key("nearest: how many units", None, ge=1, example=20)
    each: StrictInt | None = _key("matched: how many units for each treated one; no unit is taken twice", None, ge=1, example=4)
    on: tuple[StrictStr, ...] = _key("nearest, matched: columns on which units are to be alike", (), example=("folkmangd",))
    column: StrictStr = _key("group: column of the panel with the group of a unit", "", example="skr_grupp")
    file: StrictStr = _key(
        "group: csv with the columns unit and alike, a row for each pair", "", example="data/liknande_kommuner.csv"
    )
    family: StrictStr = _key("group: which rows of the file, by its column family", "", example="socioekonomi")


Alternative = Literal["all"] | tuple[StrictStr, ...] | Choose
"""Another comparison, to see whether the result hangs on the choice."""


class Excluded(Section):
    """`[comparison] excluded`: a unit that may not be compared with."""

    unit: StrictStr = _key("The unit", example="Grannstad")
    reason: StrictStr = _key("Why it is left out", min_length=1, example="Gränsar till åtgärdsområdet")


class Comparison(Section):
    """`[comparison]`: what the treated units are held against."""

    rule: StrictStr = _key("The rule in words by which the units were picked", "")
    units: Literal["all"] | tuple[StrictStr, ...] = _key('The units, or "all" for every other unit', ())
    choose: Choose | None = _key("Choose the units from data before the start", None)
    excluded: tuple[Excluded, ...] = _key("Units that may not be compared with, each with its reason", ())


class Neighbours(Section):
    """`[neighbours]`: where crime could have moved; never part of the comparison."""

    units: tuple[StrictStr, ...] = _key("The neighbouring units", ())
    column: StrictStr = _key(
        "Column with the ring of a unit (1, 2, …), empty = not a neighbour; with file: its column with the unit", ""
    )
    file: StrictStr = _key("GeoPackage or GeoJSON with the areas, by which neighbours are found", "")
    within: tuple[Number, ...] = _key(
        "Metres from a treated area: who lies within the first is ring 1, within the second ring 2, …; 0 = touches it", ()
    )
    comparison: tuple[StrictStr, ...] = _key("Units to hold the neighbours against; default the comparison", ())


class Outcome(Section):
    """`[[outcomes]]`: what is measured; exactly one is primary."""

    id: StrictStr = _key("Column of the panel", min_length=1, example="brott_offentlig_miljo")
    title: StrictStr = _key("Name in the report", min_length=1, example="Anmälda brott i offentlig miljö")
    aim: Aim = _key("What the outcome stands for; one aim never stands for another", example="brott")
    role: Role = _key("primary for exactly one outcome", example="primary")
    kind: Kind = _key("What the numbers are", example="count")
    counts: Literal["events", "persons"] = _key("What a count counts; small counts of persons are suppressed", "events")
    file: StrictStr = _key("File of this outcome, where it is not in the panel", "")
    unit: StrictStr = _key("Column with the unit in that file", "")
    period: StrictStr = _key("Column with the period in that file", "")
    period_unit: PeriodUnit | None = _key("Length of a period in that file", None)
    transform: Literal["none", "log"] = _key("Transformation before estimation", "none")
    exposure: StrictStr = _key("Column with the exposure of a count, such as population", "")
    direction: Literal["decrease", "increase", "none"] = _key("The wanted direction", "none")
    smallest_effect: Number | None = _key("Smallest change of interest, relative: -0.10 is a fall of 10 %", None)


class Estimation(Section):
    """`[estimation]`: the planned analysis."""

    estimator: StrictStr = _key("The planned estimator", example="poisson_did")
    also: tuple[StrictStr, ...] = _key("Other estimators shown beside it", ())
    comparison_group: Literal["never", "not_yet"] = _key("For staggered starts: whom to compare with", "never")
    inference: Inference = _key("How uncertainty is judged", "randomization")
    covariates: tuple[StrictStr, ...] = _key("Columns to adjust for", ())
    weights: StrictStr = _key("Column with analysis weights, such as population", "")
    period_effects_by: StrictStr = _key("Column: period effects within each of its groups", "")
    cluster: StrictStr = _key("Column with the cluster; default the unit", "")
    strata: StrictStr = _key("Column: re-assignments stay within its groups", "")
    level: StrictFloat = _key("Confidence level", 0.95, gt=0.5, lt=1)
    seed: StrictInt = _key("Seed of every random draw", 1, ge=0)


class CausalModel(Section):
    """`[causal_model]`: what is believed to cause what."""

    edges: tuple[StrictStr, ...] = _key('Edges such as "arbetsloshet -> start"', ())
    unobserved: tuple[StrictStr, ...] = _key("Causes that are not measured", ())


class Checks(Section):
    """`[checks]`: the limits, set before the data are seen."""

    min_periods_before: StrictInt = _key("Fewest periods before the start", 12, ge=2)
    min_periods_after: StrictInt = _key("Fewest periods after the start", 4, ge=1)
    min_comparison_units: StrictInt = _key("Fewest comparison units; one treated unit and level 0.95 need 19", 19, ge=1)
    max_imbalance: Number = _key("Largest standardised difference before the start", 0.25, gt=0)
    max_spillover: Number = _key("Largest share of the effect seen in neighbours", 0.10, gt=0, le=1)
    min_overlap: Number = _key("Individuals: smallest propensity used", 0.10, gt=0, lt=0.5)
    min_delivered_dose: Number = _key("Share of the planned dose below which the measure was not carried out", 0.50, ge=0, le=1)
    max_pretrend: Number = _key(
        "Largest slope before the start times follow-up, relative to the treated mean before the start", 0.10, gt=0, le=1
    )
    max_detectable_effect: Number = _key("Largest acceptable smallest detectable effect, relative", 0.25, gt=0, le=1)
    max_false_positive_rate: Number = _key(
        "Largest acceptable false-positive rate of the planned analysis on the past", 0.10, gt=0, le=1
    )


class Robustness(Section):
    """`[robustness]`: the doubts to be tried."""

    leave_one_out: StrictBool = _key("Leave each comparison unit out in turn", default=True)
    placebo_shifts: tuple[StrictInt, ...] = _key("Starts moved by so many periods, before the real one", ())
    trend_deviations: tuple[Number, ...] = _key("Difference in trend after the start, relative to the largest before", ())
    smoothness: tuple[Number, ...] = _key("Largest change of the slope, a share per year, from one year to the next", ())
    alternative_comparisons: tuple[Alternative, ...] = _key(
        'Other lists of comparison units, "all", or a rule such as { method = "nearest", n = 10, on = ["folkmangd"] }', ()
    )
    windows: tuple[tuple[Moment, Moment], ...] = _key("Other first and last periods", ())
    contrasts: tuple[tuple[StrictStr, StrictStr], ...] = _key("Pairs of outcomes, such as night and day", ())


class Ethics(Section):
    """`[ethics]`: review of research on individuals."""

    individuals: StrictBool = _key("The study is about individuals: review is then required", default=False)
    review: StrictStr = _key("Registration number of the review", "")


class Report(Section):
    """`[report]`: how the result is shown."""

    language: Literal["sv", "en"] = _key("Language of the report", "sv")
    smallest_cell: StrictInt = _key("Counts of persons under this are not shown", 5, ge=1)
    doi: StrictStr = _key("Digital object identifier of the published report, for its citation", "", pattern=DOI)


class StudyFile(Section):
    """The whole of `study.toml`, with the defaults filled in."""

    schema_version: Literal[1] = Field(alias="schema", description="Version of this format", examples=[1])
    study: Meta = _key("The question and who asks it")
    measure: Measure = _key("What was done, and how it is thought to work")
    data: Data = _key("Which file holds what", Data())
    period: Period | None = _key("The calendar of the panel", None)
    treated: tuple[Treated, ...] = _key("The units that got the measure, and when", ())
    treated_from: TreatedFrom | None = _key("Treated units read from the panel, for many units", None)
    comparison: Comparison = _key("What the treated units are held against", Comparison())
    neighbours: Neighbours = _key("Where crime could have moved", Neighbours())
    outcomes: tuple[Outcome, ...] = _key("What is measured", ())
    estimation: Estimation | None = _key("The planned analysis", None)
    causal_model: CausalModel = _key("What is believed to cause what", CausalModel())
    checks: Checks = _key("The limits, set before the data are seen", Checks())
    robustness: Robustness = _key("The doubts to be tried", Robustness())
    ethics: Ethics = _key("Review of research on individuals", Ethics())
    report: Report = _key("How the result is shown", Report())


class Expected(Section):
    """A row of `expected.toml`: a number that the study must give, with its source and tolerance."""

    outcome: StrictStr = _key("Id of the outcome", example="brott_offentlig_miljo")
    estimator: StrictStr = _key("The estimator", example="poisson_did")
    estimand: StrictStr = _key("What is estimated", "att")
    inference: StrictStr = _key("The inference; empty for any", "")
    weights: StrictStr | None = _key("Column with the weights; empty text for none, absent for any", None)
    estimate: Number = _key("The estimate", example=-0.12)
    std_error: Number | None = _key("Its standard error", None)
    tolerance: Number = _key("Largest deviation from either number", ge=0, example=0.0001)
    source: StrictStr = _key("Where the number is from", example="Table 2 of the article", min_length=1)


class ExpectedFile(Section):
    """The whole of `expected.toml`."""

    expected: tuple[Expected, ...] = _key("Numbers that the study must give", ())
    truth: dict[StrictStr, Number] = _key("For simulated data: outcome to its true effect", {})


class Study(StudyFile):
    """A loaded study: the file, its folder, the line of each key, and the numbers it is expected to give."""

    folder: Path
    lines: dict[str, int] = Field(default_factory=dict, repr=False)
    expected: tuple[Expected, ...] = ()
    truth: dict[str, float] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        """The study's id."""
        return self.study.id

    @property
    def primary(self) -> Outcome:
        """The one outcome on which the verdict rests."""
        return next(outcome for outcome in self.outcomes if outcome.role == "primary")

    @property
    def has_panel(self) -> bool:
        """Whether its data are a panel: of areas, or of one series."""
        return self.study.design in {"areas", "series"}

    @property
    def has_data(self) -> bool:
        """Whether it estimates an effect from data: of areas, of one series, or of persons."""
        return self.study.design != "organisation"

    @property
    def is_replication(self) -> bool:
        """Whether the study repeats published work; its verdict then concerns only the published number."""
        return bool(self.study.replication)

    def line(self, key: str) -> int:
        """Line of a key such as `treated[0].start` in the study file; that of its table if the key is absent; else 0."""
        return line_of(self.lines, key)
