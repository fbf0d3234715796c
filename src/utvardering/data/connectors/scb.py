"""How many people live in each area? Population of 31 December from Statistics Sweden's tables, by `pxwebpy`.

A year is a part: what has been fetched is kept in the request's work folder, and a broken fetch goes on where it stopped.
Every cell that was asked for is in what comes out, or the fetch stops and names those that are not.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar

import pyarrow as pa
from pydantic import Field, StrictInt, StrictStr, model_validator

from utvardering.data.connectors.base import Collected, Query, Request, query_faults, read_query
from utvardering.data.connectors.http import NoAnswerError
from utvardering.data.connectors.scb_areas import AREA_SETS, NOISE_FROM, AreaSet, year_faults
from utvardering.data.faults import listed
from utvardering.errors import DataError
from utvardering.outputs import Parts
from utvardering.wording import say

ADDRESS = "https://statistikdatabasen.scb.se/api/v2"
ATTEMPTS = 5
_REGION, _YEAR, _CONTENTS = "Region", "Tid", "ContentsCode"
_CHANGED = "; the table has changed at SCB"
_TOTALS = ("tot", "totalt", "TOT", "1+2", "Totalt")
Answer = TypeVar("Answer")
Selection = dict[str, list[str] | str]


class ScbQuery(Query):
    """Population of 31 December by area and year."""

    areas: Literal["municipality", "deso_2018", "deso_2025", "regso_2020", "regso_2025"] = Field(
        description="Kind of areas, with the year of their borders"
    )
    first: StrictInt = Field(description="First year")
    last: StrictInt = Field(description="Last year")
    within: tuple[StrictStr, ...] = Field(
        (), description="Codes of municipalities or counties to take, such as `0180` or `12`; none: the whole country"
    )
    column: StrictStr = Field("folkmangd", description="Column of the population")

    @model_validator(mode="after")
    def _consistent(self) -> ScbQuery:
        told = year_faults(self.areas, self.first, self.last)
        told += [
            f'within: "{code}" is no code of a county (two digits) or a municipality (four)'
            for code in self.within
            if not (code.isdigit() and len(code) in {2, 4})
        ]
        told += [f'column: "{self.column}" is taken'] if self.column in {"unit", "period"} else []
        if told:
            raise ValueError("; ".join(told))
        return self


class Scb:
    """Connector `scb`."""

    name = "scb"
    query = ScbQuery

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query."""
        return query_faults(ScbQuery, query)

    def collect(self, request: Request) -> Collected:
        """The population; a DataError that names what the tables do not hold or the server did not give."""
        asked = read_query(ScbQuery, request.source.query)
        chosen = AREA_SETS[asked.areas]
        return _Fetch(request, asked, chosen, request.address or ADDRESS).collect()


CONNECTOR = Scb()


class _Fetch:
    def __init__(self, request: Request, asked: ScbQuery, chosen: AreaSet, address: str) -> None:
        self.request, self.asked, self.chosen, self.address = request, asked, chosen, address

    def collect(self) -> Collected:
        asked, chosen = self.asked, self.chosen
        parts = Parts(self.request.work / f"scb-{chosen.table}")
        years = [str(year) for year in range(asked.first, asked.last + 1)]
        import pxweb  # noqa: PLC0415 -- takes time to import

        api = self._patiently(
            "the service", lambda: pxweb.PxApi(self.address, language="sv", disable_cache=True, max_workers=1)
        )
        variables = self._patiently(f"table {chosen.table}", lambda: api.get_table_variables(chosen.table))
        selection = self._selection(variables, years)
        regions = list(selection[_REGION])
        figures: dict[tuple[str, str], int] = {}
        for place, year in enumerate(years):
            self.request.tell(f"population {year}", place, len(years))
            key = f"{asked.areas}-{year}-{_fingerprint(selection)}"
            held = parts.get(key)
            if held is None:
                wanted = selection | {_YEAR: [year]}
                rows = self._patiently(
                    f"population {year}",
                    partial(api.get_table_data, chosen.table, value_codes=wanted, show="code"),
                )
                held = {"figures": self._checked(rows, variables, year, regions)}
                parts.put(key, held)
            figures |= {(region, year): value for region, value in held["figures"].items()}
        self.request.tell("population", len(years), len(years))
        return self._collected(figures, regions, years, self._title(api))

    def _selection(self, variables: dict[str, Any], years: list[str]) -> Selection:
        """Codes to ask for of each variable; a DataError where the table is not as it was."""
        table = self.chosen.table
        lacking = [name for name in (_REGION, _YEAR, _CONTENTS) if name not in variables]
        if lacking:
            message = f"{table}: has no variable {listed(lacking)}; it has {listed(variables)}{_CHANGED}"
            raise DataError(message)
        codes = {name: list(variable["category"].get("label", {})) for name, variable in variables.items()}
        regions = [code for code in codes[_REGION] if self.chosen.pattern.fullmatch(code)]
        inside = [code for code in regions if not self.asked.within or code.startswith(self.asked.within)]
        empty = [code for code in self.asked.within if not any(region.startswith(code) for region in regions)]
        if empty or not inside:
            message = f"{table}: holds no {self.asked.areas} in {listed(empty) or 'the country'}; look at query.within"
            raise DataError(message)
        number = self.chosen.number
        if not self.asked.within and number is not None and len(inside) != number:
            message = f"{table}: holds {len(inside)} areas of {self.asked.areas} where there are {number}{_CHANGED}"
            raise DataError(message)
        late = [year for year in years if year not in codes[_YEAR]]
        if late:
            message = f"{table}: has no figures for {listed(late)}; its years are {codes[_YEAR][0]} to {codes[_YEAR][-1]}"
            raise DataError(message)
        selection: Selection = {_REGION: inside, _YEAR: years, _CONTENTS: [self._contents(variables[_CONTENTS])]}
        for name in codes.keys() - selection.keys():
            total = next((code for code in _TOTALS if code in codes[name]), "")
            if total:
                selection[name] = [total]
            elif not variables[name].get("elimination", False):
                message = f"{table}: the variable {name} has no total; its values are {listed(codes[name], 6)}{_CHANGED}"
                raise DataError(message)
        return selection

    def _contents(self, variable: dict[str, Any]) -> str:
        """Code of the population among what the table holds."""
        labels = variable["category"]["label"]
        found = [
            code for code, label in labels.items() if label.strip().lower() in {"folkmängd", "antal", "population", "number"}
        ]
        if len(found) != 1:
            message = f"{self.chosen.table}: needs one content called Folkmängd, holds {listed(labels.values(), 6)}{_CHANGED}"
            raise DataError(message)
        return found[0]

    def _checked(self, rows: list[dict[str, Any]], variables: dict[str, Any], year: str, regions: list[str]) -> dict[str, int]:
        """Population of each area; a DataError that names the areas without one."""
        table = self.chosen.table
        where = variables[_REGION]["label"]
        figures: dict[str, int] = {}
        for row in rows:
            if where not in row or "value" not in row:
                message = f'{table}: the answer has the columns {listed(row)}, and "{where}" is not among them{_CHANGED}'
                raise DataError(message)
            region, value = row[where], row["value"]
            if region in figures:
                message = f"{table}: {region} {year} stands twice in the answer"
                raise DataError(message)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0 or value != int(value):
                message = f"{table}: {region} {year}: needs a number of people, found {value!r}"
                raise DataError(message)
            figures[region] = int(value)
        missing = [region for region in regions if region not in figures]
        if missing:
            message = f"{table}: {len(missing)} of {len(regions)} areas have no population for {year}: {listed(missing, 6)}"
            raise DataError(message)
        strange = sorted(set(figures) - set(regions))
        if strange:
            message = f"{table}: the answer holds areas that were not asked for: {listed(strange, 6)}"
            raise DataError(message)
        return figures

    def _title(self, api: Any) -> str:  # noqa: ANN401 -- pxwebpy's PxApi, imported late
        found = self._patiently("the title", lambda: api.get_table_metadata(self.chosen.table))
        return str(found.get("label", self.chosen.table)) if isinstance(found, dict) else self.chosen.table

    def _collected(self, figures: dict[tuple[str, str], int], regions: list[str], years: list[str], title: str) -> Collected:
        rows = sorted((self.chosen.code(region), year, figures[region, year]) for region in regions for year in years)
        said = partial(say, self.request.language, "scb")
        remarks = [said("noise", year=NOISE_FROM)] if int(years[-1]) >= NOISE_FROM else []
        if self.chosen.sibling:
            remarks.append(said("areas", areas=self.chosen.called, other=AREA_SETS[self.chosen.sibling].called))
        empty = sorted({code for code, _, value in rows if not value})
        if empty:
            remarks.append(said("nobody", areas=listed(empty, 6)))
        source = self.request.source
        return Collected(
            table=pa.table(
                {
                    "unit": [code for code, _, _ in rows],
                    "period": [year for _, year, _ in rows],
                    self.asked.column: pa.array([value for _, _, value in rows], pa.int64()),
                }
            ),
            unit=source.unit or said("unit"),
            licence="CC0",
            producer="SCB",
            title=source.title or title,
            address=f"{self.address}/tables/{self.chosen.table}",
            breaks=source.breaks,
            remarks=tuple(remarks),
            areas=self.chosen.called if self.chosen.sibling else "",
        )

    def _patiently(self, what: str, call: Callable[[], Answer]) -> Answer:
        """The answer of a call, tried again where that may help; a DataError that says what could not be had."""
        told = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                time.sleep(min(2.0**attempt, 30.0) * self.request.pace)
            try:
                return _within(call, self.request.timeout)
            except DataError:
                raise
            except Exception as error:  # noqa: BLE001 -- pxwebpy lets through what requests, json and its own checks raise
                told = (
                    f"the answer lacks {error}"
                    if isinstance(error, KeyError)
                    else (str(error) or type(error).__name__).splitlines()[0]
                )
                if any(told.startswith(f"Error {code}") for code in (400, 401, 403, 404)):
                    break
        message = f"{self.address}: {what} could not be had: {told}. What has been fetched is kept: run the same command again"
        raise NoAnswerError(message)


def _within(call: Callable[[], Answer], seconds: float) -> Answer:
    """The answer of a call, or a TimeoutError: pxwebpy itself waits for ever."""
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            answers.append(call())
        except BaseException as error:  # noqa: BLE001 -- handed on to the caller
            errors.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not answers:
        message = f"no answer within {seconds:.0f} seconds"
        raise TimeoutError(message)
    return answers[0]


def _fingerprint(selection: Selection) -> str:
    """Tells a selection from another, in the name of a part."""
    import hashlib  # noqa: PLC0415 -- only here

    spelled = repr(sorted((name, tuple(values)) for name, values in selection.items() if name != _YEAR))
    return hashlib.sha256(spelled.encode()).hexdigest()[:12]
