"""The last gate: nothing is put in place before every written file has been searched for what tells who somebody is."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from utvardering.disclosure.files import is_read, text_of
from utvardering.disclosure.plain import folded, plain
from utvardering.disclosure.text import personal_in
from utvardering.errors import DataError, Problem, PublishError, UtvarderingError

OWN = ("site_libs", "pagefind/pagefind", "pagefind/wasm")
"""Folders of a site that the program itself wrote, whatever the studies say."""
IN_ROWS = ("a street address", "coordinates")
"""What a PDF is not searched for: its rows run the cells of a table together; the page made of the same source is."""
UNREADABLE = "could not be read, so nobody knows what it holds"


@dataclass(frozen=True)
class Found:
    """A file that holds something personal: its path within the folder and what it is, never the words."""

    file: str
    kind: str


@dataclass(frozen=True)
class Searched:
    """What was searched, and what was found in it."""

    files: int
    found: tuple[Found, ...]


def search(folder: Path, *, allowed: Iterable[str] = (), only: tuple[str, ...] = ("**/*",)) -> Searched:
    """Search every file below a folder, and the names of the files.

    allowed: names that may stand there, those of authors. They are those of the study files and bibliographies below the
    folder, and these. only: patterns of the files to look at.
    """
    paths = sorted({path for pattern in only for path in folder.glob(pattern) if path.is_file()})
    names = frozenset(folded(name) for name in (*allowed, *_authors(paths)))
    count, found = 0, []
    for path in paths:
        name = path.relative_to(folder).as_posix()
        if name.startswith(OWN):
            continue
        found += [
            Found("the name of a file", kind) for kind in kinds_in(re.sub(r"[_.\-]+", " ", path.stem) + "\n" + path.stem, names)
        ]
        if not is_read(path):
            continue
        count += 1
        try:
            text = text_of(path)
        except ValueError:
            found.append(Found(name, UNREADABLE))
            continue
        unsure = IN_ROWS if path.suffix == ".pdf" else ()
        found += [Found(name, kind) for kind in kinds_in(text, names) if kind not in unsure]
    return Searched(count, tuple(dict.fromkeys(found)))


def require_nothing_personal(folder: Path, error: type[UtvarderingError] = DataError, *, allowed: Iterable[str] = ()) -> None:
    """Raise where a file below the folder holds personal data: a DataError, or a PublishError for a site.

    The message names file and kind and repeats no value.
    """
    searched = search(folder, allowed=allowed)
    if not searched.found:
        return
    what = "published" if error is PublishError else "written"
    heading = f"nothing was {what}: personal data would have left with {len({one.file for one in searched.found})} file(s)"
    raise error(
        heading,
        tuple(
            Problem(
                one.file, one.kind if one.kind == UNREADABLE else f"holds what looks like {one.kind}; take it out of the study"
            )
            for one in searched.found
        ),
    )


def kinds_in(text: str, names: frozenset[str] = frozenset()) -> Iterator[str]:
    """What a text holds, each kind once; names: folded names that may stand in it."""
    seen = set()
    for hit in personal_in(text):
        if hit.kind not in seen and not (hit.kind == "a person's name" and _is_allowed(hit.words, names)):
            seen.add(hit.kind)
            yield hit.kind


def _is_allowed(words: str, names: frozenset[str]) -> bool:
    """Whether a name is an author's, in whatever order its parts stand."""
    parts = {part for part in re.split(r"[_.,\s]+", folded(plain(words))) if len(part) > 1}
    return any(parts <= set(re.split(r"[_.,\s]+", name)) for name in names)


def authors_in(folder: Path) -> list[str]:
    """Authors that the study files and bibliographies below a folder name."""
    return list(_authors(sorted(path for path in folder.rglob("*") if path.is_file())))


def _authors(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        if path.name == "study.toml":
            yield from authors_of(path)
        elif path.suffix == ".bib":
            for match in re.finditer(
                r"(?:author|editor)\s*=\s*[{\"](.*?)[}\"]\s*,?\s*\n", path.read_text(encoding="utf-8"), re.DOTALL
            ):
                yield from match[1].replace("{", "").replace("}", "").split(" and ")


def authors_of(path: Path) -> list[str]:
    """The authors that a study file names; none where it cannot be read."""
    try:
        study = tomllib.loads(path.read_text(encoding="utf-8-sig")).get("study", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        return []
    given = study.get("authors", []) if isinstance(study, dict) else []
    return [str(name) for name in given] if isinstance(given, list) else []
