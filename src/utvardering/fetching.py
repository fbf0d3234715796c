"""What does `utvardering data fetch` do and say?"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

from utvardering.console import Voice
from utvardering.data.connectors.base import Tell
from utvardering.data.fetch import Fetched, fetch
from utvardering.errors import StudyError
from utvardering.study.source import find_study

LANGUAGES = ("sv", "en")


@dataclass(frozen=True)
class FetchedStudy:
    """Every file of a study that was fetched, in words and as facts."""

    lines: tuple[str, ...]
    facts: dict[str, Any]


def fetch_study(study: str, only: str, addresses: Sequence[str], voice: Voice) -> FetchedStudy:
    """Fetch the files of a study; what `data.fetch.fetch` raises, and a StudyError where the study or an address is no such."""
    path = find_study(study)
    found = fetch(
        path.parent,
        only=only,
        addresses=dict(_address(text) for text in addresses),
        language=_language(path.read_bytes()),
        watch=lambda file: _watch(voice, f"{study}: {file}" if file else study),
    )
    lines = [line for one in found for line in _told(one)]
    return FetchedStudy(tuple(lines), {"study": path.parent.name, "files": [asdict(one) for one in found]})


def _told(one: Fetched) -> Iterator[str]:
    what = "the same as before" if not one.new else "fetched" if not one.changed else "changed"
    yield f"{one.file}: {what}, {one.rows} rows; kept as {one.vintage}"
    if one.changed:
        yield f"  {one.changed}"
        yield f"  every difference: {one.vintage}.changes.csv"
    for remark in one.remarks:
        yield f"  {remark}"


@contextmanager
def _watch(voice: Voice, title: str) -> Iterator[Tell]:
    """A bar for a file; a note such as a wait stands on a line of its own."""
    with voice.counted(title) as counted:

        def tell(what: str, done: int, of: int) -> None:
            if of:
                counted(done, of, what)
            else:
                voice.note(f"{title}: {what}")

        yield tell


def _address(text: str) -> tuple[str, str]:
    name, equals, address = text.partition("=")
    if not equals or not address.startswith(("http://", "https://")):
        msg = f'--address: needs NAME=URL, such as kolada=https://api.kolada.se/v3, found "{text}"'
        raise StudyError(msg)
    return name, address


def _language(content: bytes) -> str:
    """Language of the report; a study file that is not finished does not hinder a fetch."""
    try:
        given = tomllib.loads(content.decode("utf-8-sig")).get("report", {}).get("language")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, AttributeError):
        return LANGUAGES[0]
    return given if given in LANGUAGES else LANGUAGES[0]
