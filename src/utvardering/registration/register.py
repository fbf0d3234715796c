"""Lock a plan: check that it may still be locked, write `plan.lock`, set `status = "registered"`; all or nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import tomlkit

from utvardering.data.by_design import Data, load_data
from utvardering.data.cohort import Cohort
from utvardering.data.fingerprint import data_sha256
from utvardering.data.panel import NEVER
from utvardering.errors import Problem, StudyError, UtvarderingError
from utvardering.individuals.plan import refuse_hopeless_data
from utvardering.registration.files import refresh_registration, statement
from utvardering.registration.git import History
from utvardering.registration.rows_before import roles_of, seen_of
from utvardering.registration.state import Registration, program_version, verify
from utvardering.study.load import load_study
from utvardering.study.model import Report, Study
from utvardering.study.opened import OPENED
from utvardering.study.plan_values import plan_sha256
from utvardering.study.preanalysis import preanalysis_page
from utvardering.study.register import LOCK, Lock, lock_text, make_lock
from utvardering.study.source import STUDY_FILE, find_study

NO_ROWS = hashlib.sha256(b"").hexdigest()
"""Hash of the rows before the start of a study that has none."""
RESULTS = "estimates.csv"
"""What only a run that has opened the outcomes writes."""


@dataclass(frozen=True)
class Registered:
    """The registration after locking, and what the author should know about it, a sentence each."""

    registration: Registration
    notes: tuple[str, ...]


def register_study(study: str | Path, build: str | Path = "build", now: dt.datetime | None = None) -> Registered:
    """Lock the plan of a study. Outcomes after the start are not looked at: the lock is the same whatever they are.

    build   where runs write; results of this study there mean that its outcomes have been opened
    Raises a StudyError where the plan is registered already, hopeless, without its follow-up, or written after outcomes were
    opened; a DataError where the data do not load; a ReproductionError where a registration has been removed.
    """
    loaded = load_study(study)
    _refuse_registered(loaded)
    found = verify(loaded)
    _refuse_opened(loaded, found, Path(build))
    _refuse_endless(loaded)
    panel = load_data(loaded) if loaded.has_data else None
    lock = _lock_of(loaded, panel, now or dt.datetime.now(dt.UTC))
    file = find_study(study)
    content = file.read_bytes()
    _write(file, loaded, lock)
    try:
        registration = verify(load_study(study), panel, now)
    except UtvarderingError:  # such as a clock that runs before the git history
        file.write_bytes(content)
        (file.parent / LOCK).unlink()
        raise
    refresh_registration(registration, Path(build) / loaded.id)
    return Registered(registration, tuple(_notes(loaded, panel, registration)))


def _lock_of(study: Study, panel: Data | None, when: dt.datetime) -> Lock:
    """The lock of a plan with its rows before the start; an organisation has no rows, and only its plan is locked."""
    rows = NO_ROWS
    units: dict[str, list[str]] = {}
    seen: dict[str, dict[str, Any]] = {}
    if panel is not None:
        before = panel.before()
        refuse_hopeless_data(study, before)
        _refuse_untreated(study, before)
        rows, units, seen = data_sha256(study, before), roles_of(before), seen_of(study, before)
    return make_lock(
        study,
        registered_at=when,
        data_sha256=rows,
        program_version=program_version(),
        git_commit=History(study.folder).head(),
        units=units,
        seen=seen,
    )


def write_page(study: str | Path, language: str) -> Path:
    """Write the pre-analysis plan of a study, locked or not, into its folder: `preanalysis-sv.md` or `preanalysis-en.md`.

    Raises a StudyError for another language, and what verifying a registered study raises.
    """
    if language not in get_args(Report.model_fields["language"].annotation):
        msg = f'--page: needs sv or en, found "{language}"'
        raise StudyError(msg)
    loaded = load_study(study)
    shown = loaded.model_copy(update={"report": loaded.report.model_copy(update={"language": language})})
    panel = load_data(loaded) if loaded.has_data else None
    found = verify(shown, panel)
    seen = seen_of(loaded, panel) if panel is not None else None
    facts = statement(found) if found.lock is not None else ""
    text = preanalysis_page(loaded, language, found.lock, seen, facts)
    target = loaded.folder / f"preanalysis-{language}.md"
    new = loaded.folder / f".{target.name}.{os.getpid()}"
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        new.rename(target)
    except OSError as fault:
        msg = f"{loaded.folder}: {target.name} cannot be written here ({fault.strerror})"
        raise StudyError(msg) from None
    return target


def _refuse_registered(study: Study) -> None:
    if not (study.folder / LOCK).exists():
        return
    msg = f"{study.id}: the plan is registered already"
    text = (
        f"{LOCK} is there. A registered plan is not locked again: change study.toml, and utvardering check {study.id} prints "
        "the dated amendment to add to protokoll.md"
    )
    raise StudyError(msg, (Problem("", text),))


def _refuse_opened(study: Study, found: Registration, build: Path) -> None:
    if study.study.retrospective:
        return
    results = build / study.id / RESULTS
    if found.opened is not None:
        what = f"they were opened on {found.opened.opened_at.date()} ({OPENED}, or its history in git)"
    elif (study.folder / OPENED).exists():
        what = f"{OPENED} is there"
    elif results.exists():
        what = f"{results.as_posix()} holds results of a run"
    else:
        return
    msg = f"{study.id}: outcomes after the start have been opened, so the plan cannot be registered as made before them"
    text = f"{what}. Write retrospective = true under [study]: the plan can then be locked, and the report says so"
    raise StudyError(msg, (Problem("study.retrospective", text, study.line("study.retrospective")),))


def _refuse_endless(study: Study) -> None:
    """A plan made beforehand says when it will be followed up; afterwards the date could be chosen by the result."""
    if study.study.follow_up is not None or study.study.retrospective or study.is_replication:
        return
    msg = f"{study.id}: a registered plan says when it will be followed up"
    text = "is missing: the date of the next follow-up, at least every second year. Write such as follow_up = 2026-06-30"
    raise StudyError(msg, (Problem("study.follow_up", text, study.line("study.follow_up")),))


def _refuse_untreated(study: Study, panel: Data) -> None:
    if isinstance(panel, Cohort) or (panel.role == "treated").any():  # a cohort without treated persons is a fault of its file
        return
    msg = f"{study.id}: the data do not say yet which units get the measure"
    text = "a plan is registered with its treated units: name them and their starts in [[treated]]"
    raise StudyError(msg, (Problem("treated_from", text, study.line("treated_from")),))


def _write(file: Path, study: Study, lock: Lock) -> None:
    """Put the lock and the changed study file in place; where one cannot be written, neither is."""
    target = file.parent / LOCK
    new_lock, new_study = file.parent / f".{LOCK}.{os.getpid()}", file.parent / f".{STUDY_FILE}.{os.getpid()}"
    try:
        new_lock.write_text(lock_text(lock), encoding="utf-8", newline="\n")
        new_study.write_bytes(_with_status(file.read_bytes()))
        new_study.chmod(file.stat().st_mode)
        new_lock.rename(target)
        try:
            new_study.rename(file)
        except OSError:
            target.unlink()
            raise
    except OSError as fault:
        msg = f"{study.folder}: the lock cannot be written here ({fault.strerror}); nothing was changed"
        raise StudyError(msg) from None
    finally:
        for left in (new_lock, new_study):
            with contextlib.suppress(OSError):
                left.unlink(missing_ok=True)


def _with_status(content: bytes) -> bytes:
    """The study file with `status = "registered"`; comments, order, line ends and everything else stay."""
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    document = tomlkit.parse(content.decode("utf-8-sig"))
    table = document["study"]
    assert isinstance(table, dict)  # noqa: S101 -- a loaded study has the table
    table["status"] = "registered"
    return mark + tomlkit.dumps(document).encode("utf-8")


def _after(study: Study, panel: Data) -> tuple[int, str]:
    """How many periods from the start on the file holds, or waves."""
    if isinstance(panel, Cohort):
        return panel.n_after, "waves"
    grid, treated = panel.grids[study.primary.id], panel.role == "treated"
    return len(grid.periods) - int(grid.start[treated & (grid.start < NEVER)].min(initial=len(grid.periods))), "periods"


def _notes(study: Study, panel: Data | None, found: Registration) -> list[str]:
    notes = _notes_of_data(study, panel) if panel is not None else _notes_of_assessment(study)
    last, when = study.period.last if study.period else None, study.study.follow_up
    if isinstance(last, dt.date) and when is not None and when < last and not study.study.retrospective:
        notes.append(f"follow_up is {when}, before the end of the last period of the analysis ({last})")
    if not study.study.plan and not study.study.retrospective:
        notes.append("[study] plan is empty: the row of the åtgärdsplan that the measure comes from")
    if History(study.folder).is_there:
        text = f"commit the lock now and push it (git add {LOCK} {STUDY_FILE} in {study.folder.name}/, then git commit)"
        notes.append(f"{text}: the date of the commit is what others can check")
    else:
        text = "nothing proves the date of a lock alone: put the folder in git, sign a tag"
        notes.append(f"{text}, or have plan.lock time-stamped (docs/registration.md)")
    if found.plan != plan_sha256(study):
        msg = f"{study.id}: the plan read back is not the one that was locked"
        raise RuntimeError(msg)
    return notes


def _notes_of_assessment(study: Study) -> list[str]:
    """What an author of a study of an organisation should know: the lock cannot tell what was assessed before it."""
    notes = ["an organisation has no data before the start: the lock holds the plan, not the criteria or the assessments"]
    if (study.folder / "process.toml").is_file():
        notes.append("process.toml is there already: the lock does not show that its criteria were chosen beforehand")
    return notes


def _notes_of_data(study: Study, panel: Data) -> list[str]:
    """What an author should know of the rows from the start on, and of the primary outcome."""
    notes = []
    after, periods = _after(study, panel)
    if after > 0 and not study.study.retrospective:
        text = (
            f"the file already holds {after} {periods} from the start on; this program has not opened them, and the lock does"
        )
        notes.append(f"{text} not depend on them")
    if study.primary.smallest_effect is None:
        text = "the primary outcome has no smallest_effect, so the study cannot conclude that there was no effect of importance"
        notes.append(text)
    return notes
