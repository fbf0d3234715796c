"""How many events of each kind were there in each area and period? Counted from a row per event, zeros and all.

Every row of the file is either counted or in the table of rows that were not, with the reason. Coordinates and times never
leave: what comes out holds areas, periods and counts.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from utvardering.data.calendar import Calendar
from utvardering.data.connectors.base import Collected, Request, query_faults, read_query
from utvardering.data.connectors.incident_areas import Areas, locate, looks_like, orient, read_areas
from utvardering.data.connectors.incident_events import FORMATS, Events, database, name, open_events
from utvardering.data.connectors.incident_query import IncidentQuery
from utvardering.data.connectors.local import collected, input_file
from utvardering.data.faults import listed
from utvardering.data.privacy import quote
from utvardering.errors import DataError
from utvardering.study.vocabulary import nearest
from utvardering.wording import number, say

MOST_LABELS = 1_000_000  # different pairs of kind and area code
MOST_KINDS = 200
MOST_CELLS = 400_000_000
_EPOCH = dt.date(1970, 1, 1)
_HEAP = 0.2  # share of events at midnight sharp from which on the hour is doubted

REASONS = ("line", "time", "window", "kind", "ignored", "place", "abroad", "swapped", "outside", "copy")
"""Why a row is not counted."""
_STATUS = ("counted", "time", "window", "kind", "ignored", "place", "outside")  # what SQL tells of a row
_NOT_SEEN = (1, 2)  # no time, or outside the window


@dataclass
class Tally:
    """What has been counted.

    counts   (areas × periods × outcomes × day and night,), flat
    seen     (periods,) whether the file holds anything of a period
    left     rows that were not counted, by reason
    """

    shape: tuple[int, int, int, int]
    counts: NDArray[np.int64] = field(repr=False)
    seen: NDArray[np.bool_] = field(repr=False)
    left: Counter[str] = field(default_factory=Counter)
    border: int = 0
    midnight: int = 0

    def add(self, *place: NDArray[Any]) -> None:
        """Count an event at each place: area, period, outcome, and day or night."""
        flat = np.ravel_multi_index(tuple(one.astype(np.int64) for one in place), self.shape)
        if len(flat) > self.counts.size // 50:
            self.counts += np.bincount(flat, minlength=self.counts.size)
        else:
            np.add.at(self.counts, flat, 1)


class Incidents:
    """Connector `incidents`."""

    name = "incidents"
    query = IncidentQuery

    def faults(self, query: object) -> tuple[str, ...]:
        """All that is wrong with a query."""
        return query_faults(IncidentQuery, query)

    def collect(self, request: Request) -> Collected:
        """Count the events of a file; a DataError where they cannot be read, placed or told apart."""
        asked = read_query(IncidentQuery, request.source.query)
        path = input_file(request, asked.file, FORMATS)
        if asked.last > request.today:
            message = f"query.last: {asked.last} lies after today, {request.today}; events to come would be counted as none"
            raise DataError(message)
        areas = read_areas(request.folder, asked.areas, asked.area, asked.layer)
        if asked.x and areas.shapes is None:
            message = f"query.areas: {asked.areas} is a list without polygons; coordinates need a map (gpkg or geojson)"
            raise DataError(message)
        with database(request.work, asked.memory, asked.threads) as con:
            try:
                return _Counting(request, asked, areas, open_events(con, path, asked.file)).collect()
            except duckdb.OutOfMemoryException as error:
                message = f"{asked.file}: does not fit; write a larger memory than {asked.memory} in query.memory"
                raise DataError(message) from error
            except (duckdb.ConversionException, duckdb.InvalidInputException) as error:
                message = f"{asked.file}: cannot be read as a table of events; save it as csv in UTF-8, or as parquet"
                raise DataError(message) from error


CONNECTOR = Incidents()


class _Counting:
    """The steps of one file."""

    def __init__(self, request: Request, asked: IncidentQuery, areas: Areas, events: Events) -> None:
        self.request, self.asked, self.areas, self.events = request, asked, areas, events
        self.remarks = [self.say(key, **facts) for key, facts in areas.remarks]
        self.first, self.last = (_number(asked.period, day) for day in (asked.first, asked.last))

    def say(self, key: str, **facts: object) -> str:
        """A sentence, with its whole numbers written out."""
        language = self.request.language
        spelled = {name: number(fact, language, 0) if isinstance(fact, int) else fact for name, fact in facts.items()}
        return say(language, "incidents", key, **spelled)

    def collect(self) -> Collected:
        asked, events = self.asked, self.events
        events.require({"time": asked.time, "kind": asked.kind, "unit": asked.unit, "x": asked.x, "y": asked.y, "id": asked.id})
        self.request.tell("looking for personal data", 0, 4)
        events.refuse_personal_data({asked.time, asked.x, asked.y})
        self.request.tell("reading kinds and areas", 1, 4)
        outcomes, rows = self._labels()
        shape = (len(self.areas.codes), self.last - self.first + 1, len(outcomes), 2 if asked.night else 1)
        if np.prod(shape, dtype=np.float64) > MOST_CELLS:
            message = f"{asked.file}: {shape[0]} areas × {shape[1]} periods × {shape[2]} kinds are too many; use longer periods"
            raise DataError(message)
        source = self._without_copies()
        self.request.tell("counting", 2, 4)
        tally = Tally(shape, np.zeros(int(np.prod(shape)), dtype=np.int64), np.zeros(shape[1], dtype=bool))
        broken, first_broken = events.broken()
        self._count(source, tally)
        tally.left["copy"] = self.copies
        tally.left["line"] = broken
        self._refuse(tally, rows, broken, first_broken)
        self.request.tell("writing", 3, 4)
        return self._collected(tally, outcomes, rows)

    def _labels(self) -> tuple[list[str], int]:
        """The outcomes, and how many rows there are; kinds (-1 for an ignored one) and areas become tables of the database."""
        asked, events = self.asked, self.events
        kind = events.trimmed(asked.kind) if asked.kind else "''"
        unit = events.trimmed(asked.unit) if asked.unit else "''"
        rows = events.con.execute(
            f"SELECT {kind}, {unit}, count(*) FROM events GROUP BY ALL LIMIT {MOST_LABELS + 1}"  # noqa: S608 -- names are quoted
        ).fetchall()
        if len(rows) > MOST_LABELS:
            message = (
                f"{asked.file}: query.kind and query.unit hold more than {MOST_LABELS} different pairs; are these the columns?"
            )
            raise DataError(message)
        found: Counter[str] = Counter()
        for row in rows:
            found[row[0] or ""] += row[2]
        if not rows:
            message = f"{asked.file}: the file has a header but no rows"
            raise DataError(message)
        kinds, outcomes = self._outcomes(found)
        self._table("kinds", {text: place for text, place in kinds.items() if text})
        texts = sorted({row[1] for row in rows if row[1]})
        places = {text: self.areas.find(text) for text in texts}
        self._table("places", {text: place for text, place in places.items() if place >= 0})
        restored = sum(text not in self.areas.codes and place >= 0 for text, place in places.items()) if asked.unit else 0
        if restored:
            self.remarks.append(self.say("restored", n=restored))
        self.unknown = [text for text, place in places.items() if place < 0]
        return outcomes, found.total()

    def _outcomes(self, found: Counter[str]) -> tuple[dict[str, int], list[str]]:
        asked = self.asked
        if not asked.kind:
            return {"": 0}, [asked.outcome]
        known = asked.kinds or {text: text for text in sorted(found) if text and text not in asked.ignored}
        absent = [text for text in (*asked.kinds, *asked.ignored) if text not in found]
        if absent:
            self.remarks.append(self.say("absent_kinds", kinds=listed(absent)))
        unknown = {text: count for text, count in found.items() if text and text not in known and text not in asked.ignored}
        if unknown:
            told = [f"{quote(text)} in {count} rows{_meant(text, known)}" for text, count in sorted(unknown.items())]
            message = (
                f"{asked.file}: {asked.kind}: {len(unknown)} kinds stand neither in query.kinds nor in query.ignored: "
                f"{listed(told)}; write each in one of them"
            )
            raise DataError(message)
        outcomes = list(dict.fromkeys(known.values()))
        if len(outcomes) > MOST_KINDS:
            message = (
                f"{asked.file}: {asked.kind} holds {len(outcomes)} kinds; write in query.kinds which are counted, and as what"
            )
            raise DataError(message)
        return {text: outcomes.index(known[text]) for text in known} | dict.fromkeys(asked.ignored, -1), outcomes

    def _table(self, called: str, places: dict[str, int]) -> None:
        table = pa.table({"text": pa.array(list(places), pa.string()), "place": pa.array(list(places.values()), pa.int32())})
        self.events.con.register(called, table)

    def _without_copies(self) -> str:
        """What to select from: the events, each row that stands twice under one number once."""
        asked, events = self.asked, self.events
        self.copies = 0
        if not asked.id:
            return "events"
        id_, used = events.trimmed(asked.id), ", ".join(name(column) for column in self._used())
        events.con.execute(
            f"CREATE TABLE again AS SELECT hash({id_}) AS mark FROM events WHERE {id_} IS NOT NULL "  # noqa: S608 -- names are quoted
            "GROUP BY 1 HAVING count(*) > 1"
        )
        repeated = f"SELECT {used} FROM events WHERE hash({id_}) IN (SELECT mark FROM again) AND {id_} IS NOT NULL"  # noqa: S608 -- quoted
        rows, unlike = events.one(
            f"SELECT (SELECT count(*) FROM ({repeated})), count(*) FROM (SELECT DISTINCT * FROM ({repeated}))"  # noqa: S608 -- quoted
        )
        numbers = events.one(f"SELECT count(DISTINCT {id_}) FROM ({repeated})")[0]  # noqa: S608 -- names are quoted
        self.copies = int(str(rows)) - int(str(unlike))
        without = int(str(events.one(f"SELECT count(*) FROM events WHERE {id_} IS NULL")[0]))  # noqa: S608 -- quoted
        if without:
            self.remarks.append(self.say("no_number", n=without))
        several = int(str(unlike)) - int(str(numbers))
        if several:
            self.remarks.append(self.say("several", n=several))
        events.con.execute(
            f"CREATE VIEW once AS SELECT {used} FROM events WHERE {id_} IS NULL OR hash({id_}) NOT IN (SELECT mark FROM again) "  # noqa: S608 -- quoted
            f"UNION ALL SELECT DISTINCT * FROM ({repeated})"
        )
        return "once"

    def _used(self) -> list[str]:
        asked = self.asked
        columns = (asked.id, asked.time, asked.kind, asked.unit, asked.x, asked.y)
        return list(dict.fromkeys(column for column in columns if column))

    def _count(self, source: str, tally: Tally) -> None:
        asked, events = self.asked, self.events
        moment = events.moment(asked.time, asked.time_formats, asked.zone)
        used = [events.trimmed(asked.kind) if asked.kind else "''", events.trimmed(asked.unit) if asked.unit else "''"]
        xy = [events.number(asked.x), events.number(asked.y)] if asked.x else ["0.0", "0.0"]
        read = f"SELECT {moment} AS moment, {used[0]} AS kind, {used[1]} AS unit, {xy[0]} AS x, {xy[1]} AS y FROM {source}"  # noqa: S608 -- quoted
        night = "0"
        if asked.night:
            begins, ends = asked.night.minutes()
            minute = "(hour(moment) * 60 + minute(moment))"
            word = "OR" if begins > ends else "AND"
            night = f"CAST({minute} >= {begins} {word} {minute} < {ends} AS INTEGER)"
        place = "places.place" if asked.unit else "0"
        outcome = "kinds.place" if asked.kind else "0"
        no_place = "x IS NULL OR y IS NULL OR (x = 0 AND y = 0)" if asked.x else "unit IS NULL"
        status = (
            f"CASE WHEN moment IS NULL THEN 1 WHEN moment < DATE '{asked.first}' OR moment >= DATE '{asked.last}' + 1 THEN 2 "
            f"{'WHEN kind IS NULL THEN 3 WHEN kinds.place < 0 THEN 4 ' if asked.kind else ''}"
            f"WHEN {no_place} THEN 5 {'WHEN places.place IS NULL THEN 6 ' if asked.unit else ''}ELSE 0 END"
        )
        period = f"{events.period(asked.period, 'moment')} - {self.first}"
        joins = " LEFT JOIN kinds ON kind = kinds.text" if asked.kind else ""
        joins += " LEFT JOIN places ON unit = places.text" if asked.unit else ""
        cells = f"{status} AS status, {period} AS period, {outcome} AS outcome, {night} AS night, {place} AS place"
        sharp = "CAST(date_trunc('day', moment) = moment AS INTEGER) AS sharp"
        done = 0
        for batch in events.batches(f"SELECT {cells}, {sharp}{', x, y' if asked.x else ''} FROM ({read}){joins}"):  # noqa: S608 -- quoted
            self._add(batch, tally)
            done += batch.num_rows
            self.request.tell(f"{asked.file}: {done:,} events", 2, 4)

    def _add(self, batch: pa.RecordBatch, tally: Tally) -> None:
        """Count the rows of a batch, or say why they are not counted."""
        columns = _numpy(batch)
        status = columns["status"]
        for code, n in enumerate(np.bincount(status, minlength=len(_STATUS)).tolist()):
            tally.left[_STATUS[code]] += n if code else 0
        tally.seen[np.unique(columns["period"][(status == 0) | (status > max(_NOT_SEEN))])] = True
        good = np.flatnonzero(status == 0)
        place = columns["place"][good]
        if self.asked.x:
            good, place = self._located(columns, good, tally)
        tally.midnight += int(columns["sharp"][good].sum())
        tally.add(place, *(columns[key][good] for key in ("period", "outcome", "night")))

    def _located(
        self, columns: dict[str, NDArray[Any]], good: NDArray[np.int64], tally: Tally
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Of the rows `good` those that lie in an area, and its place; a DataError where coordinates are of another kind."""
        x, y = columns["x"][good], columns["y"][good]
        epsg = int(str(self.asked.crs).removeprefix("EPSG:"))
        right, turned = orient(x, y, epsg)
        if len(good) and turned.sum() > right.sum():
            message = (
                f'{self.asked.file}: "{self.asked.x}" and "{self.asked.y}" have their axes the wrong way round: x is '
                f"easting or longitude, y northing or latitude. Write "
                f'x = "{self.asked.y}" and y = "{self.asked.x}" in the query'
            )
            raise DataError(message)
        if len(good) and right.mean() < 1 - self.asked.max_unreadable and right.mean() < 0.5:  # noqa: PLR2004 -- most of them
            hint = looks_like(x, y, epsg)
            message = f"{self.asked.file}: {(~right).sum()} of {len(good)} events lie outside Sweden in {self.asked.crs}{hint}"
            raise DataError(message)
        tally.left["swapped"] += int(turned.sum())
        tally.left["abroad"] += int((~right & ~turned).sum())
        good, x, y = good[right], x[right], y[right]
        assert self.areas.shapes is not None  # noqa: S101 -- refused before
        place, border = locate(x, y, epsg, self.areas.shapes)
        tally.border += border
        tally.left["outside"] += int((place < 0).sum())
        return good[place >= 0], place[place >= 0]

    def _refuse(self, tally: Tally, rows: int, broken: int, first_broken: int) -> None:
        """A DataError where too much of the file could not be read or placed."""
        asked, left = self.asked, tally.left
        told = []
        if broken > asked.max_unreadable * (rows + broken):
            told.append(f"{broken} lines have more or fewer fields than the header, first line {first_broken}")
        if left["time"] > asked.max_unreadable * rows:
            moment = self.events.moment(asked.time, asked.time_formats, asked.zone)
            told.append(
                f"{asked.time}: {left['time']} of {rows} times are missing or not written as query.time_formats says"
                f"{self.events.examples(asked.time, f'({moment}) IS NULL')}"
            )
        if left["kind"] > asked.max_unreadable * rows:
            told.append(f"{asked.kind}: {left['kind']} of {rows} rows have no kind")
        wrong = left["place"] + left["abroad"] + left["swapped"]
        if wrong > asked.max_unreadable * rows:
            told.append(
                f"{wrong} of {rows} rows have no place to read: {left['place']} missing, {left['abroad']} outside Sweden, "
                f"{left['swapped']} with the axes the wrong way round"
            )
        counted = int(tally.counts.sum())
        if left["outside"] > asked.max_outside * (counted + left["outside"]):
            such = f", such as {listed(map(quote, self.unknown), 5)}" if self.unknown else ""
            told.append(f"{left['outside']} events lie in none of the {len(self.areas.codes)} areas of {asked.areas}{such}")
        elif not counted:
            told.append(f"no event lies within {asked.first} to {asked.last}")
        if told:
            allowed = (
                "" if not counted and len(told) == 1 else "; mend the file, or raise max_unreadable or max_outside knowingly"
            )
            message = f"{asked.file}: {'; '.join(told)}{allowed}"
            raise DataError(message)

    def _collected(self, tally: Tally, outcomes: list[str], rows: int) -> Collected:
        asked, left = self.asked, tally.left
        counts = tally.counts.reshape(tally.shape)
        labels = [_label(asked.period, number) for number in range(self.first, self.last + 1)]
        self._edges(tally.seen, labels)
        n_areas, n_periods = tally.shape[:2]
        columns: dict[str, Any] = {
            "unit": pa.array(np.repeat(np.array(self.areas.codes, dtype=object), n_periods), pa.string()),
            "period": pa.array(np.tile(np.array(labels, dtype=object), n_areas), pa.string()),
        }
        for place, outcome in enumerate(outcomes):
            columns[outcome] = counts[:, :, place].sum(axis=2).ravel()
            if asked.night:
                columns |= {f"{outcome}_dag": counts[:, :, place, 0].ravel(), f"{outcome}_natt": counts[:, :, place, 1].ravel()}
        counted = int(counts.sum())
        reasons = [(reason, left[reason]) for reason in REASONS if left[reason]]
        told = [self.say("reason", n=n, reason=self.say(reason)) for reason, n in reasons]
        heading = [self.say("counted", counted=counted, rows=rows + left["line"])]
        heading += [self.say("left", reasons=", ".join(told))] if told else []
        self.remarks[:0] = heading
        if self.unknown:
            self.remarks.append(self.say("unknown_areas", codes=listed(map(quote, self.unknown), 5)))
        if tally.border:
            self.remarks.append(self.say("border", n=tally.border))
        empty = int((counts.sum(axis=(1, 2, 3)) == 0).sum())
        if empty:
            self.remarks.append(self.say("empty_areas", n=empty, of=n_areas))
        if asked.night and counted and tally.midnight > _HEAP * counted:
            self.remarks.append(self.say("midnight", n=tally.midnight, of=counted))
        beside = {
            "left_out": pa.table({"reason": [self.say(reason) for reason, _ in reasons], "rows": [n for _, n in reasons]})
        }
        files = (asked.file,) if asked.areas == "municipalities" else (asked.file, asked.areas)
        return collected(
            self.request, files, pa.table(columns), self.say("unit"), self.remarks, beside=beside if told else None
        )

    def _edges(self, seen: NDArray[np.bool_], labels: list[str]) -> None:
        """Periods of which the file holds nothing: at an edge the extract may not reach there."""
        happened = np.flatnonzero(seen)
        edges = [*labels[: happened[0]], *labels[happened[-1] + 1 :]]
        if edges and self.asked.empty_periods == "refuse":
            message = (
                f"{self.asked.file}: no event anywhere in {listed(edges, 6)}: does the extract reach there? Write first and "
                'last as it does, or empty_periods = "keep"'
            )
            raise DataError(message)
        within = [labels[k] for k in range(happened[0], happened[-1]) if not seen[k]]
        if edges or within:
            self.remarks.append(self.say("no_event", periods=listed([*edges, *within], 6)))


def _meant(text: str, known: Iterable[str]) -> str:
    near = nearest(text, known)
    return f' (meant "{near}"?)' if near else ""


def _numpy(batch: pa.RecordBatch) -> dict[str, NDArray[Any]]:
    """Columns as arrays: what is missing in a row that is not counted is 0 or NaN."""
    found = {}
    for key, column in zip(batch.schema.names, batch.columns, strict=True):
        filled = column if pa.types.is_floating(column.type) else column.fill_null(0)
        found[key] = filled.to_numpy(zero_copy_only=False)
    return found


def _number(unit: str, day: dt.date) -> int:
    return (day - _EPOCH).days if unit == "day" else Calendar(unit).number(day)


def _label(unit: str, number: int) -> str:
    return (_EPOCH + dt.timedelta(days=number)).isoformat() if unit == "day" else Calendar(unit).label(number)
