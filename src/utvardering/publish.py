"""Publishes what has been run: every study of the build folder in one site, so that the index always shows all of them."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utvardering.data.by_design import load_data
from utvardering.errors import DataNotFetchedError, PublishError, ReproductionError
from utvardering.evidence import weigh_evidence, write_evidence
from utvardering.followup.table import follow_up, write_follow_up
from utvardering.registration.state import STATUS_LOCKED, verify
from utvardering.registration.traces import lost_lock
from utvardering.report.render import found_builds, render_report
from utvardering.report.render import stage as stage_sources
from utvardering.report.results import is_organisation, is_planned
from utvardering.study.load import load_study
from utvardering.study.register import LOCK
from utvardering.study.source import STUDIES, STUDY_FILE, study_ids


@dataclass(frozen=True)
class Published:
    """What came of publishing, in lines for a person and facts for a program."""

    lines: tuple[str, ...]
    facts: dict[str, Any]


def publish_reports(
    study: str | None,
    build: Path,
    site: Path,
    *,
    stage: Path | None = None,
    publisher: str = "auto",
    date: dt.date | None = None,
    progress: Callable[[str, str], None] | None = None,
) -> Published:
    """Publish the site; with `study` only make sure that this one has been run. With `stage` only write the Quarto sources.

    The follow-up of all studies below `studies/` is made for `date` (default today) and published with them; so is what
    works over all studies.

    Raises PublishError where nothing has been run, or where a page cannot be published, and a ReproductionError where a
    registered study was changed without an amendment.
    """
    builds = found_builds(build)
    name = Path(study).name if study else ""
    if study and name not in {folder.name for folder in builds}:
        msg = f"{name}: nothing to publish in {build / name}; run it first: utvardering run {study}"
        raise PublishError(msg)
    if not builds and not _unfetched(build):
        msg = f"{build}: no study has been run; run one first: utvardering run STUDY"
        raise PublishError(msg)
    followup = write_follow_up(follow_up(STUDIES, build, date), build) if study_ids(STUDIES) else None
    evidence = (
        write_evidence(weigh_evidence(build), build) if any((folder / "verdict.toml").is_file() for folder in builds) else None
    )
    for folder in builds:
        given = Path(study) if study and folder.name == name and Path(study).is_dir() else STUDIES / folder.name
        _verify(folder, given)
    if stage is not None:
        stage_sources(builds, stage, not_fetched=_unfetched(build), followup=followup, evidence=evidence)
        return Published((f"{stage}: the Quarto sources; render them with: quarto render {stage}",), {"stage": str(stage)})
    tell = (lambda item: progress("report", item)) if progress else None
    pages: dict[str, Any] = {"not_fetched": _unfetched(build), "followup": followup, "evidence": evidence}
    done = render_report(builds, site, publisher=publisher, progress=tell, **pages)
    lines = (
        f"{done.site}: {len(done.pages)} pages and {len(done.pdfs)} PDFs by the {done.publisher} publisher",
        f"  rendered now: {', '.join(done.rendered) or 'nothing, all pages are up to date'}",
    )
    facts = {
        "site": str(done.site),
        "publisher": done.publisher,
        "pages": [str(page) for page in done.pages],
        "pdfs": [str(pdf) for pdf in done.pdfs],
        "rendered": list(done.rendered),
        "reused": list(done.reused),
    }
    return Published(lines, facts)


def _verify(build: Path, source: Path) -> None:
    """Raise a ReproductionError where the study, or the copy of it in the folder of the run, is not what was registered."""
    facts = build / "registration.json"
    registered = facts.is_file() and json.loads(facts.read_text(encoding="utf-8")).get("registered_at")
    if registered and not (build / LOCK).exists():
        msg = f"{build}: registration.json says that the plan was registered, but {LOCK} is gone; run the study again"
        raise ReproductionError(msg)
    for folder in (source, build):
        locked = (folder / STUDY_FILE).is_file() and ((folder / LOCK).exists() or _status(folder) in STATUS_LOCKED)
        if not locked and not (folder == source and (folder / STUDY_FILE).is_file() and lost_lock(folder)):
            continue
        loaded = load_study(folder / STUDY_FILE)
        panel = None
        if folder == source and loaded.has_data:
            with contextlib.suppress(DataNotFetchedError):
                panel = load_data(loaded)
        verify(loaded, panel)


def _status(folder: Path) -> str:
    try:
        values = tomllib.loads((folder / STUDY_FILE).read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return ""
    table = values.get("study", {})
    return str(table.get("status", "")) if isinstance(table, dict) else ""


def _unfetched(build: Path) -> list[tuple[str, str]]:
    """Id and title of the studies whose data have not been fetched: they have a plan and no verdict."""
    found = []
    for path in sorted(build.glob("*/study.toml")):
        folder = path.parent
        has_page = (folder / "verdict.toml").exists() or is_planned(folder) or is_organisation(folder)
        if not folder.name.startswith(".") and not has_page:
            meta = tomllib.loads(path.read_text(encoding="utf-8-sig"))["study"]
            found.append((meta["id"], meta["title"]))
    return found
