"""How do the files of a study come here? The one place that uses the network; each file is fetched whole or not at all.

A fetch is kept as a vintage, `data/vintages/DATE/FILE`, before the study's file is exchanged and its row in `data/sources.toml`
written. Killed at any moment, it leaves whole files, and the next fetch goes on from the pages that were kept.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from utvardering.data.connectors import CONNECTORS, Collected, Request, connector
from utvardering.data.connectors.base import Tell
from utvardering.data.connectors.http import NoAnswerError, is_own
from utvardering.data.differences import Differences, differences
from utvardering.data.faults import Faults
from utvardering.data.privacy import refuse_personal_data
from utvardering.data.sources import SOURCES, Source, path_of, read_sources, sha256
from utvardering.data.tables import read_table
from utvardering.data.vintages import add, keep, put, shown, vintage_of
from utvardering.data.write_sources import facts_of, write_facts
from utvardering.errors import DataError, Problem
from utvardering.outputs import write_table
from utvardering.study.lines import index_lines, line_of
from utvardering.study.vocabulary import did_you_mean

WORK = Path("data") / ".fetch"
WRITABLE = (".csv", ".parquet")
OWN_PACE = 0.01  # a server on this machine needs no courtesy

Watch = Callable[[str], AbstractContextManager[Tell]]
"""Gives for a file the callback that is told how its fetch goes."""


@dataclass(frozen=True)
class Fetched:
    """A file that has been fetched.

    new       whether its content is another than before
    vintage   where this content is kept, from the study's folder
    changed   in words against the former vintage; empty for a first fetch and for the same content
    """

    file: str
    rows: int
    sha256: str
    new: bool
    vintage: str
    changed: str
    remarks: tuple[str, ...]


def fetch(
    folder: Path,
    *,
    only: str = "",
    addresses: Mapping[str, str] | None = None,
    today: dt.date | None = None,
    language: str = "sv",
    watch: Watch | None = None,
) -> tuple[Fetched, ...]:
    """Fetch every file of a study that `data/sources.toml` gives a connector, or one of them; two fetches take turns.

    addresses   name of a connector to another base address than its own
    today       the day of the fetch, which is the name of the vintage

    Raises a DataError with every fault of the queries before anything is fetched; afterwards one with every file that could not
    be fetched, while the others are in place.
    """
    addresses = dict(addresses or {})
    for name in addresses:
        if name not in CONNECTORS:
            hint = did_you_mean(name, CONNECTORS)
            message = f'--address: there is no connector "{name}".{hint} The connectors are {", ".join(CONNECTORS)}'
            raise DataError(message)
    (folder / "data").mkdir(exist_ok=True)
    watch = watch or (lambda _: nullcontext(lambda *_: None))
    with _turn(folder, watch):
        wanted = _wanted(folder, only)
        done: list[Fetched] = []
        failed: list[tuple[Source, DataError]] = []
        silent: dict[str, NoAnswerError] = {}
        for source in wanted:
            try:
                if source.connector in silent:
                    raise silent[source.connector]  # a server that does not answer is not asked for the next file
                with watch(source.file) as tell:
                    work = folder / WORK / _slug(source.file)
                    request = _request(folder, source, work, addresses, today or dt.date.today(), language, tell)  # noqa: DTZ011 -- the day where the user is
                    done.append(_fetch(request))
            except NoAnswerError as fault:
                silent[source.connector] = fault
                failed.append((source, fault))
            except DataError as fault:
                failed.append((source, fault))
        _raise(failed, len(wanted))
    return tuple(done)


def _wanted(folder: Path, only: str) -> list[Source]:
    """Sources to fetch, each with a query without faults."""
    sources = read_sources(folder)
    if not sources:
        message = f"{SOURCES.as_posix()}: no file is described; write a [[source]] with file, connector and query for each"
        raise DataError(message)
    names: dict[str, Source] = {}
    for source in sources:
        short = source.file.removeprefix("data/")
        names |= {short: source, f"data/{short}": source, source.file: source}
    if only and only not in names:
        files = [source.file for source in sources]
        hint = did_you_mean(only, files)
        message = f'--only: {SOURCES.as_posix()} has no file "{only}".{hint} The files are {", ".join(files)}'
        raise DataError(message)
    wanted = [names[only]] if only else [source for source in sources if source.connector]
    faults = Faults(SOURCES.as_posix())
    lines = index_lines((folder / SOURCES).read_text(encoding="utf-8-sig").replace("\r\n", "\n"))
    for source in wanted:
        at = f"source[{sources.index(source)}]"
        for where, what in _faults(folder, source):
            key = f"{at}.{where}" if where else at
            faults.add(key, what, line_of(lines, key))
    faults.raise_any()
    if not wanted:
        known = ", ".join(CONNECTORS)
        message = f"{SOURCES.as_posix()}: no file has a connector, so none is fetched. The connectors are {known}"
        raise DataError(message)
    return wanted


def _faults(folder: Path, source: Source) -> list[tuple[str, str]]:
    """Key within the source, and what is wrong there."""
    found = []
    if not source.connector:
        return [("connector", f"is missing: {source.file} cannot be fetched. The connectors are {', '.join(CONNECTORS)}")]
    if path_of(folder, source).suffix.lower() not in WRITABLE:
        found.append(("file", f"needs the ending {' or '.join(WRITABLE)}, found {source.file}"))
    if not path_of(folder, source).is_relative_to(folder.resolve()):
        found.append(("file", f"needs a place within the study's folder, found {source.file}"))
    if source.connector not in CONNECTORS:
        hint = did_you_mean(source.connector, CONNECTORS)
        return [*found, ("connector", f'there is no "{source.connector}".{hint} The connectors are {", ".join(CONNECTORS)}')]
    for fault in connector(source.connector).faults(source.query):
        key, _, what = fault.partition(": ")
        found.append((key, what) if what else ("", fault))
    return found


def _request(
    folder: Path, source: Source, work: Path, addresses: Mapping[str, str], today: dt.date, language: str, tell: Tell
) -> Request:
    """What is asked, with a scratch folder of today: pages of another day are thrown away."""
    address = addresses.get(source.connector)
    scratch = work / today.isoformat()
    for old in work.iterdir() if work.is_dir() else ():
        if old != scratch:
            shutil.rmtree(old)
    scratch.mkdir(parents=True, exist_ok=True)
    pace = OWN_PACE if address and is_own(address) else 1.0
    return Request(source, folder, scratch, today, language=language, tell=tell, address=address, pace=pace)


def _fetch(request: Request) -> Fetched:
    """One file: collected, held against what may not be in a study, kept as a vintage, put in place and described."""
    folder, source = request.folder, request.source
    target = path_of(folder, source)
    try:
        collected = connector(source.connector).collect(request)
        scratch = request.work / f"table{target.suffix.lower()}"
        _write(collected.table, scratch)
        table = read_table(scratch, source.file)
        refuse_personal_data(table)
    except NoAnswerError:
        raise  # the pages are kept for the next fetch
    except DataError:
        shutil.rmtree(request.work.parent)  # what was answered is no good: the next fetch asks again
        raise
    former = _former(request, target)
    new = former is None or sha256(former) != table.sha256
    changed = differences(read_table(former, source.file), table) if former is not None and new else None
    if former is None or new:
        vintage = add(folder, target, scratch, request.today, request.work, after=former)
        _beside(request, vintage, collected, changed)
    else:
        vintage = former
    if not target.is_file() or sha256(target) != table.sha256:
        put(scratch, target, request.work)
    write_facts(folder, source.file, facts_of(source, collected, table.sha256, request.today), request.work)
    shutil.rmtree(request.work.parent)
    words = changed.in_words if changed is not None else ""
    return Fetched(source.file, len(table.rows), table.sha256, new, shown(folder, vintage), words, collected.remarks)


def _former(request: Request, target: Path) -> Path | None:
    """The vintage that is described, or else the file as it is; whatever lies in its place is kept first."""
    folder, described = request.folder, request.source.sha256.lower()
    if target.is_file():
        same = sha256(target) == described
        day = request.source.retrieved if same and request.source.retrieved else request.today
        there = keep(folder, target, target, day, request.work)
        if same or not described:
            return there
    return vintage_of(folder, target, described) if described else None


def _beside(request: Request, vintage: Path, collected: Collected, changed: Differences | None) -> None:
    """What changed, and what belongs to the table, beside its vintage; what is there already stays."""
    beside = {f"{vintage.stem}.{name}.csv": table.to_pandas() for name, table in collected.beside.items()}
    beside |= {} if changed is None else {f"{vintage.name}.changes.csv": changed.frame()}
    for name, frame in beside.items():
        if not vintage.with_name(name).is_file():
            write_table(frame, request.work / "beside.csv")
            put(request.work / "beside.csv", vintage.with_name(name), request.work)


def _write(table: pa.Table, path: Path) -> None:
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        write_table(table.to_pandas(types_mapper=pd.ArrowDtype), path)


def _turn(folder: Path, watch: Watch) -> AbstractContextManager[object]:
    """The lock of a study's fetches, taken; whoever waits is told."""
    lock = FileLock(folder / "data" / ".fetch.lock")
    try:
        return lock.acquire(timeout=0)
    except Timeout:
        with watch("") as tell:
            tell("another fetch of this study is under way: waits for it", 0, 0)
            return lock.acquire()


def _raise(failed: list[tuple[Source, DataError]], wanted: int) -> None:
    if len(failed) == 1 and wanted == 1:
        raise failed[0][1]
    if failed:
        problems = []
        for source, fault in failed:
            problems += [Problem(source.file, fault.message), *fault.problems]
        rest = "; the others are in place" if len(failed) < wanted else ""
        message = f"{SOURCES.as_posix()}: {len(failed)} of {wanted} files could not be fetched{rest}"
        raise DataError(message, tuple(problems))


def _slug(file: str) -> str:
    return file.replace("/", "_").replace("\\", "_")
