"""What may be asked of a file with a row per event?"""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, StrictInt, StrictStr, field_validator, model_validator

from utvardering.data.connectors.base import Query

ISO = ("%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d")
_SHARE = 0.01


class Night(Query):
    """`night`: which hours are night, by the clock in Sweden; the other hours are day."""

    begins: StrictStr = Field(description='First time of the night, such as "22:00"')
    ends: StrictStr = Field(description='First time of the day, such as "06:00"')

    @field_validator("begins", "ends")
    @classmethod
    def _clock(cls, value: str) -> str:
        try:
            dt.time.fromisoformat(value)
        except ValueError as error:
            message = 'needs a time such as "22:00"'
            raise ValueError(message) from error
        return value

    def minutes(self) -> tuple[int, int]:
        """Both as minutes of the day."""
        first, last = (dt.time.fromisoformat(value) for value in (self.begins, self.ends))
        return first.hour * 60 + first.minute, last.hour * 60 + last.minute


class IncidentQuery(Query):
    """A row per event, counted per area, period and kind; what did not happen is a zero."""

    file: StrictStr = Field(description="File with a row per event, from the study's folder: csv, parquet or xlsx")
    time: StrictStr = Field(description="Column with the time of the event")
    time_formats: tuple[StrictStr, ...] = Field(
        ISO, description="How times are written, tried in this order: `%Y` year, `%m` month, `%d` day, `%H:%M:%S`, `%z` offset"
    )
    zone: Literal["Europe/Stockholm", "UTC"] = Field(
        "Europe/Stockholm", description="Clock that times without an offset were written by; night and period go by Sweden's"
    )
    kind: StrictStr = Field("", description="Column with the kind of event; none: all events are one outcome")
    kinds: dict[StrictStr, StrictStr] = Field(
        {}, description="Kind in the file → column to count it in; several kinds may share one; none: each kind is a column"
    )
    ignored: tuple[StrictStr, ...] = Field((), description="Kinds in the file that are not counted")
    outcome: StrictStr = Field("handelser", description="Column of all events, where `kind` is not given")
    unit: StrictStr = Field("", description="Column with the area's code; or give `x` and `y`")
    x: StrictStr = Field("", description="Column with the easting or longitude")
    y: StrictStr = Field("", description="Column with the northing or latitude")
    crs: Literal["EPSG:3006", "EPSG:4326"] | None = Field(
        None, description="Coordinate system of `x` and `y`: SWEREF 99 TM or WGS 84"
    )
    areas: StrictStr = Field(description='List (csv, xlsx, parquet) or map (gpkg, geojson) of all areas, or "municipalities"')
    area: StrictStr = Field("kod", description="Column of `areas` with the code")
    layer: StrictStr = Field("", description="Layer of the map, where it has several")
    id: StrictStr = Field("", description="Column with the number of the report: rows alike in all are counted once")
    period: Literal["day", "week", "month", "quarter", "year"] = Field("month", description="Length of the periods")
    first: dt.date = Field(description="First day that the extract covers")
    last: dt.date = Field(description="Last day that the extract covers")
    night: Night | None = Field(None, description="Which hours are night: each outcome then also as `_natt` and `_dag`")
    max_unreadable: float = Field(_SHARE, ge=0, le=1, description="Largest share of rows without a time, kind or place to read")
    max_outside: float = Field(0.5, ge=0, le=1, description="Largest share of rows in the window that lie in none of the areas")
    empty_periods: Literal["refuse", "keep"] = Field(
        "refuse", description="What to do where a first or last period has no event anywhere: the extract may not reach there"
    )
    memory: StrictStr = Field("2GB", description="Memory for the counting; what does not fit is kept on disk meanwhile")
    threads: StrictInt = Field(2, ge=1, description="Processors to use")

    @model_validator(mode="after")
    def _consistent(self) -> IncidentQuery:
        told = []
        if bool(self.unit) == bool(self.x or self.y):
            told.append("write either unit, or x and y")
        if bool(self.x) != bool(self.y):
            told.append("x and y go together")
        if self.x and self.crs is None:
            told.append('x and y need crs = "EPSG:3006" or "EPSG:4326"')
        if self.first > self.last:
            told.append(f"first ({self.first}) lies after last ({self.last})")
        if self.kinds and not self.kind:
            told.append("kinds needs kind, the column that holds them")
        names = {*self.kinds.values(), self.outcome} & {"unit", "period"}
        told += [f'"{name}" cannot be the name of a column of counts' for name in sorted(names)]
        both = sorted(set(self.kinds) & set(self.ignored))
        if both:
            told.append(f"{', '.join(both)} stands both in kinds and in ignored")
        dateless = [one for one in self.time_formats if "%d" not in one and "%j" not in one]
        told += [f'time_formats: "{one}" has no day, %d' for one in dateless]
        if self.night is not None:
            hourless = [one for one in self.time_formats if "%H" not in one and self.time_formats is not ISO and one not in ISO]
            told += [f'time_formats: "{one}" has no hour, %H, so night and day cannot be told apart' for one in hourless]
        if told:
            raise ValueError("; ".join(told))
        return self
