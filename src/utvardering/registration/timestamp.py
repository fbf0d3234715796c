"""RFC 3161: did a time-stamping authority see this very file, and when? `plan.lock.tsr` beside `plan.lock`, by openssl.

The stamp's digest is compared with the file in any case. That the signature is an authority's is only known where its
certificates are there: `plan.lock.pem` beside the stamp, or those of the computer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

STAMP = "plan.lock.tsr"
CERTIFICATES = "plan.lock.pem"
_SECONDS = 60
State = Literal["no_openssl", "unreadable", "other_file", "intact", "verified"]


@dataclass(frozen=True)
class Stamp:
    """What came of a stamp: `intact` is of this file but by an unknown signer, `verified` signed by a known one."""

    state: State
    date: dt.datetime | None = None
    authority: str = ""


def read_stamp(file: Path) -> Stamp | None:
    """The stamp beside a file; None where there is none."""
    path = file.with_name(STAMP)
    if not path.is_file():
        return None
    openssl = shutil.which("openssl")
    if not openssl:
        return Stamp("no_openssl")
    done = _run([openssl, "ts", "-reply", "-in", str(path), "-text"])
    told = done.stdout.decode("utf-8", errors="replace") if done and done.returncode == 0 else ""
    date, algorithm = _date(told), re.search(r"^Hash Algorithm: (\S+)", told, re.MULTILINE)
    if date is None or algorithm is None:
        return Stamp("unreadable")
    try:
        found = hashlib.new(algorithm[1].lower(), file.read_bytes().replace(b"\r\n", b"\n")).hexdigest()
    except ValueError:
        return Stamp("unreadable")
    if _imprint(told) != found:
        return Stamp("other_file", date)
    authority = re.search(r"^TSA: (?:DirName:)?(.+)$", told, re.MULTILINE)
    name = "" if authority is None or authority[1] == "unspecified" else authority[1].strip()
    known = any(_verifies(openssl, path, found, date, trusted) for trusted in _trusted(path.with_name(CERTIFICATES)))
    return Stamp("verified" if known else "intact", date, name)


def _verifies(openssl: str, stamp: Path, digest: str, date: dt.datetime, trusted: Path) -> bool:
    at = str(int(date.timestamp()))  # the certificates need to have been valid then, not today
    command = [openssl, "ts", "-verify", "-digest", digest, "-in", str(stamp), "-CAfile", str(trusted), "-attime", at]
    done = _run([*command, "-untrusted", str(trusted)])
    return done is not None and done.returncode == 0


def _trusted(beside: Path) -> list[Path]:
    files = [beside, *(Path(name) for name in (ssl.get_default_verify_paths().cafile,) if name)]
    return [file for file in files if file.is_file()]


def _imprint(told: str) -> str:
    """The digest in `Message data:`, a hexadecimal dump of 16 bytes a row."""
    _, _, rest = told.partition("Message data:\n")
    digits = ""
    for line in rest.splitlines():
        match = re.match(r"\s+[0-9a-f]{4} - ((?:[0-9a-f]{2}[ -]){1,16})", line)
        if not match:
            break
        digits += re.sub(r"[^0-9a-f]", "", match[1])
    return digits


def _date(told: str) -> dt.datetime | None:
    match = re.search(r"^Time stamp: (\w{3}) +(\d+) (\d+):(\d+):(\d+)(?:\.\d+)? (\d{4}) GMT", told, re.MULTILINE)
    if not match:
        return None
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    day, hour, minute, second, year = (int(match[k]) for k in range(2, 7))
    return dt.datetime(year, months.index(match[1]) + 1, day, hour, minute, second, tzinfo=dt.UTC)


def _run(command: list[str]) -> subprocess.CompletedProcess[bytes] | None:
    try:
        return subprocess.run(command, capture_output=True, check=False, timeout=_SECONDS)  # noqa: S603 -- openssl itself
    except (OSError, subprocess.TimeoutExpired):
        return None
