"""Which documents have changed since they were published: one hash per document of all that its pages can depend on."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from utvardering.report.publishers.project import Document, Project

FORMAT = 1
SHARED = ""
RENDERERS = ("utvardering", "jupytext", "nbclient", "pypandoc_binary", "typst", "pagefind", "plotnine", "matplotlib")
LAYOUT = {".yml", ".scss", ".css", ".bib", ".csl", ".typ", ".html", ".lua"}
SKIPPED = {"_site", "__pycache__", "node_modules"}


@dataclass(frozen=True)
class Stamp:
    """The hash a document had when it was rendered, and its files in the site with their hashes.

    The stamp named `SHARED` holds the files that no single document made: style, script and search index.
    """

    inputs: str
    outputs: dict[str, str]


def cache_folder(site: Path) -> Path:
    """Where stamps and caches lie: beside the site, not in it, in the folder that Quarto also keeps out of git."""
    return site.parent / ".quarto" / "utvardering" / site.name


def file_hash(path: Path) -> str:
    """sha256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _combined(parts: Iterable[tuple[str, str]]) -> str:
    total = hashlib.sha256()
    for name, value in parts:
        total.update(f"{name}\0{value}\n".encode())
    return total.hexdigest()


def _files(folder: Path) -> list[Path]:
    found = []
    for parent, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if name not in SKIPPED and not name.startswith("."))
        found += [Path(parent) / name for name in names if not name.startswith(".")]
    return sorted(found)


def publisher_hash(publisher: str) -> str:
    """The publisher itself: its name, the files of the report package and the versions of what renders."""
    own = Path(__file__).parents[1]
    files = [(file.relative_to(own).as_posix(), file_hash(file)) for file in _files(own) if file.suffix != ".pyc"]
    return _combined([(str(FORMAT), publisher), *files, *((name, _version(name)) for name in RENDERERS)])


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def document_hashes(project: Project, publisher: str) -> dict[str, str]:
    """A hash per document path.

    A document in a folder of its own depends on that folder, its includes and the project's layout files; a page at the
    root that runs code or lists other pages depends on everything, since it may read anything.
    """
    root = project.root
    hashes = {file.relative_to(root).as_posix(): file_hash(file) for file in _files(root)}
    layout = [(name, value) for name, value in hashes.items() if _is_layout(name)]
    layout.append(("", publisher_hash(publisher)))
    common = _combined(layout)
    result = {}
    for document in project.documents:
        if document.folder:
            chosen = {name for name in hashes if name.startswith(document.folder + "/")}
        elif depends_on_all(document):
            chosen = set(hashes)
        else:
            chosen = {document.path}
        chosen.update(name for name in document.included if name in hashes)
        text = hashlib.sha256(document.text.encode()).hexdigest()
        result[document.path] = _combined(
            [
                ("common", common),
                ("text", text),
                *((name, hashes[name]) for name in sorted(chosen)),
            ]
        )
    return result


def depends_on_all(document: Document) -> bool:
    """Whether a page at the root may show something of the other documents."""
    return bool(document.front.get("listing")) or "{python}" in document.text


def _is_layout(name: str) -> bool:
    path = PurePosixPath(name)
    depth = len(path.parts)
    return path.suffix in LAYOUT and (depth == 1 or path.name == "_metadata.yml")


def read_stamps(site: Path) -> dict[str, Stamp]:
    """The stamps of the site as it was published last; empty where there are none or they cannot be read."""
    try:
        held = json.loads((cache_folder(site) / "stamps.json").read_text(encoding="utf-8"))
        return {path: Stamp(str(stamp["inputs"]), dict(stamp["outputs"])) for path, stamp in held["documents"].items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write_stamps(site: Path, stamps: dict[str, Stamp]) -> None:
    """Replaces the stamps of the site."""
    folder = cache_folder(site)
    folder.mkdir(parents=True, exist_ok=True)
    held = {"documents": {path: {"inputs": stamp.inputs, "outputs": stamp.outputs} for path, stamp in sorted(stamps.items())}}
    temporary = folder / "stamps.json.new"
    temporary.write_text(json.dumps(held, indent=1), encoding="utf-8")
    temporary.replace(folder / "stamps.json")


def is_fresh(site: Path, stamp: Stamp | None, wanted: str) -> bool:
    """Whether the document was rendered from the same inputs and its files are still what they were."""
    return stamp is not None and stamp.inputs == wanted and bool(stamp.outputs) and _intact(site, stamp)


def is_complete(site: Path, held: dict[str, Stamp]) -> bool:
    """Whether the files that all pages share are still what they were."""
    return SHARED in held and _intact(site, held[SHARED])


def _intact(site: Path, stamp: Stamp) -> bool:
    return all((site / name).is_file() and file_hash(site / name) == value for name, value in stamp.outputs.items())


def make_stamps(site: Path, wanted: dict[str, str], files: dict[str, list[str]]) -> dict[str, Stamp]:
    """Stamps of a built site: `files` names those of each document, the rest is shared."""
    hashes = {file.relative_to(site).as_posix(): file_hash(file) for file in _files(site)}
    owned = {name for names in files.values() for name in names}
    made = {path: Stamp(wanted[path], {name: hashes[name] for name in names}) for path, names in files.items()}
    made[SHARED] = Stamp("", {name: value for name, value in hashes.items() if name not in owned})
    return made
