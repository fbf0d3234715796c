"""Which file did the author mean, and what is its text?"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

from utvardering.errors import Problem, StudyError
from utvardering.study.vocabulary import nearest

STUDY_FILE = "study.toml"
STUDIES = Path("studies")
HOW_TO_SAVE = "save it again as UTF-8 (Notepad: Save as, Encoding: UTF-8; VS Code: click the encoding in the bottom row)"


@dataclass(frozen=True)
class Source:
    """The text of a file, the name by which to call it, and what was wrong with its letters."""

    path: Path
    shown: str
    text: str
    problems: tuple[Problem, ...] = ()


def find_study(path: str | Path) -> Path:
    """The study file that a folder, a file or an id under `studies/` means; a StudyError where there is none."""
    given = Path(path)
    if given.is_file():
        return given
    if given.is_dir():
        return _in_folder(given)
    if len(given.parts) == 1 and (STUDIES / given).is_dir():
        return _in_folder(STUDIES / given)
    if given.suffix == ".toml":
        msg = f"{given}: there is no such file.{_others(given.parent.parent, given.parent.name)}"
        raise StudyError(msg)
    root = STUDIES if len(given.parts) == 1 else given.parent
    msg = f"{given}: there is no such study.{_others(root, given.name)}"
    raise StudyError(msg)


def study_ids(root: Path) -> list[str]:
    """Names of the folders under `root` that hold a study file; those that begin with `_` are no studies."""
    return sorted(file.parent.name for file in root.glob(f"*/{STUDY_FILE}") if not file.parent.name.startswith("_"))


def read_source(path: Path) -> Source:
    """The text of a file as UTF-8; with another encoding the text is still read, and the problem said."""
    raw = path.read_bytes()
    shown = _shown(path)
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = raw.decode("utf-16", errors="replace")
        return _source(path, shown, text, Problem("", f"the file is saved as UTF-16; {HOW_TO_SAVE}", 1))
    try:
        return _source(path, shown, raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        if b"\0" in raw:
            msg = f"{shown}: this is not a text file; a study file is written in a text editor"
            raise StudyError(msg) from None
        text = raw.decode("cp1252", errors="replace")
        word = next(word for word in text.split("\n")[line - 1].split() if not word.isascii())
        return _source(path, shown, text, Problem("", f"the file is not saved as UTF-8 (here: {word}); {HOW_TO_SAVE}", line))


def _source(path: Path, shown: str, text: str, *problems: Problem) -> Source:
    return Source(path, shown, text.replace("\r\n", "\n"), problems)


def _shown(path: Path) -> str:
    """The path as given, or from the working folder if it lies there."""
    if path.is_absolute() and path.is_relative_to(Path.cwd()):
        path = path.relative_to(Path.cwd())
    return path.as_posix()


def _in_folder(folder: Path) -> Path:
    file = folder / STUDY_FILE
    if file.is_file():
        return file
    ids = study_ids(folder)
    if ids:
        msg = f"{_shown(folder)}: this folder holds several studies; name one of them: {', '.join(ids)}"
        raise StudyError(msg)
    msg = f"{_shown(folder)}: this folder has no {STUDY_FILE}.{_others(folder.parent, folder.name)}"
    raise StudyError(msg)


def _others(root: Path, name: str) -> str:
    ids = study_ids(root)
    if not ids:
        return " Make a study with: utvardering new NAME"
    near = nearest(name, [id_ for id_ in ids if id_ != name])
    hint = f' Did you mean "{near}"?' if near else ""
    return f"{hint} These studies exist: {', '.join(ids)}"
