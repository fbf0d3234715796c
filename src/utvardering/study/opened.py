"""When were the outcomes after the start first opened, and under which plan? `opened.toml`, written once by `run`."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

OPENED = "opened.toml"
_TEXT = """\
# Skrivs av `utvardering run` första gången utfall efter starten öppnas, och sedan aldrig om. Ta inte bort filen.
# Written by `utvardering run` when outcomes after the start are first opened, and never again. Do not remove it.
opened_at = {opened_at}
plan_sha256 = "{plan_sha256}"
program_version = "{program_version}"
"""


@dataclass(frozen=True)
class Opened:
    """The first opening: UTC, seconds; `plan_sha256` of the plan as it was then."""

    opened_at: dt.datetime
    plan_sha256: str
    program_version: str


def parse_opened(content: bytes) -> Opened | None:
    """What the bytes of a file say; None where they say something else."""
    try:
        values = tomllib.loads(content.decode("utf-8-sig").replace("\r\n", "\n"))
        opened = Opened(values["opened_at"], str(values["plan_sha256"]), str(values["program_version"]))
        return opened if opened.opened_at.utcoffset() is not None else None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, AttributeError):
        return None


def note_opened(folder: Path, plan_sha256: str, program_version: str, now: dt.datetime | None = None) -> bool:
    """Write `opened.toml` into a study's folder unless it is there; False where the folder cannot be written."""
    moment = (now or dt.datetime.now(dt.UTC)).astimezone(dt.UTC).replace(microsecond=0, tzinfo=None)
    text = _TEXT.format(opened_at=f"{moment.isoformat()}Z", plan_sha256=plan_sha256, program_version=program_version)
    target, new = folder / OPENED, folder / f".{OPENED}.{os.getpid()}"
    if target.exists():
        return True
    try:
        new.write_text(text, encoding="utf-8", newline="\n")
        try:
            os.link(new, target)  # fails where another run was first, which rename would overwrite
        except FileExistsError:
            return True
        except OSError:  # a file system without links
            new.rename(target)
    except OSError:
        return False
    finally:
        with contextlib.suppress(OSError):
            new.unlink(missing_ok=True)
    return True
