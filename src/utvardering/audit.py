"""What was suppressed or left out of a study, and why, and does anything personal stand in what was written and published?"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from utvardering.data.by_design import load_data
from utvardering.data.panel import Panel
from utvardering.disclosure.gate import Found, authors_in, search
from utvardering.errors import DataError, UtvarderingError
from utvardering.individuals.areas_told import withheld_by_outcome
from utvardering.report.render import SITE
from utvardering.study.load import load_study
from utvardering.study.model import Study

SHARED = ("*.html", "pagefind/fragment/*", "uppfoljning/*", "vad-fungerar/*")
"""What of a site belongs to no single study and is searched with each."""


@dataclass(frozen=True)
class Audit:
    """What an audit looked at and found.

    suppressed, left_out: rows of the run's tables; rounding: what numbers are rounded to, in words; looked_at: folder to the
    number of files searched; found: files that hold something personal; told: tables that tell what is to be withheld.
    """

    study: str
    suppressed: tuple[dict[str, Any], ...]
    left_out: tuple[dict[str, Any], ...]
    rounding: tuple[str, ...]
    looked_at: dict[str, int]
    found: tuple[Found, ...]
    told: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was found that may not stand there."""
        return not (self.found or self.told)

    def facts(self) -> dict[str, Any]:
        """The same for a program."""
        return {**asdict(self), "clean": self.is_clean}

    def lines(self) -> list[str]:
        """The same for a person, without any number that was suppressed."""
        out = [f"{self.study}: {'nothing personal was found' if self.is_clean else 'SOMETHING WAS FOUND that may not be told'}"]
        out += [f"  searched {count} files in {folder}" for folder, count in self.looked_at.items()]
        out += [f"  {one.file}: {one.kind}" for one in self.found]
        out += [f"  {one}" for one in self.told]
        out += [f"  {one}" for one in (*self.rounding, *self.notes)]
        out.append(f"  suppressed: {len(self.suppressed)} (suppressed.csv)")
        out += [f"    {_spelled(row, ('table', 'outcome', 'item'))}: {row['reason']}" for row in self.suppressed]
        out.append(f"  left out: {len(self.left_out)} (left_out.csv)")
        out += [f"    {_spelled(row, ('unit', 'period', 'outcome'))}: {row['reason']}" for row in self.left_out]
        return out


def audit(study: str | Path, out: str | Path = "build", site: str | Path = SITE) -> Audit:
    """Look again at what a run wrote and a report published of a study: every file is searched, every withheld row looked for.

    Raises what loading raises, and a DataError where the study has not been run.
    """
    loaded = load_study(study)
    folder, page = Path(out) / loaded.id, Path(site) / "studier" / loaded.id
    if not (folder / "manifest.json").is_file():
        msg = f"{loaded.id}: nothing to audit in {folder}; run it first: utvardering run {study}"
        raise DataError(msg)
    authors = authors_in(folder)
    looked_at, found = {}, []
    for place in (folder, page):
        if place.is_dir():
            searched = search(place, allowed=[*authors, *_literature()])
            looked_at[str(place)] = searched.files
            found += [Found(f"{place}/{one.file}", one.kind) for one in searched.found]
    if Path(site).is_dir():
        searched = search(Path(site), allowed=[*authors, *_literature(), *_all_authors(Path(out))], only=SHARED)
        looked_at[f"{site} (shared pages)"] = searched.files
        found += [Found(f"{site}/{one.file}", one.kind) for one in searched.found]
    told, notes = _told(loaded, folder, page)
    return Audit(
        study=loaded.id,
        suppressed=_rows(folder / "suppressed.csv"),
        left_out=_rows(folder / "left_out.csv"),
        rounding=_rounding(loaded, folder),
        looked_at=looked_at,
        found=tuple(found),
        told=told,
        notes=notes,
    )


def _told(study: Study, folder: Path, page: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Tables that tell rows which the data say are to be withheld; and what could not be looked at."""
    if study.study.design == "organisation":
        return (), ()
    try:
        data = load_data(study)
    except UtvarderingError as fault:
        return (), (f"withheld rows could not be looked for, since the data cannot be read: {fault.message}",)
    if not isinstance(data, Panel):
        forbidden = [place / "panel.parquet" for place in (folder, page / "results") if (place / "panel.parquet").is_file()]
        return tuple(f"{path} holds rows of persons" for path in forbidden), ()
    told = []
    for name, held in withheld_by_outcome(study, data).items():
        for place in (folder, page / "results"):
            events, doubts = _table(place / "event_study.csv"), _table(place / "robustness.csv")
            if len(events) and (events[events["outcome"] == name]["period_from_start"].isin(held.periods)).any():
                told.append(f"{place}/event_study.csv tells of {name} in periods with too few persons")
            areas = {unit for unit, hidden in zip(data.units, held.areas, strict=True) if hidden}
            if len(doubts) and doubts[doubts["outcome"] == name]["variant"].isin(areas).any():
                told.append(f"{place}/robustness.csv tells of {name} in areas with too few persons")
            if held.all and len(rows := _table(place / "estimates.csv")) and (rows["outcome"] == name).any():
                told.append(f"{place}/estimates.csv tells of {name}, of which there are too few persons")
            if (place / "panel.parquet").is_file():
                told.append(f"{place}/panel.parquet holds counts of persons")
    return tuple(dict.fromkeys(told)), ()


def _rounding(study: Study, folder: Path) -> tuple[str, ...]:
    smallest = study.report.smallest_cell
    persons = [outcome.id for outcome in study.outcomes if outcome.counts == "persons"]
    if study.study.design == "individuals":
        return (f"persons: no count under {smallest}; counts in multiples of {smallest}, means and estimates rounded to match",)
    if not persons:
        return ("no outcome counts persons, so no number is rounded or withheld for its size",)
    kept = " (panel.parquet is not written)" if not (folder / "panel.parquet").is_file() else ""
    return (f"{', '.join(persons)}: counts persons; no number of fewer than {smallest}, and no finer than {smallest}{kept}",)


def _rows(path: Path) -> tuple[dict[str, Any], ...]:
    frame = _table(path)
    return tuple({str(key): value for key, value in row.items()} for row in frame.fillna("").to_dict("records"))


def _table(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, dtype={"variant": str, "item": str, "unit": str}) if path.is_file() else pd.DataFrame()


def _spelled(row: dict[str, Any], keys: tuple[str, ...]) -> str:
    return ", ".join(str(row[key]) for key in keys if str(row.get(key, ""))) or "all"


def _literature() -> list[str]:
    from utvardering.report.render import default_sources  # noqa: PLC0415 -- the Quarto sources are not needed to run a study

    with contextlib.suppress(UtvarderingError, json.JSONDecodeError):
        return authors_in(default_sources())
    return []


def _all_authors(build: Path) -> list[str]:
    return [name for folder in build.glob("*/study.toml") for name in authors_in(folder.parent)]
