"""Two hundred attempts to smuggle a person into build/ or the site, from seeds: each is refused, and no message repeats it."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.disclosure.places import FILES, PLACES, load_all, write
from tests.disclosure.smuggled import Secret, secret
from utvardering.disclosure.gate import require_nothing_personal
from utvardering.disclosure.plain import plain
from utvardering.errors import DataError, PublishError, UtvarderingError
from utvardering.outputs import whole_folder

INPUTS = [(place, seed) for seed in range(4) for place in PLACES]
OUTPUTS = [(kind, seed) for seed in range(4) for kind in FILES]


def drawn(place: str, seed: int) -> Secret:
    return secret(random.Random(f"{place}-{seed}"))  # noqa: S311 -- a test draws, nothing is kept secret by it


def is_silent(message: str, words: str) -> bool:
    """Whether a message keeps what was smuggled to itself."""
    digits = "".join(char for char in plain(words) if char.isdigit())
    return words not in message and (len(digits) < 6 or digits not in "".join(char for char in message if char.isdigit()))


def test_the_sound_study_loads(tmp_path: Path) -> None:
    for place in ("", "a hidden sheet", "a parquet column"):
        write(tmp_path / place.replace(" ", "_") / "prov", place, "allmänt")
        load_all(tmp_path / place.replace(" ", "_") / "prov")


@pytest.mark.parametrize(("place", "seed"), INPUTS)
def test_nobody_comes_in(place: str, seed: int, tmp_path: Path) -> None:
    hidden = drawn(place, seed)
    write(tmp_path / "prov", place, hidden.words)
    with pytest.raises(UtvarderingError) as told:
        load_all(tmp_path / "prov")
    assert told.value.exit_code == DataError.exit_code, told.value
    assert is_silent(str(told.value), hidden.words)


@pytest.mark.parametrize(("kind", "seed"), OUTPUTS)
def test_nobody_comes_out(kind: str, seed: int, tmp_path: Path) -> None:
    hidden = drawn(kind, seed)
    if kind.startswith("pdf") and hidden.kind == "a street address":
        hidden = Secret("an e-mail address", "fornamn.efternamn@exempel.se")
    (tmp_path / "prov").mkdir()
    (tmp_path / "prov" / "old.txt").write_text("det gamla", encoding="utf-8")
    with pytest.raises(DataError) as told, whole_folder(tmp_path / "prov") as new:
        FILES[kind](new, hidden.words)
    assert hidden.kind in str(told.value)
    assert is_silent(str(told.value), hidden.words)
    assert [path.name for path in (tmp_path / "prov").iterdir()] == ["old.txt"]


def test_there_are_two_hundred_attempts() -> None:
    assert len(INPUTS) + len(OUTPUTS) >= 200


def test_a_site_is_refused_with_the_code_of_publishing(tmp_path: Path) -> None:
    FILES["html alt"](tmp_path, "Karin Svensson")
    with pytest.raises(PublishError, match=r"index\.html: holds what looks like a person's name"):
        require_nothing_personal(tmp_path, PublishError)
