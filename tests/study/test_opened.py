"""Is the first opening written once, whole, and never again?"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from utvardering.study import opened as module
from utvardering.study.opened import OPENED, note_opened, parse_opened

FIRST, LATER = dt.datetime(2026, 3, 1, 8, 30, 15, 999, tzinfo=dt.UTC), dt.datetime(2026, 9, 1, tzinfo=dt.UTC)


def test_it_is_written_and_read_back(tmp_path: Path) -> None:
    assert note_opened(tmp_path, "ab" * 32, "0.1.0", FIRST)
    found = parse_opened((tmp_path / OPENED).read_bytes())
    assert found is not None
    assert found.opened_at == FIRST.replace(microsecond=0)
    assert (found.plan_sha256, found.program_version) == ("ab" * 32, "0.1.0")
    assert [path.name for path in tmp_path.iterdir()] == [OPENED]


def test_it_is_never_written_again(tmp_path: Path) -> None:
    note_opened(tmp_path, "ab" * 32, "0.1.0", FIRST)
    before = (tmp_path / OPENED).read_bytes()
    assert note_opened(tmp_path, "cd" * 32, "0.2.0", LATER)
    assert (tmp_path / OPENED).read_bytes() == before


def test_of_two_runs_at_once_the_first_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def other_first(source: Path, target: Path) -> None:
        target.write_text("den andra", encoding="utf-8")
        link(source, target)

    monkeypatch.setattr(module.os, "link", other_first)
    assert note_opened(tmp_path, "ab" * 32, "0.1.0", FIRST)
    assert (tmp_path / OPENED).read_text(encoding="utf-8") == "den andra"
    assert [path.name for path in tmp_path.iterdir()] == [OPENED]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert not note_opened(tmp_path / "borta", "ab" * 32, "0.1.0", FIRST)


@pytest.mark.parametrize(
    "content",
    [b"", b"opened_at = 2026-03-01", b"\xff", b'opened_at = 2026-03-01T08:00:00\nplan_sha256 = ""\nprogram_version = ""'],
)
def test_what_is_no_note_is_none(content: bytes) -> None:
    assert parse_opened(content) is None
